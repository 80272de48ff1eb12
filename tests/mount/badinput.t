#!/bin/bash
# What goes wrong is said in words, where any tool can read it, costs nothing, loses nothing, and goes on
# when its cause is mended.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
cat >"$XDG_CONFIG_HOME/easelfs/config" <<END
[defaults]
provider = sandbox
model = nano-banana
settle = 0.05
[provider sandbox]
url = $SANDBOX_URL
first-look = 0.1
poll-min = 0.1
[provider toapis]
url = $SANDBOX_URL
first-look = 0.1
poll-min = 0.1
key-file = $WORK/key
END
mount_now() { mount_fg "$@" || die "it cannot be mounted"; }

# at SCRIPT: runs it in the mount.
at() { timeout 30 bash -euc 'cd "${0:?}"; eval "$1"' "$MNT" "$1" || diag "$1 → $?"; }
completes() { timeout 30 "$O/easelfs" wait "$MNT/$1" && timeout 10 test -s "$MNT/out/${1%.*}.png"; }
cli() { timeout 10 "$O/easelfs" "$1" "$MNT/$2"; }
# field REASON|HINT STATUS-TEXT
field() { sed -n "s/^$1: //p" <<<"$2"; }
# put PATH: from standard input, with cat's one or more writes.
put() { timeout 20 cat >"$MNT/$1" || diag "put $1 → $?"; }
# save PATH: closes it unwritten.
save() { timeout 10 bash -c ': >>"$0"' "$MNT/$1"; }

mount_now "$WORK/gen"

# --- refused before anything is sent ----------------------------------------------------------------

# Each: NAME PATH, what the reason must match, what the hint must match.  All are written first, then looked
# at, then mended.
names=() paths=() reasons=() hints=()
refused() {
	names+=("$1") paths+=("$2") reasons+=("$3") hints+=("$4")
}

printf 'sise: 16:9\nmodel: nano-banana\n\na cat\n' | put p01.txt
# Its first line is no known header, so all of it is the prompt: nothing to refuse.
printf 'model: nano-banana\nsise: 16:9\n\na cat\n' | put unknown.txt
refused 'an unknown header' unknown.txt '^unknown header "sise": did you mean "size"\?$' 'empty line'
printf 'size: 16:9\nzzz: 1\n\na cat\n' | put unknown2.txt
refused 'one that is near none' unknown2.txt '^unknown header "zzz"' 'the headers are model, .*metadata\.NAME'
printf 'size: 16:9\nA cat on a mat.\n\nMore.\n' | put noheader.txt
refused 'a line in the block that is no header' noheader.txt '^line 2 is no `name: value`: "A cat on a mat\."$' 'empty line between the headers and the prompt'
printf 'size: 16:9\nsize: 4:3\n\na cat\n' | put twice.txt
refused 'a header that stands there twice' twice.txt '"size" is set twice' 'keep one'
printf 'model: nano-bananna\n\na cat\n' | put model.txt
refused 'an unknown model' model.txt '^unknown model "nano-bananna": did you mean "nano-banana"\?$' 'the models are .*easelfs models'
printf 'model: something-else\n\na cat\n' | put model2.txt
refused 'one that is near none' model2.txt '^unknown model "something-else"$' 'the models are '
printf 'provider: nobody\n\na cat\n' | put provider.txt
refused 'an unknown provider' provider.txt '^unknown provider "nobody"' 'the providers are .*toapis'
printf 'size: 21:9\n\na cat\n' | put ratio.txt
refused 'a ratio that the model lacks' ratio.txt '^model "nano-banana" does not take size "21:9": it takes 1:1, 16:9' .
printf 'size: wide\n\na cat\n' | put ratio2.txt
refused 'a size that is none' ratio2.txt '^model "nano-banana" does not take size "wide": it takes ' .
printf 'size: 1000x333\n\na cat\n' | put pixels.txt
refused 'pixels that are none of its ratios' pixels.txt '^model "nano-banana" does not take size "1000x333"' .
printf 'model: nano-banana-2\nresolution: 1K\nsize: 2752x1536\n\na cat\n' | put conflict.txt
refused 'a size of another resolution' conflict.txt '"2752x1536" as 16:9 at 2K, but the resolution says 1K' 'leave one of the two out'
printf 'resolution: 4K\n\na cat\n' | put resolution.txt
refused 'a resolution that it lacks' resolution.txt '^model "nano-banana" does not take resolution "4K": it takes 1K' .
printf 'temperature: 1\n\na cat\n' | put temperature.txt
refused 'a header that it does not take' temperature.txt '^model "nano-banana" does not take the header "temperature"' .
for n in 0 17 -1 2.5 many; do
	printf 'n: %s\n\na cat\n' "$n" | put "n$n.txt"
	refused "n: $n" "n$n.txt" "n \"$n\": it takes .*1 to 16" .
