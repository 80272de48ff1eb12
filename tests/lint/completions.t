#!/bin/bash
# The completions offer what the table of commands has, in the shells that they are for.
set -u
cd "$(dirname "$0")/../.." || exit
O=$(realpath "${O:-build}")
PATH=$O:$PATH
scripts=$PWD/contrib/completions
HOME=$(mktemp -d "${TEST_DIR:-/var/tmp}/completions.XXXXXX") || exit
export HOME PATH XDG_CONFIG_HOME=$HOME XDG_DATA_HOME=$HOME XDG_CACHE_HOME=$HOME
trap 'rm -rf "$HOME"' EXIT
cd "$HOME" || exit
mkdir folder
touch file.txt 'two words.txt'
table=$(easelfs help --table)
count=0

# Types the words into a bash on a terminal, where M-* inserts all completions, and has them said.  Of several that
# go on behind a `=` or `:`, only the first says what stands before it.
in_bash() {
	cat >"$HOME/bashrc" <<-END
		. "$scripts/easelfs.bash"
		words() { printf '%s\n' "\$@" >"\$HOME/said"; exit; }
		bind 'set enable-bracketed-paste off'
	END
	rm -f "$HOME/said" "$HOME/keys"
	mkfifo "$HOME/keys"
	# Without an end, as script(1) takes its time then.
	exec {keys}<>"$HOME/keys"
	printf '%s\e*\001words \r' "$*" >&"$keys"
	timeout 20 script -qec "bash --rcfile '$HOME/bashrc' -i" /dev/null <&"$keys" >"$HOME/screen" 2>&1
	exec {keys}>&-
	cat "$HOME/said" 2>/dev/null || cat "$HOME/screen"
}

# Without a terminal there is no completion system: what our function asks of it is printed.
in_zsh() {
	zsh -fc '
		_describe() { [[ $1 != -* ]] || shift; local item; for item in ${(P)2}; print -r -- "${item%%:*}${4:-}" }
		compset() { prefix=$2 }
		compadd() { shift; print -l -- $@ }
		_files() { if [[ ${1:-} == -/ ]]; then print -l -- *(/); else print -l -- *; fi }
		words=("${@:2}"); CURRENT=${#words}; script=$1; set --; . $script' - "$scripts/_easelfs" "$@"
}

in_fish() {
	local line
	line=$(printf '%s ' "$@")
	fish -c "source $scripts/easelfs.fish; complete -C '${line% }'" | cut -f 1
}

# offers SHELL WORDS WANTED…: all of them, at the last of the words (between blanks, `_` for an empty one).
offers() {
	local shell=$1 words=() got missing=
	read -ra words <<<"$2"
	shift 2
	[ "${words[-1]}" != _ ] || words[-1]=
	got=$(in_"$shell" "${words[@]}" 2>&1)
	for word; do
		grep -qxF -- "$word" <<<"$got" || missing+=" $word"
	done
	count=$((count + 1))
	if [ -z "$missing" ]; then
		echo "ok $count - $shell: ${words[*]}"
	else
		echo "not ok $count - $shell: ${words[*]}"
		printf 'missing:%s\nof: %s\n' "$missing" "$got" | sed 's/^/# /' >&2
	fi
}

mapfile -t commands < <(awk -F '\t' '$1 == "command" { print $2 }' <<<"$table")
mapfile -t settings < <(awk -F '\t' '$1 == "setting" { print $2 "=" }' <<<"$table")
for shell in bash zsh fish; do
	offers $shell 'easelfs _' "${commands[@]}" help
	offers $shell 'easelfs help _' "${commands[@]}"
	for command in "${commands[@]}"; do
		mapfile -t options < <(awk -F '\t' -v c="$command" '$1 == "option" && $2 == c { print $3 }' <<<"$table")
		offers $shell "easelfs $command -" "${options[@]}" --help
	done
	offers $shell 'easelfs mount -o _' "${settings[@]}"
	offers $shell 'easelfs mount _' "$([ $shell = fish ] && echo folder/ || echo folder)"
	offers $shell 'easelfs wait _' file.txt
	offers $shell 'easelfs models _' nano-banana-2
done
offers bash 'easelfs mount fold' folder
offers bash 'easelfs wait two\ w' 'two words.txt'
for shell in bash fish; do
	offers $shell 'easelfs mount -o size=1:1,set' size=1:1,settle=
	offers $shell 'easelfs mount -o lo' log=
	offers $shell 'easelfs mount -o size=1:1,log=w' size=1:1,log=warning
	offers $shell 'easelfs models -o provider=toap' provider=toapis
	offers $shell 'easelfs mount -o model=nano-banana-2-l' model=nano-banana-2-lite
	offers $shell 'easelfs mount -o config=file' config=file.txt
done
offers zsh 'easelfs mount -o size=1:1,log=' error warning info debug
offers zsh 'easelfs models -o provider=' toapis openai google
offers zsh 'easelfs mount -o model=' nano-banana-2
offers zsh 'easelfs mount -o config=' file.txt
echo "1..$count"
