#!/bin/bash
# generateContent: what the pages show is accepted and answered as they show it, anything else is
# refused in Google's words.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0 --painters 2

flash25=gemini-2.5-flash-image
flash31=gemini-3.1-flash-image
pro=gemini-3-pro-image

# --- the golden requests -------------------------------------------------------------------------------

gemini $flash25 '{
"contents": [{ "role": "user", "parts": [{ "text": "Generate a 16:9 modern API documentation cover in a minimalist blue-and-white style." }] }],
"generationConfig": {
"responseModalities": ["IMAGE"],
"imageConfig": { "aspectRatio": "16:9" }
}
}'
is "$CODE" 200 "the page's example is accepted"
is "$(field 'keys_unsorted|join(" ")')" 'candidates usageMetadata modelVersion responseId' 'the reply has the documented fields'
is "$(field '.candidates[0]|[.index,.finishReason,.content.role,(.content.parts|length)]|join(" ")')" '0 STOP model 1' 'one candidate with one part'
is "$(field '.candidates[0].content.parts[0].inlineData|[keys_unsorted[],.mimeType]|join(" ")')" 'mimeType data image/png' 'which is the picture'
is "$(field '.usageMetadata|[.candidatesTokenCount,.totalTokenCount-.promptTokenCount]|join(" ")')" '1290 1290' '1,290 tokens'
decoded "$FINAL" "$WORK/p"
is "$(file -b --mime-type "$WORK/p") $(pixels "$WORK/p")" 'image/png 1344x768' 'of the documented size'
gemini $flash25 '{ "contents": [ { "parts": [ { "text": "Writing a four-word Chinese short poem on the theme of urban night rain." } ] } ], "generationConfig": { "temperature": 0.7, "maxOutputTokens": 100000 } }'
is "$CODE $(field '.candidates[0].content.parts|map(keys[0])|join(" ")')" '200 text inlineData' "the page's curl is accepted, and without responseModalities there is text too"

printf '{"systemInstruction":{"parts":[{"text":"flat vector style"}]},
 "contents":[{"role":"user","parts":[
   {"text":"put the fox from the picture on a bicycle"},
   %s]}],
 "generationConfig":{"responseModalities":["TEXT","IMAGE"],
   "imageConfig":{"aspectRatio":"16:9","imageSize":"2K"},
   "candidateCount":1,
   "thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":false}},
 "tools":[{"google_search":{"searchTypes":{"webSearch":{},"imageSearch":{}}}}],
 "safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"}]}' "$(inline image/png "$WORK/p")" >"$WORK/full"
google $flash31 "@$WORK/full"
is "$CODE $(field '.candidates[0].content.parts|map(keys|join("+"))|join(" ")')" '200 text inlineData+thoughtSignature' 'the example with everything is accepted'
decoded "$FINAL" "$WORK/two"
is "$(pixels "$WORK/two")" 2752x1536 '16:9 at 2K'
is "$(control GET tasks | jq -r '.[-1]|[.wire,.model,.prompt,(.references|length),.references[0].mime,.references[0].size,.references[0].sha256]|join("|")')" \
	"gemini|$flash31|put the fox from the picture on a bicycle|1|image/png|$(stat -c %s "$WORK/p")|$(sha256sum "$WORK/p" | cut -d' ' -f1)" \
	'the sandbox knows which picture came along'
http POST "$API/v1/models/$pro:generateContent" -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d "$(text v1)"
is "$CODE $(field .modelVersion)" "200 $pro" 'v1 works as v1beta does'
http GET "$API/v1beta/models" -H "x-goog-api-key: $KEY"
is "$(field '[.models[].name|sub("models/";"")]|join(" ")')" \
	"$flash25 $flash31 $flash31-preview gemini-3.1-flash-lite-image gemini-nano-banana-2.1 $pro $pro-preview" 'the models are listed'

