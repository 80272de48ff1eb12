#!/bin/bash
# Orders whose connection waits: how long, what tests can do to them meanwhile, what goes wrong, and
# what it costs.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0 --canned

flash=gemini-3.1-flash-image
cat='{"model":"gpt-image-1","prompt":"a cat"}'
costs() { is "$(bill '[.accepted,.charged]|join(" ")')" "$1" "$2"; }

# later COMMAND…: in the background; came STATUS NAME: it has ended with "CODE EXIT".
later() {
	{ "$@"; echo "$CODE $EXIT" >"$WORK/later"; } &
	waiting=$!
}
came() {
	wait $waiting
	is "$(cat "$WORK/later")" "$1" "$2"
}

# --- time, hold, finish, reset ----------------------------------------------------------------------------

settings '{"time":0.5}'
gemini $flash "$(text x)" -w '%{http_code} %{time_starttransfer}'
like "$CODE" '^200 0\.[5-9]' 'the reply comes when the task is over'
settings '{"time":100}'
later gemini $flash "$(text slow)"
control GET 'wait?submits=2' >/dev/null
is "$(control GET tasks | jq -r '.[-1]|[.wire,.prompt,.charged]|join(" ")')" 'gemini slow true' 'an order is a task, billed while its connection waits'
control POST finish "{\"id\":\"$(control GET tasks | jq -r '.[-1].id')\"}" >/dev/null
came '200 0' 'finish ends it'
is "$(bill .completed)" 2 'and it is completed'
fault '{"on":"submit","do":"hold"}'
settings '{"time":0}'
later openai "$cat"
is "$(control GET 'wait?held=1' | jq -r .reached)" true 'a held one waits'
control POST release >/dev/null
came '200 0' 'release lets it go on'
is "$(control GET 'wait?completed=3' | jq -r .held)" 0 'nothing is held'
settings '{"time":100}'
openai "$cat" -m 0.3
is "$CODE $EXIT" '000 28' 'a client that gives up'
costs '4 4' 'has paid'
later engine '{"prompt":"x"}'
control GET 'wait?submits=5' >/dev/null
reset
came '000 52' 'reset ends what waits'
is "$(bill '[.accepted,.charged,.held,.hanging]|map(tostring)|join(" ")')" '0 0 0 0' 'and forgets it'
settings '{"time":0.3}'
for ((i = 0; i < 40; i++)); do
	printf 'next\nurl = "%s/openai/v1/images/generations"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\ndata = "%s"\n' \
		"$API" "$KEY" "${cat//\"/\\\"}"
done | sed 1d >"$WORK/requests"
is "$(curl -s -m 20 --parallel --parallel-immediate --parallel-max 40 -K "$WORK/requests" 2>/dev/null | sort | uniq -c | xargs)" '40 200' '40 at once'
settings '{"time":0}'

# --- the reply is lost ------------------------------------------------------------------------------------

reset
# lost DO EXIT COST NAME [MORE]
lost() {
	fault "{\"on\":\"submit\",\"do\":\"$1\"${5:-}}"
	gemini $flash "$(text x)" -m 3
	is "$EXIT" "$2" "$4"
	is "$(bill .charged)" "$3" "$4: paid so far"
}
lost drop_before 52 0 'drop_before'
lost drop_after 52 1 'drop_after'
lost drop_after 56 2 'drop_after with RST' ',"reset":true'
lost drop_mid 56 3 'drop_mid'
lost truncate 18 4 'truncate'
lost wrong_length 0 5 'wrong_length'
ok 'wrong_length: half a reply' not jq . "$WORK/body"
is "$(header Content-Length)" "$(stat -c %s "$WORK/body")" 'wrong_length: which looks whole'
lost chunked 0 6 'chunked'
is "$(header Content-Length) $(field '.candidates[0].finishReason')" ' STOP' 'chunked: whole, without a length'
lost drip 0 7 'drip' ',"seconds":0.3'
is "$(field '.candidates[0].finishReason')" STOP 'drip: whole'
lost html 0 7 'html'
lost redirect 0 7 'redirect' ',"location":"http://127.0.0.1:1/x"'
is "$CODE $(header Location)" '302 http://127.0.0.1:1/x' 'redirect: elsewhere'
fault '{"on":"submit","do":"hang"}'
gemini $flash "$(text x)" -m 0.5
is "$EXIT $(control GET wait?hung=1 | jq -r .hanging) $(bill .charged)" '28 1 8' 'hang: paid, no reply'
fault '{"on":"submit","do":"delay","seconds":0.5}'
openai "$cat" -w '%{http_code} %{time_starttransfer}'
like "$CODE" '^200 0\.[5-9]' 'delay'

