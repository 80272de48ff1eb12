#!/bin/bash
# What is thrown away can be taken back, after a second or a month: the prompt has its record and its
# pictures again, and nothing is paid for anew.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/clock.sh" || exit

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[defaults]
	provider = sandbox
END
clock_setup
mount_now() { mount_fg || die 'it cannot be mounted'; }
mount_now
trash=$MNT/.Trash-$(id -u)
home_trash=$XDG_DATA_HOME/Trash/files
mkdir -p "$home_trash"

write() {
	timeout 5 sh -c 'echo "$2" >"$1"' _ "$MNT/$1" "$2" && timeout 20 "$O/easelfs" wait "$MNT/$1"
}
there() { timeout 5 test -e "$MNT/$1"; }
picture() { timeout 5 sha256sum <"$MNT/$1"; }
of() { timeout 5 jq -r ".$2" "$MNT/status/$1.json"; }
is_restored() { [ "$(of "$1" state)" = completed ] && [ "$(of "$1" revision)" = 2 ]; }
month_passes() { clock_passes $((30 * 86400)) other.txt; }

declare -A now=() earlier=()
# remember FILE: both of its pictures.
remember() {
	now[$1]=$(picture "out/${1%.*}.png")
	earlier[$1]=$(picture "history/${1%.*}.1.png")
}

# is_back NAME FILE: as it was, with both.
is_back() {
	local stem=${2%.*}
	ok "$1: its record is there" eventually 10 is_restored "$2"
	is "$(picture "out/$stem.png")" "${now[$2]}" "$1: so is its picture"
	is "$(picture "history/$stem.1.png")" "${earlier[$2]}" "$1: and the earlier one"
	is "$(timeout 5 find "$MNT/history/$(dirname "$stem")" -name "$(basename "$stem").*" | wc -l)" 1 \
		"$1: and no other"
	ok "$1: wait/ has it" timeout 5 cmp "$MNT/wait/$stem.png" "$MNT/out/$stem.png"
}

ok 'a prompt that stays' write other.txt 'one that stays'
ok 'folders' timeout 5 mkdir -p "$MNT/trip/day"
paid=1
for file in quick.txt late.txt home.txt copied.txt trip/one.txt trip/day/two.txt; do
	ok "$file" write "$file" "the first text of $file"
	ok 'and its second text' write "$file" "the second text of $file"
	remember "$file"
	paid=$((paid + 2))
done

# --- the trash of the mount -------------------------------------------------------------------------

ok 'thrown away' timeout 10 gio trash "$MNT/quick.txt"
ok 'it lies in the trash of the mount' timeout 5 test -e "$trash/files/quick.txt"
ok 'without a status' not there status/quick.txt
timeout 5 mv "$trash/files/quick.txt" "$MNT/"
is_back 'taken back at once' quick.txt

timeout 10 gio trash "$MNT/late.txt" "$MNT/trip"
month_passes
ok 'a month later there is no status' not there status/late.txt
timeout 5 mv "$trash/files/late.txt" "$MNT/"
is_back 'taken back after a month' late.txt
timeout 5 mv "$trash/files/trip" "$MNT/"
is_back 'a folder' trip/one.txt
is_back 'and what is deep in it' trip/day/two.txt

# --- a trash elsewhere, from where it comes back as another file ------------------------------------

timeout 5 mv "$MNT/home.txt" "$home_trash/"
month_passes
timeout 5 mv "$home_trash/home.txt" "$MNT/"
is_back 'from the trash at home' home.txt
timeout 5 mv "$MNT/trip" "$home_trash/"
month_passes
timeout 5 mv "$home_trash/trip" "$MNT/"
is_back 'a folder from there' trip/one.txt
is_back 'and what is deep in it, too' trip/day/two.txt

timeout 5 cp "$MNT/copied.txt" "$WORK/copied.txt"
timeout 5 rm "$MNT/copied.txt"
month_passes
ok 'unmounted meanwhile' umount_it
cp "$WORK/copied.txt" "$MNT/copied.txt"
mount_now
is_back 'a copy of what was deleted' copied.txt

timeout 5 rm "$MNT/copied.txt"
month_passes
ok 'another text under an old name' write copied.txt 'the third text of copied.txt'
paid=$((paid + 1))
is "$(picture history/copied.1.png)" "${earlier[copied.txt]}" 'leaves the first picture where it is'

# --- under way --------------------------------------------------------------------------------------

control POST faults '{"on":"submit","match":"a slow one","do":"hold"}' >/dev/null
timeout 5 sh -c 'echo "a slow one" >"$1"' _ "$MNT/slow.txt"
ok 'one that is under way' wait_state slow.txt running
timeout 5 mv "$MNT/slow.txt" "$home_trash/"
clock_passes 60 other.txt
timeout 5 mv "$home_trash/slow.txt" "$MNT/"
ok 'taken back, still is' wait_state slow.txt running
control POST release >/dev/null
ok 'and its picture comes' timeout 20 cmp "$MNT/wait/slow.png" "$MNT/out/slow.png"
paid=$((paid + 1))

is "$(bill .accepted)" "$paid" 'nothing was paid for twice'
is "$(bill '[.prompts[] | select(.accepted != 1)] | length')" 0 'no text'

# --- what was thrown away with its pictures ---------------------------------------------------------

timeout 5 rm "$MNT/quick.txt" "$MNT/out/quick.png" "$MNT/history/quick.1.png"
month_passes
ok 'the same text without its picture' write quick.txt 'the second text of quick.txt'
ok 'is made again' there out/quick.png
is "$(bill '.prompts["the second text of quick.txt"].accepted')" 2 'and paid for again'
ok 'unmounted' umount_it
done_testing
