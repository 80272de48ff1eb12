#!/bin/bash
# Mounting and unmounting: where, by whom, and what is said when it does not work.
. "$(dirname "$0")/lib.sh"
setup
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END

easelfs() { timeout 20 "$O/easelfs" "$@"; }

# refused NAME REGEX ARG…: `easelfs mount ARG…` fails, and says why.
refused() {
	local name=$1 regex=$2 said status
	shift 2
	said=$(easelfs mount "$@" 2>&1 </dev/null)
	status=$?
	if [ $status = 0 ] || [ $status = 124 ]; then
		fail "$name"
		diag "exit status $status: $said"
	else
		like "$said" "$regex" "$name"
	fi
}

same_tree() { diff -r --exclude=.easelfs "$1" "$2"; }

# --- the parent's exit status ---

mkdir "$WORK/empty"
refused 'an unknown option is refused' 'nonsense' -o nonsense "$WORK/empty"
refused 'an unknown option is refused in the foreground' 'nonsense' -f -o nonsense "$WORK/empty"
refused 'a bad value is refused' 'settle' -o settle=soon "$WORK/empty"
refused 'a missing mountpoint is refused' "no folder $WORK/nowhere.*mkdir -p" "$WORK/nowhere"
refused 'a missing source is refused' "no folder $WORK/nowhere" "$WORK/nowhere" "$WORK/empty"
touch "$WORK/file"
refused 'a file is no mountpoint' 'is no folder' "$WORK/file"
for name in status wait ask; do
	mkdir -p "$WORK/own-$name/$name"
	refused "a source with a $name of its own is refused" "\"$name\" of its own" "$WORK/own-$name"
done
mkdir -p "$WORK/outer/inner"
refused 'a mountpoint within the source is refused' 'contain itself' "$WORK/outer" "$WORK/outer/inner"
easelfs mount >"$WORK/usage" 2>&1
is $? 2 'without a directory there is the usage'
for folder in / /etc /usr; do
	refused "$folder is refused" "^easelfs: $folder is part of the system" -o sandbox "$folder"
done
ok 'no refused mount has left anything' not grep -F " $WORK/" /proc/self/mountinfo
is "$(ls -A "$WORK/empty")" '' 'nor anything in the folder'

# --- over itself, in the background ---

mkdir -p "$WORK/gen/sub"
echo 'I am a file' >"$WORK/gen/sub/file.bin"
ok 'a directory is mounted over itself' mount_it
pid=$(daemon_pid)
is "$(timeout 5 cat "$MNT/sub/file.bin")" 'I am a file' 'its files are there'
like "$(ls -A "$MNT" | tr '\n' ' ')" 'status' 'it has a status folder'
ok 'wait is there, though it is not listed' timeout 5 test -d "$MNT/wait"
said=$(easelfs mount "$MNT")
is "$?: $said" "0: already mounted by PID $pid" 'a second mount says who was first'
is "$(daemon_pid)" "$pid" 'and changes nothing'
like "$(timeout 10 "$O/easelfs" mount -o model=other "$MNT" 2>&1)" 'its options stay as they were; unmount it first' \
	'which it says of options'
refused 'another mountpoint for the same source is refused' "in an easelfs mount|PID $pid" "$MNT" "$WORK/empty"
refused 'a mountpoint in the mount, too' 'lies in' "$MNT/sub"

hidden=$(ls -A "$MNT/.easelfs")
like "$hidden" 'README' '.easelfs shows a README'
ok 'which tells what to do' timeout 5 grep -q 'cat.txt' "$MNT/.easelfs/README"
for name in lock incoming journal journal.db; do
	ok ".easelfs hides $name" not timeout 5 stat "$MNT/.easelfs/$name"
	unlike=$(grep -cx "$name" <<<"$hidden")
	is "$unlike" 0 "and does not list $name"
done

echo 'a picture' >"$MNT/a.txt"
ok 'a picture is made' timeout 20 "$O/easelfs" wait "$MNT/a.txt"
timeout 5 cp "$MNT/out/a.png" "$WORK/a.png"

exec 9<"$MNT/a.txt"
said=$(easelfs unmount "$MNT" 2>&1)
is $? 1 'unmount is refused while a file is open'
like "$said" 'in use, so it stays mounted' 'and says so'
is "$(daemon_pid)" "$pid" 'the mount lives on'
is "$(timeout 5 cat "$MNT/a.txt")" 'a picture' 'and is read'
echo 'another picture' >"$MNT/b.txt"
ok 'and makes pictures, at once' eventually 2 timeout 20 cmp "$MNT/wait/b.png" "$MNT/out/b.png"
exec 9<&-
ok 'then it is unmounted' umount_it
ok 'and the daemon is gone' eventually 5 _is_gone "$pid"
ok 'the picture is still there' cmp "$WORK/a.png" "$WORK/gen/out/a.png"
is "$(cat "$WORK/gen/sub/file.bin")" 'I am a file' 'so is what was there before'
is "$(cat "$WORK/gen/a.txt")" 'a picture' 'so is the prompt'
said=$(easelfs unmount "$WORK/gen" 2>&1)
is $? 1 'what is not mounted is not unmounted'
like "$said" 'no easelfs is mounted at' 'and that is said'

