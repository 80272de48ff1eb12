#!/bin/bash
# What is in history/: nothing there ever gives way, each picture is there under its revision, and what is
# there is still known, so that an earlier text costs nothing.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0.1 --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	[provider google]
	url = $SANDBOX_URL
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o provider=sandbox,settle=0.05,budget=none,log=debug || die 'it cannot be mounted'

write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
completed() { timeout 30 "$O/easelfs" wait "${@/#/$MNT/}"; }
# made FILE TEXT: and keeps the picture as $WORK/TEXT.
made() {
	write "$1" "$2" && completed "$1" && timeout 10 cp "$MNT/out/${1%.*}.png" "$WORK/$2" || die "$1 was not made"
}
# pictures STEM: which there are of it, in both folders.
pictures() { (cd "$MNT" && timeout 10 find out history -type f ! -name '*.txt' 2>/dev/null) | grep -E "/$1[-.]" | sort | paste -sd ' '; }
has() { [ "$(pictures "$1")" = "$2" ]; }
same() { timeout 10 cmp "$WORK/$1" "$MNT/$2"; }

# --- an earlier text again --------------------------------------------------------------------------

made back.txt 'first'
made back.txt 'second'
write back.txt 'first'
ok 'back to the first text: completed' completed back.txt
is "$(accepted first),$(accepted second)" 1,1 'for nothing'
ok 'its picture is in out/ again' same first out/back.png
like "$(status_of back.txt)" 'note: same picture as back.txt' 'the status says where it is from'
ok 'both are in history/' eventually 10 has back 'history/back.1.png history/back.2.png out/back.png'
ok 'the first as the first' same first history/back.1.png
ok 'the second as the second' same second history/back.2.png

# --- deleted, and made again --------------------------------------------------------------------------

# The new picture often gets the inode of the old one, and has its name: it is not taken for it.
for round in {1..8}; do
	made deleted.txt "deleted $round"
	timeout 10 rm "$MNT/out/deleted.png"
	timeout 10 "$O/easelfs" again "$MNT/deleted.txt"
	completed deleted.txt
done
made after.txt 'after it'               # what was to follow has followed
is "$(pictures deleted)" "$(printf 'history/deleted.%d.png ' 10 12 14 2 4 6 8)out/deleted.png" \
	'a picture made again after its deletion stays in out/ until the next one comes'
is "$(for round in {1..8}; do accepted "deleted $round"; done | paste -sd ,)" 2,2,2,2,2,2,2,2 'each was made twice'

# --- a rename over another, each with a history -------------------------------------------------------

made over.txt 'over one'
made over.txt 'over two'
made under.txt 'under one'
made under.txt 'under two'
timeout 10 mv "$MNT/over.txt" "$MNT/under.txt"
ok 'over another: all are there' eventually 10 has under \
	'history/under.1-2.png history/under.1.png history/under.2.png out/under.png'
is "$(pictures over)" '' 'none under the old name'
ok 'the newcomer is shown' same 'over two' out/under.png
ok 'what was there is kept as the revision that it was' same 'under two' history/under.2.png
ok 'and so is what it had before' same 'under one' history/under.1.png
ok 'the older one of the newcomer gives way' same 'over one' history/under.1-2.png

# --- one that lost its name to another, and comes later where something is ----------------------------

fault '{"on":"submit","match":"orphan","do":"hold","count":-1}'
write late.txt 'orphan'
ok 'one runs' wait_state late.txt running
made taker.txt 'taker'
timeout 10 mv "$MNT/taker.txt" "$MNT/late.txt"
ok 'another has its name' wait_state late.txt completed
timeout 10 cp "$WORK/first" "$MNT/history/late.1.png"
control POST release >/dev/null
ok 'its picture comes to history/' eventually 10 has late 'history/late.1-2.png history/late.1.png out/late.png'
ok 'and not over what is there' same first history/late.1.png
is "$(accepted orphan)" 1 'it was paid for once'

# --- an older revision that comes while the newer one is half there --------------------------------

fault '{"on":"submit","match":"the older","do":"hold","count":2}'
write cross.txt $'n: 2\n\nthe older'
ok 'two run' control GET 'wait?held=2&timeout=20'
fault '{"on":"submit","match":"the newer","do":"hold","count":1}'
write cross.txt $'n: 2\n\nthe newer'
ok 'one of the newer is there' eventually 20 eval '[ -n "$(pictures cross)" ]'
first=$(pictures cross)
timeout 10 cp "$MNT/$first" "$WORK/newer"
for id in $(control GET tasks | jq -r '(.tasks? // .)[] | select(.prompt == "the older") | .id'); do
	control POST finish "{\"id\":\"$id\"}" >/dev/null
