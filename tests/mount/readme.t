#!/bin/bash
#
# What README.md says is what happens.  Its ```console blocks are one session: every command is run, in
# an empty home, and must print what stands below it, but for times, ids, sizes of files and progress.
# toapis.com is played by the sandbox.
. "$(dirname "$0")/lib.sh"
TREE=$(realpath "$(dirname "$0")/../..")
README=$TREE/README.md
if [ ! -r "$README" ]; then
	echo '1..0 # SKIP README.md is not here'
	exit 0
fi
setup --key sk-...
config <<END
[provider toapis]
url = $SANDBOX_URL
first-look = 0.2
poll-min = 0.2
poll-max = 0.3
END
unset EASELFS_SANDBOX_KEY
_mounts=("$HOME/gen" "$HOME/try")
PATH=$O:$PATH

# Nothing on a mount can hang the test.
for program in easelfs cat ls rm; do
	eval "$program() { timeout 60 $(type -P $program) \"\$@\"; }"
done

# --- the session ------------------------------------------------------------------------------------

# Reads README.md into commands[] and, below each, expected[].
commands=()
expected=()
read_session() {
	local line inside='' last=-1
	while IFS= read -r line; do
		case $inside,$line in
		,'```console') inside=1 last=-1 ;;
		1,'```') inside='' ;;
		1,'$ '*)
			last=$((last < 0 ? ${#commands[@]} : last + 1))
			commands[last]=${line#'$ '}
			expected[last]=
			;;
		1,'>'*)
			line=${line#>}
			commands[last]+=$'\n'${line# }
			;;
		1,*) expected[last]+=$line$'\n' ;;
		esac
	done <"$README"
}

# What is different every time.
normalized() {
	sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}/TIME/' \
		-e 's/task_img_[0-9a-f]+/ID/' -e 's/[0-9]+ bytes/N bytes/' \
		-e 's/[0-9]+% \[[-#]*\]/PROGRESS/' -e "s,^$HOME/,/home/you/," -e 's/ +$//' "$@"
}

remember_daemons() {
	local mount pid
	for mount in "${_mounts[@]}"; do
		is_mounted "$mount" && pid=$(daemon_pid "$mount") && _pids+=("$pid")
	done
}

read_session
ok 'README.md has a session' [ ${#commands[@]} -gt 10 ]
cd "$HOME" || die 'there is no home'
for ((at = 0; at < ${#commands[@]}; at++)); do
	eval "${commands[at]}" >"$WORK/printed" 2>&1 </dev/null
	status=$?
	is "$(normalized "$WORK/printed")" "$(printf %s "${expected[at]}" | normalized)" \
		"\$ ${commands[at]%%$'\n'*}"
	[ $status = 0 ] || fail "… exits with 0, not $status"
	remember_daemons
done
cd /
ok 'the picture that wait/ gave is one' grep -q PNG <(head -c 4 "$HOME/cat.png")

# --- the other blocks and the tables ----------------------------------------------------------------

# The text of the blocks of that kind.
blocks() { awk -v kind="\`\`\`$1" '$0 == kind { on = 1; next } $0 == "```" { on = 0 } on' "$README"; }

blocks ini >"$WORK/example"
ok 'the configuration is accepted' easelfs models -o "config=$WORK/example" house-style
like "$(easelfs models -o "config=$WORK/example" house-style)" 'provider +studio' 'its model has its provider'

while read -r word target _; do
	[ "$word" = sudo ] && word=make target=install
	if [ "$word" = make ] && [ -e "$TREE/Makefile" ]; then
		ok "make${target:+ $target} is there" make -n -C "$TREE" O="$WORK/build" ${target:+"$target"}
	fi
done < <(blocks sh)

# The names in the first column of the table under that heading line.
first_column() {
	awk -v head="| $1 |" 'index($0, head) == 1 { on = 1; next } on && !/^\|/ { exit }
		on && split($0, cell, "|") && cell[2] ~ /`/ { print cell[2] }' "$README" |
		grep -o '`[^`]*`' | tr -d '`'
}

easelfs mount -o help >"$WORK/options" 2>&1
for name in $(first_column option) $(first_column header | grep -v NAME); do
	ok "$name is an option" grep -q "^  $name " "$WORK/options"
done

# Every state is one that the program knows, and none is missing.
is "$(first_column state | sort)" \
	"$(sed -n 's/^\t\[STATE_[A-Z]*\] = "\([a-z]*\)".*/\1/p' "$TREE/cache/journal.c" | sort)" 'all states are explained'

grep -o '](\([^)h#][^)]*\))' "$README" | tr -d '])(' | while read -r file; do
	[ -e "$TREE/$file" ] || echo "$file"
done >"$WORK/missing"
is "$(cat "$WORK/missing")" '' 'all files that it points to are there'

done_testing
