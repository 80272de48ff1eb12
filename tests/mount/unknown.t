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

fault() { control POST faults "$1" >/dev/null || die "fault $1"; }
prompt() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
said() { [ "$(grep -ce "$1" "$WORK/daemon.log")" = "$2" ]; }
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
umount_it
is "$(states 'is edited')" '7 10' 'an edit leaves the lost one unknown'
is "$(states 'is deleted')" '7 10' 'and so does a deletion'
done_testing
