#!/bin/bash
# Extended attributes: what a prompt's say of its state, and what a picture takes along of where it came from.
. "$(dirname "$0")/lib.sh"
setup --time 0.3
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
mount_fg

# of FILE NAME: the value of user.NAME; names FILE: all that begin with user.
of() { timeout 5 getfattr --absolute-names --only-values -n "user.$2" "$1" 2>&1; }
names() { timeout 5 getfattr --absolute-names -m '^user\.' "$1" 2>/dev/null | sed -n 's/^user\.//p' | sort | tr '\n' ' '; }
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":1}" >/dev/null; }
let_go() { control POST release >/dev/null; }
missing='No such attribute'

# --- prompts ---

hold 'held back'
echo 'held back' >"$MNT/cat.txt"
ok 'one runs' wait_state cat.txt running
knows() { [[ $(names "$MNT/cat.txt") == 'easelfs.progress easelfs.state easelfs.task ' ]]; }
ok 'it lists what there is' eventually 10 knows
is "$(of "$MNT/cat.txt" easelfs.state)" running 'its state'
is "$(of "$MNT/cat.txt" easelfs.progress)" "$(timeout 5 jq .progress "$MNT/status/cat.txt.json")" 'its progress'
is "$(of "$MNT/cat.txt" easelfs.task)" "$(timeout 5 jq -r '.tasks[0].id' "$MNT/status/cat.txt.json")" 'its task'
like "$(of "$MNT/cat.txt" easelfs.error)" "$missing" 'no error'
let_go
ok 'it is completed' wait_state cat.txt completed
is "$(of "$MNT/cat.txt" easelfs.state) $(of "$MNT/cat.txt" easelfs.progress)" 'completed 100' 'which is seen at once'

printf 'size: 17:3\n\na bad one\n' >"$MNT/bad.txt"
ok 'one fails' wait_state bad.txt failed
like "$(of "$MNT/bad.txt" easelfs.error)" 'does not take size "17:3"' 'its error says why'
is "$(names "$MNT/bad.txt")" 'easelfs.error easelfs.state ' 'more there is not'
: >"$MNT/blank.txt"
ok 'a blank one' wait_state blank.txt draft
is "$(of "$MNT/blank.txt" easelfs.state)" draft 'is a draft'
printf 'n: 2\n\ntwo\n' >"$MNT/two.txt"
ok 'two pictures' wait_state two.txt completed
is "$(of "$MNT/two.txt" easelfs.task | grep -c task)" 2 'have two tasks'

echo 'no prompt' >"$MNT/notes.text"
is "$(names "$MNT/notes.text")" '' 'what is no prompt has none'
ln -s cat.txt "$MNT/link.txt"
is "$(timeout 5 getfattr -h --absolute-names -n user.easelfs.state "$MNT/link.txt" 2>&1 | grep -c =)" 0 'nor has a symbolic link'

ok 'an attribute of the user is stored' timeout 5 setfattr -n user.mine -v x "$MNT/cat.txt"
is "$(of "$MNT/cat.txt" mine)" x 'and read'
is "$(names "$MNT/cat.txt")" 'easelfs.progress easelfs.state easelfs.task mine ' 'and listed with the others'
ok 'one of ours can be set' timeout 5 setfattr -n user.easelfs.state -v perfect "$MNT/cat.txt"
is "$(of "$MNT/cat.txt" easelfs.state)" completed 'which changes nothing'
ok 'and removed' timeout 5 setfattr -x user.easelfs.state "$MNT/cat.txt"
is "$(of "$MNT/cat.txt" easelfs.state)" completed 'nor does that'
ok 'cp takes a prompt with all of them' timeout 5 cp --preserve=xattr "$MNT/cat.txt" "$MNT/dog.txt"
is "$(of "$MNT/dog.txt" mine)" x 'the user'"'"'s go along'
ok 'the copy is a prompt of its own' wait_state dog.txt completed
is "$(bill '.prompts["held back"].accepted')" 1 'whose picture was there'

