#!/bin/bash
# What is installed can be removed again, and the packages agree with the rest: version, dependencies, files.
set -u
cd "$(dirname "$0")/../.." || exit
O=$(realpath "${O:-build}")
count=0

# empty TEXT NAME: what is wrong, if anything is.
empty() {
	count=$((count + 1))
	if [ -z "$1" ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		printf '%s\n' "$1" | sed 's/^/# /' >&2
	fi
}

work=$(mktemp -d "${TEST_DIR:-/var/tmp}/packages.XXXXXX") || exit
trap 'rm -rf "$work"' EXIT

# --- make install, make uninstall -----------------------------------------------------------------

# What is below a folder: type, mode, name and content.
contents() {
	(cd "$1" && find . -type f -printf 'f %m %P ' -exec sha256sum {} \; -o -type d -printf 'd %P\n' -o -printf '%y %P -> %l\n') |
		sort
}

# made TARGET [VARIABLE=VALUE…]: what make says when it fails.
made() {
	local said
	said=$(make --no-print-directory O="$O" "$@" 2>&1) || printf 'make %s: %s\n' "$*" "$said"
}

dest="$work/a folder with 'blanks'"
empty "$(made install DESTDIR="$dest" PREFIX=/usr)" 'make install works'
missing=
for file in bin/easelfs bin/easelfs-sandbox share/man/man1/easelfs.1 share/man/man5/easelfs.5 \
	share/man/man1/easelfs-sandbox.1 share/bash-completion/completions/easelfs \
	share/zsh/site-functions/_easelfs share/fish/vendor_completions.d/easelfs.fish; do
	[ -s "$dest/usr/$file" ] || missing+=" $file"
done
empty "$missing" 'everything is where it should be'
empty "$([ "$(readlink "$dest/sbin/mount.fuse.easelfs")" = /usr/bin/easelfs ] || find "$dest/sbin")" 'mount(8) finds its helper'
empty "$(cd "$dest" && find . -type f ! -perm 644 ! -path '*bin/*')" 'files can be read'
empty "$(cd "$dest" && find . -type f ! -perm 755 -path '*bin/*')" 'programs can be run'
empty "$(make -q O="$O" PREFIX=/elsewhere all || echo 'something would be built')" 'another PREFIX builds nothing anew'
version=$(sed -n 's/^#define EASELFS_VERSION "\(.*\)"/\1/p' version.h)
[ "$("$dest/usr/bin/easelfs" --version | head -n 1)" = "easelfs $version" ] || missing=$dest/usr/bin/easelfs
empty "$missing" 'what was installed runs'

empty "$(made uninstall DESTDIR="$dest" PREFIX=/usr)" 'make uninstall works'
empty "$(find "$dest" ! -type d)" 'it leaves no file'

# The folders are there now.  Files of others stand in each of them, with names that are near ours.
find "$dest" -type d | while read -r folder; do
	echo "somebody else's" | tee "$folder/easelfs2" "$folder/easelfs.conf" >"$folder/other"
done
before=$(contents "$dest")
empty "$(made install DESTDIR="$dest" PREFIX=/usr)" 'it can be installed again'
empty "$([ "$(contents "$dest")" != "$before" ] || echo 'nothing has changed')" 'which puts files there'
empty "$(made uninstall DESTDIR="$dest" PREFIX=/usr)" 'and removed'
empty "$(diff <(echo "$before") <(contents "$dest"))" 'what is not ours stays as it was'
empty "$(made uninstall DESTDIR="$dest" PREFIX=/usr)" 'removing what is not there is no error'

empty "$(made install DESTDIR="$work/two" bindir=/opt/b mandir=/opt/m bashcompdir=/opt/c)" 'folders can be chosen one by one'
missing=
for file in opt/b/easelfs opt/m/man5/easelfs.5 opt/c/easelfs usr/local/share/zsh/site-functions/_easelfs; do
	[ -s "$work/two/$file" ] || missing+=" $file"
done
[ "$(readlink "$work/two/sbin/mount.fuse.easelfs")" = /opt/b/easelfs ] || missing+=" mount.fuse.easelfs"
empty "$missing" 'and hold for what belongs there'
empty "$(made install DESTDIR="$work/three" PREFIX=/home/me/.local; find "$work/three" -name 'mount.*')" \
	'elsewhere there is no helper, as nobody looks there'
touch "$work/file"
empty "$([ -n "$(made install DESTDIR="$work/file")" ] || echo 'it went well')" 'installing where nothing can be is an error'
echo "1..$count"
