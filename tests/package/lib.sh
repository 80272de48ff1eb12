# shellcheck shell=bash
#
# For tests of packages: $WORK, and the release's source in $SOURCE.
#
#     package_setup
#     ok 'it is built' recipe …
#     done_testing

. "$(dirname "${BASH_SOURCE[0]}")/../mount/lib.sh" || exit
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

ROOT=$PWD
VERSION=$(sed -n 's/^#define EASELFS_VERSION "\(.*\)"/\1/p' version.h)

# What a shell of the one who packages does not have.
clean_env() { env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u O "$@"; }

package_setup() {
	# Sockets and mounts of ours are in namespaces that end with their processes.
	WORK=$(mktemp -d "${TEST_DIR:-/var/tmp}/package.XXXXXX") || exit
	[ -n "${KEEP:-}" ] || trap 'rm -rf --one-file-system "$WORK"' EXIT
	clean_env make -s O="$WORK/dist" dist || die 'make dist does not work'
	SOURCE=$WORK/dist/easelfs-$VERSION.tar.gz
}

# split_ok MAIN SANDBOX [VARIABLE=VALUE…]: the paths of both packages' files are what `make install` makes, each in
# the right one.
split_ok() {
	local installed=$WORK/installed
	clean_env make -s -C "$ROOT" O="$O" DESTDIR="$installed" prefix=/usr "${@:3}" install >/dev/null
	installed=$(cd "$installed" && find . ! -type d | sed 's|^\./||' | grep -v '/share/doc/' | sort)
	is "$(_of_package "$1")" "$(grep -v '/easelfs-sandbox[^/]*$' <<<"$installed")" 'easelfs has all but what is of the sandbox'
	is "$(_of_package "$2")" "$(grep '/easelfs-sandbox[^/]*$' <<<"$installed")" 'easelfs-sandbox has that'
	like "$1" 'usr/share/(doc/)?licenses/easelfs[^/]*/LICENSE' 'the licence is in one'
	like "$2" 'usr/share/(doc/)?licenses/easelfs-sandbox[^/]*/LICENSE' 'and in the other'
}

# Without what only packages have, and as it was before they compressed it.
_of_package() {
	sed 's|^/||; s|^\./||; s|\(/man/.*\)\.gz$|\1|' <<<"$1" | grep '^[^.]' |
		grep -v '/share/doc/\|/share/licenses/\|/\.build-id' | sort
}
