#!/bin/bash
# A picture that is paid for is fetched, whatever its way here is like, and never made a second time.
. "$(dirname "$0")/lib.sh" || exit

setup --submit-rpm 0 --query-rpm 0 --time 0.1
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'

type_of() { timeout 10 file -b --mime-type - <"$MNT/$1"; }
pictures() { find "$MNT/out" "$MNT/history" -type f ! -name '*.txt' 2>/dev/null | sort | sed "s|^$MNT/||" | grep "$1" | paste -sd ' '; }
# fetched FILE TEXT NAME
fetched() {
	ok "$3: it is completed" wait_state "$1" completed
	is "$(of_prompt "$2" accepted),$(pictures "/${1%.txt}\.")" "1,out/${1%.txt}.png" "$3: one charge, one picture"
	is "$(type_of "out/${1%.txt}.png")" image/png "$3: and it is one"
}

# --- what comes is not what was announced -----------------------------------------------------------

setting '{"canned":true}'
for kind in truncate wrong_length html drop_mid drop_before 500 503 chunked wrong_type; do
	rule="\"do\":\"$kind\""
	[[ $kind != [0-9]* ]] || rule="\"do\":\"status\",\"status\":$kind"
	fault "{\"on\":\"download\",\"match\":\"comes $kind\",$rule}"
	prompt "$kind.txt" "it comes $kind"
done
for kind in truncate wrong_length html drop_mid drop_before 500 503 chunked wrong_type; do
	fetched "$kind.txt" "it comes $kind" "$kind"
done

# A file whose flaw is the provider's own: it comes the same again and again, so it is kept as it is.  This
# is a PNG with a wrong checksum.
fault '{"on":"download","match":"a flawed picture","do":"bytes","count":-1,"bytes":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9bAAAAABJRU5ErkJggg=="}'
prompt flawed.txt 'a flawed picture'
fetched flawed.txt 'a flawed picture' 'flawed'
like "$(status_of flawed.txt)" "note: the provider's file has a flaw" 'its status says that it has a flaw'

# An address that is refused once, and one that has expired: the task is asked for it again.
fault '{"on":"download","match":"a refused address","do":"status","status":403,"count":1}'
prompt address.txt 'a refused address'
fetched address.txt 'a refused address' '403'
ok 'after 403 the task was asked again' test "$(control GET tasks | jq '(.tasks? // .)[] | select(.prompt == "a refused address") | .polls')" -ge 2

# One that nobody can fetch from, and that has not expired: the task has the right one.
fault "{\"on\":\"poll\",\"do\":\"status\",\"status\":200,\"count\":1,\"body\":{\"id\":\"x\",\"status\":\"completed\",\"expires_at\":$(($(date +%s) + 3600)),\"result\":{\"data\":[{\"url\":\"$RESULTS_URL/not/there.png\"}]}}}"
prompt wrong.txt 'a wrong address'
fetched wrong.txt 'a wrong address' 'an address with nothing behind it'
# Once more where the task was not complete yet when it was asked again.
ok 'it was tried' test "$(control GET requests | jq '[.[] | select(.path == "/not/there.png")] | length')" -ge 1
# Refused twice in a row: as long as the provider does not say that it is gone, it is not expired.
fault '{"on":"download","match":"a stubborn address","do":"status","status":403,"count":2}'
prompt twice.txt 'a stubborn address'
fetched twice.txt 'a stubborn address' 'refused twice'

setting '{"expiry":1}'
fault '{"on":"download","match":"gone","do":"status","status":403,"count":-1}'
prompt gone.txt 'gone before it was fetched'
ok 'what has expired at the provider: expired' wait_state gone.txt expired
like "$(status_of gone.txt)" 'easelfs again' 'the status says what makes a new one'
is "$(of_prompt 'gone before it was fetched' accepted)" 1 'it was not made again by itself'
setting '{"expiry":86400}'
control DELETE faults >/dev/null