snake='{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{"response_modalities":["IMAGE"],"image_config":{"aspect_ratio":"1:8","image_size":"512"},
"thinking_config":{"thinking_level":"minimal","include_thoughts":true},"candidate_count":1,"top_p":0.5,"top_k":40,"max_output_tokens":1000},"safety_settings":[]}'
gemini $flash31 "$snake"
is "$CODE $(field '.candidates[0].content.parts|map(.thought)|tojson')" '200 [true,null]' 'snake_case is taken, and thoughts are shown when asked for'
is "$(field '[paths|map(strings)[]]|map(select(test("_")))|length')" 0 'the output is camelCase all the same'
decoded "$FINAL" "$WORK/p512"
is "$(pixels "$WORK/p512")" 192x1536 '1:8 at 512'
gemini $pro "$(config '"thinkingConfig":{"includeThoughts":true}')"
is "$CODE $(field '.candidates[0].content.parts[0].thought')" '200 true' 'pro always thinks, and shows it when asked'
gemini $flash25 "$(text x '"tools":[{"google_search":{}}]')"
is "$CODE" 200 'a relay passes tools on'
gemini $flash25 "$(config '"candidateCount":3')"
is "$CODE $(field '[.candidates[].index]|join(" ")') $(field '[.candidates[].content.parts[1].inlineData.data]|unique|length')" '200 0 1 2 3' 'a relay takes candidateCount, and each is another picture'
is "$(bill .refused)" 0 'nothing was refused'

# --- pixels -----------------------------------------------------------------------------------------------

all25='1:1=1024x1024 2:3=832x1248 3:2=1248x832 3:4=864x1184 4:3=1184x864 4:5=896x1152 5:4=1152x896 9:16=768x1344 16:9=1344x768 21:9=1536x672'
ten='1:1=1024x1024 2:3=848x1264 3:2=1264x848 3:4=896x1200 4:3=1200x896 4:5=928x1152 5:4=1152x928 9:16=768x1376 16:9=1376x768 21:9=1584x672'
four='1:4=512x2048 4:1=2048x512 1:8=384x3072 8:1=3072x384'

# sizes MODEL SIZE NUMERATOR DENOMINATOR TABLE: submits all, compares what the sandbox makes of them.
sizes() {
	local model=$1 size=$2 pair ratio pixels wanted=''
	reset
	for pair in $5; do
		ratio=${pair%=*}
		printf 'next\nurl = "%s/v1beta/models/%s:generateContent"\nheader = "x-goog-api-key: %s"\nheader = "Content-Type: application/json"\noutput = /dev/null\ndata = "%s"\n' \
			"$API" "$model" "$KEY" "$(text "$ratio" "\"generationConfig\":{\"imageConfig\":{\"aspectRatio\":\"$ratio\"${size:+,\"imageSize\":\"$size\"}}}" | sed 's/"/\\"/g')"
	done | sed 1d >"$WORK/requests"
	for pair in $5; do
		pixels=${pair#*=}
		wanted+="${pair%=*} $((${pixels%x*} * $3 / $4))x$((${pixels#*x} * $3 / $4))"$'\n'
	done
	curl -s -m 60 -K "$WORK/requests"
	is "$(control GET tasks | jq -r '.[]|"\(.prompt) \(.width)x\(.height)"' | sort)" "$(printf %s "$wanted" | sort)" "$model $size: every ratio"
}
settings '{"canned":true}'
sizes $flash25 '' 1 1 "$all25"
sizes $flash31 512 1 2 "$ten $four"
sizes $flash31 1K 1 1 "$ten $four"
sizes $flash31 2K 2 1 "$ten $four"
sizes $flash31-preview 4K 4 1 "$ten $four"
sizes $pro 1K 1 1 "$ten"
sizes $pro-preview 2K 2 1 "$ten"
sizes $pro 4K 4 1 "$ten"
settings '{"canned":false}'
for pair in $flash25::21:9=1536x672 $flash31:512:2:3=424x632 $flash31:1K:9:16=768x1376 $pro:2K:5:4=2304x1856; do
	size=${pair#*:} size=${size%%:*} ratio=${pair#*:*:} ratio=${ratio%=*}
	google "${pair%%:*}" "$(config "\"imageConfig\":{\"aspectRatio\":\"$ratio\"${size:+,\"imageSize\":\"$size\"}}")"
	decoded "$FINAL" "$WORK/p"
	is "$(pixels "$WORK/p")" "${pair#*=}" "painted: ${pair%=*}"
