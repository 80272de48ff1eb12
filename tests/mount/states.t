#!/bin/bash
# Each state that a prompt can be in, and whatever can be done to the prompt there: what is charged, where
# the pictures are, what the status says, and that nobody who waits is left behind.
#
# One mount and many prompts at once.  A prompt is called STATE-ACTION; its text is `own of STATE ACTION.`,
# what is written over it is `other of STATE ACTION.`, and `third of STATE ACTION.` is that of a neighbour
# which changes places with it.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0

# --- two providers' worth of accounts -----------------------------------------------------------------

# The second sandbox is stopped (SIGSTOP): what is sent there stays on the wire until it goes on.
MAIN_URL=$SANDBOX_URL MAIN_PID=$SANDBOX_PID
sandbox_start --canned --time 0.1 --submit-rpm 0 --query-rpm 0
MUTE_URL=$SANDBOX_URL MUTE_PID=$SANDBOX_PID
SANDBOX_URL=$MAIN_URL SANDBOX_PID=$MAIN_PID
at_mute() { SANDBOX_URL=$MUTE_URL "$@"; }

# account NAME LIKE MODEL-ID URL IN-FLIGHT
account() {
	config <<-END
		[provider $1]
		like = $2
		url = $4
		key-env = EASELFS_SANDBOX_KEY
		free = yes
		first-look = 0.1
		poll-min = 0.1
		poll-max = 0.3
		in-flight = $5
		[model $1]
		provider = $1
		id = $3
	END
}
for name in plain narrow locked mute; do
	url=$MAIN_URL at_once=500
	[ $name != mute ] || url=$MUTE_URL
	[ $name != narrow ] || at_once=1
	account $name sandbox gemini-2.5-flash-image-preview "$url" $at_once
	account g-$name google gemini-2.5-flash-image "$url" $at_once
done

# --- what there is, and what is done to it ------------------------------------------------------------

# STATE, and the account where it can be reached; what begins with g- is on the gemini wire, where the one
# request's reply has the picture, so that there is no uploading, running, downloading or expiring.
# `refused` is on the wire, too, but will be turned away (503) when its reply comes.
states='
draft plain
held plain
queued narrow
uploading mute
submitting mute
refused mute
running plain
downloading plain
completed plain
deferred plain
stopped locked
unknown plain
failed plain
canceled narrow
expired mute
g-held g-plain
g-queued g-narrow
g-submitting g-mute
g-refused g-mute
g-completed g-plain
g-deferred g-plain
g-stopped g-locked
g-unknown g-plain
g-failed g-plain
g-canceled g-narrow
'
# save: the same text.  anew, other: deleted, and written again within ten seconds.  away: to another name
# and back at once; trash: after more than ten seconds.  over: the neighbour takes its name; onto: it takes
# the neighbour's.
actions='save edit delete anew other rename folder away trash over onto retry again cancel release'

names=()
declare -A account_of=()
while read -r state account; do
	[ -n "$state" ] || continue
	account_of[$state]=$account
	for action in $actions; do names+=("$state-$action"); done
done <<<"$states"

# What a state is called in the status.
shown() {
	local state=${1#g-}
	[ "$state" != refused ] || state=submitting
	echo "$state"
}
state_part() { echo "${1%-*}"; }
action_part() { echo "${1##*-}"; }

# Where the prompt lies before and after, without its suffix.
before() { [ "$(action_part "$1")" = folder ] && echo "$1/p" || echo "$1"; }
after() {
	case $(action_part "$1") in
	folder) echo "$1.moved/p" ;;
	rename) echo "$1.renamed" ;;
	onto) echo "$1.third" ;;
	*) echo "$1" ;;
	esac
}

own() {
	local state=${1%-*} action=${1##*-}

	case $state in
	draft) return ;;
	uploading) printf 'provider: mute\nrefs: /refs/%s.png\n\nown of %s %s.\n' "$action" "$state" "$action" ;;
	*) printf 'provider: %s\n\nown of %s %s.\n' "${account_of[$state]}" "$state" "$action" ;;
	esac
}
# Of the same wire, from an account that makes it at once.
fresh() {
	local provider=plain
	[[ $1 != g-* ]] || provider=g-plain
	printf 'provider: %s\n\n%s of %s %s.\n' $provider "$2" "${1%-*}" "${1##*-}"
}

# --- the way into each state --------------------------------------------------------------------------

