# shellcheck shell=bash
#
# For tests that let single calls of the daemon fail (tests/preload/fail.c): a scene of what people do, in which
# they fail, and what must have come of it after another start without failures.
#
#     . "$(dirname "$0")/failures.sh"
#     failures_setup
#     failures_count                # $WORK/called: `KIND@ORIGIN CALLS` for each that may fail
#     failures_try fsync@own:7,write@own:3 …    # a scene for each word, and one ok
#     done_testing
#
# In each scene people write prompts (plain, with a reference, two pictures, from a provider that answers with
# the picture, in a folder with headers of its own, one that nobody else may read, one that the provider refuses),
# edit one, rename one, delete one, save one again, write one that asks for the same as another, look at statuses
# and pictures, and unmount.  What they are refused they do once more, as people do.

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh" || exit

FAIL_SO=$O/tests/preload/fail.so
: "${AT_ONCE:=6}"
# An operation of files that takes longer hangs: a disk that many tests sync may keep one waiting for some seconds.
: "${HANGS:=20}"

failures_setup() {
	[ -e "$FAIL_SO" ] || die "there is no $FAIL_SO: make build/tests/preload/fail.so"
	if ! getconf GNU_LIBC_VERSION >/dev/null 2>&1 || grep -qE '__(asan|tsan)_init' "$O/easelfs"; then
		echo '1..0 # SKIP calls fail by a preloaded library, which wants the GNU C library, and no sanitizer'
		exit
	fi
	setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
	config <<-END
	[provider sandbox]
	first-look = 0.05
	poll-min = 0.05
	poll-max = 0.2
	[provider google]
	url = $SANDBOX_URL
	END
	export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
	# 1×1 pixel
	base64 -d >"$WORK/reference.png" <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
}

# --- the daemon of one scene ------------------------------------------------------------------------

# Each has a subshell of its own, with $name, $place and $MNT.

