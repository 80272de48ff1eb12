#!/bin/bash
# Prompts that are written with editors: each save is one job for the final name, however the editor goes
# about it, and whatever it puts beside the file meanwhile.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/saving.sh"
. "$(dirname "$0")/../desktop/display.sh"
tools=$(realpath "$(dirname "$0")/../tools")

# --- on a terminal ----------------------------------------------------------------------------------

export TMUX_TMPDIR EDITOR=vi SHELL=/bin/sh
unset TMUX

terminals_start() {
	TMUX_TMPDIR=$WORK
	tmux -f /dev/null -D >"$WORK/tmux.log" 2>&1 &
	eventually 10 tmux start-server || die "tmux does not start: $(cat "$WORK/tmux.log")"
}

screen() { tmux capture-pane -p -t editor; }
shows() { screen | grep -Eq -- "$1"; }
_left() { ! tmux has-session -t editor 2>/dev/null; }

# on_screen REGEX: before more is typed, as a person does.
on_screen() {
	eventually 15 shows "$1" && return
	screen
	return 1
}

# terminal COMMAND [ARG…]: begins it on a screen of its own.
terminal() {
	tmux new-session -d -s editor -x 100 -y 24 "exec $(printf '%q ' "$@")" \; set-option -s escape-time 0
}

press() { tmux send-keys -t editor "$@"; }
types() { tmux send-keys -t editor -l -- "$1"; }
leaves() {
	eventually 15 _left && return
	screen
	tmux kill-session -t editor
	return 1
}

# with_vim COMMANDS FILE OLD TEXT
with_vim() {
	local commands=(-c "$1")
	[ -n "$1" ] || commands=()
	terminal vim "${commands[@]}" "$2"
	on_screen "^${3:-~}" && press gg dG i && on_screen 'INSERT' && types "$4" && on_screen "$4" &&
		press Escape && types ':wq' && press Enter && leaves
}

with_nano() {
	terminal nano --ignorercfiles "$1"
	on_screen 'GNU nano' && on_screen "$2" && press 'M-\' M-t && types "$3" && on_screen "$3" &&
		press C-o && on_screen 'File Name to Write' && press Enter && on_screen 'Wrote 1 line' &&
		press C-x && leaves
}

with_emacs() {
	terminal emacs -nw -Q "$1"
	on_screen "$1.*All" && on_screen "$2" || return
	# In an empty buffer that would be an error, and Emacs drops what was typed after one.
	[ -z "$2" ] || press C-x h DC
	types "$3" && press Enter && on_screen "$3" && press C-x C-s && on_screen 'Wrote ' && press C-x C-c && leaves
}

# --- in a window ------------------------------------------------------------------------------------

# The title has a star as long as something is not saved.  What is pressed before a new window listens is lost,
# so it is tried again.
begins_with() {           # TITLE COMMAND [ARG…]
	for _ in 1 2 3 4; do
		"${@:2}"
		! eventually 5 _is_titled "$1" || return 0
	done
	echo "the window is called $(title)"
	return 1
}
replaces() { presses ctrl+a && enters "$1"; }

with_mousepad() {
	local editor
	mousepad --disable-server "$1" 2>"$WORK/mousepad.log" &
	editor=$!
	window mousepad && titled "/$1 - Mousepad" && begins_with '^\*' replaces "$3" &&
		presses Return && begins_with '^[^*]' presses ctrl+s && presses ctrl+q && wait "$editor"
}

with_libreoffice() { timeout 60 "$tools/libreoffice-save" "$1" "$3"; }

# --- each of them -----------------------------------------------------------------------------------

saving_setup
terminals_start
display_start
export DBUS_SESSION_BUS_ADDRESS=disabled:

saves vim.txt 'vim' with_vim ''
saves vim-yes.txt 'vim with backupcopy=yes' with_vim 'set backupcopy=yes'
saves vim-no.txt 'vim with backupcopy=no' with_vim 'set backupcopy=no'
saves vim-bare.txt 'vim with nowritebackup' with_vim 'set nowritebackup'
saves vim-kept.txt 'vim with backup' with_vim 'set backup'
saves nano.txt 'nano' with_nano
saves emacs.txt 'emacs' with_emacs
saves mousepad.txt 'mousepad' with_mousepad
saves office.txt 'LibreOffice' with_libreoffice

saving_judge vim-kept.txt~ emacs.txt~
done_testing
