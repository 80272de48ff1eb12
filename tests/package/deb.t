#!/bin/bash
# Debian's packages: built the same each time, hardened, without complaints by lintian; and in a system that has
# nothing else, apt installs them, they work, and purging leaves nothing.
. "$(dirname "$0")/lib.sh" || exit
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root can make a system, and play another host'
	exit
fi
package_setup

# What goes into the build: files, and what happens to differ between builders.
build_deb() {
	local dir=$1
	shift
	mkdir "$dir" && tar -C "$dir" --strip-components=1 -xf "$SOURCE" || return
	(cd "$dir" && clean_env "$@" make -s O=out deb) >"$dir.log" 2>&1 || { tail -n 30 "$dir.log"; return 1; }
}

ok 'make deb builds them, and lintian finds no fault' build_deb "$WORK/one" env LC_ALL=C.UTF-8
debs=$WORK/one/out/deb
ok 'every compiler call has the flags of dpkg-buildflags' blhc --all "$WORK/one.log"
ok 'the unit tests were run' grep -q 'All tests successful' "$WORK/one.log"
is "$(cd "$debs" && lintian --allow-root --info --pedantic --show-overrides ./*.changes | grep -c '^[EWX]:')" 0 \
	'neither errors nor warnings, nor experimental ones'
(cd "$debs" && sha256sum ./*.deb ./*.tar.* ./*.dsc) >"$WORK/sums"
ok 'it is built again: elsewhere, by another umask, time zone, language and host' \
	build_deb "$WORK/a-second-one" bash -c 'umask 077; exec "$@"' - \
	env TZ=Pacific/Kiritimati LC_ALL=C DEB_BUILD_OPTIONS='nocheck parallel=1' unshare -u sh -c 'hostname elsewhere 2>/dev/null; exec "$@"' -
ok 'nocheck is honoured' not grep -q 'All tests successful' "$WORK/a-second-one.log"
ok 'the bytes are the same' sh -c 'cd "$1" && sha256sum --quiet -c "$2"' - "$WORK/a-second-one/out/deb" "$WORK/sums"

# --- in a system of its own -------------------------------------------------------------------------

codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
root=$WORK/root
# shellcheck disable=SC2016   # it is for apt
mirror=$(apt-get indextargets --format '$(REPO_URI)' "Codename: $codename" 'Created-By: Packages' | head -n 1)
ok "debootstrap makes a minimal $codename" \
	debootstrap --variant=minbase "$codename" "$root" "${mirror:?}" || die 'nothing else can be tried'
cp /etc/resolv.conf "$root/etc/resolv.conf"
# fusermount3 unmounts only what stands there; minimal images lack it.
[ -e "$root/etc/mtab" ] || ln -s ../proc/self/mounts "$root/etc/mtab"
mkdir "$root/packages"
cp "$debs"/easelfs_*.deb "$debs"/easelfs-sandbox_*.deb contrib/debian/tests/smoke "$root/packages/"
packages=("$root"/packages/*.deb)

# inside COMMAND…: in the new system.  Its mounts and processes end with the command.
inside() {
	timeout 600 unshare --mount --pid --fork --kill-child sh -euc '
		root=$1
		shift
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		[ -e "$root/packages/fuse" ] || mknod -m 666 "$root/packages/fuse" c 10 229
		mount --bind "$root/packages/fuse" "$root/dev/fuse"
		exec chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
			LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
	' - "$root" "$@" </dev/null
}
apt() { inside apt-get -q -y -o Dpkg::Use-Pty=0 "$@"; }

# Paths of the system, but for what a package manager and a running system keep for themselves.
paths() {
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./packages -o -path ./tmp -o -path ./var/cache \
		-o -path ./var/log -o -path ./var/lib/apt -o -path ./var/lib/dpkg \) -prune -o -print) | sort
}

ok 'its lists of packages are fetched' apt update
ok 'what the tests need is installed' apt install --no-install-recommends file man-db
paths >"$WORK/before"
ok 'apt installs the packages, with what they depend on' apt install "${packages[@]#"$root"}"
ok 'fusermount3 came along' inside sh -c 'test -u "$(command -v fusermount3)"'
ok 'they work, for root and for others' inside /packages/smoke
grep -a : "$WORK/.ok" | sed 's/^/# /'
ok 'apt purges them, and what came with them' apt purge --autoremove easelfs easelfs-sandbox
paths >"$WORK/after"
is "$(diff "$WORK/before" "$WORK/after" | grep -i -e easelfs -e '/mtab')" '' 'they leave nothing'
done_testing
