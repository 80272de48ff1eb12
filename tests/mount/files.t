#!/bin/bash
# Ordinary files in a mount are ordinary files, and the virtual ones cannot be changed.
. "$(dirname "$0")/lib.sh"
setup --time 0.1
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
mkdir "$WORK/src"
mount_fg "$WORK/src" "$WORK/mnt"
SRC=$WORK/src

# t COMMAND…: in the mount, not for ever.
t() { (cd "$MNT" && timeout 20 "$@"); }
# refused ERROR NAME COMMAND…: fails, and says that.
refused() {
	local error=$1 name=$2 said status
	shift 2
	said=$(t "$@" 2>&1)
	status=$?
	[ $status != 0 ] || said="it succeeded: $said"
	like "$said" "$error" "$name: $error"
}
of() { t stat -c "$1" "$2"; }
source_of() { stat -c "$1" "$SRC/$2"; }

# --- content ---

echo 'first line' >"$MNT/file.bin"
is "$(t cat file.bin)" 'first line' 'written and read'
echo 'second line' >>"$MNT/file.bin"
is "$(t wc -l <"$MNT/file.bin")" 2 'appended'
is "$(cat "$SRC/file.bin")" $'first line\nsecond line' 'the source has it'
t truncate -s 5 file.bin
is "$(t cat file.bin)" first 'truncated by name'
t truncate -s 100000 file.bin
is "$(of '%s' file.bin) $(source_of '%s' file.bin)" '100000 100000' 'and made longer'
echo new >"$MNT/file.bin"
is "$(of '%s' file.bin)" 4 'truncated at open'
printf 'XY' | t dd of=file.bin bs=1 seek=1 conv=notrunc status=none
is "$(t cat file.bin)" nXY 'written in the midst'
head -c 3000000 /dev/urandom >"$WORK/random"
ok 'a large file' t dd if="$WORK/random" of=large.bin bs=64k conv=fsync status=none
ok 'is the same' t cmp large.bin "$WORK/random"
ok 'in the source, too' cmp "$SRC/large.bin" "$WORK/random"
ok 'with O_DIRECT' t dd if=large.bin of="$WORK/direct" bs=64k iflag=direct status=none
ok 'it is the same' cmp "$WORK/direct" "$WORK/random"
ok 'with O_SYNC' t dd if="$WORK/random" of=sync.bin bs=100k count=3 oflag=sync status=none
is "$(t perl -e 'open F, "+<", "large.bin"; seek F, 1234567, 0; read F, $x, 10; print length $x')" 10 'read in the midst'
ok 'fsync of a file, a folder, the filesystem' t sync file.bin . -f file.bin
t cp --sparse=always large.bin copy.bin
ok 'copied within' t cmp large.bin copy.bin
ok 'fallocate' t fallocate -l 50000 space.bin
is "$(of '%s' space.bin)" 50000 'has made room'

exec 9<>"$MNT/gone.bin"
echo 'before' >&9
t rm gone.bin
refused 'No such file' 'an unlinked file' stat gone.bin
echo 'after' >&9
is "$(timeout 5 cat /proc/self/fd/9)" $'before\nafter' 'is written and read while it is open'
is "$(timeout 5 stat -L -c '%h %s' /proc/self/fd/9)" '0 13' 'has attributes'
exec 9<&-
echo 'old' >"$MNT/replaced.bin"
exec 9<"$MNT/replaced.bin"
echo 'new' >"$MNT/new.bin"
t mv new.bin replaced.bin
is "$(timeout 5 cat <&9)" old 'one that was replaced is read while it is open'
is "$(t cat replaced.bin)" new 'and the new one by its name'
exec 9<&-

# Changed beneath: seen within a second, as attributes are remembered that long.
echo 'from beneath' >"$SRC/beneath.bin"
is "$(t cat beneath.bin)" 'from beneath' 'a file made beneath the mount'
echo 'changed beneath, and longer' >"$SRC/beneath.bin"
changed() { [ "$(t cat beneath.bin)" = 'changed beneath, and longer' ]; }
ok 'and changed there' eventually 3 changed

# --- names ---

