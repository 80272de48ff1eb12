#!/bin/bash
# The same request twice in one tree: one charge, two pictures, and the status says where it is from.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0.3
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	[provider lossy]
	like = google
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	[model lossy]
	provider = lossy
	id = gemini-2.5-flash-image
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'

write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
completed() { timeout 30 "$O/easelfs" wait "${@/#/$MNT/}"; }
same() { timeout 10 cmp "$MNT/out/$1" "$MNT/out/$2"; }

# --- after the first one is finished ----------------------------------------------------------------

write one.txt 'a red cat'
ok 'the first is completed' completed one.txt
write two.md 'a red cat'
ok 'the second is completed' completed two.md
is "$(bill .accepted)" 1 'one charge'
ok 'with the same picture' same one.png two.png
like "$(status_of two.md)" 'note: same picture as one.txt; "easelfs again two.md" makes a new one' 'its status says so'
not_linked() { [ "$(timeout 5 stat -c %h "$MNT/out/two.png")" = 1 ]; }
ok 'as a file of its own' not_linked

# --- while the first one is under way ---------------------------------------------------------------

control POST faults '{"on":"submit","do":"hold","count":-1}' >/dev/null
write a.txt 'a blue cat'
control GET 'wait?submits=2' >/dev/null
write b.txt 'a blue cat'
write c.txt 'a blue cat'
ok 'another one waits for it' eventually 10 _has_state b.txt queued
control DELETE faults >/dev/null
control POST release >/dev/null
ok 'all three are completed' completed a.txt b.txt c.txt
is "$(bill '.prompts["a blue cat"].accepted')" 1 'one charge for the three'
ok 'the same picture' same a.png b.png
ok 'in all of them' same a.png c.png

# --- when the first one fails, the next one is asked for --------------------------------------------

control POST faults '{"on":"submit","do":"fail_task","match":"green","count":1,"code":"generation_failed","message":"no"}' >/dev/null
write f.txt 'a green cat'
write g.txt 'a green cat'
ok 'one of the two is completed' timeout 30 bash -c '"$1" wait "$2"; "$1" wait "$3"; "$1" status "$2" "$3" | grep -c completed | grep -qx 1' - "$O/easelfs" "$MNT/f.txt" "$MNT/g.txt"
is "$(bill '.prompts["a green cat"].charged')" 1 'one is paid for, the failed one was refunded'

# --- what is no source ------------------------------------------------------------------------------

timeout 5 bash -c 'echo edited >>"$1"' - "$MNT/out/one.png"
timeout 5 bash -c 'echo edited >>"$1"' - "$MNT/out/two.png"
write three.txt 'a red cat'
ok 'a third is completed' completed three.txt
is "$(bill '.prompts["a red cat"].accepted')" 2 'edited pictures are no source: a new one was made'

write four.txt 'reuse: no

a blue cat'
ok 'with "reuse: no"' completed four.txt
is "$(bill '.prompts["a blue cat"].accepted')" 2 'a new one is made'

again() { timeout 20 "$O/easelfs" again "$MNT/b.txt" && eventually 10 grep -q '^revision: 2' "$MNT/status/b.txt" && completed b.txt; }
ok '"again" makes a new one' again
is "$(bill '.prompts["a blue cat"].accepted')" 3 'and pays for it'
ok 'the first keeps its picture' same a.png c.png
# --- undone while it runs, and a deleted copy ------------------------------------------------------

control POST faults '{"on":"submit","do":"hold","match":"undo","count":-1}' >/dev/null
write u.txt 'undo me'
ok 'the first text runs' wait_state u.txt running
write u.txt 'undo me, or not'
ok 'then another' wait_state u.txt running
write u.txt 'undo me'
ok 'then the first again, which waits' wait_state u.txt queued
control DELETE faults >/dev/null
control POST release >/dev/null
ok 'it is completed' completed u.txt
is "$(bill '.prompts["undo me"].accepted')" 1 'the same text twice in one prompt is paid for once'

