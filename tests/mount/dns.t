#!/bin/bash
# A resolver that never answers holds nobody up: its thread cannot be cut short, so nothing may wait for it.
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root can have a network in which packets vanish'
	exit 0
fi
[ -n "${IN_VOID:-}" ] || exec unshare --net --mount --propagation unchanged env IN_VOID=1 "$0" "$@"
if ! mount --make-rprivate / 2>/dev/null; then
	echo '1..0 # SKIP in a chroot another resolv.conf would be everybody'\''s'
	exit 0
fi
. "$(dirname "$0")/lib.sh"

# A network of our own: what goes to the resolver leaves by one end of a cable whose other end is nobody.
ip link set lo up
ip link add void0 type veth peer name void1 || die 'no veth'
ip addr add 192.0.2.2/24 dev void0
ip link set void1 up
ip link set void0 up
ip neigh add 192.0.2.53 lladdr 02:00:00:00:00:53 dev void0 nud permanent
setup
echo 'nameserver 192.0.2.53' >"$WORK/resolv.conf"
mount --bind "$WORK/resolv.conf" /etc/resolv.conf || die 'resolv.conf cannot be replaced'
config <<-END
	[provider void]
	wire = task
	url = https://images.example.org
	key-env = VOID_KEY
	[model house]
	provider = void
	id = house-1
	ratios = 1:1
	[defaults]
	settle = 0.05
END
export VOID_KEY=key
like "$(timeout 1 getent hosts images.example.org; echo $?)" '^124$' 'the resolver does not answer'

now() { echo "${EPOCHREALTIME/[.,]/}"; }
# took COMMAND…: microseconds; it must succeed.
took() {
	local begin
	begin=$(now)
	timeout 20 "$@" >/dev/null 2>"$WORK/took.err" || diag "$* → $(cat "$WORK/took.err")"
	echo $(($(now) - begin))
}
# The third best of eleven: the start of a program is in it, and others use this machine.
best() { sort -n | sed -n 3p; }
quick() { ok "$1: $2 µs" test "$2" -lt $((250000 * PATIENCE)); }
prompt() { printf 'model: house\n\n%s\n' "$2" >"$MNT/$1"; }
threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$DAEMON/status"; }

unmounts=()
for round in 1 2 3; do
	mount_fg -o model=house,in_flight=1
	before=$(threads)
	prompt p0.txt "$round"
	ok 'one is asked for' wait_state p0.txt submitting
	for i in {1..11}; do prompt "p$i.txt" "$round $i"; done
	quick 'stat' "$(for i in {1..11}; do took stat "$MNT/p$i.txt" "$MNT/status/p$i.txt"; done | best)"
	quick 'a status' "$(for i in {1..11}; do took cat "$MNT/status/p0.txt"; done | best)"
	quick 'cancel' "$(for i in {1..11}; do took "$O/easelfs" cancel "$MNT/p$i.txt"; done | best)"
	is "$(state_of p7.txt)" canceled 'it is canceled'
	[ "$round" = 3 ] || quick 'cancel of what is being resolved' \
		"$(took bash -c '"$1" cancel "$2" 2>/dev/null; [ $? -lt 2 ]' - "$O/easelfs" "$MNT/p0.txt")"
	ok "hardly a thread more ($before, $(threads))" test "$(threads)" -le $((before + 2))
	unmounts+=("$(took "$O/easelfs" unmount "$MNT")")
	ok 'it is not mounted any more' not is_mounted "$MNT"
	begin=$(now)
	ok 'the daemon leaves' eventually 30 _is_gone "$DAEMON"
	diag "after $((($(now) - begin) / 1000)) ms"
done
# It returns when the daemon is gone, which syncs its journal first; waiting for the resolver takes seconds.
best=$(printf '%s\n' "${unmounts[@]}" | sort -n | head -n 1)
ok "easelfs unmount, until the daemon is gone: $best µs" test "$best" -lt $((250000 * PATIENCE))

# fusermount3, too, while the name is being resolved.
mount_fg -o model=house,in_flight=1
ok 'what was not sent at the end is sent now' wait_state p0.txt submitting
quick 'fusermount3 -u' "$(took fusermount3 -u "$MNT")"
ok 'the daemon leaves' eventually 30 _is_gone "$DAEMON"

done_testing
