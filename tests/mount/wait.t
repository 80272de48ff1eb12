#!/bin/bash
# wait/: opening a picture there waits until it is finished, and nothing else waits with it.
. "$(dirname "$0")/lib.sh"
setup --time 0.1
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END

mkdir "$WORK/gen"
echo 'it was here before' >"$WORK/gen/held.txt"
mount_fg -o in_flight=300

now() { echo "${EPOCHREALTIME/[.,]/}"; }
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":-1}" >/dev/null; }
let_go() {
	control DELETE faults >/dev/null
	control POST release >/dev/null
}
seconds_since() { echo $((($(now) - $1) / 1000000)); }

# median COMMAND…: of 31 runs, in microseconds.
median() {
	local i begin
	for i in {1..31}; do
		begin=$(now)
		timeout 20 "$@" >/dev/null
		echo $(($(now) - begin))
	done | sort -n | sed -n 16p
}

threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$DAEMON/status"; }

# fails_at_once NAME PICTURE ERROR
fails_at_once() {
	local begin said
	begin=$(now)
	said=$(timeout 20 cat "$MNT/wait/$2" 2>&1 >/dev/null)
	like "$said" "$3" "$1: $3"
	is "$(seconds_since "$begin")" 0 "$1: at once"
}

# --- many readers ---

hold crowd
echo 'a crowd' >"$MNT/crowd.txt"
echo 'a single one' >"$MNT/single.txt"
ok 'while one waits another is made' timeout 20 "$O/easelfs" wait "$MNT/single.txt"
for i in {1..8}; do timeout 20 ls -lR "$MNT" >/dev/null & done
wait $!
before=$(threads)
readers=()
for i in {1..200}; do
	reader crowd.png "$WORK/crowd.$i"
	readers+=("$READER")
done
ok 'two hundred readers wait' parked "${readers[@]}"
took=$(median ls "$MNT")
ok "ls answers meanwhile ($took µs)" test "$took" -lt $((250000 * PATIENCE))
took=$(median stat "$MNT/crowd.txt")
ok "stat answers meanwhile ($took µs)" test "$took" -lt $((250000 * PATIENCE))
took=$(median cat "$MNT/status/crowd.txt")
ok "status answers meanwhile ($took µs)" test "$took" -lt $((250000 * PATIENCE))
ok "readers cost no threads ($before, $(threads))" test "$(threads)" -le $((before + 1))
is "$(state_of crowd.txt)" running 'it is still running'

kill -INT "${readers[0]}"
begin=$(now)
wait "${readers[0]}"
is $? 130 'Ctrl-C ends a reader'
is "$(seconds_since "$begin")" 0 'at once'
{
	kill -KILL "${readers[@]:1:20}"
	for pid in "${readers[@]:1:20}"; do wait "$pid"; done
} 2>/dev/null
ok 'killed readers are gone' not kill -0 "${readers[@]:1:20}"
timeout -s INT -k 5 0.2 cat "$MNT/wait/crowd.png" >/dev/null
is $? 124 'one that gives up is gone, too'
ok 'the others wait on' parked "${readers[@]:21}"
is "$(timeout 5 cat "$MNT/crowd.txt")" 'a crowd' 'the mount is fine'
said=$(timeout 5 dd iflag=nonblock if="$MNT/wait/crowd.png" 2>&1)
like "$said" 'Resource temporarily unavailable' 'a reader without patience gets EAGAIN'
is "$(ls "$MNT/wait")" single.png 'wait/ lists only what is finished'

let_go
failed=0
for i in {21..199}; do
	wait "${readers[i]}" || failed=$((failed + 1))
	cmp -s "$WORK/crowd.$((i + 1))" "$MNT/out/crowd.png" || failed=$((failed + 1))
done
is $failed 0 'all others get the picture'
is "$(bill '.prompts["a crowd"].accepted')" 1 'which was paid for once'

# --- names ---

for name in crowd.png crowd.jpg crowd.jpeg crowd.webp crowd; do
	ok "wait/$name is that picture" timeout 5 cmp "$MNT/wait/$name" "$MNT/out/crowd.png"
done
ok 'a finished one is given to those without patience' \
	timeout 5 dd iflag=nonblock status=none if="$MNT/wait/crowd.png" of="$WORK/dd"
ok 'whole' cmp "$WORK/dd" "$MNT/out/crowd.png"
size=$(stat -c %s "$MNT/out/crowd.png")
is "$(timeout 5 stat -c %s "$MNT/wait/crowd.png")" "$size" 'its size is right'
ok 'it is read in the midst' cmp <(tail -c +5001 "$MNT/wait/crowd.png" | head -c 999) \
	<(tail -c +5001 "$MNT/out/crowd.png" | head -c 999)
mapped() {
	timeout 20 "$O/tests/tools/readas" mmap "$MNT/$1" >"$WORK/mapped" && timeout 5 cmp "$WORK/mapped" "$MNT/$2"
}
if [ -x "$O/tests/tools/readas" ]; then
	ok 'it can be mapped' mapped wait/crowd.png out/crowd.png
	echo 'to be mapped' >"$MNT/map.txt"
	ok 'one that is waited for, too' mapped wait/map.png out/map.png
fi
ok 'it can be searched' timeout 5 grep -q IEND "$MNT/wait/crowd.png"
said=$(timeout 5 dd if=/dev/null of="$MNT/wait/crowd.png" conv=notrunc 2>&1)
like "$said" 'Read-only file system|Permission denied' 'it cannot be written'
fails_at_once 'no such prompt' nobody.png 'No such file'
fails_at_once 'a second picture of one' crowd-2.png 'No such file'
fails_at_once 'a text' crowd.txt 'No such file'

