#!/bin/bash
# Mounting as other filesystems are mounted: by mount(8), lines of fstab, an automounter, and mount.fuse3(8) where our
# helper is not installed.
. "$(dirname "$0")/lib.sh"
# In a mount namespace of its own root may put the helper into /sbin, and lines into /etc/fstab, that nobody else sees.
if [ "$(id -u)" = 0 ] && [ -z "${OWN_MOUNTS:-}" ]; then
	# shellcheck disable=SC2016
	OWN_MOUNTS=1 exec unshare -m --propagation unchanged bash -c '
		mount --make-rprivate / 2>/dev/null || mount --make-rprivate /dev
		exec bash "$0"
	' "$0"
fi
setup
chmod 755 "$WORK"
PATH=$PATH:/usr/sbin:/sbin
install -m 600 <(echo "$EASELFS_SANDBOX_KEY") "$WORK/key"
config <<-END
	key-file = $WORK/key
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
mkdir "$WORK/src" "$WORK/mnt"
SRC=$WORK/src
MNT=$WORK/mnt
_mounts=("$MNT" "$SRC")
ln -s "$O/easelfs" "$WORK/mount.fuse.easelfs"

helper() { timeout 20 "$WORK/mount.fuse.easelfs" "$@"; }
# For _cleanup, that this daemon ends.
remember() { _pids+=("$(daemon_pid "${1:-$MNT}")"); }
unmount() { timeout 20 "$O/easelfs" unmount "$MNT"; }
# What the table of mounts says is there: SOURCE TYPE
stands() { findmnt -n -o SOURCE,FSTYPE --mountpoint "${1:-$MNT}" | tr -s ' '; }
# mounts NAME COMMAND…: it mounts SRC at MNT, and is unmounted again.
mounts() {
	local name=$1
	shift
	ok "$name" "$@"
	remember
	is "$(stands)" "$SRC fuse.easelfs" "$name: type and source are shown"
	ok "$name: it is unmounted" unmount
}
# refused NAME CODE REGEX COMMAND…
refused() {
	local name=$1 code=$2 regex=$3 said
	shift 3
	said=$("$@" 2>&1)
	is $? "$code" "$name: its exit code"
	like "$said" "$regex" "$name: what it says"
	ok "$name: nothing is mounted" not is_mounted "$MNT"
}

# --- the helper, as mount(8) calls it ---

mounts 'options of mount(8), fstab, systemd, gvfs and other programs' helper "$SRC" "$MNT" -n -t fuse.easelfs \
	-o rw,_netdev,nofail,noauto,user,x-systemd.automount,x-systemd.idle-timeout=1min,x-gvfs-show,X-mount.mkdir,comment=a,nonempty,relatime,nosuid
POSIXLY_CORRECT=1 mounts 'options behind the operands, always' helper "$SRC" "$MNT" -o rw
mounts 'and before them' helper -o rw "$SRC" -n "$MNT"
like "$(helper "$SRC" "$MNT" -v)" "easelfs: $SRC is mounted at $MNT .PID [0-9]+" '-v says what was mounted'
remember
is "$(helper "$SRC" "$MNT" -o rw)" "already mounted by PID $(daemon_pid)" 'once more says that it stands there'
unmount
ok '-r mounts' helper "$SRC" "$MNT" -r
remember
like "$(findmnt -n -o OPTIONS --mountpoint "$MNT")" '^ro,' 'without writing'
unmount

ok "options of FUSE's" helper "$SRC" "$MNT" -o noexec,nosuid,nodev,sync,dirsync,noatime,max_read=65536,fsname=pictures,default_permissions
remember
like "$(findmnt -n -o OPTIONS --mountpoint "$MNT" | tr , '\n' | sort | paste -sd ,)" \
	'default_permissions.*dirsync.*max_read=65536.*noatime,nodev,noexec,nosuid,rw,sync' 'are passed on'
