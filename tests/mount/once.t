#!/bin/bash
# A submit that goes wrong: no picture is paid for twice, none that was paid for is lost, and the
# status says in words what happened.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
key=$EASELFS_SANDBOX_KEY
mount_fg -o provider=sandbox,settle=0.05,log=debug || die 'it cannot be mounted'

command() { timeout 10 "$O/easelfs" "$1" "$MNT/$2"; }
is_final() { [[ $(state_of "$1") =~ ^(completed|failed|stopped|unknown|expired|held)$ ]]; }

# once NAME FAULT [SUBMITS]: that prompt is completed with one charge and one picture, and the provider
# was sent SUBMITS requests for it (1).
once() {
	prompt "$1.txt" "once $1"
	ok "$1: it is completed" wait_state "$1.txt" completed
	is "$(of_prompt "once $1" accepted),$(posts "once $1" '| length')" "1,${3:-1}" "$1: one charge, ${3:-1} sent"
	ok "$1: the picture is there" test -s "$MNT/out/$1.png"
}

# --- the outcome is not known: it is looked up ------------------------------------------------------

# The connection must have been used before, or nothing would be repeated.
once warm
fault '{"on":"submit","match":"once reused","do":"close_after_read_on_reused","accepted":true,"count":1}'
once reused
is "$(control GET faults | jq '.[0].struck // .faults[0].struck')" 1 'reused: the connection was reused, and closed'
fault '{"on":"submit","match":"once unread","do":"close_after_read_on_reused","count":1}'
prompt unread.txt 'once unread'
ok 'read on a reused connection, not accepted: unknown' wait_state unread.txt unknown
is "$(of_prompt 'once unread' accepted),$(posts 'once unread' '| length')" 0,1 'and not sent again'

ambiguous='drop_after drop_mid truncate 408 409 499 500 501 502 504 520 521 522 523 524 525 526 530 html error_in_200'
for kind in $ambiguous; do
	case $kind in
	error_in_200) rule='"do":"error_in_200","status":500,"accepted":true' ;;
	[0-9]*) rule="\"do\":\"status\",\"status\":$kind,\"accepted\":true" ;;
	html) rule='"do":"html","accepted":true' ;;
	*) rule="\"do\":\"$kind\"" ;;
	esac
	fault "{\"on\":\"submit\",\"match\":\"once $kind\",$rule}"
	prompt "$kind.txt" "once $kind"
done
for kind in $ambiguous; do
	ok "$kind: it is completed" wait_state "$kind.txt" completed
	is "$(of_prompt "once $kind" accepted),$(posts "once $kind" '| length')" 1,1 "$kind: one charge, one sent"
	ok "$kind: the picture is there" test -s "$MNT/out/$kind.png"
done

for kind in drop_before reset 500; do
	rule='"do":"drop_before"'
	[ $kind != reset ] || rule+=',"reset":true'
	[ $kind != 500 ] || rule='"do":"status","status":500'
	fault "{\"on\":\"submit\",\"match\":\"nothing $kind\",$rule}"
	prompt "nothing-$kind.txt" "nothing $kind"
done
for kind in drop_before reset 500; do
	ok "$kind, not accepted: unknown" wait_state "nothing-$kind.txt" unknown
	is "$(posts "nothing $kind" '| length')" 1 "$kind, not accepted: not sent again"
	like "$(status_of "nothing-$kind.txt")" 'hint: .*retry.*cancel' "$kind, not accepted: the status says what a person can do"
done

# It is asked for at once, and 1, 3 and 12 times the first look (0.1 s) later: a provider may be late.
asked() {                 # when, in ms after the first time
	control GET requests | jq -r --arg id "$(posts "$1" '| .[0].body | fromjson | .client_business_id')" \
		'[.[] | select(.method == "GET" and (.path | contains($id))) | .arrived_ms] | [.[] - .[0]] | join(" ")'
}
read -r first second third fourth more <<<"$(asked 'nothing 500')"
ok "unknown: asked at once, after 100, 300 and 1200 ms, and no more ($first $second $third $fourth $more)" \
	test "$first" = 0 -a "$second" -ge 90 -a "$third" -ge $((second + 290)) -a "$fourth" -ge $((third + 1190)) -a -z "$more"

