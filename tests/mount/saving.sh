# shellcheck shell=bash
#
# For tests of programs that save prompts, each in its own way:
#
#     saving_setup                         # and mounts
#     saves vim.txt 'vim' with_vim         # three times: a new text, another one, and that again
#     saving_judge                         # one job for each text, and nothing but what was saved
#
# with_vim FILE OLD TEXT is to leave TEXT in FILE, where OLD is now ('' if there is no file); it runs in
# the mount.

saving_setup() {
	setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
	config <<-END
		first-look = 0.1
		poll-min = 0.1
		[defaults]
		provider = sandbox
	END
	mount_fg || die "it cannot be mounted"
}

declare -A _due=()         # how often each text should have been paid for
_saved=()                  # the files
_edited=()                 # those that have an earlier picture

revision_of() { timeout 5 jq -r .revision "$MNT/status/$1.json"; }
_is_revision() { [ "$(revision_of "$1")" = "$2" ] && [ "$(state_of "$1")" = completed ]; }

# in_mount COMMAND [ARG…]
in_mount() { (cd "$MNT" && "$@"); }

_save() {
	in_mount "$@"
	local status=$?
	[ $status = 0 ] || diag "$* → $status"
	return $status
}

# What a file says, without the byte order mark that some programs put there.
_says() { timeout 5 sed $'1s/^\xef\xbb\xbf//' "$MNT/$1"; }

# The prompt that a file holds now, which should be made once more.
_expect() {
	local text
	text=$(_says "$1")
	_due[$text]=$((${_due[$text]:-0} + 1))
	like "$text" "$2\$" "$3: that is what the file says"
}

# _makes REVISION FILE: within a while, and with a picture.
_makes() {
	eventually 30 _is_revision "$2" "$1" && timeout 5 test -s "$MNT/out/${2%.*}.png" && return
	status_of "$2"
	timeout 5 ls -la "$MNT"
	return 1
}

# begins FILE TEXT: a prompt that no program is tried with.
begins() {
	_saved+=("$1")
	_due[$2]=1
	in_mount timeout 5 sh -c 'echo "$2" >"$1"' _ "$@"
}

# What was saved before has settled when a prompt that comes later is through.
_settled() { begins last.txt 'the last one' && _makes 1 last.txt; }

# saves FILE NAME FUNCTION [ARG…]
saves() {
	local file=$1 name=$2 first="a bird that $2 drew" second="a fish that $2 drew"
	shift 2
	_saved+=("$file")
	_edited+=("$file")
	ok "$name writes a prompt" _save "$@" "$file" '' "$first"
	_expect "$file" "$first" "$name"
	ok "$name: it is made" _makes 1 "$file"
	ok "$name changes it" _save "$@" "$file" "$first" "$second"
	_expect "$file" "$second" "$name"
	ok "$name: it is made anew, as revision 2" _makes 2 "$file"
	ok "$name: the first picture is in history/" timeout 5 test -s "$MNT/history/${file%.*}.1.png"
	# What appends has nothing to say a second time.
	[ "$(_says "$file")" = "$second" ] || return 0
	ok "$name saves the same again" _save "$@" "$file" "$second" "$second"
	ok "$name: that is no revision" _makes 2 "$file"
}

_bill() { control GET bill | jq -r '.prompts | to_entries[] | "\(.value.accepted) \(.key | @json)"' | sort; }

_expected_bill() {
	local text
	for text in "${!_due[@]}"; do
		jq -rn --arg n "${_due[$text]}" --arg text "$text" '"\($n) \($text | @json)"'
	done | sort
}

# The names that stand in a folder of the mount, with what they are below it.
_names() { timeout 10 find "$MNT/$1" -type f -printf '%P\n' | sort; }

# All files that users put there.
_names_of_users() {
	timeout 10 find "$MNT" \( -path "$MNT/out" -o -path "$MNT/history" -o -path "$MNT/status" -o \
		-path "$MNT/.easelfs" -o -name .git \) -prune -o -type f -printf '%P\n' | sort
}

# saving_judge [FILE…]: files beside the prompts that the programs were to leave.  Unmounts.
saving_judge() {
	ok 'the last one is made' _settled
	_bill >"$WORK/bill"
	_expected_bill >"$WORK/bill.expected"
	ok 'each text was paid for once' diff "$WORK/bill.expected" "$WORK/bill"
	is "$(_names status | grep -v '\.json$')" "$(printf '%s\n' "${_saved[@]}" | sort)" \
		'there are no other prompts'
	is "$(_names out)" "$(printf '%s\n' "${_saved[@]/%.*/.png}" | sort)" 'there are no other pictures'
	is "$(_names history)" "$(printf '%s\n' "${_edited[@]/%.*/.1.png}" | sort)" 'nor in history/'
	is "$(_names_of_users)" \
		"$(printf '%s\n' "${_saved[@]}" "$@" | sort)" 'no program left anything beside them'
	ok 'unmounted' umount_it
	is "$(sqlite3 "$MNT/.easelfs/journal.db" 'SELECT CAST(path AS TEXT) FROM prompts ORDER BY 1')" \
		"$(printf '%s\n' "${_saved[@]}" | sort)" 'and no other name was ever taken for a prompt'
}