done

# Without a ratio: as the picture sent along at Google, square at a relay.
for format in png jpeg webp; do
	settings "{\"format\":\"$format\"}"
	gemini $flash31 "$(config '"imageConfig":{"aspectRatio":"21:9","imageSize":"512"}')"
	is "$(field '.candidates[0].content.parts[-1].inlineData.mimeType')" "image/$format" "the setting format: $format"
	decoded "$FINAL" "$WORK/wide.$format"
	is "$(file -b --mime-type "$WORK/wide.$format")" "image/$format" "the bytes are $format too"
done
settings '{"format":"asked"}'
for format in png jpeg webp; do
	printf '{"contents":[{"parts":[{"text":"x"},%s]}]}' "$(inline "image/$format" "$WORK/wide.$format")" >"$WORK/request"
	google $flash31 "@$WORK/request"
	is "$(control GET tasks | jq -r '.[-1]|"\(.width)x\(.height)"')" 1584x672 "at Google the output follows a $format picture"
done
gemini $flash31 "@$WORK/request"
is "$(control GET tasks | jq -r '.[-1]|"\(.width)x\(.height)"')" 1024x1024 'at a relay it is square'

# --- mistakes ---------------------------------------------------------------------------------------------

# bad NAME FIELD WORDS, after the call
bad() {
	is "$CODE $(field '.error|[.code,.status]|join(" ")')" '400 400 INVALID_ARGUMENT' "$1"
	is "$(field '.error.details[0]|[."@type",(.fieldViolations[0].field // "-")]|join(" ")')" "type.googleapis.com/google.rpc.BadRequest $2" "$1: names the field"
	like "$(field '.error.details[0].fieldViolations[0].description')" "$3" "$1: says why"
}
refused() { # NAME FIELD WORDS MODEL JSON
	gemini "$4" "$5"
	bad "$1" "$2" "$3"
}
refused_google() {
	google "$4" "$5"
	bad "$1" "$2" "$3"
}
reset
ratio=generation_config.image_config.aspect_ratio
size=generation_config.image_config.image_size
refused 'an unknown field' - 'Unknown name "seed": Cannot find field' $flash25 "$(text x '"seed":1')"
refused 'an unknown field inside' generation_config "Unknown name \"foo\" at 'generation_config': Cannot find field" $flash25 "$(config '"foo":1')"
refused 'Vertex fields' generation_config.image_config 'Unknown name "personGeneration"' $flash31 "$(config '"imageConfig":{"personGeneration":"ALLOW_ALL"}')"
refused '1:4 for 2.5' $ratio '1:4' $flash25 "$(config '"imageConfig":{"aspectRatio":"1:4"}')"
refused '8:1 for pro' $ratio '8:1' $pro "$(config '"imageConfig":{"aspectRatio":"8:1"}')"
refused 'pixels as a ratio' $ratio '1024x1024' $flash31 "$(config '"imageConfig":{"aspectRatio":"1024x1024"}')"
refused 'a size for 2.5' $size 'not supported' $flash25 "$(config '"imageConfig":{"imageSize":"1K"}')"
refused '2k in lower case' $size '2K' $flash31 "$(config '"imageConfig":{"imageSize":"2k"}')"
refused '512 for pro' $size '512' $pro "$(config '"imageConfig":{"imageSize":"512"}')"
refused '0.5K' $size '512' $flash31 "$(config '"imageConfig":{"imageSize":"0.5K"}')"
refused 'a number as size' $size 'string' $flash31 "$(config '"imageConfig":{"imageSize":512}')"
refused 'thinking for 2.5' generation_config.thinking_config 'not supported' $flash25 "$(config '"thinkingConfig":{"includeThoughts":true}')"
refused 'level medium for 3.1' generation_config.thinking_config.thinking_level 'minimal high' $flash31 "$(config '"thinkingConfig":{"thinkingLevel":"MEDIUM"}')"
refused 'a level for pro' generation_config.thinking_config.thinking_level 'not supported' $pro "$(config '"thinkingConfig":{"thinkingLevel":"high"}')"
refused 'a budget' generation_config.thinking_config.thinking_budget 'not supported' $flash31 "$(config '"thinkingConfig":{"thinkingBudget":0}')"
refused 'image search for pro' 'tools[0].google_search.search_types.image_search' 'not supported' $pro "$(text x '"tools":[{"googleSearch":{"searchTypes":{"webSearch":{},"imageSearch":{}}}}]')"
refused 'image search alone' 'tools[0].google_search.search_types' 'together' $flash31 "$(text x '"tools":[{"googleSearch":{"searchTypes":{"imageSearch":{}}}}]')"
refused 'the old form of image search' 'tools[0]' 'imageSearch' $flash31 "$(text x '"tools":[{"imageSearch":{}}]')"
refused_google 'search for 2.5 at Google' tools 'not enabled' $flash25 "$(text x '"tools":[{"googleSearch":{}}]')"
refused_google '2 candidates at Google' generation_config.candidate_count 'candidates' $flash25 "$(config '"candidateCount":2')"
refused '11 candidates' generation_config.candidate_count 'between 1 and 10' $flash25 "$(config '"candidateCount":11')"
refused 'a quoted count' generation_config.candidate_count 'without quotes' $flash25 "$(config '"candidateCount":"1"')"
refused_google '100,000 tokens at Google' generation_config.max_output_tokens '32768' $flash25 "$(config '"maxOutputTokens":100000')"
refused 'TEXT alone' generation_config.response_modalities 'IMAGE' $flash25 "$(config '"responseModalities":["TEXT"]')"
refused 'image in lower case' 'generation_config.response_modalities[0]' 'IMAGE' $flash25 "$(config '"responseModalities":["image"]')"
refused 'temperature 2.1' generation_config.temperature 'between 0 and 2' $flash25 "$(config '"temperature":2.1')"
refused 'topP 1.1' generation_config.top_p 'between 0 and 1' $flash25 "$(config '"topP":1.1')"
refused 'topK 0' generation_config.top_k 'between' $flash25 "$(config '"topK":0')"
refused 'a harm category without prefix' 'safety_settings[0].category' 'HARM_CATEGORY' $flash25 "$(text x '"safetySettings":[{"category":"HARASSMENT","threshold":"OFF"}]')"
refused 'a category twice' safety_settings 'twice' $flash25 \
	"$(text x '"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"},{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}]')"
