#!/bin/bash
# easelfs status: plain lines for programs, columns for a terminal, and both again and again; and what is wrong with
# the configuration of a mount.
. "$(dirname "$0")/lib.sh" || exit
setup --canned
config <<-END
	first-look = 0.05
	poll-min = 0.05
	[defaults]
	provider = sandbox
	settle = 0.02
END
CONFIG=$XDG_CONFIG_HOME/easelfs/config
easelfs() { timeout 30 "$O/easelfs" "$@"; }

# terminal COMMAND: what it writes to a terminal of 100 columns and 12 lines, without CRs.
terminal() {
	TERM=xterm timeout 30 script -qec "stty cols 100 rows 12; exec $1" /dev/null </dev/null | tr -d '\r'
}

mount_fg || die 'it cannot be mounted'
cd "$MNT" || exit
echo 'a cat' >cat.txt
ok 'a prompt is made' easelfs wait cat.txt
printf 'size: wide\n\na cat\n' >wide.txt
ok 'another fails' wait_state wide.txt failed
control POST faults '{"on":"submit","match":"slow","do":"hold","count":-1}' >/dev/null
echo 'a slow cat' >slow.txt
ok 'a third is under way' wait_state slow.txt running

# --- a list ---

is "$(easelfs status | head -n 1)" 'PROMPT                            STATE         DETAIL' 'without a terminal there are plain lines'
like "$(easelfs status)" 'cat.txt +completed +out/cat.png' 'of a picture'
like "$(easelfs status)" 'wide.txt +failed +.*does not take size "wide"' 'and of a reason'
ok 'and nothing but text' not grep -q $'\033' <(easelfs status)
said=$(terminal "$O/easelfs status")
like "$said" 'PROMPT +STATE +PROGRESS +AGE +USD  DETAIL' 'a terminal gets a table'
like "$said" $'cat\\.txt +\033\\[32mcompleted +\033\\[0m\\[#{10}\\] 100% +[0-9]+s +free +out/cat\\.png' 'with colour, progress, age and cost'
like "$said" 'slow\.txt.*running +' 'of what is under way, too'
longest=$(NO_COLOR=1 terminal "$O/easelfs status" | wc -L)
ok "no line is longer than the terminal ($longest)" test "$longest" -le 100
ok 'NO_COLOR is obeyed' not grep -q $'\033\\[[0-9]' <(NO_COLOR=1 terminal "$O/easelfs status")

# --- again and again ---

timeout 60 "$O/easelfs" status --watch >"$WORK/watch" 2>&1 &
watch=$!
ok 'without a terminal, watching says what is' eventually 10 grep -q '^slow.txt  *running' "$WORK/watch"
control DELETE faults >/dev/null
control POST release >/dev/null
ok 'and each change' eventually 10 grep -q '^slow.txt  *completed .*out/slow.png' "$WORK/watch"
is "$(grep -c '^cat.txt' "$WORK/watch")" 1 'and nothing twice'
kill "$watch"
wait "$watch" 2>/dev/null
TERM=xterm timeout 60 script -qfec "stty cols 100 rows 6; exec $O/easelfs status --watch" "$WORK/screen" </dev/null >/dev/null 2>&1 &
watch=$!
ok 'a terminal is written over' eventually 10 grep -q $'\033\\[2J.*PROMPT\|\033\\[2J' "$WORK/screen"
for i in 1 2 3 4 5 6; do echo "a cat, $i" >"more$i.txt"; done
ok 'with as many lines as it has' eventually 15 grep -q '… and [0-9]* more' "$WORK/screen"
kill "$watch"
wait "$watch" 2>/dev/null

# --- a mistake in the configuration ---

easelfs wait ./*.txt >/dev/null 2>&1
like "$(cat .easelfs/stats)" '^pictures-today' 'statistics say nothing of a configuration that is right'
cp "$CONFIG" "$WORK/config"
printf '[defaults]\nbugdet = 3\n' >"$CONFIG"
ok 'a mistake stands in the statistics' eventually 10 grep -q "^config-error: $CONFIG:2: unknown option \"bugdet\": did you mean \"budget\".*before stays in force" .easelfs/stats
like "$(easelfs status 2>&1 >/dev/null)" "^easelfs: $CONFIG:2: unknown option \"bugdet\"" 'easelfs status says it'
like "$(easelfs status cat.txt 2>&1 >/dev/null)" "^easelfs: $CONFIG:2: unknown option" 'of one prompt, too'
printf '[provider sandbox]\nurll = x\n' >"$CONFIG"
ok 'one in a provider, too' eventually 10 grep -q "^config-error: $CONFIG:2: unknown key \"urll\"" .easelfs/stats
{ cat "$WORK/config"; echo 'size = 17:9'; } >"$CONFIG"
ok 'and a value that no model takes' eventually 10 grep -q '^config-error: .*17:9' .easelfs/stats

# --- what is changed while mounted ---

cat "$WORK/config" - >"$CONFIG" <<-END
	size = 16:9
	budget = 1000
	reuse = no
END
ok 'it goes when it is mended' eventually 10 not grep -q '^config-error' .easelfs/stats
ok 'a new budget holds at once' eventually 10 grep -q '^pictures-today: .* of 1000$' .easelfs/stats
is "$(easelfs status 2>&1 >/dev/null)" '' 'easelfs status is silent again'
echo 'another cat' >another.txt
ok 'a prompt goes on' easelfs wait another.txt
like "$(status_of another.txt)" 'size: 16:9' 'new headers of [defaults] hold'
before=$(bill .accepted)
echo 'a cat' >twin.txt
echo 'a cat' >twin2.txt
ok 'and new options' easelfs wait twin.txt twin2.txt
is "$(bill .accepted)" $((before + 2)) 'nothing is reused any more'
cp "$WORK/config" "$CONFIG"
ok 'what is not said any more is as it was' eventually 10 grep -q '^pictures-today: .* of 100$' .easelfs/stats
cd / || exit
umount_it
changes=$(grep -c 'config has changed' "$WORK/daemon.log")
changed_again() { [ "$(grep -c 'config has changed' "$WORK/daemon.log")" -gt "$changes" ]; }
mount_fg -o budget=7 || die 'it cannot be mounted again'
{ cat "$WORK/config"; echo 'budget = 9'; } >"$CONFIG"
ok 'after another change of the file' eventually 10 changed_again
like "$(cat "$MNT/.easelfs/stats")" 'of 7' '-o is stronger than the configuration'
cd / || exit

done_testing
