# bash completion for easelfs.  What there is to say comes from the program: `easelfs help --table`.
# shellcheck shell=bash

# _easelfs_say WORDS [SUFFIX]: those that the current word begins.  Readline replaces what stands behind the last
# `=` or `:` only, where these divide words.
_easelfs_say()
{
	local word divided=
	[[ $COMP_WORDBREAKS == *[=:]* && $cur == *[=:]* ]] && divided=${cur%"${cur##*[=:]}"}
	for word in $1; do
		[[ $word$2 != "$cur"* ]] || COMPREPLY+=("${word#"$divided"}$2")
	done
}

# _easelfs_field KIND COMMAND FIELD: that field of all rows of the kind, of one command if it is not empty.
_easelfs_field()
{
	awk -F '\t' -v kind="$1" -v command="$2" -v field="$3" \
		'$1 == kind && (command == "" || $2 == command) { print $field }' <<<"$table"
}

# _easelfs_column N: of the table of models.
_easelfs_column()
{
	easelfs models 2>/dev/null | awk -v n="$1" 'NR > 1 { print $n }' | sort -u
}

# What stands behind `name=`, if it can be listed.  A name of a file is left to readline.
_easelfs_values()
{
	local words word
	words=$(_easelfs_field setting "$1" 6)
	case $words in
	'<models>') words=$(_easelfs_column 1) ;;
	'<providers>') words=$(_easelfs_column 2) ;;
	'<files>')
		compopt -o default +o nospace
		return
		;;
	esac
	_easelfs_say "$(for word in $words; do echo "$before$1=$word"; done)"
}

# The value of -o is a list; what stands before the last comma stays.
_easelfs_settings()
{
	local before item=${cur##*,}
	before=${cur%"$item"}
	compopt -o nospace
	if [[ $item == *=* ]]; then
		_easelfs_values "${item%%=*}"
	else
		_easelfs_say "$(_easelfs_field setting '' 2 | sed "s|^|$before|")" =
	fi
}

_easelfs_operands()
{
	case $1 in
	folders) compopt -o dirnames ;;
	paths) compopt -o default ;;
	models) _easelfs_say "$(_easelfs_column 1)" ;;
	esac
}

_easelfs()
{
	local words cur last command table
	read -ra words <<<"${COMP_LINE:0:COMP_POINT}"
	[[ ${COMP_LINE:0:COMP_POINT} != *[[:space:]] ]] || words+=('')
	cur=${words[-1]} last=${words[-2]} command=${words[1]}
	table=$(easelfs help --table 2>/dev/null)
	COMPREPLY=()
	if [[ ${#words[@]} == 2 || $command == help ]]; then
		_easelfs_say "$(_easelfs_field command '' 2) help"
	elif [[ $last == -o ]]; then
		_easelfs_settings
	elif [[ $cur == -* ]]; then
		_easelfs_say "$(_easelfs_field option "$command" 3) --help"
	else
		_easelfs_operands "$(_easelfs_field command "$command" 3)"
	fi
}
complete -F _easelfs easelfs
