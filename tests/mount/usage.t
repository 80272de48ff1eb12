#!/bin/bash
# Calls that the table of commands does not allow are refused in a sentence that says what was wrong, with the
# usage below it and exit code 2; help says what there is.
. "$(dirname "$0")/lib.sh" || exit
setup

easelfs() { timeout 20 "$O/easelfs" "$@"; }

# says STATUS REGEX NAME COMMAND…: exit status, and what is said on both outputs.
says() {
	local status=$1 regex=$2 name=$3 said
	shift 3
	said=$("$@" 2>&1)
	is $? "$status" "$name"
	like "$said" "$regex" "$name: says so"
}

says 2 '^easelfs: unknown command "statsu": did you mean "status"\?' 'a command that is near one' easelfs statsu
says 2 '^easelfs: unknown command "frobnicate"' 'one that is near none' easelfs frobnicate
says 2 '^easelfs: wait needs a PATH
  usage: easelfs wait \[--timeout SECONDS\] PATH\.\.\.$' 'a PATH is missing' easelfs wait
says 2 '^easelfs: mount needs a MOUNTPOINT' 'a mountpoint is missing' easelfs mount
says 2 '^easelfs: mount needs a MOUNTPOINT' 'options alone do not make one' easelfs mount -o sandbox
says 2 '^easelfs: unmount needs a MOUNTPOINT' 'for unmount, too' easelfs unmount
says 2 '^easelfs: unmount does not know what to do with "b"' 'one too many' easelfs unmount a b
says 2 '^easelfs: mount does not know what to do with "c"' 'a third folder' easelfs mount a b c
says 2 '^easelfs: models does not know what to do with "y"' 'a second model' easelfs models x y
says 2 '^easelfs: unknown command "umount": did you mean "unmount"\?' 'what the system calls it' easelfs umount "$HOME"
says 2 '^easelfs: unknown option "--jsn": did you mean "--json"\?' 'an option that is near one' easelfs status --jsn
says 2 '^easelfs: unknown option "--tiemout": did you mean "--timeout"\?' 'with a value' easelfs wait --tiemout=3 x
says 2 '^easelfs: unknown option "-q"' 'a letter' easelfs wait -q x
says 2 '^easelfs: the option --timeout needs a value' 'a value is missing' easelfs wait x --timeout
says 2 '^easelfs: the option -o needs a value' 'behind a letter' easelfs mount x -o
says 2 '^easelfs: the option --json takes no value' 'a value too many' easelfs status --json=yes
says 2 '^easelfs: --timeout takes seconds, not "soon"' 'a value that is none' easelfs wait --timeout soon x
says 2 '^easelfs: retry needs a PATH, or --all' 'neither prompts nor all' easelfs retry
says 2 '^easelfs: cancel takes PATHs or --all, not both' 'both' easelfs cancel --all x
says 2 '^easelfs: write a prompt file' 'nothing at all' easelfs
says 1 'in no easelfs mount' 'an operand may begin with a dash behind --' easelfs status -- --json

says 0 'exit codes:.*124' 'help lists commands and exit codes' easelfs help
mapfile -t commands < <(easelfs help --table | awk -F '\t' '$1 == "command" { print $2 }')
for command in "${commands[@]}"; do
	[ "$command" = sandbox ] && continue
	says 0 "^easelfs $command" "$command --help" easelfs "$command" --help
	is "$(easelfs "$command" --help)" "$(easelfs help "$command")" "is help $command"
done
says 0 'easelfs-sandbox .OPTION' 'sandbox --help is that of the program' easelfs sandbox --help
# What pkg-config knows is what the program was built with, and what is loaded here.
said=$(easelfs --version)
version=$(sed -n 's/^#define EASELFS_VERSION "\(.*\)"/\1/p' version.h)
is "$(head -n 1 <<<"$said")" "easelfs ${version:?}" '--version begins with the version'
while read -r module name; do
	like "$said" "(^|"$'\n'")$name $(pkg-config --modversion "$module")( |"$'\n'"|$)" "it has that of $name"
done <<-END
	fuse3 libfuse
	libcurl libcurl
	sqlite3 SQLite
	libcrypto libcrypto OpenSSL
	libcjson cJSON
END
like "$said" 'utf8proc [0-9.]+$' 'it has that of utf8proc, whose pkg-config says another'
like "$said" 'libcurl [0-9.]+ .*(SSL|TLS)/' 'and the library that curl uses for TLS'
is "$(easelfs -V)" "$said" '-V is the same'
like "$(easelfs help mount)" 'settle .*-o|options .*settle' 'the options of the mount are in its help'

done_testing
