#!/bin/bash
# Renamed, saved by editors, deleted: what becomes of the record and the pictures.
. "$(dirname "$0")/lib.sh"
setup --time 0.1
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
mount_fg

easelfs() { timeout 20 "$O/easelfs" "$@"; }
hold() { control POST faults "{\"on\":\"submit\",\"match\":\"$1\",\"do\":\"hold\",\"count\":-1}" >/dev/null; }
let_go() {
	control DELETE faults >/dev/null
	control POST release >/dev/null
}
submits() { bill .submits_seen; }
revision_of() { timeout 5 jq -r .revision "$MNT/status/$1.json"; }
# write PROMPT TEXT: and its picture.
write() {
	echo "$2" >"$MNT/$1"
	easelfs wait "$MNT/$1"
}
there() { timeout 5 test -e "$MNT/$1"; }
not_there() { ! there "$1"; }
# comes NAME: within two seconds.
comes() { eventually 2 there "$1"; }
goes() { eventually 2 not_there "$1"; }
same() { timeout 5 cmp "$WORK/$1" "$MNT/$2"; }
keep() { timeout 5 cp "$MNT/$1" "$WORK/$2"; }
# Whatever was to be sent for what was said so far has been sent: a later prompt is through.
mark=0
settled() {
	mark=$((mark + 1))
	sleep 0.3                     # what settles for 0.2 s
	write "mark$mark.txt" "mark $mark"
}

# --- mv ---

write a.txt 'the first text'
keep out/a.png first.png
write a.txt 'the second text'
keep out/a.png second.png
before=$(submits)
timeout 5 mv "$MNT/a.txt" "$MNT/b.txt"
is "$(state_of b.txt)" completed 'after mv the new name has the record'
is "$(revision_of b.txt)" 2 'with its revision'
ok 'the old name has none' not_there status/a.txt
ok 'the picture follows' comes out/b.png
ok 'it is the same' same second.png out/b.png
ok 'the old name goes' goes out/a.png
ok 'history follows' comes history/b.1.png
ok 'it is the same, too' same first.png history/b.1.png
ok 'and leaves' goes history/a.1.png
ok 'wait/ knows the new name' timeout 5 cmp "$MNT/wait/b.png" "$WORK/second.png"
ok 'and not the old one' not_there wait/a.png
settled
is "$(submits)" $((before + 1)) 'nothing was sent for that'

timeout 5 mkdir "$MNT/sub"
timeout 5 mv "$MNT/b.txt" "$MNT/sub/c.md"
ok 'into a folder, with another suffix' comes out/sub/c.png
ok 'with history' comes history/sub/c.1.png
is "$(state_of sub/c.md)" completed 'and record'
hold running
echo 'a running one' >"$MNT/run.txt"
ok 'one that runs' wait_state run.txt running
timeout 5 mv "$MNT/run.txt" "$MNT/ran.txt"
is "$(state_of ran.txt)" running 'runs on under its new name'
reader ran.png "$WORK/ran.png"
parked "$READER"
let_go
wait "$READER"
is $? 0 'its picture comes'
ok 'under the new name' same ran.png out/ran.png
ok 'alone' not_there out/run.png
is "$(bill '.prompts["a running one"].accepted')" 1 'paid for once'

# --- a folder ---

timeout 5 mkdir -p "$MNT/trip/day"
write trip/one.txt 'trip one'
write trip/day/two.txt 'trip two'
keep out/trip/one.png one.png
keep out/trip/day/two.png two.png
write trip/one.txt 'trip one again'
keep out/trip/one.png one2.png
before=$(submits)
timeout 5 mv "$MNT/trip" "$MNT/journey"
is "$(state_of journey/one.txt)" completed 'a folder takes its records along'
is "$(state_of journey/day/two.txt)" completed 'those of its folders, too'
ok 'and the pictures' comes out/journey/one.png
ok 'of its folders, too' comes out/journey/day/two.png
ok 'they are the same' same one2.png out/journey/one.png
ok 'both' same two.png out/journey/day/two.png
ok 'history as well' comes history/journey/one.1.png
ok 'the same' same one.png history/journey/one.1.png
ok 'the old folder of pictures has none left' goes out/trip/one.png
ok 'wait/ follows' timeout 5 cmp "$MNT/wait/journey/day/two.png" "$WORK/two.png"
settled
is "$(submits)" $((before + 1)) 'nothing was sent for that'

# --- over another prompt ---

