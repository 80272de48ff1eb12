#!/bin/bash
#
# easelfs models: the table, one model at every provider that offers it, and the same for programs.
. "$(dirname "$0")/lib.sh"
setup
models() { timeout 20 "$O/easelfs" models "$@"; }
# The value of a line.
line() { sed -n "s/^$1 \+//p"; }

config <<END
[provider quiet]
url = https://quiet.example
key-env = QUIET_KEY
upload-path =
[model house]
provider = quiet
id = house-1
ratios = 1:1 16:9
resolutions = 1K 2K
default-resolution = 2K
takes = temperature quality format
formats = png jpeg
prompt-chars = 500
price = 1K 0.05, 2K 0.1
END

is "$(models | awk '$1 == "house" { print $2, $3, $4, $5, $6 }')" 'quiet no 0.1 1K 2K' 'the table has a row of the configuration'
is "$(QUIET_KEY=k models | awk '$1 == "house" { print $3 }')" yes '… with its key'
is "$(models | awk '$1 == "local" { print $3, $4 }')" 'yes 0' 'a local engine needs no key and costs nothing'

models house >"$WORK/house"
is "$(line provider <"$WORK/house")" 'quiet (no key)' 'one model: its provider, and that there is no key'
is "$(line 'reference files' <"$WORK/house")" 'jpeg png webp, up to 10.0 MB; by their address only' 'what references it takes'
is "$(line prompt <"$WORK/house")" 'up to 500 characters' 'how long a prompt may be'
is "$(line 'if not said' <"$WORK/house")" 2K 'which resolution is made'
is "$(line temperature <"$WORK/house")" '0 to 2' 'what a header takes'
is "$(line quality <"$WORK/house")" '1 to 100, with format jpeg' 'and with what'
is "$(line price <"$WORK/house")" $'0.05 USD at 1K\n0.1 USD at 2K' 'what it costs'
is "$(models house-1)" "$(cat "$WORK/house")" 'an id means the same'

is "$(models nano-banana-2 | line provider)" \
	$'toapis (no key)\ntokaify (no key)\ngoogle (no key)\napimart (no key)\nevolink (no key)' 'a model is shown at every provider'
is "$(models nano-banana-2 | grep -c '^$')" 4 'with a blank line between'
is "$(models -o provider=google nano-banana-2 | line price)" \
	$'0.045 USD at 512\n0.067 USD at 1K\n0.101 USD at 2K\n0.151 USD at 4K' 'or at one of them'
like "$(models -o provider=google nano-banana-2)" '  16:9 +688x384 +1376x768 +2752x1536 +5504x3072' 'pixels of a ratio at each resolution'
is "$(models -o provider=sandbox gpt-image-1 | line provider)" 'openai (no key)' 'the sandbox offers what all do'
like "$(models -o provider=openai nano-banana 2>&1)" 'provider "openai" does not offer model "nano-banana"' 'one that does not offer it says so'
ok '… and fails' not models -o provider=openai nano-banana
like "$(models nano-bananna 2>&1)" 'did you mean "nano-banana"' 'a wrong name gets the nearest'
ok 'an unknown option is refused' not models --yaml

models --json >"$WORK/all.json"
models --json house >"$WORK/house.json"
json() { jq -r "$2" "$WORK/$1.json"; }
is "$(json all length)" "$(($(models | wc -l) - 1))" 'it has every row'
is "$(json house '.[0].headers.quality')" '1 to 100, with format jpeg' 'and what each header takes'
is "$(json house '.[0].prices[1].usd')" 0.1 'prices'
is "$(json house '.[0].references.files')" false 'references'
is "$(json house '.[0].key')" false 'whether there is a key'

done_testing
