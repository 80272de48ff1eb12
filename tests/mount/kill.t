#!/bin/bash
# The daemon is killed at every point of the table in cache/kill.h, each time in a folder of its own, and
# started again: every prompt ends with one charge and one picture, or as `unknown`, not sent again, where
# nobody can say what became of it.
#
#     POINTS='AFTER_SUBMIT LOOKED_UP' tests/run mount/kill.t       only these
. "$(dirname "$0")/lib.sh" || exit

KILL=$O/kill/easelfs
[ -x "$KILL" ] || die "there is no $KILL: make kill"
stride=1
if [ "$(id -u)" != 0 ]; then
	stride=3
fi
at_once=6

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.05
	poll-min = 0.05
	[provider google]
	url = $SANDBOX_URL
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY

# 1×1 pixel
png='iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
base64 -d <<<"$png" >"$WORK/reference.png"

# --- the daemon of one point ------------------------------------------------------------------------

# Each point has a subshell of its own, with $point, $wire, $provider, $place and $MNT.

# It may die before it answers; the mountpoint may still be dead from the time before.
start() {
	EASELFS_KILL=$1 "$KILL" mount -f -o "provider=$provider,model=nano-banana-2,settle=0.02,budget=none" "$MNT" >>"$place/log" 2>&1 &
	DAEMON=$!
	eventually 20 _is_up "$DAEMON"
}

# died: of SIGKILL
died() {
	eventually 10 _is_gone "$DAEMON" || return
	wait "$DAEMON" 2>/dev/null
	[ $? = 137 ]
}

# --- what is done there -----------------------------------------------------------------------------

# A way is a list of steps.  The first that fails ends it, as the daemon is dead by then; after the next
# start it goes on with that very step.
at=0 passed=0

step() {                  # COMMAND [ARG…]
	at=$((at + 1))
	[ $at -gt $passed ] || return 0
	echo "$*" >>"$place/steps"
	"$@" >>"$place/steps" 2>&1 || return
	passed=$at
}

go() { at=0; "way_$way"; }

# Texts are of this point alone, so that the sandbox's bill tells them apart.
text_of() { echo "$1 at $wire $point"; }
write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
save() { step write "$1" "${3:+$3
}${3:+
}$(text_of "$2")"; }
folder() { step timeout 10 mkdir -p "$MNT/$1"; }
# The daemon may have done it, and died before it could say so.
rename() { timeout 10 mv "$MNT/$1" "$MNT/$2" || { [ "$life" = 2 ] && [ ! -e "$MNT/$1" ] && [ -e "$MNT/$2" ]; }; }
moved() { step rename "$1" "$2"; }
delete() { timeout 10 rm "$MNT/$1" || { [ "$life" = 2 ] && [ ! -e "$MNT/$1" ]; }; }
reference() { folder "$1" && step timeout 10 cp "$WORK/reference.png" "$MNT/$1/pose.png"; }
fault() { step control POST faults "{\"match\":\"$(text_of "$1")\",$2}"; }
has_state() { [[ $(state_of "$1") =~ ^($2)$ ]]; }
# The newest text, that is, which a reader in wait/ waits for.
reaches() {
	[ "$2" = held ] || timeout 20 cat "$MNT/wait/${1%.txt}" >/dev/null
	# A dead daemon reaches nothing.
	until has_state "$1" "$2"; do
		! _is_gone "$DAEMON" || return
		[ $((SECONDS - began)) -lt 20 ] || return
		sleep 0.03
	done
}
ends() { step reaches "$1" "$2"; }
completed() { ends "$1" 'completed|unknown'; }
# In the first life: until the end of it.
lives_on() { step eval '[ "$life" = 2 ]'; }

