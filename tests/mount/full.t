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
mount -t tmpfs -o size=12m none "$WORK/disk" || die 'there is no tmpfs'
_mounts+=("$WORK/disk")

start() { mount_fg -o provider=sandbox,settle=0.05 "$WORK/disk" "$WORK/gen" 2>/dev/null || die 'it cannot be mounted'; }
waits() { status_of "$1" | grep -q '^waits: the journal cannot be written (No space left on device)'; }
says_no_space() { dd if=/dev/urandom of="$1" bs=64k count=1 2>&1 | grep 'No space left on device'; }
asked() { control GET requests | jq length; }
downloads() { control GET requests | jq '[.[] | select(.path | test("results|/r/|\\.png"))] | length'; }
available() { df --output=avail -k "$WORK/disk" | tail -1; }
# leave KIB: no more room than that.
leave() { head -c $((($(available) - $1) * 1024)) /dev/zero >"$WORK/disk/filler"; }
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
	ok "$how: a prompt cannot be written" says_no_space "$MNT/$how-big.txt"
	ok "$how: the log says that the disk is full" eventually 10 grep -q 'journal could not be written' "$WORK/daemon.log"
	ok "$how: the provider is left alone" eventually 10 eval 'n=$(asked); sleep 1; [ "$n" = "$(asked)" ]'
	is "$(state_of "$how-next.txt")" deferred "$how: nothing new is begun"
	control POST release >/dev/null
	ok "$how: what was sent is known" eventually 10 eval "[[ \$(state_of $how-late.txt) =~ running|downloading ]]"
	is "$(accepted "$how next")" 0 "$how: nothing new is sent, as its intent cannot be written"
	ok "$how: the status says why nothing goes on" eventually 10 waits "$how-held.txt"
	ok "$how: the JSON, too" eventually 10 eval "timeout 10 jq -e '.waits | contains(\"No space left\")' <$MNT/status/$how-held.txt.json"
	is "$(grep -c 'disk is full\|No space left' "$WORK/daemon.log")" 2 "$how: the log says it once, and why"
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
		ok "$how: $name waits no more" not waits "$how-$name.txt"
	done
	prompt "$how-big.txt" "$how big"
	ok "$how: what could not be written can be now" wait_state "$how-big.txt" completed
	umount_it
done

# --- a prompt is renamed over another one, and the journal cannot say so yet --------------------------

start
prompt one.txt 'renamed onto'
prompt two.txt 'renamed over it'
timeout 10 mkdir "$MNT/f"
prompt f/three.txt 'in a folder'
ok 'one in a folder is completed' wait_state f/three.txt completed
ok 'both are completed' wait_state one.txt completed
ok 'the other, too' wait_state two.txt completed
fault '{"on":"submit","match":"beside","do":"hold"}'
prompt beside.txt 'beside them'
ok 'one beside them is running' wait_state beside.txt running
: >"$WORK/daemon.log"
fill
timeout 10 mv "$MNT/two.txt" "$MNT/one.txt"
timeout 10 mv "$MNT/f" "$MNT/g"
ok 'the journal cannot be written' eventually 10 grep -q 'journal could not be written' "$WORK/daemon.log"
rm "$WORK/disk/filler"
control POST release >/dev/null
ok 'with room again what ran is completed' wait_state beside.txt completed
prompt after.txt 'after it'
ok 'and what is new' wait_state after.txt completed
is "$(accepted 'renamed over it'),$(accepted 'renamed onto')" 1,1 'nothing was sent again'
over() { cmp -s "$MNT/out/one.png" <(cat "$MNT"/wait/one.png) && [ ! -e "$MNT/out/two.png" ]; }
ok 'the picture follows' eventually 10 over
ok 'that of a folder, too' eventually 10 test -s "$MNT/out/g/three.png"
is "$(state_of g/three.txt)" completed 'with its record'
is "$(accepted 'in a folder')" 1 'and was not sent again'
umount_it

# --- the picture alone does not fit -------------------------------------------------------------------

start
fault '{"on":"submit","match":"large","do":"hold"}'
control POST settings '{"pad":2000000}' >/dev/null
prompt large.txt 'a large one'
ok 'large: it is running' wait_state large.txt running
leave 1500
control POST release >/dev/null
ok 'large: the status says that it does not fit' eventually 20 eval \
	'[[ $(status_of large.txt) == *"could not be written: No space left on device"*"make room on the disk"* ]]'
is "$(state_of large.txt)" downloading 'large: it is still to come'
ok 'large: what there was of it does not take the room' eventually 20 eval '[ "$(available)" -gt 1000 ]'
ok 'large: it is tried again, and again' eventually 30 eval '[ "$(downloads)" -ge 3 ]'
rm "$WORK/disk/filler"
ok 'large: with room it is completed' wait_state large.txt completed
is "$(accepted 'a large one')" 1 'large: it was charged once'
is "$(stat -c %s "$MNT/out/large.png")" 2000000 'large: and is whole'

# A copy of another prompt's picture that does not fit is no reason to buy one.
leave 1500
prompt same.txt 'a large one'
ok 'same: the status says that it cannot be copied' eventually 20 eval \
	'[[ $(status_of same.txt) == *"could not be copied: No space left on device"* ]]'
rm "$WORK/disk/filler"
ok 'same: with room it is completed' wait_state same.txt completed
is "$(accepted 'a large one')" 1 'same: nothing was sent for it'

# Nor is one for which there is no file: the prompt takes the last inode.
mount -o "remount,nr_inodes=$(($(df --output=iused "$WORK/disk" | tail -1) + 1))" "$WORK/disk"
prompt again.txt 'a large one'
ok 'no inode: the status says that it cannot be copied' eventually 20 eval \
	'[[ $(status_of again.txt) == *"could not be copied: No space left on device"* ]]'
mount -o remount,nr_inodes=10000 "$WORK/disk"
ok 'no inode: with room it is completed' wait_state again.txt completed
is "$(accepted 'a large one')" 1 'no inode: nothing was sent for it'
umount_it

# --- a disk that fails now and then -------------------------------------------------------------------

control POST settings '{"pad":0}' >/dev/null
# inject SYSTEM-CALLS ERROR EVERY: every so many of these calls of each thread fail.
inject() {
	strace -f -qq -o /dev/null -p "$DAEMON" -e trace="$1" -e inject="$1:error=$2:when=1+$3" &
	STRACE=$!
	eventually 20 grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$DAEMON/status"
}
if command -v strace >/dev/null; then
	start
	# A transaction has one or two of the former, some ten of the latter.
	for how in fsync,fdatasync:EIO:3 pwrite64:ENOSPC:31; do
		IFS=: read -r calls error every <<<"$how"
		what=$calls:$error
		ok "$what: some fail" inject "$calls" "$error" "$every"
		for i in 1 2; do
			# Writing it may fail, too; then it is written once more.
			ok "$what: $i is written" eventually 10 prompt "$what-$i.txt" "$what $i"
		done
		for i in 1 2; do
			ok "$what: $i is completed all the same" wait_state "$what-$i.txt" completed 60
			is "$(accepted "$what $i")" 1 "$what: $i was charged once"
		done
		kill "$STRACE"
		wait "$STRACE" 2>/dev/null
	done
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	start
	for what in fsync,fdatasync:EIO pwrite64:ENOSPC; do
		for i in 1 2; do
			ok "$what: the journal has $i" wait_state "$what-$i.txt" completed
			is "$(accepted "$what $i")" 1 "$what: and $i was not sent again"
		done
	done
	umount_it
fi
done_testing
