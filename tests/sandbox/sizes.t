#!/bin/bash
# Pictures have exactly the documented pixels, for every ratio and resolution of the Gemini rows.
. "$(dirname "$0")/lib.sh"
start --time 0 --submit-rpm 0 --query-rpm 0 --painters 2

nano='1:1=1024x1024 16:9=1792x1024 9:16=1024x1792 4:3=1365x1024 3:4=1024x1365 3:2=1536x1024 2:3=1024x1536'
flash25='1:1=1024x1024 2:3=832x1248 3:2=1248x832 3:4=864x1184 4:3=1184x864 4:5=896x1152 5:4=1152x896 9:16=768x1344 16:9=1344x768 21:9=1536x672'
half='1:1=512x512 2:3=424x632 3:2=632x424 3:4=448x600 4:3=600x448 4:5=464x576 5:4=576x464 9:16=384x688 16:9=688x384 21:9=792x336
1:4=256x1024 4:1=1024x256 1:8=192x1536 8:1=1536x192'
one='1:1=1024x1024 2:3=848x1264 3:2=1264x848 3:4=896x1200 4:3=1200x896 4:5=928x1152 5:4=1152x928 9:16=768x1376 16:9=1376x768 21:9=1584x672
1:4=512x2048 4:1=2048x512 1:8=384x3072 8:1=3072x384'
two='1:1=2048x2048 2:3=1696x2528 3:2=2528x1696 3:4=1792x2400 4:3=2400x1792 4:5=1856x2304 5:4=2304x1856 9:16=1536x2752 16:9=2752x1536 21:9=3168x1344
1:4=1024x4096 4:1=4096x1024 1:8=768x6144 8:1=6144x768'
four='1:1=4096x4096 2:3=3392x5056 3:2=5056x3392 3:4=3584x4800 4:3=4800x3584 4:5=3712x4608 5:4=4608x3712 9:16=3072x5504 16:9=5504x3072 21:9=6336x2688
1:4=2048x8192 4:1=8192x2048 1:8=1536x12288 8:1=12288x1536'

# request MODEL RATIO [RESOLUTION]; NAME and BODY
request() {
	local more=
	[ -z "${3:-}" ] || more=",\"metadata\":{\"resolution\":\"$3\"}"
	printf '{"model":"%s","prompt":"%s %s","size":"%s"%s}' "$1" "$2" "${3:-}" "$2" "$more"
}

# table MODEL RESOLUTION TABLE: submits all of them in one go, compares what the sandbox will paint.
table() {
	local model=$1 resolution=$2 pair ratio wanted=''
	reset
	for pair in $3; do
		ratio=${pair%=*}
		printf 'next\nurl = "%s%s"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\noutput = /dev/null\ndata = "%s"\n' \
			"$API" "$GEN" "$KEY" "$(request "$model" "$ratio" "$resolution" | sed 's/"/\\"/g')"
	done | sed 1d >"$WORK/requests"
	for pair in $3; do wanted+="${pair%=*} ${pair#*=}"$'\n'; done
	curl -s -m 20 -K "$WORK/requests"
	is "$(control GET tasks | jq -r '.[]|"\(.prompt|split(" ")[0]) \(.width)x\(.height)"' | sort)" "$(printf %s "$wanted" | sort -u)" \
		"$model ${resolution:-}: every ratio"
}

# painted MODEL RESOLUTION TABLE [FORMAT]: the files themselves.
painted() {
	local pair wrong=
	for pair in $3; do
		finished "$(request "$1" "${pair%=*}" "$2")"
		fetch "$(field '.result.data[0].url')" "$WORK/picture" >/dev/null
		[ "$(pixels "$WORK/picture")" = "${pair#*=}" ] || wrong+=" ${pair%=*}:$(file -b "$WORK/picture")"
	done
	is "$wrong" '' "$1 ${2:-}: the files have these pixels"
}

table nano-banana '' "$nano"
table nano-banana-official '' "$flash25"
table gemini-3.1-flash-image-preview 0.5K "$half"
table gemini-3.1-flash-image-preview 1K "$one"
table gemini-3.1-flash-image-preview 2K "$two"
table gemini-3.1-flash-image-preview 4K "$four"
table nano-banana-2-official 2K "$(echo "$two" | tr ' ' '\n' | grep -vE '^1:[48]')"
table nano-banana-pro 4K "$(echo "$four" | tr ' ' '\n' | grep -vE '^(1:[48]|[48]:1)')"
table nano-banana-pro-official 1K "$(echo "$one" | tr ' ' '\n' | grep -vE '^(1:[48]|[48]:1)')"

reset
painted nano-banana '' "$nano"
painted nano-banana-official '' '4:5=896x1152 21:9=1536x672'
painted gemini-3.1-flash-image-preview 0.5K "$half"
painted gemini-3.1-flash-image-preview 1K '2:3=848x1264 1:4=512x2048 8:1=3072x384'
painted gemini-3.1-flash-image-preview 2K '8:1=6144x768 3:4=1792x2400'
painted gemini-3.1-flash-image-preview 4K '1:8=1536x12288'

for model in nano-banana nano-banana-official nano-banana-pro gemini-3.1-flash-image-preview; do
	finished "{\"model\":\"$model\",\"prompt\":\"no size\"}"
	fetch "$(field '.result.data[0].url')" "$WORK/picture" >/dev/null
	is "$(pixels "$WORK/picture")" 1024x1024 "$model without size is square, 1K"
done

# Of the models without a printed table only the ratio is known.
for pair in 16:9=1 9:21=1 1:1=1; do
	finished "{\"model\":\"gpt-image-2\",\"prompt\":\"x\",\"size\":\"${pair%=*}\",\"resolution\":\"4k\"}"
done
is "$(control GET tasks | jq -r '[.[]|select(.model=="gpt-image-2")|((.width%16)+(.height%16), (.width*.height <= 8294400))|tostring]|unique|join(" ")')" '0 true' \
	'gpt-image-2: multiples of 16, at most 8,294,400 pixels'

finish_tests
