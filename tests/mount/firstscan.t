#!/bin/bash
# The first mount is killed in the middle of its scan: what was there before it is held after the next start,
# and what was written since is made.
. "$(dirname "$0")/lib.sh" || exit

[ -x "$O/kill/easelfs" ] || die "there is no $O/kill/easelfs: make kill"
setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
MNT=$WORK/gen
mkdir "$MNT"
_mounts+=("$MNT")
for i in {1..200}; do
	echo "old $i" >"$MNT/old$i.txt"
done

EASELFS_KILL=AFTER_HELD:50 "$O/kill/easelfs" mount -f -o provider=sandbox,settle=0.05,budget=none "$MNT" 2>/dev/null &
wait $!
is $? 137 'it is killed when some of them are in the journal'
_force_umount "$MNT"
echo 'a new one' >"$MNT/new.txt"

all_held() { [ "$(grep -rlx 'state: held' "$MNT/status" | wc -l)" = 200 ]; }
mount_fg -o provider=sandbox,settle=0.05,budget=none 2>/dev/null || die 'it cannot be mounted'
ok 'what was written since is made' wait_state new.txt completed
ok 'all that was there before is held' eventually 20 all_held
is "$(bill .accepted)" 1 'and nothing else was sent'
done_testing
