#!/bin/bash
# Replies with pictures in them are never held whole: 64 of 20 MB at once, in less than 32 MB.
. "$(dirname "$0")/lib.sh" || exit

if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP it writes 1.3 GB, which once (as root) is enough'
	exit 0
fi
if sanitized; then
	echo '1..0 # SKIP a sanitizer keeps what was freed, which is not the memory that is measured here'
	exit 0
fi
setup --canned --time 0 --pad 20000000
config <<-END
	[provider google]
	url = $SANDBOX_URL
	in-flight = 64
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o settle=0.02,budget=none || die 'it cannot be mounted'

anonymous() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$DAEMON/status"; }
finished() { find "$WORK/gen/out" -name 'large*.png' 2>/dev/null | wc -l; }

before=$(anonymous)
# All are held until the last one is there, so that they come at once.
control POST faults '{"on":"submit","do":"hold","count":-1}' >/dev/null
for i in {1..64}; do
	timeout 10 bash -c 'echo "large picture $2" >"$1/large$2.txt"' - "$MNT" "$i"
done
ok '64 requests are at the provider' control GET 'wait?held=64&timeout=20'
control POST release >/dev/null
most=0
together=0
deadline=$((SECONDS + 180))
while [ "$(finished)" -lt 64 ] && [ $SECONDS -lt $deadline ]; do
	for ((i = 0; i < 20; i++)); do
		now=$(anonymous)
		[ "${now:-0}" -le "$most" ] || most=$now
		files=$(find "/proc/$DAEMON/fd" -lname '*-0.part' 2>/dev/null | wc -l)
		[ "$files" -le $together ] || together=$files
		sleep 0.02
	done
done
timeout 120 "$O/easelfs" wait "$MNT"/large*.txt >/dev/null
is "$(finished)" 64 '64 pictures of 20 MB are there'
is "$(find "$WORK/gen/out" -name 'large*.png' -size -19M | wc -l)" 0 'each with its 20 MB'
ok "$together of them came at once" test $together -ge 60
diag "RssAnon: $before kB before, $most kB at most"
ok "less than 32 MB of memory ($most kB)" test "$most" -lt 32768
is "$(bill .accepted)" 64 'each was paid for once'

umount_it
done_testing
