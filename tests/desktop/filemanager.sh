# shellcheck shell=bash
#
# What people do with a file manager.  A test defines
#
#     opens FOLDER                     # shows it in a window of its own, in the background
#     CLASS=…                          # of its windows
#     titles FOLDER                    # what that window is called

. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
_shown=()                  # the titles of the windows that should be there

# The titles of its windows, each on a line.
_titles() {
	local w
	for w in $(xdotool search --onlyvisible --class "$CLASS" 2>/dev/null); do
		xdotool getwindowname "$w" 2>/dev/null
	done | grep -v '^$' | sort -u
}

_find() {
	local w
	for w in $(xdotool search --onlyvisible --class "$CLASS" 2>/dev/null); do
		[ "$(xdotool getwindowname "$w" 2>/dev/null)" = "$1" ] || continue
		WINDOW=$w
		return 0
	done
	return 1
}

# view FOLDER: its window comes up, and gets what is typed.
view() {
	local name
	name=$(titles "$1")
	_shown+=("$name")
	opens "$1"
	ok "$CLASS shows ${1##*/}/" eventually 20 _find "$name"
	x windowactivate --sync "$WINDOW"
}

# leave FOLDER: closes its window, the last one that was viewed.
leave() {
	local i
	for i in "${!_shown[@]}"; do
		[ "${_shown[i]}" != "$(titles "$1")" ] || unset "_shown[i]"
	done
	x windowactivate --sync "$WINDOW"
	presses ctrl+w
}

_alone() { [ "$(_titles)" = "$(printf '%s\n' "${_shown[@]}" | sort -u)" ]; }

# No box stands there, be it about an error or about progress.
no_box() {
	eventually 10 _alone
	is "$(_titles)" "$(printf '%s\n' "${_shown[@]}" | sort -u)" "$1: no box is left open"
}

# What is typed goes to the files, as there is a click beside them.
_select_all() {
	x windowactivate --sync "$WINDOW"
	click 80 80
	presses ctrl+a
}

# does FUNCTION COMMAND [ARG…]: its keys are pressed, and the command succeeds within a while.  A file
# manager that still reads its folder has nothing to select, so it is tried three times.
does() {
	local keys=$1 i
	shift
	for i in 1 2 3; do
		"$keys"
		eventually 5 "$@" && return
	done
	shot failed
	return 1
}

