#!/bin/bash
# What cppcheck finds.  What it should know of libraries is in cppcheck.cfg, what it is not asked, and why, in
# cppcheck.suppressions.
set -u
cd "$(dirname "$0")/../.." || exit
config=tests/lint/cppcheck

check() {
	cppcheck --quiet --std=c11 --enable=warning,style,performance,portability --template=gcc --error-exitcode=1 \
		--library=posix,openssl,libcurl,sqlite3,$config.cfg --suppressions-list=$config.suppressions \
		-D_GNU_SOURCE -DHAVE_SECCOMP "$@" 2>&1
}

echo 1..2
# It says the same of a file that it does not understand as of one without a mistake.
probe=$(mktemp -d)
trap 'rm -r "$probe"' EXIT
cat >"$probe/wrong.c" <<-END
	int f(cJSON *of);
	int f(cJSON *of)
	{
		int found[2] = { 0 };
		cJSON *e;
		cJSON_ArrayForEach(e, of)
			found[2] = 1;
		return found[0];
	}
	END
if said=$(check "$probe/wrong.c"); then
	echo 'not ok 1 - it finds a mistake in a loop of cJSON'
else
	[[ $said == *arrayIndexOutOfBounds* ]] || echo -n 'not '
	echo 'ok 1 - it finds a mistake in a loop of cJSON'
fi
if said=$(check base.c cache api fs contrib/sandbox tests); then
	echo 'ok 2 - and none in the tree'
else
	echo 'not ok 2 - and none in the tree'
	printf '%s\n' "$said" | sed 's/^/# /' >&2
fi
