#!/bin/bash
# The index of contrib/examples has every example, each has a test that runs it, and programs can be run as they are.
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

folders=$(cd contrib/examples && printf '%s\n' */ | tr -d /)
rows=$(sed -n 's/^| \[\([a-z]*\)\](\1\/) .*/\1/p' contrib/examples/README.md)
sections=$(sed -n 's/^## //p' contrib/examples/README.md)
empty "$(diff <(sort <<<"$rows") <(sort <<<"$folders"))" 'the index has every example'
empty "$(diff <(echo "$sections") <(echo "$rows"))" 'and a section on each, in the same order'
empty "$(for one in $folders; do [ -x "tests/mount/examples_$one.t" ] || echo "$one"; done)" 'each has a test'
empty "$(grep -rlE '^#!' contrib/examples | while read -r file; do [ -x "$file" ] || echo "$file"; done)" \
	'programs are executable'
empty "$(grep -rnP '[ \t]+$' contrib/examples | grep -v '\.csv:')" 'no line ends with blanks'
echo "1..$count"
