# shellcheck shell=bash
#
# For tests over a real mount.  A test is:
#
#     #!/bin/bash
#     . "$(dirname "$0")/lib.sh"
#     setup                         # a folder of its own, a sandbox, a configuration
#     mount_it                      # $MNT
#     echo 'a cat' >"$MNT/cat.txt"
#     ok 'a prompt is completed' wait_state cat.txt completed
#     done_testing
#
# $O is where the programs were built.  Everything lies in $WORK, under $TEST_DIR (default
# /var/tmp), and is gone at the end, however that came; KEEP=1 keeps it.  What touches a mount runs
# under timeout(1).  A test fails, too, when a daemon's log or a sanitizer has something to say.

set -u
O=$(realpath "${O:-$(dirname "${BASH_SOURCE[0]}")/../../build}")
WORK=
MNT=
SANDBOX_PID=
SANDBOX_URL=
RESULTS_URL=
_count=0
_failed=0
_planned=
_done=
_mounts=()                # every mountpoint of this test, oldest first
_pids=()                  # daemons and sandboxes

# --- TAP --------------------------------------------------------------------------------------------

diag() { printf '%s\n' "$*" | sed 's/^/# /' >&2; }

_result() {               # STATUS NAME
	_count=$((_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $_count - $2"
	else
		_failed=$((_failed + 1))
		echo "not ok $_count - $2"
	fi
	return "$1"
}

# ok NAME COMMAND [ARG…]: the command succeeds.  Its output is shown when it does not.
ok() {
	local name=$1 status out=${WORK:+$WORK/.ok}
	shift
	"$@" >"${out:=/dev/null}" 2>&1
	status=$?
	_result $status "$name" || diag "$* → $status
$(cat "$out")"
}

not() { ! "$@"; }

# is GOT EXPECTED NAME
is() {
	local status=0
	[ "$1" = "$2" ] || status=1
	_result $status "$3" || diag "got:      $1
expected: $2"
}

# like GOT REGEX NAME (extended, as bash's =~)
like() {
	local status=0
	[[ $1 =~ $2 ]] || status=1
	_result $status "$3" || diag "got:        $1
not like:   $2"
}

pass() { _result 0 "$1"; }
fail() { _result 1 "$1"; }

# How many there will be; without it done_testing says how many there were.
plan() {
	_planned=$1
	echo "1..$1"
}

done_testing() {
	[ -n "$_planned" ] || echo "1..$_count"
	_done=1
	exit $((_failed > 0))
}

# Gives the whole test up; it counts as failed.
die() {
	diag "$*"
	exit 1
}

# --- sanitizers ---------------------------------------------------------------------------------------

# Whether the programs were built with one: they take more memory then, and more time.
sanitized() { grep -q -e __asan_init -e __tsan_init "$O/easelfs"; }

# How many times as long things may take.
PATIENCE=1
! sanitized 2>/dev/null || PATIENCE=5

# --- waiting ----------------------------------------------------------------------------------------

# eventually SECONDS COMMAND [ARG…]: repeats it every 50 ms until it succeeds; longer with sanitizers.
eventually() {
	local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * PATIENCE * 1000000))
	shift
	until "$@"; do
		if [ "${EPOCHREALTIME/[.,]/}" -gt "$deadline" ]; then
			return 1
		fi
		sleep 0.05
	done
}

# prompt a/cat.txt TEXT: writes it.
prompt() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }

# The text, or the state, of a prompt's status file: status_of a/cat.txt
status_of() { timeout 10 cat "$MNT/status/$1"; }
state_of() { status_of "$1" 2>/dev/null | awk '$1 == "state:" { print $2; exit }'; }

_has_state() { [ "$(state_of "$1")" = "$2" ]; }

# wait_state PROMPT STATE [SECONDS]
wait_state() {
	eventually "${3:-20}" _has_state "$1" "$2" && return
	echo "$1 is not $2 after ${3:-20} s, but:"
	status_of "$1"
	return 1
}

# --- the sandbox ------------------------------------------------------------------------------------

# sandbox_start [OPTION…]: tasks take 0.3 s, on any free port.  Sets SANDBOX_URL and RESULTS_URL.
sandbox_start() {
	local ready line='' pipe=$WORK/sandbox.ready
	rm -f "$pipe"
	mkfifo "$pipe"
	"$O/easelfs-sandbox" --port 0 --time 0.3 "$@" >"$pipe" 2>>"$WORK/sandbox.log" &
	SANDBOX_PID=$!
	_pids+=("$SANDBOX_PID")
	exec {ready}<"$pipe"
	read -r -t 20 -u "$ready" line
	# shellcheck disable=SC2034
	read -r _ _ SANDBOX_URL _ RESULTS_URL <<<"$line"
	[[ $line == 'listening on http://'*' results http://'* ]] ||
		die "the sandbox did not start: $line
$(cat "$WORK/sandbox.log")"
}

