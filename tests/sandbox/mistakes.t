#!/bin/bash
# One mistake each, and the refusal that the documentation has for it.
. "$(dirname "$0")/lib.sh"
start --time 100 --submit-rpm 0

# refused NAME PARAM JSON [WORDS]: 400, error.param, and the message has the words.
refused() {
	submit "$3"
	is "$CODE $(field '[.error.code,.error.type,.error.param // "-"]|join(" ")')" "400 invalid_request invalid_request_error $2" "$1"
	[ -z "${4:-}" ] || like "$(field .error.message)" "$4" "$1: says why"
}

# with MODEL 'MORE FIELDS' → a request
with() { printf '{"model":"%s","prompt":"x"%s}' "$1" "${2:+,$2}"; }
meta() { with "$1" "\"metadata\":{$2}"; }
urls() { # COUNT
	local list=
	for ((i = 0; i < $1; i++)); do list+=",\"https://example.org/$i.png\""; done
	printf '"image_urls":[%s]' "${list#,}"
}
letters() { printf "%$1s" '' | sed "s/ /$2/g"; }

nano=gemini-2.5-flash-image-preview
off25=gemini-2.5-flash-image-official
flash=gemini-3.1-flash-image-preview
off31=gemini-3.1-flash-image-preview-official
pro=gemini-3-pro-image-preview
offpro=gemini-3-pro-image-preview-official

refused 'a quoted n' n "$(with $nano '"n":"1"')" 'without quotes'
refused 'n of 2 where 1 is fixed' n "$(with $nano '"n":2')"
refused 'n of 2, official' n "$(with $off31 '"n":2')"
refused 'n of 0' n "$(with $flash '"n":0')"
refused 'n of 1.5' n "$(with $flash '"n":1.5')"
refused 'n null' n "$(with $flash '"n":null')"

refused 'base64 in image_urls' 'image_urls[0]' "$(with $nano '"image_urls":["data:image/png;base64,iVBORw0KGgo="]')" 'no longer supported'
refused 'bare base64 in image_urls' 'image_urls[0]' "$(with $nano "\"image_urls\":[\"$(letters 200 A)\"]")" 'no longer supported'
refused 'a file path in image_urls' 'image_urls[0]' "$(with $nano '"image_urls":["cat.png"]')" 'http'
refused 'a string for image_urls' image_urls "$(with $nano '"image_urls":"https://example.org/a.png"')" 'array'
refused 'an object in image_urls of an official model' 'image_urls[0]' "$(with $off25 '"image_urls":[{"url":"https://example.org/a.png"}]')" 'URL string'
refused 'an object without url' 'image_urls[0]' "$(with $nano '"image_urls":[{"uri":"https://example.org/a.png"}]')"
refused 'an upload that does not exist' 'image_urls[0]' "$(with $nano "\"image_urls\":[\"$RESULTS/uploads/7/1_2.png\"]")" 'does not exist'
refused '15 references' image_urls "$(with $nano "$(urls 15)")" 'at most 14'
refused '4 references for 2.5 official' image_urls "$(with $off25 "$(urls 4)")" 'at most 3'
refused '15 references for pro' image_urls "$(with $pro "$(urls 15)")"

refused 'size in pixels' size "$(with $nano '"size":"1024x1024"')" 'ratio'
refused '21:9 for nano-banana' size "$(with $nano '"size":"21:9"')"
refused '1:4 for 3.1 official' size "$(with $off31 '"size":"1:4"')"
refused '4:1 for pro' size "$(with $pro '"size":"4:1"')"
refused '7:5' size "$(with $flash '"size":"7:5"')"
refused 'size as number' size "$(with $flash '"size":1')"
refused 'an empty size' size "$(with $flash '"size":""')"