count=$(wc -w <<<"$actions")
# At once, however many are asked for: the first request of an account goes alone until it is answered.
warm() {
	local name
	for name in "$@"; do printf 'provider: %s\n\nwarm %s\n' "$name" "$name" >"$MNT/warm-$name.txt"; done
	for name in "$@"; do wait_state "warm-$name.txt" completed || die "$name is not warm"; done
}

mkdir "$WORK/gen" "$WORK/gen/refs"
for name in "${names[@]}"; do
	case $name in *-folder) mkdir "$WORK/gen/$name" ;; esac
	case $name in held-* | g-held-*) own "$name" >"$WORK/gen/$(before "$name").txt" ;; esac
done
png=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
for action in $actions; do { base64 -d <<<$png; echo "$action"; } >"$WORK/gen/refs/$action.png"; done

mount_fg -o provider=plain,settle=0.05,budget=none,log=debug || die 'it cannot be mounted'
warm plain narrow mute g-plain g-narrow g-mute

write_state() {
	local action
	for action in $actions; do own "$1-$action" >"$MNT/$(before "$1-$action").txt"; done
}
export -f own fresh before after action_part state_part

# Neighbours first, then what has to happen at the second sandbox before it is stopped.
for name in "${names[@]}"; do
	case $name in *-over | *-onto) fresh "$name" third >"$MNT/$name.third.txt" ;; esac
done
at_mute control POST settings '{"expiry":1}' >/dev/null
at_mute fault '{"on":"download","match":"own of expired","do":"status","status":403,"count":-1}'
write_state expired

fault "{\"on\":\"submit\",\"match\":\"own of unknown\",\"do\":\"status\",\"status\":500,\"count\":$count}"
fault "{\"on\":\"submit\",\"match\":\"own of failed\",\"do\":\"status\",\"status\":400,\"count\":$count}"
fault "{\"on\":\"submit\",\"match\":\"own of g-unknown\",\"do\":\"drop_after\",\"count\":$count}"
fault "{\"on\":\"submit\",\"match\":\"own of g-failed\",\"do\":\"status\",\"status\":400,\"count\":$count}"
fault '{"on":"submit","match":"own of running","do":"hold","count":-1}'
fault '{"on":"submit","match":"ahead","do":"hold","count":-1}'
fault '{"on":"download","match":"own of downloading","do":"status","status":503,"headers":{"Retry-After":"0.5"},"count":-1}'
for wire in '' g-; do
	fault "{\"on\":\"submit\",\"match\":\"own of ${wire}deferred\",\"do\":\"status\",\"status\":503,\"count\":-1}"
	fault "{\"on\":\"submit\",\"match\":\"own of ${wire}stopped\",\"do\":\"status\",\"status\":401,\"count\":-1}"
	printf 'provider: %snarrow\n\nahead of all %s\n' "$wire" "$wire" >"$MNT/ahead$wire.txt"
	at_mute fault "{\"on\":\"submit\",\"match\":\"own of ${wire}refused\",\"do\":\"status\",\"status\":503,\"count\":$count}"
done
ok 'one is before those that are queued' control GET 'wait?held=2&timeout=20'

# all: STATE REVISION PROMPT of every prompt that has a status.
all() { (cd "$MNT/status" && timeout 30 find . -name '*.txt.json' -exec cat {} +) | jq -r '"\(.state) \(.revision) \(.prompt)"'; }
# How many are not in the state that they should be in.
astray() {
	local state revision prompt name missing=0
	declare -A is=()
	while read -r state revision prompt; do is[$prompt]=$state; done < <(all)
	for name in "${names[@]}"; do
		[[ " $1 " == *" ${name%-*} "* ]] || continue
		[ "${is[$(before "$name").txt]:-}" = "$(shown "${name%-*}")" ] || { missing=$((missing + 1)); echo "$name: ${is[$(before "$name").txt]:-}"; }
	done
	[ $missing = 0 ]
}

ok 'expired: each prompt is in its state' eventually 30 astray expired
neighbours=$(printf '%s\n' "${names[@]}" | grep -cE -- '-(over|onto)$')
thirds() {
	all >"$WORK/all"
	[ "$(grep -c '^completed 1 .*third' "$WORK/all")" = "$neighbours" ] || { grep third "$WORK/all" | grep -v '^completed'; false; }
}
ok 'the neighbours have their pictures' eventually 30 thirds
at_mute control POST settings '{"expiry":86400}' >/dev/null
kill -STOP "$MUTE_PID"