refused 'the same field in both spellings' generation_config 'twice' $flash25 '{"contents":[{"parts":[{"text":"x"}]}],"generation_config":{},"generationConfig":{}}'
refused 'a picture as system instruction' 'system_instruction.parts[0]' 'inlineData' $flash25 "$(text x '"systemInstruction":{"parts":[{"inlineData":{}}]}')"
refused 'no contents' contents 'required' $flash25 '{}'
refused 'empty contents' contents 'not specified' $flash25 '{"contents":[]}'
refused 'no text' contents 'text' $flash25 "{\"contents\":[{\"parts\":[$(inline image/png "$WORK/p512")]}]}"
refused 'a role that is none' 'contents[0].role' 'user model' $flash25 '{"contents":[{"role":"system","parts":[{"text":"x"}]}]}'
refused 'the model has the last word' contents 'user' $flash25 '{"contents":[{"role":"model","parts":[{"text":"x"}]}]}'
refused 'a part with text and picture' 'contents[0].parts[0]' 'one of' $flash25 "{\"contents\":[{\"parts\":[{\"text\":\"x\",\"inlineData\":{\"mimeType\":\"image/png\",\"data\":\"\"}}]}]}"
printf '{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[%s]},{"role":"user","parts":[{"text":"redder"}]}]}' "$(inline image/png "$WORK/p512")" >"$WORK/request"
refused 'a turn of the model without its signature' 'contents[1].parts[0]' 'thought_signature' $flash31 "@$WORK/request"
sed -i 's/{"inline_data"/{"thoughtSignature":"x","inline_data"/' "$WORK/request"
gemini $flash31 "@$WORK/request"
is "$CODE $(control GET tasks | jq -r '.[-1].prompt')" '200 redder' 'and with it'
printf '%262145s' '' | tr ' ' a >"$WORK/words"
text "$(cat "$WORK/words")" >"$WORK/request"
refused '65,537 tokens for pro' contents '65536' $pro "@$WORK/request"