write v1.txt 'a violet cat'
ok 'a picture' completed v1.txt
write v2.txt 'a violet cat'
ok 'and its copy' completed v2.txt
timeout 5 rm "$MNT/out/v2.png"
write v3.txt 'a violet cat'
ok 'when the copy is deleted' completed v3.txt
is "$(bill '.prompts["a violet cat"].accepted')" 1 'the first one is still a source'

# --- the first one may be paid for, and waits for a person ------------------------------------------

command() { timeout 20 "$O/easelfs" "$1" "${@:2}"; }
lost() { write "$1" $'model: lossy\n\n'"$2"; }

fault '{"on":"submit","do":"hold","match":"a stopped cat"}'
write s1.txt 'a stopped cat'
ok 'one runs' wait_state s1.txt running
fault '{"on":"poll","do":"status","status":401}'
ok 'then the key is refused' wait_state s1.txt stopped
write s2.txt 'a stopped cat'
ok 'another one with the same text is stopped, too' wait_state s2.txt stopped
like "$(status_of s2.txt)" 'reason: same request as s1\.txt, which is stopped: the provider does not accept' 'its status says behind whom'
like "$(status_of s2.txt)" 'hint: it goes on with that one; easelfs again s2\.txt makes its own' 'and what to do'
ok 'wait/ does not wait for a person' not timeout 5 cat "$MNT/wait/s2.png"
write s1.txt 'a cat that goes on'
ok 'the first one is edited' eventually 10 grep -q '^revision: 2' "$MNT/status/s1.txt"
write s1.txt 'a stopped cat'
ok 'and edited back' eventually 10 grep -q '^revision: 3' "$MNT/status/s1.txt"
like "$(status_of s1.txt)" 'state: stopped.*reason: same request as an earlier text of s1\.txt, which is stopped' 'it is stopped behind itself'
is "$(accepted 'a stopped cat')" 1 'nothing more was sent'
ok 'with a retry' command retry "$MNT/s2.txt"
control POST release >/dev/null
ok 'all come' completed s1.txt s2.txt
ok 'with one picture' same s1.png s2.png
is "$(accepted 'a stopped cat')" 1 'for one charge'

fault '{"on":"submit","do":"drop_after","match":"a lost cat","count":1}'
for i in 1 2 3; do lost l$i.txt 'a lost cat'; done
one_unknown() { [ "$(timeout 10 cat "$MNT"/status/l?.txt | grep -c '^state: \(unknown\|stopped\)')" = 3 ]; }
ok 'of three with a lost reply none goes on' eventually 20 one_unknown
is "$(accepted 'a lost cat')" 1 'one was sent'
lost=$(grep -l '^state: unknown' "$MNT"/status/l?.txt) lost=${lost##*/}
others=$(cd "$MNT/status" && grep -l '^state: stopped' l?.txt)
like "$(status_of ${others%%$'\n'*})" "same request as $lost, which is unknown: .* closed the connection" 'the others say behind whom they are'
umount_it
wait "$DAEMON"
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
lost l4.txt 'a lost cat'
ok 'after a restart one more is stopped' wait_state l4.txt stopped
is "$(accepted 'a lost cat')" 1 'still one was sent'
fault '{"on":"submit","do":"drop_after","match":"a lost cat","count":1}'
ok 'again sends one of its own' command again "$MNT/l4.txt"
ok 'which is lost as well' wait_state l4.txt unknown
is "$(accepted 'a lost cat')" 2 'two were sent'
ok 'the first lost one is retried' command retry "$MNT/$lost"
# shellcheck disable=SC2086
ok 'and comes, and those behind it' completed $lost $others
is "$(accepted 'a lost cat')" 3 'as a person said so, once'
is "$(state_of l4.txt)" unknown 'the other lost one waits for a person'

fault '{"on":"submit","do":"drop_after","match":"a canceled cat","count":1}'
lost c1.txt 'a canceled cat'
ok 'one is lost' wait_state c1.txt unknown
lost c2.txt 'a canceled cat'
ok 'the next one is stopped behind it' wait_state c2.txt stopped
ok 'the lost one is given up' command cancel "$MNT/c1.txt"
ok 'then the next one is sent' completed c2.txt
is "$(accepted 'a canceled cat')" 2 'for a charge of its own'

umount_it
done_testing