for state in "${!account_of[@]}"; do
	case $state in held | g-held | expired | canceled | g-canceled) continue ;; esac
	write_state "$state"
done
all_queued() { [ "$(all | grep -c "^queued 1 $1-")" = "$count" ]; }
for state in canceled g-canceled; do
	write_state $state
	ok "$state: each is queued" eventually 20 all_queued $state
	for action in $actions; do
		timeout 10 "$O/easelfs" cancel "$MNT/$(before "$state-$action").txt" >>"$WORK/cancel.out" 2>&1 || die "$(cat "$WORK/cancel.out")"
	done
done
ok 'each prompt is in its state' eventually 40 astray "${!account_of[*]}"

# --- who waits ------------------------------------------------------------------------------------------

# At once: what an open that must not block says.
looks() { timeout 10 dd if="$MNT/wait/$1.png" iflag=nonblock of=/dev/null status=none 2>&1 | grep -oE '(Resource temporarily unavailable|Input/output error|No such file or directory)$'; }
for state in "${!account_of[@]}"; do
	case $(shown "$state") in
	queued | uploading | submitting | running | downloading | deferred) says='Resource temporarily unavailable' ;;
	completed) says='' ;;
	*) says='Input/output error' ;;
	esac
	is "$(looks "$state-save")" "$says" "$state: wait/ says at once: ${says:-here it is}"
done

mkdir "$WORK/readers"
readers=()
# One whose end is written down, as the shell forgets those of so many.
reads() {
	cat "$MNT/wait/$(before "$1").png" >"$WORK/readers/$1" 2>/dev/null &
	echo $! >"$WORK/readers/$1.pid"
	wait $!
	echo $? >"$WORK/readers/$1.status"
}
for name in "${names[@]}"; do
	case $(shown "${name%-*}") in
	queued | uploading | submitting | running | downloading | deferred)
		reads "$name" &
		readers+=("$name")
		;;
	esac