# Pictures that lie elsewhere: URL [MIME].
elsewhere() { printf '{"contents":[{"parts":[{"fileData":{"fileUri":"%s"%s}},{"text":"x"}]}]}' "$1" "${2:+,\"mimeType\":\"$2\"}" >"$WORK/request"; }
elsewhere https://example.org/pose.png
google $flash31 "@$WORK/request"
is "$CODE" 200 'Google takes the address of a picture'
refused 'an address for a relay' 'contents[0].parts[0]' 'inline_data' $flash31 "@$WORK/request"
elsewhere https://example.org/pose.gif image/gif
refused_google 'the address of a GIF' 'contents[0].parts[0]' 'image/gif' $flash31 "@$WORK/request"
elsewhere gs://bucket/pose.png
refused_google 'the address in a bucket' 'contents[0].parts[0].file_data.file_uri' 'http' $flash31 "@$WORK/request"

# Pictures sent along: MIME DATA.
part() { printf '{"contents":[{"parts":[{"text":"x"},{"inlineData":{"mimeType":"%s","data":"%s"}}]}]}' "$1" "$2" >"$WORK/request"; }
small=$(base64 -w0 "$WORK/p512")
data='contents[0].parts[1].inline_data.data'
mime='contents[0].parts[1].inline_data.mime_type'
part image/png "${small:0:76}\\n${small:76}"
refused 'line breaks in base64' $data 'base64' $flash31 "@$WORK/request"
part image/png "${small%???}"
refused 'base64 that breaks off' $data 'base64' $flash31 "@$WORK/request"
part image/png "data:image/png;base64,$small"
refused 'a data: URL' $data 'base64' $flash31 "@$WORK/request"
part image/jpeg "$small"
refused 'a PNG declared as JPEG' $mime 'declared' $flash31 "@$WORK/request"
part image/gif "$(printf 'GIF89a\1\0\1\0\0\0\0;' | base64)"
refused 'a GIF' $mime 'image/gif' $flash31 "@$WORK/request"
part image/heic "$(printf '\0\0\0\030ftypheic\0\0\0\0mif1heic' | base64)"
gemini $flash31 "@$WORK/request"
is "$CODE" 200 'HEIC is told by its brand'
part image/heif "$(printf '\0\0\0\030ftypmif1\0\0\0\0mif1heic' | base64)"
gemini $flash31 "@$WORK/request"
is "$CODE" 200 'so is HEIF'
part image/heic "$small"
refused 'a PNG declared as HEIC' $mime 'declared' $flash31 "@$WORK/request"
many() { # COUNT
	local list='' one
	one=$(inline image/png "$WORK/p512")
	for ((i = 0; i < $1; i++)); do list+=",$one"; done
	printf '{"contents":[{"parts":[{"text":"many"}%s]}]}' "$list" >"$WORK/request"
}
settings '{"canned":true}'
many 14
gemini $flash25 "@$WORK/request"
is "$CODE $(control GET tasks | jq -r '.[-1].references|length')" '200 14' '14 pictures'
many 15
refused '15 pictures' contents 'at most 14' $flash25 "@$WORK/request"
is "$(bill '[.accepted,.charged]|join(" ")')" '5 5' 'what was refused was not billed'

