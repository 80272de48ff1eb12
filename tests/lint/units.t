#!/bin/bash
# The units are what systemd understands, and hide the mount from nobody.
set -u
cd "$(dirname "$0")/../.." || exit
O=$(realpath "${O:-build}")
user=contrib/systemd/user/easelfs@.service
system=contrib/systemd/system/easelfs@.service
count=0
PATH=$PATH:/usr/sbin:/sbin

# is GOT EXPECTED NAME
is() {
	count=$((count + 1))
	if [ "$1" = "$2" ]; then
		echo "ok $count - $3"
	else
		echo "not ok $count - $3"
		printf 'got:      %s\nexpected: %s\n' "$1" "$2" | sed 's/^/# /' >&2
	fi
}

# --- what may stand in them -----------------------------------------------------------------------
# A list of what is allowed, as that of the settings which make a mount namespace grows with every systemd.

common='Type ExecStart ExecStopPost Restart RestartSec KillMode TimeoutStopSec'
allowed_user=" $common "
# Each is a bounding set or a seccomp filter.  For a manager that has CAP_SYS_ADMIN they do not imply NoNewPrivileges=,
# as they do for a user's.
allowed_system=" $common CapabilityBoundingSet SystemCallFilter SystemCallErrorNumber SystemCallArchitectures
 RestrictAddressFamilies RestrictNamespaces RestrictRealtime LockPersonality MemoryDenyWriteExecute "

# offending "ALLOWED…" FILE: the settings of [Service] that are not allowed, in a line.
offending() {
	awk -v allowed="$(tr '\n' ' ' <<<"$1")" -F= '/^\[/ { on = $0 == "[Service]"; next }
		on && /^[A-Za-z]/ && !index(allowed, " " $1 " ") { print $1 }' "$2" | paste -sd ' '
}
# with SETTING FILE: that file with one more setting.
with() { sed "/^\[Service\]/a $1" "$2"; }

is "$(offending "$allowed_user" $user)" '' 'the unit of users restricts nothing'
is "$(offending "$allowed_system" $system)" '' 'that of the system capabilities and system calls only'
for setting in PrivateTmp=yes PrivateDevices=yes ProtectHome=read-only ProtectSystem=full ReadOnlyPaths=/etc \
	InaccessiblePaths=/root TemporaryFileSystem=/var BindPaths=/srv RootDirectory=/srv MountFlags=slave \
	ProtectKernelTunables=yes ProtectProc=invisible PrivateUsers=yes DynamicUser=yes NoNewPrivileges=yes; do
	is "$(offending "$allowed_user" <(with $setting $user))" "${setting%%=*}" "$setting would be found in that of users"
	is "$(offending "$allowed_system" <(with $setting $system))" "${setting%%=*}" 'and of the system'
done
for setting in SystemCallFilter=@system-service RestrictNamespaces=yes LockPersonality=yes; do
	is "$(offending "$allowed_user" <(with $setting $user))" "${setting%%=*}" "$setting would stop fusermount3, and be found"
done

# --- what systemd says to them --------------------------------------------------------------------

if ! command -v systemd-analyze >/dev/null; then
	echo "1..$count"
	exit 0
fi
dest=$(mktemp -d "${TEST_DIR:-/var/tmp}/units.XXXXXX") || exit
trap 'rm -rf "$dest"' EXIT
export XDG_RUNTIME_DIR=$dest
make -s O="$O" V=1 PREFIX="$dest/usr" install >/dev/null 2>&1
units=$dest/usr/lib/systemd

# verified [OPTION] FILE…: what systemd finds wrong; of units on this machine it is not asked here.
verified() { systemd-analyze verify --recursive-errors=no --man=no "$@" 2>&1; }

is "$(verified "$units/system/easelfs@.service")" '' 'the unit of the system is right'
is "$(verified --user "$units/user/easelfs@.service")" '' 'and that of users'
with Typ=notify "$units/system/easelfs@.service" >"$dest/wrong@.service"
is "$(verified "$dest/wrong@.service" | grep -o "'Typ'")" "'Typ'" 'a mistake would be found'
is "$(grep -h ^ExecStart= "$units"/*/easelfs@.service | grep -vc "=$dest/usr/bin/easelfs ")" 0 'both run what was installed'
is "$(verified "$dest"/usr/share/doc/easelfs/examples/systemd/*)" '' 'the example of a mount on demand is right'

# The line of the manual, as systemd reads it.
generator=/usr/lib/systemd/system-generators/systemd-fstab-generator
sed -n '/ fuse\.easelfs .*x-systemd/p' contrib/man/easelfs.1 >"$dest/fstab"
is "$(grep -c . "$dest/fstab")" 1 'the manual has a line of fstab for systemd'
if [ -x $generator ]; then
	mkdir "$dest/made" "$dest/early" "$dest/late"
	SYSTEMD_FSTAB=$dest/fstab $generator "$dest/made" "$dest/early" "$dest/late"
	pair=("$dest"/made/*.mount "$dest"/made/*.automount)
	is "${#pair[@]}" 2 'which becomes a mount and an automount'
	is "$(verified "${pair[@]}")" '' 'that are right'
	is "$(grep -h ^Type= "${pair[0]}")" Type=fuse.easelfs 'and mount an easelfs'
fi
echo "1..$count"
