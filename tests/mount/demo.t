#!/bin/bash
#
# contrib/demo succeeds without a terminal, soon, and leaves nothing behind; nor when it is stopped.
. "$(dirname "$0")/lib.sh"
DEMO=$(realpath "$(dirname "$0")/../../contrib/demo")
setup

# Everything of the demo lies below these; the test's own sandbox must not be mistaken for its.
export XDG_CACHE_HOME=$WORK/cache
mkdir "$XDG_CACHE_HOME"

mounts() { grep -F "$XDG_CACHE_HOME/" /proc/self/mountinfo; }

# Processes that stand in the demo's folder, or name it: its daemon, its sandbox, its shell.
processes() {
	local p
	for p in /proc/[0-9]*; do
		if { readlink "$p/cwd" && tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -q -F "$XDG_CACHE_HOME/"; then
			tr '\0' ' ' <"$p/cmdline"
		fi
	done
}

leaves_nothing() {
	is "$(mounts)" '' "$1: no mount is left"
	eventually 10 is_quiet
	is "$(processes)" '' "$1: no process is left"
	is "$(ls -A "$XDG_CACHE_HOME")" '' "$1: no file is left"
}
is_quiet() { [ -z "$(processes)" ]; }

before=${EPOCHREALTIME/[.,]/}
timeout 120 "$DEMO" </dev/null >"$WORK/said" 2>"$WORK/complained"
status=$?
took=$(((${EPOCHREALTIME/[.,]/} - before) / 100000))
echo "# the demo took $((took / 10)).$((took % 10)) s"

is $status 0 'the demo succeeds' || diag "$(cat "$WORK/said")"
is "$(cat "$WORK/complained")" '' 'it complains about nothing'
ok 'it takes less than 20 s' [ $took -lt 200 ]
says() { ok "$1" grep -E -e "$2" "$WORK/said"; }
says 'it shows the command that it runs' '^\$ echo "a cat in a spacesuit" > gen/cat\.txt$'
for prompt in cat.txt city.md; do
	says "$prompt is queued" "status/$prompt +queued"
	says "$prompt has progress" "status/$prompt +running +[0-9]+% \[#"
	says "$prompt is completed" "status/$prompt +completed +100%"
done
says 'cat.png has a format and a size' '^picture: out/cat\.png \(PNG, 1024x1024, [0-9]+ bytes\)$'
says 'city.png has what its headers ask for' '^picture: out/city\.png \(PNG, 2752x1536, [0-9]+ bytes\)$'
says 'the provider was sent the reference' '"a cat in a spacesuit","references":1'
ok 'without a terminal there are no escape sequences' not grep $'\e' "$WORK/said"
leaves_nothing 'at the end'

timeout -s INT 3 "$DEMO" </dev/null >"$WORK/said" 2>&1
leaves_nothing 'after an interrupt'

done_testing