# --- pictures ---

is "$(of "$MNT/out/cat.png" easelfs.prompt)" 'held back' 'a picture knows its prompt'
is "$(of "$MNT/out/cat.png" easelfs.task)" "$(of "$MNT/cat.txt" easelfs.task)" 'its task'
is "$(of "$MNT/out/cat.png" easelfs.model) $(of "$MNT/out/cat.png" easelfs.provider)" 'nano-banana sandbox' 'its model and provider'
is "$(of "$MNT/out/cat.png" xdg.comment)" 'held back' 'freedesktop'"'"'s comment'
url=$(of "$MNT/out/cat.png" xdg.origin.url)
like "$url" "^$RESULTS_URL/[^?]*$" 'and origin'
curl -s --max-time 10 "$url" >"$WORK/origin.png"
ok 'where the very same bytes are' cmp "$WORK/origin.png" "$MNT/out/cat.png"
printf 'size: 16:9\nmodel: nano-banana-2\nresolution: 2K\n\na wide one\n' >"$MNT/wide.txt"
ok 'one with settings' wait_state wide.txt completed
is "$(of "$MNT/out/wide.png" easelfs.settings)" $'ratio: 16:9\nresolution: 2K\nn: 1' 'says them'
is "$(of "$MNT/out/dog.png" easelfs.prompt)" 'held back' 'a picture that was copied knows its prompt, too'

{ printf 'x'; for _ in {1..700}; do printf 'ä'; done; echo; } >"$MNT/long.txt"
ok 'a long prompt' wait_state long.txt completed
of "$MNT/out/long.png" easelfs.prompt >"$WORK/prompt"
is "$(wc -c <"$WORK/prompt")" 1023 'is cut to 1 KiB'
ok 'between two characters' iconv -f UTF-8 -t UTF-16 -o /dev/null "$WORK/prompt"

ok 'cp --preserve=xattr' timeout 5 cp --preserve=xattr "$MNT/out/wide.png" "$WORK/kept.png"
is "$(names "$WORK/kept.png")" "$(names "$MNT/out/wide.png")" 'keeps them all'
is "$(of "$WORK/kept.png" easelfs.prompt)" 'a wide one' 'as they were'
ok 'a user changes one' timeout 5 setfattr -n user.xdg.comment -v mine "$MNT/out/wide.png"
echo 'a wide one, again' >"$MNT/wide.txt"
ok 'another text' wait_state wide.txt completed
is "$(of "$MNT/history/wide.1.png" xdg.comment)" mine 'the earlier picture keeps its own in history/'
is "$(of "$MNT/out/wide.png" xdg.comment)" 'a wide one, again' 'the new one has its own'
umount_it
is "$(of "$MNT/out/cat.png" easelfs.prompt)" 'held back' 'they stay when it is unmounted'
is "$(names "$MNT/cat.txt")" 'mine ' 'those of prompts do not'

# --- a source without such attributes ---

if [ "$(id -u)" = 0 ]; then
	mkdir "$WORK/plain"
	mount -t ramfs -o mode=755 none "$WORK/plain" || die 'ramfs cannot be mounted'
	ok 'there are none there' not setfattr -n user.x -v y "$WORK/plain"
	mount_fg "$WORK/plain" "$WORK/shown"
	echo 'without' >"$MNT/cat.txt"
	ok 'a picture is made' wait_state cat.txt completed
	ok 'whole' timeout 5 grep -q IEND "$MNT/out/cat.png"
	is "$(names "$MNT/out/cat.png")" '' 'without attributes'
	is "$(names "$MNT/cat.txt")" 'easelfs.progress easelfs.state easelfs.task ' 'prompts have theirs all the same'
	umount_it
	umount "$WORK/plain"
else
	pass 'a source without such attributes # SKIP only root mounts one'
fi

done_testing