# A gateway that went astray knows no task for a while.
fault '{"on":"submit","match":"forgotten","do":"hold"}'
prompt forgotten.txt 'forgotten for a while'
ok 'it runs' wait_state forgotten.txt running
fault '{"on":"poll","do":"status","status":404,"count":-1}'
ok 'what the provider does not know any more: expired' wait_state forgotten.txt expired 40
like "$(status_of forgotten.txt)" 'hint: easelfs retry asks for it once more, at no charge; easelfs again' 'the status says what to do'
control DELETE faults >/dev/null
control POST release >/dev/null
ok 'a retry is taken' timeout 20 "$O/easelfs" retry "$MNT/forgotten.txt"
ok 'and it comes' wait_state forgotten.txt completed
is "$(of_prompt 'forgotten for a while' accepted)" 1 'for one charge'

# --- another host -----------------------------------------------------------------------------------

# The sandbox's own results again, by another name for the same address.
prompt there.txt 'what is there'
fetched there.txt 'what is there' 'what is there'
there=$(control GET requests | jq -r '[.[] | select(.listener == "results" and .status == 200)] | last | .path')
fault "{\"on\":\"download\",\"match\":\"elsewhere\",\"do\":\"redirect\",\"location\":\"${RESULTS_URL/127.0.0.1/localhost}$there\"}"
prompt elsewhere.txt 'it is elsewhere'
fetched elsewhere.txt 'it is elsewhere' 'a redirect to another host'
fault "{\"on\":\"download\",\"match\":\"back\",\"do\":\"redirect\",\"location\":\"$SANDBOX_URL/v1/balance\"}"
prompt back.txt 'back to the API'
fetched back.txt 'back to the API' 'a redirect to the API'
is "$(control GET requests | jq '[.[] | select(.path == "/v1/balance")] | length > 0')" true 'it was followed'
is "$(control GET requests | jq '[.[] | select(.path == "/v1/balance" or .listener == "results") | select(.authorization)] | length')" 0 \
	'without the key'
fault "{\"on\":\"download\",\"match\":\"relative\",\"do\":\"redirect\",\"location\":\"$there\"}"
prompt relative.txt 'a relative one'
fetched relative.txt 'a relative one' 'a redirect without a host'
fault '{"on":"download","match":"in circles","do":"redirect","location":"file:///etc/passwd","count":1}'
prompt circles.txt 'in circles'
fetched circles.txt 'in circles' 'a redirect to a file'
is "$(bill .leaked_keys)" 0 'no key went to where results are'
is "$(control GET requests | jq -r '[.[] | select(.listener == "results") | .headers | keys[] | ascii_downcase | select(test("key|auth|cookie"))] | unique | join(" ")')" '' \
	'under whatever name'

# --- too large --------------------------------------------------------------------------------------

config <<-END
	picture-bytes = 1000
	END
eventually 10 grep -q 'has changed' "$WORK/daemon.log" || die 'the configuration is not read again'
prompt large.txt 'a large one'
ok 'a picture that is larger than is allowed stops' wait_state large.txt stopped
like "$(status_of large.txt)" 'is larger than 1000 bytes' 'with the limit'
like "$(status_of large.txt)" 'picture-bytes in \[provider sandbox\]' 'and how to change it'
sed -i 's/^picture-bytes = 1000$/picture-bytes = 10 MB/' "$XDG_CONFIG_HOME/easelfs/config"
fetched large.txt 'a large one' 'when more is allowed'

# The same over a restart, after which nobody has talked to the provider yet.
sed -i 's/^picture-bytes = 10 MB$/picture-bytes = 1000/' "$XDG_CONFIG_HOME/easelfs/config"
umount_it
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
prompt again.txt 'large again'
ok 'another that is too large' wait_state again.txt stopped
umount_it
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
is "$(state_of again.txt)" stopped 'is still stopped after a restart'
sed -i 's/^picture-bytes = 1000$/picture-bytes = 10 MB/' "$XDG_CONFIG_HOME/easelfs/config"
fetched again.txt 'large again' 'and comes, too, when more is allowed'

