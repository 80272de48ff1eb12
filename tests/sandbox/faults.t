#!/bin/bash
# What goes wrong on purpose, and what it costs.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0 --query-rpm 0

one='{"model":"nano-banana","prompt":"x"}'
costs() { is "$(bill .accepted)" "$1" "$2"; }

fault '{"on":"submit","do":"status","status":502}'
submit "$one"
like "$CODE $(header Content-Type) $BODY" '^502 text/html <html>' 'status: 502 is HTML from a proxy'
costs 0 'and not accepted'
fault '{"on":"submit","do":"status","status":502,"accepted":true}'
submit "$one"
is "$CODE" 502 'status with accepted'
costs 1 'is accepted and paid'
submit "$one"
is "$CODE" 200 'a rule strikes once, unless it says more'
fault '{"on":"submit","do":"status","status":429,"headers":{"Retry-After":"7","X-Other":"y"}}'
submit "$one"
is "$CODE $(header Retry-After) $(header X-Other) $(field .error.code)" '429 7 y rate_limit_exceeded' 'headers are added, the body is the documented one'
fault '{"on":"submit","do":"status","status":418,"body":"{\"success\":false}","content_type":"text/x"}'
submit "$one"
is "$CODE $(header Content-Type) $BODY" '418 text/x {"success":false}' 'body and content type can be given'
fault '{"on":"submit","do":"status","status":400,"body":{"error":"words"}}'
submit "$one"
is "$(field .error)" words 'a body can be JSON'

reset
fault '{"on":"submit","do":"status","status":503,"skip":1,"count":2}'
codes=
for _ in 1 2 3 4; do submit "$one"; codes+="$CODE "; done
is "$codes" '200 503 503 200 ' 'skip and count'
fault '{"on":"submit","do":"status","status":503,"count":-1,"match":"dog"}'
submit '{"model":"nano-banana","prompt":"a cat"}'
is "$CODE" 200 'match: another prompt passes'
submit '{"model":"nano-banana","prompt":"a dog"}'
submit '{"model":"nano-banana","prompt":"hotdogs"}'
is "$CODE" 503 'match: part of the prompt, for ever with -1'
is "$(control GET faults | jq -r '.[-1]|"\(.struck) \(.left)"')" '2 -1' 'the list of rules says how often each struck'
is "$(bill .faults)" 4 'so does the bill'
control DELETE faults >/dev/null
submit '{"model":"nano-banana","prompt":"a dog"}'
is "$CODE" 200 'rules can be taken back'

reset
fault '{"on":"other","do":"status","count":-1,"share":0.25}'
fault '{"on":"other","do":"drop_before","count":-1,"share":0.25}'
for _ in {1..200}; do
	curl -s -o "$WORK/body" -H 'Authorization: Bearer sk-sandbox' "$API/v1/models"
done
like "$(control GET faults | jq -r 'map(.struck) | join(" ")')" '^([3-6][0-9]) ([3-6][0-9])$' 'share: about a quarter of the events'

reset
fault '{"on":"submit","do":"drop_before"}'
submit "$one"
is "$CODE $EXIT" '000 52' 'drop_before: no reply'
costs 0 'nothing accepted'
fault '{"on":"submit","do":"drop_before","match":"x"}'
submit "$one"
is "$CODE" 000 'drop_before by prompt'
costs 0 'nothing accepted'
fault '{"on":"submit","do":"drop_after"}'
submit "$one"
is "$CODE $EXIT" '000 52' 'drop_after: no reply'
costs 1 'but accepted and paid'
fault '{"on":"submit","do":"drop_after","reset":true}'
submit "$one"
is "$CODE $EXIT" '000 56' 'drop_after with reset: RST'
costs 2 'accepted and paid'
fault '{"on":"submit","do":"drop_mid"}'
submit "$one"
is "$CODE $EXIT" '200 56' 'drop_mid: RST after half of the reply'
like "$BODY" '^\{"id":"task_img_[0-9a-f]*"' 'of which the first half is right'
costs 3 'accepted and paid'
fault '{"on":"submit","do":"html"}'
submit "$one"
like "$CODE $(header Content-Type)" '^200 text/html' 'html: 200 with a page'
costs 3 'nothing accepted'
fault '{"on":"submit","do":"redirect","location":"http://127.0.0.1:1/x"}'
submit "$one"
is "$CODE $(header Location)" '302 http://127.0.0.1:1/x' 'redirect'
costs 3 'nothing accepted'
fault '{"on":"submit","do":"delay","seconds":0.5}'
submit "$one" -w '%{http_code} %{time_starttransfer}'
like "$CODE" '^200 0\.[5-9]' 'delay'
fault '{"on":"submit","do":"chunked"}'
submit "$one"
is "$CODE $(header Transfer-Encoding) $(header Content-Length) $(field .status)" '200 chunked  queued' 'chunked: without a length'

