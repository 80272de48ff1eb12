#!/bin/bash
# What may have been paid for is given up by a person only, not by an edit or a deletion.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1
config <<-END
	[provider google]
	url = $SANDBOX_URL
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o provider=google,model=nano-banana-2,settle=0.02,budget=none,log=debug || die 'it cannot be mounted'

said() { [ "$(grep -ce "$1" "$WORK/daemon.log")" = "$2" ]; }
has_task() { timeout 10 cat "$MNT/status/$1.json" | jq -e --arg state "$2" 'any(.tasks[]; .state == $state)'; }
# States of the tasks of a prompt's first revision, as the journal of an unmounted folder has them.
states() {
	sqlite3 "$WORK/gen/.easelfs/journal.db" "SELECT tasks.state FROM tasks JOIN jobs ON tasks.job = jobs.id
		WHERE jobs.revision = 1 AND jobs.request LIKE '%$1%' ORDER BY 1" | paste -sd ' '
}

# Of two pictures one is lost on the way, while the other is still being made.
for text in edited deleted; do
	fault "{\"on\":\"submit\",\"match\":\"is $text\",\"do\":\"drop_after\"}"
	fault "{\"on\":\"submit\",\"match\":\"is $text\",\"do\":\"hold\"}"
	prompt $text.txt $'n: 2\n\none that is '$text
done
ok 'one of each is unknown' eventually 10 said '-> unknown' 2
prompt edited.txt 'another text'
ok 'after an edit the newer text is completed' wait_state edited.txt completed
timeout 10 rm "$MNT/deleted.txt"
control POST release >/dev/null
# That of the deleted one after ten seconds, in which an editor might have written it anew.
ok 'the other one comes to history/' eventually 30 eval '[ "$(ls "$MNT"/history/*.png | wc -l)" = 2 ]'

# Of two pictures one is lost, and the other one refused for now: a retry is for what the status shows.
for status in 402 429; do
	fault "{\"on\":\"submit\",\"match\":\"half $status\",\"do\":\"drop_after\"}"
	fault "{\"on\":\"submit\",\"match\":\"half $status\",\"do\":\"status\",\"status\":$status,\"headers\":{\"Retry-After\":\"600\"}}"
	prompt half$status.txt $'n: 2\n\nhalf '$status
	ok "$status: one is lost" eventually 20 has_task half$status.txt unknown
	[ $status = 402 ] && shown=stopped || shown=deferred
	ok "the other one is $shown, and so it shows" wait_state half$status.txt $shown
	ok 'it is retried' timeout 20 "$O/easelfs" retry "$MNT/half$status.txt"
	ok 'that picture comes, and the lost one is still unknown' wait_state half$status.txt unknown
	ok 'it is there' has_task half$status.txt completed
	is "$(bill ".prompts[\"half $status\"].accepted")" 2 'nothing was sent twice'
	ok 'what shows as unknown is retried' timeout 20 "$O/easelfs" retry "$MNT/half$status.txt"
	ok 'and made' wait_state half$status.txt completed
	is "$(bill ".prompts[\"half $status\"].accepted")" 3 'as a person said so'
done
umount_it
is "$(states 'is edited')" '7 10' 'an edit leaves the lost one unknown'
is "$(states 'is deleted')" '7 10' 'and so does a deletion'
done_testing
