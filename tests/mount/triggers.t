#!/bin/bash
# What starts a task starts exactly one: every way in which programs bring a prompt in, and what the
# provider counted in the end.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
cat >"$XDG_CONFIG_HOME/easelfs/config" <<END
[defaults]
provider = sandbox
settle = 0.05
[provider sandbox]
url = $SANDBOX_URL
first-look = 0.1
poll-min = 0.1
END
mount_now() { mount_fg "$@" || die "it cannot be mounted"; }

# in_folder DIR SCRIPT
in_folder() { timeout 20 bash -euc 'cd "${0:?}"; eval "$1"' "$1" "$2"; }
# at SCRIPT: runs it in the mount.
at() { in_folder "$MNT" "$1"; }
# beneath SCRIPT: in the directory that SOURCE is, or was before something was mounted over it.
beneath() { in_folder "$SOURCE" "$1"; }
revision_of() { status_of "$1" | awk '$1 == "revision:" { print $2 }'; }
is_revision() { [ "$(revision_of "$1")" = "$2" ]; }
picture() { timeout 10 sha256sum <"$MNT/$1"; }

completes() {
	timeout 30 "$O/easelfs" wait "$MNT/$1" && timeout 10 test -s "$MNT/out/${1%.*}.png"
}

# What the bill should say in the end: how often each prompt was accepted.
declare -A due=()

# starts NAME PROMPT-FILE PROMPT SCRIPT: the script makes that prompt, it is completed, and the picture
# is there.
starts() {
	due[$3]=$((${due[$3]:-0} + 1))
	at "$4" || diag "$4 → $?"
	ok "$1" completes "$2"
}

# --- before the first mount -------------------------------------------------------------------------

MNT=$WORK/gen
mkdir -p "$MNT/old"
echo 'from before' >"$MNT/old/first.txt"
echo 'from before, too' >"$MNT/old/second.md"
mkfifo "$WORK/go"
# A shell that stands there before it is mounted over.
(cd "$MNT" && read -r _ <"$WORK/go" && echo 'a note from beneath' >shell.txt) &
shell=$!
mount_now "$MNT"

ok 'what was there before the first mount is held' wait_state old/first.txt held
ok 'all of it' wait_state old/second.md held
like "$(status_of old/first.txt)" 'hint: .*easelfs release' 'and the status says what to do'

# --- one after the other ----------------------------------------------------------------------------

starts 'echo >' echo.txt 'a red bus' 'echo "a red bus" >echo.txt'
starts 'echo > and wait/ at once' wait.txt 'a yellow bus' 'echo "a yellow bus" >wait.txt && cat wait/wait.png >/dev/null'
starts '.md' suffix.md 'a bus of paper' 'echo "a bus of paper" >suffix.md'
starts '.prompt' other.prompt 'a bus of glass' 'echo "a bus of glass" >other.prompt'
starts 'in a new folder' a/b/deep.txt 'a bus in a cave' 'mkdir -p a/b; echo "a bus in a cave" >a/b/deep.txt'

echo 'a blue bus' >"$WORK/blue.txt"
starts 'cp' cp.txt 'a blue bus' 'cp ../blue.txt cp.txt'
echo 'a green bus' >"$WORK/green.txt"
starts 'mv from another filesystem' mv.txt 'a green bus' 'mv ../green.txt mv.txt'
starts 'two writes' printf.txt 'a bus with two floors' \
	'{ printf "a bus "; printf "with two floors\n"; } | cat >printf.txt'
starts 'tee -a' tee.txt 'a bus that tee made' 'echo "a bus that tee made" | tee -a tee.txt >/dev/null'
starts 'dd in small blocks' dd.txt 'a bus in small blocks' \
	'echo "a bus in small blocks" | dd of=dd.txt bs=4 status=none'

starts 'a rename to a prompt name' renamed.txt 'a bus that was renamed' \
	'echo "a bus that was renamed" >tmp; mv tmp renamed.txt'
starts 'a hidden file that is synced, then renamed' atomic.txt 'an atomic bus' \
	'echo "an atomic bus" >.atomic.txt.x1; sync .atomic.txt.x1; mv .atomic.txt.x1 atomic.txt'
starts 'a link to a prompt name' linked.txt 'a bus that was linked' \
	'echo "a bus that was linked" >.draft; ln .draft linked.txt; rm .draft'
starts 'a link whose first name stays' linked2.txt 'a bus with two names' \
	'echo "a bus with two names" >stays; ln stays linked2.txt'
starts 'a prompt that gets a second name at once' tram1.txt 'a tram with two names' \
	'echo "a tram with two names" >tram1.txt; ln tram1.txt tram2.txt'
