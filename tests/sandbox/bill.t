#!/bin/bash
# What is paid for: every accepted task, minus what failed; a repeated own id pays again.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0

mine='{"model":"nano-banana","prompt":"a cat","client_business_id":"mine"}'
submit "$mine"
first=$(field .id)
submit "$mine"
second=$(field .id)
ok 'a repeated own id makes a second task' [ "$first" != "$second" ]
is "$(bill '[.submits_seen,.accepted,.charged,.prompts["a cat"].accepted,.prompts["a cat"].charged]|join(" ")')" '2 2 2 2 2' 'and both are paid'
poll mine
is "$(field .id)" "$second" 'the own id leads to the newest'

settings '{"duplicates":"refuse"}'
submit "$mine"
is "$CODE $(field .error.param)" '400 client_business_id' 'duplicates: refuse'
settings '{"duplicates":"deduplicate"}'
submit "$mine"
is "$CODE $(field .id)" "200 $second" 'duplicates: deduplicate answers with the task that is there'
is "$(bill '[.submits_seen,.accepted,.refused]|join(" ")')" '4 2 1' 'neither is paid'
settings '{"duplicates":"charge","business_ids":"ignore"}'
submit '{"model":"nano-banana","prompt":"a dog","client_business_id":"other"}'
is "$CODE $(field .client_business_id)" '200 null' 'business_ids: ignore drops them silently'
poll other
is "$CODE" 404 'and they lead nowhere'

reset
settings '{"business_ids":"accept"}'
fault '{"on":"submit","do":"hold","count":2}'
for _ in 1 2; do submit '{"model":"nano-banana","prompt":"long"}'; done
is "$(bill '[.under_way,.most_under_way]|join(" ")')" '2 2' 'two are under way'
control POST finish '{"all":true}' >/dev/null
submit '{"model":"nano-banana","prompt":"short"}'
control GET 'wait?completed=3' >/dev/null
is "$(bill '[.under_way,.most_under_way]|join(" ")')" '0 2' 'then none, and never were more'
reset
is "$(bill .most_under_way)" 0 'until the reset'
fault '{"on":"submit","do":"fail_task","match":"bad","code":"content_policy_violation","message":"no"}'
submit '{"model":"nano-banana","prompt":"good"}'
submit '{"model":"nano-banana","prompt":"bad one"}'
control GET 'wait?completed=1&failed=1' >/dev/null
is "$(bill '[.accepted,.refunded,.charged,.completed,.failed]|join(" ")')" '2 1 1 1 1' 'a failed task is refunded'
is "$(bill '.prompts|to_entries|sort_by(.key)|map("\(.key): \(.value.accepted) \(.value.charged)")|join(", ")')" 'bad one: 1 0, good: 1 1' 'the bill per prompt'
is "$(control GET bill | jq -r '.tasks|map("\(.prompt) \(.model) \(.status) \(.charged)")|join(", ")')" \
	'good nano-banana completed true, bad one nano-banana failed false' 'the bill per task'
submit '{"model":"gemini-3.1-flash-image-preview","prompt":"four","n":4}'
is "$(bill '[.accepted,.pictures]|join(" ")')" '3 6' 'one task, four pictures'
reset
is "$(bill '[.submits_seen,.accepted,.polls,(.prompts|length)]|join(" ")')" '0 0 0 0' 'reset forgets everything'

settings '{"time":100,"failure_as":"text"}'
fault '{"on":"submit","do":"fail_task","message":"why"}'
finished '{"model":"nano-banana","prompt":"x"}'
is "$(field .error)" why 'failure_as: text'
settings '{"failure_as":"fail_reason"}'
poll "$ID"
is "$(field .fail_reason)" why 'failure_as: fail_reason'

finish_tests
