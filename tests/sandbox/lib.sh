# shellcheck shell=bash
#
# For tests of easelfs-sandbox.  A test is:
#
#     . "$(dirname "$0")/lib.sh"
#     start --time 0                 # a sandbox of its own, on free ports; sets API and RESULTS
#     submit '{"model":…}'           # sets CODE (HTTP status) and BODY
#     is "$CODE" 200 'it is accepted'
#     finish_tests
#
# Everything lies in $WORK and is gone at the end, however that came.  finish_tests fails, too, when
# the sandbox's log has anything in it.

# shellcheck disable=SC2034   # variables are for the tests
set -u
O=$(realpath "${O:-$(dirname "${BASH_SOURCE[0]}")/../../build}")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/easelfs-sandbox-test.XXXXXX")
KEY=sk-sandbox
GEN=/v1/images/generations
PID=
CODE=
BODY=
_count=0
_failed=0

_end() {
	[ -z "$PID" ] || kill "$PID" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$WORK"
}
trap _end EXIT
trap 'exit 1' INT TERM

diag() { printf '%s\n' "$@" | sed 's/^/# /' >&2; }

_result() { # STATUS NAME
	_count=$((_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $_count - $2"
	else
		_failed=$((_failed + 1))
		echo "not ok $_count - $2"
	fi
	return "$1"
}

is() { # GOT EXPECTED NAME
	[ "$1" = "$2" ]
	_result $? "$3" || diag "got:      $1" "expected: $2"
}

like() { # GOT REGEX NAME
	[[ $1 =~ $2 ]]
	_result $? "$3" || diag "got:      $1" "not like: $2"
}

ok() { # NAME COMMAND…
	local name=$1
	shift
	"$@" >"$WORK/said" 2>&1
	_result $? "$name" || diag "$*" "$(cat "$WORK/said")"
}

not() { ! "$@"; }

finish_tests() {
	ok 'the sandbox ends cleanly' stop
	is "$(cat "$WORK/log" 2>/dev/null)" '' 'the sandbox had nothing to complain about'
	echo "1..$_count"
	[ "$_failed" = 0 ]
	exit
}

# start [OPTION…]
start() {
	local line=
	rm -f "$WORK/ready"
	mkfifo "$WORK/ready"
	"$O/easelfs-sandbox" "$@" >"$WORK/ready" 2>>"$WORK/log" &
	PID=$!
	read -r -t 20 line <"$WORK/ready"
	read -r _ _ API _ RESULTS <<<"$line"
	if [ -z "$API" ]; then
		echo "Bail out! the sandbox did not start: $(cat "$WORK/log")"
		exit 1
	fi
}

stop() {
	[ -n "$PID" ] || return 0
	kill "$PID" 2>/dev/null
	wait "$PID"
	local status=$?
	PID=
	return $status
}

# http METHOD URL [CURL OPTION…]: sets CODE and BODY; headers go to $WORK/head.
http() {
	local method=$1 url=$2
	shift 2
	CODE=$(curl -s -m 20 -X "$method" -D "$WORK/head" -o "$WORK/body" -w '%{http_code}' "$@" "$url")
	EXIT=$?
	BODY=$(tr -d '\0' <"$WORK/body" 2>/dev/null)
}

header() { sed -n "s/^$1: *\(.*\)\r$/\1/Ip" "$WORK/head" | head -1; }

submit() { # JSON [CURL OPTION…]
	local json=$1
	shift
	: >"$WORK/body"
	http POST "$API$GEN" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

poll() { # ID [CURL OPTION…]
	local id=$1
	shift
	: >"$WORK/body"
	http GET "$API$GEN/$id" -H "Authorization: Bearer $KEY" "$@"
}

upload() { # FILE [CURL OPTION…]
	local file=$1
	shift
	http POST "$API/v1/uploads/images" -H "Authorization: Bearer $KEY" -F "file=@$file" "$@"
}

control() { # METHOD PATH [JSON]: prints the answer
	curl -s -m 30 -X "$1" "$API/control/$2" ${3:+-H 'Content-Type: application/json' --data-binary "$3"}
}

fault() { control POST faults "$1" >/dev/null; }
settings() { control POST settings "$1" >/dev/null; }
reset() { control POST reset >/dev/null; }
bill() { control GET 'bill?tasks=0' | jq -r "$1"; }
field() { jq -r "$1" <<<"$BODY"; }

# finished JSON: submits, waits for the end; sets BODY to the status reply and ID.
finished() {
	submit "$1"
	ID=$(field .id)
	control POST finish "{\"id\":\"$ID\"}" >/dev/null
	poll "$ID"
}

# fetch URL FILE [CURL OPTION…]
fetch() {
	local url=$1 file=$2
	shift 2
	curl -s -m 20 -o "$file" -w '%{http_code}' "$@" "$url"
}

# The pixels of a picture file, WxH.
pixels() {
	file -b "$1" | grep -oE '[0-9]{2,5} ?x ?[0-9]{2,5}' | tail -1 | tr -d ' '
}

# --- wires that wait for the pictures ----------------------------------------------------------------

gemini() { # MODEL JSON|@FILE [CURL OPTION…], with the key of a relay
	local model=$1 json=$2
	shift 2
	: >"$WORK/body"
	http POST "$API/v1beta/models/$model:generateContent" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

google() { # the same with Google's key
	local model=$1 json=$2
	shift 2
	: >"$WORK/body"
	http POST "$API/v1beta/models/$model:generateContent" -H "x-goog-api-key: $KEY" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

openai() { # JSON|@FILE [CURL OPTION…]
	local json=$1
	shift
	: >"$WORK/body"
	http POST "$API/openai/v1/images/generations" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

openai_edit() { # CURL OPTION…
	: >"$WORK/body"
	http POST "$API/openai/v1/images/edits" -H "Authorization: Bearer $KEY" "$@"
}

engine() { # JSON|@FILE [CURL OPTION…]
	local json=$1
	shift
	: >"$WORK/body"
	http POST "$API/engine/v1/images/generations" -H 'Content-Type: application/json' --data-binary "$json" "$@"
}

# text WORDS [MORE]: a request of the gemini wire.
text() { printf '{"contents":[{"role":"user","parts":[{"text":"%s"}]}]%s}' "$1" "${2:+,$2}"; }
config() { text x "\"generationConfig\":{$1}"; }

# inline MIME FILE: a part with a picture.
inline() { printf '{"inline_data":{"mime_type":"%s","data":"%s"}}' "$1" "$(base64 -w0 "$2")"; }

# decoded JQ FILE: the picture that stands there in the reply.
decoded() { jq -r "$1" "$WORK/body" | base64 -d >"$2" 2>/dev/null; }
FINAL='[.candidates[0].content.parts[]|select(.inlineData and (.thought|not))][-1].inlineData.data'
