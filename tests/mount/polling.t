#!/bin/bash
# How often a task is asked for: as the provider's row says, no faster, and after a restart as well.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 2 --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.6
	poll-min = 0.4
	poll-max = 0.5
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'

task_of() { control GET tasks | jq -r ".[]? // .tasks[] | select(.prompt == \"$1\") | .id" | head -n 1; }
# Milliseconds between the submit and all polls of that task, one a line.
gaps() {
	control GET requests | jq "sort_by(.arrived_ms) | [.[] | select((.method == \"GET\" and (.path | contains(\"$2\"))) or (.method == \"POST\" and (.body | tostring | contains(\"$1\")))) | .arrived_ms] | [.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | .[]"
}

prompt slow.txt 'a slow one'
ok 'a task is completed' wait_state slow.txt completed
mapfile -t ms < <(gaps 'a slow one' "$(task_of 'a slow one')")
diag "gaps: ${ms[*]}"
ok 'it was looked at several times' test "${#ms[@]}" -ge 3
ok 'the first look comes after the first-look of the row' test "${ms[0]}" -ge 550
fast=0 slow=0
for gap in "${ms[@]:1}"; do
	[ "$gap" -ge 390 ] || fast=$((fast + 1))
	[ "$gap" -le 1500 ] || slow=$((slow + 1))
done
is $fast 0 'none came faster than poll-min'
is $slow 0 'nor much slower than poll-max'

# Polls that fail leave the task running; Retry-After is obeyed.
control POST faults '{"on":"poll","do":"status","status":429,"headers":{"Retry-After":"1.5"}}' >/dev/null
control POST faults '{"on":"poll","do":"status","status":403,"body":"<html>no</html>"}' >/dev/null
control POST faults '{"on":"poll","do":"drop_after"}' >/dev/null
control POST faults '{"on":"poll","do":"html"}' >/dev/null
control POST faults '{"on":"poll","do":"unknown_status","word":"dreaming"}' >/dev/null
control POST faults '{"on":"poll","do":"status","status":404}' >/dev/null
prompt rough.txt 'a rough one'
has_next_try() { status_of rough.txt | grep -q '^next-try: '; }
ok 'its status says when it is asked for again' eventually 10 has_next_try
ok 'polls that fail are repeated until it is completed' wait_state rough.txt completed 30
is "$(bill '.prompts["a rough one"].accepted')" 1 'one charge'
mapfile -t ms < <(gaps 'a rough one' "$(task_of 'a rough one')")
diag "gaps: ${ms[*]}"
ok 'Retry-After was obeyed' test "${ms[1]}" -ge 1490

# What finished while nothing was mounted is there soon after.
control POST faults '{"on":"submit","do":"hold"}' >/dev/null
prompt away.txt 'while we are away'
ok 'a task runs' wait_state away.txt running
umount_it
control POST release >/dev/null
control POST finish '{"all":true}' >/dev/null
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
ok 'what finished meanwhile is fetched' wait_state away.txt completed
is "$(bill '.prompts["while we are away"].accepted')" 1 'and was not sent again'

# A provider that refuses the key while a task runs: the task is not lost.
control POST faults '{"on":"poll","match":"keyless","do":"status","status":401}' >/dev/null
prompt keyless.txt 'keyless'
ok '401 for a poll: stopped' wait_state keyless.txt stopped
ok 'cancel is refused, as it is paid for' not timeout 10 "$O/easelfs" cancel "$MNT/keyless.txt"
ok 'retry' timeout 10 "$O/easelfs" retry "$MNT/keyless.txt"
ok 'it is completed' wait_state keyless.txt completed
is "$(bill '.prompts["keyless"].accepted')" 1 'with one charge'
umount_it
done_testing
