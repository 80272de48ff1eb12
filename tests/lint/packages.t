#!/bin/bash
# What is installed can be removed again, and the packages agree with the rest: version, dependencies, files.
. "$(dirname "$0")/lib.sh"
O=$(realpath "${O:-build}")
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
	share/man/man1/easelfs-sandbox.1 share/man/man1/easelfs-desktop.1 share/bash-completion/completions/easelfs \
	share/zsh/site-functions/_easelfs share/fish/vendor_completions.d/easelfs.fish \
	lib/systemd/system/easelfs@.service lib/systemd/user/easelfs@.service \
	share/doc/easelfs/examples/systemd/srv-gen.mount share/doc/easelfs/examples/README.md \
	bin/easelfs-desktop share/applications/easelfs.desktop share/nemo/actions/easelfs-1-make.nemo_action \
	share/kio/servicemenus/easelfs-text.desktop share/icons/hicolor/scalable/apps/easelfs.svg; do
	[ -s "$dest/usr/$file" ] || missing+=" $file"
done
empty "$missing" 'everything is where it should be'
empty "$([ "$(readlink "$dest/sbin/mount.fuse.easelfs")" = /usr/bin/easelfs ] || find "$dest/sbin")" 'mount(8) finds its helper'
empty "$(cd "$dest" && find . -type f ! -perm 644 ! -path '*bin/*' ! '(' -path '*/examples/*' -perm 755 ')')" 'files can be read'
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

# What rows may say, with a table of the test's own.
mkdir -p "$work/from/tree/deeper"
echo 'run /usr/bin/easelfs, not /usr/binary' >"$work/from/unit"
echo data >"$work/from/tree/data"
echo program | tee "$work/from/tree/deeper/program" >"$work/from/tree/deeper/two words"
chmod +x "$work/from/tree/deeper/program"
rows="paths $work/from/unit /lib/unit

tree $work/from/tree /share/easelfs/a tree
link ../target /share/link"
put() { DESTDIR=$work/to bindir=/opt/bin contrib/install "$@"; }
put <<<"$rows" >/dev/null
empty "$(diff - <(contents "$work/to" | grep -v '^d' | sed 's/ [0-9a-f]\{64\} .*//') <<-END
	f 644 lib/unit
	f 644 share/easelfs/a tree/data
	f 644 share/easelfs/a tree/deeper/two words
	f 755 share/easelfs/a tree/deeper/program
	l share/link -> ../target
END
)" 'paths, trees and links are put where a row says'
empty "$(diff "$work/to/lib/unit" - <<<'run /opt/bin/easelfs, not /usr/binary')" 'with paths as they are here'
touch "$work/to/share/easelfs/a tree/theirs"
put --remove <<<"$rows" >/dev/null
empty "$(find "$work/to" ! -type d ! -name theirs; find "$work/to" -name deeper; [ -e "$work/to/share/easelfs/a tree/theirs" ] || echo theirs)" 'and removed from there'
rm "$work/to/share/easelfs/a tree/theirs"
put --remove <<<"$rows" >/dev/null
empty "$(find "$work/to/share" -mindepth 1; [ -d "$work/to/lib" ] || echo lib)" 'with folders of ours, once they are empty, and no other'
empty "$(put <<<'064 a b' >/dev/null 2>&1 && echo 064; put <<<'tre a b' 2>&1 | grep -q 'not with "tre"' || echo tre)" 'a row that is none is an error'

# --- the recipes ------------------------------------------------------------------------------------

debian=contrib/debian rpm=contrib/rpm/easelfs.spec arch=contrib/arch/PKGBUILD alpine=contrib/alpine/APKBUILD
empty "$({ bash -n $arch; sh -n $alpine; make -n -f $debian/rules build; } 2>&1 >/dev/null)" 'their syntax is right'
empty "$(find $debian/rules $debian/tests/smoke ! -perm -u=x)" 'what is run can be run'

# in_shell FILE NAME…: the variables of a recipe that is a shell script, one word a line.
in_shell() { bash -c '. "$1"; for name in "${@:2}"; do declare -n v=$name; printf "%s\n" ${v[@]}; done' - "$@"; }

empty "$({
	sed -n 's/^easelfs (\(.*\)-[0-9]*) .*/\1/p;q' $debian/changelog
	sed -n 's/^Version: *//p; s/^\* .* - \(.*\)-[0-9]*$/\1/p' $rpm
	in_shell $arch pkgver
	in_shell $alpine pkgver
} | sort | uniq -c | grep -vx " *5 $version")" "all say version $version"