done
have_pids() { [ "$(find "$WORK/readers" -name '*.pid' -size +0 | wc -l)" = ${#readers[@]} ]; }
eventually 20 have_pids
mapfile -t pids < <(cat "$WORK"/readers/*.pid)
ok 'readers wait for all that is under way' parked "${pids[@]}"

# --- what is done ----------------------------------------------------------------------------------------

act() {
	local name=$1 p
	p=$(before "$name").txt
	case ${name##*-} in
	save) own "$name" >"$MNT/$p" ;;
	edit) fresh "$name" other >"$MNT/$p" ;;
	delete) rm "$MNT/$p" ;;
	anew) rm "$MNT/$p" && own "$name" >"$MNT/$p" ;;
	other) rm "$MNT/$p" && fresh "$name" other >"$MNT/$p" ;;
	rename) mv "$MNT/$p" "$MNT/$name.renamed.txt" ;;
	folder) mv "$MNT/$name" "$MNT/$name.moved" ;;
	away) mv "$MNT/$p" "$MNT/$p~" && mv "$MNT/$p~" "$MNT/$p" ;;
	trash) mv "$MNT/$p" "$MNT/.trash/" ;;
	over) mv "$MNT/$name.third.txt" "$MNT/$p" ;;
	onto) mv "$MNT/$p" "$MNT/$name.third.txt" ;;
	*) "$O/easelfs" "${name##*-}" "$MNT/$p" >"$WORK/said/$name" 2>&1; echo $? >"$WORK/said/$name.status" ;;
	esac
}
export -f act
export MNT WORK O
mkdir "$WORK/said"
timeout 10 mkdir "$MNT/.trash"
declare -p account_of >"$WORK/accounts"
ok 'all of it can be done' timeout 90 bash -c '. "$WORK/accounts"; for name; do act "$name" || echo "$name"; done' - "${names[@]}"
# A deletion can be undone for ten seconds.
sleep 11
back() { local name; for name; do case $name in *-trash) mv "$MNT/.trash/$name.txt" "$MNT/" || return ;; esac; done; }
export -f back
ok 'what was thrown away comes back' timeout 30 bash -c 'back "$@"' - "${names[@]}"
for wire in '' g-; do
	ok "${wire}refused: and has its record again" wait_state ${wire}refused-trash.txt submitting
done

# --- everything goes on ---------------------------------------------------------------------------------

control DELETE faults >/dev/null
at_mute control DELETE faults >/dev/null 2>&1 &
kill -CONT "$MUTE_PID"
wait $!
control POST release >/dev/null
for wire in '' g-; do
	ok "${wire}stopped: one retry is enough for all" timeout 10 "$O/easelfs" retry "$MNT/${wire}stopped-save.txt"
done

# Not when their next try would come, which is later each time.
for name in "${names[@]}"; do
	case $name in deferred-* | g-deferred-*) timeout 10 "$O/easelfs" retry "$MNT/$(after "$name").txt" >/dev/null 2>&1 ;; esac
done

# --- what must have become of it ------------------------------------------------------------------------

# States and actions → state and revision, charges of the own and the other text, what is in out/ and in
# history/: `p` is the prompt's stem as it is now, `e` the file that says why there is no picture.  The first
# line that fits counts; `g-` is left out.  Where the reply has the picture, an unknown request was paid for.
unsent='queued|uploading|refused|deferred|stopped'
sent='submitting|running|downloading'
rules="
draft               edit|other    completed 2 0 1 p -
draft               over          completed 1 0 0 p -
draft               onto          draft     1 0 0 p -
draft               delete        -         - 0 0 - -
draft               *             draft     1 0 0 - -

$sent|completed     edit|other    completed 2 1 1 p p.1
$sent|completed     over|onto     completed 1 1 0 p p.1
$sent|completed     again         completed 2 2 0 p p.1
$sent               delete        -         - 1 0 - p.1
completed           delete        -         - 1 0 p -
$sent|completed     *             completed 1 1 0 p -

expired             edit|other    completed 2 1 1 p -
expired             over          completed 1 1 0 p -
expired             onto          expired   1 1 0 e+p -
expired             delete        -         - 1 0 - -
expired             again         completed 2 2 0 p -
expired             retry         completed 1 1 0 p -
expired             *             expired   1 1 0 e -

*                   edit|other    completed 2 X 1 p -
*                   over          completed 1 X 0 p -
*                   delete        -         - X 0 - -
*                   again         completed 2 Y 0 p -

refused             cancel        completed 1 1 0 p -
refused             trash         completed 1 1 0 p -
$unsent             trash|cancel  canceled  1 0 0 - -
$unsent             onto          completed 1 1 0 p p.1
$unsent             *             completed 1 1 0 p -

held|unknown        cancel        canceled  1 X 0 - -
held                release       completed 1 1 0 p -
unknown|failed      retry         completed 1 Y 0 p -
held|canceled       onto          =         1 0 0 p -
unknown|failed      onto          =         1 X 0 e+p -
held|canceled       *             =         1 0 0 - -
unknown|failed      *             =         1 X 0 e -
"
expected() {
	local state=${1%-*} action=${1##*-} states actions rest paid=0

	[ "$state" != g-unknown ] || paid=1
	while read -r states actions rest; do
		[[ ${state#g-} =~ ^(${states/#'*'/.*})$ && $action =~ ^(${actions/#'*'/.*})$ ]] || continue
		rest=${rest/=/${state#g-}} rest=${rest/X/$paid}
		echo "${rest/Y/$((paid + 1))}" | tr -s ' '
		return
	done <<<"$rules"
}
# What a person was told: 0, or 1 where there was nothing to do.
obeyed() {
	case $1 in
	retry-deferred | retry-stopped | retry-unknown | retry-failed | retry-expired | release-held) return 0 ;;
	cancel-held | cancel-queued | cancel-uploading | cancel-deferred | cancel-stopped | cancel-unknown) return 0 ;;
	again-draft) return 1 ;;
	again-*) return 0 ;;
	*) return 1 ;;
	esac
}

declare -A state_now=() charged=() out=() history=() texts=()
# Everything that can be seen, in one go.
look() {
	local state revision prompt accepted text file stem name
	state_now=() charged=() out=() history=() texts=()
	while read -r state revision prompt; do state_now[${prompt%.txt}]="$state $revision"; done < <(all)
	while read -r accepted text; do charged[$text]=$accepted; done < <(
		{ bill .prompts; at_mute bill .prompts; } |
			jq -rs '[.[] | to_entries[]] | group_by(.key)[] | "\(map(.value.accepted) | add) \(.[0].key)"')
	while read -r file; do
		name=${file#*/}
		case $file in
		out/*.error.txt) stem=${name%.error.txt} && out[$stem]+=' e' ;;
		*.reply.txt) stem=${name%.reply.txt} && texts[${file%%/*} $stem]=1 ;;
		out/*) stem=${name%.png} && out[$stem]+=' p' ;;
		*) [[ $name =~ ^(.*)\.([0-9]+(-[0-9]+)?)\.png$ ]] && stem=${BASH_REMATCH[1]} && history[$stem]+=" p.${BASH_REMATCH[2]}" ;;
		esac
	done < <(cd "$MNT" && timeout 20 find out history -type f | sort)
}
joined() { set -- $1; local IFS=+; echo "${*:--}"; }
actual() {
	local stem text="${1%-*} ${1##*-}."
	stem=$(after "$1")
	echo "${state_now[$stem]:-- -} ${charged[own of $text]:-0} ${charged[other of $text]:-0}" \
		"$(joined "${out[$stem]:-}") $(joined "${history[$stem]:-}")"
}
declare -A expect=()
for name in "${names[@]}"; do expect[$name]=$(expected "$name"); done
settled() {
	local name
	look
	for name in "${names[@]}"; do
		[ "$(actual "$name")" = "${expect[$name]}" ] || return
	done
}
eventually 60 settled
# What is not as it should be by now may still change; what is, must not.
sleep 1
look
for name in "${names[@]}"; do
	is "$(actual "$name")" "${expect[$name]}" "$name"
done

# What the model wrote follows the picture.
stray=$(for name in "${!texts[@]}"; do case $name in out\ *) [[ ${out[${name#* }]:-} == *p* ]] || echo "$name" ;; esac; done)
is "$stray" '' 'no words of the model are left alone'
# Nothing else lies about, neither under an old name nor under one that nobody would look for.
for name in "${names[@]}"; do unset "out[$(after "$name")]" "history[$(after "$name")]"; done
left=$(for name in "${!out[@]}" "${!history[@]}"; do case $name in warm-* | ahead*) ;; *) echo "$name${out[$name]:-}${history[$name]:-}" ;; esac; done | sort)
is "$left" '' 'no picture is anywhere else'
is "$(for name in "${!charged[@]}"; do case $name in third*) echo "${charged[$name]}" ;; esac; done | sort -u)" 1 \
	'neighbours were charged once each'

wrong=''
for name in "${names[@]}"; do
	case $name in *-retry | *-again | *-cancel | *-release) ;; *) continue ;; esac
	state=${name%-*} status=$(cat "$WORK/said/$name.status")
	obeyed "${name##*-}-${state#g-}"
	[ "$status" = $? ] || wrong+=" $name:$status"
	[ "$status" = 0 ] || [ -s "$WORK/said/$name" ] || wrong+=" $name: without a word"
done
is "$wrong" '' 'commands say whether there was something to do'

# --- and of those who waited ------------------------------------------------------------------------------

answered() { [ "$(find "$WORK/readers" -name '*.status' | wc -l)" = ${#readers[@]} ]; }
ok 'nobody waits any more' eventually 5 answered
wrong=''
for name in "${readers[@]}"; do
	got=$(cat "$WORK/readers/$name.status" 2>/dev/null) state=${name%-*} should=0
	case ${name##*-},${state#g-} in
	cancel,submitting | cancel,refused | cancel,running | cancel,downloading) ;;
	delete,* | trash,* | cancel,*) should=1 ;;
	esac
	[ "$got" = $should ] || wrong+=" $name:$got"
	[ $should != 0 ] || cmp -s "$WORK/readers/$name" "$MNT/out/warm-plain.png" || wrong+=" $name: another picture"
done
is "$wrong" '' "${#readers[@]} of them got a picture, or an error where there is none"
# Who comes now.
wrong=''
for name in "${names[@]}"; do
	stem=$(after "$name") should=1
	[[ ${state_now[$stem]:-} != completed* ]] || should=0
	said=$(timeout 5 cat "$MNT/wait/$stem.png" 2>&1 >/dev/null)
	got=$?
	[ $got = $should ] || wrong+=" $name:$got $said"
done
is "$wrong" '' 'whoever comes later gets it at once, or an error'

kill "${pids[@]}" 2>/dev/null
umount_it
kill "$MUTE_PID"
done_testing