# start [FAIL]: it may refuse to.
start() {
	local calls=${1:-}
	LD_PRELOAD=${calls:+$FAIL_SO} FAIL=${calls#none} FAIL_LOG=$place/failed "$O/easelfs" mount -f \
		-o "provider=sandbox,model=nano-banana-2,settle=0.02,budget=none" "$MNT" >>"$place/log" 2>&1 &
	DAEMON=$!
	eventually 20 _is_up "$DAEMON"
	! _is_gone "$DAEMON"
}

wrong() { echo "$*" >>"$place/wrong"; }

# stop: as users do.  It ends by itself, in order or with a sentence, never by a signal.
stop() {
	local status
	# On a busy machine somebody may just be looking into all mounts.
	eventually 20 eval '_is_gone "$DAEMON" || timeout 20 "$O/easelfs" unmount "$MNT" >>"$place/log" 2>&1'
	eventually 20 _is_gone "$DAEMON" || { wrong "$life: it does not end"; kill -KILL "$DAEMON"; }
	wait "$DAEMON" 2>/dev/null
	status=$?
	[ $status -lt 126 ] || wrong "$life: the daemon ended with status $status"
	echo "$life ended $status" >>"$place/steps"
	[ "$life" = second ] || ENDED=$status
}

# --- what is done there -----------------------------------------------------------------------------

text_of() { echo "$1 in $name"; }

# op COMMAND [ARG…]: what a person does; three times if it is refused.  Once done it is not repeated in the
# second life.
declare -A did=()
op() {
	local status step="${BASH_LINENO[0]} $*"
	[ -z "${did[$step]:-}" ] || return 0
	for _ in 1 2 3; do
		! _is_gone "$DAEMON" || return
		"$@" >>"$place/steps" 2>&1
		status=$?
		echo "$life $*: $status" >>"$place/steps"
		[ $status != 124 ] || { wrong "$life: it hangs: $*"; return 1; }
		if [ $status = 0 ]; then
			did[$step]=1
			return
		fi
		sleep 0.05
	done
	return 1
}

held() { timeout "$HANGS" "$@"; }
save() { held bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "${3:+$3
}${3:+
}$(text_of "$2")"; }
# A shell's glob would not say what failed.
renamed() { held mv -T "$MNT/$1" "$MNT/$2" || { [ ! -e "$MNT/$1" ] && [ -e "$MNT/$2" ]; }; }
deleted() { held rm -f "$MNT/$1"; }
folder() { held mkdir -p "$MNT/$1"; }
put() { held bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
hidden() { (umask 077; save "$@"); }
copied() { held cp "$WORK/reference.png" "$MNT/$1"; }
looked() {
	held find "$MNT" "$MNT/status" -type f >/dev/null && held cat "$MNT/status/cat.txt" "$MNT/.easelfs/stats" >/dev/null &&
		held getfattr -d "$MNT/cat.txt" >/dev/null 2>&1
}
seen() { held cp "$MNT/out/$1" "$place/seen.png" && [ "$(head -c 4 "$place/seen.png")" = $'\x89PNG' ]; }

has_state() { [[ $(state_of "$1") =~ ^($2)$ ]]; }
# In the first life what fails may take its time.
reaches() {
	local deadline=$((SECONDS + $([ "$life" = first ] && echo 2 || echo 20)))
	until has_state "$1" "$2"; do
		! _is_gone "$DAEMON" || return
		[ $SECONDS -lt $deadline ] || return
		[ "$life" = first ] || retry_refused "$1"
		sleep 0.05
	done
}

# What stands in a folder's .defaults, a reference and a mode must not be overlooked.
scene() {
	op save cat.txt 'a cat'
	op folder two.refs && op copied two.refs/pose.png && op save two.txt 'two cats' 'n: 2'
	op save sync.txt 'a direct cat' 'provider: google
modalities: TEXT, IMAGE'
	op folder a/b && op put a/.defaults 'n: 2' && op save a/b/deep.txt 'a deep cat'
	op hidden secret.txt 'a hidden cat'
	op save once.txt 'a cat of once' 'reuse: no'
	op save fish.txt 'a fish'
	op looked
	op reaches cat.txt 'completed|unknown'
	op save cat.txt 'another cat'
	op reaches once.txt 'completed|unknown' && op save once.txt 'a cat of once' 'reuse: no'
	op save gone.txt 'a lost cat' && op reaches gone.txt 'running|downloading|completed|unknown' && op deleted gone.txt
	op reaches two.txt 'completed|unknown' && op renamed two.txt zwei.txt
	op reaches fish.txt failed && op save fish.txt 'another fish'
	op looked
	op reaches cat.txt 'completed|unknown' && op seen cat.png && op save same.txt 'another cat'
}

# --- what must have come of it ----------------------------------------------------------------------

prompts='cat.txt zwei.txt sync.txt a/b/deep.txt fish.txt secret.txt once.txt same.txt'
settled() {
	local prompt
	for prompt in $prompts; do
		has_state "$prompt" 'completed|unknown|failed' || return
	done
}
states() { local prompt; for prompt in $prompts; do echo -n "$prompt=$(state_of "$prompt") "; done; }
pictures() { (cd "$MNT" && held find out history -type f ! -name '*.txt' 2>/dev/null) | wc -l; }
charges() {
	bill "[.prompts | to_entries[] | select(.key | endswith(\" in $name\"))
		| \"\\(.key | rtrimstr(\" in $name\"))=\\(.value.charged)\"] | sort | join(\", \")"
}
wanted='a cat of once=1, a cat=1, a deep cat=2, a direct cat=1, a fish=0, a hidden cat=1, a lost cat=1, another cat=1, another fish=1, two cats=2'
# How many references each request had.
references() {
	posts "two cats in $name" '| map(.body | if type == "string" then fromjson else . end | .image_urls | length) | unique | join(" ")'
}
modes() { stat -c %a "$MNT/secret.txt" "$MNT/out/secret.png" 2>&1 | paste -sd ' '; }

# What was refused for what has passed since says so, and a person's retry makes it.
retry_refused() {         # PROMPT…
	local prompt
	for prompt in "$@"; do
		has_state "$prompt" failed || continue
		status_of "$prompt" | grep -q '^reason: .' || wrong "$prompt has failed and says not why"
		echo "retried $prompt: $(status_of "$prompt" | grep '^reason:')" >>"$place/steps"
		held "$O/easelfs" retry "$MNT/$prompt" >>"$place/steps" 2>&1 || wrong "$prompt cannot be tried again"
	done
}

# Only what a connection does may leave anybody in doubt.
may_be_unknown() { [[ $fail =~ (socket|connect|send|recv|poll)@curl ]]; }

# more TEXT=CHARGES… TEXT=CHARGES…: those of the first list that are more than in the second
more() {
	local -A most=()
	local one n
	while IFS="=" read -r one n; do most[$one]=$n; done < <(sed 's/, /\n/g' <<<"$2")
	while IFS="=" read -r one n; do [ "$n" -le "${most[$one]:-0}" ] || echo "$one=$n"; done < <(sed 's/, /\n/g' <<<"$1")
}

judge() {
	local got charged unknown
	eventually 20 settled || { wrong "not settled: $(states)"; return; }
	# shellcheck disable=SC2086
	retry_refused $prompts
	eventually 20 settled || { wrong "not settled after retry: $(states)"; return; }
	got=$(charges)
	charged=$(grep -oE '[0-9]+(,|$)' <<<"$got" | awk '{ n += $1 } END { print n + 0 }')
	# shellcheck disable=SC2034      # read by eval below
	unknown=$(states | tr ' ' '\n' | grep -c '=unknown$')
	if may_be_unknown; then
		[ -z "$(more "$got" "$wanted")" ] || wrong "charged: $got; at most: $wanted"
		[ -z "$(states | tr ' ' '\n' | grep -Ev '=(completed|unknown)$')" ] || wrong "$(states)"
		eventually 15 eval '[ "$(pictures)" -ge "$((charged - 2 * unknown))" ]' || wrong "$(pictures) pictures of $charged charges"
		return
	fi
	[ "$got" = "$wanted" ] || wrong "charged: $got; expected: $wanted"
	# And one that is the same as another.
	eventually 15 eval '[ "$(pictures)" = "$((charged + 1))" ]' || wrong "$(pictures) pictures of $charged charges"
	[ "$(references)" = 1 ] || wrong "sent with $(references) references"
	[ "$(modes)" = '600 600' ] || wrong "modes: $(modes)"
	[ -z "$(states | tr ' ' '\n' | grep -v '=completed$')" ] || wrong "$(states)"
}

# --- one scene --------------------------------------------------------------------------------------

play() {                  # FAIL
	local fail=$1 life=first ENDED=
	mkdir -p "$MNT"
	fault "{\"match\":\"$(text_of 'a fish')\",\"on\":\"submit\",\"count\":9,\"do\":\"fail_task\",\"code\":\"generation_failed\",\"message\":\"no\"}"
	if start "$1"; then
		scene
	fi
	stop
	life=second
	start || wrong 'it does not start again'
	scene
	[ -e "$place/wrong" ] || judge
	stop
	grep -E -A5 'bug at |\*\*\*|Assertion' "$place/log" >>"$place/wrong"
	[ -s "$place/wrong" ] || echo "${ENDED}" >"$place/right"
}

# failures_try FAIL…: a scene for each, some at once.
tried=0 missed=0 ended=0 retried=0
failures_try() {
	local fail name place
	local -a waiting=()
	for fail in "$@"; do
		name=${fail//[^a-zA-Z0-9_]/-}
		place=$WORK/$name
		mkdir "$place" || continue
		MNT=$place/gen
		_mounts+=("$MNT")
		(trap - EXIT; play "$fail" 2>>"$place/said"; touch "$place/over") &
		waiting+=("$name")
		[ ${#waiting[@]} -lt "$AT_ONCE" ] || failures_report
	done
	while [ ${#waiting[@]} -gt 0 ]; do
		failures_report
	done
}

# The oldest of `waiting`.
failures_report() {
	local name=${waiting[0]} place=$WORK/${waiting[0]}
	waiting=("${waiting[@]:1}")
	eventually 200 test -e "$place/over" || echo 'it does not come to an end' >>"$place/wrong"
	tried=$((tried + 1))
	grep -q ^failed "$place/failed" || missed=$((missed + 1))
	retried=$((retried + $(grep -c ^retried "$place/steps")))
	# Who did not end in order has not counted.
	if grep -q ^called "$place/failed"; then
		awk '/^called/ { n += $4 } END { print n }' "$place/failed"
	else
		grep -c ^failed "$place/failed"
	fi >>"$WORK/count-of-failures"
	if [ -s "$place/right" ]; then
		[ "$(cat "$place/right")" = 0 ] || ended=$((ended + 1))
		pass "$name"
	else
		fail "$name"
		diag "$(cat "$place/wrong" "$place/said" 2>/dev/null)
$(tail -n 30 "$place/steps")"
		diag "$(grep ^failed "$place/failed" | head -n 3; failures_where "$place/failed")"
		diag "$(tail -n 12 "$place/log")"
	fi
	[ -n "${KEEP:-}" ] || rm -rf --one-file-system "$place"
}

# Where in the program the first one was.
failures_where() {
	local places
	places=$(grep -m1 ^failed "$1" | cut -d' ' -f3-)
	# shellcheck disable=SC2086
	[ -z "$places" ] || addr2line -sfe "$O/easelfs" $places | paste - - | head -n 8
}

# failures_count: what there is to fail, as `KIND@ORIGIN CALLS`.
failures_count() {
	local name=count place=$WORK/count
	mkdir "$place"
	MNT=$place/gen
	_mounts+=("$MNT")
	(trap - EXIT; play none)
	[ -s "$place/right" ] || die "without failures it does not go well: $(cat "$place/wrong" "$place/log")"
	# Not the channel to the kernel, and what a library asks of itself.  libseccomp crashes without memory.
	sed -n 's/^called //p' "$place/failed" | cut -d' ' -f1,2 |
		grep -Ev '^(short-)?(read|write)@fuse|^poll@fuse|^sqlite3.*@sqlite|^curl_.*@curl|^memory@(seccomp|other)' >"$WORK/called"
	rm -rf --one-file-system "$place"
}

# failures_end: what was counted.
failures_end() {
	echo "# scenes $tried, in which nothing failed $missed, ended by themselves $ended, calls that failed $(
		awk '{ n += $1 } END { print n + 0 }' "$WORK/count-of-failures"), tried again by a person $retried"
	done_testing
}
