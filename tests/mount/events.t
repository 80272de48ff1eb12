#!/bin/bash
# .easelfs/events: what happens, a line of JSON each, to whoever reads; and poll(2) there and on status files.
. "$(dirname "$0")/lib.sh"
setup --time 0.3 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.1
	poll-min = 0.1
	poll-max = 0.1
	[defaults]
	provider = sandbox
	settle = 0.05
END
pollwait=$O/tests/tools/pollwait
[ -x "$pollwait" ] || die 'build/tests/tools/ is not there: make check builds it'
mount_fg
events=$MNT/.easelfs/events

hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":1}" >/dev/null; }
let_go() { control POST release >/dev/null; }
threads() { awk '$1 == "Threads:" { print $2 }' "/proc/$DAEMON/status"; }
memory() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$DAEMON/status"; }
metric() { timeout 5 awk -v name="$1" '$1 == name { print $2 }' "$MNT/.easelfs/metrics"; }
readers_are() { [ "$(metric easelfs_event_readers)" = "$1" ]; }

# listen OUTPUT: copies events to it in the background, from now on.  Sets LISTENER.
listen() {
	local before
	before=$(metric easelfs_event_readers)
	cat "$events" >"$1" 2>"$1.err" &
	LISTENER=$!
	eventually 10 readers_are $((before + 1)) || diag 'it is not open'
}
# hush PID…: ends those, and waits until they are gone.
hush() { kill "$@"; wait "$@" 2>/dev/null; }
has_line() { [ -n "$(jq -c "select($2)" "$1" 2>/dev/null)" ]; }
# heard FILE JQ-CONDITION: within a while there is such a line.
heard() { eventually 20 has_line "$1" "$2"; }
# told FILE PROMPT: the states that are said of it, in order, each once.
told() { jq -r "select(.prompt == \"$2\").state" "$1" | uniq | tr '\n' ' '; }

# --- the file ---

is "$(timeout 5 ls -A "$MNT/.easelfs" | sort | tr '\n' ' ')" 'README gallery.html jobs.json metrics stats ' 'events and ctl are not listed'
is "$(timeout 5 stat -c '%a %s' "$events")" '400 0' 'events is there by its name, for the mount'\''s user'
like "$(timeout 5 dd iflag=nonblock if="$events" 2>&1)" 'Resource temporarily unavailable' 'without patience: EAGAIN'
like "$(timeout 5 bash -c ': >>"$1"' - "$events" 2>&1)" 'Read-only file system|Permission denied' 'it is not written'
timeout 10 grep -rq 'no such thing' "$MNT/.easelfs"
is $? 1 'grep -r does not get stuck there'
ok 'nor does tar' timeout 10 tar -C "$MNT" -cf "$WORK/all.tar" .

# --- lines ---

listen "$WORK/first"
first=$LISTENER
echo 'an event' >"$MNT/cat.txt"
ok 'completed is said' heard "$WORK/first" '.prompt == "cat.txt" and .state == "completed"'
is "$(stat -c %s "$MNT/out/cat.png")" "$(timeout 5 jq -r '.tasks[0].bytes' "$MNT/status/cat.txt.json")" 'the picture is there by then'
like "$(told "$WORK/first" cat.txt)" '^queued submitting running (downloading )?completed $' 'each state in its order'
is "$(jq -c 'select(.state == "completed") | [.prompt, .revision, .progress, .picture]' "$WORK/first")" \
	'["cat.txt",1,100,"out/cat.png"]' 'with revision, progress and picture'
is "$(jq -r '.time' "$WORK/first" | grep -vcE '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$')" 0 'and the time as RFC 3339 has it'
between() { jq -se --argjson now "$(date +%s)" 'all(.[]; (.time | sub("\\.[0-9]+"; "") | fromdate) as $t | $now - 60 < $t and $t <= $now)' "$1"; }
ok 'which is now, in UTC' between "$WORK/first"
is "$(jq -c . "$WORK/first" | wc -l)" "$(wc -l <"$WORK/first")" 'each line is one object'
is "$(jq -c 'del(.time)' "$WORK/first" | uniq -d)" '' 'nothing is said twice'

listen "$WORK/second"
second=$LISTENER
printf 'n: 2\n\ntwo of them\n' >"$MNT/two.md"
printf 'size: 17:3\n\na bad one\n' >"$MNT/bad.txt"
ok 'why one failed' heard "$WORK/second" '.prompt == "bad.txt" and .state == "failed" and (.reason | contains("17:3"))'
ok 'all pictures of one prompt' heard "$WORK/second" '.state == "completed" and .picture == "out/two-1.png" and .pictures == ["out/two-1.png", "out/two-2.png"]'
is "$(jq -c 'select(.prompt == "cat.txt")' "$WORK/second" | wc -l)" 0 'a reader hears nothing from before it came'
same() { cmp -s <(grep -E 'two.md|bad.txt' "$WORK/first") "$WORK/second"; }
ok 'two readers are told the same' eventually 10 same
is "$(jq -c 'select(.prompt == "two.md") | del(.time)' "$WORK/second" | sort | uniq -d)" '' 'nothing twice, however many tasks settle'
echo 'another event' >"$MNT/cat.txt"
ok 'another text is another revision' heard "$WORK/first" '.prompt == "cat.txt" and .state == "completed" and .revision == 2'
timeout 5 mv "$MNT/cat.txt" "$MNT/dog.txt"
ok 'a renamed prompt is told under its new name' heard "$WORK/first" '.prompt == "dog.txt" and .state == "completed"'

# --- readers ---

before=$(threads)
crowd=()
for i in {1..100}; do
	cat "$events" >"$WORK/crowd.$i" &
	crowd+=($!)