timeout 5 mkdir -p "$MNT/a/b"
printf 'n: 2\n\ntwo of them\n' >"$MNT/a/b/two.md"
ok 'the second of two' timeout 20 cmp "$MNT/wait/a/b/two-2.png" "$MNT/out/a/b/two-2.png"
ok 'the first of two' timeout 20 cmp "$MNT/wait/a/b/two-1.png" "$MNT/out/a/b/two-1.png"
ok 'the name without a number is the first' timeout 20 cmp "$MNT/wait/a/b/two.png" "$MNT/out/a/b/two-1.png"
ok 'they differ' not timeout 20 cmp -s "$MNT/wait/a/b/two-1.png" "$MNT/wait/a/b/two-2.png"
is "$(ls "$MNT/wait/a/b" | tr '\n' ' ')" 'two-1.png two-2.png ' 'they are listed in their folder'
timeout 5 mkdir "$MNT/both"
echo 'a folder has my name' >"$MNT/both.txt"
ok 'a folder wins over a name without suffix' timeout 5 test -d "$MNT/wait/both"
ok 'a suffix names the picture' timeout 20 cmp "$MNT/wait/both.png" "$MNT/out/both.png"
timeout 5 rm "$MNT/out/both.png"
fails_at_once 'a picture that was deleted' both.png 'No such file'
like "$(status_of both.txt)" 'note: out/both.png is not there any more: deleted, moved or renamed; easelfs again makes a new one' \
	'its status says so'
like "$(status_of both.txt.json | jq -r .note)" '^out/both.png is not there any more' 'to programs, too'

# --- what will never come ---

fails_at_once 'held' held.png 'Input/output error'
timeout 5 "$O/easelfs" cancel "$MNT/held.txt"
fails_at_once 'canceled' held.png 'Input/output error'
control POST faults '{"on":"submit","match":"doom","do":"fail_task","code":"content_policy_violation"}' >/dev/null
hold doom
echo 'doom' >"$MNT/doom.txt"
reader doom.png "$WORK/doom"
parked "$READER"
control POST faults '{"on":"poll","do":"fail_task","code":"content_policy_violation","count":-1}' >/dev/null
let_go
wait "$READER"
is $? 1 'a reader of what fails is told'
control DELETE faults >/dev/null
like "$(cat "$WORK/doom.err")" 'Input/output error' 'by EIO'
fails_at_once 'failed' doom.png 'Input/output error'
echo 'sise: 16:9' >"$MNT/wrong.txt"
printf 'size: 17:3\n\na cat\n' >"$MNT/wrong.txt"
fails_at_once 'refused' wrong.png 'Input/output error'
: >"$MNT/blank.txt"
fails_at_once 'blank' blank.png 'Input/output error'

# --- just written ---

missed=0
for i in {1..50}; do
	echo "quick $i" >"$MNT/quick.txt" &&
		timeout 20 cat "$MNT/wait/quick.png" >"$WORK/quick.$i" || missed=$((missed + 1))
done
is $missed 0 'echo p > x.txt && cat wait/x.png always finds it'
is "$(sha256sum "$WORK"/quick.* | cut -c 1-64 | sort -u | wc -l)" 50 'each time the new picture'
ok 'the last one is in out/' cmp "$WORK/quick.50" "$MNT/out/quick.png"
different=0
for i in {1..49}; do
	cmp -s "$WORK/quick.$i" "$MNT/history/quick.$i.png" || different=$((different + 1))
done
is $different 0 'and every other one whole in history/'
echo 'quick 50' >"$MNT/quick.txt"
ok 'saved again it is the same one' timeout 20 cmp "$MNT/wait/quick.png" "$WORK/quick.50"

hold fresh
echo 'an old text' >"$MNT/open.txt"
timeout 20 cat "$MNT/wait/open.png" >"$WORK/old.png"
exec 9<"$MNT/wait/open.png"
timeout 5 dd bs=10000 count=1 status=none <&9 >"$WORK/old.read"
echo 'a fresh text' >"$MNT/open.txt"
reader open.png "$WORK/fresh.png"
ok 'after an edit the old picture is not given' parked "$READER"
ok 'and not listed' not grep -qx open.png <(timeout 5 ls "$MNT/wait")
let_go
wait "$READER"
timeout 5 cat <&9 >>"$WORK/old.read"
exec 9<&-
ok 'a reader of the old picture gets all of it' cmp "$WORK/old.read" "$WORK/old.png"
ok 'a reader of the new one, too' cmp "$WORK/fresh.png" "$MNT/out/open.png"
ok 'they differ' not cmp -s "$WORK/old.png" "$WORK/fresh.png"
ok 'the old one is in history/' cmp "$WORK/old.png" "$MNT/history/open.1.png"

# A writer in no hurry: nothing starts before its last close.
{
	echo 'a slow'
	reader slow.png "$WORK/slow"
	parked "$READER" || echo 'and not waited for'
	echo 'text'
} >"$MNT/slow.txt"
ok 'a reader waits for the writer' timeout 20 tail --pid="$READER" -f /dev/null
ok 'and gets the picture' cmp "$WORK/slow" "$MNT/out/slow.png"
is "$(bill '.prompts["a slow\ntext"].accepted')" 1 'of the whole text'

done_testing
