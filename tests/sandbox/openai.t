#!/bin/bash
# OpenAI's Images API: what the pages show is accepted and answered as they show it, anything else is
# refused with the parameter named.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0 --painters 2

b64() { decoded ".data[$1].b64_json" "$2"; }

# --- generations ------------------------------------------------------------------------------------------

openai '{"model":"gpt-image-1","prompt":"a white cat"}'
is "$CODE $(field 'keys_unsorted|join(" ")')" '200 created data background output_format quality size usage' 'the reply has the documented fields'
is "$(field '[.background,.output_format,.quality,.size,(.data|length),(.data[0]|has("url"))]|join(" ")')" 'opaque png medium 1024x1024 1 false' 'their values; base64, never a URL'
is "$(field '.usage|[.total_tokens-.input_tokens,.input_tokens_details.image_tokens]|join(" ")')" '1056 0' 'usage'
like "$(header x-request-id)" '^req_' 'a request id'
b64 0 "$WORK/cat.png"
is "$(file -b --mime-type "$WORK/cat.png") $(pixels "$WORK/cat.png")" 'image/png 1024x1024' 'the picture is PNG, 1024x1024'
openai '{"model":"gpt-image-2","prompt":"x","n":2,"size":"1536x1024","quality":"high","background":"opaque","output_format":"webp","output_compression":80,"moderation":"low","user":"me","stream":false,"partial_images":0}'
is "$CODE $(field '[.size,.quality,.output_format,(.data|length)]|join(" ")')" '200 1536x1024 high webp 2' 'all that it takes'
b64 1 "$WORK/p"
is "$(file -b --mime-type "$WORK/p") $(pixels "$WORK/p")" 'image/webp 1536x1024' 'the second picture'
openai '{"model":"gpt-image-1-mini","prompt":"x","output_format":"jpeg","size":"1024x1536","background":"auto"}'
b64 0 "$WORK/cat.jpg"
is "$(file -b --mime-type "$WORK/cat.jpg") $(pixels "$WORK/cat.jpg")" 'image/jpeg 1024x1536' 'JPEG'
settings '{"canned":true}'
for size in 1024x640 3840x2160 3840x1280 2880x2880 656x1008; do
	openai "{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"$size\"}"
	is "$CODE $(control GET tasks | jq -r '.[-1]|"\(.wire) \(.width)x\(.height)"')" "200 openai $size" "gpt-image-2 takes $size"
done
printf '{"model":"gpt-image-1.5","prompt":"%s"}' "$(printf '%32000s' '' | sed 's/ /ü/g')" >"$WORK/request"
openai "@$WORK/request"
is "$CODE" 200 'a prompt of 32,000 characters'
is "$(bill '[.accepted,.pictures,.refused]|join(" ")')" '9 10 0' 'the bill'
http GET "$API/openai/v1/models" -H "Authorization: Bearer $KEY"
is "$(field '[.object,.data[].id]|join(" ")')" 'list gpt-image-2 gpt-image-1.5 gpt-image-1-mini gpt-image-1' 'the models are listed'

