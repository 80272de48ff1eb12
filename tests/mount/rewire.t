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

# The same of one that is stopped while it runs there: the key was refused.
timeout 10 bash -c 'echo "stopped between wires" >"$1/stopped.txt"' - "$MNT"
ok 'another one runs' wait_state stopped.txt running
control POST faults '{"on":"poll","do":"status","status":401}' >/dev/null
ok 'its key is refused' wait_state stopped.txt stopped
umount_it
wait "$DAEMON"
speaks 'wire = openai'
: >"$WORK/daemon.log"
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted with another wire'
like "$(status_of stopped.txt)" 'state: stopped.*reason: provider "sandbox" spoke the task wire' 'after a restart it is stopped, for the wire'
like "$(status_of stopped.txt)" 'hint: set `wire = task`' 'and its status says what to do'
speaks ''
ok 'when the wire is as before, it runs' wait_state stopped.txt running
control POST finish '{"all":true}' >/dev/null
ok 'and comes' wait_state stopped.txt completed
is "$(bill '.prompts["stopped between wires"].accepted')" 1 'for one charge'

# The configuration looks for the address, the id or the end of a task where the provider's reply has none.
speaks 'urls-at = data.nowhere'
ok 'a wrong urls-at is noticed' eventually 10 noticed 2
timeout 10 bash -c 'echo "an address elsewhere" >"$1/elsewhere.txt"' - "$MNT"
ok 'it runs' wait_state elsewhere.txt running
control POST finish '{"all":true}' >/dev/null
ok 'a finished task without an address is asked for a few times, then stopped' wait_state elsewhere.txt stopped
like "$(status_of elsewhere.txt)" 'names no picture \(looked for at: data.nowhere\)' 'its status says where it was looked for'
like "$(status_of elsewhere.txt)" 'hint: it is paid for.*urls-at of \[provider sandbox\]' 'and what to do'
ok 'retry is taken' timeout 10 "$O/easelfs" retry "$MNT/elsewhere.txt"
ok 'and looks once more' wait_state elsewhere.txt stopped
speaks ''
ok 'when it is mended, the picture comes by itself' wait_state elsewhere.txt completed
is "$(bill '.prompts["an address elsewhere"].accepted')" 1 'and was paid for once'

speaks 'done-words = finished'
ok 'a wrong word is noticed' eventually 10 noticed 4
timeout 10 bash -c 'echo "a word of its own" >"$1/word.txt"' - "$MNT"
ok 'it runs, too' wait_state word.txt running
control POST finish '{"all":true}' >/dev/null
says_word() { status_of word.txt | grep -q 'reason: the provider says that the task is "completed", which is taken for running'; }
ok 'a word that nobody told of is shown' eventually 10 says_word
like "$(status_of word.txt)" 'hint: .*done-words' 'with what says what it means'
speaks ''
ok 'when that is mended, it comes by itself' wait_state word.txt completed
is "$(grep -c '^reason:' <<<"$(status_of word.txt)")" 0 'and the reason is gone'

speaks 'id-at = data.nowhere'
ok 'a wrong id-at is noticed' eventually 10 noticed 6
timeout 10 bash -c 'echo "an id elsewhere" >"$1/id.txt"' - "$MNT"
control GET 'wait?accepted=5&timeout=10' >/dev/null
control POST finish '{"all":true}' >/dev/null
ok 'a task without an id is found by our own' wait_state id.txt completed
is "$(bill '.prompts["an id elsewhere"].accepted')" 1 'and paid for once'
umount_it
done_testing
