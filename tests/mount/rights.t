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

	# Who may rename what he may not read gets no look at it by calling it something else.
	timeout 5 mkdir -m 777 "$MNT/shared"
	as $bob mkdir bob
	write $bob bob/seen.txt 'a cat that is seen'
	ok 'a picture in a folder of his own' made bob/seen.txt
	(umask 077 && write $ann shared/secret 'sise: the secret' && write $ann shared/secret.2 'sise: the secret')
	as $bob mv -f shared/secret out/bob/seen.png
	ok 'a file of somebody else in its place is not his to read' not as $bob cat wait/bob/seen.png
	ok 'but its own owner can' as $ann cat wait/bob/seen.png
	ok 'it can be taken away' as $bob rm -f out/bob/seen.png
	as $bob mkfifo out/bob/seen.png
	ok 'a fifo there is refused' not timeout 5 cat "$MNT/wait/bob/seen.png"
	as $bob mv shared/secret.2 bob/.defaults
	write $bob bob/unread.txt 'a cat without headers'
	ok 'headers of a folder that he may not read' made bob/unread.txt
	as $bob rm -f bob/.defaults

	# The same request is made once, but whose it was is not said.
	(umask 077 && write $ann private/idea.txt 'the same cat')
	ok 'a private one' made private/idea.txt
	write $bob bob/idea.txt 'the same cat'
	ok 'the same of somebody else' made bob/idea.txt
	is "$(bill '.prompts["the same cat"].accepted')" 1 'is paid for once'
	like "$(status_of bob/idea.txt)" "note: same picture as another user's prompt" 'who is not told where the other one lies'
	write $ann private/again.txt 'the same cat'
	ok 'once more of the first one' made private/again.txt
	like "$(status_of private/again.txt)" 'note: same picture as (private/idea.txt|another user)' 'who is told what is his'

	# A prompt that is gone cannot be asked any more; what comes is its owner's, and nobody else's.
	fault '{"on":"submit","match":"left behind","do":"hold","count":2}'
	(umask 077 && write $ann shared/gone.txt 'a cat left behind' && write $ann shared/taken.txt 'a dog left behind')
	ok 'two are under way' eventually 20 test "$(state_of shared/gone.txt) $(state_of shared/taken.txt)" = 'running running'
	as $ann rm shared/gone.txt
	write $bob shared/bob 'another cat, of bob'
	as $bob mv -f shared/bob shared/taken.txt
	control POST release >/dev/null
	ok 'its picture comes' eventually 20 timeout 5 test -e "$MNT/history/shared/gone.1.png"
	is "$(of '%a %u' history/shared/gone.1.png)" "600 $ann" 'to whom it was made for'
	ok 'so does one whose prompt somebody else has replaced' eventually 20 timeout 5 test -e "$MNT/history/shared/taken.1.png"
	is "$(of '%a %u' history/shared/taken.1.png)" "600 $ann" 'to whom it was made for'

	# A descriptor that was got before is asked for its rights again.
	(umask 077 && write $ann held.txt 'a cat to hold on to')
	ok 'one that is private' made held.txt
	as $bob /usr/bin/python3 - >"$WORK/held" <<-'END' &
		import os, time
		fds = [os.open(n, os.O_PATH) for n in ('status/held.txt', 'wait/held.png')]
		open('bob/holds', 'w').close()
		while os.path.exists('held.txt'):
		    time.sleep(0.05)
		for fd in fds:
		    try:
		        print(len(open('/proc/self/fd/%d' % fd, 'rb').read()), 'bytes')
		    except OSError as e:
		        print(e.strerror)
	END
	holder=$!
	eventually 10 timeout 5 test -e "$MNT/bob/holds"
	as $ann rm held.txt
	wait $holder
	is "$(paste -sd, "$WORK/held")" 'Permission denied,Permission denied' 'who held on to it reads nothing when it is gone'

	# Whose prompt it is, is settled when it is read: one that is taken away meanwhile is not read on as root.
	if ! sanitized && command -v strace >/dev/null; then
		disk=$(grep -lx easelfs-disk "/proc/$DAEMON"/task/*/comm | head -n 1)
		strace -qq -p "$(basename "$(dirname "$disk")")" -o /dev/null -e trace=read,pread64 \
			-e inject=read,pread64:delay_exit=600000 2>/dev/null &
		slow=$!
		ok 'reading takes its time' eventually 10 grep -q "^TracerPid:.$slow$" "$(dirname "$disk")/status"
		write $bob bob/steals.txt $'refs: /private/cat.picture.png\n\na cat as in image 1, once more'
		sleep 0.4
		as $bob mv bob/steals.txt bob/away
		sleep 1.6
		as $bob mv bob/away bob/steals.txt
		sleep 4
		kill $slow
		wait $slow 2>/dev/null
		ok 'the reference is none for him either' wait_state bob/steals.txt failed
		is "$(accepted 'a cat as in image 1, once more')" 0 'nothing is sent'
	fi
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