done
printf 'metadata.x: {oops\n\na cat\n' | put json.txt
refused 'metadata that is no JSON' json.txt '"metadata\.x" is not JSON' 'double quotes'
{ seq -f 'metadata.x%.0f: 1' 201; printf '\na cat\n'; } | put much.txt
refused 'more metadata than anybody needs' much.txt 'there are more than 200 metadata\.NAME' 'leave some of them out'
printf 'People: a crowd at night\n' | put people.txt
refused 'a prompt that begins like a header' people.txt '"a crowd at night"' 'put an empty line before it'
printf -- '---\nsize: 16:9\na cat\n' | put fence.txt
refused 'front matter without its end' fence.txt 'has no second `---`' .

head -c 1001 /dev/zero | tr '\0' x | put long.txt
refused '1,001 characters' long.txt '^model "nano-banana" takes prompts of up to 1000 characters, and this one has 1001$' 'shorten the prompt, or choose another model'
# 1,000 characters of two bytes each are not too many.
printf 'ä%.0s' {1..1000} | put fits.txt
printf 'un caf\351\n' | put latin1.txt
refused 'what is not UTF-8' latin1.txt '^the file is not UTF-8 \(line 1, byte 0xe9\)$' 'save the file as UTF-8'
printf '\377\376a\0c\0' | put utf16.txt
refused 'UTF-16' utf16.txt 'UTF-16' 'save the file as UTF-8'
printf 'a cat\nand a \0\n' | put nul.txt
refused 'a NUL byte' nul.txt 'line 2 has a NUL byte' 'plain UTF-8 text'
head -c 1048577 /dev/zero | tr '\0' ' ' | put big.txt
refused 'more than 1 MiB' big.txt '1 MiB' 'shorten it'
stem=$(printf 'x%.0s' {1..236})
printf 'a cat with a long name\n' | put "$stem.txt"
refused 'a name that is too long' "$stem.txt" '236 bytes without its suffix: up to 235' 'rename'
stem235=${stem%x}
printf 'a cat with a name that fits\n' | put "$stem235.txt"

