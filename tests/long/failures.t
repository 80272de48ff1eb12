#!/bin/bash
# Every call of the daemon fails once, in a scene of its own: each call of the system, of SQLite and of libcurl, by
# its number; and for a while, from some numbers on.  See tests/mount/failures.sh.  Of allocations every third one
# fails, in a scene for each of the three; those that only libfuse and the C library make, FEW of them each.
#
#     KINDS='fsync@own write@sqlite' EVERY=5 tests/run --long failures.t
. "$(dirname "$0")/../mount/failures.sh" || exit

: "${EVERY:=1}" "${FEW:=100}" "${KINDS:=}"
failures_setup
failures_count
sed 's/^/# calls: /' "$WORK/called"

scenes=()
[ -n "$KINDS" ] || scenes=(memory@own:1+99999999/3 memory@own:2+99999999/3 memory@own:3+99999999/3)
while read -r kind calls; do
	[[ -z $KINDS || " $KINDS " == *" $kind "* ]] || continue
	step=$EVERY
	case $kind in
	memory@own) continue ;;
	memory@*) step=$((calls / FEW + 1)) ;;
	esac
	for ((n = 1; n <= calls; n += step)); do
		scenes+=("$kind:$n")
	done
	for ((n = 1; n <= calls; n += calls / 5 + 1)); do
		scenes+=("$kind:$n+10")
	done
done <"$WORK/called"
failures_try "${scenes[@]}"
failures_end
