#!/bin/bash
# A source on a network filesystem keeps its journal on this machine's own disk.
#
# There is none here to mount, so the daemon is shown a list of mounts that says so of a tmpfs: a file is
# bound over its /proc/PID/mountinfo, in a mount namespace of this test.
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root can mount'
	exit
fi
[ -n "${IN_NAMESPACE:-}" ] || IN_NAMESPACE=1 exec unshare -m --propagation unchanged "$0" "$@"
# In a chroot `/` is no mount.
mount --make-rprivate / 2>/dev/null || mount --make-rprivate /proc
. "$(dirname "$0")/lib.sh" || exit

setup --canned
mkdir "$WORK/share" "$WORK/gen"
mount -t tmpfs none "$WORK/share" || die 'there is no tmpfs'
_mounts+=("$WORK/share")
echo 'a cat from before' >"$WORK/share/before.txt"

# start TYPE
start() {
	sed "\\|$WORK/share| s/ - tmpfs / - $1 /" /proc/self/mountinfo >"$WORK/mountinfo"
	MNT=$WORK/gen
	_mounts+=("$MNT")
	(
		mount --bind "$WORK/mountinfo" "/proc/$BASHPID/mountinfo" || exit
		exec "$O/easelfs" mount -f -o provider=sandbox,settle=0.05 "$WORK/share" "$MNT"
	) >>"$WORK/daemon.log" 2>&1 &
	DAEMON=$!
	_pids+=("$DAEMON")
	eventually 20 _is_up "$DAEMON"
}
stop() {
	umount "$MNT"
	eventually 20 _is_gone "$DAEMON"
	wait "$DAEMON" 2>/dev/null
}
journals() { find "$XDG_STATE_HOME" "$WORK/share/.easelfs" -name journal.db | sed "s|^$WORK||; s|/[0-9a-f]\{32\}/|/HASH/|" | paste -sd ' '; }

for type in nfs4 fuse.sshfs; do
	ok "$type: it is mounted" start $type
	ok "$type: what was there before is held" wait_state before.txt held
	echo "a cat on $type" >"$MNT/$type.txt"
	ok "$type: a prompt is completed" wait_state $type.txt completed
	is "$(journals)" /home/.state/easelfs/HASH/journal.db "$type: the journal is in the state folder"
	ok "$type: the log says so" grep -q 'network filesystem: its journal is kept in' "$WORK/daemon.log"
	ok "$type: the picture is on the share" test -s "$WORK/share/out/$type.png"
	stop
done
ok 'it is mounted again' start nfs4
is "$(state_of nfs4.txt),$(state_of before.txt)" completed,held 'the next start finds the journal again'
is "$(bill .accepted)" 2 'nothing was made twice'
stop

# A damaged one is set aside there, too.
echo 'this is no journal' >"$(find "$XDG_STATE_HOME" -name journal.db)"
ok 'with a damaged journal it is mounted' start nfs4
ok 'its prompts are held' wait_state nfs4.txt held
is "$(bill .accepted)" 2 'nothing is made twice'
ok 'the damaged one lies beside it' eval 'ls "$XDG_STATE_HOME"/easelfs/*/journal.db.damaged-* >/dev/null'
stop
done_testing
