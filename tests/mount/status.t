#!/bin/bash
# status/, the commands that read it, and those that are a person's word.
. "$(dirname "$0")/lib.sh"
setup --time 1
config <<-END
	first-look = 0.1
	poll-min = 0.1
	poll-max = 0.2
	[defaults]
	provider = sandbox
END

easelfs() { timeout 20 "$O/easelfs" "$@"; }
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":-1}" >/dev/null; }
let_go() {
	control DELETE faults >/dev/null
	control POST release >/dev/null
}
field() { timeout 5 jq -r "$2" "$MNT/status/$1.json"; }

# says STATUS REGEX NAME COMMAND…: exit status, and what is said on both outputs.
says() {
	local status=$1 regex=$2 name=$3 said
	shift 3
	said=$("$@" 2>&1)
	is $? "$status" "$name"
	[ -z "$regex" ] || like "$said" "$regex" "$name: says so"
}

mkdir -p "$WORK/gen/old"
for i in 1 2 3 4; do echo "held $i" >"$WORK/gen/old/held$i.txt"; done
mount_fg -o in_flight=2

# --- through the states ---

: >"$WORK/states"
echo 'a slow picture' >"$MNT/slow.txt"
until [ "$(tail -n 1 "$WORK/states" | cut -d ' ' -f 1)" = completed ] || [ $SECONDS -gt 30 ]; do
	timeout 5 jq -r '"\(.state) \(.progress)"' "$MNT/status/slow.txt.json" >>"$WORK/states" ||
		echo invalid >>"$WORK/states"
done
seen=$(cut -d ' ' -f 1 "$WORK/states" | uniq | tr '\n' ' ')
like "$seen" '^(draft )?(queued )?(submitting )?running (downloading )?completed $' 'queued, running, completed, in that order'
progress=$(awk '$2 != "null" { print $2 }' "$WORK/states" | uniq)
is "$progress" "$(sort -n <<<"$progress")" 'progress rises'
ok "by steps ($(wc -l <<<"$progress"))" test "$(wc -l <<<"$progress")" -ge 3
is "$(tail -n 1 <<<"$progress")" 100 'to 100'

text=$(status_of slow.txt)
like "$text" 'state: completed' 'the text names the state'
like "$text" 'progress: 100%' 'the progress'
like "$text" 'prompt: slow.txt' 'the prompt'
like "$text" 'picture: out/slow.png .PNG, 1024x1024, '"$(stat -c %s "$MNT/out/slow.png")"' bytes' 'the picture'
like "$text" 'provider: sandbox' 'the provider'
is "$(field slow.txt .state)" completed 'so does the JSON'
is "$(field slow.txt '.pictures[0]')" out/slow.png 'the picture'
is "$(field slow.txt '.tasks[0].bytes')" "$(stat -c %s "$MNT/out/slow.png")" 'its size'
is "$(field slow.txt .revision)" 1 'the revision'
for name in slow.txt slow.txt.json; do
	is "$(timeout 5 stat -c %s "$MNT/status/$name")" "$(timeout 5 cat "$MNT/status/$name" | wc -c)" "the size of $name is right"
done
says 1 'Read-only file system|Permission denied' 'a status is not written' timeout 5 dd if=/dev/null of="$MNT/status/slow.txt" conv=notrunc
says 1 'Read-only file system|Permission denied' 'nor touched' timeout 5 touch "$MNT/status/slow.txt"

timeout 5 mkdir -p "$MNT/a/b" "$MNT/.hidden" "$MNT/a/refs"
echo 'deep' >"$MNT/a/b/deep.md"
echo 'no prompt' >"$MNT/a/b/notes.text"
echo 'hidden' >"$MNT/.hidden/x.txt"
echo 'a reference' >"$MNT/a/refs/x.txt"
: >"$MNT/a/blank.prompt"
is "$(cd "$MNT/status" && timeout 10 find a | sort | tr '\n' ' ')" \
	'a a/b a/b/deep.md a/b/deep.md.json a/blank.prompt a/blank.prompt.json ' 'status/ mirrors folders and prompts'