write over.txt 'one that comes over another'
write under.txt 'one that is replaced'
keep out/over.png over.png
keep out/under.png under.png
before=$(submits)
timeout 5 mv "$MNT/over.txt" "$MNT/under.txt"
replaced() { same over.png out/under.png; }
ok 'the newcomer brings its picture' eventually 3 replaced
is "$(timeout 5 cat "$MNT/under.txt")" 'one that comes over another' 'and its text'
kept() { cat "$MNT"/history/under.*.png 2>/dev/null | cmp - "$WORK/under.png"; }
ok 'the picture of the other is kept in history/' eventually 3 kept
settled
is "$(submits)" $((before + 1)) 'nothing was sent for that'

# --- two that get each other's name ---

exchange() { timeout 5 "$O/tests/tools/exchange" "$MNT/$1" "$MNT/$2"; }
write left.txt 'the left one, at first'
write left.txt 'the left one'
write right.txt 'the right one'
keep out/left.png left.png
keep out/right.png right.png
keep history/left.1.png left.1.png
hold 'exchanged'
echo 'exchanged while it runs' >"$MNT/runs.txt"
ok 'one that runs' wait_state runs.txt running
reader right.png "$WORK/unused" && wait "$READER"
reader runs.png "$WORK/follows"
parked "$READER"
before=$(submits)
ok 'two prompts are exchanged' exchange left.txt right.txt
is "$(revision_of right.txt) $(revision_of left.txt)" '2 1' 'and so are their records'
exchanged() { same left.png out/right.png && same right.png out/left.png; }
ok 'their pictures' eventually 3 exchanged
ok 'and their history' comes history/right.1.png
ok 'which is the same' same left.1.png history/right.1.png
ok 'exchanged once more' exchange left.txt right.txt
back() { same left.png out/left.png && same right.png out/right.png; }
ok 'all is as it was' eventually 3 back
ok 'one that is finished and one that runs' exchange right.txt runs.txt
is "$(state_of right.txt) $(state_of runs.txt)" 'running completed' 'are exchanged'
let_go
wait "$READER"
is $? 0 'who waits for it goes along'
ok 'and has its picture' same follows out/right.png
ok 'the other has the other one' same right.png out/runs.png
is "$(timeout 5 find "$MNT/out" "$MNT/history" -name '.exchange*')" '' 'nothing is left between the two'
settled
is "$(submits)" $((before + 1)) 'nothing was sent for all that'

timeout 5 mkdir "$MNT/east" "$MNT/west"
write east/both.txt 'in the east'
write west/both.txt 'in the west'
write west/only.txt 'in the west only'
keep out/east/both.png east.png
keep out/west/both.png west.png
before=$(submits)
ok 'two folders are exchanged' exchange east west
exchanged() { same east.png out/west/both.png && same west.png out/east/both.png && there out/east/only.png; }
ok 'with their pictures' eventually 3 exchanged
is "$(state_of east/only.txt)" completed 'and records'
ok 'of both' not_there status/west/only.txt
settled
is "$(submits)" $((before + 1)) 'nothing was sent for that'

# An editor that writes a new file and exchanges it with the old one has edited that.
echo 'the right one, edited' >"$MNT/right.txt.new"
ok 'a new text is exchanged with an old one' exchange right.txt.new right.txt
ok 'and is made' easelfs wait "$MNT/right.txt"
is "$(revision_of right.txt)" 2 'as the next revision'

# --- as editors save ---

# What vim does: the old file becomes p.txt~, a new one is written, p.txt~ goes.
save_as_vim() {
	timeout 5 mv "$MNT/$1" "$MNT/$1~" &&
		echo "$2" >"$MNT/$1" &&
		timeout 5 rm "$MNT/$1~"
}
write vim.txt 'as vim saves'
keep out/vim.png vim.png
before=$(submits)
save_as_vim vim.txt 'as vim saves'
settled
is "$(submits)" $((before + 1)) 'saved as vim does with the same text: nothing is sent'
is "$(revision_of vim.txt)" 1 'it is the same revision'
ok 'with its picture' same vim.png out/vim.png
save_as_vim vim.txt 'as vim saves, changed'
ok 'with another text it is made' easelfs wait "$MNT/vim.txt"
is "$(revision_of vim.txt)" 2 'as the next revision'
ok 'the old picture is in history/' same vim.png history/vim.1.png
ok 'nothing was made of the backup' not_there out/vim.txt~.png

