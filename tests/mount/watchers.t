#!/bin/bash
# Programs that watch: recursive inotify on the whole mount, entr, watch, and a script with Python's watchdog.
. "$(dirname "$0")/lib.sh"
setup --time 0.3 --submit-rpm 0 --query-rpm 0
impatient
mount_fg

sees() { eventually 20 grep -Eq "$2" "$1"; }
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":1}" >/dev/null; }
let_go() { control POST release >/dev/null; }
# stop PID: a program that watches, and waits until it is gone.
stop() { kill "$1"; wait "$1" 2>/dev/null; }

# --- all of it, by inotify ---

echo 'the first' >"$MNT/first.txt"
ok 'a picture is made' wait_state first.txt completed
inotifywait -m -r --format '%e %w%f' "$MNT" >"$WORK/all" 2>"$WORK/all.err" &
watcher=$!
ok 'a recursive watch on the mount' eventually 20 grep -q '^Watches established' "$WORK/all.err"
prompts=(one.txt two.md a/three.txt a/four.prompt a/b/five.txt c/six.txt c/seven.txt first.txt)
timeout 5 mkdir -p "$MNT/a/b" "$MNT/c"
for prompt in "${prompts[@]}"; do echo "a picture for $prompt" >"$MNT/$prompt"; done
for prompt in "${prompts[@]}"; do
	timeout 20 "$O/easelfs" wait "$MNT/$prompt" || fail "$prompt is not made"
done
wrong=
for prompt in "${prompts[@]}"; do
	picture=$MNT/out/${prompt%.*}.png
	sees "$WORK/all" "^MOVED_TO $picture$" || wrong+=" $prompt: no event"
	[ "$(grep -cE "^(MOVED_TO|MOVED_FROM|CREATE|DELETE|MODIFY|CLOSE_WRITE[^ ]*) $picture$" "$WORK/all")" = 1 ] ||
		wrong+=" $prompt: $(grep -E " $picture$" "$WORK/all" | tr '\n' ' ')"
done
is "$wrong" '' 'each finished picture is one MOVED_TO'
# One that is made in a new folder may be there before the watch on that is set: inotifywait has the race.
for folder in a c; do
	made=$(grep -nE "^CREATE,ISDIR $MNT/out/$folder$" "$WORK/all" | head -n 1 | cut -d : -f 1)
	came=$(grep -nE "^MOVED_TO $MNT/out/$folder/[^/]*.png$" "$WORK/all" | head -n 1 | cut -d : -f 1)
	ok "its new folder out/$folder came before (line ${made:-none}, ${came:-none})" test "${made:-0}" -gt 0 -a "${made:-0}" -lt "${came:-0}"
done
wrong=
for prompt in "${prompts[@]}"; do
	[[ $prompt == first.txt ]] || grep -qE "^MODIFY $MNT/status/$prompt$" "$WORK/all" || wrong+=" $prompt"
done
is "$wrong" '' 'each status is modified'
is "$(grep -c 'incoming' "$WORK/all")" 0 'nothing is seen of what is not finished'
stop $watcher

# --- entr ---

# One change each, as entr does not look for what happens within 50 ms after it has run.
printf 'size: 17:3\n\nfor entr\n' >"$MNT/entr.txt"
ok 'one fails' wait_state entr.txt failed
echo "$MNT/status/entr.txt" | entr -n grep reason: "$MNT/status/entr.txt" >"$WORK/entr" 2>&1 &
entr=$!
ok 'entr looks at its status' sees "$WORK/entr" '17:3'
printf 'size: 19:5\n\nfor entr\n' >"$MNT/entr.txt"
ok 'and again when it changes' sees "$WORK/entr" '19:5'
stop $entr
echo 'for entr' >"$MNT/entr.txt"
ok 'it is made' wait_state entr.txt completed
echo "$MNT/out/entr.png" | entr -n stat -c %s "$MNT/out/entr.png" >"$WORK/entr" 2>&1 &
entr=$!
ok 'entr looks at a picture' sees "$WORK/entr" '^[0-9]+$'
echo 'a wide one for entr' >"$MNT/entr.txt"
again() { [ "$(grep -c '^[0-9]' "$WORK/entr")" -ge 2 ]; }
ok 'and again when there is a new one' eventually 20 again
is "$(tail -n 1 "$WORK/entr")" "$(stat -c %s "$MNT/out/entr.png")" 'which it finds'
stop $entr

# --- watch ---

hold 'for watch'
echo 'for watch' >"$MNT/watch.txt"
ok 'one runs' wait_state watch.txt running
TERM=xterm watch -t -n 0.1 cat "$MNT/status/watch.txt" >"$WORK/watch" 2>&1 &
watch=$!
ok 'watch shows it' sees "$WORK/watch" running
let_go
ok 'and that it is completed' sees "$WORK/watch" completed
stop $watch

# --- Python's watchdog ---

cat >"$WORK/dog.py" <<-'END'
	import sys, time
	from watchdog.observers import Observer
	from watchdog.events import FileSystemEventHandler

	class Teller(FileSystemEventHandler):
	    def on_any_event(self, event):
	        print(event.event_type, event.src_path, getattr(event, "dest_path", ""), flush=True)

	observer = Observer()
	observer.schedule(Teller(), sys.argv[1], recursive=True)
	observer.start()
	print("watching", flush=True)
	while True:
	    time.sleep(60)
END
/usr/bin/python3 "$WORK/dog.py" "$MNT" >"$WORK/dog" 2>&1 &
dog=$!
ok 'a script with watchdog' sees "$WORK/dog" '^watching'
timeout 5 mkdir -p "$MNT/kennel"
echo 'for a dog' >"$MNT/kennel/dog.txt"
ok 'one is made' timeout 20 "$O/easelfs" wait "$MNT/kennel/dog.txt"
ok 'it sees the picture come' sees "$WORK/dog" "^(created|moved) .*$MNT/out/kennel/dog.png"
is "$(grep -cE "^(created|moved|modified) .*$MNT/out/kennel/dog.png" "$WORK/dog")" 1 'once'
echo 'another for a dog' >"$MNT/first.txt"
ok 'another is made' timeout 20 "$O/easelfs" wait "$MNT/first.txt"
ok 'it sees a status change' sees "$WORK/dog" "^modified $MNT/status/first.txt"
stop $dog

done_testing
