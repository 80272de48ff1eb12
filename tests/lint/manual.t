#!/bin/bash
# The manual pages are well-formed, and name every command, option, setting, header and exit code that there is.
. "$(dirname "$0")/lib.sh"
O=$(realpath "${O:-build}")
man=contrib/man
table=$("$O/easelfs" help --table)

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
empty "$(sed -n 's/^\t{ "\([a-z-]*\)", KEY_.*/\1/p' api/models_keys.c | lacking $man/easelfs.5)" 'every key of providers and models'
# The table of names in cache/journal.c, and what fs/render.c writes.
empty "$(sed -n 's/.*\[STATE_[A-Z]*\] = "\([a-z]*\)".*/\1/p' cache/journal.c | lacking $man/easelfs.5)" 'every state'
empty "$(sed -n 's/.*\(add_line\|add_time\)(out, "\([a-z-]*\)".*/\2/p; s/.*buf_fmt(out, "\([a-z]*\): .*/\1/p' fs/render.c |
	grep -vx 'config-error\|pictures' | lacking $man/easelfs.5)" 'every line of a status'
empty "$("$O/easelfs-sandbox" --help | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | lacking $man/easelfs-sandbox.1)" \
	'easelfs-sandbox(1) has every option'
empty "$(contrib/desktop/easelfs-desktop --help | sed -n 's/.*easelfs-desktop \([a-z]*\).*/\1/p' | lacking $man/easelfs-desktop.1)" \
	'easelfs-desktop(1) has every verb'
done_testing
