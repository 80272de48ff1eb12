#!/bin/bash
# Engines at home, as provider `local`: each answers in its own way, and none wants a key.
. "$(dirname "$0")/lib.sh" || exit

setup --time 0.1
config <<-END
	[provider local]
	url = $SANDBOX_URL/engine
	END
mount_fg -o model=local,settle=0.05 || die 'it cannot be mounted'
write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
size_of() { timeout 10 cat "$MNT/status/$1.json" | jq -r '.tasks[0] | "\(.width)x\(.height)"'; }

for engine in sd-server localai vllm; do
	setting "{\"engine\":\"$engine\"}"
	write $engine.txt "size: 16:9

a picture by $engine"
	ok "$engine: it is completed" wait_state $engine.txt completed
	is "$(size_of $engine.txt)" 1344x768 "$engine: it has its size"
	# An error as this engine words it.
	control POST faults "{\"on\":\"submit\",\"match\":\"too much for $engine\",\"do\":\"status\",\"status\":400,\"message\":\"out of memory\"}" >/dev/null
	write $engine-no.txt "too much for $engine"
	ok "$engine: what it refuses has failed" wait_state $engine-no.txt failed
	like "$(status_of $engine-no.txt)" 'reason: .*out of memory' "$engine: the status has its words"
	is "$(posts "too much for $engine" '| length')" 1 "$engine: and it was sent once"
done
is "$(bill .downloads)" 1 'only the one that answers with an address was asked for the file'

edits=0
for engine in sd-server vllm; do
	setting "{\"engine\":\"$engine\"}"
	write edit-$engine.txt "refs: /out/sd-server.png

edited by $engine"
	ok "$engine: after a reference it is completed" wait_state edit-$engine.txt completed
	edits=$((edits + 1))
	is "$(control GET requests | jq '[.[] | select(.path == "/engine/v1/images/edits")] | length')" $edits \
		"$engine: by way of edits"
	is "$(control GET tasks | jq -r ".[] | select(.prompt == \"edited by $engine\") | .reference_hashes[0]")" \
		"$(sha256sum <"$MNT/out/sd-server.png" | cut -d' ' -f1)" "$engine: the reference went along"
done

# An address that the engine has forgotten: there is nobody who could be asked for another one.
setting '{"engine":"localai"}'
control POST faults '{"on":"download","match":"forgotten","do":"status","status":404,"count":2}' >/dev/null
write forgotten.txt 'forgotten for a while'
ok 'an address that answers 404 is tried again' wait_state forgotten.txt completed 30
is "$(posts 'forgotten for a while' '| length')" 1 'and nothing is made anew'

is "$(bill .leaked_keys),$(control GET requests | jq '[.[] | select(.path | startswith("/engine")) | select(.authorization)] | length')" 0,0 \
	'no key was sent'
umount_it
done_testing
