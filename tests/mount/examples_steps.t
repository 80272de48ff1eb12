#!/bin/bash
# contrib/examples/steps: a picture that is edited step by step, goes on where it was, and is not paid for twice.
. "$(dirname "$0")/lib.sh"
STEPS=$(realpath "$(dirname "$0")/../../contrib/examples/steps/steps")
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
mount_fg || die 'it cannot be mounted'
cd "$MNT" || die 'the mount cannot be entered'
PATH=$O:$PATH

# steps [TEXT2 [TEXT3]]: four of them, whose second and third are else as ever.
steps() {
	timeout 60 "$STEPS" 'my house' 'size: that of a house' "${1:-make it night}" "${2:-add a ship}" 'as a woodcut' >"$WORK/out" 2>"$WORK/err"
}
reached() { cut -d. -f1 "$WORK/out" | paste -sd ' '; }
# is_of N: the N-th was made from the one before, as it is now.
is_of() {
	grep -F "sha256 $(sha256sum <"out/my house-$(($1 - 1)).png" | cut -c 1-64)" "status/my house-$1.txt"
}

ok 'four steps' steps
is "$(reached)" '1 2 3 4' 'are told'
is "$(bill .accepted)" 4 'for four pictures'
is "$(accepted 'size: that of a house')" 1 'a text that begins as a header does is a text'
for step in 2 3 4; do ok "step $step worked on the one before" is_of $step; done
ok 'again' steps
is "$(bill .accepted)" 4 'costs nothing'
ok 'with another third text' steps '' 'add a whale'
is "$(bill .accepted)" 6 'two are made anew'
ok 'the fourth from the new third' is_of 4
ok 'back' steps
is "$(bill .accepted)" 6 'costs nothing'
ok 'the fourth is from the old third again' is_of 4

fault '{"on":"submit","match":"make it noon","do":"fail_task","code":"content_policy_violation","count":1}'
ok 'it stops' not steps 'make it noon'
is "$(reached)" 1 'at the step that fails'
like "$(cat "$WORK/err")" 'my house-2.txt is failed: .*content_policy_violation' 'with the reason'
ok 'again it stops there' not steps 'make it noon'
is "$(accepted 'make it noon')" 1 'and buys nothing'
timeout 10 easelfs retry 'my house-2.txt'
ok 'after easelfs retry' steps 'make it noon'
is "$(reached),$(accepted 'make it noon'),$(bill .charged)" $'1 2 3 4,2,9' 'it goes on'

fault '{"on":"submit","match":"make it dawn","do":"hold","count":1}'
steps 'make it dawn' &
running=$!
ok 'a step runs' control GET 'wait?held=1&timeout=20'
kill $running
control POST release >/dev/null
ok 'after an end in the middle' steps 'make it dawn'
is "$(accepted 'make it dawn')" 1 'what was under way is not bought again'

rm 'out/my house-3.png'
ok 'it stops where a picture was deleted' not steps 'make it dawn'
like "$(cat "$WORK/err")" 'my house-3.png was deleted; easelfs again' 'and says so'

cd /
umount_it
done_testing
