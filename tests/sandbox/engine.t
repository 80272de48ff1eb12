#!/bin/bash
# Engines at home: no key, lenient, and each with its own reply and its own errors.
. "$(dirname "$0")/lib.sh"
start --time 0 --painters 2

edit() { http POST "$API/engine/v1/images/edits" "$@"; }
kind() { field '.data|map(keys|join("+"))|join(" ")'; }

# --- stable-diffusion.cpp ---------------------------------------------------------------------------------

engine '{"model":"any","prompt":"a cat <sd_cpp_extra_args>{\"steps\":4}</sd_cpp_extra_args>","size":"256x128","n":2,"quality":"hd","response_format":"url","anything":{"goes":1}}'
is "$CODE $(kind) $(field '.created|type')" '200 b64_json b64_json string' 'sd-server: base64 always, the time as text, and nothing else matters'
decoded '.data[1].b64_json' "$WORK/cat.png"
is "$(file -b --mime-type "$WORK/cat.png") $(pixels "$WORK/cat.png")" 'image/png 256x128' 'any size of multiples of 8'
is "$(control GET tasks | jq -r '.[-1]|[.wire,.model,.n]|join(" ")') $(bill '[.accepted,.pictures,.spent]|join(" ")')" 'engine any 2 1 2 0' 'it is counted, and costs nothing'
settings '{"canned":true}'
engine '{"prompt":"x","n":99,"size":"huge"}'
is "$CODE $(control GET tasks | jq -r '.[-1]|"\(.n) \(.width)x\(.height)"')" '200 8 512x512' 'sd-server: n is clamped, a size that is none is 512x512'
engine '{"prompt":"x","output_format":"jpeg"}'
is "$CODE $(field .output_format)" '200 jpeg' 'sd-server makes JPEG'
engine '{"prompt":""}'
is "$CODE $(field '.error')" '400 prompt required' 'sd-server: an error is a text'
engine '{"prompt":"x <sd_cpp_extra_args>{steps}</sd_cpp_extra_args>"}'
is "$CODE $(field '.error')" '400 invalid sd_cpp_extra_args' 'a tag without JSON'
engine '{"prompt":"x","size":"100x100"}'
like "$CODE $(field '.error')" '^400 .*multiples of 8' 'no multiples of 8'
engine '{"prompt":"x","size":"2048x2056"}'
like "$CODE $(field '.error')" '^400 .*4 megapixels' 'more than 4 megapixels'
engine '{"prompt":"x","size":"2048x2048"}'
is "$CODE" 200 '4 megapixels'
edit -F 'prompt=with hat' -F "image[]=@$WORK/cat.png" -F "image=@$WORK/cat.png;type=text/plain" -F "mask=@$WORK/cat.png" -F seed=7
is "$CODE $(control GET tasks | jq -r '.[-1]|[.prompt,(.references|map(.mime)|join("+")),.mask.mime]|join("|")')" '200 with hat|image/png+image/png|image/png' 'sd-server: edits, whatever the type says'
echo text >"$WORK/text"
edit -F prompt=x -F "image[]=@$WORK/text"
is "$CODE $(field '.error|type')" '400 string' 'a text is no picture'
engine 'x'
is "$CODE $(field '.error|type')" '400 string' 'no JSON'

# --- LocalAI ----------------------------------------------------------------------------------------------

settings '{"canned":false,"engine":"localai"}'
engine '{"prompt":"a dog|blurry","size":"128x256","step":4,"n":2}'
is "$CODE $(kind) $(field '.created|type')" '200 embedding+index+url embedding+index+url number' 'localai: URLs'
url=$(field '.data[1].url')
like "$url" "^$RESULTS/generated/" 'on the results port'
is "$(fetch "$url" "$WORK/dog.png") $(pixels "$WORK/dog.png")" '200 128x256' 'where the picture is fetched'
is "$(bill .downloads)" 1 'and counted'
engine '{"prompt":"x","size":"64x64","response_format":"b64_json"}'
decoded '.data[0].b64_json' "$WORK/small.png"
is "$(kind) $(pixels "$WORK/small.png")" 'b64_json 64x64' 'localai: base64 when asked'
engine '{}'
is "$CODE $(field '.error|[.code,.message,.type]|join("|")')" '400 400|prompt required|' 'localai: an error is an object'
edit -F prompt=x -F "image=@$WORK/cat.png"
is "$CODE" 404 'localai has no edits'

# --- vLLM-Omni --------------------------------------------------------------------------------------------

settings '{"engine":"vllm"}'
engine '{"prompt":"a fox","size":"64x128","num_inference_steps":4,"seed":1,"negative_prompt":"x"}'
decoded '.data[0].b64_json' "$WORK/fox.png"
is "$CODE $(kind) $(pixels "$WORK/fox.png")" '200 b64_json 64x128' 'vllm: base64'
engine '{"prompt":"x","response_format":"url"}'
is "$CODE $(field '.detail|type')" '400 string' 'vllm: an error is a text in detail'
engine '{}'
is "$CODE $(field '.detail[0]|[.type,(.loc|join(".")),.msg]|join("|")')" '422 missing|body.prompt|Field required' 'vllm: or a list that names the field'
edit -F prompt=x -F "image=@$WORK/cat.png"
is "$CODE" 200 'vllm: edits'

# --- keys -------------------------------------------------------------------------------------------------

is "$(bill .leaked_keys)" 0 'nobody was shown a key so far'
settings '{"canned":true}'
engine '{"prompt":"x"}' -H "Authorization: Bearer $KEY"
is "$CODE $(bill .leaked_keys)" '200 1' 'a key that is shown counts as leaked'
http GET "$API/engine/v1/models"
is "$CODE $(field '.data[0].id')" '200 vllm' 'the model is listed'
is "$(bill '[.submits_seen-.accepted,.refused]|join(" ")')" '10 9' 'refusals are counted'

finish_tests
