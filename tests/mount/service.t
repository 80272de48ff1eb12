#!/bin/bash
# What the units do, done by hand: they are told when the mount answers and when it ends, and what they restrict is
# nothing that the daemon needs.  Everybody sees the mount.
. "$(dirname "$0")/lib.sh"
setup
chmod 755 "$WORK"
TREE=$(realpath "$(dirname "$0")/../..")
UNITS=$TREE/contrib/systemd
PATH=$PATH:/usr/sbin:/sbin
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END

# --- a service manager ---

# Takes what is said to a socket, a line a datagram, with `|` for its line feeds; `@` as sd_notify(3) has it.  When it is
# READY the folder must answer as a mount of ours at that moment: its PID is added.
cat >"$WORK/manager.py" <<'END'
import os, socket, sys
name, folder = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('\0' + name[1:] if name[0] == '@' else name)
print('listening', flush=True)
while True:
    said = s.recv(65536).decode().replace('\n', '|')
    if 'READY=1' in said:
        try:
            said += '|answered by ' + os.getxattr(folder, 'user.easelfs.pid').decode()
        except OSError as e:
            said += '|' + str(e)
    print(said, flush=True)
END
# manager SOCKET FOLDER: sets MANAGER; what it is told is in $WORK/told.
manager() {
	rm -f "$WORK/told"
	/usr/bin/python3 "$WORK/manager.py" "$1" "$2" >"$WORK/told" &
	MANAGER=$!
	eventually 10 _was_told listening || die 'the manager does not listen'
	export NOTIFY_SOCKET=$1
}
told() { sed -n "$1p" "$WORK/told"; }
_was_told() { grep -qs "$1" "$WORK/told"; }
was_told() { eventually 20 _was_told "$1"; }
dismiss() {
	kill "$MANAGER"
	wait "$MANAGER" 2>/dev/null
	unset NOTIFY_SOCKET
}

for socket in "$WORK/notify" "@$WORK/notify"; do
	kind=$([[ $socket == @* ]] && echo abstract || echo named)
	manager "$socket" "$WORK/gen"
	mount_fg "$WORK/gen"
	ok "$kind: it is told of the mount" was_told READY
	is "$(told 2)" "READY=1|MAINPID=$DAEMON|STATUS=Serving $WORK/gen over itself|answered by $DAEMON" \
		"$kind: when that answers"
	kill -TERM "$DAEMON"
	wait "$DAEMON"
	ok "$kind: and of its end" was_told STOPPING
	is "$(told 3)" 'STOPPING=1|STATUS=Ending, when what is paid for has arrived' "$kind: in words"
	dismiss
done

manager "$WORK/notify.2" "$WORK/mnt"
mkdir -p "$WORK/bad/status"
ok 'a mount that is refused' not timeout 20 "$O/easelfs" mount -f "$WORK/bad"
name=$'two\nREADY=1'
mkdir "$WORK/$name"
mount_it "$WORK/$name" "$WORK/mnt"
ok 'says nothing; the next one, in the background, does' was_told READY
is "$(told 2)" "READY=1|MAINPID=$(daemon_pid)|STATUS=Serving $WORK/two\\nREADY=1 at $WORK/mnt|answered by $(daemon_pid)" \
	'as the process that serves, and in one line'
umount_it
ok 'and that it was unmounted' was_told STOPPING
dismiss
NOTIFY_SOCKET=$WORK/nobody/listens mount_it
ok 'a manager that is gone is no obstacle' daemon_pid
umount_it

# --- its journal ---

touch "$WORK/journal"
JOURNAL_STREAM=$(stat -c %d:%i "$WORK/journal") timeout 20 "$O/easelfs" mount -f -o uid=0 "$WORK/gen" 2>>"$WORK/journal" &
_pids+=($!)
ok 'the journal is told of the mount' eventually 10 grep -q '^<6>serving ' "$WORK/journal"
umount_it "$WORK/gen"
is "$(grep -c '^<4>the mount option "uid=0" changes nothing' "$WORK/journal")" 1 'each line has its priority'
is "$(grep -vc '^<[3-7]>' "$WORK/journal")" 0 'and nothing else before it'
JOURNAL_STREAM=$(stat -c %d:%i "$WORK/journal") timeout 20 "$O/easelfs" mount -f "$WORK/bad/status/none" 2>"$WORK/no_journal"
like "$(cat "$WORK/no_journal")" '^easelfs: there is no folder' 'what goes elsewhere stays as it is'

