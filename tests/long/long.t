#!/bin/bash
# A task of twenty minutes and one of three days, asked for second by second and minute by minute, through
# changes of the clock, stops, restarts, kills and hours of trouble at the provider.
#
# ROUNDS=n: that many of the troubles, in random order; SEED=n.
. "$(dirname "$0")/../mount/lib.sh" || exit
. "$(dirname "$0")/../mount/clock.sh" || exit

rounds=${ROUNDS:-40}
seed=${SEED:-$((EPOCHSECONDS % 32768))}
RANDOM=$seed

setup --canned --submit-rpm 0 --query-rpm 0
clock_setup

passes() {
	local before end=$((MONO_MS + $1 * 1000))
	before=$(bill_total .polls)
	while [ $MONO_MS -lt $end ]; do
		clock_passes "$2" "$3"
		sleep 0.03
	done
	POLLS=$(($(bill_total .polls) - before))
}

start
fault '{"on":"submit","do":"hold","count":-1}'
prompt minutes.txt 'twenty minutes'
prompt days.txt 'three days'
ok 'one task runs' wait_state minutes.txt running
ok 'and another' wait_state days.txt running
passes 1200 1 minutes.txt
diag "$POLLS polls of two tasks in twenty minutes"
ok "polling slows down to once a minute ($POLLS)" test "$POLLS" -ge 40 -a "$POLLS" -le 66
control POST finish "{\"id\":\"$(control GET tasks | jq -r '.[] | select(.prompt == "twenty minutes") | .id')\"}" >/dev/null
clock_passes 70 minutes.txt
ok 'the first is completed' wait_state minutes.txt completed

# --- three days, with trouble -----------------------------------------------------------------------

# Of the true time: up to four days ahead, as a week that is over since an hour before a restart is one that
# nobody can tell from a true one; and up to three weeks behind.
trouble_ahead() { clock_set $(((MONO_MS - WALL_MS) / 1000 + RANDOM * 10)); }
trouble_back() { clock_set $(((MONO_MS - WALL_MS) / 1000 - RANDOM * 60)); }
trouble_restart() { umount_it; start; }
trouble_kill() {
	kill -KILL "$DAEMON"
	eventually 20 _is_gone "$DAEMON"
	_force_umount "$MNT"
	start
}
trouble_stop() {
	kill -STOP "$DAEMON"
	WALL_MS=$((WALL_MS + 7200000)) MONO_MS=$((MONO_MS + 7200000))
	_clock_write
	kill -CONT "$DAEMON"
}
# An hour each.
trouble_500() { _hour '{"on":"poll","do":"status","status":500,"count":-1}'; }
trouble_503() { _hour '{"on":"poll","do":"status","status":503,"headers":{"Retry-After":"20"},"count":-1}'; }
trouble_502() { _hour '{"on":"poll","do":"status","status":502,"count":-1}'; }
trouble_reset() { _hour '{"on":"poll","do":"drop_after","reset":true,"count":-1}'; }
trouble_cut() { _hour '{"on":"poll","do":"drop_mid","count":-1}'; }
trouble_lag() { fault '{"on":"poll","do":"status","status":404,"count":6}'; passes 600 60 days.txt; }
_hour() {
	fault "$1"
	passes 3600 60 days.txt
	control DELETE faults >/dev/null
	[ "$POLLS" -le 260 ] || diag "$POLLS polls in an hour of $1"
	[ "$POLLS" -ge 25 ]
}
troubles=(ahead back restart kill stop 500 503 502 reset cut lag)
bad=0
begun_ms=$MONO_MS
for ((round = 0; round < rounds; round++)); do
	trouble=${troubles[RANDOM % ${#troubles[@]}]}
	trouble_$trouble || { bad=$((bad + 1)); diag "seed $seed, round $round: $trouble: too few polls"; }
	passes $((259200 / rounds / 2)) 120 days.txt
	state=$(state_of days.txt)
	[ "$state" = running ] && continue
	bad=$((bad + 1))
	diag "seed $seed, round $round: after $trouble it is $state: $(status_of days.txt)"
	break
done
is $bad 0 "it runs through $rounds troubles (seed $seed)"
left=$((259200 - (MONO_MS - begun_ms) / 1000))
[ $left -le 0 ] || passes $left 240 days.txt
is "$(state_of days.txt)" running 'after three days it runs'
control POST finish '{"all":true}' >/dev/null
clock_passes 120 days.txt
ok 'the second is completed' wait_state days.txt completed 60
is "$(bill_total '.accepted,.charged' | xargs)" '2 2' 'two charges in all'

# --- a provider that is not there for an hour ---------------------------------------------------------

fault '{"on":"submit","do":"hold"}'
prompt away.txt 'nobody there'
ok 'a third runs' wait_state away.txt running
kill -STOP "$SANDBOX_PID"
for step in 20 20 20; do clock_passes $step away.txt; done
kill -CONT "$SANDBOX_PID"
passes 200 40 away.txt
is "$(state_of away.txt)" running 'a provider that hangs for a minute is asked again'
umount_it
sed "s#^url = .*#url = http://127.0.0.1:1#" "$XDG_CONFIG_HOME/easelfs/config" >"$WORK/away"
cp "$XDG_CONFIG_HOME/easelfs/config" "$WORK/there"
cp "$WORK/away" "$XDG_CONFIG_HOME/easelfs/config"
start
passes 3600 60 away.txt
is "$(state_of away.txt)" running 'one that refuses connections for an hour as well'
like "$(status_of away.txt)" 'reason: ' 'the status says why'
umount_it
cp "$WORK/there" "$XDG_CONFIG_HOME/easelfs/config"
start
control POST finish '{"all":true}' >/dev/null
clock_passes 120 away.txt
ok 'it is completed when the provider is back' wait_state away.txt completed 60
is "$(bill_total '.accepted,.charged' | xargs)" '3 3' 'three charges in all'
echo "# tasks 3, charges $(bill_total .charged), pictures $(find "$MNT/out" -name '*.png' | wc -l), troubles $rounds, polls $(bill_total .polls)"
umount_it
done_testing
