#!/bin/bash
# Nothing hangs: not while the provider answers nothing, not with a thousand readers that wait, not around a
# daemon that is stopped, and nobody who waits keeps the machine from being suspended.
. "$(dirname "$0")/lib.sh"
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
mount_fg -o in_flight=13,budget=none

now() { echo "${EPOCHREALTIME/[.,]/}"; }
# quick NAME COMMAND…: within 50 ms, more with sanitizers; %i in an argument counts.  Of eleven the third best, as the
# start of a program is in it and others use this machine; and none as long as whatever waits for a network.
quick() {
	local name=$1 i begin times=() command
	shift
	for i in {1..11}; do
		command=("${@//%i/$i}")
		begin=$(now)
		timeout 20 "${command[@]}" >/dev/null 2>"$WORK/quick.err" || { fail "$name: $(cat "$WORK/quick.err")"; return; }
		times+=($(($(now) - begin)))
	done
	mapfile -t times < <(printf '%s\n' "${times[@]}" | sort -n)
	ok "$name (${times[2]} µs, at most ${times[10]})" test "${times[2]}" -lt $((250000 * PATIENCE)) -a "${times[10]}" -lt 2000000
}
write() { bash -c 'echo "$2" >"$1"' - "$1" "$2"; }
threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$DAEMON/status"; }
metric() { timeout 5 awk -v name="$1" '$1 == name { print $2 }' "$MNT/.easelfs/metrics"; }
waiting_are() { [ "$(metric easelfs_waiting_readers)" = "$1" ]; }
# How many of those processes sleep without taking signals.
in_d_state() {
	local pid stat count=0
	for pid in "$@"; do
		stat=$(cat "/proc/$pid/stat" 2>/dev/null) && [[ $stat == *') D '* ]] && count=$((count + 1))
	done
	echo $count
}
all_gone() {
	local pid
	for pid in "$@"; do ! kill -0 "$pid" 2>/dev/null || return; done
}

# --- the provider takes every connection, and answers nothing ---

echo 'before' >"$MNT/before.txt"
ok 'a picture is made' wait_state before.txt completed
kill -STOP "$SANDBOX_PID"
for i in {1..12}; do echo "black hole $i" >"$MNT/hole$i.txt"; done
echo 'one to wait for' >"$MNT/one.txt"
ok 'the provider is asked' wait_state one.txt submitting
# What it stands at is a submit whose answer will be lost, so each of these is about memory and disk only.
quick 'ls' ls -l "$MNT" "$MNT/out" "$MNT/status" "$MNT/.easelfs"
quick 'stat' stat "$MNT/one.txt" "$MNT/out/before.png" "$MNT/status/one.txt"
quick 'stat of what is not there' stat -f "$MNT/out"
quick 'a status' cat "$MNT/status/one.txt" "$MNT/status/one.txt.json"
quick 'what is in .easelfs' cat "$MNT/.easelfs/README" "$MNT/.easelfs/stats" "$MNT/.easelfs/metrics" "$MNT/.easelfs/jobs.json" \
	"$MNT/.easelfs/gallery.html"
quick 'attributes' getfattr -d "$MNT/one.txt" "$MNT/out/before.png"
quick 'a new prompt' bash -c 'echo "another %i" >"$1/new%i.txt"' - "$MNT"
quick 'an edit' bash -c 'echo "edited %i" >"$1/hole1.txt"' - "$MNT"
quick 'a copy' cp "$MNT/one.txt" "$MNT/copy%i.txt"
quick 'a rename' mv "$MNT/copy%i.txt" "$MNT/renamed%i.txt"
quick 'a link' ln "$MNT/renamed%i.txt" "$MNT/linked%i.txt"
quick 'a deletion' rm "$MNT/renamed%i.txt" "$MNT/linked%i.txt"
quick 'a folder' mkdir "$MNT/folder%i"
quick 'which goes again' rmdir "$MNT/folder%i"
quick 'fsync' sync "$MNT/new%i.txt"
quick 'a picture that is there' cat "$MNT/wait/before.png"
quick 'who does not want to wait' bash -c '! dd iflag=nonblock if="$1" status=none 2>/dev/null' - "$MNT/wait/one.png"
quick 'events' bash -c '! dd iflag=nonblock if="$1" status=none 2>/dev/null' - "$MNT/.easelfs/events"
quick 'cancel' "$O/easelfs" cancel "$MNT/new%i.txt"
quick 'easelfs status' "$O/easelfs" status "$MNT/one.txt"
quick 'release' bash -c '"$1" release "$2" 2>/dev/null; [ $? -lt 2 ]' - "$O/easelfs" "$MNT/one.txt"

# --- a thousand readers ---