# field NAME FILE: of a paragraph of Debian's; the names of the packages in it, one a line.
field() { awk -v name="$1:" '/^[^ ]/ { on = $1 == name } on' "$2" | sed 's/^[^ ]*: *//' | tr -d ' ' | sed 's/[(<,$].*//; /^$/d'; }

# What contrib/install-deps calls things: known COLUMN [REGEX]: of the rows whose first column it fits.
known() {
	sed -n "/^table='/,/^'/p" contrib/install-deps |
		awk -v column="$1" -v regex="${2:-.}" 'NF == 5 && $1 ~ regex { print $column }' | sort -u
}
libraries='^pkg:|^inc:uthash'
builds() {
	case $1 in
	debian) field Build-Depends $debian/control | grep -vx debhelper-compat ;;
	fedora) sed -n 's/^BuildRequires: *\([^ ]*\).*/\1/p' $rpm ;;
	arch) in_shell $arch makedepends checkdepends ;;
	alpine) in_shell $alpine makedepends checkdepends ;;
	esac | sort -u
}
# Of Fedora's, libraries are called as pkg-config does.
needs() {
	if [ "$1" = fedora ]; then
		{ known 1 '^pkg:' | sed 's/pkg:\(.*\)/pkgconfig(\1)/'; known 3 '^inc:uthash'; } | sort -u
	else
		known "$2" "$libraries"
	fi
}
for row in debian:2 fedora:3 arch:4 alpine:5; do
	name=${row%:*} column=${row#*:}
	empty "$(comm -23 <(needs "$name" "$column") <(builds "$name"))" "$name: all libraries of contrib/install-deps are asked for"
	empty "$(comm -13 <({ needs "$name" "$column"; known "$column"; } | sort -u) <(builds "$name"))" \
		"$name: and nothing that it does not know"
done

fonts=$(known 2 '^font:') helper=$(known 2 '^run:fusermount3')
empty "$({ field Depends $debian/control | grep -qx "$helper" && field Recommends $debian/control | grep -qx "$fonts"; } || echo "$helper $fonts")" \
	'debian: fusermount3 and a font come along'
empty "$(grep -q "^Requires: *$(known 3 '^run:fusermount3')$" $rpm && grep -q "^Recommends: *$(known 3 '^font:')$" $rpm || echo missing)" \
	'fedora: they do'
empty "$(grep -q "depends=(.*\b$(known 4 '^run:fusermount3')\b" $arch && grep -q "optdepends=('$(known 4 '^font:'):" $arch || echo missing)" \
	'arch: they do'
empty "$(grep -q "^depends=.*\b$(known 5 '^run:fusermount3')\b" $alpine && grep -q "depends=.*\b$(known 5 '^font:')\b" $alpine || echo missing)" \
	'alpine: they do'

# The oldest versions that doctor is content with are those that the builds ask for.
while read -r library debian_name module; do
	least=$(sed -n "s/.*{ \"$library\", [a-z_]*(), \([0-9]*\), \([0-9]*\) }.*/\1.\2/p" fs/libraries.c)
	empty "$(grep -q "^ $debian_name (>= ${least:?}),$" $debian/control && grep -q "pkgconfig($module) >= $least$" $rpm || echo "not $least")" \
		"$library $least is the oldest"
done <<-END
	libfuse libfuse3-dev fuse3
	libcurl libcurl4-openssl-dev libcurl
	SQLite libsqlite3-dev sqlite3
END

# What recipes name is there, in the sources or among what is installed.
made install DESTDIR="$dest" PREFIX=/usr
missing=
for file in $(cat $debian/*.docs) $(sed -n 's/^%\(doc\|license\) //p' $rpm) \
	$(sed -n 's/.*"$pkgbase-$pkgver\/\([A-Za-z.\/]*\)"$/\1/p' $arch) $(sed -n 's/.*install -D .* //p' $alpine); do
	[ -e "$file" ] || missing+=" $file"
done
for file in $(grep -v '\*' $debian/*.install -h) $(sed -n 's/.*amove //p' $alpine); do
	[ -e "$dest/$file" ] || missing+=" $file"
done
empty "$missing" 'the files that they name exist'
done_testing
