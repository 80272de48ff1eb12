#!/bin/bash
# Pictures and statuses are as private as their prompts; where root mounts for all, each has what is theirs.
. "$(dirname "$0")/lib.sh"
setup --time 0.1
impatient
is_root=
[ "$(id -u)" != 0 ] || is_root=1
chmod 755 "$WORK"
chmod -R a+rX "$XDG_CONFIG_HOME" "$HOME"
mkdir "$WORK/src"
mount_fg ${is_root:+-o allow_other} "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'

of() { timeout 5 stat -c "$1" "$MNT/$2"; }
# as USER COMMAND…: in the mount.
as() {
	local user=$1
	shift
	(cd "$MNT" && timeout 30 setpriv ${is_root:+--reuid "$user" --regid "$user" --clear-groups} "$@")
}
write() { as "$1" bash -c 'echo "$2" >"$1"' - "$2" "$3"; }
made() { timeout 30 "$O/easelfs" wait "${@/#/$MNT/}"; }

ann=61001 bob=61002
[ -n "$is_root" ] || ann=$(id -u)
timeout 5 mkdir -m 700 "$MNT/private"
[ -z "$is_root" ] || { chown $ann:$ann "$MNT/private" && chmod 1777 "$MNT"; }
write $ann private/cat.txt 'a private cat'
(umask 077 && write $ann own.txt 'an own cat')
write $ann open.txt 'an open cat'
ok 'pictures are made' made private/cat.txt own.txt open.txt

for folder in out/private status/private wait/private; do
	is "$(of '%a %u' $folder)" "700 $ann" "$folder is as private as the folder of the prompts"
done
for file in out/own.png status/own.txt status/own.txt.json wait/own.png; do
	is "$(of '%a %u' $file)" "600 $ann" "$file as the prompt"
done
for file in out/open.png status/open.txt wait/open.png; do
	is "$(of '%a %u' $file)" "644 $ann" "$file is open, too"
done
timeout 5 chmod 600 "$MNT/open.txt"
is "$(of %a status/open.txt) $(of %a wait/open.png)" '600 600' 'closed later, it is closed at once'
timeout 5 chmod 644 "$MNT/open.txt"
printf 'size: 1:1\nsise: 1K\n\na cat\n' >"$WORK/wrong"
(umask 077 && as $ann cp "$WORK/wrong" wrong.txt)
ok 'an error is told in out/' eventually 10 timeout 5 test -e "$MNT/out/wrong.error.txt"
is "$(of '%a %u' out/wrong.error.txt)" "600 $ann" 'to whom it concerns'

timeout 5 mkdir "$MNT/fixed"
[ -z "$is_root" ] || chown $ann:$ann "$MNT/fixed"
write $ann fixed/cat.txt 'a cat in a folder that cannot be written'
timeout 5 chmod 555 "$MNT/fixed"
ok 'a folder of prompts that cannot be written' made fixed/cat.txt
is "$(of '%a %u' out/fixed)" "755 $ann" 'has one of pictures that can'

