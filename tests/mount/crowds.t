#!/bin/bash
# Who did not mount cannot take what belongs to all: descriptors (of a daemon that has 1024 of them), and places in
# the queue.
. "$(dirname "$0")/lib.sh"
setup --canned --time 0.1
impatient
is_root=
[ "$(id -u)" != 0 ] || is_root=1
chmod 755 "$WORK"
chmod -R a+rX "$XDG_CONFIG_HOME" "$HOME"
mkdir "$WORK/src"
ulimit -n 1024
mount_fg ${is_root:+-o allow_other} "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'

# as USER COMMAND…: in the mount.
as() {
	local user=$1
	shift
	(cd "$MNT" && timeout 60 setpriv ${is_root:+--reuid "$user" --regid "$user" --clear-groups} "$@")
}
descriptors() { find "/proc/$DAEMON/fd" -mindepth 1 | wc -l; }

timeout 5 mkdir "$MNT/files" "$MNT/crowd" "$MNT/folder"
timeout 10 bash -c 'for i in {1..200}; do echo "$i" >"$1/files/$i"; done' - "$MNT"
[ -z "$is_root" ] || chmod 1777 "$MNT" "$MNT/crowd"
prompt cat.txt 'a cat'
ok 'a picture is made' wait_state cat.txt completed

# Opens what it is told to, as often as it can; says how many they were, and why there is no other, and keeps them
# until its input ends.  FORM: a path with %d in it for the number; and how: read, create, or so that no program has
# it open (O_PATH): a folder that is then removed, or the page with all prompts, each time another one.
cat >"$WORK/crowd.py" <<'END'
import errno, os, sys, threading
def removed(path):
    os.mkdir(path)
    fd = os.open(path, os.O_PATH)
    os.rmdir(path)
    return fd
def page(path):
    os.close(os.open("crowd/change", os.O_WRONLY | os.O_CREAT, 0o644))
    os.unlink("crowd/change")
    result = []
    def look():
        try:
            result.append(os.open(path, os.O_PATH))
        except OSError as e:
            result.append(e)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]
hows = {
    "read": lambda path: os.open(path, os.O_RDONLY),
    "create": lambda path: os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644),
    "removed": removed, "page": page,
}
form, how, most = sys.argv[1], hows[sys.argv[2]], int(sys.argv[3])
fds, why = [], "all"
while len(fds) < most:
    try:
        fds.append(how(form % (len(fds) + 1) if "%" in form else form))
    except OSError as e:
        why = errno.errorcode[e.errno]
        break
print(len(fds), why, flush=True)
sys.stdin.read()
END
# crowd USER FORM HOW MOST: in the background, until crowd_ends; what it says is in $SAID.
crowds=()
crowd() {
	local pipe=$WORK/crowd.${#crowds[@]} end
	mkfifo "$pipe"
	as "$1" /usr/bin/python3 "$WORK/crowd.py" "${@:2}" <"$pipe" >"$pipe.said" &
	exec {end}>"$pipe"
	crowds+=("$end:$!")
	eventually 30 test -s "$pipe.said"
	SAID=$(cat "$pipe.said")
}
crowd_ends() {
	local one end
	for one in "${crowds[@]}"; do
		end=${one%:*}
		exec {end}>&-
	done
	for one in "${crowds[@]}"; do wait "${one#*:}"; done
	crowds=()
	rm -f "$WORK"/crowd.[0-9]*
}

crowd 0 files/1 read 400
is "$SAID" '400 all' 'who mounted opens what the system has'
crowd 0 folder read 100
is "$SAID" '100 all' 'folders, too'
crowd_ends

if [ -n "$is_root" ]; then
	ann=61001 bob=61002
	crowd $ann files/%d read 200
	is "$SAID" '128 ENFILE' 'a guest has an eighth of the descriptors'
	crowd $ann crowd/ann%d create 200
	is "$SAID" '0 ENFILE' 'and no more of another kind'
	ok 'nothing was made' not test -e "$MNT/crowd/ann1"
	printf 'kept' >"$WORK/src/crowd/kept"
	chmod 666 "$WORK/src/crowd/kept"
	ok 'what cannot be opened' not as $ann bash -c ': >crowd/kept'
	is "$(cat "$WORK/src/crowd/kept")" kept 'is not truncated either'
	for what in status/cat.txt wait/cat.png .easelfs/stats .easelfs/gallery.html; do
		ok "nor is there one for $what" not as $ann cat $what
	done
	crowd $bob crowd/bob%d create 200
	is "$SAID" '128 ENFILE' 'another one has as many, of what they make, too'
	for user in 61003 61004; do crowd $user files/%d read 200; done
	is "$SAID" '128 ENFILE' 'a fourth one'
	crowd 61005 files/%d read 200
	is "$SAID" '0 ENFILE' 'but all together have a half'
	crowd 0 files/1 read 200
	is "$SAID" '200 all' 'who mounted is not held up by that'
	prompt more.txt 'more of a cat'
	ok 'nor is what is to be made' wait_state more.txt completed
	ok 'and seen' timeout 10 cat "$MNT/wait/more.png"
	crowd_ends
	crowd 61005 files/%d read 200
	is "$SAID" '128 ENFILE' 'when they are gone there is room for others'
	crowd_ends
	crowd $ann folder read 100
	is "$SAID" '64 ENFILE' 'a guest has 64 folders open'
	ok 'and files beside them' as $ann cat files/1
	ok 'but no virtual folder' not as $ann ls status
	crowd_ends
	crowd $ann status read 100
	is "$SAID" '64 ENFILE' 'as many of those'
	crowd_ends

	# Whatever becomes of an open, it is not counted when it is over.
	prompt slow.txt 'a slow cat'
	ok 'somebody waits' wait_state slow.txt completed
	fault '{"on":"submit","match":"another slow","do":"hold"}'
	prompt slow.txt 'another slow cat'
	ok 'for what does not come' wait_state slow.txt running
	as $ann bash -c '
		for i in {1..150}; do
			: <files/$i
			: <files/none$i
			: <status/cat.txt
			: <wait/cat.png
			: <.easelfs/stats
			: >.easelfs/README
			: >status/cat.txt
			: >files/1
			: >crowd/own
			: >files/new
			echo * .easelfs/* status/* wait/* >.easelfs/ctl
			dd if=wait/slow.png iflag=nonblock
			[ $((i % 10)) != 0 ] || timeout 0.05 cat wait/slow.png
		done' >/dev/null 2>&1
	crowd $ann files/%d read 200
	is "$SAID" '128 ENFILE' 'whatever was opened, or not, is not counted any more'
	crowd_ends
	crowd $ann folder read 100
	is "$SAID" '64 ENFILE' 'nor are folders'
	crowd_ends
	control POST release >/dev/null

	# A page, and what is left of a removed folder, take a descriptor though nobody has them open.
	before=$(descriptors)
	crowd $bob crowd/removed removed 300
	is "$SAID" '300 all' 'a guest keeps 300 folders that are removed'
	now=$(descriptors)
	ok "for which there are 64 descriptors at most ($((now - before)))" test $((now - before)) -le 70
	timeout 5 mkdir "$MNT/mine"
	is "$(cd "$MNT/mine" && rmdir ../mine && timeout 5 stat -c %F .)" directory 'who mounted still stands in one'
	crowd $ann .easelfs/gallery.html page 200
	like "$SAID" '^12[0-9] ENFILE' "or keeps as many of the pages with all prompts as may be open"
	crowd_ends
	is_as_before() { [ $(($(descriptors) - before)) -le 10 ]; }
	ok 'all of that is given back' eventually 10 is_as_before
fi

done_testing
