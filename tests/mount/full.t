#!/bin/bash
# The disk is full while tasks are on their way: nothing new is sent, nothing is lost, and with room
# again all goes on.
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root can mount a small disk'
	exit
fi
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mkdir "$WORK/disk"
mount -t tmpfs -o size=4m none "$WORK/disk" || die 'there is no tmpfs'
_mounts+=("$WORK/disk")

start() { mount_fg -o provider=sandbox,settle=0.05 "$WORK/disk" "$WORK/gen" 2>/dev/null || die 'it cannot be mounted'; }
prompt() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
fault() { control POST faults "$1" >/dev/null || die "fault $1"; }
accepted() { bill ".prompts[\"$1\"].accepted // 0"; }
fill() { dd if=/dev/zero of="$WORK/disk/filler" bs=4k status=none 2>/dev/null; }

for how in running killed; do
	start
	fault "{\"on\":\"submit\",\"match\":\"$how held\",\"do\":\"hold\"}"
	fault "{\"on\":\"submit\",\"match\":\"$how late\",\"do\":\"delay\",\"seconds\":1}"
	fault "{\"on\":\"submit\",\"match\":\"$how next\",\"do\":\"status\",\"status\":429,\"headers\":{\"Retry-After\":\"0.5\"}}"
	prompt "$how-held.txt" "$how held"
	ok "$how: one is running" wait_state "$how-held.txt" running
	prompt "$how-late.txt" "$how late"
	ok "$how: one is submitting" wait_state "$how-late.txt" submitting
	prompt "$how-next.txt" "$how next"
	ok "$how: one is deferred" wait_state "$how-next.txt" deferred
	: >"$WORK/daemon.log"
	fill
	control POST release >/dev/null
	ok "$how: the log says that the disk is full" eventually 10 grep -q 'journal could not be written' "$WORK/daemon.log"
	ok "$how: what was sent is known" eventually 10 eval "[[ \$(state_of $how-late.txt) =~ running|downloading ]]"
	is "$(accepted "$how next")" 0 "$how: nothing new is sent, as its intent cannot be written"
	if [ $how = killed ]; then
		kill -KILL "$DAEMON"
		wait "$DAEMON" 2>/dev/null
	fi
	rm "$WORK/disk/filler"
	[ $how = running ] || start
	for name in held late next; do
		ok "$how: with room again $name is completed" wait_state "$how-$name.txt" completed
		is "$(accepted "$how $name")" 1 "$how: $name was charged once"
		ok "$how: $name has its picture" test -s "$MNT/out/$how-$name.png"
	done
	umount_it
done
done_testing
