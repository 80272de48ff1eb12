#!/bin/bash
# What the daemon cannot do any more once it serves, tried from inside of it, and what still goes.

. "$(dirname "$0")/lib.sh"

setup
config <<END
[defaults]
provider = sandbox
settle = 0.05
END

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
open_by_handle_at bpf init_module keyctl io_uring unshare clone unix-stream unix-seqpacket'

witness
is "$seccomp" 2 'each thread has the filter'
is "$privileges" 1 'and gets no privileges from programs'
for deed in $forbidden; do
	is "$(went "$deed")" EPERM "$deed is forbidden"
done
is "$(went clone3)" ENOSYS 'clone3 is not there, so that the C library takes clone'
is "$(went dumpable)" EACCES 'there will be no core dump'
is "$(went unix-datagram)" 0 'the log can be reached'
is "$(went internet)" 0 'and so can providers'

# The same where it is not confined, or the above says nothing.
witness -o sandboxing=off
is "$seccomp" 0 'sandboxing=off leaves the filter out'
is "$privileges" 0 'and privileges as they are'
is "$(went dumpable)" 0 'and debuggers in'
unprivileged='bpf init_module chroot'  # forbidden to ordinary users anyway
for deed in $forbidden; do
	[ "$(id -u)" = 0 ] || [[ " $unprivileged " != *" $deed "* ]] || continue
	ok "$deed would not be forbidden otherwise" not grep -qx "$deed EPERM" <<<"$said"
done
ok 'clone3 would be there' not grep -qx 'clone3 ENOSYS' <<<"$said"

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
is "$(readlink "/proc/$broker/fd"/[012] | sort -u)" /dev/null 'it keeps no terminal'
is "$(ls "/proc/$broker/fd" | wc -l)" 5 'and of the daemon its socket and the lock'
kill "$broker"
ok 'what ends the daemon does not end it' kill -0 "$broker"
kill -KILL "$DAEMON"
ok 'when the daemon is killed' eventually 10 _is_gone "$broker"
ok 'the dead mount goes' not is_mounted "$MNT"
ok 'and the folder is there' test -s "$MNT/out/cat.png"

# Both at once leave what mount has always replaced.
mount_fg
kill_daemon "$DAEMON"
ok 'when both are killed' is_mounted "$MNT"
ok 'the next mount replaces it' mount_it
prompt cat.txt 'a cat'
ok 'nothing is made again' wait_state cat.txt completed
is "$(accepted 'a cat')" 1 'nor paid for'
umount_it

# Without it the daemon cannot unmount, and says so.
mount_fg
kill -KILL "$(broker_of "$DAEMON")"
kill "$DAEMON"
ok 'a daemon whose process that unmounts was killed ends' eventually 10 _is_gone "$DAEMON"
ok 'and says why its mount stays' grep -q 'the process that unmounts is gone' "$WORK/daemon.log"

done_testing