done
ok 'a hundred more read' eventually 20 readers_are 102
ok 'and wait' parked "${crowd[@]}"
{
	kill -KILL "${crowd[@]:0:20}"
	for pid in "${crowd[@]:0:20}"; do wait "$pid"; done
} 2>/dev/null
ok 'killed ones are gone' eventually 10 readers_are 82
kill -STOP "${crowd[@]:20:10}"
kill -CONT "${crowd[@]:20:10}"
echo 'for a crowd' >"$MNT/crowd.txt"
all_heard() {
	local i
	for i in {31..100}; do has_line "$WORK/crowd.$i" '.prompt == "crowd.txt" and .state == "completed"' || return; done
}
ok 'the others hear all' eventually 20 all_heard
is "$(cat "$WORK"/crowd.{31..100} | sort | uniq -c | awk '$1 != 70' | wc -l)" 0 'the same'
ok "they cost no threads ($before, $(threads))" test "$(threads)" -le $((before + 1))
hush "${crowd[@]:20}"
ok 'they leave' eventually 10 readers_are 2

timeout 20 head -c 300 "$events" >"$WORK/head" &
head=$!
timeout 20 dd if="$events" bs=7 count=20 iflag=fullblock status=none of="$WORK/bytes" &
bytes=$!
eventually 10 readers_are 4
echo 'in small pieces' >"$MNT/small.txt"
wait $head $bytes
is "$(wc -c <"$WORK/bytes")" 140 'a small buffer gets the line piece by piece'
is "$(cat "$WORK/bytes")" "$(head -c 140 "$WORK/head")" 'the same bytes'
ok 'the picture is made' wait_state small.txt completed

# --- a slow reader ---

exec 8<"$events"
folder=$(printf 'f%.0s' {1..200})
deep=$folder/$folder/$folder/$folder/$folder
timeout 5 mkdir -p "$MNT/$deep"
listen "$WORK/quick"
quick=$LISTENER
rss=$(memory)
for i in {1..1400}; do printf 'size: bad%s\n\nx\n' "$i" >"$MNT/$deep/p$i.txt"; done
many() { [ "$(jq -r 'select(.state == "failed").prompt' "$WORK/quick" | wc -l)" -ge 1400 ]; }
ok 'a quick reader is told of 1400 failures' eventually 60 many
is "$(jq -c 'select(.dropped)' "$WORK/quick" | wc -l)" 0 'of all'
if sanitized; then
	pass 'who does not read costs little memory # SKIP a sanitizer keeps what was freed'
else
	ok "who does not read costs little memory ($rss, $(memory) KiB)" test $(($(memory) - rss)) -lt 16384
fi
timeout 5 head -c 100000 <&8 >"$WORK/late"
like "$(head -n 1 "$WORK/late")" '^\{"time":"[^"]*","dropped":[0-9]+\}$' 'one that was too slow is told how many lines it lost'
timeout 5 dd bs=1M count=20 iflag=nonblock status=none <&8 >>"$WORK/late" 2>/dev/null
exec 8<&-
lost=$(jq -r 'select(.dropped).dropped' "$WORK/late")
is "$((lost + $(jq -r 'select(.prompt)' "$WORK/late" | jq -s length)))" \
	"$(jq -c 'select(.prompt)' "$WORK/quick" | wc -l)" 'and gets all others'
hush "$quick"

# --- poll ---

# It runs, and its progress is known, which does not go on while it is held.
stands() { timeout 5 jq -e '.state == "running" and .progress != null' "$MNT/status/$1.json"; }

for call in poll epoll; do
	"$pollwait" $call in 20000 "$events" >"$WORK/poll" &
	poller=$!
	eventually 10 grep -q opened "$WORK/poll"
	echo "$call" >"$MNT/$call.txt"
	ok "$call: events become readable" wait $poller
	ok 'it is made' wait_state "$call.txt" completed
	hold "status by $call"
	echo "status by $call" >"$MNT/$call.txt"
	ok 'another one runs' eventually 20 stands "$call.txt"
	for name in "$call.txt" "$call.txt.json"; do
		is "$("$pollwait" $call in 0 "$MNT/status/$name" | tail -n 1)" ready "$call: a status can be read at once"
	done
	is "$("$pollwait" $call pri 300 "$MNT/status/$call.txt" | tail -n 1)" timeout 'nothing has changed'
	"$pollwait" $call pri 20000 "$MNT/status/$call.txt" >"$WORK/poll" &
	poller=$!
	"$pollwait" $call pri 20000 "$MNT/status/$call.txt.json" >"$WORK/poll.json" &
	other=$!
	eventually 10 grep -q opened "$WORK/poll"
	eventually 10 grep -q opened "$WORK/poll.json"
	let_go
	ok "$call: its change is POLLPRI" wait $poller
	ok "$call: of the JSON, too" wait $other
	ok 'it is completed' wait_state "$call.txt" completed
	is "$("$pollwait" $call pri 300 "$MNT/status/$call.txt" | tail -n 1)" timeout 'opened anew it shows all there is'
	is "$("$pollwait" $call in 0 "$MNT/$call.txt" | tail -n 1)" ready "$call: ordinary files are ready"
done
ok 'timeout without lines' not "$pollwait" poll in 200 "$events"

# --- the end ---

ok 'readers are still there' kill -0 "$first" "$second"
ok 'unmounted while they read' umount_it
wait "$first"
is $? 0 'a reader finds the end of the file'
wait "$second"
is $? 0 'the other one, too'
is "$(cat "$WORK/first.err" "$WORK/second.err")" '' 'without an error'
is "$(tail -c 1 "$WORK/first" | wc -l)" 1 'after a whole line'

done_testing
