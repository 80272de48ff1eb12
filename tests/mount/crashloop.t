#!/bin/bash
# What makes the daemon crash does not make it crash for ever: after three unclean ends in a short time
# everything under way is held, with the name of what was active, until a person lets it go on.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mkdir "$WORK/gen"
export EASELFS_CRASH_LOOP=3/600

start() { mount_fg -o provider=sandbox,settle=0.05 2>/dev/null || die 'it cannot be mounted'; eventually 20 says 'in order\|serving'; }
killed() { kill -KILL "$DAEMON"; wait "$DAEMON" 2>/dev/null; : >"$WORK/daemon.log"; }
unmounted() { umount_it || die 'it cannot be unmounted'; wait "$DAEMON"; : >"$WORK/daemon.log"; }
says() { grep -q "$1" "$WORK/daemon.log"; }
command() { timeout 20 "$O/easelfs" "$1" "${@:2}"; }
reason_of() { status_of "$1" | sed -n 's/^reason: //p'; }
# Restored, so that an end now is one of a daemon that went on with its work.
restored() { eventually 20 says 'the journal is in order'; }
polled() { control GET requests | jq '[.[] | select(.method == "GET")] | length'; }

# --- three ends ----------------------------------------------------------------------------------------

start
fault '{"on":"submit","match":"running","do":"hold"}'
fault '{"on":"submit","match":"waiting","do":"status","status":429,"headers":{"Retry-After":"600"}}'
prompt done.txt 'done'
ok 'one is completed' wait_state done.txt completed
prompt running.txt 'running'
ok 'one runs' wait_state running.txt running
prompt waiting.txt 'waiting'
ok 'one waits' wait_state waiting.txt deferred
killed
start
restored
is "$(state_of running.txt),$(state_of waiting.txt)" running,deferred 'after one end it goes on'
killed
start
restored
is "$(state_of running.txt),$(state_of waiting.txt)" running,deferred 'after two it goes on'
killed
start
ok 'after three the log says so' eventually 20 says 'easelfs ended badly 3 times within 10 minutes'
ok 'it names what was active' says 'the last to change was waiting.txt (deferred)'
ok 'what ran is held' wait_state running.txt held
ok 'and so is what waited' wait_state waiting.txt held
like "$(reason_of running.txt)" 'ended badly 3 times .* waiting\.txt \(deferred\)' 'the status says why'
like "$(status_of running.txt)" 'hint: .*easelfs release' 'and what to do'
is "$(state_of done.txt)" completed 'what is finished stays finished'
ok 'wait/ does not wait for a person' not timeout 5 cat "$MNT/wait/running.png"
before=$(polled)
prompt new.txt 'new'
ok 'what is written now is held, too' wait_state new.txt held
like "$(reason_of new.txt)" 'ended badly' 'for the same reason'
control POST release >/dev/null
is "$(accepted new),$(polled)" "0,$before" 'the provider is not asked for anything'

# A fourth start changes nothing: they are held in the journal.
unmounted
start
is "$(state_of running.txt),$(state_of new.txt)" held,held 'after a clean end, too, they wait for a person'
prompt newer.txt 'newer'
ok 'but what is written then is made' wait_state newer.txt completed
ok 'it can be released' command release "$MNT/running.txt"
ok 'and goes on where it was' wait_state running.txt completed
is "$(accepted running)" 1 'it was charged once'
like "$(cd "$MNT" && command release --all)" 'released: 2 prompts' 'the others are released together'
ok 'one is made' wait_state new.txt completed
ok 'and the other' wait_state waiting.txt completed
is "$(accepted new),$(accepted waiting)" 1,1 'each was charged once'

# --- what does not count -------------------------------------------------------------------------------

fault '{"on":"submit","match":"going on","do":"hold"}'
prompt on.txt 'going on'
ok 'another one runs' wait_state on.txt running
killed
start
restored
killed
start
restored
unmounted
start
killed
start
restored
is "$(state_of on.txt)" running 'a clean end in between begins anew'
killed
export EASELFS_CRASH_LOOP=3/2
start
restored
killed
# Quiet for a while is the point.
sleep 2.1
start
restored
is "$(state_of on.txt)" running 'ends that are long ago do not count'
killed
export EASELFS_CRASH_LOOP=1/600
start
ok 'as many as the option says' wait_state on.txt held
killed
export EASELFS_CRASH_LOOP=1/2
start
restored
ok 'ends are forgotten after a quiet time' eventually 20 says 'is sent again'
prompt quiet.txt 'quiet'
ok 'then what is written is made' wait_state quiet.txt completed
is "$(state_of on.txt)" held 'what was held waits'

# --- released while it lasts ---------------------------------------------------------------------------