# References.  The picture is one that the sandbox made: p01 is finished by now, or soon.
ok 'what begins with an unknown name is all prompt' completes p01.txt
ok 'and 1,000 characters fit' completes fits.txt
ok 'and a stem of 235 bytes' completes "$stem235.txt"
good=3
printf 'refs: gone.png\n\na cat like missing\n' | put missing.txt
refused 'a reference that is missing' missing.txt '^reference gone\.png is not there \(looked in .* refs\)' 'copy it there'
printf 'refs: none*.png\n\na cat like glob\n' | put glob.txt
refused 'a pattern that fits none' glob.txt '^reference none\*\.png is not there' .
at 'echo "no picture" >fake.png; printf "\211PNG\r\n\032\n" >cut.png; mkdir fold.png'
printf 'refs: fake.png\n\na cat like fake\n' | put fake.txt
refused 'one that is no picture' fake.txt '^reference fake\.png is no picture$' '^model "nano-banana" takes jpeg, png, webp$'
printf 'refs: cut.png\n\na cat like cut\n' | put cut.txt
refused 'one that is cut off' cut.txt '^reference cut\.png is no picture$' .
printf 'refs: a.png b.png\n\na cat\n' | put comma.txt
refused 'two without a comma' comma.txt '^reference a\.png b\.png is not there' '^separate references by commas: a\.png, b\.png$'
printf 'refs: ftp://example.org/a.png\n\na cat\n' | put ftp.txt
refused 'an address of another kind' ftp.txt '^reference ftp://.* no provider fetches: only https:// and http:// are$' 'save the picture in the mount'
printf 'refs: /sub/none.png\n\na cat\n' | put root.txt
refused 'one that is missing at the root' root.txt '^reference /sub/none\.png is not there .looked from the mount.s root.$' .
printf 'model: google\n\na cat\n' | put google.txt
refused 'a provider as model' google.txt '^unknown model "google": google is a provider$' '^write provider: google$'
at 'mkdir dir; printf "# ours\nsize: 21:9\n" >dir/.defaults'
printf 'a cat below defaults that do not fit\n' | put dir/cat.txt
refused 'a value from .defaults' dir/cat.txt '^model "nano-banana" does not take size "21:9".*WIDTHxHEIGHT' '^it comes from dir/\.defaults:2: change it there'
printf 'refs: fold.png\n\na cat\n' | put fold.txt
refused 'one that is a folder' fold.txt '^reference fold\.png is no file$' .
printf 'refs: ../../../etc/hostname\n\na cat\n' | put outside.txt
refused 'one outside of the mount' outside.txt '^reference \.\./\.\./\.\./etc/hostname lies outside of the mount$' 'copy the picture into the mount'
at 'mkdir many.refs; for i in {1..15}; do cp out/p01.png many.refs/$i.png; done'
printf 'a cat like all of these\n' | put many.txt
refused 'too many references' many.txt '^model "nano-banana" takes up to 14 references, and these are 15 or more$' 'leave some of them out'
at 'echo "sise: 16:9" >../defaults; mkdir bad; cp ../defaults bad/.defaults'
printf 'a cat below bad defaults\n' | put bad/cat.txt
refused 'a mistake in .defaults' bad/cat.txt '^bad/\.defaults:1: unknown header "sise": did you mean "size"\?$' .
printf 'two cats\n' | put two.txt
ok 'the first of two names' completes two.txt
good=$((good + 1))
printf 'two other cats\n' | put two.md
refused 'the same output name' two.md 'same name as that of two\.txt' 'rename one of the two'
ok 'it' wait_state two.md failed
printf 'two cats, once more\n' | put two.txt
ok 'does not keep the first one from its name' completes two.txt
good=$((good + 1))
printf 'n: 2\n\nthree cats\n' | put three.txt
ok 'n: 2' timeout 30 "$O/easelfs" wait "$MNT/three.txt"
good=$((good + 2))
printf 'a second of three\n' | put three-2.txt
refused 'the name of one of several' three-2.txt 'same name as that of three\.txt' 'rename one of the two'

for i in "${!paths[@]}"; do
	ok "${names[i]} is refused" wait_state "${paths[i]}" failed
	text=$(status_of "${paths[i]}")
	like "$(field reason "$text")" "${reasons[i]}" 'with the reason'
	like "$(field hint "$text")" "${hints[i]}" 'and what to do'
done
ok 'nobody waits for what is refused' not timeout 10 cat "$MNT/wait/model.png"
ok 'the reason stands in out/, too' eventually 10 timeout 10 grep -q 'unknown model "nano-bananna"' "$MNT/out/model.error.txt"
is "$(status_of model.txt.json | jq -r '.state, .reason')" $'failed\nunknown model "nano-bananna": did you mean "nano-banana"?' 'and in the JSON'
is "$(bill .submits_seen)" "$good" 'none of them was sent'
is "$(bill .uploads)" 0 'nor any reference'
is "$(timeout 10 cat "$MNT/model.txt")" $'model: nano-bananna\n\na cat' 'and the files are as they were'

# Mended.
mended=()
for path in unknown unknown2 noheader twice model model2 provider ratio ratio2 pixels conflict resolution temperature \
		n0 n17 n-1 n2.5 nmany json fence long latin1 utf16 nul big bad/cat; do
	mended+=("$path")
	at 'rm -f bad/.defaults'
	printf 'a mended cat in %s\n' "$path" | put "$path.txt"
done
printf '\nPeople: a crowd at night\n' | put people.txt
mended+=(people)
at 'cp out/p01.png gone.png; cp out/p01.png none1.png; cp out/p01.png fake.png; cp out/p01.png cut.png; rm many.refs/15.png'
for path in missing glob fake cut many; do
	save "$path.txt"
	mended+=("$path")
done
at "mv $stem.txt shorter.txt; mv two.md too.md; mv three-2.txt three-b.txt"
mended+=(shorter three-b)
for path in "${mended[@]}"; do
	ok "mended, $path goes" completes "$path.txt"