# undoes FILE: its deletion.  A second undo would undo something else, so this one waits until the trash
# has the file.
_trash_has() { timeout 5 gio list trash:/// | grep -q "$1"; }
undoes() {
	eventually 10 _trash_has "${1##*/}" || return
	x windowactivate --sync "$WINDOW"
	click 80 80
	presses ctrl+z
	eventually 10 there "$1"
}

_copy() {
	local WINDOW=$SOURCE_WINDOW
	_select_all
	presses ctrl+c
}

_paste() {
	_copy
	x windowactivate --sync "$WINDOW"
	click 80 80
	presses ctrl+v
}

# Some ask in a box for the new name, some in place.
_rename() {
	_select_all
	presses F2
	eventually 2 not _alone
	presses ctrl+a
	enters after.txt
	presses Return
}

_delete() {
	_select_all
	presses Delete
}

_accepted=0                # pictures that should have been paid for so far
_same_fox() { same "$WORK/fox.png" "$MNT/out/prompts/after.png"; }

_begin() {
	ok 'a prompt and its picture' prompt cat.txt 'a cat on the moon'
	ok 'and another one' prompt dog.txt 'a dog on the moon'
	control POST faults '{"on":"submit","match":"slow","do":"hold"}' >/dev/null
	timeout 5 sh -c 'echo "a slow snail" >"$1"' _ "$MNT/slow.txt"
	ok 'while a third one is under way' wait_state slow.txt running
	_accepted=3
	view "$MNT"
	no_box 'the root'
	shot root
}

_copying_in() {
	local file
	mkdir -p "$WORK/from/album"
	cp "$MNT/out/cat.png" "$WORK/from/photo.png"
	cp "$MNT/out/dog.png" "$WORK/from/album/photo.png"
	echo 'what is in this folder' >"$WORK/from/README.md"
	timeout 5 mkdir "$MNT/pasted"
	view "$WORK/from"
	SOURCE_WINDOW=$WINDOW
	view "$MNT/pasted"
	ok 'copied in' does _paste there pasted/photo.png
	ok 'with folders' eventually 20 there pasted/album/photo.png
	no_box 'copying in'
	for file in photo.png album/photo.png README.md; do
		ok "$file is the same" same "$WORK/from/$file" "$MNT/pasted/$file"
	done
	shot pasted
	is "$(accepted)" $_accepted 'photographs and other files start nothing'
}

_copying_a_prompt_in() {
	timeout 5 mkdir "$MNT/prompts"
	mkdir "$WORK/texts"
	echo 'a fox on the moon' >"$WORK/texts/before.txt"
	view "$WORK/texts"
	SOURCE_WINDOW=$WINDOW
	view "$MNT/prompts"
	ok 'a prompt that is copied in' does _paste there prompts/before.txt
	ok 'is made' wait_state prompts/before.txt completed
	_accepted=4
	is "$(accepted)" $_accepted 'once'
	no_box 'copying a prompt in'
	cp "$MNT/out/prompts/before.png" "$WORK/fox.png"
}

_renaming() {
	ok 'renamed' does _rename there prompts/after.txt
	ok 'it has its picture with it' eventually 5 _same_fox
	is "$(state_of prompts/after.txt)" completed 'and its record'
	no_box 'renaming'
	shot renamed
}

_throwing_away() {
	ok 'thrown away' does _delete not_there prompts/after.txt
	ok 'it lies in the trash' there "$TRASH/files/after.txt"
	ok 'and has no status' not_there status/prompts/after.txt
	no_box 'deleting'
	shot deleted
	ok 'undone, it is back' undoes prompts/after.txt
	ok 'with its record' wait_state prompts/after.txt completed
	is "$(timeout 5 jq -r .revision "$MNT/status/prompts/after.txt.json")" 1 'as the same revision'
	ok 'and picture' _same_fox
	leave "$MNT/prompts"
	no_box 'undoing'
}

_looking() {
	local name
	view "$MNT/out"
	for name in cat dog; do
		ok "out/$name.png has a thumbnail" eventually 20 _thumbnail_of "out/$name.png"
	done
	no_box 'out/'
	shot out
	for name in status wait; do
		view "$MNT/$name"
		no_box "$name/"
		shot "$name"
	done
	is "$(accepted)" $_accepted 'nothing was started'
}

_throwing_a_picture_away() {
	view "$MNT/out/prompts"
	ok 'a picture that is thrown away' does _delete not_there out/prompts/after.png
	ok 'is in the trash' there "$TRASH/files/after.png"
	ok 'undone, it is back' undoes out/prompts/after.png
	ok 'the same' _same_fox
	ok 'and its prompt is completed' wait_state prompts/after.txt completed
	no_box 'throwing a picture away'
}

_end() {
	is "$(state_of slow.txt)" running 'the third prompt is still under way'
	control POST release >/dev/null
	ok 'its picture' wait_state slow.txt completed
	ok 'gets a thumbnail in the window that shows out/' eventually 20 _thumbnail_of out/slow.png
	_find "$(titles "$MNT/out")" && x windowactivate --sync "$WINDOW"
	shot new
}

# tries NAME: all of it.
tries() {
	desktop_setup "$1"
	TRASH=.Trash-$(id -u)
	_begin
	_copying_in
	_copying_a_prompt_in
	_renaming
	_throwing_away
	_looking
	_throwing_a_picture_away
	_end
	desktop_done $_accepted
}
