#!/bin/bash
# The manual pages are well-formed, and name every command, option, setting, header and exit code that there is.
set -u
cd "$(dirname "$0")/../.." || exit
O=$(realpath "${O:-build}")
man=contrib/man
table=$("$O/easelfs" help --table)
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

# What mandoc says, but for pages that are not installed.
linted() {
	mandoc -T lint -W style "$1" 2>&1 | grep -v 'referenced manual not found\|mandoc\.db\|^$'
}
for page in "$man"/*.[15]; do
	empty "$(linted "$page")" "$page is well-formed"
done

# column KIND N: the field of all rows of that kind.
column() { awk -F '\t' -v kind="$1" -v n="$2" '$1 == kind { print $n }' <<<"$table"; }

# The words that a page says in macros: one a line, `--json`, `-o`, `mount`.
words_of() {
	sed -n '/^\.B[dl] /d; s/^\.\([A-Z][a-z] \)/\1/p' "$1" |
		sed 's/\bFl Fl /--/g; s/\bFl /-/g; s/\\&//g' | tr ' ,|=()' '\n\n\n\n\n\n' | sort -u
}

# lacking PAGE: of the words of standard input, those that the page does not have.
lacking() {
	comm -23 <(sort -u) <(words_of "$1")
}

empty "$(column command 2 | grep -v '^kill-points$' | lacking $man/easelfs.1)" 'easelfs(1) has every command'
empty "$(column option 3 | lacking $man/easelfs.1)" 'every option'
empty "$(words_of $man/easelfs.1 | grep '^-.' | grep -vxF -e "$(column option 3)" -e --table -e --version)" 'and no other'
empty "$(column setting 2 | grep -vxF -e "$(column header 2)" | lacking $man/easelfs.1)" 'every option of the mount'
empty "$(column exit 2 | lacking $man/easelfs.1)" 'every exit code'
empty "$({ column header 2; column header 3 | tr ' ' '\n' | grep .; } | lacking $man/easelfs.5)" \
	'easelfs(5) has every header in every spelling'
empty "$("$O/easelfs-sandbox" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | lacking $man/easelfs-sandbox.1)" \
	'easelfs-sandbox(1) has every option'

# What `make install` puts where.
dest=$(mktemp -d "${TEST_DIR:-/var/tmp}/install.XXXXXX") || exit
trap 'rm -rf "$dest"' EXIT
said=$(make -s O="$O" V=1 PREFIX=/usr DESTDIR="$dest" install 2>&1) || empty "$said" 'make install works'
missing=
for file in bin/easelfs bin/easelfs-sandbox share/man/man1/easelfs.1 share/man/man5/easelfs.5 \
	share/man/man1/easelfs-sandbox.1 share/bash-completion/completions/easelfs \
	share/zsh/site-functions/_easelfs share/fish/vendor_completions.d/easelfs.fish \
	lib/systemd/system/easelfs@.service lib/systemd/user/easelfs@.service \
	share/doc/easelfs/examples/srv-gen.mount share/doc/easelfs/examples/srv-gen.automount; do
	[ -s "$dest/usr/$file" ] || missing+=" $file"
done
empty "$missing" 'everything is installed'
[ "$(readlink "$dest/sbin/mount.fuse.easelfs")" = /usr/bin/easelfs ] || missing=mount.fuse.easelfs
empty "$missing" 'the helper of mount(8), too'
rm -r "$dest"
said=$(make -s O="$O" V=1 PREFIX=/home/you DESTDIR="$dest" install 2>&1) || empty "$said" 'make install works'
empty "$(ls "$dest" | grep -vx home)" 'in a home nothing else is touched'
echo "1..$count"