done
second=$(tr 12 21 <<<"$first")
ok 'the older one of that name goes to history/' eventually 20 has cross "$(printf '%s\n' "history/cross.1-${first//[!12]/}.png" "$first" "$second" | sort | paste -sd ' ')"
ok 'and not over the newer' same newer "$first"
control POST release >/dev/null
ok 'in the end the newer ones are shown' wait_state cross.txt completed
ok 'and the older are in history/' eventually 10 has cross 'history/cross.1-1.png history/cross.1-2.png out/cross-1.png out/cross-2.png'

# --- a revision that was never complete -------------------------------------------------------------

fault '{"on":"submit","match":"half of it","do":"fail_task","count":1}'
write half.txt $'n: 2\n\nhalf of it'
ok 'one of two fails' wait_state half.txt failed
write half.txt 'the whole of it'
ok 'one for both: completed' completed half.txt
ok 'the half that came goes to history/' eventually 10 eval '[[ $(pictures half) =~ ^history/half.1-[12].png\ out/half.png$ ]]'

# --- a folder that takes the name of one that had pictures ------------------------------------------

timeout 10 mkdir "$MNT/trip" "$MNT/tour"
made trip/a.txt 'trip a one'
made trip/a.txt 'trip a two'
made tour/b.txt 'tour b'
timeout 10 rm -r "$MNT/tour"
timeout 10 mv "$MNT/trip" "$MNT/tour"
ok 'into a folder that is there: the picture follows' eventually 10 has tour/a 'history/tour/a.1.png out/tour/a.png'
ok 'it is the newest' same 'trip a two' out/tour/a.png
ok 'with its history' same 'trip a one' history/tour/a.1.png
ok 'what is there stays' same 'tour b' out/tour/b.png
is "$(pictures trip/a)" '' 'and nothing is left behind'
ok 'wait/ knows it' timeout 10 cmp "$MNT/wait/tour/a.png" "$WORK/trip a two"

# --- who asks right after a rename ------------------------------------------------------------------

made nimble.txt 'nimble'
wrong=$(timeout 60 bash -c '
	for ((i = 0; i < 100; i++)); do
		mv "$1/nimble.txt" "$1/quick.txt" && cmp "$1/wait/quick.png" "$2"
		mv "$1/quick.txt" "$1/nimble.txt" && cmp "$1/wait/nimble.png" "$2"
	done' - "$MNT" "$WORK/nimble" 2>&1 | head -n 3)
is "$wrong" '' 'wait/ has the picture however soon after a rename'

# An earlier text is known under the new name.
write was.txt 'was, the first'
ok 'before a rename: completed' completed was.txt
write was.txt 'was, the second'
ok 'and a second text' eventually 20 has was 'history/was.1.png out/was.png'
timeout 10 mv "$MNT/was.txt" "$MNT/is.txt"
ok 'both pictures follow' eventually 10 has is 'history/is.1.png out/is.png'
write is.txt 'was, the first'
ok 'back to the first text: it has its picture' eventually 20 has is 'history/is.1.png history/is.2.png out/is.png'
is "$(bill '.prompts["was, the first"].accepted')" 1 'which was paid for once'

# --- what comes beside pictures ---------------------------------------------------------------------

write words.txt $'provider: google\nmodalities: TEXT, IMAGE\nn: 2\n\ntwo with words'
ok 'two with words: completed' completed words.txt
texts() { (cd "$MNT" && timeout 10 find out -name '*.reply.txt') | sort | paste -sd ' '; }
has_texts() { [ "$(texts)" = "$1" ]; }
ok 'each has its own' eventually 10 has_texts 'out/words-1.reply.txt out/words-2.reply.txt'
timeout 10 mv "$MNT/words.txt" "$MNT/said.txt"
ok 'which follow a rename' eventually 10 has_texts 'out/said-1.reply.txt out/said-2.reply.txt'
control POST settings '{"drafts":2}' >/dev/null
fault '{"on":"submit","match":"nothing but drafts","do":"draft_only"}'
write only.txt $'provider: google\n\nnothing but drafts'
ok 'drafts are in history/' eventually 20 has only 'history/only.1.draft-1.png history/only.1.draft-2.png out/only.png'
timeout 10 mv "$MNT/only.txt" "$MNT/lone.txt"
ok 'and follow, too' eventually 10 has lone 'history/lone.1.draft-1.png history/lone.1.draft-2.png out/lone.png'

umount_it
is "$(ls "$WORK/gen/.easelfs/incoming")" '' 'nothing unfinished is left behind'
done_testing