# What many others do: a new file is renamed over the old one.
write gio.txt 'as gio saves'
before=$(submits)
echo 'as gio saves' >"$MNT/.goutputstream-X"
timeout 5 mv "$MNT/.goutputstream-X" "$MNT/gio.txt"
settled
is "$(submits)" $((before + 1)) 'the same text renamed over it: nothing is sent'
echo 'as gio saves, changed' >"$MNT/.goutputstream-Y"
timeout 5 mv "$MNT/.goutputstream-Y" "$MNT/gio.txt"
ok 'another text is made' easelfs wait "$MNT/gio.txt"
is "$(revision_of gio.txt)" 2 'as the next revision'
sed -i 's/changed/edited/' "$MNT/gio.txt"
ok 'sed -i' easelfs wait "$MNT/gio.txt"
is "$(revision_of gio.txt)" 3 'too'

# Away and back, as a trash can does it.
write trash.txt 'to be thrown away'
keep out/trash.png trash.png
timeout 5 mkdir "$MNT/.Trash-1000"
before=$(submits)
timeout 5 mv "$MNT/trash.txt" "$MNT/.Trash-1000/"
ok 'in the trash it has no status' not_there status/trash.txt
timeout 5 mv "$MNT/.Trash-1000/trash.txt" "$MNT/"
ok 'brought back it has its record' wait_state trash.txt completed 3
settled
is "$(submits)" $((before + 1)) 'and nothing is sent'
ok 'its picture is there' same trash.png out/trash.png

# --- deleted ---

hold doomed
echo 'a doomed one' >"$MNT/del.txt"
ok 'one that runs' wait_state del.txt running
reader del.png "$WORK/del"
parked "$READER"
timeout 5 rm "$MNT/del.txt"
ok 'a deleted prompt has no status' not_there status/del.txt
wait "$READER"
is $? 1 'its readers go'
like "$(cat "$WORK/del.err")" 'No such file|Input/output error' 'with an error'
let_go
arrived() { [ -n "$(find "$MNT/history" -name 'del.*')" ]; }
ok 'its picture arrives in history/' eventually 15 arrived
ok 'not in out/' not_there out/del.png
write keep.txt 'to be kept'
timeout 5 rm "$MNT/keep.txt"
ok 'the picture of a deleted prompt stays' there out/keep.png

# --- what is not ours ---

timeout 5 mkdir -p "$MNT/out"
echo 'I am not a picture of yours' >"$WORK/foreign"
timeout 5 cp "$WORK/foreign" "$MNT/out/mine.png"
write mine.txt 'my picture'
ok 'a foreign file gives way' not same foreign out/mine.png
kept_foreign() { cat "$MNT"/history/mine.*.png | cmp - "$WORK/foreign"; }
ok 'into history/' kept_foreign
write edited.txt 'to be painted over'
echo 'painted over' | timeout 5 tee -a "$MNT/out/edited.png" >/dev/null
keep out/edited.png edited.png
write edited.txt 'to be painted anew'
ok 'a picture that was edited is kept, too' same edited.png history/edited.1.png

# --- a crash before two renames of the same were followed ---

write late.txt 'late, the first'
write late.txt 'late, the second'
timeout 5 mkdir "$MNT/f"
write f/x.txt 'in a folder, the first'
write f/x.txt 'in a folder, the second'
ok 'there is a history' eventually 5 there history/f/x.1.png
umount_it
# What the journal says then: the rows are those of the last name, the rest is intended.
hex() { printf %s "$1" | od -An -tx1 | tr -d ' \n'; }
intends() { printf '%s %s %s\n' "$1" "$(hex "$2")" "$(hex "$3")"; }
mv "$WORK/gen/late.txt" "$WORK/gen/latest.txt"
mv "$WORK/gen/f" "$WORK/gen/h"
sqlite3 "$WORK/gen/.easelfs/journal.db" \
	"UPDATE prompts SET path = 'latest.txt', stem = 'latest' WHERE path = 'late.txt'" \
	"UPDATE prompts SET path = 'h/x.txt', stem = 'h/x' WHERE path = 'f/x.txt'" \
	"INSERT INTO facts VALUES ('moves', '$(intends file late later.txt; intends file later latest.txt
		intends folder f g; intends folder g h)')"
mount_fg
ok 'the picture follows to the last name' comes out/latest.png
ok 'and its history' comes history/latest.1.png
ok 'of a folder, too' comes out/h/x.png
ok 'with its history' comes history/h/x.1.png
is "$(timeout 5 ls "$MNT/out" "$MNT/history" | grep -c '^late\.\|^later\|^[fg]$')" 0 'nothing is left behind'
umount_it
done_testing