# refused NAME PARAM CODE WORDS JSON
said() {
	is "$CODE $(field '.error|[.type,.param // "-",.code // "-"]|join(" ")')" "400 invalid_request_error $2 $3" "$1"
	like "$(field .error.message)" "$4" "$1: says why"
}
refused() {
	openai "$5"
	said "$1" "$2" "$3" "$4"
}
with() { printf '{"model":"%s","prompt":"x",%s}' "$1" "$2"; }
refused 'response_format' response_format unknown_parameter "Unknown parameter: 'response_format'" "$(with gpt-image-1 '"response_format":"b64_json"')"
refused 'an unknown field' seed unknown_parameter "Unknown parameter: 'seed'" "$(with gpt-image-2 '"seed":1')"
refused 'input_fidelity outside edits' input_fidelity unknown_parameter 'Unknown' "$(with gpt-image-1 '"input_fidelity":"high"')"
refused 'no prompt' prompt missing_required_parameter "'prompt'" '{"model":"gpt-image-1"}'
refused 'no model' model missing_required_parameter "'model'" '{"prompt":"x"}'
refused 'an unknown model' model invalid_value "'gpt-image-9'" '{"model":"gpt-image-9","prompt":"x"}'
refused 'a retired model' model invalid_value 'dall-e-3' '{"model":"dall-e-3","prompt":"x"}'
refused 'an empty prompt' prompt invalid_value 'empty' '{"model":"gpt-image-1","prompt":" "}'
printf '{"model":"gpt-image-1.5","prompt":"%s"}' "$(printf '%32001s' '' | sed 's/ /ü/g')" >"$WORK/request"
refused 'one character more' prompt string_above_max_length '32000' "@$WORK/request"
refused 'n of 0' n invalid_value 'between 1 and 10' "$(with gpt-image-1 '"n":0')"
refused 'n of 11' n invalid_value 'between 1 and 10' "$(with gpt-image-1 '"n":11')"
refused 'a quoted n' n invalid_type 'number' "$(with gpt-image-1 '"n":"1"')"
refused 'a size that gpt-image-1 has not' size invalid_value '1024x1536' "$(with gpt-image-1 '"size":"1024x1025"')"
refused 'a ratio as size' size invalid_value 'WIDTHxHEIGHT' "$(with gpt-image-2 '"size":"16:9"')"
refused 'no multiple of 16' size invalid_value 'multiples of 16' "$(with gpt-image-2 '"size":"1000x1024"')"
refused 'wider than 3:1' size invalid_value '3:1' "$(with gpt-image-2 '"size":"3088x1024"')"
refused 'longer than 3840' size invalid_value '3840' "$(with gpt-image-2 '"size":"3856x1600"')"
refused 'too few pixels' size invalid_value '655,360' "$(with gpt-image-2 '"size":"640x1008"')"
refused 'too many pixels' size invalid_value '8,294,400' "$(with gpt-image-2 '"size":"3840x2176"')"
refused 'quality hd' quality invalid_value 'medium' "$(with gpt-image-1 '"quality":"hd"')"
refused 'output_format gif' output_format invalid_value 'webp' "$(with gpt-image-1 '"output_format":"gif"')"
refused 'compression of PNG' output_compression invalid_value 'jpeg and webp' "$(with gpt-image-1 '"output_compression":50')"
refused 'compression 101' output_compression invalid_value 'between 0 and 100' "$(with gpt-image-1 '"output_format":"jpeg","output_compression":101')"
refused 'a transparent JPEG' background invalid_value 'png or webp' "$(with gpt-image-1 '"output_format":"jpeg","background":"transparent"')"
refused 'moderation off' moderation invalid_value 'low auto' "$(with gpt-image-1 '"moderation":"off"')"
refused 'a field twice' n invalid_value 'twice' "$(with gpt-image-1 '"n":1,"n":1')"
refused 'a stream' stream invalid_value 'stream' "$(with gpt-image-1 '"stream":true')"
refused 'partial images without a stream' partial_images invalid_value 'stream' "$(with gpt-image-1 '"partial_images":2')"
refused 'no JSON' - - 'JSON' '{"model":'
is "$(bill '[.accepted,.refused]|join(" ")')" '9 29' 'nothing of it was billed'

# --- edits ------------------------------------------------------------------------------------------------

reset
mine=(-F model=gpt-image-1 -F 'prompt=a red hat')
openai_edit "${mine[@]}" -F n=2 -F input_fidelity=high -F "image[]=@$WORK/cat.png;type=image/png" -F "image[]=@$WORK/cat.jpg;type=image/jpeg" -F "mask=@$WORK/cat.png;type=image/png"
is "$CODE $(field '.data|length')" '200 2' 'an edit of two pictures with a mask'
is "$(control GET tasks | jq -r '.[-1]|[.prompt,(.references[]|.name,.mime,.sha256),.mask.name]|join("|")')" \
	"a red hat|cat.png|image/png|$(sha256sum "$WORK/cat.png" | cut -d' ' -f1)|cat.jpg|image/jpeg|$(sha256sum "$WORK/cat.jpg" | cut -d' ' -f1)|cat.png" \
	'the sandbox knows them in their order'
openai_edit "${mine[@]}" -F "image=@$WORK/cat.png;type=image/png"
is "$CODE" 200 'a single image'
settings '{"canned":false}'
openai_edit "${mine[@]}" -F "image=@$WORK/cat.png;type=image/png" -F size=1024x1536
b64 0 "$WORK/p"
is "$(pixels "$WORK/p")" 1024x1536 'is painted'
settings '{"canned":true}'

