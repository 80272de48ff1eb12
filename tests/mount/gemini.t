#!/bin/bash
# The gemini wire: the reply to the one request carries the picture, and cannot be asked for again.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.2
config <<-END
	[provider google]
	url = $SANDBOX_URL
	in-flight = 16
	[provider tokaify]
	url = $SANDBOX_URL
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY TOKAIFY_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted'

pictures() { (cd "$MNT" && find out history -type f ! -name '*.txt' 2>/dev/null) | sort | grep "$1" | paste -sd ' '; }
texts() { (cd "$MNT" && find out history -type f -name '*.txt' 2>/dev/null) | sort | grep "$1" | paste -sd ' '; }
type_of() { timeout 10 file -b --mime-type - <"$MNT/$1"; }
is_final() { [[ $(state_of "$1") =~ ^(completed|failed|stopped|unknown|expired|held)$ ]]; }

# --- one picture ------------------------------------------------------------------------------------

prompt cat.txt 'a cat'
ok 'a prompt is completed' wait_state cat.txt completed
is "$(pictures /cat),$(type_of out/cat.png)" out/cat.png,image/png 'the picture is there'
like "$(status_of cat.txt)" 'provider: google' 'it was made by google'
is "$(of_prompt 'a cat' accepted),$(posts 'a cat' '| length')" 1,1 'one request, one charge'
like "$(posts 'a cat' '| .[0].path')" ':generateContent$' 'at generateContent'
like "$(posts 'a cat' '| .[0].headers | to_entries | map(.key) | join(" ")')" '[Xx]-[Gg]oog-[Aa]pi-[Kk]ey' 'with the key in x-goog-api-key'

prompt wait.txt 'somebody waits'
ok 'wait/ opens when the reply is there' timeout 20 cmp "$MNT/wait/wait.png" "$MNT/out/cat.png"

# --- what the model writes --------------------------------------------------------------------------

prompt words.txt 'modalities: TEXT, IMAGE

a picture and words'
ok 'with words: it is completed' wait_state words.txt completed
ok 'the words are beside the picture' eventually 10 test -s "$MNT/out/words.reply.txt"
is "$(texts /words)" out/words.reply.txt 'and nowhere else'
prompt words.txt 'modalities: IMAGE

a picture without words'
ok 'another revision without words: it is completed' wait_state words.txt completed
ok 'the old words are in history/' eventually 10 test -s "$MNT/history/words.1.reply.txt"
is "$(texts /words)" history/words.1.reply.txt 'and only there'
echo 'my own words' >"$WORK/own"
timeout 10 cp "$WORK/own" "$MNT/out/own.reply.txt"
prompt own.txt 'modalities: IMAGE

beside my own words'
ok 'beside a file of that name: it is completed' wait_state own.txt completed
ok 'what the user wrote stays' timeout 10 cmp "$WORK/own" "$MNT/out/own.reply.txt"
timeout 10 mv "$MNT/words.txt" "$MNT/phrases.txt"
prompt phrases.txt 'modalities: TEXT, IMAGE

a picture and words again'
ok 'with words again: it is completed' wait_state phrases.txt completed
ok 'they are there' eventually 10 test -s "$MNT/out/phrases.reply.txt"
timeout 10 mv "$MNT/phrases.txt" "$MNT/sayings.txt"
ok 'and follow a rename' eventually 10 test -s "$MNT/out/sayings.reply.txt"
ok 'they are no prompt' test -z "$(state_of ../history/words.1.reply.txt)"

# --- several pictures, and drafts -------------------------------------------------------------------

prompt three.txt 'provider: tokaify
candidates: 3

three of them'
ok 'three candidates: it is completed' wait_state three.txt completed
is "$(pictures /three)" 'out/three-1.png out/three-2.png out/three-3.png' 'three candidates: three pictures'
is "$(posts 'three of them' '| length')" 1 'three candidates: one request'
prompt same.txt 'provider: tokaify
candidates: 3

three of them'
ok 'the same again: it is completed' wait_state same.txt completed
is "$(pictures /same)" 'out/same-1.png out/same-2.png out/same-3.png' 'the same again: three pictures'
is "$(posts 'three of them' '| length')" 1 'the same again: no request'

fault '{"on":"submit","match":"some of them","do":"partial","length":2}'
prompt some.txt 'provider: tokaify
candidates: 3

some of them'
ok 'two of three come: it is completed' wait_state some.txt completed
is "$(pictures /some)" 'out/some-1.png out/some-2.png' 'two of three: both are kept'
like "$(status_of some.txt)" 'note: .*2 of 3' 'two of three: the status says so'

