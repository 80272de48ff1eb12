#!/bin/bash
# Rate limits as documented for the default group, and credit.
. "$(dirname "$0")/lib.sh"
start --time 100

one='{"model":"nano-banana","prompt":"x"}'
submit "$one"
is "$(header X-RateLimit-Limit) $(header X-RateLimit-Remaining) $(header X-RateLimit-Category)" '300 299 async_submit' 'submits say 300 per minute'
like "$(($(header X-RateLimit-Reset) - $(date +%s)))" '^(59|60)$' 'the reset is a Unix time'
poll "$(field .id)"
is "$(header X-RateLimit-Limit) $(header X-RateLimit-Remaining) $(header X-RateLimit-Category)" '3000 2999 async_query' 'queries have a bucket of their own'

for ((i = 0; i < 49; i++)); do
	printf 'next\nurl = "%s%s"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\ndata = "%s"\n' \
		"$API" "$GEN" "$KEY" "${one//\"/\\\"}"
done | sed 1d >"$WORK/requests"
is "$(curl -s -m 20 -K "$WORK/requests" | sort | uniq -c | tr -s ' ')" ' 49 200' '50 submits in ten seconds are accepted'
submit "$one"
is "$CODE $(field '[.error.code,.error.type]|join(" ")')" '429 rate_limit_exceeded rate_limit_error' 'the 51st is not'
like "$(header Retry-After)" '^([1-9]|10)$' 'Retry-After says when'
is "$(header X-RateLimit-Remaining)" 0 'nothing remains'
is "$(bill '"\(.accepted) \(.limited) \(.refused)"')" '50 1 0' 'it was not accepted, and counts as limited'
poll none
is "$CODE" 404 'queries still work'

reset
settings '{"submit_burst":2}'
submit '{"model":"nano-banana"}'
submit '{"model":"nano-banana"}'
submit "$one"
is "$CODE" 429 'a refused request costs allowance'
reset
settings '{"submit_burst":50,"submit_rpm":3}'
for _ in 1 2 3 4; do submit "$one"; done
is "$CODE" 429 'the limit of a minute'
like "$(header Retry-After)" '^(59|60)$' 'takes a minute'
settings '{"reset_as":"delta"}'
submit "$one"
like "$(header X-RateLimit-Reset)" '^(59|60)$' 'the reset as seconds from now'
reset
settings '{"submit_rpm":300,"submit_rps":2}'
for _ in 1 2 3; do submit "$one"; done
is "$CODE $(header Retry-After)" '429 1' 'a limit of a second, if set'
settings '{"submit_rpm":0,"query_burst":1}'
for ((i = 0; i < 60; i++)); do submit "$one"; done
is "$CODE $(header X-RateLimit-Limit)" '200 ' '0 turns limits off'
poll x
poll x
is "$CODE $(header X-RateLimit-Category)" '429 async_query' 'queries are limited too'

reset
settings '{"query_rpm":0,"balance":0.1,"price":0.04}'
submit "$one"
submit "$one"
submit "$one"
is "$CODE $(field .error.code)" '402 insufficient_quota' 'without credit: 402'
http GET "$API/v1/user/balance" -H "Authorization: Bearer $KEY"
is "$(field '[(.remain_balance*100|round),(.used_balance*100|round),(.remain_credits|round),.credits_per_usd,.unlimited_quota]|map(tostring)|join(" ")')" '2 8 4 200 false' 'the balance says so'

finish_tests
