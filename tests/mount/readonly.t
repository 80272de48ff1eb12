#!/bin/bash
# Where nothing can be written nothing can be made: the mount is refused, with the reason.
. "$(dirname "$0")/lib.sh" || exit

setup --canned
mkdir "$WORK/folder"
echo 'a cat' >"$WORK/folder/cat.txt"

# refused FOLDER SENTENCE HINT NAME
refused() {
	ok "$4: it is refused" not mount_it -o provider=sandbox "$1"
	like "$(cat "$WORK/mount.out")" "$2" "$4: with the reason"
	like "$(cat "$WORK/mount.out")" "$3" "$4: and what to do"
	ok "$4: nothing is mounted" not daemon_pid "$1"
}

chmod a-w "$WORK/folder"
if [ "$(id -u)" != 0 ]; then
	refused "$WORK/folder" 'you may not write in .*/folder' 'copy the folder' 'no permission'
	chmod u+w "$WORK/folder"
	done_testing
fi

mount -t tmpfs none "$WORK/folder" || die 'there is no tmpfs'
_mounts+=("$WORK/folder")
for what in 'never mounted before' 'mounted before'; do
	mount -o remount,ro "$WORK/folder"
	refused "$WORK/folder" '/folder is on a read-only filesystem' 'remount,rw' "$what"
	mount -o remount,rw "$WORK/folder"
	mkdir -p "$WORK/gen"
	mount_it -o provider=sandbox,settle=0.05 "$WORK/folder" "$WORK/gen"
	echo 'a dog' >"$MNT/dog.txt"
	ok "$what: made writable it works" wait_state dog.txt completed
	umount_it
done
mount -o remount,ro "$WORK/folder"
ok 'what was made can be read without us' test -s "$WORK/folder/out/dog.png"
done_testing