fault '{"on":"submit","match":"once late","do":"drop_after"}'
fault '{"on":"poll","match":"once late","do":"status","status":404,"count":3}'
# What the task says when it is found is taken at its word.
fault '{"on":"submit","match":"found failed","do":"drop_after"}'
fault '{"on":"poll","match":"found failed","do":"fail_task","message":"the brush broke on the way"}'
# Who is not allowed to ask does not know either; neither a lookup that fails nor one that is asked to wait
# sends it again.
fault '{"on":"submit","match":"once forbidden","do":"drop_after"}'
fault '{"on":"poll","match":"once forbidden","do":"status","status":403,"count":1}'
fault '{"on":"submit","match":"once stubborn","do":"drop_after"}'
fault '{"on":"poll","match":"once stubborn","do":"status","status":502,"count":1}'
fault '{"on":"poll","match":"once stubborn","do":"status","status":429,"headers":{"Retry-After":"0.2"},"count":1}'
for kind in late forbidden stubborn; do prompt $kind.txt "once $kind"; done
prompt found.txt 'found failed'
for kind in late forbidden stubborn; do once $kind; done
ok 'found, and failed there: failed' wait_state found.txt failed
like "$(status_of found.txt)" 'the brush broke on the way' 'the status says why'
is "$(of_prompt 'found failed' charged),$(posts 'found failed' '| length')" 0,1 'it was paid back, and sent once'
is "$(control GET faults | jq '[(.faults? // .)[] | select(.on == "poll" and .left > 0)] | length')" 0 'each lookup was answered as it should be'

# --- provably not accepted: it is sent again --------------------------------------------------------

control DELETE faults >/dev/null
date_soon() { LC_ALL=C date -u -d '+2 seconds' '+%a, %d %b %Y %H:%M:%S GMT'; }
fault '{"on":"submit","match":"once seconds","do":"status","status":429,"headers":{"Retry-After":"1"}}'
once seconds '' 2
is "$(posts 'once seconds' '| .[1].arrived_ms - .[0].arrived_ms >= 1000')" true 'seconds: Retry-After was obeyed'
fault '{"on":"submit","match":"once decimals","do":"status","status":429,"headers":{"Retry-After":"0.7"}}'
once decimals '' 2
is "$(posts 'once decimals' '| .[1].arrived_ms - .[0].arrived_ms | . >= 700 and . < 2000')" true 'decimals: obeyed'
fault "{\"on\":\"submit\",\"match\":\"once date\",\"do\":\"status\",\"status\":429,\"headers\":{\"Retry-After\":\"$(date_soon)\"}}"
once date '' 2
is "$(posts 'once date' '| .[1].arrived_ms - .[0].arrived_ms >= 700')" true 'date: obeyed'
fault '{"on":"submit","match":"once busy","do":"status","status":503}'
once busy '' 2
fault '{"on":"submit","match":"once early","do":"status","status":425,"body":{}}'
once early '' 2
fault '{"on":"submit","match":"once inside","do":"error_in_200","status":429}'
once inside '' 2

# Objects instead of strings, only after the provider has said that it does not like strings.
timeout 10 mkdir "$MNT/refs"
timeout 10 cp "$MNT/out/warm.png" "$MNT/refs/pose.png"
control POST settings '{"image_urls":"objects"}' >/dev/null
prompt objects.txt 'refs: pose.png

once objects'
ok 'references as objects: it is completed' wait_state objects.txt completed
is "$(of_prompt 'once objects' accepted)" 1 'references as objects: one charge'
is "$(posts 'once objects' '| map(.body | fromjson | .image_urls[0] | type) | join(",")')" string,object \
	'strings first, then objects'
control POST settings '{"image_urls":"any"}' >/dev/null
fault '{"on":"submit","match":"neither","do":"status","status":400,"count":-1,"body":{"error":{"code":"invalid_request","message":"bad image_urls","param":"image_urls"}}}'
prompt neither.txt 'refs: pose.png

