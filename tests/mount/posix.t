#!/bin/bash
# A mount does what the filesystem beneath it does: each operation, each error, each change of times.
. "$(dirname "$0")/lib.sh"
setup
others=
if [ "$(id -u)" = 0 ]; then
	others=,allow_other,dev,suid
	chmod 755 "$WORK"
fi
mkdir -m 755 "$WORK/src"
mount_fg -o "provider=sandbox$others" "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'

# With what is in it, also where its owner may not enter it.
remove() { timeout 100 chmod -R u+rwx "$1" && timeout 100 rm -r "$1"; }

# same TOOL FOLDER [ARG…]: the tool says the same of a folder of the mount and of one beside the source.
same() {
	local tool=$1 folder=$2 count
	shift 2
	timeout 10 mkdir -p "$MNT/$folder" || return
	mkdir "$WORK/plain" &&
		timeout 200 "$O/tests/tools/$tool" "$WORK/plain" "$@" >"$WORK/expected" &&
		timeout 200 "$O/tests/tools/$tool" "$MNT/$folder" "$@" >"$WORK/got" || return
	remove "$WORK/plain" && remove "$MNT/$folder" || return
	count=$(wc -l <"$WORK/expected")
	echo "# $tool in $folder: $count lines" >&2
	[ "$count" -gt 10 ] && diff "$WORK/expected" "$WORK/got"
}

ok 'every operation on every kind of file' same posix_matrix folder "${POSIX_EVERY:-29}"
ok 'in out/, where names are remembered for a day' same posix_matrix out/folder 61
ok 'and in history/' same posix_matrix history/folder 67
ok 'stories of open files, holes, locks, attributes, names' same posix_deeds stories
ok 'in out/' same posix_deeds out/stories
ok 'and in history/' same posix_deeds history/stories

# refuses FOLDER FILE: says of changes in that folder what a read-only filesystem says.
refuses() {
	local plain=$WORK/readonly
	rm -rf "$plain"
	mkdir "$plain" && echo 'some text' >"$plain/$2" && mount --bind "$plain" "$plain" || return
	mount -o remount,bind,ro "$plain" && "$O/tests/tools/posix_refusals" "$plain" "$2" >"$WORK/expected"
	umount "$plain"
	timeout 20 "$O/tests/tools/posix_refusals" "$MNT/$1" "$2" >"$WORK/got"
	grep -q EROFS "$WORK/expected" && diff "$WORK/expected" "$WORK/got"
}

if [ "$(id -u)" = 0 ]; then
	timeout 5 mkdir "$MNT/inner"
	echo 'a cat' >"$MNT/cat.txt"
	echo 'a dog' >"$MNT/inner/dog.txt"
	ok 'two pictures' timeout 30 "$O/easelfs" wait "$MNT/cat.txt" "$MNT/inner/dog.txt"
	ok 'status/ refuses as what is read-only does' refuses status cat.txt
	ok 'in it, too' refuses status/inner dog.txt
	ok 'wait/ does' refuses wait cat.png
	ok 'and .easelfs/' refuses .easelfs README
fi

done_testing
