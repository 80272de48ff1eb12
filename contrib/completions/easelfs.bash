# bash completion for easelfs.  What there is to say comes from the program: `easelfs help --table`.
# shellcheck shell=bash

# _easelfs_say WORDS [OPTION…]: those that the current word begins.
_easelfs_say()
{
	mapfile -t COMPREPLY < <(compgen "${@:2}" -W "$1" -- "${cur##*,}")
}

# _easelfs_field KIND COMMAND FIELD: that field of all rows of the kind, of one command if it is not empty.
_easelfs_field()
{
	awk -F '\t' -v kind="$1" -v command="$2" -v field="$3" \
		'$1 == kind && (command == "" || $2 == command) { print $field }' <<<"$table"
}

# The value of -o is a list; what stands before the last comma stays.
_easelfs_settings()
{
	local before=
	[[ $cur != *,* ]] || before=${cur%,*},
	compopt -o nospace 2>/dev/null
	_easelfs_say "$(_easelfs_field setting '' 2)" -S = ${before:+-P "$before"}
}

_easelfs_operands()
{
	case $1 in
	folders)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	paths)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	models) _easelfs_say "$(easelfs models 2>/dev/null | awk 'NR > 1 { print $1 }')" ;;
	esac
}

_easelfs()
{
	local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} table
	table=$(easelfs help --table 2>/dev/null)
	COMPREPLY=()
	if [[ $COMP_CWORD == 1 || $command == help ]]; then
		_easelfs_say "$(_easelfs_field command '' 2) help"
	elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == -o ]]; then
		_easelfs_settings
	elif [[ $cur == -* ]]; then
		_easelfs_say "$(_easelfs_field option "$command" 3) --help"
	else
		_easelfs_operands "$(_easelfs_field command "$command" 3)"
	fi
}
complete -F _easelfs easelfs
