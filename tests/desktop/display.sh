# shellcheck shell=bash
#
# For tests of programs with windows: a screen that nobody sees, and somebody who types.

# display_start [WIDTHxHEIGHT]: sets DISPLAY.
display_start() {
	local ready pipe=$WORK/display.ready
	mkfifo "$pipe"
	Xvfb -displayfd 1 -screen 0 "${1:-1024x768}x24" -nolisten tcp >"$pipe" 2>"$WORK/display.log" &
	exec {ready}<"$pipe"
	read -r -t 20 -u "$ready" DISPLAY
	[ -n "$DISPLAY" ] || die "the display did not start: $(cat "$WORK/display.log")"
	DISPLAY=:$DISPLAY
	export DISPLAY NO_AT_BRIDGE=1 GIO_USE_VFS=local GSETTINGS_BACKEND=memory
}

x() { timeout 20 xdotool "$@"; }

# A window may be gone again before it can be asked for anything.
_window() {
	WINDOW=$(x search --onlyvisible --class "$1" 2>/dev/null | tail -n 1)
	[ -n "$WINDOW" ] && [ -n "$(title)" ] && x windowfocus --sync "$WINDOW"
}

# find_window CLASS PART: one with that in its title.  Sets WINDOW.
find_window() {
	local w
	for w in $(xdotool search --onlyvisible --class "$1" 2>/dev/null); do
		[[ $(xdotool getwindowname "$w" 2>/dev/null) == *"$2"* ]] && WINDOW=$w && return
	done
	return 1
}

# window CLASS: waits until there is one to be seen, and types into it from now on.  Sets WINDOW.
window() { eventually 30 _window "$1"; }

# click X% Y%: there, in that window.
click() {
	local WIDTH HEIGHT
	eval "$(x getwindowgeometry --shell "$WINDOW" | grep -E '^(WIDTH|HEIGHT)=[0-9]+$')"
	x mousemove --window "$WINDOW" $((WIDTH * $1 / 100)) $((HEIGHT * $2 / 100)) click 1
}

title() { x getwindowname "$WINDOW" 2>/dev/null; }
_is_titled() { [[ $(title) =~ $1 ]]; }

# titled REGEX: within a while.
titled() {
	eventually 15 _is_titled "$1" && return
	echo "the window is called $(title)"
	return 1
}

# Keys, at the pace of a person: windows enable what can be done with a selection a moment after it, and
# say so to nobody.
presses() { x key --delay 20 "$@" && sleep 0.3; }
enters() { x type --delay 5 -- "$1"; }
