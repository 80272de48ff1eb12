#!/bin/bash
# The daemon ends, killed or unmounted, in every state that a task can be in.  Afterwards each prompt
# was charged once and has one picture, or is `unknown` and was not sent again.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mkdir "$WORK/gen"

# 1×1 pixel
png='iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

# The mountpoint may still be dead.
start() { mount_fg -o provider=sandbox,settle=0.05 2>/dev/null || die 'it cannot be mounted'; }

killed() {
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
}

unmounted() {
	umount_it || die 'it cannot be unmounted'
	wait "$DAEMON"
	is $? 0 'the daemon says that it ended well'
}

seen() { control GET requests | jq "[.[] | select(.method == \"POST\" and (.body | tostring | contains(\"$1\")))] | length"; }
reached() { control GET "wait?timeout=20&$1" >/dev/null || die "the sandbox did not see $1: $(control GET bill)"; }
command() { timeout 10 "$O/easelfs" "$1" "$MNT/$2"; }

pictures() {
	find "$MNT/out" "$MNT/history" -type f ! -name '*.error.txt' 2>/dev/null |
		grep -cE "/$1(\.[0-9]+(-[0-9]+)?)?\.png\$"
}

# one_of PROMPT-FILE TEXT: completed, one picture, one charge
one_of() {
	ok "$1: it is completed" wait_state "$1" completed
	is "$(pictures "${1%.txt}")" 1 "$1: there is one picture"
	is "$(accepted "$2")" 1 "$1: it was charged once"
}

# --- every state at once, and the end comes ----------------------------------------------------------

begin() {
	local how=$1

	fault "{\"on\":\"submit\",\"match\":\"$how accepted\",\"do\":\"hang\"}"
	fault "{\"on\":\"submit\",\"match\":\"$how lost\",\"do\":\"hang\",\"accepted\":false,\"count\":2}"
	fault "{\"on\":\"submit\",\"match\":\"$how running\",\"do\":\"hold\"}"
	fault "{\"on\":\"submit\",\"match\":\"$how deferred\",\"do\":\"status\",\"status\":429,\"headers\":{\"Retry-After\":\"1\"}}"
	fault "{\"on\":\"download\",\"match\":\"$how downloading\",\"do\":\"drip\",\"seconds\":30}"
	fault '{"on":"upload","do":"hang","accepted":false}'
	prompt "$how-finished.txt" "$how finished"
	timeout 20 cat "$MNT/wait/$how-finished.png" >/dev/null
	prompt "$how-running.txt" "$how running"
	prompt "$how-downloading.txt" "$how downloading"
	prompt "$how-accepted.txt" "$how accepted"
	prompt "$how-lost1.txt" "$how lost one"
	prompt "$how-lost2.txt" "$how lost two"
	timeout 10 mkdir "$MNT/$how-uploading.refs"
	timeout 10 cp "$WORK/reference.png" "$MNT/$how-uploading.refs/"
	prompt "$how-uploading.txt" "$how uploading"
	ok "$how: one is running" wait_state "$how-running.txt" running
	ok "$how: one is downloading" wait_state "$how-downloading.txt" downloading
	ok "$how: one is uploading" wait_state "$how-uploading.txt" uploading
	ok "$how: one is submitting" wait_state "$how-accepted.txt" submitting
	ok "$how: and so is another, which will be lost" wait_state "$how-lost2.txt" submitting
	reached "hanging=4"
	# The last one, as its Retry-After holds for the whole account.
	prompt "$how-deferred.txt" "$how deferred"
	ok "$how: one is deferred" wait_state "$how-deferred.txt" deferred
}

finish() {
	local how=$1 name

	control POST release >/dev/null
	for name in finished running downloading accepted uploading deferred; do
		one_of "$how-$name.txt" "$how $name"
	done
	for name in lost1 lost2; do
		ok "$how: $name ends as unknown" wait_state "$how-$name.txt" unknown
	done
	is "$(accepted "$how lost one"),$(accepted "$how lost two")" 0,0 "$how: what was lost was not sent again"
	ok "$how: wait/ does not wait for a person" not timeout 5 cat "$MNT/wait/$how-lost1.png"
	ok "$how: cancel of an unknown one" command cancel "$how-lost1.txt"
	ok "$how: it is canceled" wait_state "$how-lost1.txt" canceled
	is "$(seen "$how lost one")" 1 "$how: and sent no more"
	ok "$how: retry of an unknown one" command retry "$how-lost2.txt"
	one_of "$how-lost2.txt" "$how lost two"
	is "$(seen "$how lost two")" 2 "$how: by one more submit"
	ok "$how: the reason is gone from out/" not test -e "$MNT/out/$how-lost2.error.txt"
}

