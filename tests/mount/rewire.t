#!/bin/bash
# The configuration says another wire of a provider that has a task: the task is asked for as it was sent, or
# waits until it can be.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 100
file=$XDG_CONFIG_HOME/easelfs/config
settings=$(printf '%s\n' "[provider sandbox]" "url = $SANDBOX_URL" 'first-look = 0.1' 'poll-min = 0.1' 'poll-max = 0.3')
speaks() { printf '%s\n%s\n' "$settings" "$1" >"$file.new" && mv "$file.new" "$file"; }
noticed() { [ "$(grep -c 'config has changed' "$WORK/daemon.log")" -ge "$1" ]; }
polls() { control GET tasks | jq '[.[].polls] | add'; }
more_polls() { [ "$(polls)" -gt "$1" ]; }

speaks ''
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
timeout 10 bash -c 'echo "a task between wires" >"$1/cat.txt"' - "$MNT"
ok 'it is running' wait_state cat.txt running
speaks 'wire = gemini'
ok 'the change is noticed' eventually 10 noticed 1
ok 'it is asked for as before' eventually 10 more_polls "$(polls)"
umount_it
wait "$DAEMON"
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
like "$(status_of cat.txt)" 'state: running' 'after a restart it is what it was'
like "$(status_of cat.txt)" 'reason: provider "sandbox" spoke the task wire when this was written, and the configuration says gemini now' \
	'the status says why nothing happens'
like "$(status_of cat.txt)" 'hint: set `wire = task`' 'and what to do'
speaks ''
ok 'the change back is noticed' eventually 10 noticed 2
control POST finish '{"all":true}' >/dev/null
ok 'then it goes on' wait_state cat.txt completed
is "$(bill .accepted)" 1 'it was paid for once'
umount_it
done_testing