neither'
ok 'neither form: it fails' wait_state neither.txt failed
is "$(posts neither '| map(.body | fromjson | .image_urls[0] | type) | join(",")')" string,object,string,object \
	'neither form: each was tried once with the upload that was there, and once with a new one'
control DELETE faults >/dev/null

# --- refused for good -------------------------------------------------------------------------------

n=0
# refusal STATUS BODY REGEX: the prompt fails, was sent once, and the status says REGEX.
refusal() {
	n=$((n + 1))
	fault "{\"on\":\"submit\",\"match\":\"refused $n.\",\"do\":\"status\",\"status\":$1,\"body\":$2}"
	prompt "refused$n.txt" "refused $n."
	ok "$1 $2: it fails" wait_state "refused$n.txt" failed
	is "$(posts "refused $n." '| length')" 1 "refused $n: it was sent once"
	like "$(status_of "refused$n.txt")" "$3" "refused $n: the reason is readable"
	ok "refused $n: it stands in out/, too" eventually 5 grep -sqE "$3" "$MNT/out/refused$n.error.txt"
}
refusal 400 '{"error":{"code":"invalid_request","message":"the size is odd","type":"invalid_request_error","param":"size"}}' 'the size is odd'
refusal 400 '{"error":"plain words"}' 'plain words'
refusal 400 '{"success":false,"message":"not this way"}' 'not this way'
refusal 422 '{"error":{"code":"content_policy_violation","message":"no dragons"}}' 'content rules.*no dragons'
refusal 422 '{"detail":[{"loc":["body","size"],"msg":"field required"}]}' 'field required'
refusal 400 '[{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"in a list"}}]' 'in a list'
refusal 400 '""' 'refused the request'
refusal 404 '{"error":{"message":"no such path"}}' 'does not know this.*no such path'
refusal 410 '""' 'does not know this'
refusal 413 '""' 'too large'
refusal 415 '""' 'reference picture'
fault "{\"on\":\"submit\",\"match\":\"once moved\",\"do\":\"redirect\",\"location\":\"$SANDBOX_URL/v1/images/generations\",\"status\":307}"
prompt moved.txt 'once moved'
ok '307: it fails, as nothing is sent to another place' wait_state moved.txt failed
like "$(status_of moved.txt)" "address has moved.*307" '307: the status says so'
is "$(of_prompt 'once moved' accepted),$(posts 'once moved' '| length')" 0,1 '307: it was sent once'

for how in error text fail_reason; do
	control POST settings "{\"failure_as\":\"$how\"}" >/dev/null
	fault "{\"on\":\"submit\",\"match\":\"fails as $how\",\"do\":\"fail_task\",\"code\":\"generation_failed\",\"message\":\"the brush broke\"}"
	prompt "fails-$how.txt" "fails as $how"
	ok "a task that fails ($how): failed" wait_state "fails-$how.txt" failed
	like "$(status_of "fails-$how.txt")" 'the brush broke' "a task that fails ($how): the reason is readable"
	is "$(of_prompt "fails as $how" charged)" 0 "a task that fails ($how): it was refunded"
done
ok 'retry of a failed one' command retry fails-text.txt
ok 'it is completed' wait_state fails-text.txt completed
is "$(of_prompt 'fails as text' charged)" 1 'and charged once'

# --- the provider refuses everything ----------------------------------------------------------------

