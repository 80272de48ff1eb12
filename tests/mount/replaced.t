#!/bin/bash
# A text that waited for a person or a key, and that another one replaced, waits no more: nobody could name it.
. "$(dirname "$0")/lib.sh"
setup --canned
config <<-END
	first-look = 0.1
	poll-min = 0.1
	free = no
	[defaults]
	settle = 0.05
END
jobs() { timeout 5 awk -v name="jobs-$1:" '$1 == name { print $2 }' "$MNT/.easelfs/stats"; }
counts() { echo "$(jobs held) held, $(jobs stopped) stopped, $(jobs canceled) canceled, $(jobs completed) completed"; }

mount_fg || die 'it cannot be mounted'
for i in 1 2 3; do
	prompt keyless.txt "text $i"
	eventually 10 eval '[ "$(status_of keyless.txt | sed -n "s/^revision: //p")" = '$i' ]'
done
is "$(counts)" '0 held, 1 stopped, 2 canceled, 0 completed' 'of three texts without a key one waits'
umount_it

mount_fg -o provider=sandbox,budget=1 || die 'it cannot be mounted'
ok 'with a key it is made' wait_state keyless.txt completed
is "$(accepted 'text 1'),$(accepted 'text 2'),$(accepted 'text 3')" 0,0,1 'and no other'
for i in 1 2; do
	prompt beyond.txt "beyond $i"
	says_revision() { status_of beyond.txt | grep -qx "revision: $1"; }
	ok "text $i is beyond the budget" eventually 10 says_revision $i
done
ok 'the newest is held' wait_state beyond.txt held
is "$(jobs held)" 1 'and no other'
ok 'it is released' timeout 20 "$O/easelfs" release "$MNT/beyond.txt"
ok 'and made' wait_state beyond.txt completed
is "$(accepted 'beyond 1'),$(accepted 'beyond 2')" 0,1 'and paid for'
like "$(counts)" '^0 held, 0 stopped, [0-9] canceled, 2 completed$' 'nothing waits any more'
umount_it
done_testing