refused '1k in lower case' metadata.resolution "$(meta $flash '"resolution":"1k"')" '1K'
refused '2K for nano-banana' metadata.resolution "$(meta $nano '"resolution":"2K"')"
refused '0.5K for pro' metadata.resolution "$(meta $pro '"resolution":"0.5K"')"
refused '0.5K for 3.1 official' metadata.resolution "$(meta $off31 '"resolution":"0.5K"')"
refused 'resolution for 2.5 official' metadata.resolution "$(meta $off25 '"resolution":"1K"')" 'unknown field'
refused 'resolution at the top for Gemini' resolution "$(with $flash '"resolution":"1K"')" 'unknown field'
refused '1K in upper case for gpt-image-2' resolution "$(with gpt-image-2 '"resolution":"1K"')" '1k'
refused '4k square for gpt-image-2-official' resolution "$(with gpt-image-2-official '"resolution":"4k"')" '16:9'

refused '1,001 characters for nano-banana' prompt "{\"model\":\"$nano\",\"prompt\":\"$(letters 1001 ü)\"}" '1001'
submit "{\"model\":\"$nano\",\"prompt\":\"$(letters 1000 ü)\"}"
is "$CODE" 200 '1,000 characters of two bytes are right'
printf '{"model":"%s","prompt":"%s"}' $pro "$(letters 262145 a)" >"$WORK/long"
refused '65,537 tokens for pro' prompt "@$WORK/long" 'tokens'
refused 'no prompt' prompt "{\"model\":\"$nano\"}"
refused 'an empty prompt' prompt "{\"model\":\"$nano\",\"prompt\":\"\"}"
refused 'a blank prompt' prompt "{\"model\":\"$nano\",\"prompt\":\" \\n\"}"
refused 'a number as prompt' prompt "{\"model\":\"$nano\",\"prompt\":5}"
refused 'no model' model '{"prompt":"x"}'

refused 'an unknown field' seed "$(with $nano '"seed":1')" 'unknown field'
refused 'an unknown metadata field' metadata.seed "$(meta $flash '"seed":1')" 'unknown field'
refused 'an unknown field deep inside' metadata.imageOutputOptions.size "$(meta $off25 '"imageOutputOptions":{"size":1}')"
refused 'temperature for a standard model' metadata.temperature "$(meta $flash '"temperature":1')"
refused 'thinking for 2.5 official' metadata.thinkingConfig "$(meta $off25 '"thinkingConfig":{"thinkingLevel":"LOW"}')"
refused 'google_search for pro' metadata.google_search "$(meta $pro '"google_search":true')"
refused 'quality for Gemini' quality "$(with $nano '"quality":"high"')"
refused 'metadata as array' metadata "$(with $nano '"metadata":[]')"

refused 'image search without search' metadata.google_image_search "$(meta $flash '"google_image_search":true')" 'together'
refused 'image search with search off' metadata.google_image_search "$(meta $flash '"google_search":false,"google_image_search":true')"
refused 'google_search as text' metadata.google_search "$(meta $flash '"google_search":"true"')" 'true or false'

refused 'temperature 2.1' metadata.temperature "$(meta $off25 '"temperature":2.1')" 'between 0 and 2'
refused 'temperature -1' metadata.temperature "$(meta $off25 '"temperature":-1')"
refused 'temperature quoted' metadata.temperature "$(meta $off25 '"temperature":"1"')" 'without quotes'
refused 'topP 1.01' metadata.topP "$(meta $off31 '"topP":1.01')"
refused 'maxOutputTokens 32769' metadata.maxOutputTokens "$(meta $offpro '"maxOutputTokens":32769')"
refused 'maxOutputTokens 1.5' metadata.maxOutputTokens "$(meta $offpro '"maxOutputTokens":1.5')"
refused 'personGeneration in small letters' metadata.personGeneration "$(meta $off25 '"personGeneration":"allow_all"')" 'ALLOW_ALL'
refused 'mimeType image/gif' metadata.imageOutputOptions.mimeType "$(meta $off25 '"imageOutputOptions":{"mimeType":"image/gif"}')"
refused 'compressionQuality for PNG' metadata.imageOutputOptions.compressionQuality "$(meta $off25 '"imageOutputOptions":{"mimeType":"image/png","compressionQuality":80}')" 'jpeg'
refused 'compressionQuality 101' metadata.imageOutputOptions.compressionQuality "$(meta $off25 '"imageOutputOptions":{"mimeType":"image/jpeg","compressionQuality":101}')"
refused 'a harm category without prefix' 'metadata.safetySettings[0].category' "$(meta $off25 '"safetySettings":[{"category":"HARASSMENT","threshold":"OFF"}]')"
refused 'BLOCK_NONE as threshold' 'metadata.safetySettings[1].threshold' \
	"$(meta $off25 '"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"},{"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"BLOCK_NONE"}]')"