setting '{"drafts":2}'
prompt drafts.txt 'after drafts'
ok 'drafts before the picture: it is completed' wait_state drafts.txt completed
is "$(pictures /drafts)" out/drafts.png 'drafts before the picture: they are not kept'
fault '{"on":"submit","match":"nothing but drafts","do":"draft_only"}'
prompt only.txt 'nothing but drafts'
ok 'nothing but drafts: it is completed' wait_state only.txt completed
ok 'the drafts are in history/' eventually 10 test -s "$MNT/history/only.1.draft-2.png"
is "$(pictures /only)" 'history/only.1.draft-1.png history/only.1.draft-2.png out/only.png' 'the last one is in out/, too'
like "$(status_of only.txt)" 'note: .*draft' 'the status says so'
setting '{"drafts":0}'

for kind in snake escaped chunked drip; do
	rule="\"do\":\"$kind\",\"seconds\":0.3"
	fault "{\"on\":\"submit\",\"match\":\"it comes $kind\",$rule}"
	prompt "$kind.txt" "it comes $kind"
done
for kind in snake escaped chunked drip; do
	ok "$kind: it is completed" wait_state "$kind.txt" completed
	ok "$kind: the picture is whole" timeout 10 cmp "$MNT/out/$kind.png" "$MNT/out/cat.png"
done

# --- no picture -------------------------------------------------------------------------------------

# none NAME FAULT REASON
none() {
	fault "{\"on\":\"submit\",\"match\":\"none $1\",$2}"
	prompt "$1.txt" "none $1"
	ok "$1: it has failed" wait_state "$1.txt" failed
	like "$(status_of "$1.txt")" "reason: .*$3" "$1: the status says why"
	like "$(status_of "$1.txt")" 'hint: ' "$1: and what to do"
	like "$(timeout 10 cat "$MNT/out/$1.error.txt")" "$3" "$1: so does out/"
	is "$(posts "none $1" '| length'),$(pictures "/$1\.")" 1, "$1: one request, no picture"
}
none safety '"do":"finish","word":"IMAGE_SAFETY"' 'IMAGE_SAFETY'
none recitation '"do":"finish","word":"IMAGE_RECITATION","message":"too close to a known picture"' 'too close to a known picture'
none blocked '"do":"block","word":"PROHIBITED_CONTENT"' 'PROHIBITED_CONTENT'
none talk '"do":"no_image"' 'STOP|without a picture|no picture'
none damaged '"do":"bad_base64"' 'base64'
none error '"do":"error_in_200","status":400,"message":"not in this region"' 'not in this region'

# A word that nobody knows yet is shown as it is.
none new '"do":"finish","word":"A_NEW_REASON"' 'A_NEW_REASON'

# --- what is not known ------------------------------------------------------------------------------

ambiguous="drop_after drop_mid truncate 408 409 499 500 501 502 504 520 521 522 523 524 525 526 html"
for kind in $ambiguous; do
	rule="\"do\":\"$kind\""
	[[ $kind != [0-9]* ]] || rule="\"do\":\"status\",\"status\":$kind,\"accepted\":true"
	[ $kind != html ] || rule='"do":"html","accepted":true'
	fault "{\"on\":\"submit\",\"match\":\"lost $kind\",$rule}"
	prompt "lost-$kind.txt" "lost $kind"
done
for kind in $ambiguous; do
	ok "$kind: unknown" wait_state "lost-$kind.txt" unknown
	is "$(of_prompt "lost $kind" accepted),$(posts "lost $kind" '| length')" 1,1 "$kind: it was sent once"
	like "$(status_of "lost-$kind.txt")" 'hint: .*retry.*cancel' "$kind: the status says what a person can do"
done
ok 'a person says retry' timeout 10 "$O/easelfs" retry "$MNT/lost-500.txt"
ok 'then it is sent again, and completed' wait_state lost-500.txt completed
is "$(of_prompt 'lost 500' accepted)" 2 'which cost a second picture'

# What is refused for now is sent again, what is refused for good is not.
fault '{"on":"submit","match":"later","do":"status","status":503,"count":1}'
prompt later.txt 'later'
ok '503: it is sent again, and completed' wait_state later.txt completed
is "$(of_prompt later accepted)" 1 '503: one charge'
fault '{"on":"submit","match":"inside","do":"error_in_200","count":1}'
prompt inside.txt 'inside a 200'
ok '429 inside a 200: it is sent again, and completed' wait_state inside.txt completed
is "$(posts 'inside a 200' '| length')" 2 '429 inside a 200: it was sent twice'
fault '{"on":"submit","match":"slowly","do":"status","status":429,"count":1,"body":{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Please retry in 0.3s.","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.3s"}]}}}'
prompt slowly.txt 'slowly'
ok '429 with RetryInfo: it is sent again, and completed' wait_state slowly.txt completed
fault '{"on":"submit","match":"never","do":"status","status":429,"count":-1,"body":{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Quota exceeded, limit: 0","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"X","quotaValue":"0"}]}]}}}'
prompt never.txt 'never'
ok '429 with limit 0: it has failed' wait_state never.txt failed
is "$(posts never '| length')" 1 '429 with limit 0: it was sent once'