sandbox_stop() {
	kill "$SANDBOX_PID"
	wait "$SANDBOX_PID" 2>/dev/null
	SANDBOX_PID=
}

# control METHOD PATH [JSON]: what the sandbox's /control/PATH answers.
control() {
	curl -sS --fail-with-body --max-time 20 -X "$1" ${3:+-H 'Content-Type: application/json' --data "$3"} \
		"$SANDBOX_URL/control/${2#/}"
}

# bill .accepted: a part of the sandbox's bill.
bill() { control GET bill | jq -r "$1"; }
# The same of one prompt, by its text: of_prompt TEXT accepted; and how often a task was accepted.
of_prompt() { bill ".prompts[\"$1\"].$2 // 0"; }
accepted() { of_prompt "$1" accepted; }

# costs N NAME: so many pictures were accepted since the last time.
_paid=0
costs() {
	local now
	now=$(bill .accepted)
	is $((now - _paid)) "$1" "$2"
	_paid=$now
}

# posts TEXT FILTER: the requests with that in their body, as jq's FILTER shows them.
posts() { control GET requests | jq -r "[.[] | select(.method == \"POST\" and (.body | tostring | contains(\"$1\")))] $2"; }

# fault RULE, setting JSON: what the sandbox does from now on.
fault() { control POST faults "$1" >/dev/null || die "fault $1"; }
setting() { control POST settings "$1" >/dev/null || die "setting $1"; }

# --- a place ----------------------------------------------------------------------------------------

# setup [SANDBOX-OPTION…]
setup() {
	local parent=${TEST_DIR:-/var/tmp}
	WORK=$(mktemp -d "$(realpath "$parent")/$(basename "$0" .t).XXXXXX") || exit
	trap _cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	export HOME=$WORK/home TMPDIR=$WORK/tmp
	export XDG_CONFIG_HOME=$HOME/.config XDG_STATE_HOME=$HOME/.state XDG_RUNTIME_DIR=$WORK/run
	export XDG_DATA_HOME=$HOME/.local/share XDG_CACHE_HOME=$HOME/.cache
	mkdir -p "$HOME" "$TMPDIR" "$XDG_CONFIG_HOME/easelfs" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR"
	chmod 700 "$XDG_RUNTIME_DIR"
	export LC_ALL=C.UTF-8
	# Nobody's key is ever used, nor a proxy, nor a configuration of whoever runs this.
	unset TOAPIS_API_KEY TOKAIFY_API_KEY GEMINI_API_KEY GOOGLE_API_KEY OPENAI_API_KEY EASELFS_CONFIG
	unset APIMART_API_KEY EVOLINK_API_KEY
	unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NOTIFY_SOCKET
	export EASELFS_SANDBOX_KEY=key-of-the-tests
	# Tests kill daemons more often than anybody should have to.
	export EASELFS_CRASH_LOOP=none
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}log_path=$WORK/sanitizer
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:+$UBSAN_OPTIONS:}log_path=$WORK/sanitizer:print_stacktrace=1
	export TSAN_OPTIONS=${TSAN_OPTIONS:+$TSAN_OPTIONS:}log_path=$WORK/sanitizer
	# It cannot have its filter there (fs/confine.c), and would say so at each mount.
	! sanitized || export EASELFS_SANDBOXING=off
	sandbox_start "$@"
	config <<-END
	[provider sandbox]
	url = $SANDBOX_URL
	END
}

# Appends standard input to the configuration.
config() { cat >>"$XDG_CONFIG_HOME/easelfs/config"; }

# After setup: prompts go to the sandbox, soon after they are saved, and are asked for as soon as it may be.
impatient() {
	config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
	settle = 0.05
	END
}

# --- mounts -----------------------------------------------------------------------------------------