refused 'a safety setting without threshold' 'metadata.safetySettings[0]' "$(meta $off25 '"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT"}]')"
refused 'safetySettings as object' metadata.safetySettings "$(meta $off25 '"safetySettings":{}')"
refused 'thinkingBudget 24577' metadata.thinkingConfig.thinkingBudget "$(meta $off31 '"thinkingConfig":{"thinkingBudget":24577}')"
refused 'thinkingLevel in small letters' metadata.thinkingConfig.thinkingLevel "$(meta $off31 '"thinkingConfig":{"thinkingLevel":"low"}')"

refused 'a field given twice' n "$(with $nano '"n":1,"n":1')" 'twice'
refused 'no JSON' - '{"model":' 'JSON'
refused 'JSON and something after it' - "$(with $nano) x" 'JSON'
refused 'a JSON array' - '[]'
refused 'nothing' - ''
refused 'bytes that are not UTF-8' - $'{"model":"nano-banana","prompt":"\xff"}' 'UTF-8'
refused 'a business id that is no text' client_business_id "$(with $nano '"client_business_id":7')"
http POST "$API$GEN" -H "Authorization: Bearer $KEY" -H 'Content-Type: text/plain' -d "$(with $nano)"
is "$CODE $(field .error.code)" '400 invalid_request' 'another Content-Type than JSON'

submit "$(with no-such-model)"
is "$CODE $(field '[.error.code,.error.param]|join(" ")')" '400 model_not_found model' 'an unknown model'
submit "$(with $nano '"callback_url":"https://example.org/hook"')"
is "$CODE $(field .error.code)" '400 webhook_not_configured' 'callback_url without a configured webhook'

KEY=sk-wrong submit "$(with $nano)"
is "$CODE $(field '[(.error.code|type),.error.code,.error.type]|join(" ")')" '401 number 401 authentication_error' 'a wrong key'
http POST "$API$GEN" -H 'Content-Type: application/json' -d "$(with $nano)"
is "$CODE" 401 'no key'
http GET "$API$GEN/x" -H "Authorization: $KEY"
is "$CODE" 401 'a key without Bearer'
http POST "$API/v1/uploads/images" -F file=@/dev/null
is "$CODE" 401 'an upload without key'
poll task_img_none
is "$CODE $(field '.error|tojson')" '404 {"code":404,"message":"Task not found","type":"not_found_error"}' 'a task that does not exist'
http GET "$API$GEN" -H "Authorization: Bearer $KEY"
is "$CODE" 405 'GET where POST is wanted'
http GET "$API/v2/nothing" -H "Authorization: Bearer $KEY"
is "$CODE" 404 'a path that does not exist'

settings '{"image_urls":"objects"}'
refused 'strings where objects are insisted on' 'image_urls[0]' "$(with $flash '"image_urls":["https://example.org/a.png"]')" 'object'
submit "$(with $flash '"image_urls":[{"url":"https://example.org/a.png"}]')"
is "$CODE" 200 'objects where objects are insisted on'
submit "$(with $off31 '"image_urls":["https://example.org/a.png"]')"
is "$CODE" 200 'official models take strings all the same'
settings '{"image_urls":"strings"}'
refused 'objects where strings are insisted on' 'image_urls[0]' "$(with $flash '"image_urls":[{"url":"https://example.org/a.png"}]')" 'string'
settings '{"image_urls":"any","business_ids":"refuse"}'
refused 'client_business_id where it is not known' client_business_id "$(with $nano '"client_business_id":"a"')" 'unknown field'

is "$(bill '.accepted')" 3 'nothing that was refused was billed'
finish_tests