reset
fault '{"on":"submit","do":"hang"}'
submit "$one" -m 0.5
is "$CODE $EXIT" '000 28' 'hang: no reply'
is "$(control GET wait?hung=1 | jq -r '"\(.reached) \(.hanging)"')" 'true 1' 'a test can wait for it'
costs 1 'accepted and paid'
fault '{"on":"submit","do":"hang","accepted":false}'
submit "$one" -m 0.2
costs 1 'unless the rule says it is not'
fault '{"on":"poll","do":"hang"}'
poll any -m 30 &
control GET wait?hung=3 >/dev/null
reset
ok 'reset ends what hangs' wait $!

# Two requests over one connection: the second is read and dropped.
two() {
	curl -s -m 10 -o /dev/null -o "$WORK/second" -w '%{http_code} %{num_connects} %{exitcode}\n' \
		"$API/v1/balance" "$API/v1/balance" -H "Authorization: Bearer $KEY" |
		xargs
}
is "$(two)" '200 1 0 200 0 0' 'curl uses a connection twice'
fault '{"on":"submit","do":"close_after_read_on_reused"}'
submit "$one"
is "$CODE" 200 'close_after_read_on_reused: not on a fresh connection'
costs 1 'which is accepted'
curl -s -m 10 -o /dev/null "$API/v1/balance" --next -s -m 10 -o /dev/null -w '%{num_retries} %{http_code}\n' -X POST "$API$GEN" -H 'Expect:' \
	-H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$one" >"$WORK/reused" 2>&1
is "$(bill '.faults')" 1 'it strikes on a reused one'
is "$(bill '.submits_seen')" 3 'after which libcurl sends the POST again by itself'
costs 2 'the first of these was not accepted, the second was'

reset
finished "$one"
url=$(field '.result.data[0].url')
fetch "$url" "$WORK/whole" >/dev/null
whole=$(stat -c %s "$WORK/whole")
get() { http GET "$url"; SIZE=$(stat -c %s "$WORK/body"); }
fault '{"on":"download","do":"truncate"}'
get
is "$CODE $EXIT $(header Content-Length) $((SIZE < whole))" "200 18 $whole 1" 'truncate: the length is right, bytes are missing'
fault '{"on":"download","do":"wrong_length"}'
get
is "$CODE $EXIT $(header Content-Length) $SIZE" "200 0 $((whole / 2)) $((whole / 2))" 'wrong_length: half a picture that looks whole'
fault '{"on":"download","do":"wrong_length","length":10}'
get
is "$SIZE" 10 'or as many bytes as asked'
fault '{"on":"download","do":"html"}'
get
like "$CODE $(header Content-Type) $BODY" '^200 text/html.*<html>' 'html instead of a picture'
fault '{"on":"download","do":"wrong_type"}'
get
is "$(header Content-Type) $(file -b --mime-type "$WORK/body")" 'image/jpeg image/png' 'wrong_type: the type is a lie'
fault '{"on":"download","do":"wrong_type","content_type":"application/octet-stream"}'
get
is "$(header Content-Type)" application/octet-stream 'any type that is asked for'
fault '{"on":"download","do":"bytes","bytes":"AAECAw=="}'
get
is "$SIZE $(header Content-Type)" '4 ' 'bytes: what was given'
fault '{"on":"download","do":"redirect","status":301,"location":"'"$url"'"}'
is "$(fetch "$url" "$WORK/back" -L)" 200 'a redirect of a picture'
ok 'leads to it' cmp "$WORK/back" "$WORK/whole"
fault '{"on":"download","do":"drip","seconds":0.5}'
is "$(fetch "$url" "$WORK/back" -w '%{http_code} %{time_total}' | grep -cE '^200 (0\.[4-9]|1)')" 1 'drip: whole, but slowly'
ok 'and right' cmp "$WORK/back" "$WORK/whole"
fault '{"on":"download","do":"status","status":404}'
get
is "$CODE" 404 'a picture that is not there yet'
fault '{"on":"submit","do":"bytes","bytes":"iVBORw0KGgoAAA=="}'
finished "$one"
http GET "$(field '.result.data[0].url')"
is "$(header Content-Type) $(stat -c %s "$WORK/body")" 'image/png 10' 'bytes on a submit: for every download of that task'

fault '{"on":"upload","do":"status","status":500}'
upload "$WORK/whole"
is "$CODE $(field .error.code)" '500 internal_error' 'uploads fail too'
fault '{"on":"any","do":"drop_before"}'
http GET "$API/v1/balance" -H "Authorization: Bearer $KEY"
is "$CODE" 000 'any: whatever comes'
fault '{"on":"poll","do":"status","status":404,"count":2}'
finished "$one"
is "$CODE" 404 'a task may be late in the index'
is "$(control POST faults '{"on":"never","do":"status"}' | jq -r .error.message)" 'no such "on": never' 'a wrong rule is refused'
is "$(control POST faults '{"on":"poll","do":"magic"}' | jq -r .error.message)" 'no such "do": magic' 'and says why'

finish_tests
