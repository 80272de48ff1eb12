#!/bin/bash
# Tasks that take long are neither given up nor paid twice, whatever happens to clocks, daemon and
# provider in the meantime.  Days of it are in tests/long/long.t.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/clock.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
clock_setup

hold() { fault '{"on":"submit","do":"hold"}'; }
polls() { bill_total .polls; }
# passes SECONDS STEP PROMPT: and every answer has time to come.  Sets POLLS to how many there were.
passes() {
	local before end=$((MONO_MS + $1 * 1000))
	before=$(polls)
	while [ $MONO_MS -lt $end ]; do
		clock_passes "$2" "$3"
		settled
	done
	POLLS=$(($(polls) - before))
}
# No request is on its way: what the daemon asked was counted.
settled() { sleep 0.03; }
completed() {
	control DELETE faults >/dev/null
	control POST finish '{"all":true}' >/dev/null
	clock_passes 400 "$1"
	ok "$2" wait_state "$1" completed
}

start
hold
prompt minutes.txt 'twenty minutes'
ok 'a task runs' wait_state minutes.txt running
passes 60 2 minutes.txt
first=$POLLS
passes 1140 20 minutes.txt
diag "$first polls in the first minute, $POLLS in the next nineteen"
ok "in its first minute it is asked for every five to ten seconds ($first)" test "$first" -ge 6 -a "$first" -le 11
ok "then about once a minute ($POLLS)" test "$POLLS" -ge 12 -a "$POLLS" -le 28
is "$(state_of minutes.txt)" running 'after twenty minutes it runs'

# --- clocks -----------------------------------------------------------------------------------------

clock_set $((8 * 86400))
passes 300 50 minutes.txt
is "$(state_of minutes.txt)" running 'the clock was set eight days ahead: it runs on'
ok "and is asked for ($POLLS)" test "$POLLS" -ge 3
clock_set $((-40 * 86400))
passes 300 50 minutes.txt
is "$(state_of minutes.txt)" running 'forty days back: it runs on'
ok "and is asked for ($POLLS)" test "$POLLS" -ge 3
umount_it
start
passes 60 10 minutes.txt
ok "before a restart, too: it is asked for ($POLLS)" test "$POLLS" -ge 3
clock_set $((60 * 86400))
umount_it
start
passes 1000 100 minutes.txt
is "$(state_of minutes.txt)" running 'far ahead before a restart: it is not given up at once'
ok "but asked for ($POLLS)" test "$POLLS" -ge 8
clock_set $((-28 * 86400))
kill -STOP "$DAEMON"
MONO_MS=$((MONO_MS + 3600000)) WALL_MS=$((WALL_MS + 3600000))
_clock_write
kill -CONT "$DAEMON"
passes 2500 100 minutes.txt
is "$(state_of minutes.txt)" running 'stopped for an hour: it runs on'
completed minutes.txt 'and is completed when the provider is through'
is "$(charges 'twenty minutes')" 1 'one charge for all that'

# --- a provider in trouble --------------------------------------------------------------------------

hold
prompt hour.txt 'an hour of trouble'
ok 'another one runs' wait_state hour.txt running
fault '{"on":"poll","do":"status","status":503,"count":-1}'
passes 1800 100 hour.txt
ok "the provider fails for half an hour, and is asked about once a minute ($POLLS)" test "$POLLS" -ge 14 -a "$POLLS" -le 45
is "$(state_of hour.txt)" running 'the task runs'
like "$(status_of hour.txt)" 'reason: .' 'its status says what is wrong'
like "$(status_of hour.txt)" 'hint: the task goes on' 'and that it goes on'
control DELETE faults >/dev/null
fault '{"on":"poll","do":"drop_after","count":-1}'
passes 1800 100 hour.txt
ok "it answers nothing for another ($POLLS)" test "$POLLS" -ge 14 -a "$POLLS" -le 90
is "$(state_of hour.txt)" running 'the task runs on'
like "$(status_of hour.txt)" 'reason: .*closed' 'its status says what is wrong now'
control DELETE faults >/dev/null
fault '{"on":"poll","do":"status","status":404,"count":3}'
passes 280 70 hour.txt
is "$(state_of hour.txt)" running 'it is back, and does not know the task for a moment: it runs on'
completed hour.txt 'it is completed'
is "$(charges 'an hour of trouble')" 1 'with one charge'

# --- a submit whose answer got lost, at a provider that is gone for an hour ---------------------------

fault '{"on":"submit","do":"drop_after"}'
fault '{"on":"poll","do":"status","status":502,"count":-1}'
prompt lost.txt 'a lost answer'
control GET 'wait?accepted=3' >/dev/null
passes 3600 400 lost.txt
is "$(state_of lost.txt)" submitting 'it is looked up until the provider answers'
completed lost.txt 'and found'
is "$(charges 'a lost answer')" 1 'with one charge'

# --- waits ------------------------------------------------------------------------------------------

fault '{"on":"submit","do":"status","status":429,"headers":{"Retry-After":"3600"}}'
prompt later.txt 'later'
ok 'what is to be sent in an hour is deferred' wait_state later.txt deferred
umount_it
clock_set -864000
start
clock_passes 400 later.txt
ok 'the clock was set back before a restart: it does not wait for ten days' wait_state later.txt completed 60
is "$(charges later)" 1 'with one charge'

# --- a week -----------------------------------------------------------------------------------------

hold
prompt week.txt 'never finished'
ok 'one runs' wait_state week.txt running
clock_passes $((6 * 86400)) week.txt
passes 2000 80 week.txt
is "$(state_of week.txt)" running 'after six days it runs'
clock_passes 86400 week.txt
passes 2000 80 week.txt
is "$(state_of week.txt)" expired 'after a week it is given up'
like "$(status_of week.txt)" 'reason: the provider did not finish it within a week' 'in words'
like "$(status_of week.txt)" 'hint: .*easelfs again' 'that say what to do'
is "$(charges 'never finished')" 1 'with one charge'
umount_it
done_testing
