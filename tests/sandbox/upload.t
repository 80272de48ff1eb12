#!/bin/bash
# Reference pictures: uploaded, public, used, refused.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0

# Pictures to send: painted by the sandbox itself.
for format in png jpeg webp; do
	settings "{\"format\":\"$format\"}"
	finished '{"model":"gemini-3.1-flash-image-preview","prompt":"reference '$format'","metadata":{"resolution":"0.5K"}}'
	fetch "$(field '.result.data[0].url')" "$WORK/cat.$format" >/dev/null
done
settings '{"format":"asked"}'
printf 'GIF89a\1\0\1\0\0\0\0;' >"$WORK/cat.gif"

for format in png jpeg webp gif; do
	upload "$WORK/cat.$format"
	is "$CODE $(field '[.success,.message,.data.mime_type,.data.size]|join("|")')" \
		"200 true||image/$format|$(stat -c %s "$WORK/cat.$format")" "$format is taken"
	like "$(field .data.url)" "^$RESULTS/uploads/7/[0-9]+_[0-9a-f]{8}\.(png|jpg|webp|gif)$" "$format gets a public URL"
	declare "url_$format=$(field .data.url)"
	is "$(fetch "$(field .data.url)" "$WORK/back")" 200 "$format is served without key"
	ok "$format comes back as it was sent" cmp "$WORK/cat.$format" "$WORK/back"
done

cp "$WORK/cat.jpeg" "$WORK/lies.png"
upload "$WORK/lies.png"
is "$(field .data.mime_type)" image/jpeg 'the type is found by content, not by name'
upload "$WORK/cat.png" -F purpose=generation
is "$CODE" 200 'purpose may be sent'

echo 'just text' >"$WORK/text.png"
upload "$WORK/text.png"
is "$CODE $(field .success)" '400 false' 'what is no picture is refused'
like "$(field .message)" 'Unsupported image type' 'and why'
cp "$WORK/cat.png" "$WORK/big.png"
truncate -s 10000000 "$WORK/big.png"
upload "$WORK/big.png"
is "$CODE" 200 '10,000,000 bytes are right'
truncate -s 10000001 "$WORK/big.png"
upload "$WORK/big.png"
is "$CODE $(field .success)" '400 false' 'one byte more is refused'
like "$(field .message)" 'Image too large' 'and why'
http POST "$API/v1/uploads/images" -H "Authorization: Bearer $KEY" -F "image=@$WORK/cat.png"
like "$CODE $(field .message)" '^400 .*"file"' 'the part must be named file'
http POST "$API/v1/uploads/images" -H "Authorization: Bearer $KEY" --data-binary "@$WORK/cat.png"
like "$CODE $(field .message)" '^400 .*multipart' 'the body must be multipart/form-data'
http POST "$API/v1/uploads/images" -H "Authorization: Bearer $KEY" -H 'Content-Type: multipart/form-data; boundary=xyz' --data-binary $'--xyz\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc'
is "$CODE" 400 'a body that breaks off is refused'
is "$(bill .uploads)" 7 'the bill counts what was stored'
is "$(control GET requests | jq -r '[.[]|select(.file)][0].file|[.filename,.sha256]|join(" ")')" \
	"cat.png $(sha256sum "$WORK/cat.png" | cut -d' ' -f1)" 'the trace has name and hash of what was sent'

# shellcheck disable=SC2154
finished "{\"model\":\"nano-banana\",\"prompt\":\"with references\",\"image_urls\":[\"$url_png\",{\"url\":\"$url_jpeg\"},\"$url_webp\",\"https://example.org/x.png\"]}"
is "$CODE $(field .status)" '200 completed' 'uploads are references, as strings and as objects'
is "$(fetch "$(field '.result.data[0].url')" "$WORK/with.png")" 200 'and are painted into the picture'
is "$(pixels "$WORK/with.png")" 1024x1024 'which has its size all the same'
# shellcheck disable=SC2154
submit "{\"model\":\"nano-banana\",\"prompt\":\"gif\",\"image_urls\":[\"$url_gif\"]}"
is "$CODE" 400 'a GIF is no reference for Gemini'
submit "{\"model\":\"doubao-seedream-4-0\",\"prompt\":\"webp\",\"image_urls\":[\"$url_webp\"]}"
is "$CODE" 400 'nor a WebP for Seedream'

settings '{"upload_expiry":0}'
submit "{\"model\":\"nano-banana\",\"prompt\":\"late\",\"image_urls\":[\"$url_png\"]}"
like "$CODE $(field .error.message)" '^400 .*expired' 'an expired upload is no reference'
is "$(fetch "$url_png" /dev/null)" 404 'nor is it served'

finish_tests