# A default that the provider has retired: nothing was made, so the next one is asked.
fault '{"on":"submit","match":"retired","do":"status","status":404,"count":1}'
prompt retired.txt 'a retired model'
ok 'the default is not there any more: it is completed' wait_state retired.txt completed
is "$(of_prompt 'a retired model' accepted),$(posts 'a retired model' '| map(.path | split("/") | last) | join(" ")')" \
	'1,gemini-3.1-flash-image:generateContent gemini-nano-banana-2.1:generateContent' 'by the next one'
fault '{"on":"submit","match":"named","do":"status","status":404,"count":1}'
prompt named.txt 'model: nano-banana-pro

a named model'
ok 'one that the prompt names: it has failed' wait_state named.txt failed
like "$(status_of named.txt)" 'hint: choose another model' 'the status says what to do'

# --- references -------------------------------------------------------------------------------------

photo() { base64 -d <<<"$1"; }
png=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
webp=UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA
# The boxes that a HEIC begins with, its size, and no pixels.
heic() {
	printf '\0\0\0\30ftypheic\0\0\0\0mif1heic'
	printf '\0\0\0\60meta\0\0\0\0\0\0\0\44iprp\0\0\0\34ipco\0\0\0\24ispe\0\0\0\0\0\0\0\100\0\0\0\100'
	printf '\0\0\0\20mdat12345678'
}
timeout 10 mkdir "$MNT/refs"
photo $png >"$MNT/refs/1-is-png.jpg"
photo $webp >"$MNT/refs/2.webp"
heic >"$MNT/refs/3.heic"
prompt refs.txt 'refs: refs/*

after all of these'
ok 'references: it is completed' wait_state refs.txt completed
is "$(control GET tasks | jq -r '(.tasks? // .)[] | select(.prompt == "after all of these") | [.references[].mime] | join(" ")')" \
	'image/png image/webp image/heic' 'references went with the request, in order, as what they are'
like "$(status_of refs.txt)" "reference: refs/1-is-png.jpg \(image/png, [0-9]+ bytes, sha256 $(sha256sum <"$MNT/refs/1-is-png.jpg" | cut -d' ' -f1)\)" \
	'the status lists them with size and hash'
prompt address.txt 'refs: https://example.org/pose.png, refs/1-is-png.jpg

after an address'
ok 'an address: it is completed' wait_state address.txt completed
is "$(control GET tasks | jq -r '(.tasks? // .)[] | select(.prompt == "after an address") | [.references[] | strings, (objects | .mime)] | join(" ")')" \
	'https://example.org/pose.png image/png' 'the address went with the request'
prompt relay.txt 'provider: tokaify
refs: https://example.org/pose.png

an address for a relay'
ok 'a relay that takes no addresses: it has failed' wait_state relay.txt failed
like "$(status_of relay.txt)" 'reason: .*https://example.org/pose.png' 'the status names the address'
is "$(of_prompt 'an address for a relay' accepted)" 0 'nothing was sent for it'
photo R0lGODdhAQABAIAAAP///////ywAAAAAAQABAAACAkQBADs= >"$MNT/refs/4.png"
prompt gif.txt 'refs: 4.png

after a GIF'
ok 'a format that the model does not take: it has failed' wait_state gif.txt failed
like "$(status_of gif.txt)" 'reason: .*gif.*png' 'the status names what it is and what is taken'
is "$(posts 'after a GIF' '| length')" 0 'nothing was sent'
timeout 20 bash -c 'for i in 1 2 3; do { head -c 6000000 /dev/zero; echo $2 >/dev/null; } | cat <(base64 -d <<<"$3") - >"$1/big$i.png"; done' - "$MNT/refs" x $png
prompt big.txt 'refs: big*.png

too much'
ok 'more bytes than a request may have: it has failed' wait_state big.txt failed
like "$(status_of big.txt)" 'reason: .*MB.*20' 'the status names the limit'
is "$(posts 'too much' '| length')" 0 'nothing was sent'

# --- a key that is refused --------------------------------------------------------------------------