t mkdir -p a/b/c
is "$(of '%F' a/b/c)" directory 'a folder'
echo x >"$MNT/a/b/c/x.bin"
refused 'not empty' 'rmdir' rmdir a/b/c
t mv a/b moved
is "$(t cat moved/c/x.bin)" x 'a folder is renamed with what is in it'
refused 'No such file' 'the old name' stat a/b
ok 'rename over a file' t mv file.bin moved/c/x.bin
is "$(t cat moved/c/x.bin)" nXY 'replaces it'
echo y >"$MNT/y.bin"
ok 'mv -n' t mv -n y.bin moved/c/x.bin
is "$(t cat moved/c/x.bin)" nXY 'does not'
refused 'Is a directory|cannot overwrite' 'a file over a folder' mv -T y.bin moved
refused 'subdirectory of itself|Invalid argument' 'a folder into itself' mv moved moved/c/
t rm moved/c/x.bin
t rmdir moved/c moved a
refused 'No such file' 'rmdir removes' stat moved
t ln -s y.bin symlink
is "$(t readlink symlink) $(t cat symlink)" 'y.bin y' 'a symbolic link'
t ln -s nowhere dangling
is "$(of '%F' dangling)" 'symbolic link' 'one that leads nowhere'
t ln y.bin hard.bin
is "$(of '%h %i' y.bin)" "2 $(t stat -c '%i' hard.bin)" 'a hard link'
echo z >"$MNT/hard.bin"
is "$(t cat y.bin)" z 'is the same file'
t rm y.bin
is "$(t cat hard.bin)" z 'which stays when one name goes'
ok 'a fifo' t mkfifo fifo
is "$(of '%F' fifo)" fifo 'is one'
refused 'File exists' 'mkdir over a file' mkdir hard.bin
refused 'Not a directory' 'a file is no folder' stat hard.bin/x
refused 'too long' 'a long name' touch "$(printf 'x%.0s' {1..256})"
ok 'a name of 255 bytes' t touch "$(printf 'x%.0s' {1..255})"
for name in 'with blank' $'with\nnewline' 'ünï¢ödé' "'quoted\"" '*' '-f' $'not\xffutf8'; do
	echo "$name" >"$MNT/$name"
	is "$(t cat -- "./$name")" "$name" "$(printf 'a file called %q' "$name")"
done
t mkdir many
(cd "$MNT/many" && timeout 20 touch {1..2000})
is "$(t ls many | sort -u | wc -l)" 2000 'two thousand files are listed, each once'
is "$(t find many -type f | wc -l)" 2000 'with their kind'
is "$(t ls -l many | wc -l)" 2001 'and attributes'
t rm -r many
refused 'No such file' 'rm -r removes them' stat many

# --- attributes ---

t chmod 640 hard.bin
is "$(of '%a' hard.bin) $(source_of '%a' hard.bin)" '640 640' 'chmod'
t chmod 4755 hard.bin
is "$(of '%a' hard.bin)" 4755 'set-user-id'
echo more >>"$MNT/hard.bin"
[ "$(id -u)" = 0 ] || is "$(of '%a' hard.bin)" 755 'which a write clears'
t touch -d '2001-02-03 04:05:06.123456789Z' hard.bin
is "$(of '%.9Y' hard.bin)" "$(date -d '2001-02-03 04:05:06.123456789Z' +%s.%N)" 'times, to the nanosecond'
t touch -h -d '2002-03-04Z' symlink
is "$(of '%Y' symlink)" "$(date -d '2002-03-04Z' +%s)" 'of a symbolic link, too'
is "$(of '%s %a %Y %i %h %u %g' hard.bin)" "$(source_of '%s %a %Y %i %h %u %g' hard.bin)" 'all as in the source'
is "$(t stat -f -c '%b %S' .)" "$(stat -f -c '%b %S' "$SRC")" 'statfs'
(umask 027; cd "$MNT" && touch umask.bin && mkdir umask)
is "$(of '%a' umask.bin) $(of '%a' umask)" '640 750' 'the umask'
xattrs=
if setfattr -n user.test -v 1 "$SRC/hard.bin" 2>/dev/null; then
	xattrs=--xattrs
	is "$(t getfattr --only-values -n user.test hard.bin)" 1 'an extended attribute'
	t setfattr -n user.other -v 'a value' hard.bin
	is "$(getfattr --absolute-names --only-values -n user.other "$SRC/hard.bin")" 'a value' 'is set'
	like "$(t getfattr hard.bin)" 'user.other.*user.test|user.test.*user.other' 'is listed'
	t setfattr -x user.other hard.bin
	refused 'No such attribute' 'is removed' getfattr -n user.other hard.bin
fi

# --- a tree, there and back ---

mkdir -p "$WORK/tree/one/two" "$WORK/tree/empty"
echo 'content' >"$WORK/tree/one/file.bin"
cp "$WORK/random" "$WORK/tree/one/two/large.bin"
: >"$WORK/tree/nothing.bin"
ln -s one/file.bin "$WORK/tree/link"
ln "$WORK/tree/one/file.bin" "$WORK/tree/hard.bin"
truncate -s 1M "$WORK/tree/sparse.bin"
chmod 600 "$WORK/tree/one/file.bin"
chmod 710 "$WORK/tree/one/two"
[ -z "$xattrs" ] || setfattr -n user.colour -v red "$WORK/tree/nothing.bin"
find "$WORK/tree" -depth -exec touch -h -d '2011-12-13 14:15:16.171819Z' {} +