ok 'a file that is no prompt has no status' not timeout 5 stat "$MNT/status/a/b/notes.text"
ok 'what is not there has none' not timeout 5 stat "$MNT/status/nothing.txt"
ok 'a prompt just written has one' eval 'echo "just now" >"$MNT/now.txt" && timeout 5 cat "$MNT/status/now.txt" >/dev/null'
ok 'a blank one is a draft' wait_state a/blank.prompt draft
is "$(state_of old/held1.txt)" held 'what was there before is held'

# --- a snapshot ---

hold snapshot
echo 'a snapshot' >"$MNT/snap.txt"
ok 'a picture runs' wait_state snap.txt running
exec 8<"$MNT/status/snap.txt" 9<"$MNT/status/snap.txt.json"
size=$(stat -L -c %s /proc/self/fd/8)
timeout 5 dd bs=1 count=20 status=none <&8 >"$WORK/snap.text"
let_go
ok 'while its status is read it is completed' wait_state snap.txt completed
status_of snap.txt >/dev/null
timeout 5 dd bs=1 status=none <&8 >>"$WORK/snap.text"
timeout 5 dd bs=1 status=none <&9 >"$WORK/snap.json"
is "$(wc -c <"$WORK/snap.text")" "$size" 'the reader gets what it was'
like "$(head -n 1 "$WORK/snap.text")" '^state: running$' 'when it was opened'
is "$(tail -c 1 "$WORK/snap.text" | wc -l)" 1 'to the end of a line'
is "$(jq -r .state "$WORK/snap.json")" running 'and whole JSON'
exec 8<&- 9<&-

# --- easelfs status ---

cd "$MNT" || exit
says 0 'slow.txt +completed' 'easelfs status lists prompts' easelfs status
says 0 'a/b/deep.md' 'in folders, too' easelfs status
says 0 'held1.txt +held +it was in the directory before' 'with the reason' easelfs status old
says 0 'state: completed' 'of a prompt, all of it' easelfs status slow.txt
for path in out/slow.png status/slow.txt status/slow.txt.json wait/slow.png wait/slow "$MNT/slow.txt" a/../slow.txt; do
	says 0 'prompt: slow.txt' "of $path" easelfs status "$path"
done
ln -s "$MNT/slow.txt" "$WORK/link.txt"
ln -s "$MNT" "$WORK/link"
says 0 'prompt: slow.txt' 'of a symlink' easelfs status "$WORK/link.txt"
says 0 'prompt: slow.txt' 'through a symlink' easelfs status "$WORK/link/out/slow.png"
is "$(easelfs status --json slow.txt | jq -r .state)" completed 'as JSON'
is "$(easelfs status --json | jq -r '.[] | select(.prompt == "slow.txt").state')" completed 'all as JSON'
is "$(easelfs status --json old | jq length)" 4 'a folder as JSON'
says 1 'there is no prompt nothing.txt' 'of nothing' easelfs status nothing.txt
says 1 'in no easelfs mount' 'elsewhere' easelfs status "$WORK/home"

# --- easelfs wait ---

says 0 '' 'wait: completed' easelfs wait slow.txt
echo 'to be waited for' >first.txt
echo 'to be waited for as well' >second.txt
says 0 '' 'wait: for two' easelfs wait first.txt out/slow.png wait/second.png
is "$(state_of second.txt)" completed 'both are there'
says 1 'held1.txt is held: it was in the directory' 'wait: held' easelfs wait old/held1.txt
says 1 'blank.prompt is draft' 'wait: a draft' easelfs wait a/blank.prompt
hold endless
echo 'endless' >endless.txt
says 124 'endless.txt is still (running|submitting|queued)' 'wait: not within the time' easelfs wait --timeout 0.3 endless.txt
says 2 'usage|Usage' 'wait: for nothing' easelfs wait

# --- a person's word ---

says 1 'nothing to release: slow.txt is completed' 'release: nothing to do' easelfs release slow.txt
says 1 'nothing to cancel: endless.txt is running' 'cancel: it is paid for' easelfs cancel endless.txt
says 1 'there is no prompt nothing.txt' 'cancel: nothing' easelfs cancel nothing.txt
says 1 'is a folder.*name the prompts in it; --all is for those of the whole mount' 'cancel: a folder' easelfs cancel old
says 0 '' 'release' easelfs release old/held1.txt
ok 'it is made' easelfs wait old/held1.txt
says 0 '' 'release by its status' easelfs release status/old/held2.txt
ok 'it is made as well' easelfs wait old/held2.txt
says 0 '' 'cancel by the name of the picture' easelfs cancel wait/old/held3.png
is "$(state_of old/held3.txt)" canceled 'it is canceled'
says 0 '' 'again: what was canceled' easelfs again old/held3.txt
ok 'it is made' easelfs wait old/held3.txt