# --- the units ---

# unit KIND KEY: the value, of several lines all values.
unit() { sed -n "s/^$2=//p" "$UNITS/$1/easelfs@.service" | paste -sd ' '; }
# command KIND FOLDER: sets COMMAND to what that unit starts.
command_of() {
	read -ra COMMAND <<<"$(unit "$1" ExecStart)"
	COMMAND[0]=$O/easelfs
	COMMAND[-1]=$2
}
# start PROGRAM…: sets DAEMON, when the manager says READY.
start() {
	MNT=$WORK/gen
	_mounts+=("$MNT")
	manager "$WORK/notify.$1" "$MNT"
	shift
	"$@" 2>>"$WORK/daemon.log" &
	DAEMON=$!
	_pids+=("$DAEMON")
	was_told READY
}
stop() {
	kill -TERM "$(daemon_pid)"
	wait "$DAEMON"
	is $? 0 "$1: it ends in order"
	ok "$1: and is not mounted any more" not is_mounted "$MNT"
	dismiss
}

# KillMode=mixed: the daemon alone is told to end, and what it leaves behind is killed as soon as it has ended.
killed_behind() {
	local broker
	broker=$(broker_of "$DAEMON")
	kill -TERM "$DAEMON"
	wait "$DAEMON"
	! kill -KILL "$broker" 2>/dev/null && ! is_mounted "$MNT"
}
mount_fg "$WORK/gen"
ok 'a daemon that has ended leaves nobody who is needed' killed_behind
for kind in user system; do
	is "$(unit $kind KillMode)" mixed "$kind: so it is the unit's"
	read -ra after <<<"$(unit $kind ExecStopPost)"
	is "${after[*]::3}" '-/usr/bin/easelfs unmount --dead' "$kind: what comes after the end"
	mount_fg "$WORK/gen"
	kill -KILL "$(broker_of "$DAEMON")" "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	ok "$kind: when all are killed at once the mount is there" is_mounted "$MNT"
	is "$(timeout 20 "$O/easelfs" "${after[@]:1:2}" "$MNT" 2>&1)$?" 0 "$kind: the unit takes it away"
	ok "$kind: and it is gone" not is_mounted "$MNT"
	is "$(timeout 20 "$O/easelfs" "${after[@]:1:2}" "$MNT" 2>&1)$?" 0 "$kind: that there is none is not said"
	mount_it "$WORK/gen"
	is "$(timeout 20 "$O/easelfs" "${after[@]:1:2}" "$MNT" 2>&1)$?" 0 "$kind: one of somebody else"
	ok "$kind: is let be" is_mounted "$MNT"
	umount_it
done

is "$(unit user Type) $(unit system Type)" 'notify notify' 'the units wait to be told'
command_of user "$WORK/gen"
is "${COMMAND[*]:1}" "mount -f $WORK/gen" 'that of users mounts a folder over itself'
ok 'and is told when it has' start user "${COMMAND[@]}"
echo 'a cat' >"$MNT/cat.txt"
ok 'pictures come' wait_state cat.txt completed
stop user
if [ "$(id -u)" != 0 ]; then
	# What NoNewPrivileges= does.
	ok 'without new privileges users cannot mount' \
		not timeout 20 setpriv --no-new-privs "$O/easelfs" mount "$WORK/gen"
	done_testing
fi

# --- the system's: capabilities ---