# Reads options as mount_it and mount_fg take them: sets MNT, and _args to what easelfs is called with.
_mount_args() {
	if [ $# = 0 ] || [[ $1 == -* && ${!#} != /* ]]; then
		set -- "$@" "$WORK/gen"
	fi
	MNT=${!#}
	timeout 10 mkdir -p "$MNT"
	_mounts+=("$MNT")
	_args=("$@")
}

# mount_it [-o OPTION,…]… [SOURCE] [MOUNTPOINT]: in the background, as users do; absolute paths,
# $WORK/gen if there is none.  Sets MNT.
mount_it() {
	local pid
	_mount_args "$@"
	timeout 20 "$O/easelfs" mount "${_args[@]}" >"$WORK/mount.out" 2>&1 || {
		local status=$?
		cat "$WORK/mount.out"
		return $status
	}
	pid=$(daemon_pid "$MNT") || return
	_pids+=("$pid")
}

# The same in the foreground of a background job: what it logs goes to $WORK/daemon.log, and its exit
# status can be waited for.  Sets MNT and DAEMON.
mount_fg() {
	_mount_args "$@"
	"$O/easelfs" mount -f "${_args[@]}" >>"$WORK/daemon.log" 2>&1 &
	DAEMON=$!
	_pids+=("$DAEMON")
	eventually 20 _is_up "$DAEMON" && [ -n "$(daemon_pid "$MNT")" ]
}

# It answers, or it is gone.
_is_up() { daemon_pid "$MNT" >/dev/null || ! kill -0 "$1" 2>/dev/null; }

# daemon_pid [MNT]
daemon_pid() { timeout 10 getfattr --absolute-names -n user.easelfs.pid --only-values "${1:-$MNT}" 2>/dev/null; }

_is_gone() { ! kill -0 "$1" 2>/dev/null; }

# The child of a daemon that unmounts for it: broker_of PID
broker_of() {
	local pid
	for pid in $(ps -o pid= --ppid "$1"); do
		[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != easelfs-broker ] || echo "$pid"
	done
}

# Kills both, so that the mount stays, dead: kill_daemon PID
kill_daemon() {
	kill -KILL "$(broker_of "$1")" "$1"
	eventually 10 _is_gone "$1"
}

# umount_it [MNT]: as users do; returns when the daemon is gone, too.
umount_it() {
	local mnt=${1:-$MNT} pid
	pid=$(daemon_pid "$mnt")
	timeout 20 "$O/easelfs" unmount "$mnt" || return
	[ -z "$pid" ] || eventually 20 _is_gone "$pid"
}

# The connection number of what is mounted at that absolute path, topmost first; asks nothing of the
# mount itself.
_connection_at() {
	local at path dev number=
	while read -r _ _ dev _ at _; do
		printf -v path '%b' "$at"
		[ "$path" = "$1" ] && number=${dev#*:}
	done </proc/self/mountinfo
	[ -n "$number" ] && echo "$number"
}

is_mounted() { _connection_at "$1" >/dev/null; }

# Takes a mount away whatever state its daemon is in.
_force_umount() {
	local number control=/sys/fs/fuse/connections
	while number=$(_connection_at "$1"); do
		[ -d $control/"$number" ] || mount -t fusectl none $control 2>/dev/null
		{ echo 1 >$control/"$number"/abort; } 2>/dev/null
		timeout 10 umount -l "$1" 2>/dev/null || timeout 10 fusermount3 -u -z "$1" || return
	done
}

# --- readers that wait ------------------------------------------------------------------------------

# reader NAME OUTPUT: copies wait/NAME to a file in the background, as cat(1) does, and can be ended
# with SIGINT.  Its errors go to OUTPUT.err.  Sets READER.
reader() {
	env --default-signal=INT cat "$MNT/wait/$1" >"$2" 2>"$2.err" &
	READER=$!
}

# Whether all of these sleep in cat(1), which has nothing else to sleep in than its open.
_are_parked() {
	local pid stat
	for pid in "$@"; do
		stat=$(cat "/proc/$pid/stat" 2>/dev/null) && [[ $stat == *' (cat) S '* ]] || return
	done
}

parked() { eventually 20 _are_parked "$@"; }

# --- the end ----------------------------------------------------------------------------------------

# What a daemon should never have said.
_suspicious() {
	cat "$WORK"/sanitizer.* 2>/dev/null
	grep -E -A20 'runtime error|ERROR: [A-Za-z]+Sanitizer|WARNING: ThreadSanitizer|bug at |BUG' \
		"$WORK"/daemon.log "$WORK"/sandbox.log 2>/dev/null
}

_cleanup() {
	local status=$? i pid said
	trap - EXIT
	cd / || exit
	for ((i = ${#_mounts[@]} - 1; i >= 0; i--)); do
		is_mounted "${_mounts[i]}" || continue
		timeout 20 "$O/easelfs" unmount "${_mounts[i]}" >/dev/null 2>&1
		_force_umount "${_mounts[i]}"
	done
	# Time to leave by themselves: a daemon does when it is unmounted, and sanitizers report at the end.
	[ -z "$SANDBOX_PID" ] || kill "$SANDBOX_PID"
	for pid in "${_pids[@]}"; do
		eventually 5 _is_gone "$pid" || kill -KILL "$pid"
	done
	# shellcheck disable=SC2046
	kill $(jobs -p) 2>/dev/null
	said=$(_suspicious)
	if [ -n "$said" ]; then
		diag "logged:
$said"
		status=1
	fi
	if [ -z "$_done" ] && [ "$status" = 0 ]; then
		diag "the test ended before done_testing"
		status=1
	fi
	if [ "$status" != 0 ] && [ -s "$WORK/daemon.log" ]; then
		diag "the end of the daemon's log:
$(tail -n 20 "$WORK/daemon.log")"
	fi
	if [ -n "${KEEP:-}" ]; then
		diag "kept: $WORK"
	else
		rm -rf --one-file-system "$WORK"
	fi
	exit "$status"
}
