#!/bin/bash
# What gcc's -fanalyzer finds in the programs; the second time it looks at what is new.
#
# Not in the tests, as it does not know that an assertion of cmocka ends one.  malloc-leak takes what uthash keeps in a
# table for lost; LeakSanitizer and valgrind know better.  With the usual limit it does not come to an end in some files.
set -u
cd "$(dirname "$0")/../.." || exit
O=${O:-build}
flags='-fanalyzer -Wno-analyzer-malloc-leak --param=analyzer-bb-explosion-factor=1 -fdiagnostics-path-format=none -Werror'

if ! ${CC:-gcc} -fanalyzer -fsyntax-only -x c /dev/null 2>/dev/null; then
	echo "1..0 # SKIP ${CC:-gcc} has no -fanalyzer"
	exit 0
fi
echo 1..2
# It says the same of what it does not look at as of what has no mistake.
probe='void free(void *); void twice(void *it); void twice(void *it) { free(it); free(it); }'
# shellcheck disable=SC2086
if ! ${CC:-gcc} $flags -c -o /dev/null -x c - <<<"$probe" 2>/dev/null; then
	echo 'ok 1 - it finds what is freed twice'
else
	echo 'not ok 1 - it finds what is freed twice'
fi
# As programs are built ordinarily, also where these are built with sanitizers.
if said=$(env -u MAKEFLAGS -u MFLAGS -u OPT -u HARDEN -u SAN make -s -k O="$O/analyzer" CFLAGS="$flags" objects 2>&1); then
	echo 'ok 2 - and nothing in the programs'
else
	echo 'not ok 2 - and nothing in the programs'
	printf '%s\n' "$said" | grep -v '^  [A-Z]' | sed 's/^/# /' >&2
fi