ok 'under which it is a prompt, too, and costs nothing' completes tram2.txt
starts 'edited under one name' tram1.txt 'a tram with another number' 'echo "a tram with another number" >tram1.txt'
ok 'it is edited under the other' eventually 10 is_revision tram2.txt 2
ok 'and has the same picture' completes tram2.txt
ok 'no more than that' not eventually 1 is_revision tram1.txt 3
starts 'a close after the rename' gio.txt 'a bus from a file chooser' \
	'exec 9>.goutputstream-X; echo "a bus from a file chooser" >&9; mv .goutputstream-X gio.txt; sleep 0.3; exec 9>&-'
starts 'a folder that leaves a hidden one' ready/in/folder.txt 'a bus in a folder' \
	'mkdir -p .drafts/in; echo "a bus in a folder" >.drafts/in/folder.txt; mv .drafts ready'
starts 'cp -r of a folder' copy/in/folder.txt 'a bus in a copy' \
	'mkdir -p .t/in; echo "a bus in a copy" >.t/in/folder.txt; cp -r .t copy'
mkdir "$WORK/t"
echo 'a bus in a box' >"$WORK/t/boxed.txt"
tar -C "$WORK/t" -cf "$WORK/t.tar" boxed.txt
starts 'tar x' boxed.txt 'a bus in a box' 'tar -xf ../t.tar'

due['first line\nsecond line']=1
at '(echo "first line"; sleep 0.5; echo "second line") >both.txt'
ok 'a writer that pauses' completes both.txt
is "$(accepted 'first line\nsecond line')" 1 'is waited for'
is "$(accepted 'first line')" 0 'and what was there in the middle is no prompt'

# A writable descriptor is still open: nothing is decided yet.
due['a bus under construction']=1
mkfifo "$WORK/close"
at 'exec 9>open.txt; echo "a bus under construction" >&9; (exec 9>&-; : >../open); read -r _ <../close; exec 9>&-' &
writer=$!
ok 'while it is written' eventually 10 test -e "$WORK/open"
is "$(state_of open.txt)" draft 'its state is draft'
like "$(status_of open.txt)" 'reason: it is still being written' 'and says why'
echo >"$WORK/close"
ok 'it starts when the last writer closes it' wait "$writer"
ok 'and is made' completes open.txt

# --- saving again -----------------------------------------------------------------------------------

starts 'another text' saved.txt 'a first bus' 'echo "a first bus" >saved.txt'
first=$(picture out/saved.png)
starts 'is another task' saved.txt 'a second bus' 'echo "a second bus" >saved.txt'
is "$(revision_of saved.txt)" 2 'it is revision 2'
is "$(picture history/saved.1.png)" "$first" 'the earlier picture is in history/'
starts 'sed -i' saved.txt 'a third bus' 'sed -i s/second/third/ saved.txt'
is "$(revision_of saved.txt)" 3 'is revision 3'
ok 'and leaves two in history/' timeout 10 test -s "$MNT/history/saved.2.png"
starts 'appending' saved.txt 'a third bus\nwith wheels' 'echo "with wheels" >>saved.txt'
starts 'a rename over it' saved.txt 'a fifth bus' 'echo "a fifth bus" >.x; mv .x saved.txt'
starts 'what vim does' saved.txt 'a sixth bus' \
	'mv saved.txt saved.txt~; echo "a sixth bus" >saved.txt; rm saved.txt~'
is "$(revision_of saved.txt)" 6 'are one revision each'

# Editing while it runs: what runs is paid for, and kept.
due['a bus that waits']=1
control POST faults '{"on":"submit","match":"a bus that waits","do":"hold"}' >/dev/null
at 'echo "a bus that waits" >edited.txt'
ok 'while it runs' wait_state edited.txt running
starts 'another text' edited.txt 'a bus that overtakes' 'echo "a bus that overtakes" >edited.txt'
overtaking=$(picture out/edited.png)
control POST release '{}' >/dev/null
ok 'does not lose the first picture' eventually 20 timeout 10 test -s "$MNT/history/edited.1.png"
is "$(picture out/edited.png)" "$overtaking" 'and keeps the newest in out/'

# Nothing in the file changes: closing it is saving it.
starts 'a prompt with a reference' refd.txt 'a bus like this' \
	'mkdir refd.refs; cp out/echo.png refd.refs/1.png; echo "a bus like this" >refd.txt'
at 'cp out/suffix.png refd.refs/2.png'
starts 'after another reference came, a descriptor that is closed unwritten' refd.txt 'a bus like this' ': >>refd.txt'
is "$(revision_of refd.txt)" 2 'starts revision 2'
starts 'a prompt with defaults' d/inherits.txt 'a wide bus' \
	'mkdir d; echo "size: 16:9" >d/.defaults; echo "a wide bus" >d/inherits.txt'
