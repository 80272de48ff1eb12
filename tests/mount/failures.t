#!/bin/bash
# Allocations, and calls of the system, of SQLite and of libcurl, fail while people work: the daemon answers with
# an errno or a state, goes on or ends with a sentence, and nothing is charged twice, lost or made of less than
# was asked for.  Each kind of call once, several in a scene, and some for a while;
# tests/long/failures.t lets every single one fail.
#
#     SEED=7 tests/run mount/failures.t
#     FAILURES='fsync@sqlite:7 write@own:3' tests/run mount/failures.t       only these
. "$(dirname "$0")/failures.sh" || exit

: "${SEED:=1}"
failures_setup
if [ -n "${FAILURES:-}" ]; then
	# shellcheck disable=SC2086
	failures_try $FAILURES
	failures_end
fi
failures_count
RANDOM=$SEED
echo "# SEED=$SEED"

# deal GROUPS REGEX: the calls whose kinds match, dealt out to that many scenes.
deal() {
	local kind calls n=0
	local -a scene=()
	while read -r kind calls; do
		scene[n % $1]+=${scene[n % $1]:+,}$kind:$((RANDOM % calls + 1))
		n=$((n + 1))
	done < <(grep -E "^($2)@" "$WORK/called")
	scenes+=("${scene[@]}")
}

# shellcheck disable=SC2054      # commas are within one
scenes=(memory@own:1+99999999/3 memory@libc:$((RANDOM % 2000 + 1)),memory@fuse:$((RANDOM % 500 + 1)))
start='fork|pipe|pthread_create|sqlite3_open|sqlite3_exec|lock|inotify'
network='socket|connect|send|recv'
deal 2 "$start"
deal 1 "$network"
deal 6 "$(cut -d@ -f1 "$WORK/called" | grep -Ev "^($start|$network|memory)$" | sort -u | paste -sd '|')"
# A disk that is full, or broken, and no descriptors, for a while.
scenes+=(
	"write@sqlite:$((RANDOM % 400 + 200))+20" "fsync@sqlite:$((RANDOM % 30 + 20))+4,write@own:$((RANDOM % 30 + 10))+4"
	"open@own:$((RANDOM % 400 + 100))+12,sqlite3_step@own:$((RANDOM % 300 + 100))+3"
)
failures_try "${scenes[@]}"
failures_end