gemini $flash25 '{"contents":'
is "$CODE $(field .error.status)" '400 INVALID_ARGUMENT' 'no JSON'
http POST "$API/v1beta/models/$flash25:generateContent" -H "Authorization: Bearer $KEY" -H 'Content-Type: text/plain' -d "$(text x)"
is "$CODE" 400 'another Content-Type'
gemini gemini-9-image "$(text x)"
is "$CODE $(field .error.status)" '404 NOT_FOUND' 'an unknown model'
like "$(field .error.message)" 'gemini-9-image is not found for API version v1beta' 'which is named'
http POST "$API/v1beta/models/$flash25:streamGenerateContent" -H "Authorization: Bearer $KEY" -d "$(text x)"
is "$CODE $(field .error.status)" '404 NOT_FOUND' 'another method'
settings '{"request_bytes":1000}'
text "$(head -c 948 "$WORK/words")" >"$WORK/request"
is "$(stat -c %s "$WORK/request")" 1000 'a request of 1,000 bytes'
gemini $flash25 "@$WORK/request"
is "$CODE" 200 'fits into request_bytes'
text "$(head -c 949 "$WORK/words")" >"$WORK/request"
gemini $flash25 "@$WORK/request"
like "$CODE $(field .error.message)" '^400 Request payload size exceeds the limit: 1000 bytes' 'one more does not'
settings '{"request_bytes":20000000}'

# --- keys -------------------------------------------------------------------------------------------------

reset
KEY=sk-wrong gemini $flash25 "$(text x)"
is "$CODE $(field '.error|[(.message|type),.type,.code,.status]|map(tostring)|join(" ")')" '401 string relay_error invalid_api_key null' 'a wrong key at a relay'
KEY=sk-wrong google $flash25 "$(text x)"
is "$CODE $(field '.error|[.status,.details[0].reason]|join(" ")')" '400 INVALID_ARGUMENT API_KEY_INVALID' 'a wrong key at Google'
http POST "$API/v1beta/models/$flash25:generateContent" -H 'Content-Type: application/json' -d "$(text x)"
is "$CODE $(field .error.status)" '403 PERMISSION_DENIED' 'no key'
gemini $flash25 "$(text x)" -H "x-goog-api-key: $KEY"
is "$CODE" 400 'two keys'
is "$(bill '[.unauthorized,.leaked_keys]|join(" ")')" '4 0' 'are counted'
http POST "$API/v1beta/models/$flash25:generateContent?key=$KEY" -H 'Content-Type: application/json' -d "$(text x)"
is "$CODE $(field .error.status) $(bill .leaked_keys)" '400 INVALID_ARGUMENT 1' 'a key in the URL is refused and counted as leaked'
is "$(control GET requests | grep -c "$KEY")" 0 'the trace has no key'

# --- limits and credit ------------------------------------------------------------------------------------

reset
settings '{"submit_rpm":300,"submit_burst":1}'
gemini $flash25 "$(text x)"
google $flash25 "$(text x)"
is "$CODE $(field .error.status) $(header Retry-After)" '429 RESOURCE_EXHAUSTED ' 'a rate limit has no Retry-After'
like "$(field '.error.details[]|select(."@type"|endswith("RetryInfo")).retryDelay')" '^[0-9]+\.[0-9]s$' 'but RetryInfo'
like "$(field .error.message)" "Please retry in $(field '.error.details[-1].retryDelay')" 'and the message says it too'
settings '{"submit_rpm":0,"balance":0}'
google $flash25 "$(text x)"
is "$CODE $(field '.error.details|length') $(field '.error.details[0].violations[0].quotaValue')" '429 1 0' 'no credit at Google: a quota of 0'
gemini $flash25 "$(text x)"
is "$CODE $(field .error.code)" '403 insufficient_user_quota' 'no credit at a relay'
is "$(bill '[.accepted,.limited,.refused]|join(" ")')" '1 1 2' 'all of it is counted'

finish_tests