way_plain() { save cat.txt 'a cat' && completed cat.txt; }
way_polled() { way_plain; }
# Until the provider has answered once the first goes alone, so the second is new and queued in the same
# transaction, however slow the machine.
way_queued() { save cat.txt 'two cats' 'n: 2' && completed cat.txt; }
way_damaged() { way_held; }
way_unclean() { way_plain; }
way_start() { lives_on && way_plain; }
way_synchronous() { save cat.txt 'a cat' 'modalities: TEXT, IMAGE' && completed cat.txt; }
way_folder() { folder a/b && save a/b/cat.txt 'a cat' && completed a/b/cat.txt; }
way_reference() { reference cat.refs && save cat.txt 'two cats' 'n: 2' && completed cat.txt; }
way_uploaded() { way_reference; }
way_held() {
	ends cat.txt held && step timeout 10 "$KILL" release "$MNT/cat.txt" && completed cat.txt
}
way_forgotten() {
	reference refs && save cat.txt 'a cat' 'refs: pose.png' && completed cat.txt &&
		fault 'a dog' '"on":"submit","count":2,"do":"status","status":400,"body":{"error":{"code":"invalid_request","message":"bad image_urls","param":"image_urls"}}' &&
		save dog.txt 'a dog' 'refs: pose.png' && completed dog.txt
}
way_deferred() {
	fault 'a cat' '"on":"submit","do":"status","status":429,"headers":{"Retry-After":"0.2"}' && way_plain
}
way_lookup() { fault 'a cat' '"on":"submit","do":"drop_after"' && way_plain; }
way_unknown() { fault 'a cat' '"on":"submit","do":"drop_before"' && way_plain; }
way_refresh() { fault 'a cat' '"on":"download","do":"status","status":404' && way_plain; }
way_failed() {
	case $wire in
	task) fault 'a cat' '"on":"submit","do":"fail_task","code":"generation_failed","message":"no"' ;;
	*) fault 'a cat' '"on":"submit","do":"finish"' ;;
	esac && save cat.txt 'a cat' && ends cat.txt "failed$(! may_be_unknown || echo '|unknown')" && step eventually 5 test -s "$MNT/out/cat.error.txt"
}
says_nothing() { [ ! -e "$MNT/out/cat.error.txt" ] || has_state cat.txt unknown; }
way_mended() {
	way_failed && save cat.txt 'another cat' && completed cat.txt &&
		step eventually 5 says_nothing
}
# A clean end of the first life, that is, up to its last transaction.
way_unmounted() { way_failed && step eval 'timeout 10 "$KILL" unmount "$MNT"; [ "$life" = 2 ]'; }
way_edited() { way_plain && save cat.txt 'another cat' && completed cat.txt; }
way_fewer() {
	save cat.txt 'two cats' 'n: 2' && completed cat.txt && save cat.txt 'one cat' && completed cat.txt
}
way_deleted() { way_plain && step delete cat.txt; }
way_renamed() { way_edited && moved cat.txt dog.txt && completed dog.txt; }
way_replaced() {
	way_plain && save dog.txt 'a dog' && completed dog.txt && moved cat.txt dog.txt && completed dog.txt
}
way_onto() {
	folder out && step timeout 10 cp "$WORK/reference.png" "$MNT/out/dog.png" && way_plain &&
		moved cat.txt dog.txt && completed dog.txt
}

before() {                # what is there before the first mount
	mkdir -p "$MNT"
	case $1 in
	held | damaged) text_of 'a cat' >"$MNT/cat.txt" ;;
	esac
	case $1 in
	damaged)
		mkdir -m 700 "$MNT/.easelfs" "$MNT/.easelfs/incoming"
		echo 'no journal' >"$MNT/.easelfs/journal.db"
		echo 'a picture' >"$MNT/.easelfs/incoming/7-1.part"
		;;
	unclean) export EASELFS_CRASH_LOOP=9/600; start '' && kill -KILL "$DAEMON" && died ;;
	esac
}

# --- what must have come of it ----------------------------------------------------------------------

# `pictures | text=charges…` of each way, with nothing unknown.
outcome() {
	case $1 in
	plain | polled | start | held | damaged | unclean | deferred | lookup | refresh | synchronous | deleted) echo 'out/cat.png | a cat=1' ;;
	folder) echo 'out/a/b/cat.png | a cat=1' ;;
	queued | reference | uploaded) echo 'out/cat-1.png out/cat-2.png | two cats=2' ;;
	forgotten) echo 'out/cat.png out/dog.png | a cat=1, a dog=1' ;;
	unknown) echo '| ' ;;
	failed | unmounted) echo '| a cat=0' ;;
	mended) echo 'out/cat.png | a cat=0, another cat=1' ;;
	edited) echo 'history/cat.1.png out/cat.png | a cat=1, another cat=1' ;;
	fewer) echo 'history/cat.1-1.png history/cat.1-2.png out/cat.png | one cat=1, two cats=2' ;;
	renamed) echo 'history/dog.1.png out/dog.png | a cat=1, another cat=1' ;;
	replaced) echo 'history/dog.1.png out/dog.png | a cat=1, a dog=1' ;;
	onto) echo 'history/dog.0.png out/dog.png | a cat=1' ;;
	*) die "nobody says what comes of the way $1" ;;
	esac
}

pictures() { (cd "$MNT" && timeout 10 find out history -type f ! -name '*.txt' 2>/dev/null) | sort | paste -sd ' '; }
charges() {
	bill "[.prompts | to_entries[] | select(.key | endswith(\" at $wire $point\"))
		| \"\\(.key | rtrimstr(\" at $wire $point\"))=\\(.value.charged)\"] | sort | join(\", \")"
}
came() { echo "$(pictures) | $(charges)" | sed 's/^ //'; }

