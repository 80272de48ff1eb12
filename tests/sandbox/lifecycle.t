#!/bin/bash
# A task's way from queued to completed, and what tests can do to it.
. "$(dirname "$0")/lib.sh"
start --time 4 --submit-rpm 0 --query-rpm 0

one='{"model":"nano-banana","prompt":"x"}'
submit "$one"
task=$(field .id)
seen=
progress=
while [ "$(field .status)" != completed ] && [ "$SECONDS" -lt 40 ]; do
	poll "$task"
	seen+="$(field .status)"$'\n'
	progress+="$(field .progress)"$'\n'
done
is "$(uniq <<<"$seen" | xargs)" 'queued in_progress completed' 'queued, in_progress, completed'
is "$(sort -nc <<<"${progress%$'\n'}" 2>&1)" '' 'progress never falls'
ok 'progress rises in steps' [ "$(sort -u <<<"$progress" | wc -l)" -gt 5 ]
is "$(control GET tasks | jq '.[0].shortest_poll_gap_ms < 4000 and .[0].polls > 5')" true 'the sandbox knows how fast it was polled'

settings '{"time":-1}'
reset
submit "$one"
is "$(control GET 'wait?completed=1&timeout=0.2' | jq -r .reached)" false 'a task takes 6 to 12 seconds by itself'
settings '{"speed":1000}'
submit "$one"
is "$(control GET 'wait?completed=1&timeout=5' | jq -r .reached)" true 'unless there is speed'
control POST finish '{"all":true}' >/dev/null
is "$(bill .completed)" 2 'finish completes everything'
is "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$API/control/finish" -d '{"id":"no"}')" 404 'finish of nothing is 404'

settings '{"time":0}'
reset
fault '{"on":"submit","do":"hold","match":"held"}'
submit '{"model":"nano-banana","prompt":"held one"}'
held=$(field .id)
submit "$one"
control GET 'wait?completed=1&held=1' >/dev/null
poll "$held"
is "$(field .status)" queued 'a held task stays queued'
control POST release >/dev/null
is "$(control GET 'wait?completed=2&timeout=5' | jq -r .reached)" true 'release lets it go on'

settings '{"time":100,"speed":1}'
fault '{"on":"submit","do":"unknown_status"}'
submit "$one"
ID=$(field .id)
poll "$ID"
is "$(field '.status')" weird 'unknown_status on a submit: a word of its own while the task runs'
control POST finish "{\"id\":\"$ID\"}" >/dev/null
poll "$ID"
is "$(field .status)" completed 'but not at its end'
fault '{"on":"poll","do":"unknown_status","word":"odd"}'
poll "$ID"
is "$(field '[.status,.result]|map(tostring)|join(" ")')" 'odd null' 'unknown_status on a poll: in one reply'
poll "$ID"
is "$(field .status)" completed 'and no more'
fault '{"on":"poll","do":"fail_task","message":"late"}'
settings '{"time":100}'
submit "$one"
poll "$(field .id)"
is "$(field '.status+" "+.error.message')" 'failed late' 'a poll may make the task fail'
settings '{"first_status":"pending"}'
submit "$one"
poll "$(field .id)"
is "$(field .status)" pending 'newer models say pending'

# wait ends with the event, not with its timeout.
control GET 'wait?submits=20&timeout=10' >"$WORK/waited" &
waiting=$!
for ((i = 0; i < 40; i++)); do submit "$one"; [ "$(bill .accepted)" -lt 20 ] || break; done
wait $waiting
is "$(jq -r '"\(.reached) \(.accepted)"' "$WORK/waited")" 'true 20' 'wait ends at the 20th submit'
is "$(curl -s -o /dev/null -w '%{http_code}' "$API/control/wait?polls=100000&timeout=0")" 408 'a wait that times out is 408'
is "$(curl -s -o /dev/null -w '%{http_code}' "$API/control/wait?nonsense=1")" 400 'a wait for something unknown is 400'

finish_tests
