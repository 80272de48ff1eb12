#!/bin/bash
# What watchers see: file managers, scripts with inotifywait, and whoever asks again right away.
. "$(dirname "$0")/lib.sh"
command -v inotifywait >/dev/null || { echo '1..0 # SKIP inotifywait is not installed'; exit 0; }
setup --time 0.1
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
mount_fg

# watch OUTPUT ARG…: inotifywait in the background, from the moment that it watches.  Sets WATCHER.
watch() {
	local output=$1
	shift
	inotifywait "$@" >"$output" 2>"$output.err" &
	WATCHER=$!
	eventually 20 grep -q '^Watches established' "$output.err" || diag "no watches: $(cat "$output.err")"
}

unwatch() { kill "$WATCHER"; wait "$WATCHER" 2>/dev/null; }

# sees OUTPUT REGEX: within a while.
sees() { eventually 10 grep -Eq "$2" "$1"; }
count() { grep -Ec "$2" "$1"; }
counts() { test "$(count "$1" "$2")" "$3" "$4"; }     # FILE REGEX -eq N
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":1}" >/dev/null; }

# --- out/ ---

ok 'before, there is no picture' not timeout 5 stat "$MNT/out/cat.png"
timeout 5 mkdir -p "$MNT/out"
watch "$WORK/out" -m --format '%e %f' "$MNT/out"
ok 'nor in a folder that is there' not timeout 5 stat "$MNT/out/cat.png"
echo 'a cat' >"$MNT/cat.txt"
timeout 20 cat "$MNT/wait/cat.png" >"$WORK/cat.png"
ok 'as soon as wait/ has it, so has out/' timeout 5 stat "$MNT/out/cat.png"
ok 'the whole' timeout 5 cmp "$WORK/cat.png" "$MNT/out/cat.png"
is "$(ls "$MNT/out")" cat.png 'which is listed'
ok 'a watcher sees it come' sees "$WORK/out" '^MOVED_TO cat.png'
echo 'a dog' >"$MNT/dog.txt"
ok 'and the next one' sees "$WORK/out" '^MOVED_TO dog.png'
is "$(count "$WORK/out" '^(MOVED_TO|CREATE|CLOSE_WRITE|MODIFY).* cat.png')" 1 'by one event'
echo 'another cat' >"$MNT/cat.txt"
timeout 20 "$O/easelfs" wait "$MNT/cat.txt"
echo 'another dog' >"$MNT/dog.txt"
timeout 20 "$O/easelfs" wait "$MNT/dog.txt"
ok 'a new text is seen as well' eventually 10 counts "$WORK/out" 'MOVED_TO dog.png' -eq 2
is "$(count "$WORK/out" '^MOVED_TO cat.png')" 2 'by one event each'
is "$(count "$WORK/out" 'DELETE|MOVED_FROM')" 0 'and no picture ever went away'
unwatch

watch "$WORK/deep" -m -r --format '%e %w%f' "$MNT/out"
timeout 5 mkdir -p "$MNT/new/er"
echo 'a bird' >"$MNT/new/er/bird.txt"
ok 'a recursive watcher sees a picture in a new folder' sees "$WORK/deep" 'MOVED_TO .*/out/new/er/bird.png'
ok 'after its folder' sees "$WORK/deep" 'CREATE,ISDIR .*/out/new$'
like "$(tr '\n' ' ' <"$WORK/deep")" 'CREATE,ISDIR .*out/new .*MOVED_TO .*bird.png' 'in that order'
unwatch

# --- the prompts' folder ---

watch "$WORK/root" -m --format '%e %f' "$MNT"
echo 'a fish' >"$MNT/fish.txt"
timeout 20 "$O/easelfs" wait "$MNT/fish.txt"
ok 'writing a prompt is seen like any other file' sees "$WORK/root" '^CLOSE_WRITE.* fish.txt'
is "$(count "$WORK/root" '^CREATE fish.txt')" 1 'created once'
unwatch

# --- status/ ---

