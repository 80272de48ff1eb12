#!/bin/bash
# The programs that people copy, pack, search, count and keep trees with work on a whole mount.
. "$(dirname "$0")/lib.sh"
setup --time 0.1
impatient
mkdir "$WORK/src"
mount_fg "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'

# t COMMAND…: in the mount, not for ever.
t() { (cd "$MNT" && timeout 60 "$@"); }
# silent COMMAND…: succeeds, and says nothing, on standard error either.
silent() {
	local said
	said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; false; }
}
# What is there, but for what looking at it changes.
described() {
	(cd "$1" && find . -printf '%P %y %m %n %T@ %l' \( -type d -printf '\n' -o -printf ' %s\n' \) | sort &&
		find . -type f -exec sha256sum {} + | sort &&
		getfacl -Rp . 2>/dev/null && getfattr -R -d -m '^user\.' . 2>/dev/null | sort)
}
same_tree() {
	described "$1" >"$WORK/one.is"
	described "$2" >"$WORK/other.is"
	[ "$(wc -l <"$WORK/one.is")" -gt 20 ] && diff "$WORK/one.is" "$WORK/other.is"
}

# --- a tree of everything ------------------------------------------------------------------------------

tree=$WORK/tree
mkdir -p "$tree/folder/inner" "$tree/empty" "$tree/$(printf 'n%.0s' {1..255})"
echo 'a file' >"$tree/file"
ln "$tree/file" "$tree/folder/hard"
ln -s ../file "$tree/folder/link"
ln -s /nonexistent "$tree/dangling"
mkfifo "$tree/fifo"
head -c 200000 /dev/urandom >"$tree/folder/inner/random"
truncate -s 1M "$tree/sparse"
printf x >"$tree/$(printf 'not\xffutf8\n')"
setfattr -n user.mark -v 'a mark' "$tree/file"
setfacl -m "u:$(id -u):r,m::rwx" "$tree/folder/inner/random"
setfacl -d -m "g:$(id -g):rwx" "$tree/folder"
chmod 2750 "$tree/empty"
chmod 4711 "$tree/folder/inner"
# Of another second than their copies': rsync leaves the time of a folder alone that is the same but for less.
find "$tree" -depth -exec touch -h -d '2001-02-03 04:05:06.123456789Z' {} +

t mkdir prompts
echo 'a cat' >"$MNT/prompts/cat.txt"
echo 'a dog' >"$MNT/dog.md"
ok 'there are pictures' timeout 30 "$O/easelfs" wait "$MNT/prompts/cat.txt" "$MNT/dog.md"
echo 'another dog' >"$MNT/dog.md"
ok 'and earlier ones' timeout 30 "$O/easelfs" wait "$MNT/dog.md"

# --- in and out again ----------------------------------------------------------------------------------

ok 'cp -a into the mount' silent t cp -a "$tree" copied
ok 'all is there' same_tree "$tree" "$MNT/copied"
ok 'rsync -aHAX into the mount' silent timeout 60 rsync -aHAX "$tree/" "$MNT/synced/"
ok 'all is there' same_tree "$tree" "$MNT/synced"
is "$(timeout 60 rsync -aHAXnci "$tree/" "$MNT/synced/")" '' 'once more it finds nothing to do'
tar --xattrs --acls -C "$tree" -cf "$WORK/tree.tar" .
t mkdir packed
ok 'tar x in the mount' silent t tar --xattrs --acls -C packed -xpf "$WORK/tree.tar"
ok 'all is there' same_tree "$tree" "$MNT/packed"
ok 'tar d says the same' silent t tar -C packed -df "$WORK/tree.tar"
ok 'cp -al' silent t cp -al copied/folder linked
is "$(t stat -c %h linked/inner/random)" 2 'makes links'
ok 'mv within' silent t mv linked renamed
ok 'mv out of the mount' silent t mv synced "$WORK/moved"
ok 'brings all along' same_tree "$tree" "$WORK/moved"
ok 'mv into the mount' silent t mv "$WORK/moved" moved
ok 'brings all along' same_tree "$tree" "$MNT/moved"
ok 'find -delete' silent t find renamed -delete
ok 'rm -r' silent t rm -r moved packed
is "$(t find . -path './moved*' -o -path './packed*' -o -path './renamed*')" '' 'removes all'

# --- over the whole mount --------------------------------------------------------------------------------

ok 'find' silent t sh -c 'find . >/dev/null'
for there in dog.md out/dog.png out/prompts/cat.png history/dog.1.png status/dog.md status/dog.md.json \
	status/prompts/cat.txt .easelfs/README .easelfs/stats; do
	is "$(t find . -path "./$there" -type f)" "./$there" "finds $there"