done
ok 'and the renamed one' completes too.md
is "$(bill .accepted)" $((good + ${#mended[@]} + 1)) 'each once'
is "$(bill .refused)" 0 'and the provider had nothing to refuse'
ok 'its error file is gone' eventually 10 not timeout 10 test -e "$MNT/out/model.error.txt"
is "$(accepted 'People: a crowd at night')" 1 'an empty line makes a prompt of what looks like a header'

# --- ways of writing headers ------------------------------------------------------------------------

at 'rm -rf ./*.txt ./*.md ./*.png bad' 2>/dev/null
printf 'aspectRatio: 16:9\nmodel: gemini-3.1-flash-image-preview\nimageSize: 2k\n\na cat by alias\n' | put alias.txt
printf -- '---\nsize: "4:3"\nmodel: nano-banana-2\n---\na cat in front matter\n' | put front.md
printf 'SIZE : 3:2\r\nModel:\tnano-banana-2\r\n\r\na cat of another system\r\n' | put crlf.txt
printf '\357\273\277size: 2:3\n\na cat with a mark\n' | put bom.txt
printf 'model: nano-banana-2\nmetadata.resolution: "2K"\n\na cat in metadata\n' | put metadata.txt
printf 'Note: a cat\n' | put note.txt
for prompt in alias.txt front.md crlf.txt bom.txt metadata.txt note.txt; do
	ok "$prompt is understood" completes "$prompt"
done
like "$(status_of alias.txt)" 'size: 16:9.resolution: 2K' 'aliases of headers'
like "$(status_of front.md)" 'size: 4:3' 'front matter'
like "$(status_of crlf.txt)" 'size: 3:2' 'CRLF, blanks and case'
like "$(status_of bom.txt)" 'size: 2:3' 'a byte order mark'
like "$(status_of metadata.txt)" 'resolution: 2K' "the API's own names"
is "$(accepted 'Note: a cat')" 1 'and a name that is no header is prompt'
is "$(accepted 'a cat of another system')" 1 'headers are not part of it'

# --- the provider -----------------------------------------------------------------------------------

fault '{"on":"submit","match":"forbidden","do":"fail_task","code":"content_policy_violation","message":"no such cats"}'
echo 'a forbidden cat' | put fails.txt
ok 'a task that the provider fails' wait_state fails.txt failed
text=$(status_of fails.txt)
like "$(field reason "$text")" 'no such cats.*content_policy_violation' 'says its words'
like "$(field hint "$text")" 'change the prompt' 'and what to do'
ok 'out/ says why' eventually 10 timeout 10 grep -q 'no such cats' "$MNT/out/fails.error.txt"
ok 'who waits is told' not timeout 10 cat "$MNT/wait/fails.png"
echo 'an allowed cat' | put fails.txt
ok 'another text goes' completes fails.txt
ok 'and the error file is gone' eventually 10 not timeout 10 test -e "$MNT/out/fails.error.txt"

fault '{"on":"submit","match":"once","do":"fail_task","code":"internal_error","message":"a hiccup"}'
echo 'a cat that fails once' | put once.txt
ok 'one that fails by chance' wait_state once.txt failed
ok 'easelfs retry' cli retry once.txt
ok 'makes it' completes once.txt
is "$(accepted 'a cat that fails once')" 2 'with a second task'
ok 'its error file is gone, too' eventually 10 not timeout 10 test -e "$MNT/out/once.error.txt"

fault '{"on":"submit","match":"page","do":"html"}'
echo 'a cat on a page' | put html.txt
ok 'HTML where JSON should be' wait_state html.txt unknown 20
text=$(status_of html.txt)
like "$(field hint "$text")" 'easelfs retry .*easelfs cancel' 'leaves the decision to a person'
is "$(accepted 'a cat on a page')" 0 'nothing is sent again by itself'
ok 'easelfs retry' cli retry html.txt
ok 'sends it' completes html.txt
fault '{"on":"poll","count":2,"do":"html"}'
echo 'a cat that is asked for' | put poll.txt
ok 'HTML in the place of a status' completes poll.txt
is "$(accepted 'a cat that is asked for')" 1 'costs nothing'
fault '{"on":"submit","match":"busy","do":"status","status":503,"headers":{"Retry-After":"1"}}'
echo 'a cat that is busy' | put busy.txt
ok 'a provider that is busy' completes busy.txt
is "$(accepted 'a cat that is busy')" 1 'is asked again, once'

# Down, and back at the same place.
port=${SANDBOX_URL##*:}
sandbox_stop
echo 'a cat in the dark' | put down.txt
ok 'a provider that is down' wait_state down.txt deferred
text=$(status_of down.txt)
like "$(field next-try "$text")" '^20[0-9-]+ [0-9:]+$' 'is tried again, and the status says when'
like "$(field reason "$text")" '[Cc]onnect' 'and why'
like "$(field hint "$text")" 'nothing was sent' 'and that nothing was sent'
sandbox_start --canned --time 0.1 --submit-rpm 0 --query-rpm 0 --port "$port"
ok 'when it is back it goes on by itself' completes down.txt
is "$(accepted 'a cat in the dark')" 1 'once'
ok 'unmounted' umount_it

# --- keys -------------------------------------------------------------------------------------------

# `toapis` is the sandbox here, and its key is in a file.
mkdir "$WORK/keys"
echo 'a cat from before' >"$WORK/keys/held.txt"
head -c 100 /dev/urandom >"$WORK/keys/noise.txt"
mount_now -o provider=toapis "$WORK/keys"
submits=$(bill .submits_seen)
ok 'nor for what was there before' wait_state held.txt stopped
is "$(timeout 10 find "$MNT/out" -type f 2>/dev/null | wc -l)" 0 'which is not worth a file in out/'
echo 'a cat without a key' | put cat.txt
ok 'no key at all' wait_state cat.txt stopped
text=$(status_of cat.txt)
like "$(field reason "$text")" 'no key for the provider toapis.*TOAPIS_API_KEY.*key is missing' 'says which'
like "$(field hint "$text")" 'write the key into it and chmod 600 .*/key, or set TOAPIS_API_KEY' 'and what to do'
ok 'nobody waits for a person' not timeout 10 cat "$MNT/wait/cat.png"
ok 'unmounted' umount_it
(umask 077 && echo key-of-the-tests >"$WORK/key")
mount_now -o provider=toapis "$WORK/keys"
ok 'with a key, it goes at the next mount' completes cat.txt
ok 'but not what was there before the first one' wait_state held.txt held

chmod 644 "$WORK/key"
echo 'a cat with an open secret' | put open.txt
ok 'a key file that others can read' wait_state open.txt stopped
text=$(status_of open.txt)
like "$(field reason "$text")" 'can be read by others \(mode 644\)' 'is refused'
like "$(field hint "$text")" 'chmod 600 ' 'and the hint is the command'
is "$(bill .submits_seen)" $((submits + 1)) 'nothing was sent'
chmod 600 "$WORK/key"
ok 'when it is mended, the prompt goes by itself' completes open.txt

echo 'a-wrong-key' >"$WORK/key"
echo 'a cat with a wrong key' | put wrong.txt
ok 'a wrong key' wait_state wrong.txt stopped
text=$(status_of wrong.txt)
like "$(field reason "$text")" 'does not accept the API key' 'is said'
like "$(field hint "$text")" 'check the key' 'and what to do'
ok 'but not the key' not grep -qr 'a-wrong-key' "$WORK/daemon.log" <(echo "$text") "$MNT/status/wrong.txt.json"
echo 'another cat' | put other.txt
ok 'other prompts stop as well' wait_state other.txt stopped
is "$(bill .unauthorized)" 1 'without a request of their own'
echo key-of-the-tests >"$WORK/key"
ok 'when the key is mended, it goes by itself' completes wrong.txt
ok 'and so does the other one' completes other.txt
is "$(bill '.prompts | map(.accepted) | max')" 1 'each once'

# The configuration is read again, too; with a mistake in it the one of before stays in force.
config <<-END

	[model of-my-own]
	provider = toapis
	id = gemini-2.5-flash-image-preview
	END
again() { printf 'model: of-my-own\n\n%s\n' "a cat from a new row $RANDOM" | put row.txt; wait_state row.txt completed 3; }
ok 'a model that was added to the configuration is known' eventually 10 again
cp "$XDG_CONFIG_HOME/easelfs/config" "$WORK/config.good"
echo 'nonsense' >>"$XDG_CONFIG_HOME/easelfs/config"
ok 'a mistake in it is said' eventually 10 grep -q 'stays in force' "$WORK/daemon.log"
echo 'a cat in spite of it' | put spite.txt
ok 'and what was there before holds' completes spite.txt
# --- what is sent, though it may be meant otherwise ---------------------------------------------------

put nearly.txt <<<$'sise: 16:9\n\na cat'
ok 'a first line with an unknown name is prompt' completes nearly.txt
like "$(status_of nearly.txt)" 'note: the first lines are part of the prompt, as "sise" is no header; did you mean "size"\?' \
	'and the status says so'
put note.txt <<<$'Note: a cat\n\nin a hat'
ok 'one that is near none' completes note.txt
ok 'has no note' not grep -q ^note <(status_of note.txt)

ok 'unmounted' umount_it

done_testing
