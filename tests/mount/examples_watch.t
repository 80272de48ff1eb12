#!/bin/bash
# contrib/examples/watch: what happens in a mount is handed on, from the first moment and each thing once.
. "$(dirname "$0")/lib.sh"
EXAMPLE=$(realpath "$(dirname "$0")/../../contrib/examples/watch")
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
mount_fg || die 'it cannot be mounted'
cd "$MNT" || die 'the mount cannot be entered'
PATH=$O:$PATH

# start NAME [ARG…]: in the background, what it says in $WORK/NAME.
started=()
start() {
	timeout 120 "$EXAMPLE/$1" "${@:2}" >"$WORK/$1" 2>"$WORK/$1.err" </dev/null &
	started+=($!)
}
stop() {
	kill "${started[@]}"
	wait "${started[@]}" 2>/dev/null
	started=()
}
said() { grep -qxF -- "$2" "$WORK/$1"; }
says() { ok "$1 says: ${2//$'\t'/ }" eventually 20 said "$1" "$2"; }

for program in each-picture each-end; do
	(cd "$WORK" && timeout 5 "$EXAMPLE/$program" echo) 2>"$WORK/err"
	is "$?" 2 "$program is for the root of a mount"
done

# --- each picture, each end ------------------------------------------------------------------------------

mkdir 'my prompts' "$WORK/copies"
echo 'there before' >'my prompts/a red fox.txt'
ok 'one is there' timeout 30 easelfs wait 'my prompts/a red fox.txt'
# Prompts come while they start.
for i in {1..20}; do
	echo "number $i" >"$i.txt"
	[ "$i" != 5 ] || start each-picture sh -c 'cp -t "$1" "$2" && echo "$2"' copy "$WORK/copies"
	[ "$i" != 5 ] || start each-end
done
ok 'those are made' timeout 60 easelfs wait {1..20}.txt
says each-picture 'out/my prompts/a red fox.png'
mkdir new
echo 'in a new folder' >new/one.txt
says each-picture 'out/new/one.png'
echo 'a new line' >$'my prompts/new\nline.txt'
says each-picture 'line.png'
for i in {1..20}; do said each-picture "out/$i.png" || echo "$i"; done >"$WORK/missing"
is "$(cat "$WORK/missing")" '' 'each-picture misses none of those that came while it started'
is "$(sort "$WORK/each-picture" | uniq -d)" '' 'and tells none twice'
ok 'the command had the whole picture' cmp "$WORK/copies/a red fox.png" 'out/my prompts/a red fox.png'
is "$(find "$WORK/copies" -type f -printf .)" "$(printf .%.0s {1..23})" 'and had each'

says each-end $'completed\tmy prompts/a red fox.txt\tout/my prompts/a red fox.png'
says each-end $'completed\tnew/one.txt\tout/new/one.png'
says each-end $'completed\tmy prompts/new\\nline.txt\tout/my prompts/new\\nline.png'
for i in {1..20}; do said each-end $"completed	$i.txt	out/$i.png" || echo "$i"; done >"$WORK/missing"
is "$(cat "$WORK/missing")" '' 'each-end misses none of those that came while it started'
is "$(sort "$WORK/each-end" | uniq -d)" '' 'and tells none twice'

echo 'another number 1' >1.txt
again() { [ "$(grep -cxF "$2" "$WORK/$1")" = 2 ]; }
ok 'an edited one is told again: each-picture' eventually 20 again each-picture out/1.png
ok 'each-end' eventually 20 again each-end $'completed\t1.txt\tout/1.png'
printf 'size: 17:3\n\na bad one\n' >bad.txt
failed() { grep -qF $'failed\tbad.txt\tmodel "' "$WORK/each-end"; }
ok 'each-end says why one fails' eventually 20 failed
is "$(grep -c bad "$WORK/each-picture")" 0 'which is no picture'
is "$(cat "$WORK"/each-*.err)" '' 'they complain about nothing'
stop

# --- the latest ----------------------------------------------------------------------------------------------

rm -f ./*.txt
echo 'an older one' >older.txt
touch -d '1 hour ago' older.txt
echo 'the latest' >latest.txt
ok 'two' timeout 30 easelfs wait older.txt latest.txt
start preview echo
says preview out/latest.png
is "$(cat "$WORK/preview")" out/latest.png 'and only that'
# entr looks away for a moment after each thing that it does, on any filesystem: saved again, it is seen, for nothing.
shows() {                 # PROMPT TEXT FILE WHAT
	printf '%b\n' "$2" >"$1"
	eventually 1 grep -qF -- "$4" "$WORK/$3"
}
ok 'preview shows what is saved' eventually 20 shows older.txt 'not so old' preview out/older.png
ok 'what is new' eventually 20 shows 'a new one.txt' 'a new one' preview 'out/a new one.png'
ok 'and says why one fails' eventually 20 shows latest.txt 'size: 17:3\n\na bad one' preview.err 'latest.txt is failed: '
rm 'a new one.txt'
ok 'it goes on when one is deleted' eventually 20 shows 'another one.txt' 'after one went' preview 'out/another one.png'
is "$(accepted 'not so old'),$(accepted 'a new one'),$(accepted 'after one went')" 1,1,1 'all for one each'
stop

cd /
umount_it
done_testing
