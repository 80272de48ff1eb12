#!/bin/bash
# What the menus of file managers have of easelfs-desktop, chosen from them with the keyboard: pictures are made,
# made again and edited, and a failure is explained.  The names are such as nobody should give.
. "$(dirname "$0")/lib.sh" || exit
desktop_setup actions

desktop=$(realpath "$(dirname "$0")/../../contrib/desktop")
export PATH=$O:$desktop:$PATH
printf '[Default Applications]\ntext/plain=org.xfce.mousepad.desktop\napplication/x-zerosize=org.xfce.mousepad.desktop\n' \
	>"$XDG_CONFIG_HOME/mimeapps.list"
export XDG_CURRENT_DESKTOP=X-Generic
name=$'a "b" \'c\' 100% %f $(touch x) \\z\n\xc3\xa9'

# opens FOLDER, in MANAGER.  Its menu is opened with MENU, and `keys VERB FILES` are pressed in it.
declare -A MENU=([thunar]=shift+F10 [nemo]=shift+F10 [nautilus]=shift+F10 [dolphin]=Menu)
opens() {
	case $MANAGER in
	thunar) thunar "$1" ;;
	nemo) nemo --no-desktop "$1" ;;
	nautilus) nautilus --new-window "$1" ;;
	dolphin) dolphin --new-window "$1" ;;
	esac >>"$WORK/$MANAGER.log" 2>&1 &
}

times() { local i; for ((i = 0; i < $1; i++)); do presses "$2"; done; }

# Where the item is among ours: those of texts are make, again, why; those of pictures again, edit, why.
place_of() {
	case $1:$2 in
	make:text | again:picture) echo 1 ;;
	again:text | edit:picture) echo 2 ;;
	why:*) echo 3 ;;
	esac
}
chooses() {
	local n
	n=$(place_of "$1" "$2")
	case $MANAGER in
	thunar) times $((5 - n)) Up; presses Return ;;           # the last one is Properties
	nemo) times $((2 + n)) Down; presses Return ;;           # two to open it with something come first
	dolphin)                                                 # a menu of its own, before Properties
		times 2 Up
		presses Right
		times $((n - 1)) Down
		presses Return ;;
	nautilus)                                                # Scripts, easelfs, by name
		presses s
		sleep 0.5
		presses Down Return
		sleep 0.5
		case $1 in edit) n=1 ;; make) n=2 ;; again) n=3 ;; why) n=4 ;; esac
		times $n Down
		presses Return ;;
	esac
}

# acts VERB FILES FOLDER: on all that is in there.
acts() {
	opens "$3"
	ok "$MANAGER shows ${3##*/}/" eventually 20 find_window "$MANAGER" "${3##*/}"
	x windowactivate --sync "$WINDOW"
	sleep 1.5
	[ "$MANAGER" = dolphin ] || click 80 80
	presses ctrl+a
	sleep 0.5
	presses "${MENU[$MANAGER]}"
	sleep 1
	shot "$MANAGER-$1"
	chooses "$1" "$2"
}
closes() {
	x windowactivate --sync "$WINDOW" && presses ctrl+w
}

# box TEXT: zenity's, with that name; Return closes it.
box() { eventually 15 find_window zenity "$1"; }
no_box_left() { not find_window zenity ''; }

tries() {
	local text prompts bad
	MANAGER=$1
	text=$MNT/$MANAGER-texts prompts=$MNT/$MANAGER-prompts bad=$MNT/$MANAGER-bad
	timeout 5 mkdir "$text" "$prompts" "$bad"
	timeout 5 bash -c 'printf "%s" "$2" >"$1"' - "$text/$name.text" "a text of $MANAGER"
	timeout 5 bash -c 'printf "%s" "$2" >"$1"' - "$prompts/$name.txt" "a prompt of $MANAGER"
	timeout 5 bash -c 'printf "%s" "$2" >"$1"' - "$bad/$name.txt" $'size: 99:1\n\na bad one'
	ok 'a prompt and its picture' timeout 30 easelfs wait "$prompts/$name.txt"

	acts make text "$text"
	ok "$MANAGER: a text" eventually 15 there "$MANAGER-texts/$name.txt"
	ok 'is made' wait_state "$MANAGER-texts/$name.txt" completed
	is "$(of_prompt "a text of $MANAGER" accepted)" 1 'once'
	closes

	acts again text "$prompts"
	paid() { [ "$(of_prompt "a prompt of $MANAGER" accepted)" = "$1" ]; }
	ok "$MANAGER: a prompt is made again" eventually 15 paid 2
	ok 'and has a picture' timeout 30 easelfs wait "$prompts/$name.txt"
	closes

	acts edit picture "$MNT/out/$MANAGER-prompts"
	ok "$MANAGER: a picture that is to be edited" eventually 15 there "$MANAGER-prompts/$name-edit.txt"
	ok 'is a reference' eventually 10 same "$MNT/out/$MANAGER-prompts/$name.png" "$prompts/$name-edit.refs/$name.png"
	closes
	ok 'of a prompt in an editor' window mousepad
	shot "$MANAGER-editor"
	enters "with a hat, said $MANAGER"
	presses ctrl+s
	ok 'which is made when it is saved' wait_state "$MANAGER-prompts/$name-edit.txt" completed
	is "$(of_prompt "with a hat, said $MANAGER" accepted)" 1 'once'
	presses ctrl+q

	acts why text "$bad"
	ok "$MANAGER: why it failed" box easelfs
	shot "$MANAGER-reason"
	x windowactivate --sync "$WINDOW"
	presses Return
	ok 'is closed' eventually 10 no_box_left
	find_window "$MANAGER" "${bad##*/}" && closes
	is "$(timeout 5 ls -A "$MNT" | grep -cx x)" 0 'no name was run as a command'
}

ok 'the menus are installed' easelfs-desktop install
managers=(thunar nemo nautilus dolphin)
for manager in "${managers[@]}"; do
	tries "$manager"
done
control GET bill | jq . >"$DESKTOP/$NAME-bill.json"
is "$(accepted)" $((4 * ${#managers[@]})) 'four pictures for each'
_session_stop
done_testing