# --- elsewhere, in the foreground; another daemon on the same source ---

cp -a "$WORK/gen" "$WORK/before"
ok 'SOURCE MOUNTPOINT, in the foreground' mount_fg "$WORK/gen" "$WORK/mnt"
ok 'pictures of before are there' timeout 5 cmp "$MNT/out/a.png" "$WORK/a.png"
mkdir "$WORK/other"
refused 'a second daemon on that source is refused' "another easelfs serves this directory .PID $DAEMON" \
	"$WORK/gen" "$WORK/other"
refused 'also over itself' "another easelfs serves this directory .PID $DAEMON" "$WORK/gen"
refused 'another source at that mountpoint, too' "another folder is mounted" "$WORK/empty" "$WORK/mnt"
said=$(easelfs unmount "$WORK/gen" 2>&1)
like "$?: $said" "1: .*is served at $WORK/mnt" 'unmounting the source says where it is mounted'
before=$(bill .accepted)

kill -TERM "$DAEMON"
wait "$DAEMON"
is $? 0 'SIGTERM ends it'
ok 'and unmounts' not is_mounted "$WORK/mnt"
ok 'the source is as it was' same_tree "$WORK/before" "$WORK/gen"
is "$(bill .accepted)" "$before" 'mounting again has sent nothing'

# --- unmounted by others ---

unmount_as_users_do() {
	if [ "$(id -u)" = 0 ]; then
		timeout 10 umount "$1"
	else
		timeout 10 fusermount3 -u "$1"
	fi
}

mount_fg "$WORK/gen" "$WORK/mnt"
echo 'written at the end' >"$MNT/last.bin"
ok "umount(8) or fusermount3 does it, too" unmount_as_users_do "$MNT"
wait "$DAEMON"
is $? 0 'the daemon ends by itself'
is "$(cat "$WORK/gen/last.bin")" 'written at the end' 'what was written last is in the source'

mount_fg "$WORK/gen" "$WORK/mnt"
echo 'still open' >"$MNT/open.bin"
exec 9<"$MNT/open.bin"
if [ "$(id -u)" = 0 ]; then
	ok 'it can be detached while a file is open' timeout 10 umount -l "$MNT"
else
	ok 'it can be detached while a file is open' timeout 10 fusermount3 -u -z "$MNT"
fi
ok 'and the daemon ends, as nobody can reach it' eventually 10 _is_gone "$DAEMON"
exec 9<&-

# --- a dead mount ---

mount_it "$WORK/gen"
pid=$(daemon_pid)
kill_daemon "$pid"
ok 'the mount of a killed daemon is dead' not timeout 5 ls "$MNT"
ok 'the next start heals it' mount_it "$WORK/gen"
ok 'and is another daemon' test "$(daemon_pid)" != "$pid"
ok 'with the pictures' timeout 5 cmp "$MNT/out/a.png" "$WORK/a.png"
is "$(grep -c " $MNT " /proc/self/mountinfo)" 1 'one mount stands there'
kill_daemon "$(daemon_pid)"
ok 'a dead one can be unmounted, too' easelfs unmount "$MNT"
ok 'and is gone' not is_mounted "$MNT"

# --- while many wait ---

mount_fg "$WORK/gen"
control POST faults '{"on":"submit","do":"hold","count":-1}' >/dev/null
echo 'a long wait' >"$MNT/long.txt"
readers=()
for i in {1..20}; do
	reader long.png "$WORK/reader.$i"
	readers+=("$READER")
done
ok 'twenty wait' parked "${readers[@]}"
begin=${EPOCHREALTIME/[.,]/}
ok 'easelfs unmount ends their waiting and the mount' easelfs unmount "$MNT"
took=$((${EPOCHREALTIME/[.,]/} - begin))
ok "soon ($((took / 1000)) ms)" test $took -lt 5000000
failed=0
for pid in "${readers[@]}"; do
	wait "$pid" || failed=$((failed + 1))
done
is $failed 20 'all of them fail'
is "$(cat "$WORK"/reader.*.err | grep -c 'Input/output error')" 20 'with EIO'
wait "$DAEMON"
is $? 0 'the daemon ends in order'

mount_fg "$WORK/gen"
reader long.png "$WORK/reader.again"
parked "$READER"
ok 'the task goes on after a new start' test "$(state_of long.txt)" = running
kill -TERM "$DAEMON"
wait "$DAEMON"
is $? 0 'SIGTERM ends a daemon with readers'
wait "$READER"
like "$(cat "$WORK/reader.again.err")" 'Input/output error' 'who get EIO'
ok 'and unmounts, too' not is_mounted "$MNT"

control DELETE faults >/dev/null
control POST release >/dev/null
mount_fg "$WORK/gen"
reader long.png "$WORK/reader.last"
wait "$READER"
is $? 0 'the picture comes after all'
ok 'whole' timeout 5 cmp "$WORK/reader.last" "$MNT/out/long.png"
is "$(bill '.prompts["a long wait"].accepted')" 1 'paid for once'

done_testing
