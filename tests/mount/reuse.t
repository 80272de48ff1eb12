#!/bin/bash
# The same request twice in one tree: one charge, two pictures, and the status says where it is from.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0.3
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
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

umount_it
done_testing