# What files can do, as whoever runs it in the folder.
cat >"$WORK/deeds" <<'END'
set -e
mkdir d; echo text >d/f; chmod 640 d/f; [ "$(stat -c %u:%g d/f)" = "$(id -u):$(id -g)" ]; ln d/f d/g; ln -s f d/s; mkfifo d/p; mv d/g d/h; cp -a d/f d/c
truncate -s 3 d/c; fallocate -l 9000 d/c; setfattr -n user.a -v b d/f; setfacl -m u:daemon:r d/f; touch -d yesterday d/f
dd if=/dev/zero of=d/c bs=4096 count=3 conv=fsync status=none; cp --reflink=auto d/c d/k; ls -la d >/dev/null; df . >/dev/null
flock d/f cat d/f d/s >/dev/null; sync d/f; cmp d/c d/k; chmod g+s d; rm -r d
END
cat >"$WORK/deeds.root" <<'END'
set -e
echo secret >mine; chmod 600 mine; chown daemon:daemon mine; cat mine >/dev/null; chmod 400 mine; echo more >>mine
touch -d yesterday mine; mknod device c 1 3; setfacl -m u:nobody:r mine; chown root:daemon mine; chmod g+s mine; test -g mine
setfattr -n security.capability -v 0sAQAAAgAgAAAAAAAAAAAAAAAAAAA= mine
mkdir others; chmod 700 others; chown daemon: others; echo x >others/f; rm -r mine device others
END
as_nobody() { (cd "$MNT/open" && timeout 20 setpriv --reuid nobody --regid nogroup --clear-groups "$@"); }
# deeds NAME: root's and others', and a picture.
deeds() {
	rm -rf "$MNT/open"
	mkdir -m 777 "$MNT/open"
	ok "$1: others use their files" as_nobody bash "$WORK/deeds"
	ok "$1: and make pictures" as_nobody bash -c "echo 'a dog, $1' >'$1.txt'"
	ok "$1: which come" wait_state "open/$1.txt" completed
	ok "$1: and can be read" as_nobody test -s "$MNT/out/open/$1.png"
	ok "$1: root does, too" bash -c 'cd "$1/open" && timeout 20 bash "$2" && timeout 20 bash "$3"' - "$MNT" "$WORK/deeds" "$WORK/deeds.root"
}

command_of system "$WORK/gen"
is "${COMMAND[*]:1}" "mount -f -o allow_other $WORK/gen" 'that of the system mounts for all'
bounds=-all
for capability in $(unit system CapabilityBoundingSet); do
	bounds+=,+$(tr '[:upper:]' '[:lower:]' <<<"${capability#CAP_}")
done
ok 'with its capabilities alone it mounts' start system setpriv --bounding-set "$bounds" "${COMMAND[@]}"
deeds bounded
is "$(readlink "/proc/$(daemon_pid)/ns/mnt")" "$(readlink /proc/self/ns/mnt)" 'it has no mount namespace of its own'
ok 'so that others see the mount' nsenter -m -t $$ findmnt -t fuse.easelfs --mountpoint "$MNT"
stop bounded

# --- and system calls ---

if ! command -v strace >/dev/null || ! command -v systemd-analyze >/dev/null; then
	diag 'no strace and systemd-analyze, so system calls are not looked at'
	done_testing
fi
# The calls of sets and of the sets in them.
# shellcheck disable=SC2046
calls_of() {
	local word
	for word in "$@"; do
		case $word in
		@*) calls_of $(systemd-analyze --no-pager syscall-filter "$word" | sed -n 's/^ \+\([^#]\)/\1/p') ;;
		*) echo "$word" ;;
		esac
	done
}
# shellcheck disable=SC2046
calls_of $(unit system SystemCallFilter) | sort -u >"$WORK/allowed"
ok 'the filter lets many calls pass' test "$(grep -c . "$WORK/allowed")" -gt 200
ok 'and others not' not grep -qx reboot "$WORK/allowed"
# Leaks cannot be looked for in what is traced already.
ok 'the daemon is traced' start traced env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
	strace -f -c -S calls -o "$WORK/calls" "${COMMAND[@]}"
deeds traced
stop traced
awk 'NR > 2 && $NF ~ /^[a-z0-9_]+$/ && $NF != "total" { print $NF }' "$WORK/calls" | sort -u >"$WORK/used"
ok 'its calls are known' grep -qx mount "$WORK/used"
is "$(comm -13 "$WORK/allowed" "$WORK/used" | paste -sd ' ')" '' "all $(grep -c . "$WORK/used") of them may pass"

done_testing