is "$(stands)" 'pictures fuse.easelfs' 'and its name is shown'
unmount

refused 'an unknown option' 32 'unknown option "nonsense"' helper "$SRC" "$MNT" -o nonsense
refused 'a wrong value, with -s too' 32 'option "settle" does not take "soon"' helper "$SRC" "$MNT" -s -o settle=soon
said=$(helper "$SRC" "$MNT" -s -o 'rw,nonsense=1,n=1,comment=a\,b,provider=sandbox' 2>&1)
is "$?: $said" '0: easelfs: warning: the option "nonsense=1" is not known, and left out' 'with -s it is left out'
remember
unmount
refused 'a missing operand' 1 'usage: .* SOURCE MOUNTPOINT' helper "$SRC" -o rw
refused 'a missing source' 32 "there is no folder $WORK/nowhere" helper "$WORK/nowhere" "$MNT"
for option in remount,ro setuid=nobody drop_privileges nosymfollow; do
	refused "$option" 32 "\"${option%%[,=]*}\" is not supported: " helper "$SRC" "$MNT" -s -o "$option"
done

refused '-f mounts nothing' 0 '^$' helper "$SRC" "$MNT" -f
refused '-f refuses what would be refused' 32 'unknown option' helper "$SRC" "$MNT" -f -o nonsense
mount_it "$SRC" "$MNT"
kill_daemon "$(daemon_pid)"
eventually 10 not timeout 5 ls "$MNT" 2>/dev/null
ok '-f with a dead mount' helper "$SRC" "$MNT" -f
ok 'leaves that alone' is_mounted "$MNT"
ok 'mounting replaces it' helper "$SRC" "$MNT"
unmount

# --- mount.fuse3(8), and what it runs ---

mounts 'easelfs SOURCE MOUNTPOINT' timeout 20 "$O/easelfs" "$SRC" "$MNT" -o rw,noatime
mounts 'mount.fuse3 runs it' timeout 20 mount.fuse3 "$O/easelfs#$SRC" "$MNT" -o rw,_netdev,x-gvfs-show
PATH=$O:$PATH mounts 'by its type, too' timeout 20 mount.fuse3 "$SRC" "$MNT" -t fuse.easelfs -o rw
refused 'one path alone' 2 'unknown command' "$O/easelfs" "$SRC"
refused 'a mount of another program' 1 'cannot be served' "$O/easelfs" "$SRC" /dev/fd/3

if [ "$(id -u)" != 0 ]; then
	done_testing
fi

ok 'a mount' helper "$SRC" "$MNT"
kill -KILL "$(daemon_pid)"
ok 'whose daemon is killed goes away, so that an automount makes it again' eventually 10 not is_mounted "$MNT"

# --- mount(8) ---

sbin=$(realpath /sbin)
# Not in $WORK, which could not be removed then.
mount -t tmpfs none /mnt && mkdir /mnt/new /mnt/work
if ! mount -t overlay -o "lowerdir=$sbin,upperdir=/mnt/new,workdir=/mnt/work" none "$sbin" ||
	! touch "$WORK/fstab" || ! mount --bind "$WORK/fstab" /etc/fstab; then
	diag 'no private /sbin and /etc/fstab can be had here, so mount(8) is not tried'
	done_testing
fi
# A copy: where it was built, others may not go.
cp "$O/easelfs" /sbin/mount.fuse.easelfs

