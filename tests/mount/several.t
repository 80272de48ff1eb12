#!/bin/bash
# Models that make several pictures of one request: one charge for all, and each has its name.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.3
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	# With pixels, so that there is something else to note.
	[model sized-seeds]
	provider = sandbox
	id = doubao-seedream-4-0
	ratios = 1:1
	n-max = 4
	pixels = gemini-2.5-flash
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
write() { timeout 10 bash -c 'printf "model: seedream-4\n%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
named() { (cd "$MNT/out" && echo "$1"*); }

write four.txt 'n: 4

four seeds'
ok 'who waits for the third gets it' timeout 20 cmp "$MNT/wait/four-3.png" "$MNT/out/four-3.png"
ok 'four of one request: it is completed' wait_state four.txt completed
is "$(named four)" 'four-1.png four-2.png four-3.png four-4.png' 'four pictures'
is "$(bill '[.accepted, .pictures] | @csv')" 1,4 'one request for four'
is "$(timeout 10 cat "$MNT/wait/four-5.png" 2>&1 | grep -c 'No such file')" 1 'there is no fifth'
write same.txt 'n: 4

four seeds'
ok 'the same again: it is completed' wait_state same.txt completed
is "$(named same)" 'same-1.png same-2.png same-3.png same-4.png' 'four copies'
is "$(bill .accepted)" 1 'for nothing'
# A result with three addresses, of pictures that are there: what lacks is said beside what else there is to say.
addresses=$(control GET requests | jq -c --arg at "$RESULTS_URL" \
	'[.[] | select(.listener == "results" and .status == 200) | {url: ($at + .path)}] | unique | .[:3]')
control POST faults "{\"on\":\"poll\",\"do\":\"status\",\"status\":200,\"count\":1,\"body\":{\"id\":\"x\",\"status\":\"completed\",\"result\":{\"data\":$addresses}}}" >/dev/null
timeout 10 bash -c 'printf "model: sized-seeds\nsize: 1:1\nn: 4\n\nfour that lack one\n" >"$1/lacks.txt"' - "$MNT"
ok 'three of four: it is completed' wait_state lacks.txt completed
is "$(named lacks)" 'lacks-1.png lacks-2.png lacks-3.png' 'three of four: all that came are there'
like "$(status_of lacks.txt)" 'note: 3 of 4 pictures came; the picture is 256x256 pixels' 'three of four: the status says so'
ok 'three of four: nobody waits for the fourth' not timeout 10 cat "$MNT/wait/lacks-4.png"
is "$(bill '.prompts["four that lack one"].accepted')" 1 'three of four: by one request'

timeout 10 mv "$MNT/four.txt" "$MNT/seeds.txt"
ok 'renamed: all follow' eventually 10 test -s "$MNT/out/seeds-4.png"
is "$(named seeds) $(named four)" 'seeds-1.png seeds-2.png seeds-3.png seeds-4.png four*' 'and none stays behind'
write four.txt '
a new one of that name'
ok 'a new prompt of the old name: it is completed' wait_state four.txt completed
is "$(named four)" four.png 'with a picture of its own'

umount_it
done_testing
