#!/bin/bash
# The requests that the documentation shows are accepted, and answered in the documented shape.
. "$(dirname "$0")/lib.sh"
start --time 100 --submit-rpm 0

accepted() { # NAME JSON
	submit "$2"
	is "$CODE" 200 "$1 is accepted"
	is "$(field 'keys_unsorted|join(" ")')" 'id object model status progress created_at metadata' "$1: the reply has the documented fields"
	is "$(field '[.object,.model,.status,.progress,(.metadata|length)]|join(" ")')" "generation.task $(jq -r .model <<<"$2") queued 0 0" "$1: their values"
}

accepted 'gemini-2.5-flash-image-official, the page'"'"'s curl' '{
"model": "gemini-2.5-flash-image-official",
"prompt": "A cat wearing an astronaut suit walking on the moon",
"size": "1:1",
"n": 1,
"metadata": {
"temperature": 1.0
}
}'

accepted 'gemini-2.5-flash-image-preview, the page'"'"'s curl' '{
    "model": "gemini-2.5-flash-image-preview",
    "prompt": "A cat in a spacesuit walking on the moon",
    "size": "1:1",
    "n": 1
  }'

accepted 'gemini-3.1-flash-image-preview, the page'"'"'s curl' '{
"model": "gemini-3.1-flash-image-preview",
"prompt": "A cyberpunk city at night with flickering neon lights",
"size": "16:9",
"n": 1,
"metadata": {
"resolution": "2K"
}
}'

accepted 'gemini-3.1-flash-image-preview-official with all that it takes' '{
"model":"gemini-3.1-flash-image-preview-official","prompt":"a lighthouse","size":"8:1","n":1,
"metadata":{"resolution":"4K","temperature":2,"topP":0,"maxOutputTokens":32768,"personGeneration":"ALLOW_NONE",
"imageOutputOptions":{"mimeType":"image/jpeg","compressionQuality":80},
"thinkingConfig":{"thinkingBudget":24576,"thinkingLevel":"MINIMAL"},
"safetySettings":[{"category":"HARM_CATEGORY_HATE_SPEECH","threshold":"OFF"},
{"category":"HARM_CATEGORY_DANGEROUS_CONTENT","threshold":"BLOCK_LOW_AND_ABOVE"},
{"category":"HARM_CATEGORY_SEXUALLY_EXPLICIT","threshold":"BLOCK_MEDIUM_AND_ABOVE"},
{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"}]}}'

accepted 'gemini-3-pro-image-preview-official, the documented example' '{
"model":"gemini-3-pro-image-preview-official","prompt":"brass astrolabe, studio light","size":"4:5","n":1,
 "metadata":{"resolution":"4K","temperature":0.8,"topP":0.9,"maxOutputTokens":32768,"personGeneration":"ALLOW_ADULT",
   "imageOutputOptions":{"mimeType":"image/png"},
   "thinkingConfig":{"thinkingLevel":"LOW"},
   "safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_ONLY_HIGH"}]}}'

accepted 'gemini-3-pro-image-preview' '{"model":"gemini-3-pro-image-preview","prompt":"x","size":"21:9","metadata":{"resolution":"4K","orientation":"landscape"}}'

for model in nano-banana nano-banana-official nano-banana-2-official nano-banana-2-lite-official nano-banana-pro nano-banana-pro-official \
	gpt-image-2 gpt-image-2-vip gpt-image-2-official gpt-4o-image doubao-seedream-4-0 flux-2-pro flux-kontext-max; do
	accepted "$model, with a prompt alone" '{"model":"'$model'","prompt":"x"}'
done

submit '{"model":"gemini-3.1-flash-image-preview","prompt":"harbour at dawn","size":"16:9","n":1,
 "client_business_id":"pfs-7f1c-000042",
 "image_urls":["https://files.toapis.com/uploads/7/1790000000_ab12cd34.png"],
 "metadata":{"resolution":"2K","google_search":true,"google_image_search":false}}'
is "$CODE" 200 'a request with an own id and a reference elsewhere is accepted'
is "$(field .client_business_id)" pfs-7f1c-000042 'the own id is echoed'
task=$(field .id)
poll pfs-7f1c-000042
is "$(field .id)" "$task" 'the status is found by the own id'
submit '{"model":"nano-banana","prompt":"x","metadata":{"client_business_id":"in metadata/ä"}}'
poll in%20metadata%2F%C3%A4
is "$(field .client_business_id)" 'in metadata/ä' 'the own id may stand in metadata, and is percent-decoded in the URL'

finished '{"model":"nano-banana","prompt":"done"}'
is "$(field 'keys_unsorted|join(" ")')" 'id object model status progress created_at completed_at expires_at result' 'a completed task has the documented fields'
is "$(field '[.status,.progress,.expires_at-.completed_at,.result.type,(.result.data|length)]|join(" ")')" 'completed 100 86400 image 1' 'their values'
like "$(field '.result.data[0].url')" "^$RESULTS/generated/[0-9]+_[0-9a-f]+\.png$" 'the picture lies on the results port'

fault '{"on":"submit","do":"fail_task"}'
finished '{"model":"nano-banana","prompt":"fails"}'
is "$CODE $(field '[.status,.error.code,.error.message]|join("|")')" \
	'200 failed|generation_failed|call upstream API failed: upstream returned status 422' 'a failed task is HTTP 200 with an error in it'

http GET "$API/v1/balance" -H "Authorization: Bearer $KEY"
is "$(field 'keys_unsorted|join(" ")')" 'success remain_balance used_balance remain_credits used_credits credits_per_usd unlimited_quota' 'the balance has the documented fields'
is "$(field '[.remain_balance,.unlimited_quota]|join(" ")')" '-1 true' 'the balance is unlimited unless set'
http GET "$API/v1/models?type=image" -H "Authorization: Bearer $KEY"
is "$(field '[.success,.object,(.data[]|select(.id=="gemini-3.1-flash-image-preview").object)]|join(" ")')" 'true list model' 'the models are listed'
http GET "$API/v1/models" -H "Authorization: Bearer $KEY"
is "$(field '.data|length')" 0 'without type=image there are text models only, so none'

finish_tests