# What is large is no picture, but what the server says of an error.
printf '{"on":"download","match":"wordy","do":"status","status":503,"count":1,"body":{"x":"%s"}}' \
	"$(head -c 1200000 /dev/zero | tr '\0' x)" >"$WORK/wordy"
curl -sS --fail --max-time 20 -H 'Content-Type: application/json' --data "@$WORK/wordy" "$SANDBOX_URL/control/faults" >/dev/null
prompt wordy.txt 'a wordy error'
fetched wordy.txt 'a wordy error' 'an error that has much to say'

# --- the bytes decide -------------------------------------------------------------------------------

setting '{"canned":false,"format":"jpeg"}'
prompt photo.txt 'size: 1:1

a photo'
ok 'JPEG: it is completed' wait_state photo.txt completed
is "$(pictures /photo),$(type_of out/photo.jpg)" out/photo.jpg,image/jpeg 'JPEG: the name says so'
setting '{"format":"webp"}'
prompt web.txt 'a web page'
ok 'WebP: it is completed' wait_state web.txt completed
is "$(pictures /web),$(type_of out/web.webp)" out/web.webp,image/webp 'WebP: the name says so'
prompt photo.txt 'size: 1:1

another photo'
ok 'a new revision of another type: it is completed' wait_state photo.txt completed
ok 'the old picture is in history/' eventually 10 test -s "$MNT/history/photo.1.jpg"
is "$(pictures /photo)" 'history/photo.1.jpg out/photo.webp' 'and only there'
setting '{"format":"asked","canned":true}'
prompt size.txt 'size: 16:9

of another size'
ok 'another size than asked: it is completed' wait_state size.txt completed
like "$(status_of size.txt)" 'note: .*pixels' 'another size than asked: the status says so'
is "$(timeout 10 jq -r '.tasks[0] | "\(.type) \(.width)x\(.height) \(.bytes)"' "$MNT/status/size.txt.json")" \
	"PNG 256x256 $(timeout 10 stat -c %s "$MNT/out/size.png")" 'and records what it is'

# --- more than one ----------------------------------------------------------------------------------

prompt four.txt 'n: 4

four of a kind'
ok 'n: 4: it is completed' wait_state four.txt completed
is "$(pictures /four)" 'out/four-1.png out/four-2.png out/four-3.png out/four-4.png' 'n: 4: four pictures'
is "$(of_prompt 'four of a kind' accepted)" 4 'n: 4: four charges'
fault '{"on":"submit","match":"three of four","do":"fail_task","message":"one brush broke"}'
prompt three.txt 'n: 4

three of four'
ok 'one of four fails: the job has failed' wait_state three.txt failed
is "$(pictures /three | wc -w)" 3 'the others are there'
like "$(status_of three.txt)" 'reason: 3 of 4 pictures came, 1 failed: .*one brush broke' 'the status says how many came, and why one did not'
like "$(status_of three.txt)" 'hint: easelfs retry asks for what is missing only' 'and what retry does'
ok 'so does out/' grep -q '3 of 4 pictures came, 1 failed' "$MNT/out/three.error.txt"
came=$(pictures /three | cut -d ' ' -f 1)
ok 'who waits for one that came has it' timeout 10 cmp "$MNT/wait/${came#out/}" "$MNT/$came"
ok 'retry' timeout 10 "$O/easelfs" retry "$MNT/three.txt"
ok 'it is completed' wait_state three.txt completed
is "$(status_of three.txt | grep -cE '^(reason|hint):')" 0 'and its status complains no more'
ok 'nor does out/' eventually 5 not test -e "$MNT/out/three.error.txt"
is "$(of_prompt 'three of four' accepted),$(of_prompt 'three of four' charged)" 5,4 'only that one was made again'
is "$(pictures /three)" 'out/three-1.png out/three-2.png out/three-3.png out/three-4.png' 'four pictures'

umount_it
is "$(ls "$WORK/gen/.easelfs/incoming")" '' 'nothing unfinished is left behind'
done_testing
