#!/bin/bash
# easelfs-desktop: what the menus of file managers do, with dialogs that only write down what they were asked.
. "$(dirname "$0")/lib.sh" || exit
setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
config <<-END
	[provider google]
	url = $SANDBOX_URL
END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
desktop=$PWD/contrib/desktop/easelfs-desktop
[ -x "$desktop" ] || desktop=$(dirname "$0")/../../contrib/desktop/easelfs-desktop
desktop=$(realpath "$desktop")
export DISPLAY=:none
unset WAYLAND_DISPLAY XDG_CURRENT_DESKTOP

# --- who is asked ---

# Every program that there is, but none with a window.
real=$WORK/real fakes=$WORK/fakes
mkdir -p "$real" "$fakes"
ln -s /usr/bin/* /bin/* "$real/" 2>/dev/null
(cd "$real" && rm -f zenity kdialog xmessage notify-send xdg-open gio xterm x-terminal-emulator easelfs easelfs-desktop)

# dialog NAME STATUS: writes what it was asked, a line a word; a list is answered with the row of this mount.
dialog() {
	cat >"$fakes/$1" <<-END
	#!/bin/bash
	printf '%s\n' "$1" "\$@" >>"$WORK/asked"
	[[ " \$* " != *" -file - "* ]] || cat >>"$WORK/asked"
	for ((i = 1; i <= \$#; i++)); do
		[[ " \$* " != *" --list "* || \${!i} != "\$TEST_MOUNT" ]] || { n=\$((i - 1)); echo "\${!n}"; }
		[[ \${!i} != --file-selection ]] || echo "\$TEST_FOLDER"
	done
	exit $2
	END
	chmod +x "$fakes/$1"
}
notify() { printf '#!/bin/sh\nprintf "%%s\\n" notify-send "$@" >>%q/notified\n%s\n' "$WORK" "$1" >"$fakes/notify-send"; chmod +x "$fakes/notify-send"; }
printf '#!/bin/sh\nprintf "%%s\\n" "$@" >>%q/shown\n' "$WORK" >"$fakes/xdg-open"
chmod +x "$fakes/xdg-open"
dialog zenity 0
notify 'exit 0'
PATH=$fakes:$O:$real

# does VERB [ARG…]: what it asked and said is in $WORK/asked, notified, shown and said.
does() {
	rm -f "$WORK"/{asked,notified,shown,said}
	touch "$WORK"/{asked,notified,shown}
	TEST_MOUNT=$MNT timeout 60 "$desktop" "$@" >"$WORK/said" 2>&1 9>&-
}
asked() { cat "$WORK/asked"; }
said() { cat "$WORK/said"; }
has_said() { grep -qF -- "$1" "$WORK/said"; }
write() { timeout 5 bash -c 'printf "%s" "$2" >"$1"' - "$MNT/$1" "$2"; }
total() { bill .accepted; }
text_of() { timeout 5 cat "$1"; }
same() { timeout 5 cmp "$1" "$2"; }
there() { timeout 5 test -e "$1"; }
is_free() { local before=$1; shift; "$@"; sleep 0.3; is "$(total)" "$before" "which costs nothing"; }

# --- texts ---

mkdir "$WORK/gen"
echo 'was here before' >"$WORK/gen/early.txt"
mount_fg || die 'it cannot be mounted'
ok 'a prompt that is held' wait_state early.txt held
ok 'make' does make "$MNT/early.txt"
ok 'releases it' wait_state early.txt completed
is "$(accepted 'was here before')" 1 'once'
like "$(cat "$WORK/notified")" 'early.txt is on its way \(it was held\)' 'and says so'

does make "$MNT/early.txt" "$MNT/out/early.png" "$MNT/status/early.txt"
like "$(asked)" 'early.txt has its picture: out/early.png\. "Make again"' 'of one that is completed it says what makes another'
is "$(grep -c 'has its picture' "$WORK/asked")" 1 'once, however it was named'
is "$(accepted 'was here before')" 1 'and pays for nothing'
ok 'make again, of prompt and picture at once' does again "$MNT/early.txt" "$MNT/out/early.png"
of_early_is() { [ "$(accepted 'was here before')" = "$1" ]; }
ok 'makes another one' eventually 10 of_early_is 2
ok 'and the state is that of the new one' wait_state early.txt completed
is "$(accepted 'was here before')" 2 'and only one'

write bad.txt $'size: 99:1\n\na bad one'
ok 'one that is refused' wait_state bad.txt failed
ok 'why' does why "$MNT/bad.txt"
like "$(asked)" 'bad.txt: failed: .*does not take size .99:1.' 'says the reason'
ok 'also of its error file' does why "$MNT/out/bad.error.txt"
like "$(asked)" 'does not take size' 'the same'
does why "$MNT/early.txt" "$WORK/fakes/zenity"
like "$(asked)" 'early.txt: completed: out/early.png.*is in no easelfs mount' 'of others what there is to say'

fault '{"on":"submit","match":"a lost one","do":"drop_after"}'
write lost.txt $'provider: google\n\na lost one'
ok 'one of which nobody knows' wait_state lost.txt unknown
before=$(total)
dialog zenity 1
does make "$MNT/lost.txt"
like "$(asked)" 'paid for a second time' 'make asks whether it may be paid for twice'
is_free "$before" is "$(state_of lost.txt)" unknown 'no leaves it'
does again "$MNT/lost.txt"
is_free "$before" is "$(state_of lost.txt)" unknown 'make again does not get round that'
dialog zenity 0
control POST release >/dev/null
does make "$MNT/lost.txt"
ok 'yes makes it' wait_state lost.txt completed

write blank.txt ''
ok 'a blank one' wait_state blank.txt draft
does make "$MNT/blank.txt"
like "$(asked)" 'blank.txt: draft: the file is blank' 'make says that it is blank'

# --- texts from elsewhere ---

TEST_FOLDER='' does open
like "$(asked)" 'file-selection' 'open asks for a folder the first time'
is "$(cat "$WORK/shown")" '' 'and does nothing without one'
does open "$MNT"
is "$(asked)" '' 'open, of what is mounted, asks nothing'
is "$(cat "$WORK/shown")" "$MNT" 'and shows it'

odd=$'-a "quoted" \'name\' \\ 100% %41 \n $(touch x) é'
mkdir "$WORK/else where"
printf 'an odd name' >"$WORK/else where/$odd.text"
before=$(total)
dialog zenity 1
does make "$WORK/else where/$odd.text"
is_free "$before" like "$(asked)" 'no easelfs folder' 'a text outside is asked about'
is "$(timeout 5 ls "$MNT" | grep -c quoted)" 0 'no copies nothing'
dialog zenity 0
cd "$WORK/else where" || die 'cd'
ok 'with yes' does make -- "$odd.text"
cd "$OLDPWD" || die 'cd'
ok 'it is copied' there "$MNT/$odd.txt"
is "$(text_of "$MNT/$odd.txt")" 'an odd name' 'as it is'
ok 'and made' timeout 20 easelfs wait "$MNT/$odd.txt"
is "$(total)" $((before + 1)) 'once'
does make "file://$WORK/else%20where/$(printf '%s' "$odd" | jq -sRr @uri).text"
like "$(timeout 5 ls -b "$MNT" | tr '\n' ' ')" '_2\.txt' 'another time, and as an address, it gets another name'
ok 'and the same picture' timeout 20 easelfs wait "$MNT/${odd}_2.txt"
is "$(total)" $((before + 1)) 'for nothing'

echo 'a first' >"$WORK/first.text"; echo 'a second' >"$WORK/second.text"
does make "$WORK/first.text" "$WORK/second.text"
is "$(grep -c 'no easelfs folder' "$WORK/asked")" 1 'of two, it is asked once'
ok 'and both' timeout 20 easelfs wait "$MNT/first.txt" "$MNT/second.txt"
NAUTILUS_SCRIPT_SELECTED_URIS="file://$MNT/$(printf '%s' "$odd" | jq -sRr @uri).txt
file://$MNT/bad.txt
" does why
like "$(asked)" '\$\(touch x\).*completed.*bad.txt: failed' 'Nautilus says what is selected in a variable'
before=$(total)
printf 'a\0b' >"$WORK/binary"
does make "$WORK/binary"
is_free "$before" like "$(asked)" 'is no text' 'what is no text is refused'
cp "$MNT/out/early.png" "$WORK/photo.png"
does make "$WORK/photo.png"
like "$(asked)" 'is a picture' 'a picture, too'
does make "$WORK/no such.txt"
like "$(asked)" 'is no file that can be read' 'and what is not there'
timeout 5 mkdir "$MNT/refs"
write refs/pose.txt 'a note in the pool'
does make "$MNT/refs/pose.txt"
ok 'a text where none is a prompt is copied to where it is' timeout 20 easelfs wait "$MNT/pose.txt"
write README.md 'a readme'
does make "$MNT/README.md"
ok 'and one whose name is none of a prompt under another' timeout 20 easelfs wait "$MNT/prompt-README.txt"

timeout 5 mkdir "$MNT/many" "$MNT/none"
echo 'prompts: none' | timeout 5 tee "$MNT/none/.defaults" >/dev/null
write none/a.text 'in a folder without prompts'
does make "$MNT/none/a.text"
ok 'nor into a folder that takes none' timeout 20 easelfs wait "$MNT/a.txt"
for i in 1 2 3 4 5; do echo "one of many $i" >"$WORK/$i.text"; done
before=$(total)
dialog zenity 1
does make "$WORK"/{1,2,3,4,5}.text
is_free "$before" like "$(asked)" 'Make pictures of 5 files\?' 'five at once are asked about'
dialog zenity 0

# One of several mounts is asked for, where none was opened last.
second=$WORK/'se<c>"\nond'
first=$MNT
mount_it "$second" || die 'it cannot be mounted'
rm "$XDG_STATE_HOME/easelfs/desktop-folder"
echo 'for the second' >"$WORK/chosen.text"
does make "$WORK/chosen.text"
ok 'a list has them' there "$second/chosen.txt"
like "$(asked)" "$first" 'all of them'
ok 'and the text is made in that' timeout 20 easelfs wait "$second/chosen.txt"
umount_it "$second"
MNT=$first
does open "$MNT"

# --- pictures ---

before=$(total)
ok 'edit' does edit "$MNT/out/$odd.png"
ok 'makes a prompt' there "$MNT/$odd-edit.txt"
is "$(cat "$WORK/shown")" "$MNT/$odd-edit.txt" 'and opens an editor with it'
is_free "$before" is "$(timeout 5 jq -r .state "$MNT/status/$odd-edit.txt.json")" draft 'it is a draft'
ok 'its reference is the picture' same "$MNT/out/$odd.png" "$MNT/$odd-edit.refs/$odd.png"
timeout 5 bash -c 'echo "now with a hat" >"$1"' - "$MNT/$odd-edit.txt"
ok 'once something is written, it is made' timeout 20 easelfs wait "$MNT/$odd-edit.txt"
is "$(accepted 'now with a hat')" 1 'once'
is "$(timeout 5 jq '.reference_files | length' "$MNT/status/$odd-edit.txt.json")" 1 'with that reference'
ok 'a second time' does edit "$MNT/out/$odd.png"
ok 'is another prompt' there "$MNT/$odd-edit_2.txt"
is "$(text_of "$MNT/$odd-edit.txt")" 'now with a hat' 'and the first is as it was'

timeout 5 mkdir -p "$MNT/a/b" "$MNT/photos"
write a/b/cat.txt 'a cat'
ok 'a prompt in a folder' wait_state a/b/cat.txt completed
timeout 5 cp "$WORK/photo.png" "$MNT/photos/me.JPG"
ok 'several pictures' does edit "$MNT/out/a/b/cat.png" "$WORK/photo.png" "$MNT/photos/me.JPG"
is "$(timeout 5 ls "$MNT/a/b/cat-edit.refs" | tr '\n' ' ')" '1-cat.png 2-photo.png 3-me.JPG ' 'are references of one prompt, in their order'
ok 'beside that of the first' there "$MNT/a/b/cat-edit.txt"
printf '#!/bin/sh\ncase "$*" in *photo.png*) exit 1; esac\nexec %s "$@"\n' "$(type -P cp)" >"$fakes/cp"
chmod +x "$fakes/cp"
does edit "$MNT/out/a/b/cat.png" "$WORK/photo.png"
rm "$fakes/cp"
like "$(asked)" 'could not be copied' 'one that cannot be copied is told of'
is "$(timeout 5 ls -d "$MNT"/a/b/cat-edit_2* 2>/dev/null)" '' 'and nothing is left of it'
ok 'one from outside' does edit "$WORK/photo.png"
ok 'goes to the root' same "$WORK/photo.png" "$MNT/photo-edit.refs/photo.png"
does edit "$MNT/early.txt"
like "$(asked)" 'is no picture' 'a text is none'

# --- who has no dialogs ---

rm "$fakes/zenity"
dialog kdialog 0
does why "$MNT/bad.txt"
like "$(asked)" '^kdialog.*--msgbox.*bad.txt: failed' 'kdialog, where there is no zenity'
dialog zenity 0
XDG_CURRENT_DESKTOP=KDE does why "$MNT/bad.txt"
like "$(asked)" '^kdialog' 'and on a desktop of KDE'
rm "$fakes/kdialog" "$fakes/zenity"
does why "$MNT/bad.txt"
like "$(cat "$WORK/notified")" 'bad.txt: failed' 'a notification, where there is neither'
dialog xmessage 0
notify 'exit 1'
does why "$MNT/bad.txt"
like "$(asked)" '^xmessage.*bad.txt: failed' 'xmessage, where nobody shows notifications'
rm "$fakes/xmessage"
dialog xterm 0
does why "$MNT/bad.txt"
like "$(asked)" '^xterm.*bad.txt: failed' 'a terminal, where there is nothing else'
ok 'and standard error always' has_said 'bad.txt: failed'
before=$(total)
does make "$WORK"/{1,2,3,4,5}.text
is_free "$before" ok 'what cannot be asked is not done' has_said 'Nobody could be asked'
rm "$fakes/xterm"
dialog zenity 0
notify 'exit 0'

# --- the launcher ---

umount_it
ok 'open' does open "$MNT"
ok 'mounts a folder' is_mounted "$MNT"
_pids+=("$(daemon_pid)")
is "$(cat "$WORK/shown")" "$MNT" 'and shows it'
is "$(asked)" '' 'without a question, as there is a provider'
rm -f "$WORK/shown"
does open
is "$(cat "$WORK/shown")" "$MNT" 'the last one is remembered'
does open "$HOME"
like "$(asked)" 'a folder of its own' 'a home is not mounted over'
ok 'close' does close "$MNT"
ok 'unmounts it' not is_mounted "$MNT"
like "$(cat "$WORK/notified")" 'is unmounted' 'and says so'

# --- notifications and emblems ---

mount_fg || die 'it cannot be mounted'
# One that stays until it is ended, and has a number.
notify 'case $1 in --help) echo --action; exit;; esac
case $* in *--print-id*) echo 7; case $* in *"is ready"*) sleep 0.3; echo open;; *) exec sleep 61.'$$';; esac;; esac'
# What gvfs does, with a file for each prompt.
mkdir "$WORK/emblems"
cat >"$fakes/gio" <<-'END'
	#!/bin/bash
	[ "$1 $2" != 'info -a' ] || file=$4
	[ "$1 $2" != 'set -t' ] || file=$4
	at=$EMBLEMS/$(basename -- "${file:-none}" | tr -c '[:alnum:].\n' _)
	case "$1 $2 ${3:-}" in
	'info -a metadata::') echo attributes: ;;
	'info -a metadata::emblems') sed 's/^.*$/  metadata::emblems: [&]/' "$at" 2>/dev/null ;;
	'set -t stringv') shift 5; printf '%s\n' "$*" | sed 's/ /, /g' >"$at"; printf '%s\n' "$*" >>"$at.all" ;;
	'set -t unset') rm "$at" ;;
	'set '*) echo "${2##*/}" >>"$EMBLEMS/looked" ;;
	esac
