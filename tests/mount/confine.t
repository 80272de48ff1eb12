#!/bin/bash
# What the daemon cannot do any more once it serves, tried from inside of it, and what still goes.

. "$(dirname "$0")/lib.sh"

setup
impatient

# Each thread's word of its /proc/…/status, once: field Seccomp
field() { awk -v name="$1:" '$1 == name { print $2 }' "/proc/$DAEMON"/task/*/status | sort -u | paste -sd' '; }

# Mounts with the witness in it, lets it try, unmounts: says how each deed went.
witness() {
	rm -f "$WORK"/inside*
	mkfifo "$WORK/inside"
	INSIDE=$WORK/inside LD_PRELOAD=$O/tests/preload/inside.so mount_fg "$@" || die "$(cat "$WORK/daemon.log")"
	timeout 10 bash -c ': >"$1"' - "$WORK/inside"
	eventually 10 test -e "$WORK/inside.said"
	said=$(cat "$WORK/inside.said")
	seccomp=$(field Seccomp)
	privileges=$(field NoNewPrivs)
	umount_it
}
went() { awk -v name="$1" '$1 == name { print $2 }' <<<"$said"; }

forbidden='execve execveat execve-of-a-child ptrace process_vm_readv pidfd_getfd mount umount chroot setns
open_by_handle_at bpf init_module keyctl io_uring unshare clone unix-stream unix-stream-disguised unix-seqpacket typing typing-disguised'

# The rest of this test holds for those as well.
if sanitized; then
	pass 'what is forbidden # SKIP programs with a sanitizer are not confined (fs/confine.c)'
else
	witness
	is "$seccomp" 2 'each thread has the filter'
	is "$privileges" 1 'and gets no privileges from programs'
	for deed in $forbidden; do
		is "$(went "$deed")" EPERM "$deed is forbidden"
	done
	is "$(went clone3)" ENOSYS 'clone3 is not there, so that the C library takes clone'
	is "$(went dumpable)" EACCES 'there will be no core dump'
	like "$(went memory-of-parent)" '^(EACCES|EPERM)$' 'no other process can be looked into'
	is "$(went unix-datagram)" 0 'the log can be reached'
	is "$(went internet)" 0 'and so can providers'

	# The same where it is not confined, or the above says nothing.
	witness -o sandboxing=off
	is "$seccomp" 0 'sandboxing=off leaves the filter out'
	is "$privileges" 0 'and privileges as they are'
	is "$(went dumpable)" 0 'and debuggers in'
	is "$(went memory-of-parent)" 0 'and other processes open'
	unprivileged='bpf init_module chroot'  # forbidden to ordinary users anyway
	for deed in $forbidden; do
		[ "$(id -u)" = 0 ] || [[ " $unprivileged " != *" $deed "* ]] || continue
		ok "$deed would not be forbidden otherwise" not grep -qx "$deed EPERM" <<<"$said"
	done
	ok 'clone3 would be there' not grep -qx 'clone3 ENOSYS' <<<"$said"
fi

# --- what still goes --------------------------------------------------------------------------------

# Names, TLS and the journal have tests of their own, which run confined as users do.
mount_fg
prompt cat.txt 'a cat'
ok 'a picture is made' wait_state cat.txt completed
kill "$DAEMON"
ok 'a daemon that is told to end does' eventually 10 _is_gone "$DAEMON"
ok 'and its mount is gone' not is_mounted "$MNT"
ok 'the picture stays' test -s "$MNT/out/cat.png"

# --- the process that unmounts ----------------------------------------------------------------------

mount_fg
broker=$(broker_of "$DAEMON")
if [ "$(id -u)" = 0 ]; then
	is "$(readlink "/proc/$broker/fd"/[012] | sort -u)" /dev/null 'it keeps no terminal'
	is "$(ls "/proc/$broker/fd" | wc -l)" 5 'and of the daemon its socket and the lock'
else
	ok 'nobody else looks into it' not ls "/proc/$broker/fd"
fi
kill "$broker"
ok 'what ends the daemon does not end it' kill -0 "$broker"
kill -KILL "$DAEMON"
ok 'when the daemon is killed' eventually 10 _is_gone "$broker"
ok 'the dead mount goes' not is_mounted "$MNT"
ok 'and the folder is there' test -s "$MNT/out/cat.png"

# Who ends as a service has all that is left killed: a broker that is slow is waited for.
mount_fg
broker=$(broker_of "$DAEMON")
kill -STOP "$broker"
kill "$DAEMON"
ok 'a daemon gives its broker time' eventually 20 grep -q 'the process that unmounts is gone' "$WORK/daemon.log"
kill -CONT "$broker"
wait "$DAEMON"
ok 'and ends after it' not kill -0 "$broker"
ok 'when the mount is gone' not is_mounted "$MNT"

# Whoever mounts or unmounts at once finds the dead mount, or that it has just gone.
at_once() {
	local command=$1 i
	for i in {1..12}; do
		mount_it >/dev/null || return
		kill -KILL "$(daemon_pid)"
		[ "$command" = mount ] || timeout 20 "$O/easelfs" unmount "$MNT" 2>>"$WORK/unmounts"
	done
	# That there was nothing any more is all that unmount may say.
	! grep -v "no easelfs is mounted at" "$WORK/unmounts" 2>/dev/null
}
ok 'mounting does not mind a broker that is faster' at_once mount
ok 'nor does unmounting' at_once unmount
eventually 10 not is_mounted "$MNT"

# Both at once leave what mount has always replaced.
mount_fg
kill_daemon "$DAEMON"
ok 'when both are killed' is_mounted "$MNT"
ok 'the next mount replaces it' mount_it
prompt cat.txt 'a cat'
ok 'nothing is made again' wait_state cat.txt completed
is "$(accepted 'a cat')" 1 'nor paid for'
umount_it

# A device number is given again: the broker of one that has lost its mount lets the next one there be.
config <<-END
	[provider together]
	like = google
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	[model together]
	provider = together
	id = gemini-2.5-flash-image
	END
mkdir -p "$WORK/a" "$WORK/b"
mount_fg "$WORK/a" "$WORK/at"
fault '{"on":"submit","match":"late","do":"hold"}'
prompt late.txt $'model: together\n\nit comes late'
control GET 'wait?submits=1&timeout=20' >/dev/null
first=$DAEMON
timeout 10 umount "$MNT" 2>/dev/null || timeout 10 fusermount3 -u "$MNT"
ok 'it waits for a picture that is paid for' kill -0 "$first"
mount_it "$WORK/b" "$WORK/at"
broker=$(broker_of "$first")
kill -KILL "$first"
eventually 10 _is_gone "$broker"
ok 'its broker lets the next mount there be' is_mounted "$WORK/at"
control POST release >/dev/null
umount_it

# Without it the daemon cannot unmount, and says so.
mount_fg
kill -KILL "$(broker_of "$DAEMON")"
kill "$DAEMON"
ok 'a daemon whose process that unmounts was killed ends' eventually 10 _is_gone "$DAEMON"
ok 'and says why its mount stays' grep -q 'the process that unmounts is gone' "$WORK/daemon.log"

done_testing