# --- errors in the wire's own words -----------------------------------------------------------------------

reset
broken() { # STATUS [MORE]
	fault "{\"on\":\"submit\",\"do\":\"status\",\"status\":$1${2:-}}"
}
broken 429
gemini $flash "$(text x)"
is "$CODE $(field '.error|[.status,.details[-1].retryDelay]|join(" ")')" '429 RESOURCE_EXHAUSTED 1.5s' 'status 429, gemini'
broken 503
gemini $flash "$(text x)"
is "$CODE $(field .error.status)" '503 UNAVAILABLE' 'status 503, gemini'
broken 524
gemini $flash "$(text x)"
like "$CODE $(header Content-Type) $BODY" '^524 text/html <html>' 'status 524 is HTML from a proxy'
broken 400 ',"code":"FAILED_PRECONDITION","message":"not here"'
gemini $flash "$(text x)"
is "$(field '.error|[.code,.status,.message]|join("|")')" '400|FAILED_PRECONDITION|not here' 'a status with code and message'
broken 429 ',"wrap":"array"'
gemini $flash "$(text x)"
is "$(field '[type,length,.[0].error.code]|join(" ")')" 'array 1 429' 'wrapped in an array'
broken 500 ',"wrap":"array","body":{"error":"x"}'
gemini $flash "$(text x)"
is "$(jq -c . <<<"$BODY")" '[{"error":"x"}]' 'a body of its own, wrapped'
fault '{"on":"submit","do":"error_in_200"}'
gemini $flash "$(text x)"
is "$CODE $(field .error.code)" '200 429' 'error_in_200, gemini'
fault '{"on":"submit","do":"error_in_200","status":500}'
openai "$cat"
is "$CODE $(field .error.type)" '200 server_error' 'error_in_200, openai'
fault '{"on":"submit","do":"error_in_200"}'
submit '{"model":"nano-banana","prompt":"x"}'
is "$CODE $(field .error.code)" '200 rate_limit_exceeded' 'error_in_200, task'
broken 429
openai "$cat"
is "$CODE $(field .error.code)" '429 rate_limit_exceeded' 'status 429, openai'
for pair in sd-server='.error|type=="string"' localai='.error.code==503' vllm='.detail|type=="string"'; do
	settings "{\"engine\":\"${pair%%=*}\"}"
	broken 503
	engine '{"prompt":"x"}'
	is "$CODE $(field "${pair#*=}")" '503 true' "status 503, ${pair%%=*}"
done
settings '{"engine":"sd-server"}'
costs '0 0' 'none of these was accepted'
fault '{"on":"submit","do":"status","status":504,"accepted":true}'
gemini $flash "$(text x)"
is "$CODE $(field .error.status) $(bill .charged)" '504 DEADLINE_EXCEEDED 1' 'a status with accepted is paid'
fault '{"on":"submit","do":"fail_task","message":"upstream is gone"}'
gemini $flash "$(text x)"
is "$CODE $(field '.error|[.status,.message]|join("|")')" '500 INTERNAL|upstream is gone' 'fail_task, gemini'
fault '{"on":"submit","do":"fail_task","status":400,"code":"billing_hard_limit_reached","message":"no"}'
openai "$cat"
is "$CODE $(field '.error|[.code,.message]|join("|")')" '400 billing_hard_limit_reached|no' 'fail_task, openai'
is "$(bill '[.accepted,.refunded,.charged]|join(" ")')" '3 2 1' 'what fails is paid back'

# --- no picture -------------------------------------------------------------------------------------------

reset
fault '{"on":"submit","do":"finish","word":"IMAGE_RECITATION","message":"seen before"}'
gemini $flash "$(text x)"
is "$CODE $(field '.candidates[0]|[.finishReason,.finishMessage,has("content")]|map(tostring)|join("|")')" '200 IMAGE_RECITATION|seen before|false' 'finish'
fault '{"on":"submit","do":"finish"}'
openai "$cat"
is "$CODE $(field '.error|[.type,.code]|join(" ")')" '400 image_generation_user_error moderation_blocked' 'finish, openai'
fault '{"on":"submit","do":"finish"}'
engine '{"prompt":"x"}'
is "$CODE" 400 'finish, engine'
fault '{"on":"submit","do":"block","word":"OTHER"}'
gemini $flash "$(text x)"
is "$CODE $(field '[.promptFeedback.blockReason,has("candidates")]|map(tostring)|join(" ")')" '200 OTHER false' 'block'
fault '{"on":"submit","do":"block"}'
openai "$cat"
is "$CODE $(field .error.code)" '400 content_policy_violation' 'block, openai'
costs '5 0' 'all of these are paid back'
fault '{"on":"submit","do":"no_image"}'
gemini $flash "$(config '"responseModalities":["IMAGE"]')"
is "$(field '.candidates[0]|[.finishReason,(.content.parts|map(keys[0])|join("+"))]|join(" ")')" 'STOP text' 'no_image: STOP, and words'
fault '{"on":"submit","do":"no_image"}'
openai "$cat"
is "$CODE $(field '.data|length')" '200 0' 'no_image, openai'
fault '{"on":"submit","do":"draft_only"}'
gemini $flash "$(text x)"
is "$(field '.candidates[0]|[.finishReason,([.content.parts[]|select(.inlineData)|.thought]|tojson)]|join(" ")')" 'STOP [true]' 'draft_only: the only picture is a thought'
is "$(bill .charged)" 3 'these are paid'
settings '{"price":1}'
fault '{"on":"submit","do":"partial","length":2}'
before=$(bill .spent)
gemini $flash "$(config '"candidateCount":3')"
is "$(field '[.candidates[]|[.finishReason,has("content")]|map(tostring)|join(":")]|join(" ")')" 'STOP:true STOP:true IMAGE_SAFETY:false' 'partial: the first two of three'
is "$(bill .spent | jq "(. - $before)*100|round")" 200 'of which two are paid'
fault '{"on":"submit","do":"partial"}'
openai '{"model":"gpt-image-1","prompt":"x","n":2}'
is "$(field '.data|length')" 1 'partial, openai'
settings '{"drafts":2}'
gemini $flash "$(config '"candidateCount":2')"
is "$(field '[.candidates[]|[.content.parts[]|select(.inlineData)|.thought // false]|tojson]|join(" ")')" '[true,true,false] [true,true,false]' 'drafts come before each picture'
settings '{"drafts":0}'

# --- pictures that are not right --------------------------------------------------------------------------

reset
raw() { # the base64 as it stands in the reply
	grep -oE '"(data|b64_json)":"[^"]*"' "$WORK/body" | head -1 | cut -d'"' -f4
}
gemini $flash "$(text x)"
right=$(raw)
decoded "$FINAL" "$WORK/right.png"
fault '{"on":"submit","do":"bad_base64"}'
gemini $flash "$(text x)"
is "$(raw | tr -d 'A-Za-z0-9+/=') ${#right}" "! $(raw | wc -L)" 'bad_base64: one letter that is none'
fault '{"on":"submit","do":"short_base64"}'
gemini $flash "$(text x)"
is "$(($(raw | wc -L) % 4)) $(field '.candidates[0].finishReason')" '2 STOP' 'short_base64: breaks off, in JSON that is whole'
ok 'and so far it is right' [ "${right:0:$(raw | wc -L)}" = "$(raw)" ]
fault '{"on":"submit","do":"short_base64","length":400}'
openai "$cat"
is "$(raw | wc -L)" 400 'short_base64 of any length'
fault '{"on":"submit","do":"escaped"}'
gemini $flash "$(text x)"
ok 'escaped: slashes and pluses as JSON may write them' grep -q '[A-Za-z0-9]\\/[A-Za-z0-9]' "$WORK/body"
ok 'escaped: pluses too' grep -q '\\u002b' "$WORK/body"
decoded "$FINAL" "$WORK/p"
ok 'escaped: the same picture' cmp "$WORK/p" "$WORK/right.png"
fault '{"on":"submit","do":"snake"}'
gemini $flash "$(text x)"
is "$(field '[(.candidates[0]|.finish_reason,(.content.parts[-1]|keys_unsorted[],.inline_data.mime_type)),.usage_metadata.prompt_token_count]|join(" ")')" \
	'STOP inline_data thought_signature image/png 1' 'snake: the reply in snake_case'
fault '{"on":"submit","do":"wrong_type"}'
gemini $flash "$(text x)"
is "$(header Content-Type) $(field '.candidates[0].content.parts[-1].inlineData.mimeType')" 'application/json image/jpeg' 'wrong_type: the declared type is a lie'
fault '{"on":"submit","do":"wrong_type","content_type":"image/avif"}'
openai "$cat"
is "$(header Content-Type) $(field .output_format)" 'application/json avif' 'wrong_type of any kind'
fault '{"on":"submit","do":"bytes","bytes":"iVBORw0KGgoAAA=="}'
gemini $flash "$(text x)"
is "$(raw)" 'iVBORw0KGgoAAA==' 'bytes: what was given'
fault '{"on":"submit","do":"drop_after","match":"/openai/"}'
gemini $flash "$(text x)"
openai "$cat"
is "$CODE $(bill .faults)" '000 9' 'match may name a wire by its path'

# --- large pictures ---------------------------------------------------------------------------------------

settings '{"pad":20000000}'
gemini $flash "$(text x)"
decoded "$FINAL" "$WORK/large.png"
is "$(stat -c %s "$WORK/large.png") $(pixels "$WORK/large.png")" '20000000 256x256' 'pad: 20 MB of canned picture'
fault '{"on":"submit","do":"truncate"}'
gemini $flash "$(text x)"
is "$EXIT $(($(stat -c %s "$WORK/body") * 2 - $(header Content-Length) < 2))" '18 1' 'pad: half of it'
settings '{"canned":false}'
# made FORMAT PAD FILE, and with FILE what Google makes of it; the same request after a reset is the
# same picture.
made() {
	settings "{\"pad\":$2}"
	reset
	openai "{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"1024x640\",\"output_format\":\"$1\"}"
	decoded '.data[0].b64_json' "$3"
	settings '{"pad":0}'
	printf '{"contents":[{"parts":[{"text":"with it"},%s]}],"generationConfig":{"imageConfig":{"imageSize":"512"}}}' "$(inline "image/$1" "$3")" >"$WORK/request"
	google $flash "@$WORK/request"
	decoded "$FINAL" "$3.used"
}
for format in png jpeg webp; do
	made $format 0 "$WORK/plain"
	is "$(pixels "$WORK/plain.used")" 632x424 "pad: what Google makes follows the $format"
	plain=$(stat -c %s "$WORK/plain")
	for pad in $((plain + 5)) $((plain + 200000)); do
		made $format $pad "$WORK/padded"
		size=$(stat -c %s "$WORK/padded")
		is "$((size >= pad && size <= pad + 16)) $(file -b --mime-type "$WORK/padded") $(pixels "$WORK/padded")" "1 image/$format 1024x640" "pad: $((pad - plain)) more of $format"
		ok 'pad: the same picture to a reader' cmp "$WORK/plain.used" "$WORK/padded.used"
	done
done
# The chunk that was added to a PNG ends in its CRC-32, which is also what gzip ends in.
made png 0 "$WORK/plain"
at=$(($(stat -c %s "$WORK/plain") - 12))
made png $((at + 5000)) "$WORK/padded"
bytes() { tail -c "+$(($1 + 1))" "$WORK/padded" | head -c "$2"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
long=$((16#$(bytes $at 4 | hex)))
is "$(bytes $((at + 4)) 4) $(bytes $((at + 8 + long)) 4 | hex)" \
	"paDd $(bytes $((at + 4)) $((long + 4)) | gzip -c | tail -c 8 | head -c 4 | hex | sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')" 'pad: a private chunk of PNG, with the right CRC'

settings '{"drafts":2}'
gemini $flash "$(config '"candidateCount":2,"imageConfig":{"imageSize":"512"}')"
is "$(field '[.candidates[].content.parts[].inlineData.data // empty]|[length,(unique|length)]|join(" ")')" '6 6' 'drafts and pictures are all different'
settings '{"drafts":0}'
settings '{"pad":300000}'
finished '{"model":"nano-banana-official","prompt":"x"}'
fetch "$(field '.result.data[0].url')" "$WORK/p" >/dev/null
is "$(($(stat -c %s "$WORK/p") >= 300000)) $(pixels "$WORK/p")" '1 1024x1024' 'pad: on the task wire too'

finish_tests