before=$(threads)
readers=()
for i in {1..1000}; do
	reader one.png "$WORK/reader"
	readers+=("$READER")
	disown "$READER"              # so that nobody says that it was killed
done
ok 'a thousand readers wait' eventually 60 waiting_are 1000
ok 'all asleep' parked "${readers[@]}"
is "$(in_d_state "${readers[@]}")" 0 'none in D state'
ok "they cost no threads ($before, $(threads))" test "$(threads)" -le "$before"
quick 'ls among them' ls "$MNT"
quick 'a status among them' cat "$MNT/status/one.txt"
begin=$(now)
kill -KILL "${readers[@]:0:500}"
ok 'five hundred killed ones' eventually 20 all_gone "${readers[@]:0:500}"
ok "are gone ($((($(now) - begin) / 1000)) ms)" test $((($(now) - begin) / 1000)) -lt 3000
ok 'and not waited for any more' eventually 10 waiting_are 500

# --- the daemon is stopped ---

kill -STOP "$DAEMON"
timeout 20 stat "$MNT/status/one.txt" >"$WORK/stat" 2>&1 &   # which the kernel never remembers
stat=$!
kill -KILL "${readers[@]:500:100}"
ok 'who asks a stopped daemon waits' kill -0 $stat
kill -CONT "$DAEMON"
ok 'after the resume he is answered' wait $stat
ok 'who was killed meanwhile is gone' eventually 20 all_gone "${readers[@]:500:100}"
ok 'the others wait' eventually 10 waiting_are 400
is "$(in_d_state "${readers[@]:600}")" 0 'none in D state'
quick 'the mount is fine' ls "$MNT"

# --- frozen, as before a suspend ---

# A cgroup whose state file takes that word: v2, or v1 as it was.
freezer=
for place in "/sys/fs/cgroup cgroup.freeze 1 0" "/sys/fs/cgroup/unified cgroup.freeze 1 0" \
	"/sys/fs/cgroup/freezer freezer.state FROZEN THAWED"; do
	read -r parent file freeze thaw <<<"$place"
	if mkdir "$parent/easelfs-test.$$" 2>/dev/null; then
		freezer=$parent/easelfs-test.$$
		[ -w "$freezer/$file" ] && break
		rmdir "$freezer"
		freezer=
	fi
done
is_frozen() { grep -qx -e 'frozen 1' -e FROZEN "$freezer/cgroup.events" "$freezer/freezer.state" 2>/dev/null; }
if [ -n "$freezer" ]; then
	reader one.png "$WORK/frozen"
	frozen=$READER
	disown "$frozen"
	parked "$frozen"
	echo "$frozen" >"$freezer/cgroup.procs"
	begin=$(now)
	echo "$freeze" >"$freezer/$file"
	ok "a reader that waits can be frozen ($((($(now) - begin) / 1000)) ms)" eventually 5 is_frozen
	quick 'ls meanwhile' ls "$MNT"
	echo "$thaw" >"$freezer/$file"
	kill -KILL "$frozen" 2>/dev/null      # or it has ended, as signals end a wait
	ok 'thawed and killed it is gone' eventually 20 all_gone "$frozen"
	rmdir "$freezer"
else
	pass 'a reader that waits can be frozen # SKIP nobody may make a cgroup here'
fi

# --- unmounting while they wait ---

begin=$(now)
said=$(timeout 20 fusermount3 -u "$MNT" 2>&1)
like "$said" 'busy' "fusermount3 -u says that it is busy ($((($(now) - begin) / 1000)) ms)"
quick 'the mount is fine' ls "$MNT"
ok 'and they wait' waiting_are 400
begin=$(now)
ok 'fusermount3 -u -z takes it away' timeout 20 fusermount3 -u -z "$MNT"
took=$((($(now) - begin) / 1000))
ok "at once ($took ms)" test $took -lt 500
ok 'the readers end' eventually 20 all_gone "${readers[@]:600}"
ok 'and the daemon' eventually 20 _is_gone "$DAEMON"
ok "soon ($((($(now) - begin) / 1000)) ms)" test $((($(now) - begin) / 1000)) -lt 15000
is "$(grep -c 'writing device' "$WORK/daemon.log")" 0 'nobody was answered too late'
kill -CONT "$SANDBOX_PID"

# --- and all of it is made in the end ---

mount_fg -o budget=none
quick 'mounted again: ls' ls "$MNT"
ok 'what was lost on the way is looked up' timeout 60 "$O/easelfs" wait "$MNT/one.txt"
is "$(bill '.prompts["one to wait for"].accepted')" 1 'and was paid for once'
begin=$(now)
reader one.png "$WORK/last"
ok 'unmounted' umount_it
ok "at once ($((($(now) - begin) / 1000)) ms)" test $((($(now) - begin) / 1000)) -lt 2000
wait "$READER"

done_testing