done
is "$(t find . -name wait)" '' 'and not wait/, which has everything again'
is "$(t find wait -type f | sort)" $'wait/dog.png\nwait/prompts/cat.png' 'which lists what is finished'
ok 'find with all that stat says' silent t sh -c 'find . -ls >/dev/null'
ok 'ls -lR' silent t sh -c 'ls -lRA . wait >/dev/null'
ok 'grep -r' silent t sh -c 'grep -r "another dog" . >/dev/null'
ok 'du' silent t sh -c 'du -a . wait >/dev/null'
beneath=$(cd "$WORK/src" && du -s --exclude=.easelfs .)
above=$(t du -s --exclude=.easelfs --exclude=status .)
is "${above%%[[:space:]]*}" "${beneath%%[[:space:]]*}" 'counts what the source counts'
is "$(t df -P . | awk 'NR == 2 { print $2 }')" "$(df -P "$WORK/src" | awk 'NR == 2 { print $2 }')" 'df has the size of the source'
is "$(t df -P . | awk 'NR == 2 { print $1, $6 }')" "$WORK/src $WORK/mnt" 'and names both ends'
ok 'cp -a of all' silent timeout 60 cp -a "$MNT" "$WORK/whole"
ok 'has pictures' cmp "$WORK/whole/out/dog.png" "$WORK/src/out/dog.png"
like "$(cat "$WORK/whole/status/dog.md")" 'state: completed' 'and statuses'
ok 'rsync -aHAX of all' silent timeout 60 rsync -aHAX "$MNT/" "$WORK/backup/"
like "$(timeout 60 rsync -aHAXni "$MNT/" "$WORK/backup/")" '^([^\n]*\.easelfs[^\n]*\n?)*$' 'the next backup has nothing to do'
ok 'is the same as the source' silent diff -r --no-dereference -x fifo -x .easelfs "$WORK/src" "$WORK/backup" -x status
ok 'tar of all' silent t tar --xattrs --acls -cf "$WORK/all.tar" .
ok 'which has all' sh -c 'tar -tf "$1" | grep -qx ./status/prompts/cat.txt' - "$WORK/all.tar"

# --- git -----------------------------------------------------------------------------------------------------

git() { timeout 60 git -c user.name=me -c user.email=me@example.org -c gc.auto=0 -c safe.directory='*' -C "$MNT" "$@"; }
ok 'git init' silent git init -q .
ok 'git add of all' silent git add -A
ok 'git commit' silent git commit -qm all
is "$(git status --porcelain -- . ':!status' ':!.easelfs')" '' 'git status finds nothing changed'
is "$(git ls-files out history)" $'history/dog.1.png\nout/dog.png\nout/prompts/cat.png' 'the pictures are in it'
git mv dog.md hound.md
ok 'git mv' git commit -qm moved -- dog.md hound.md
ok 'takes the picture along' eventually 5 timeout 5 test -s "$MNT/out/hound.png"
git checkout -q HEAD~1 -- dog.md
ok 'git checkout brings a prompt back' eventually 10 grep -q '^state: completed' "$MNT/status/dog.md"
ok 'git gc' git gc -q
ok 'git fsck' git fsck --no-progress
ok 'git clone within' silent git clone -q . "$MNT/clone"
ok 'has the pictures' t cmp clone/out/dog.png out/dog.png

# --- what stays ------------------------------------------------------------------------------------------------

read_only='Read-only file system'
[ "$(id -u)" = 0 ] || read_only+='|Permission denied'
said=$(t rm -rf .git clone copied prompts status .easelfs wait out history 2>&1)
is "$(grep -cvE "^rm: cannot remove '(status|\.easelfs|wait)[^:]*: ($read_only)$|^rm: cannot remove '(out|history)': Device or resource busy$" <<<"$said")" 0 \
	'rm -rf says of what it cannot remove why'
is "$(t find . -mindepth 1 -maxdepth 1 | sort | tr '\n' ' ')" './.easelfs ./dog.md ./history ./hound.md ./out ./status ' 'and removes the rest'
said=$(t mv status "$WORK/status" 2>&1)
like "$said" "$read_only" 'mv of status/ says so, too'
ok 'all goes on' timeout 30 sh -c 'echo "a survivor" >"$1/survivor.txt" && "$2" wait "$1/survivor.txt"' - "$MNT" "$O/easelfs"

done_testing