timeout 10 rm -f "$MNT"/*.txt
umount_it
unset GEMINI_API_KEY
install -m 600 /dev/stdin "$HOME/google.key" <<<'no-such-key'
config <<-END
	[provider google]
	key-file = $HOME/google.key
	END
control POST reset >/dev/null
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted again'
for i in {1..10}; do prompt "key$i.txt" "with the wrong key $i"; done
for i in {1..10}; do ok "a wrong key stops prompt $i" wait_state "key$i.txt" stopped; done
ok 'not each of them was sent' test "$(posts 'with the wrong key' '| length')" -le 3
like "$(status_of key1.txt)" 'reason: .*key' 'the status says why'
install -m 600 /dev/stdin "$HOME/google.key.new" <<<"$EASELFS_SANDBOX_KEY"
mv "$HOME/google.key.new" "$HOME/google.key"
for i in {1..10}; do ok "when the key file is mended prompt $i goes on" wait_state "key$i.txt" completed; done
is "$(bill '[.prompts[] | .accepted] | add')" 10 'one charge each'

# --- the end in the middle --------------------------------------------------------------------------

setting '{"time":2}'
prompt late.txt 'it comes after the unmount'
ok 'the request is at the sandbox' control GET 'wait?submits=11&timeout=20'
pid=$DAEMON
ok 'it is unmounted at once' timeout 20 umount "$MNT"
ok 'the daemon stays until the picture is here, and leaves' eventually 20 _is_gone "$pid"
ok 'the picture is there' test -s "$WORK/gen/out/late.png"
is "$(of_prompt 'it comes after the unmount' accepted)" 1 'and was paid for once'

setting '{"time":30}'
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted'
prompt hurried.txt 'nobody wants to wait'
ok 'the request is at the sandbox' control GET 'wait?submits=12&timeout=20'
kill -TERM "$DAEMON"
ok 'told to end, it waits for the picture' eventually 10 grep -q 'pictures are being made that come only once' "$WORK/daemon.log"
ok 'it is unmounted' eventually 10 not is_mounted "$MNT"
ok 'and still there' kill -0 "$DAEMON"
kill -TERM "$DAEMON"
ok 'told once more, it ends' eventually 10 _is_gone "$DAEMON"
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted for the third time'
prompt killed.txt 'it is killed'
ok 'the request is at the sandbox' control GET 'wait?submits=13&timeout=20'
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
_force_umount "$MNT"
setting '{"time":0.2}'
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted for the fourth time'
ok 'killed while it waited: unknown' wait_state killed.txt unknown
is "$(posts 'it is killed' '| length')" 1 'it is not sent again'

umount_it

# --- the disk does not take what has come -------------------------------------------------------------

cat >"$WORK/refuse.c" <<-END
	#define _GNU_SOURCE
	#include <errno.h>
	#include <stdio.h>
	#include <string.h>
	#include <sys/syscall.h>
	#include <unistd.h>
	int fsync(int fd)
	{
		char path[64], name[4096] = "";
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, name, sizeof(name) - 1) > 0 && strstr(name, ".part") && access("$WORK/refuse", F_OK) == 0) {
			errno = ENOSPC;
			return -1;
		}
		return (int)syscall(SYS_fsync, fd);
	}
END
ok 'an fsync that can be refused is built' cc -shared -fPIC -o "$WORK/refuse.so" "$WORK/refuse.c"
export ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0
touch "$WORK/refuse"
LD_PRELOAD=$WORK/refuse.so mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted for the fifth time'
prompt refused.txt 'the disk refuses it'
says_why() { [[ $(status_of refused.txt) == *'the picture has come, and could not be written: No space left on device'*'make room'* ]]; }
ok 'what the disk refuses is tried again, and the status says why' eventually 20 says_why
is "$(state_of refused.txt)" submitting 'it is not given up'
rm "$WORK/refuse"
ok 'when the disk takes it, it is completed' wait_state refused.txt completed
is "$(of_prompt 'the disk refuses it' accepted),$(pictures /refused)" '1,out/refused.png' 'paid for once, and there'
touch "$WORK/refuse"
prompt dies.txt 'the disk refuses it, and more'
dies_says_why() { [[ $(status_of dies.txt) == *'the picture has come, and could not be written'* ]]; }
ok 'another one waits' eventually 20 dies_says_why
kill -KILL "$DAEMON"
wait "$DAEMON" 2>/dev/null
_force_umount "$MNT"
mount_fg -o settle=0.05,log=debug,budget=none,provider=google || die 'it cannot be mounted for the last time'
ok 'killed while the disk refused: completed after the next start' wait_state dies.txt completed
is "$(of_prompt 'the disk refuses it, and more' accepted)" 1 'and paid for once'

umount_it
is "$(ls "$WORK/gen/.easelfs/incoming")" '' 'nothing unfinished is left behind'
done_testing
