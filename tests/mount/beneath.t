#!/bin/bash
# What changes in the source beneath the mount is seen in the mount within a second, however much it is.
. "$(dirname "$0")/lib.sh"
setup --time 0.1 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
SOURCE=$WORK/source
mkdir "$SOURCE"
mount_fg "$SOURCE" "$WORK/gen" || die 'it cannot be mounted'

now() { echo "${EPOCHREALTIME/[.,]/}"; }
# within_a_second NAME COMMAND…: it succeeds at last after a second; says how long it took.
within_a_second() {
	local name=$1 begin took
	shift
	begin=$(now)
	eventually 20 "$@" >/dev/null 2>&1
	took=$((($(now) - begin) / 1000))
	ok "$name ($took ms)" test $took -lt 1000
}
is_there() { timeout 5 stat "$MNT/$1"; }
is_gone() { not timeout 5 stat "$MNT/$1"; }
is_listed() { timeout 5 ls "$MNT/$1" | grep -qx "$2"; }
isnt_listed() { not is_listed "$1" "$2"; }
same() { timeout 5 cmp -s "$MNT/$1" "$SOURCE/$1"; }
has_started() { [[ $(state_of "$1") =~ ^(queued|submitting|running|downloading|completed)$ ]]; }
completes() { timeout 30 "$O/easelfs" wait "$MNT/$1"; }

# --- prompts ---

ok 'there is no such prompt' is_gone cat.txt
echo 'a cat' >"$SOURCE/cat.txt"
within_a_second 'a prompt that is written beneath is there' is_there cat.txt
within_a_second 'and sent' has_started cat.txt
ok 'it is made' completes cat.txt
mkdir -p "$SOURCE/a/b"
echo 'deep' >"$SOURCE/a/b/deep.txt"
within_a_second 'in a new folder' has_started a/b/deep.txt
ok 'it is made' completes a/b/deep.txt
echo 'moved' >"$WORK/moved.txt"
mv "$WORK/moved.txt" "$SOURCE/moved.txt"
within_a_second 'one that is moved there' has_started moved.txt
ok 'it is made' completes moved.txt
echo 'another cat' >"$SOURCE/cat.txt"
is_second() { [ "$(timeout 5 jq .revision "$MNT/status/cat.txt.json")" = 2 ]; }
within_a_second 'one that is changed' is_second
ok 'it is made anew' completes cat.txt
mv "$SOURCE/moved.txt" "$SOURCE/renamed.txt"
within_a_second 'a name that goes' is_gone moved.txt
within_a_second 'and comes' is_there renamed.txt

# --- pictures, whose names the kernel remembers for a day ---

ok 'a picture is there' is_there out/cat.png
ok 'and listed' is_listed out cat.png
ok 'read' same out/cat.png
cp "$SOURCE/out/a/b/deep.png" "$SOURCE/out/cat.png"
within_a_second 'a picture that is overwritten beneath' same out/cat.png
cp "$SOURCE/out/cat.png" "$WORK/new.png"
echo more >>"$WORK/new.png"
mv "$WORK/new.png" "$SOURCE/out/cat.png"
within_a_second 'one that is replaced' same out/cat.png
ok 'a name that is not there' is_gone out/foreign.png
cp "$SOURCE/out/cat.png" "$SOURCE/out/foreign.png"
within_a_second 'is there' is_there out/foreign.png
within_a_second 'is listed' is_listed out foreign.png
ok 'a folder that is not there' is_gone out/mine
mkdir "$SOURCE/out/mine"
within_a_second 'a new folder is there' is_there out/mine
within_a_second 'and listed' is_listed out mine
echo x >"$SOURCE/out/mine/x.png"
within_a_second 'with what is in it' is_there out/mine/x.png
rm "$SOURCE/out/foreign.png"
within_a_second 'one that is deleted' is_gone out/foreign.png
within_a_second 'is not listed' isnt_listed out foreign.png
rm -r "$SOURCE/out/mine"
within_a_second 'nor a folder' isnt_listed out mine

echo 'short-lived' >"$MNT/short.txt"
ok 'one that has just been made' completes short.txt
ok 'is there' is_there out/short.png
rm "$SOURCE/out/short.png"
within_a_second 'and is deleted again' is_gone out/short.png

# --- more at once than inotify keeps ---

# The daemon reads none of it, as it would if it were busy.  A file that is written is three events, and the
# prompts that matter come after all that are kept.
mkdir "$SOURCE/many"
within_a_second 'a folder' is_there many
ok 'names that are not there' is_gone out/late.png
ok 'nor a folder' is_gone out/folder
ok 'a picture' is_listed out cat.png
kill -STOP "$DAEMON"
for ((i = 0; i < $(cat /proc/sys/fs/inotify/max_queued_events) / 2 + 100; i++)); do : >"$SOURCE/many/$i"; done
echo 'late' >"$SOURCE/late.txt"
mkdir "$SOURCE/new"
echo 'late, too' >"$SOURCE/new/later.txt"
cp "$SOURCE/out/cat.png" "$SOURCE/out/late.png"
mkdir "$SOURCE/out/folder"
cp "$SOURCE/out/cat.png" "$SOURCE/out/folder/x.png"
rm "$SOURCE/out/cat.png"
cp "$SOURCE/out/late.png" "$SOURCE/out/a/b/deep.png"
echo longer >>"$SOURCE/out/a/b/deep.png"
kill -CONT "$DAEMON"
within_a_second 'a prompt that came when events were lost' has_started late.txt
within_a_second 'in a new folder, too' has_started new/later.txt
within_a_second 'a picture that came' is_there out/late.png
within_a_second 'and is listed' is_listed out late.png
within_a_second 'a folder, with what is in it' is_there out/folder/x.png
within_a_second 'one that went' is_gone out/cat.png
within_a_second 'one that was changed' same out/a/b/deep.png
ok 'they were lost' grep -q 'inotify lost events' "$WORK/daemon.log"
ok 'they are made' completes late.txt
ok 'all' completes new/later.txt
echo 'watched' >"$SOURCE/new/watched.txt"
within_a_second 'the new folder is watched' has_started new/watched.txt
ok 'it is made' completes new/watched.txt
umount_it
is "$(bill '.prompts | to_entries | map("\(.value.accepted) \(.key)") | sort | join(", ")')" \
	'1 a cat, 1 another cat, 1 deep, 1 late, 1 late, too, 1 moved, 1 short-lived, 1 watched' 'each was paid for once'

done_testing
