#!/bin/bash
# The index of contrib/examples has every example, each has a test that runs it, and programs can be run as they are.
. "$(dirname "$0")/lib.sh"

folders=$(cd contrib/examples && printf '%s\n' */ | tr -d /)
rows=$(sed -n 's/^| \[\([a-z]*\)\](\1\/) .*/\1/p' contrib/examples/README.md)
sections=$(sed -n 's/^## //p' contrib/examples/README.md)
empty "$(diff <(sort <<<"$rows") <(sort <<<"$folders"))" 'the index has every example'
empty "$(diff <(echo "$sections") <(echo "$rows"))" 'and a section on each, in the same order'
empty "$(for one in $folders; do [ -x "tests/mount/examples_$one.t" ] || echo "$one"; done)" 'each has a test'
empty "$(grep -rlE '^#!' contrib/examples | while read -r file; do [ -x "$file" ] || echo "$file"; done)" \
	'programs are executable'
empty "$(grep -rnP '[ \t]+$' contrib/examples | grep -v '\.csv:')" 'no line ends with blanks'
done_testing
