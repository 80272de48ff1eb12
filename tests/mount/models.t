#!/bin/bash
# Every model, end to end: each size that it is documented to make, at exactly its pixels, and references in
# each format that it takes, over the wire that its provider speaks.  The pixels here are from the providers'
# pages, not from models.ini; the sandbox has a table of its own, too.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0 --submit-rpm 0 --query-rpm 0 --painters 2
config <<-END
	[provider toapis]
	url = $SANDBOX_URL
	first-look = 0.05
	poll-min = 0.05
	poll-max = 0.3
	submit-per-minute = 0
	query-per-minute = 0
	[provider tokaify]
	url = $SANDBOX_URL
	[provider google]
	url = $SANDBOX_URL
	[provider openai]
	url = $SANDBOX_URL/openai
	[provider local]
	url = $SANDBOX_URL/engine
	END
export TOAPIS_API_KEY=$EASELFS_SANDBOX_KEY TOKAIFY_API_KEY=$EASELFS_SANDBOX_KEY
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY OPENAI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o settle=0.02,budget=none || die 'it cannot be mounted'

json_of() { timeout 10 cat "$MNT/status/$1.json"; }

# --- what is documented -----------------------------------------------------------------------------

# RATIO=WIDTHxHEIGHT at 1K; the other resolutions are exactly half, twice and four times that.
ten='1:1=1024x1024 2:3=848x1264 3:2=1264x848 3:4=896x1200 4:3=1200x896 4:5=928x1152 5:4=1152x928 9:16=768x1376 16:9=1376x768 21:9=1584x672'
fourteen="$ten 1:4=512x2048 4:1=2048x512 1:8=384x3072 8:1=3072x384"
twelve="$ten 4:1=2048x512 8:1=3072x384"
flash25='1:1=1024x1024 2:3=832x1248 3:2=1248x832 3:4=864x1184 4:3=1184x864 4:5=896x1152 5:4=1152x896 9:16=768x1344 16:9=1344x768 21:9=1536x672'
nano='1:1=1024x1024 16:9=1792x1024 9:16=1024x1792 4:3=1365x1024 3:4=1024x1365 3:2=1536x1024 2:3=1024x1536'

# scaled WIDTHxHEIGHT RESOLUTION
scaled() {
	local w=${1%x*} h=${1#*x}
	case $2 in
	0.5K | 512) echo $((w / 2))x$((h / 2)) ;;
	2K) echo $((w * 2))x$((h * 2)) ;;
	4K) echo $((w * 4))x$((h * 4)) ;;
	*) echo "$1" ;;
	esac
}

declare -A wanted         # by prompt file
rows=()

# ask FOLDER PROVIDER MODEL RATIO RESOLUTION WIDTHxHEIGHT
ask() {
	local file=$1/${4/:/x}${5:+-$5}.txt
	wanted[$file]=$6
	prompt "$file" "provider: $2
model: $3
size: $4${5:+
resolution: $5}

$3 of $2, $4 ${5:-as it comes}"
}

