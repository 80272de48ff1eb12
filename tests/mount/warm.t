#!/bin/bash
# A picture that has just come is in the kernel's memory before anybody reads it, and what is written to it stays.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1 --pad 3000000
impatient
mount_it

resident() { timeout 10 fincore --bytes --noheadings --output RES "$MNT/$1" | tr -d ' '; }
size() { timeout 10 stat -c %s "$MNT/$1"; }
is_resident() { [ "$(resident "$1")" -ge "$(size "$1")" ]; }

prompt cat.txt 'a cat'
ok 'a picture is made' wait_state cat.txt completed
ok 'it has its size' test "$(size out/cat.png)" -ge 3000000
ok 'all of it is in memory, though nobody has read it' eventually 5 is_resident out/cat.png
# Read beneath the mount, which is private to that shell.
beneath() { unshare -m --propagation private bash -c 'umount -l "$1" && cmp "$1/out/cat.png" "$2"' - "$MNT" "$WORK/read.png"; }
timeout 10 cp "$MNT/out/cat.png" "$WORK/read.png"
[ "$(id -u)" != 0 ] || ok 'and it is the very picture' beneath

control POST settings '{"pad":0}' >/dev/null
prompt small.txt 'a small cat'
ok 'a small one is made' wait_state small.txt completed
is "$(resident out/small.png)" 0 'one request would bring it, so it is not given'
control POST settings '{"pad":3000000}' >/dev/null

# Written to as soon as it is seen, twenty times.
wrong=0
for i in {1..20}; do
	prompt "edited$i.txt" "edited $i"
	timeout 20 bash -c 'until [ -e "$1" ]; do :; done; printf "%s" mine | dd of="$1" bs=1 seek=2999000 conv=notrunc status=none' - "$MNT/out/edited$i.png"
	[ "$(timeout 10 dd if="$MNT/out/edited$i.png" bs=1 skip=2999000 count=4 status=none)" = mine ] || wrong=$((wrong + 1))
	timeout 20 "$O/easelfs" wait "$MNT/edited$i.txt" >/dev/null
	[ "$(timeout 10 dd if="$MNT/out/edited$i.png" bs=1 skip=2999000 count=4 status=none)" = mine ] || wrong=$((wrong + 1))
done
is $wrong 0 'what is written to one that has just come is read again'
timeout 10 truncate -s 1000 "$MNT/out/cat.png"
is "$(size out/cat.png)" 1000 'one that is cut is short'

umount_it
done_testing
