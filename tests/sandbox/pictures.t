#!/bin/bash
# Results: formats, how long they last, and that no key is shown to their host.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0

url() { field '.result.data[0].url'; }
small='"model":"gemini-3.1-flash-image-preview","metadata":{"resolution":"0.5K"}'
official() { printf '{"model":"nano-banana-official","prompt":"x","metadata":{"imageOutputOptions":%s}}' "$1"; }

finished "{$small,\"prompt\":\"one\"}"
one=$(url)
is "$(fetch "$one" "$WORK/one.png" -D "$WORK/head")" 200 'a picture is fetched without a key'
is "$(header Content-Type) $(file -b --mime-type "$WORK/one.png")" 'image/png image/png' 'it is PNG by default, declared and in fact'
is "$(header Content-Length)" "$(stat -c %s "$WORK/one.png")" 'its length is declared'
finished "{$small,\"prompt\":\"two\"}"
fetch "$(url)" "$WORK/two.png" >/dev/null
ok 'another prompt makes another picture' not cmp -s "$WORK/one.png" "$WORK/two.png"
finished "{$small,\"prompt\":\"one\"}"
fetch "$(url)" "$WORK/again.png" >/dev/null
ok 'the same prompt makes another picture the second time' not cmp -s "$WORK/one.png" "$WORK/again.png"
fetch "$one" "$WORK/same.png" >/dev/null
ok 'one URL always serves the same bytes' cmp "$WORK/one.png" "$WORK/same.png"
is "$(fetch "$one" /dev/null -I)" 200 'HEAD works'

for format in png jpeg webp; do
	finished "$(official "{\"mimeType\":\"image/$format\"}")"
	fetch "$(url)" "$WORK/picture" -D "$WORK/head" >/dev/null
	is "$(header Content-Type) $(file -b --mime-type "$WORK/picture")" "image/$format image/$format" "imageOutputOptions: $format"
	like "$(url)" "\.(${format/jpeg/jpg})$" "the URL's suffix says so too"
done
finished '{"model":"gpt-image-2","prompt":"x","output_format":"jpeg"}'
fetch "$(url)" "$WORK/picture" >/dev/null
is "$(file -b --mime-type "$WORK/picture")" image/jpeg 'output_format: jpeg'
settings '{"format":"webp"}'
finished "$(official '{"mimeType":"image/png"}')"
fetch "$(url)" "$WORK/picture" >/dev/null
is "$(file -b --mime-type "$WORK/picture")" image/webp 'the setting format wins over the request'
settings '{"format":"asked"}'

finished '{"model":"gemini-3.1-flash-image-preview","prompt":"three","n":3,"metadata":{"resolution":"0.5K"}}'
is "$(field '[.result.data[].url]|unique|length')" 3 'n: 3 makes three URLs'
mapfile -t urls < <(field '.result.data[].url')
for i in 0 1 2; do fetch "${urls[i]}" "$WORK/n$i" >/dev/null; done
is "$(cd "$WORK" && sha256sum n0 n1 n2 | cut -d' ' -f1 | sort -u | wc -l)" 3 'with three different pictures'

finished '{"model":"nano-banana","prompt":"Ünïcode — 猫 🐈 \u0001\nline"}'
is "$(fetch "$(url)" "$WORK/picture")" 200 'any text can be painted'

is "$(fetch "$one" /dev/null -H "Authorization: Bearer $KEY")" 400 'a key on the results port is refused'
is "$(fetch "$one" /dev/null -H "x-goog-api-key: $KEY")" 400 'so is one in the header that redirects do not strip'
is "$(bill .leaked_keys)" 2 'and counted'
is "$(fetch "$RESULTS/generated/0_0.png" /dev/null)" 404 'what never was is 404'
is "$(fetch "$one" /dev/null -X POST -d x)" 405 'nothing can be posted there'
is "$(fetch "$RESULTS$GEN" /dev/null)" 404 'the API does not answer there'
is "$(fetch "$API${one#"$RESULTS"}" /dev/null)" 404 'nor the results on the API port'

settings '{"result_as":"url"}'
poll "$ID"
is "$(field '[(.url|type),(.result|type)]|join(" ")')" 'string null' 'results as a top-level url'
settings '{"result_as":"strings"}'
poll "$ID"
is "$(field '.result.data[0]|type')" string 'results as plain strings'
settings '{"result_as":"data","expiry":1}'
poll "$ID"
is "$(field '.expires_at-.completed_at')" 1 'expires_at follows the setting'
settings '{"expiry":0}'
is "$(fetch "$one" /dev/null)" 403 'an expired picture is 403'
settings '{"expired_status":404}'
is "$(fetch "$one" /dev/null)" 404 'or 404, if set so'
settings '{"expiry":86400,"canned":true}'
fetch "$one" "$WORK/canned.png" >/dev/null
is "$(pixels "$WORK/canned.png")" 256x256 'canned: one small picture for everything'

stop
start --time 0 --font none
finished "{$small,\"prompt\":\"no font\"}"
is "$(fetch "$(url)" "$WORK/picture")" 200 'it paints without any font'

finish_tests