# row PROVIDER MODEL SIZES [RESOLUTION…]: all ratios as they come, and the first and the last of them at each
# resolution.
row() {
	local provider=$1 model=$2 sizes=$3 folder=$1-$2 pair resolution pairs
	shift 3
	rows+=("$folder")
	timeout 10 mkdir "$MNT/$folder"
	for pair in $sizes; do
		ask "$folder" "$provider" "$model" "${pair%=*}" '' "${pair#*=}"
	done
	read -ra pairs <<<"$sizes"
	for resolution; do
		for pair in "${pairs[0]}" "${pairs[-1]}"; do
			ask "$folder" "$provider" "$model" "${pair%=*}" "$resolution" "$(scaled "${pair#*=}" "$resolution")"
		done
	done
}

# made FOLDER: prints what is not as it should be.
made() {
	local file state width height type notes
	timeout 120 "$O/easelfs" wait "$MNT/$1"/*.txt >/dev/null || echo 'not all are completed:'
	for file in "${!wanted[@]}"; do
		[[ $file == "$1"/* ]] || continue
		read -r state width height type notes < <(json_of "$file" |
			jq -r '[.state, .tasks[0].width, .tasks[0].height, .tasks[0].type, .note // "", .reason // ""] | join(" ")')
		[ "$state ${width}x$height $type$notes" = "completed ${wanted[$file]} PNG" ] ||
			echo "$file: $state ${width}x$height $type $notes, not ${wanted[$file]}"
	done
}

row toapis gemini-2.5-flash-image-official "$flash25"
row toapis gemini-2.5-flash-image-preview "$nano" 1K
row toapis gemini-3.1-flash-image-preview "$fourteen" 0.5K 1K 2K 4K
row toapis gemini-3.1-flash-image-preview-official "$twelve" 1K 2K 4K
row toapis gemini-3-pro-image-preview "$ten" 1K 2K 4K
row toapis gemini-3-pro-image-preview-official "$ten" 1K 2K 4K
row tokaify gemini-2.5-flash-image "$flash25"
row google gemini-2.5-flash-image "$flash25"
row google gemini-3.1-flash-image "$fourteen" 512 1K 2K 4K
row google gemini-3-pro-image "$ten" 1K 2K 4K
row openai gpt-image-2 '1:1=1024x1024 3:2=1536x1024 2:3=1024x1536'
row openai gpt-image-1.5 '1:1=1024x1024 3:2=1536x1024 2:3=1024x1536'
row local local '1:1=1024x1024 4:3=1152x896 16:9=1344x768'
for folder in "${rows[@]}"; do
	is "$(made "$folder")" '' "$folder: each size has its pixels"
done
is "$(bill .refused)" 0 'the provider had nothing to complain about'
is "$(bill '[.prompts[] | select(.accepted != 1)] | length')" 0 'each was paid for once'

# --- references -------------------------------------------------------------------------------------

for format in png jpeg webp; do
	prompt $format.txt "model: nano-banana-official
format: $format

a picture as $format"
done
for format in png jpeg webp; do ok "a picture as $format" wait_state $format.txt completed; done
is "$(cd "$MNT/out" && echo jpeg.* png.* webp.*)" 'jpeg.jpg png.png webp.webp' 'each with its suffix'
# The boxes that a HEIC begins with, its size, and no pixels.
{
	printf '\0\0\0\30ftypheic\0\0\0\0mif1heic'
	printf '\0\0\0\60meta\0\0\0\0\0\0\0\44iprp\0\0\0\34ipco\0\0\0\24ispe\0\0\0\0\0\0\0\100\0\0\0\100'
	printf '\0\0\0\20mdat12345678'
} >"$MNT/photo.heic"
hash_of() { timeout 10 sha256sum <"$MNT/$1" | cut -d' ' -f1; }

# with PROVIDER MODEL REFERENCE…
with() {
	local provider=$1 model=$2 file=refs-$1-$2.txt reference expected='' list
	shift 2
	for reference; do expected+="$(hash_of "${reference#/}") "; done
	list=$(printf '%s, ' "$@")
	prompt "$file" "provider: $provider
model: $model
refs: ${list%, }

$model of $provider after references"
	ok "$provider, $model: references in each format" wait_state "$file" completed
	is "$(control GET tasks | jq -r --arg prompt "$model of $provider after references" \
		'(.tasks? // .)[] | select(.prompt == $prompt) | [.reference_hashes[]] | join(" ")')" "${expected% }" \
		"$provider, $model: these bytes, in this order"
}
for model in gemini-2.5-flash-image-official gemini-2.5-flash-image-preview gemini-3.1-flash-image-preview \
	gemini-3.1-flash-image-preview-official gemini-3-pro-image-preview gemini-3-pro-image-preview-official; do
	with toapis $model /out/webp.webp /out/png.png /out/jpeg.jpg
done
for model in gemini-3.1-flash-image gemini-3-pro-image gemini-2.5-flash-image; do
	with google $model /out/webp.webp /out/png.png photo.heic /out/jpeg.jpg
done
with tokaify gemini-2.5-flash-image photo.heic /out/webp.webp /out/png.png /out/jpeg.jpg
with openai gpt-image-2 /out/webp.webp /out/png.png /out/jpeg.jpg
with openai gpt-image-1 /out/png.png
with local local /out/jpeg.jpg
is "$(bill .refused),$(bill .leaked_keys)" 0,0 'the provider had nothing to complain about'

# Four are one too many for a model that takes three; nothing is sent.
prompt four.txt 'model: nano-banana-official
refs: /out/webp.webp, /out/png.png, /out/jpeg.jpg, /out/png.png

four references'
ok 'one reference too many: it has failed' wait_state four.txt failed
like "$(status_of four.txt)" 'reason: .*up to 3 references, and these are 4' 'the status says how many'
is "$(bill '.prompts["four references"].accepted // 0')" 0 'and nothing was sent'

# --- who makes it -----------------------------------------------------------------------------------

# chosen NAME [ENVIRONMENT…]: who makes a prompt without headers for somebody who has only these keys.
chosen() {
	local name=$1 mnt=$WORK/$1
	shift
	mkdir "$mnt"
	(
		unset TOAPIS_API_KEY TOKAIFY_API_KEY GEMINI_API_KEY OPENAI_API_KEY EASELFS_SANDBOX_KEY
		# shellcheck disable=SC2163  # NAME=value
		[ $# = 0 ] || export "$@"
		mount_it -o settle=0.02 "$mnt" && prompt one.txt "for $name"
		eventually 20 eval '[[ $(state_of one.txt) =~ ^(completed|stopped|failed)$ ]]'
		json_of one.txt | jq -r '[.state, .provider // .hint] | join(" ")'
		umount_it
	)
}
key=$EASELFS_SANDBOX_KEY
is "$(chosen google GEMINI_API_KEY="$key")" 'completed google' 'with GEMINI_API_KEY alone: google'
is "$(chosen google2 GOOGLE_API_KEY="$key")" 'completed google' 'with GOOGLE_API_KEY alone: google'
is "$(chosen openai OPENAI_API_KEY="$key")" 'completed openai' 'with OPENAI_API_KEY alone: openai'
is "$(chosen tokaify TOKAIFY_API_KEY="$key")" 'completed tokaify' 'with TOKAIFY_API_KEY alone: tokaify'
is "$(chosen toapis TOAPIS_API_KEY="$key")" 'completed toapis' 'with TOAPIS_API_KEY alone: toapis'
like "$(chosen nobody)" 'stopped .*TOAPIS_API_KEY.*GEMINI_API_KEY' 'without a key: stopped, and all that would do are named'

umount_it
done_testing