is "$(of '%a' .easelfs/gallery.html)" 400 'the page with all of them is for whoever looks'
if [ -n "$is_root" ]; then
	# sees USER: the pictures and prompts that the page has for that one, but those that failed.
	sees() {
		as "$1" cat .easelfs/gallery.html | perl -0777 -ne 'print $1 if m{id="data">(.*?)</script>}s' |
			jq -r '.jobs[] | .prompt, .tasks[].picture' | sort | paste -sd ' '
	}
	is "$(sees $bob)" 'fixed/cat.txt open.txt out/fixed/cat.png out/open.png' 'somebody else sees there what is open'
	is "$(as $bob stat -c '%u %a' .easelfs/gallery.html)" "$bob 400" 'in a page of their own'
	private='fixed/cat.txt open.txt out/fixed/cat.png out/open.png out/own.png out/private/cat.png own.txt private/cat.txt'
	is "$(sees $ann | sed 's/ wrong.txt//')" "$private" 'who has private ones sees them'
	is "$(sees 0 | sed 's/ wrong.txt//')" "$private" 'as root does'
	chgrp 61003 "$MNT/own.txt" "$MNT/out/own.png" && timeout 5 chmod 640 "$MNT/own.txt" "$MNT/out/own.png"
	is "$(cd "$MNT" && setpriv --reuid $bob --regid $bob --groups 61003 cat .easelfs/gallery.html | grep -c '"prompt":"own.txt"')" 1 \
		'a group may see what is for it'
	is "$(sees $bob)" 'fixed/cat.txt open.txt out/fixed/cat.png out/open.png' 'who is not in it does not'
	timeout 5 chmod 600 "$MNT/own.txt" "$MNT/out/own.png"
	timeout 5 chmod 600 "$MNT/open.txt"
	is "$(sees $bob)" 'fixed/cat.txt out/fixed/cat.png' 'a prompt that is closed is gone from the page at once, though its picture is open'
	timeout 5 chmod 644 "$MNT/open.txt"
	for file in out/private/cat.png wait/private/cat.png status/private/cat.txt out/own.png wait/own.png status/own.txt; do
		ok "somebody else cannot read $file" not as $bob cat "$file"
		ok "its owner can" as $ann cat "$file"
	done
	ok 'what is open can be read by all' as $bob cat wait/open.png status/open.txt out/open.png
	ok 'but not removed' not as $bob rm -f out/open.png
	write $bob bob.txt 'a cat of somebody else'
	ok 'somebody else has pictures, too' made bob.txt
	is "$(of %u out/bob.png)" $bob 'that are theirs'
	write $ann open.txt 'another open cat'
	ok 'a newer picture' made open.txt
	is "$(of %u history/open.1.png)" $ann 'leaves the older one to its owner'
	timeout 5 cp "$MNT/wait/private/cat.png" "$MNT/private/cat.picture.png"
	chown $ann:$ann "$MNT/private/cat.picture.png"
	write $ann private/of.txt $'refs: cat.picture.png\n\na cat as in image 1'
	ok 'a reference that its owner may read' made private/of.txt
	write $bob steals.txt $'refs: /private/cat.picture.png\n\na cat as in image 1'
	ok 'is none for somebody else' wait_state steals.txt failed
	like "$(status_of steals.txt)" 'private/cat.picture.png is not there' 'who is not told either whether it is there'
	ok 'who removes it' as $ann rm history/open.1.png out/open.png
	for file in jobs.json events ctl; do
		ok "what all prompts do is for the mount's user: $file" not as $bob cat .easelfs/$file
	done
	ok 'how many there are may be known' as $bob cat .easelfs/stats .easelfs/metrics .easelfs/README
	ok 'nobody else gives orders' not as $bob bash -c 'echo "cancel own.txt" >.easelfs/ctl'

	# Who waits costs memory here.
	fault '{"on":"submit","match":"slow","do":"hold"}'
	write $bob slow.txt 'a slow cat'
	ok 'one is under way' wait_state slow.txt running
	as $bob /usr/bin/python3 - >"$WORK/crowd" <<-'END' &
		import errno, os, threading
		done = []
		def wait():
		    try:
		        os.open('wait/slow.png', os.O_RDONLY)
		        done.append(0)
		    except OSError as e:
		        done.append(e.errno)
		threading.stack_size(1 << 18)
		threads = [threading.Thread(target=wait) for _ in range(260)]
		for t in threads: t.start()
		for t in threads: t.join()
		print(done.count(0), done.count(errno.ENFILE))
	END
	crowd=$!
	waits() { [ "$(ls /proc/"$(pgrep -u $bob python3 | head -1)"/task 2>/dev/null | wc -l)" = 257 ]; }
	ok 'one guest has 256 readers that wait' eventually 20 waits
	timeout 20 cat "$MNT/wait/slow.png" >"$WORK/slow.png" &
	control POST release >/dev/null
	wait $!
	ok "the mount's user is not held up by that" test -s "$WORK/slow.png"
	wait $crowd
	is "$(cat "$WORK/crowd")" '256 4' 'all of them are answered, and the rest was refused at once'
fi

done_testing