# What a tree is: kinds, modes, times, sizes, link counts, targets, extended attributes, bytes.
described() {
	(cd "$1" && find . -printf '%P %y %m %n %T+ %l' \( -type d -printf '\n' -o -printf ' %s\n' \) | sort &&
		find . -type f -exec sha256sum {} + | sort &&
		getfattr -R -d -m '^user\.' . 2>/dev/null | sort)
}
described "$WORK/tree" >"$WORK/tree.is"
ok 'cp -a into the mount' t cp -a "$WORK/tree" copied
described "$MNT/copied" >"$WORK/copied.is"
ok 'is the same tree there' diff "$WORK/tree.is" "$WORK/copied.is"
described "$SRC/copied" >"$WORK/source.is"
ok 'and in the source' diff "$WORK/tree.is" "$WORK/source.is"
timeout 20 cp -a "$MNT/copied" "$WORK/back"
described "$WORK/back" >"$WORK/back.is"
ok 'and copied back' diff "$WORK/tree.is" "$WORK/back.is"
t tar $xattrs -cf "$WORK/tree.tar" copied
mkdir "$WORK/untarred"
tar $xattrs -C "$WORK/untarred" -xf "$WORK/tree.tar"
described "$WORK/untarred/copied" >"$WORK/untarred.is"
ok 'out of it by tar' diff "$WORK/tree.is" "$WORK/untarred.is"
t mkdir tarred
t tar $xattrs -C tarred -xf "$WORK/tree.tar"
described "$MNT/tarred/copied" >"$WORK/tarred.is"
ok 'into it by tar' diff "$WORK/tree.is" "$WORK/tarred.is"

# --- what cannot be changed ---

# For others than root the kernel looks at the modes first, which say so already.
read_only='Read-only file system'
[ "$(id -u)" = 0 ] || read_only+='|Permission denied'

t mkdir folder
echo 'a picture' >"$MNT/a.txt"
echo 'a deep one' >"$MNT/folder/deep.txt"
ok 'pictures are made' timeout 30 "$O/easelfs" wait "$MNT/a.txt" "$MNT/folder/deep.txt"
echo 'another picture' >"$MNT/a.txt"
ok 'and more' timeout 30 "$O/easelfs" wait "$MNT/a.txt"
for folder in status wait .easelfs status/folder; do
	refused "$read_only" "touch in $folder" touch "$folder/new"
	refused "$read_only" "mkdir in $folder" mkdir "$folder/new"
	refused "$read_only" "ln -s in $folder" ln -s x "$folder/new"
	refused "$read_only" "mv into $folder" mv hard.bin "$folder/"
	refused "$read_only" "rmdir $folder" rmdir "$folder"
	refused "$read_only" "mv $folder" perl -e 'rename $ARGV[0], "elsewhere" or die "$!\n"' "$folder"
	refused "$read_only|Operation not permitted" "chmod $folder" chmod 777 "$folder"
done
for file in status/a.txt status/a.txt.json wait/a.png .easelfs/README; do
	refused "$read_only" "rm $file" rm -f "$file"
	refused "$read_only" "writing $file" perl -e 'open F, "+<", $ARGV[0] or die "$!\n"' "$file"
	refused "$read_only" "truncating $file" perl -e 'truncate $ARGV[0], 0 or die "$!\n"' "$file"
	refused "$read_only" "mv $file" perl -e 'rename $ARGV[0], "elsewhere" or die "$!\n"' "$file"
	refused "cross-device|not permitted|$read_only" "ln $file" perl -e 'link $ARGV[0], "elsewhere" or die "$!\n"' "$file"
	refused "$read_only|not supported" "setfattr $file" setfattr -n user.x -v 1 "$file"
	ok "cp $file" t cp -f "$file" "copy.of"
done
for folder in out history; do
	refused 'busy' "rmdir $folder" rmdir "$folder"
	refused 'busy' "mv $folder" perl -e 'rename $ARGV[0], "elsewhere" or die "$!\n"' "$folder"
	refused 'busy' "mv over $folder" perl -e 'rename "folder", $ARGV[0] or die "$!\n"' "$folder"
done
ok 'a folder in out/ may be renamed' t mv out/folder out/renamed
ok 'and back' t mv out/renamed out/folder

t test -d .easelfs/incoming && fail '.easelfs/incoming cannot be looked at' || pass '.easelfs/incoming cannot be looked at'
refused 'No such file|Permission denied' 'nor listed' ls .easelfs/incoming
refused "No such file|Permission denied|can't cd" 'nor entered' sh -c 'cd .easelfs/incoming'
refused "No such file|$read_only" 'nor written' touch .easelfs/incoming/x
ok 'it is in the source' test -d "$SRC/.easelfs/incoming"

ok 'grep -r ends' t timeout 15 grep -rq 'a deep' .
like "$(cd "$MNT" && timeout 15 tar -cf - . 2>&1 >/dev/null | tail -n 1)" '^$' 'tar of all ends, without complaint'
is "$(t ls -A | grep -cx wait)" 0 'and takes no pictures twice'

said=$(cd "$MNT" && timeout 20 rm -r ./* 2>&1)
like "$said" "status.*($read_only)" 'rm -r * reports status/'
like "$said" "out.*busy" 'and out/'
is "$(t ls)" $'history\nout\nstatus' 'and removes all else'
is "$(t find out history status -mindepth 1)" '' 'in these, too'
echo 'after all' >"$MNT/after.txt"
ok 'then it goes on' timeout 30 "$O/easelfs" wait "$MNT/after.txt"
ok 'with pictures' timeout 5 cmp "$MNT/out/after.png" "$SRC/out/after.png"

done_testing