END
chmod +x "$fakes/gio"
export EMBLEMS=$WORK/emblems
echo 'emblem-favorite' >"$EMBLEMS/burst1.txt"
rm -f "$WORK/notified" "$WORK/shown"
touch "$WORK/shown"
before=$(awk '$1 == "easelfs_event_readers" { print $2 }' "$MNT/.easelfs/metrics")
"$desktop" watch "$MNT" >"$WORK/watch.log" 2>&1 &
watcher=$!
readers_are() { [ "$(timeout 5 awk '$1 == "easelfs_event_readers" { print $2 }' "$MNT/.easelfs/metrics")" = "$1" ]; }
ok 'watch reads events' eventually 10 readers_are $((before + 2))
ok 'a second one has nothing to do' timeout 10 "$desktop" watch "$MNT"
prompt "$odd.txt" 'one picture'
told() { grep -qF -- "$1" "$WORK/notified"; }
ok 'a picture is told of' eventually 20 told "$odd.png is ready"
ok 'with itself as an icon' told "--icon=$(head -n 1 <<<"$MNT/out/$odd.png")"
clicked() { [ "$(cat "$WORK/shown")" = "$MNT/out/$odd.png" ]; }
ok 'a click shows it' eventually 20 clicked
rm "$WORK/notified"
began=$SECONDS
for ((i = 1; i <= 30; i++)); do prompt burst$i.txt "burst $i"; done
ok 'of thirty' eventually 60 told '30 pictures are ready'
calls=$(grep -c '^notify-send$' "$WORK/notified")
ok "there is about one a second ($calls)" [ "$calls" -le $((SECONDS - began + 3)) ]
prompt burst31.txt 'burst 31'
ok 'the next one' eventually 20 told '31 pictures are ready'
ok 'takes the place of the one before, and counts on' told '--replace-id=7'
prompt sized.txt $'size: 99:1\n\na bad one'
ok 'a failure is told of' eventually 20 told 'sized.txt: failed'
ok 'with the reason' told 'does not take size'
has_emblem() { [ "$(cat "$EMBLEMS/$1" 2>/dev/null)" = "$2" ]; }
ok 'what is made has an emblem' eventually 60 has_emblem burst30.txt emblem-easelfs-done
ok 'beside that of the user' eventually 60 has_emblem burst1.txt 'emblem-favorite, emblem-easelfs-done'
ok 'what failed, another one' eventually 60 has_emblem sized.txt emblem-easelfs-attention
ok 'what was made before, too' eventually 60 has_emblem early.txt emblem-easelfs-done
is "$(head -n 1 "$EMBLEMS/burst30.txt.all")" emblem-easelfs-waiting 'and a third, while it was on its way'
ok 'and file managers look again' eventually 5 grep -qx sized.txt "$EMBLEMS/looked"
umount_it
ok 'it ends with the mount' eventually 10 _is_gone $watcher
no_bubble() { ! pgrep -f "^sleep 61\.$$\$" >/dev/null; }
ok 'with all that it started' eventually 5 no_bubble
rm "$fakes/gio"
notify 'exit 0'

# --- without a key ---

TEST_FOLDER=$WORK/chosen
export TEST_FOLDER
mkdir "$TEST_FOLDER"
echo 'was there' >"$TEST_FOLDER/was.txt"
: >"$XDG_CONFIG_HOME/easelfs/config"
unset EASELFS_SANDBOX_KEY GEMINI_API_KEY
dialog zenity 1
does open "$TEST_FOLDER"
like "$(asked)" 'Make samples.*No provider has a key.*key-file = ' 'without a key it says how to have one, and offers samples'
ok 'no mounts nothing' not is_mounted "$TEST_FOLDER"
dialog zenity 0
ok 'yes, with a folder that is chosen' does open --choose
_mounts+=("$TEST_FOLDER")
MNT=$TEST_FOLDER
ok 'mounts it' is_mounted "$TEST_FOLDER"
_pids+=("$(daemon_pid)")
like "$(cat "$WORK/notified")" 'before are held \(1\)' 'says what is held'
ok 'and make' does make "$MNT/was.txt"
ok 'is made by the sandbox' wait_state was.txt completed
umount_it
done_testing
