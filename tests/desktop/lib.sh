# shellcheck shell=bash
#
# For tests of what people see: a mount, a screen, a window manager and a session of their own.
#
#     desktop_setup NAME               # screenshots and the bill become $O/desktop/NAME-….png, NAME-bill.json
#     …
#     desktop_done
#
# Pictures are painted, not canned, so that there is something to be seen.

. "$(dirname "${BASH_SOURCE[0]}")/../mount/lib.sh" || exit
. "$(dirname "${BASH_SOURCE[0]}")/display.sh"

desktop_setup() {
	DESKTOP=$O/desktop
	NAME=$1
	mkdir -p "$DESKTOP"
	rm -f "$DESKTOP/$NAME"-*
	setup --time 0.1 --submit-rpm 0 --query-rpm 0
	config <<-END
		first-look = 0.1
		poll-min = 0.1
		[defaults]
		provider = sandbox
	END
	mount_fg || die "it cannot be mounted"
	display_start
	openbox >"$WORK/openbox.log" 2>&1 &
	_session_start
}

# Services of the session are started when somebody asks for them, and end with it.
_session_start() {
	local ready pipe=$WORK/session.ready
	mkfifo "$pipe"
	dbus-daemon --session --nofork --print-address=1 >"$pipe" 2>"$WORK/session.log" &
	SESSION=$!
	exec {ready}<"$pipe"
	read -r -t 20 -u "$ready" DBUS_SESSION_BUS_ADDRESS
	[ -n "$DBUS_SESSION_BUS_ADDRESS" ] || die "the session did not start: $(cat "$WORK/session.log")"
	export DBUS_SESSION_BUS_ADDRESS GSK_RENDERER=cairo
	unset GSETTINGS_BACKEND GIO_USE_VFS
}

# Whoever was started in it.
_session_pids() {
	env -u DBUS_SESSION_BUS_ADDRESS grep -lsz "^DBUS_SESSION_BUS_ADDRESS=$DBUS_SESSION_BUS_ADDRESS" \
		/proc/[0-9]*/environ | cut -d/ -f3
}
_session_is_over() { [ -z "$(_session_pids)" ]; }

# Services leave when the session has ended; until then they write into their folders.
_session_stop() {
	local pid
	kill "$SESSION"
	for pid in $(_session_pids); do
		kill "$pid" 2>/dev/null
	done
	eventually 10 _session_is_over && return
	# shellcheck disable=SC2046
	kill -KILL $(_session_pids)
}

# shot WHAT: what is on the screen, when there was time to paint it.
shot() { sleep 1 && timeout 20 import -window root "$DESKTOP/$NAME-$1.png"; }

accepted() { bill .accepted; }
# prompt FILE TEXT: and its picture.
prompt() {
	timeout 5 sh -c 'echo "$2" >"$1"' _ "$MNT/$1" "$2" && timeout 30 "$O/easelfs" wait "$MNT/$1"
}
there() { timeout 5 test -e "$MNT/$1"; }
not_there() { not there "$1"; }
same() { timeout 5 cmp "$1" "$2"; }

_thumbnail_of() {
	local name
	name=$(printf 'file://%s' "$MNT/$1" | md5sum | cut -d' ' -f1)
	[ -n "$(find "$XDG_CACHE_HOME/thumbnails" -name "$name.png" 2>/dev/null)" ]
}

# The bill goes beside the screenshots; $1 is how many pictures it should have.
desktop_done() {
	control GET bill | jq . >"$DESKTOP/$NAME-bill.json"
	is "$(accepted)" "$1" 'the bill has nothing extra'
	is "$(bill '[.prompts[] | select(.accepted != 1)] | length')" 0 'and nothing twice'
	_session_stop
	done_testing
}