# fstab SOURCE MOUNTPOINT OPTIONS: a line.
fstab() { echo "$1 $2 fuse.easelfs $3,config=$XDG_CONFIG_HOME/easelfs/config 0 0" >>/etc/fstab; }
# As at boot: no home, no variables.
boot() { timeout 20 env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

mkdir "$WORK/self" "$WORK/later"
_mounts+=("$WORK/self" "$WORK/later")
fstab "$SRC" "$MNT" _netdev,nofail,x-systemd.automount,allow_other
fstab "$WORK/self" "$WORK/self" rw
fstab "$SRC" "$WORK/later" noauto
is "$(findmnt --verify --tab-file /etc/fstab 2>&1 | grep -c '\[E\]')" 0 'findmnt finds no error in the lines'
mounts 'mount MOUNTPOINT' boot mount "$MNT"
ok 'mount -a' boot mount -a -t fuse.easelfs
remember
remember "$WORK/self"
is "$(stands)" "$SRC fuse.easelfs" 'mounts a folder elsewhere'
is "$(stands "$WORK/self")" "$WORK/self fuse.easelfs" 'and one over itself'
ok 'but not what has noauto' not is_mounted "$WORK/later"
pid=$(daemon_pid)
ok 'mount -a again' boot mount -a -t fuse.easelfs
is "$(daemon_pid)" "$pid" 'changes nothing'
echo 'a cat' >"$MNT/cat.txt"
ok 'a picture comes' wait_state cat.txt completed
ok 'others may read it' setpriv --reuid nobody --regid nogroup --clear-groups timeout 10 cmp "$MNT/out/cat.png" "$SRC/out/cat.png"
said=$(timeout 20 mount -o remount,ro "$MNT" 2>&1)
is $? 32 'a remount is refused'
like "$said" 'mount -o remount,bind,ro MOUNTPOINT' 'with what the kernel can do'
ok 'which it can' mount -o remount,bind,ro "$MNT"
ok 'then nothing is written' not touch "$MNT/dog.bin"
ok 'and that is undone' mount -o remount,bind,rw "$MNT"
ok 'so that it can be' timeout 5 touch "$MNT/dog.bin"
ok 'umount MOUNTPOINT' timeout 20 umount "$MNT"
ok 'ends the daemon' eventually 10 _is_gone "$pid"
ok 'and over itself, too' timeout 20 umount "$WORK/self"

# The example of the manual, with our folders.
sed -n 's/,allow_other/&,config=@/; s|^/srv/gen /mnt/gen|'"$SRC $MNT"'|p' "$(dirname "$0")/../../contrib/man/easelfs.1" |
	sed "s|config=@|config=$XDG_CONFIG_HOME/easelfs/config|" >/etc/fstab
is "$(grep -c . /etc/fstab)" 1 'the manual has a line'
mounts 'which mounts' boot mount "$MNT"
: >/etc/fstab

# --- another namespace ---

unshare -m --propagation private sleep 100 &
other=$!
eventually 5 test "$(readlink /proc/self/ns/mnt)" != "$(readlink /proc/$other/ns/mnt)"
ok 'mount -N' timeout 20 mount -N $other -t fuse.easelfs -o "config=$XDG_CONFIG_HOME/easelfs/config" "$SRC" "$MNT"
ok 'mounts there' nsenter -m -t $other findmnt --mountpoint "$MNT"
ok 'and not here' not is_mounted "$MNT"
_pids+=("$(nsenter -m -t $other timeout 5 getfattr --absolute-names -n user.easelfs.pid --only-values "$MNT")")
ok 'where it answers' nsenter -m -t $other timeout 5 cmp "$MNT/out/cat.png" "$SRC/out/cat.png"
ok 'and is unmounted' nsenter -m -t $other timeout 20 umount "$MNT"
kill $other

# --- an ordinary user's line ---

mknod -m 666 /mnt/fuse c 10 229
mount --bind /mnt/fuse /dev/fuse
mkdir "$WORK/theirs"
_mounts+=("$WORK/theirs")
printf '[defaults]\nprovider = local\n' >"$WORK/theirs.config"
chown nobody: "$WORK/theirs"
echo "$WORK/theirs $WORK/theirs fuse.easelfs noauto,user,config=$WORK/theirs.config 0 0" >/etc/fstab
as_nobody() { timeout 20 setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
ok 'the option user lets an ordinary user mount' as_nobody mount "$WORK/theirs"
pid=$(as_nobody getfattr --absolute-names -n user.easelfs.pid --only-values "$WORK/theirs")
is "$(ps -o user= -p "$pid")" nobody 'whose daemon it is'
_pids+=("$pid")
ok 'and unmount' as_nobody umount "$WORK/theirs"
ok 'which is done' not is_mounted "$WORK/theirs"

# --- an automounter ---

if ! grep -qw autofs /proc/filesystems; then
	diag 'this kernel has no autofs'
	done_testing
fi

# covered FOLDER COMMAND…: an automounter that runs it when somebody goes there; sets AUTOMOUNTER.
covered() {
	local line
	exec {ready}< <(exec "$(dirname "$0")/automounter.py" "$@" 2>"$WORK/automounter.err")
	AUTOMOUNTER=$!
	read -r -t 10 -u "$ready" line
	[ "$line" = ready ]
}
# automounted SOURCE MOUNTPOINT NAME
automounted() {
	MNT=$2
	: >/etc/fstab
	fstab "$1" "$2" rw,x-systemd.automount
	ok "$3: the automounter is there" covered "$2" timeout --foreground 20 mount "$2"
	ok "$3: going there mounts" timeout 20 test -d "$2/status"
	ok "$3: and the automounter is told that it has" wait "$AUTOMOUNTER"
	remember
	is "$(findmnt -n -o SOURCE,FSTYPE --mountpoint "$2" | tail -n 1 | tr -s ' ')" "$1 fuse.easelfs" "$3: it stands there"
	ok "$3: the files are those of the folder" timeout 5 cmp "$2/out/cat.png" "$WORK/cat.png"
	echo "a dog, $3" >"$2/dog.txt"
	ok "$3: a picture comes" wait_state dog.txt completed
	ok "$3: it is unmounted" unmount
	ok "$3: so is the automounter's" umount "$2"
	ok "$3: the picture is in the folder" test -s "$1/out/dog.png"
}
cp "$SRC/out/cat.png" "$WORK/cat.png"
automounted "$SRC" "$WORK/mnt" elsewhere
automounted "$SRC" "$SRC" 'over itself'
MNT=$WORK/mnt

# A folder on another filesystem that an automounter mounts.
mkdir "$WORK/disk"
touch "$WORK/disk/covered"
_mounts+=("$WORK/disk")
helper=("$WORK/mount.fuse.easelfs" "$WORK/disk" "$MNT" -o rw)
ok 'a disk is covered' covered "$WORK/disk" mount -t tmpfs none "$WORK/disk"
ok 'which a source on it mounts' timeout 20 "${helper[@]}"
remember
ok 'so that it is served' test -e "$MNT/status" -a ! -e "$MNT/covered"
unmount
umount "$WORK/disk"
umount "$WORK/disk"

# refused_automount NAME REGEX FOLDER COMMAND…: the command refuses, and whoever went there is told.
refused_automount() {
	local name=$1 regex=$2 folder=$3
	shift 2
	covered "$@"
	ok "$name: nobody gets there" not timeout 20 ls "$folder"
	wait "$AUTOMOUNTER"
	is $? 32 "$name: it fails"
	like "$(cat "$WORK/automounter.err")" "$regex" "$name: in words"
	umount "$folder"
}
refused_automount 'a source that waits for its mount' "disk is not mounted yet.*x-systemd.requires-mounts-for=$WORK/disk" \
	"$WORK/disk" "${helper[@]}"
refused_automount 'one that is below it' "disk is not mounted yet" \
	"$WORK/disk" "${helper[0]}" "$WORK/disk/sub" "$MNT" -o rw
mount -t tmpfs none "$WORK/disk"
refused_automount 'a disk beneath, and over itself' 'another filesystem is mounted at .*, and an automounter covers it' \
	"$WORK/disk" "${helper[0]}" "$WORK/disk" "$WORK/disk" -o rw
umount "$WORK/disk"

done_testing