hold 'status'
watch "$WORK/folder" -m -e modify --format '%e %f' "$MNT/status"
echo 'a status' >"$MNT/state.txt"
ok 'a watcher of status/ sees the prompt' sees "$WORK/folder" '^MODIFY state.txt'
ok 'until it runs' wait_state state.txt running
watch "$WORK/file" -m --format '%e' "$MNT/status/state.txt"
watcher_of_file=$WATCHER
before=$(count "$WORK/folder" '^MODIFY state.txt')
control POST release >/dev/null
ok 'it is completed' wait_state state.txt completed
ok 'a watcher of the file sees a change' sees "$WORK/file" MODIFY
ok 'and the watcher of the folder' eventually 10 counts "$WORK/folder" '^MODIFY state.txt' -gt "$before"

# The same watch, and the next revisions.
seen=$(count "$WORK/file" MODIFY)
for i in 1 2 3; do
	echo "a status $i" >"$MNT/state.txt"
	timeout 20 "$O/easelfs" wait "$MNT/state.txt" 2>/dev/null
	more() { [ "$(count "$WORK/file" MODIFY)" -gt "$seen" ]; }
	ok "the same watcher sees change $i" eventually 10 more
	seen=$(count "$WORK/file" MODIFY)
done
is "$(count "$WORK/file" 'DELETE_SELF|IGNORED|UNMOUNT')" 0 'its watch was never lost'
kill "$watcher_of_file"

# inotifywait as scripts use it: wait for one change, look, wait again.
hold 'loop'
echo 'a loop' >"$MNT/loop.txt"
ok 'another one runs' wait_state loop.txt running
watch "$WORK/once" -e modify "$MNT/status/loop.txt"
control POST release >/dev/null
ok 'a script that waits for a change is woken' timeout 10 tail --pid="$WATCHER" -f /dev/null
ok 'and finds it completed in the end' wait_state loop.txt completed
watch "$WORK/json" -m -e modify --format '%e' "$MNT/status/loop.txt.json"
echo 'a loop again' >"$MNT/loop.txt"
timeout 20 "$O/easelfs" wait "$MNT/loop.txt"
ok 'the JSON is told, too' sees "$WORK/json" MODIFY
unwatch

# --- what appears is complete ---

partial=0
watch "$WORK/many" -m -e moved_to,create --format '%f' "$MNT/out"
for i in {1..12}; do echo "one of many $i" >"$MNT/many$i.txt"; done
# Each is copied the moment that it can be opened.
copy_when_there() {
	local end=$((SECONDS + 30))
	until [ -e "$MNT/out/$1.png" ]; do [ $SECONDS -lt $end ] || return; done
	cat "$MNT/out/$1.png" >"$WORK/$1.copy"
}
copiers=()
for i in {1..12}; do
	copy_when_there "many$i" &
	copiers+=($!)
done
for pid in "${copiers[@]}"; do wait "$pid" || partial=$((partial + 1)); done
for i in {1..12}; do
	timeout 20 "$O/easelfs" wait "$MNT/many$i.txt" || partial=$((partial + 1))
	cmp "$WORK/many$i.copy" "$MNT/out/many$i.png" || partial=$((partial + 1))
	[ "$(tail -c 8 "$WORK/many$i.copy" | head -c 4)" = IEND ] || partial=$((partial + 1))
done
is $partial 0 'pictures that appear while one looks are complete'
all_seen() { [ "$(sort -u "$WORK/many" | grep -c '^many')" = 12 ]; }
ok 'every one was seen by the watcher' eventually 10 all_seen
is "$(sort "$WORK/many" | uniq -d)" '' 'none twice'
unwatch

# --- what others do is seen, too ---

watch "$WORK/users" -m --format '%e %f' "$MNT/out"
timeout 5 rm "$MNT/out/many1.png"
ok 'a picture that a user deletes' sees "$WORK/users" '^DELETE many1.png'
ok 'is gone at once' not timeout 5 stat "$MNT/out/many1.png"
timeout 5 mv "$MNT/out/many2.png" "$MNT/kept.png"
ok 'one that is moved away' sees "$WORK/users" '^MOVED_FROM many2.png'
ok 'is where it was moved to' timeout 5 cmp "$WORK/many2.copy" "$MNT/kept.png"
unwatch

done_testing
