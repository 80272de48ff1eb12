#!/bin/bash
# What clang-tidy finds in the programs, and what clang warns of; the second time it looks at what is new.  The checks
# are in .clang-tidy, with the reasons for those that are not.
set -u
cd "$(dirname "$0")/../.." || exit
O=${O:-build}

echo 1..2
# It says the same of what it does not look at as of what has no mistake.
probe=$(mktemp -d)
trap 'rm -r "$probe"' EXIT
cat >"$probe/wrong.c" <<-END
	#include <string.h>
	int same(const char *a, const char *b);
	int same(const char *a, const char *b) { return strcmp(a, b) == 2; }
	END
cp .clang-tidy "$probe/"
if said=$(tests/lint/tidy-cc -c -o "$probe/wrong.o" "$probe/wrong.c" 2>&1) || [[ $said != *bugprone-suspicious-string-compare* ]]; then
	echo 'not ok 1 - it finds a string compared with 2'
else
	echo 'ok 1 - it finds a string compared with 2'
fi
# As programs are built ordinarily, also where these are built with sanitizers.
if said=$(env -u MAKEFLAGS -u MFLAGS -u OPT -u HARDEN -u SAN make -s -k O="$O/tidy" CC=tests/lint/tidy-cc objects 2>&1); then
	echo 'ok 2 - and nothing in the programs'
else
	echo 'not ok 2 - and nothing in the programs'
	printf '%s\n' "$said" | grep -v '^  [A-Z]' | sed 's/^/# /' >&2
fi
