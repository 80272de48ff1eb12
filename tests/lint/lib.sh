# shellcheck shell=bash
# For tests that read the sources: they begin with it, run in the root of the tree, and end with done_testing.
set -u
cd "$(dirname "$0")/../.." || exit
count=0

# empty TEXT NAME: what is wrong, if anything is.
empty() {
	count=$((count + 1))
	if [ -z "$1" ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		printf '%s\n' "$1" | sed 's/^/# /' >&2
	fi
}

done_testing() {
	echo "1..$count"
}