base64 -d <<<"$png" >"$WORK/reference.png"
for how in killed unmounted; do
	start
	begin $how
	$how
	control DELETE faults >/dev/null
	start
	finish $how
	# Another content, so that it is not known from before.
	cp "$MNT/out/killed-finished.png" "$WORK/reference.png"
	umount_it
	control POST reset >/dev/null
done

# --- the moment of publication -----------------------------------------------------------------------

start
prompt moment.txt 'the moment'
eventually 20 test -e "$MNT/out/moment.png"
killed
start
one_of moment.txt 'the moment'
prompt same.txt 'the same moment'
timeout 20 cat "$MNT/wait/same.png" >/dev/null
killed
start
one_of same.txt 'the same moment'
timeout 10 touch "$MNT/same.txt"
prompt same.txt 'the same moment'
umount_it
start
one_of same.txt 'the same moment'

# --- without the key in between -----------------------------------------------------------------------

fault '{"on":"submit","match":"no key","do":"hang"}'
fault '{"on":"submit","match":"keyless","do":"hold"}'
prompt lookup.txt 'no key to look it up'
prompt keyless.txt 'keyless for a while'
ok 'one is submitting' wait_state lookup.txt submitting
ok 'one is running' wait_state keyless.txt running
killed
key=$EASELFS_SANDBOX_KEY
unset EASELFS_SANDBOX_KEY
start
ok 'without a key what runs is stopped' wait_state keyless.txt stopped
is "$(state_of lookup.txt)" submitting 'what may have been accepted waits to be looked up'
killed
export EASELFS_SANDBOX_KEY=$key
start
control POST release >/dev/null
one_of lookup.txt 'no key to look it up'
one_of keyless.txt 'keyless for a while'

# --- four at once, some of them answered while it ends -----------------------------------------------

fault '{"on":"submit","match":"four","do":"delay","seconds":0.4}'
fault '{"on":"submit","match":"four","do":"delay","seconds":0.8}'
fault '{"on":"submit","match":"four","do":"delay","seconds":1.2}'
prompt four.txt 'n: 4

four of them'
ok 'four are submitting' wait_state four.txt submitting
reached submits=4
unmounted
start
ok 'all four are completed' wait_state four.txt completed
is "$(accepted 'four of them')" 4 'four charges'
is "$(timeout 10 ls "$MNT/out" | grep -c '^four-[1-4]\.png$')" 4 'four pictures'

# --- written while nothing is mounted, and replaced while it runs -----------------------------------

umount_it
echo 'meanwhile' >"$MNT/meanwhile.txt"
start
one_of meanwhile.txt meanwhile
fault '{"on":"submit","match":"first text","do":"hold"}'
prompt edited.txt 'the first text'
ok 'a first text runs' wait_state edited.txt running
prompt edited.txt 'a second text'
ok 'a second one is finished before it' wait_state edited.txt completed
killed
start
control POST release >/dev/null
ok 'the picture of the first comes to history/' eventually 20 test -s "$MNT/history/edited.1.png"
is "$(accepted 'the first text'),$(accepted 'a second text')" 1,1 'each was charged once'
is "$(pictures edited)" 2 'each has one picture'

# --- at any moment -----------------------------------------------------------------------------------

# Killed again and again while twelve prompts are on their way.
RANDOM=${SEED:=$$}
names=()
for i in {1..12}; do
	prompt "any-$i.txt" "any moment $i"
	names+=("any-$i.txt")
done
for _ in {1..6}; do
	ms=$((RANDOM % 400))
	# The only sleep here: the moment is the point.
	sleep "0.$(printf %03d $ms)"
	killed
	start
done
wrong=''
for name in "${names[@]}"; do
	eventually 30 eval "[[ \$(state_of $name) =~ ^(completed|unknown)\$ ]]"
	text="any moment ${name//[!0-9]/}"
	case $(state_of "$name"),$(accepted "$text"),$(pictures "${name%.txt}") in
	completed,1,1 | unknown,0,0) ;;
	*) wrong+=" $name:$(state_of "$name"),$(accepted "$text"),$(pictures "${name%.txt}")" ;;
	esac
done
is "$wrong" '' "six times killed at any moment: one charge and one picture each (SEED=$SEED)"
is "$(bill .leaked_keys),$(bill .refused)" 0,0 'nothing was refused, no key went to the other port'
umount_it
done_testing
