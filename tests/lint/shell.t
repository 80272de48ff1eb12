#!/bin/bash
# What shellcheck says of the scripts and tests, from its warnings on.  SC2034 is that a variable is never
# used: what a library sets is read by its users, which shellcheck does not see.
set -u
cd "$(dirname "$0")/../.." || exit

# Whatever says in its first line that it is one, or that it is read by one.
mapfile -d '' scripts < <(find . -name build\* -prune -o -name .git -prune -o -type f -print0 |
	xargs -0 awk 'FNR == 1 && (/^#!.*(bash|\/sh)( |$)/ || /^# shellcheck shell=/) { printf "%s%c", FILENAME, 0 } { nextfile }')
echo 1..2
if [ ${#scripts[@]} -gt 100 ]; then
	echo "ok 1 - ${#scripts[@]} scripts are found"
else
	echo "not ok 1 - only ${#scripts[@]} scripts are found"
fi
if said=$(shellcheck --severity=warning --exclude=SC2034 --format=gcc "${scripts[@]}"); then
	echo 'ok 2 - shellcheck has nothing to say of them'
else
	echo 'not ok 2 - shellcheck has nothing to say of them'
	printf '%s\n' "$said" | sed 's/^/# /' >&2
fi