refused_edit() { # NAME PARAM CODE WORDS CURL OPTION…
	local name=$1 param=$2 code=$3 words=$4
	shift 4
	openai_edit "$@"
	said "$name" "$param" "$code" "$words"
}
cat=(-F "image[]=@$WORK/cat.png;type=image/png")
refused_edit 'no picture' image missing_required_parameter 'image' "${mine[@]}"
refused_edit 'no prompt' prompt missing_required_parameter 'prompt' -F model=gpt-image-1 "${cat[@]}"
refused_edit 'image twice without []' image duplicate_parameter 'array syntax' "${mine[@]}" -F "image=@$WORK/cat.png;type=image/png" -F "image=@$WORK/cat.png;type=image/png"
refused_edit 'a picture without a type' image unsupported_file_mimetype 'mimetype' "${mine[@]}" -F "image[]=@$WORK/cat.png;type=application/octet-stream"
refused_edit 'a JPEG declared as PNG' image invalid_image_file 'bytes' "${mine[@]}" -F "image[]=@$WORK/cat.jpg;type=image/png"
refused_edit 'a mask of another size' mask invalid_image_file 'size' "${mine[@]}" "${cat[@]}" -F "mask=@$WORK/p;type=image/png"
refused_edit 'a JPEG as mask' mask invalid_image_file 'PNG' "${mine[@]}" "${cat[@]}" -F "mask=@$WORK/cat.jpg;type=image/jpeg"
refused_edit 'an unknown part' strength unknown_parameter 'strength' "${mine[@]}" "${cat[@]}" -F strength=1
refused_edit 'response_format' response_format unknown_parameter 'response_format' "${mine[@]}" "${cat[@]}" -F response_format=url
refused_edit 'n of two' n invalid_type 'number' "${mine[@]}" "${cat[@]}" -F n=two
refused_edit 'n of 11' n invalid_value 'between' "${mine[@]}" "${cat[@]}" -F n=11
refused_edit 'fidelity for the small model' input_fidelity invalid_value 'mini' -F model=gpt-image-1-mini -F prompt=x -F input_fidelity=low "${cat[@]}"
many=()
for ((i = 0; i < 16; i++)); do many+=("${cat[@]}"); done
openai_edit "${mine[@]}" "${many[@]}"
is "$CODE $(control GET tasks | jq -r '.[-1].references|length')" '200 16' '16 pictures'
refused_edit '17 pictures' image array_above_max_length '16' "${mine[@]}" "${many[@]}" "${cat[@]}"
cp "$WORK/cat.png" "$WORK/large.png"
truncate -s 50000000 "$WORK/large.png"
refused_edit '50 MB' image image_too_large '50MB' "${mine[@]}" -F "image[]=@$WORK/large.png;type=image/png"
openai_edit -H 'Content-Type: application/json' -d '{}'
like "$CODE $(field .error.message)" '^400 .*multipart' 'JSON is no form'
is "$(bill '[.accepted,.refused]|join(" ")')" '4 15' 'the bill of edits'

# --- keys, limits, credit ---------------------------------------------------------------------------------

reset
KEY=sk-wrong openai "$(with gpt-image-1 '"n":1')"
is "$CODE $(field '.error|[.type,.param,.code]|map(tostring)|join(" ")')" '401 invalid_request_error null invalid_api_key' 'a wrong key'
http POST "$API/openai/v1/images/generations" -H 'Content-Type: application/json' -d '{}'
is "$CODE $(bill .unauthorized)" '401 2' 'no key'
http GET "$API/openai/v1/nothing" -H "Authorization: Bearer $KEY"
is "$CODE $(field '.error|keys_unsorted|join(" ")')" '404 message type param code' 'a path that does not exist'
http GET "$API/openai/v1/images/edits" -H "Authorization: Bearer $KEY"
is "$CODE" 405 'GET where POST is wanted'
settings '{"submit_rpm":300,"submit_burst":2}'
openai "$(with gpt-image-1 '"n":1')"
is "$CODE $(header x-ratelimit-remaining-requests)" '200 ' 'no rate limit headers'
settings '{"ratelimit_headers":true}'
openai "$(with gpt-image-1 '"n":1')"
is "$(header x-ratelimit-limit-requests) $(header x-ratelimit-remaining-requests) $(header x-ratelimit-reset-requests)" '300 298 1m0s' 'unless set so'
openai "$(with gpt-image-1 '"n":1')"
is "$CODE $(field '.error|[.type,.code]|join(" ")')" '429 requests rate_limit_exceeded' 'a rate limit'
like "$(header retry-after) $(header retry-after-ms) $(header x-ratelimit-reset-requests)" '^[0-9]+ [0-9]+ [0-9.]+s$' 'says when, three times'
settings '{"submit_rpm":0,"balance":0}'
openai "$(with gpt-image-1 '"n":1')"
is "$CODE $(field '.error|[.type,.code]|join(" ")')" '429 insufficient_quota insufficient_quota' 'no credit'

finish_tests