like "$(status_of d/inherits.txt)" 'size: 16:9' 'has them'
starts 'after they changed, it is made anew when it is saved' d/inherits.txt 'a wide bus' \
	'echo "size: 4:3" >d/.defaults; : >>d/inherits.txt'
like "$(status_of d/inherits.txt)" 'size: 4:3' 'with the new ones'

# --- beneath the mount ------------------------------------------------------------------------------

due['a note from beneath']=1
echo >"$WORK/go"
ok 'a shell that stood there before' wait "$shell"
ok 'writes a prompt beneath the mount' eventually 10 timeout 10 test -e "$MNT/shell.txt"
ok 'and it is made, once the daemon has heard of it' eventually 10 completes shell.txt

is "$(accepted 'from before')" 0 'what is held has not started by itself'
ok 'easelfs release' timeout 10 "$O/easelfs" release "$MNT/old/first.txt"
due['from before']=1
ok 'lets it go' completes old/first.txt
is "$(state_of old/second.md)" held 'and nothing else'
starts 'a held prompt with a new text goes, too' old/second.md 'no longer from before' \
	'echo "no longer from before" >old/second.md'

# --- while it is not mounted ------------------------------------------------------------------------

ok 'unmounted' umount_it
SOURCE=$MNT
beneath 'echo "written in the dark" >dark.txt; echo "rewritten in the dark" >echo.txt; touch cp.txt
	mkdir -p e/f; echo "deep in the dark" >e/f/dark.txt'
due['written in the dark']=1 due['rewritten in the dark']=1 due['deep in the dark']=1
mount_now "$MNT"
ok 'what was written while it was not mounted is committed' completes dark.txt
ok 'in every folder' completes e/f/dark.txt
ok 'and what was changed' eventually 10 is_revision echo.txt 2
ok 'is made' completes echo.txt
ok 'unmounted again' umount_it
mount_now "$MNT"
starts 'mounted once more' last.txt 'the last bus' 'echo "the last bus" >last.txt'
ok 'unmounted for good' umount_it

# --- the whole bill ---------------------------------------------------------------------------------

control GET bill | jq -r '.prompts | to_entries[] | "\(.value.accepted) \(.key | @json)"' | sort >"$WORK/got"
# The keys above have no quotes, and `\n` for a line's end, as in JSON.
for prompt in "${!due[@]}"; do
	printf '%s "%s"\n' "${due[$prompt]}" "$prompt"
done | sort >"$WORK/expected"
ok 'each was paid for as often as it was asked for' diff "$WORK/expected" "$WORK/got"

# --- settling ---------------------------------------------------------------------------------------

control POST reset '{}' >/dev/null
mount_now -o settle=60 "$WORK/slow"
at 'echo "not yet" >often.txt; echo "nor now" >often.txt; mv often.txt often2.txt; echo "but now" >often2.txt'
is "$(state_of often2.txt)" queued 'what was just saved is about to be sent'
ok 'who waits does not wait for it to settle' timeout 20 grep -q PNG "$MNT/wait/often2.png"
ok 'unmounted' umount_it
is "$(bill '.prompts | to_entries | map("\(.value.accepted) \(.key)") | join(", ")')" '1 but now' \
	'and what was saved several times is sent once, as it is in the end'

# --- a second path to the source --------------------------------------------------------------------

SOURCE=$WORK/src
mkdir "$SOURCE"
control POST reset '{}' >/dev/null
mount_now "$SOURCE" "$WORK/shown"
beneath 'echo "through the source" >src.txt'
ok 'a prompt through another path to the source' eventually 10 timeout 10 test -e "$MNT/src.txt"
ok 'is made' completes src.txt
beneath 'echo "moved in the source" >.x; mv .x moved.txt'
ok 'a rename there' eventually 10 completes moved.txt
beneath 'mkdir -p new/folder; echo "in a new folder" >new/folder/x.txt'
ok 'a new folder there' eventually 10 completes new/folder/x.txt
beneath 'mkdir .y; echo "in a moved folder" >.y/x.txt; mv .y y'
ok 'a folder that is moved there' eventually 10 completes y/x.txt
beneath 'echo "changed in the source" >src.txt'
ok 'a change there' eventually 10 is_revision src.txt 2
ok 'is made' completes src.txt
at 'echo "by the mount" >front.txt; cp front.txt .front; mv .front front.txt'
ok 'and one through the mount' completes front.txt
ok 'unmounted' umount_it
is "$(bill '.prompts | map(.accepted) | join(" ")')" '1 1 1 1 1 1' 'each once'

done_testing