export EASELFS_CRASH_LOOP=1/600
killed
start
restored
prompt loop.txt 'in the loop'
ok 'in the loop a prompt is held' wait_state loop.txt held
ok 'it is released' command release "$MNT/loop.txt"
ok 'and made' wait_state loop.txt completed
prompt after.txt 'after it'
ok 'and with it ends the holding' wait_state after.txt completed

# --- one held though it was sent, and another with the same text ---------------------------------------

fault '{"on":"submit","match":"the same","do":"hold"}'
prompt same1.txt 'the same'
ok 'one runs' wait_state same1.txt running
prompt same2.txt 'the same'
ok 'one waits for it' eventually 10 timeout 5 grep -q same2 "$MNT/.easelfs/jobs.json"
killed
start
ok 'both are held' wait_state same2.txt held
ok 'the second is released' command release "$MNT/same2.txt"
ok 'it is stopped, as the first may be paid for' wait_state same2.txt stopped
like "$(reason_of same2.txt)" 'same request as same1\.txt, which is held' 'and says so'
ok 'the first is released' command release "$MNT/same1.txt"
ok 'and runs' wait_state same1.txt running
control POST release >/dev/null
ok 'it is completed' wait_state same1.txt completed
ok 'and so is the second' wait_state same2.txt completed
is "$(accepted 'the same')" 1 'it was charged once'

# --- edited and deleted before, so that no person can name them -------------------------------------------

# An earlier text, the newest one and that of a deleted prompt run; then it crashes.
three_held() {
	fault "{\"on\":\"submit\",\"match\":\"$1\",\"count\":3,\"do\":\"hold\"}"
	prompt "$1.txt" "$1, the first text"
	control GET "wait?held=1&timeout=20" >/dev/null
	prompt "$1.txt" "$1, the second text"
	prompt "$1-gone.txt" "$1, deleted"
	control GET "wait?held=3&timeout=20" >/dev/null
	ok "$1: three run" wait_state "$1-gone.txt" running
	timeout 10 rm "$MNT/$1-gone.txt"
	killed
	start
	ok 'they are held' wait_state "$1.txt" held
	control POST release >/dev/null
}
# The newest one's is in out/, as soon as it has finished.
they_come() {
	ok 'that of an earlier text comes' eventually 60 test -s "$MNT/$2"
	ok 'and that of a deleted prompt' eventually 60 test -s "$MNT/history/$1-gone.1.png"
	is "$(accepted "$1, the first text"),$(accepted "$1, the second text"),$(accepted "$1, deleted")" 1,1,1 'each was charged once'
}

three_held word
not_there() { [ ! -e "$MNT/history/word.1.png" ]; }
ok 'nothing comes by itself' not_there
ok 'with the word for the newest text' command release "$MNT/word.txt"
they_come word history/word.1.png
ok 'it is completed itself' wait_state word.txt completed

three_held restart
unmounted
start
they_come restart out/restart.png
is "$(state_of restart.txt)" held 'after a restart the newest one waits for a person'

export EASELFS_CRASH_LOOP=1/2
three_held calm
they_come calm out/calm.png
is "$(state_of calm.txt)" held 'after a quiet time the newest one waits for a person'
export EASELFS_CRASH_LOOP=1/600

# --- edited and deleted while held ---------------------------------------------------------------------

control POST release >/dev/null
fault '{"on":"submit","match":"to be edited","do":"hold"}'
fault '{"on":"submit","match":"to be deleted","do":"hold"}'
fault '{"on":"download","match":"half","do":"drip","seconds":600}'
prompt half.txt 'half'
prompt edited.txt 'to be edited'
prompt deleted.txt 'to be deleted'
ok 'one is downloading' wait_state half.txt downloading
ok 'one runs' wait_state edited.txt running
ok 'one more' wait_state deleted.txt running
killed
start
for name in half edited deleted; do
	ok "$name is held" wait_state $name.txt held
done
unmounted
ok 'the download is kept' eval "ls $WORK/gen/.easelfs/incoming | grep -q part"
start
ok 'also over the next start' wait_state half.txt held
timeout 10 rm "$MNT/deleted.txt"
ok 'what is paid for cannot be canceled' not command cancel "$MNT/half.txt"
control DELETE faults >/dev/null
control POST release >/dev/null
prompt edited.txt 'edited since'
ok 'a new text is made' wait_state edited.txt completed
ok 'and the picture of the old one comes' eventually 20 test -s "$MNT/history/edited.1.png"
ok 'that of a deleted one comes to history/' eventually 30 test -s "$MNT/history/deleted.1.png"
is "$(accepted 'to be deleted')" 1 'it was charged once'
is "$(accepted 'to be edited'),$(accepted 'edited since')" 1,1 'each was charged once'
unmounted
ok 'the download is still there' eval "ls $WORK/gen/.easelfs/incoming | grep -q part"
start
command release "$MNT/half.txt"
ok 'the downloaded one is completed' wait_state half.txt completed
is "$(accepted half)" 1 'and was charged once'
unmounted
done_testing