# What was on its way when the daemon died may end as `unknown`.
may_be_unknown() {
	case $wire,$point in
	*,AFTER_INTENT | *,AFTER_NEW | *,*_OUT_FOLDER | *,*_BESIDE_SYNC | *,*SUBMIT | *,SUBMIT_* | *,BEFORE_DEFERRED | *,*_MEMO_FORGET | *_UNKNOWN) ;;
	# Said and done while it is sent.
	*,*_ERROR_REMOVE | *,BEFORE_SYNC | *,AFTER_SYNC) ;;
	# What has come cannot be asked for again, until the whole of it is recorded.
	gemini,REPLY_COMING | gemini,BEFORE_REPLY) ;;
	*) return 1 ;;
	esac
}

# Then nothing was charged twice, and each charge has its picture.  Where a provider cannot be asked, one
# charge may lack it: that of the unknown one.
unknown_is_right() {      # CAME
	local charged=0 lacks shown
	shown=$(wc -w <<<"${1%%|*}")
	while read -r n; do
		[ "$n" -le 1 ] || return
		charged=$((charged + n))
	done < <(grep -oE '[0-9]+(,|$)' <<<"${1#*|}" | tr -d ,)
	lacks=$((charged - shown))
	[ $lacks = 0 ] || { [ "$wire" != task ] && [ $lacks = 1 ]; }
}

is_right() {
	local got wanted
	got=$(came) wanted=$(outcome "$way")
	# Nobody saw the rename: a deletion, and an edit to the same text, which has the same picture.
	if [ "$point" = BEFORE_REPLACED ]; then
		wanted=${wanted/'out/dog.png'/'out/cat.png out/dog.png'}
	fi
	if [ "$got" = "$wanted" ]; then
		echo completed
	else
		may_be_unknown && grep -rq '^state: *unknown' "$MNT/status" && unknown_is_right "$got" && echo unknown
	fi
}

# --- one point --------------------------------------------------------------------------------------

# Of a journal that was damaged; nobody knows whether it was paid for.
keeps_download() { ! mountpoint -q "$MNT" && grep -rqx 'a picture' "$MNT/.easelfs"; }

# Leaves `completed` or `unknown` in $place/right, or what is wrong in $place/wrong.
visit() {
	local life=1 began=$SECONDS right
	before "$way"
	start "$point"
	go
	if ! died; then
		echo "it was never passed, on the way $way" >"$place/wrong"
		return
	fi
	life=2 began=$SECONDS
	start ''
	go || echo "after the next start the way $way does not go on" >"$place/wrong"
	[ -e "$place/wrong" ] || eventually 5 eval 'right=$(is_right)' ||
		echo "got: $(came); expected: $(outcome "$way")" >"$place/wrong"
	timeout 20 "$KILL" unmount "$MNT" >/dev/null 2>&1
	[ "$way" != damaged ] || eventually 5 keeps_download || echo "an unfinished download is lost" >"$place/wrong"
	[ -e "$place/wrong" ] || echo "$right" >"$place/right"
}

# visit_all WIRE PROVIDER WAYS: as many at once as the machine likes
visit_all() {
	local wire=$1 provider=$2 ways=" $3 " point way place n=0
	local -a points=()
	while read -r point way _; do
		[[ $ways == *[[:space:]]"$way"[[:space:]]* ]] && [[ -z ${POINTS:-} || " $POINTS " == *" $point "* ]] || continue
		n=$((n + 1))
		[ $((n % stride)) = 0 ] || continue
		place=$WORK/$wire-$point
		mkdir "$place"
		MNT=$place/gen
		_mounts+=("$MNT")
		points+=("$wire-$point")
		while [ "$(jobs -pr | wc -l)" -gt "$at_once" ]; do
			wait -n -p _ 2>/dev/null
		done
		(trap - EXIT; visit) &
	done < <("$KILL" kill-points)
	for point in "${points[@]}"; do
		eventually 90 eval "[ -e '$WORK/$point/right' ] || [ -e '$WORK/$point/wrong' ]"
	done
	report "${points[@]}"
}

report() {
	local point killed=0 unknown=0
	for point in "$@"; do
		if [ -s "$WORK/$point/right" ]; then
			killed=$((killed + 1))
			[ "$(cat "$WORK/$point/right")" = completed ] || unknown=$((unknown + 1))
			pass "$point: $(cat "$WORK/$point/right")"
		else
			fail "$point"
			diag "$(cat "$WORK/$point/wrong" "$WORK/$point/steps" 2>&1 | tail -n 20)"
			diag "$(tail -n 20 "$WORK/$point/log")"
		fi
	done
	echo "# points $#, killed $killed$([ $stride = 1 ] || echo " (every ${stride}rd, as $(id -un))"), unknown $unknown"
}

[ $stride = 1 ] || diag "as $(id -un): every ${stride}rd point"
visit_all task sandbox 'start damaged unclean plain queued folder reference held deferred unknown failed unmounted mended edited
	fewer deleted renamed replaced onto uploaded polled forgotten lookup refresh'
# What happens to finished pictures is the same whoever made them.
visit_all gemini google 'plain queued reference deferred unknown failed synchronous'
done_testing