before=$(sha256sum <"$MNT/out/slow.png")
says 0 '' 'again: by the picture' easelfs again out/slow.png
ok 'a new picture comes' easelfs wait slow.txt
is "$(field slow.txt .revision)" 2 'the second'
is "$(bill '.prompts["a slow picture"].accepted')" 2 'paid for'
is "$(sha256sum <"$MNT/history/slow.1.png")" "$before" 'the first is in history/'
ln -sf "$MNT/out/slow.png" "$WORK/picture"
says 0 '' 'again: by a symlink to the picture' easelfs again "$WORK/picture"
ok 'a third comes' easelfs wait slow.txt
is "$(field slow.txt .revision)" 3 'the third'

control POST faults '{"on":"submit","match":"doom","do":"fail_task","count":1,"code":"generation_failed","message":"it broke"}' >/dev/null
echo 'doom' >doom.txt
says 1 'doom.txt is failed' 'wait: failed' easelfs wait doom.txt
like "$(status_of doom.txt)" 'reason: .+' 'the status says why'
ok 'the reason is in out/, too' timeout 5 test -s out/doom.error.txt
says 0 '' 'retry' easelfs retry out/doom.error.txt
ok 'then it comes' easelfs wait doom.txt
ok 'and the reason goes' eventually 5 not test -e out/doom.error.txt
says 0 'released: 1 prompt' 'release --all' easelfs release --all
ok 'releases the last one' easelfs wait old/held4.txt
says 0 'nothing to release' 'release --all: nothing left' easelfs release --all

printf 'size: wide\n\na cat\n' >wide.txt
ok 'a prompt is refused' wait_state wide.txt failed
says 0 '^as before: 1 prompt .wide.txt is failed: .*does not take size "wide"' 'retry --all: what is refused again is not counted' easelfs retry --all
control POST faults '{"on":"submit","match":"doom2","do":"fail_task","count":1,"code":"generation_failed","message":"it broke"}' >/dev/null
echo 'doom2' >doom2.txt
ok 'another fails at the provider' wait_state doom2.txt failed
said=$(easelfs retry --all)
like "$said" 'retried: 1 prompt
as before: 1 prompt' 'retry --all: what goes on is'
ok 'it comes' easelfs wait doom2.txt
timeout 5 rm wide.txt

# --- ctl ---

# ctl ERROR LINE NAME
ctl() {
	local said
	said=$(eval 'timeout 5 printf "%s\n" "$2" >"$MNT/.easelfs/ctl"' 2>&1)
	like "${said:-done}" "$1" "$3"
}
ctl 'Invalid argument' 'frobnicate slow.txt' 'ctl: an unknown verb'
ctl 'Invalid argument' 'cancel a%2' 'ctl: half an escape'
ctl 'Invalid argument' 'cancel a%00b' 'ctl: an escape that is a NUL'
revision=$(field slow.txt .revision)
like "$(timeout 5 printf 'again slow.txt\0.bak\n' 2>&1 >"$MNT/.easelfs/ctl")" 'Invalid argument' 'ctl: a NUL'
is "$(field slow.txt .revision)" "$revision" 'and what stands before it is not done'
ctl 'Invalid argument' 'cancel' 'ctl: no path'
ctl 'Invalid argument' 'cancel %zz' 'ctl: a bad escape'
ctl 'No such file' 'cancel nothing.txt' 'ctl: no such prompt'
ctl 'already in progress' 'cancel slow.txt' 'ctl: nothing to do'
echo 'with a blank' >'a b.txt'
ok 'a name with a blank' easelfs wait 'a b.txt'
ctl 'done' 'again a%20b.txt' 'ctl: an escaped name'
ok 'is made again' easelfs wait 'a b.txt'
is "$(field 'a b.txt' .revision)" 2 'in a second revision'
ok 'ctl is not listed' not grep -qx ctl <(ls -A "$MNT/.easelfs")
is "$(timeout 5 stat -c %a "$MNT/.easelfs/ctl")" 200 'and only written'
cd / || exit
let_go

done_testing