umount_it
wait "$DAEMON"
mount_fg -o provider=sandbox,settle=0.05,log=debug,in_flight=1 || die 'it cannot be mounted again'
# stops WORD RULE REGEX
stops() {
	local i
	# Held, so that the others are queued behind it when the refusal comes.
	fault "{\"on\":\"submit\",\"match\":\"$1 1.\",\"seconds\":0.5,$2}"
	fault "{\"on\":\"submit\",\"match\":\"$1 \",\"count\":-1,$2}"
	for i in 1 2 3 4 5; do
		prompt "$1-$i.txt" "$1 $i."
	done
	for i in 1 2 3 4 5; do
		ok "$1: $i of 5 is stopped" wait_state "$1-$i.txt" stopped
	done
	is "$(posts "$1 " '| length')" 1 "$1: the others were not sent one by one"
	like "$(status_of "$1-5.txt")" "$3" "$1: each says why"
	ok "$1: retry of all, and nothing is mended" timeout 10 "$O/easelfs" retry "$MNT/$1"-{1,2,3,4,5}.txt
	refused_again() { [ "$(posts "$1 " '| length')" -ge 2 ]; }
	ok "$1: it is tried" eventually 10 refused_again "$1"
	for i in 1 2 3 4 5; do
		ok "$1: $i of 5 is stopped again" wait_state "$1-$i.txt" stopped
	done
	ok "$1: one request found that out, or two" test "$(posts "$1 " '| length')" -le 3
	control DELETE faults >/dev/null
	ok "$1: retry of one" command retry "$1-3.txt"
	for i in 1 2 3 4 5; do
		ok "$1: after that $i of 5 goes on" wait_state "$1-$i.txt" completed
	done
	is "$(bill "[.prompts | to_entries[] | select(.key | startswith(\"$1 \")) | .value.accepted] | add")" 5 "$1: five charges"
}
stops unauthorized '"do":"status","status":401' 'API key'
stops unpaid '"do":"status","status":402' 'credit'
stops forbidden '"do":"status","status":403' '403'
stops page '"do":"status","status":403,"body":"<html><body>Access denied</body></html>"' 'turned the request away'
stops quota '"do":"status","status":429,"body":{"error":{"code":"insufficient_quota","message":"top up","type":"insufficient_quota"}}' 'credit.*top up'

# --- nobody there -----------------------------------------------------------------------------------

requests=$(control GET requests)
leaked=$(bill .leaked_keys)
port=${SANDBOX_URL##*:}
results=${RESULTS_URL##*:}
sandbox_stop
prompt refused.txt 'connection refused'
ok 'connection refused: deferred' wait_state refused.txt deferred
like "$(status_of refused.txt)" 'could not connect' 'the status says so'
sandbox_start --port "$port" --result-port "$results" --canned
ok 'connection refused: it is completed' wait_state refused.txt completed 30
is "$(of_prompt 'connection refused' accepted)" 1 'connection refused: one charge'
umount_it
wait "$DAEMON"
config <<-END
	[provider nowhere]
	like = sandbox
	url = http://no-such-host.invalid
	key-env = EASELFS_SANDBOX_KEY
	[model nowhere]
	provider = nowhere
	id = gemini-2.5-flash-image-preview
END
mount_fg -o provider=sandbox,settle=0.05,log=debug || die 'it cannot be mounted for the third time'
prompt nowhere.txt 'provider: nowhere

to nobody'
ok 'a host that is not there: deferred' wait_state nowhere.txt deferred
like "$(status_of nowhere.txt)" 'could not find the address of no-such-host.invalid' 'the status says so'
ok 'and it can be canceled, as nothing was sent' command cancel nowhere.txt

# --- what was sent ----------------------------------------------------------------------------------

is "$(jq '[.[] | select(.path == "/v1/images/generations") | .body | fromjson | .n | type] | unique | join(",")' -r <<<"$requests")" \
	number 'n is a number, never a string'
is "$(jq '[.[] | select(.authorization) | .listener] | unique | join(",")' -r <<<"$requests")" api \
	'the key goes to the API only'
is "$(jq '[.[] | select(.listener == "api" and (.authorization | not))] | length' <<<"$requests"),$leaked" 0,0 'and there always'
status_files=$(cd "$MNT/status" && timeout 20 cat ./*.txt ./*.json)
ok 'the daemon logged something to look at' grep -q submit "$WORK/daemon.log"
ok 'the key is not in the log' not grep -qF "$key" "$WORK/daemon.log"
is "$(grep -cF "$key" <<<"$status_files")" 0 'nor in a status file'
ok 'nor anywhere in out/' not timeout 20 grep -rqF "$key" "$MNT/out"
umount_it
ok 'nor in the journal' not grep -rqF "$key" "$WORK/gen"
done_testing
