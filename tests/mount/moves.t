#!/bin/bash
# Prompts that are moved, replaced and looked at in unlucky moments keep their record and their picture.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0.2
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'

write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
completed() { timeout 30 "$O/easelfs" wait "${@/#/$MNT/}"; }
held() { control POST faults '{"on":"submit","do":"hold","count":-1}' >/dev/null; }
released() { control DELETE faults >/dev/null; control POST release >/dev/null; }
there() { timeout 5 test -s "$MNT/$1"; }

# --- a file that is still open is renamed away, and another takes its name ---------------------------

held
timeout 20 bash -c '
	exec 3>"$1/cat.txt"
	echo "an open cat" >&3
	mv "$1/cat.txt" "$1/old.bak"
	echo "the cat that stays" >"$1/cat.txt"
	"$2" status "$1/cat.txt" >/dev/null
	for ((i = 0; i < 100; i++)); do grep -q "^state: running" "$1/status/cat.txt" && break; sleep 0.05; done
	exec 3>&-
	sleep 0.3' - "$MNT" "$O/easelfs"
is "$(state_of cat.txt)" running 'closing the one that went does not take the other one along'
released
ok 'whose picture comes' completed cat.txt
ok 'to its place' there out/cat.png

# --- readers follow -----------------------------------------------------------------------------------

held
timeout 5 mkdir "$MNT/a"
write a/bird.txt 'a bird in a folder'
write fish.txt 'a fish that is renamed'
ok 'one is running' wait_state a/bird.txt running
ok 'and the other' wait_state fish.txt running
timeout 25 cat "$MNT/wait/a/bird.png" >"$WORK/bird.png" &
bird=$!
timeout 25 cat "$MNT/wait/fish.png" >"$WORK/fish.png" &
fish=$!
both_wait() { [ "$(pgrep -c -P $$ timeout)" -ge 2 ]; }
ok 'both are waited for' eventually 10 both_wait
sleep 0.2                 # the readers are processes; that they are parked shows nowhere
timeout 5 mv "$MNT/a" "$MNT/b"
timeout 5 mv "$MNT/fish.txt" "$MNT/shark.txt"
released
ok 'the folder is renamed, and its reader gets the picture' wait $bird
ok 'so does the one of a renamed file' wait $fish
ok 'the whole of it' timeout 5 cmp "$WORK/bird.png" "$MNT/out/b/bird.png"
ok 'both times' eventually 5 timeout 5 cmp "$WORK/fish.png" "$MNT/out/shark.png"

# --- the same text put in its place while it runs ------------------------------------------------------

held
write at.txt 'an atomic cat'
ok 'one is running' wait_state at.txt running
timeout 10 bash -c 'echo "an atomic cat" >"$1/tmp.txt"; mv "$1/tmp.txt" "$1/at.txt"' - "$MNT"
released
ok 'it goes on' completed at.txt
ok 'to its own place' there out/at.png
is "$(bill '.prompts["an atomic cat"].accepted')" 1 'and was paid for once'

# --- a place that cannot be written ----------------------------------------------------------------------

timeout 5 mkdir -p "$MNT/out"
timeout 5 ln -s /nonexistent/folder "$MNT/out/gone"
timeout 5 mkdir "$MNT/gone"
write gone/cat.txt 'a cat without a place'
ok 'the status says why it is not there yet' eventually 10 grep -q 'could not be put at out/gone/cat' "$MNT/status/gone/cat.txt"
downloads=$(bill .downloads)
timeout 5 rm "$MNT/out/gone"
ok 'when there is a place, it comes' completed gone/cat.txt
is "$(bill .downloads)" "$downloads" 'without another download'

# A link in the way would lead anywhere, with the rights of whoever mounted.
mkdir "$WORK/outside"
timeout 5 ln -s "$WORK/outside" "$MNT/out/led"
timeout 5 mkdir "$MNT/led"
write led/cat.txt 'a cat that is led astray'
ok 'a link in out/ is not followed' eventually 10 grep -q 'a symbolic link is in the way' "$MNT/status/led/cat.txt"
is "$(ls "$WORK/outside")" '' 'and nothing is put where it leads'
timeout 5 rm "$MNT/out/led"
ok 'without it the picture comes' completed led/cat.txt
timeout 5 ln -s /nonexistent/picture "$MNT/out/linked.png"
write linked.txt 'a cat in the place of a link'
ok 'a link in the place of a picture gives way' completed linked.txt
is "$(readlink "$MNT"/history/linked.*.png)" /nonexistent/picture 'to history/'
ok 'the picture is a file' eventually 5 test -f "$MNT/out/linked.png" -a ! -L "$MNT/out/linked.png"

# --- a crash between a rename and what follows it ---------------------------------------------------

write before.txt 'a cat before the crash'
ok 'a picture' completed before.txt
daemon=$(daemon_pid)
timeout 5 mkdir "$MNT/in"
timeout 10 bash -c 'mv "$1/before.txt" "$1/in/after.txt"; kill -KILL "$2"' - "$MNT" "$daemon"
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
ok 'the picture has followed, then or now' eventually 10 there out/in/after.png
ok 'and is not where it was' not there out/before.png
is "$(bill '.prompts["a cat before the crash"].accepted')" 1 'and was paid for once'

umount_it

# --- while nobody looked ------------------------------------------------------------------------------

before=$(bill .submits_seen)
mkdir "$WORK/gen/far"
mv "$WORK/gen/in/after.txt" "$WORK/gen/far/away.txt"
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
ok 'renamed while it was not mounted: the record has come along' wait_state far/away.txt completed
ok 'and the picture' eventually 10 there out/far/away.png
ok 'which is not where it was' eventually 10 not there out/in/after.png
is "$(bill .submits_seen)" "$before" 'and nothing was sent'

umount_it
done_testing
