#!/bin/bash
# The program itself: options, readiness, keys, the trace, many connections, its end.
. "$(dirname "$0")/lib.sh"

"$O/easelfs-sandbox" --help >"$WORK/help"
for option in port result-port key ready-fd exit-on-eof time speed submit-rpm canned image-urls pad drafts request-bytes engine ratelimit-headers; do
	ok "--help tells of --$option" grep -q -- "^  --$option" "$WORK/help"
done
said=$("$O/easelfs-sandbox" --version)
is "$? ${said%%$'\n'*}" "0 easelfs-sandbox $(sed -n 's/^#define EASELFS_VERSION "\(.*\)"/\1/p' version.h)" '--version says it'
for library in libmicrohttpd libpng libwebp; do
	like "$said" "$library $(pkg-config --modversion "$library")" "and that of $library"
done
wrong() {
	"$O/easelfs-sandbox" "$@" >/dev/null 2>"$WORK/wrong"
	is $? 2 "$* is a usage error"
}
wrong --nonsense
wrong --time
wrong --time soon
wrong --format tiff
wrong --port 99999
wrong file

start --port 0 --key sk-one --key=sk-two --time=0
tasks=(/proc/"$PID"/task/*)
ok 'a handful of threads' [ "${#tasks[@]}" -lt 8 ]
like "$API $RESULTS" '^http://127\.0\.0\.1:[0-9]+ http://127\.0\.0\.1:[0-9]+$' 'it says where it listens'
for key in sk-one sk-two; do
	KEY=$key poll x
	is "$CODE" 404 "$key is accepted"
done
KEY=sk-sandbox poll x
is "$CODE" 401 'the default key is not, when others are given'
listening=$(awk '$4 == "0A" {print $2}' /proc/$PID/net/tcp)
for port in "${API##*:}" "${RESULTS##*:}"; do
	is "$(grep -ic "^[0-9A-F]*:$(printf %04X "$port")$" <<<"$listening") $(grep -ic "^0100007F:$(printf %04X "$port")$" <<<"$listening")" '1 1' \
		"port $port is open on 127.0.0.1 only"
done
timeout 10 "$O/easelfs-sandbox" --port "${API##*:}" >/dev/null 2>&1
is $? 1 'a port that is taken is an error'
stop

EASELFS_SANDBOX_KEY=sk-env start
KEY=sk-env poll x
is "$CODE" 404 'the key of the environment is accepted'
http GET "$API$GEN/some%2Ftask?a=b" -H 'Authorization: Bearer sk-env' -H 'X-Mine: 1' -A 'agent/1'
last=$(control GET requests | jq -c '.[-1]')
is "$(jq -r '[.method,.path,.listener,.authorization,.headers["X-Mine"],.headers["User-Agent"],.status]|map(tostring)|join(" ")' <<<"$last")" \
	"GET $GEN/some/task api true 1 agent/1 404" 'the trace has method, path, headers and status'
is "$(grep -c sk-env <<<"$last") $(jq -r .headers.Authorization <<<"$last")" '0 Bearer …' 'but never the key'
is "$(jq '(.arrived_ms/1000) - now | fabs < 60' <<<"$last")" true 'and the time of arrival'
KEY=sk-env submit '{"model":"nano-banana","prompt":"trace"}'
is "$(control GET requests | jq -r '.[-1].body|fromjson.prompt')" trace 'and the body'
curl -s -o /dev/null -o /dev/null "$API/v1/balance" "$API/v1/balance"
is "$(control GET requests | jq -r '.[-2:]|(.[0].connection == .[1].connection), .[1].on_connection' | xargs)" 'true 2' 'and the connection, and which request on it'
settings '{"log_size":3}'
for _ in 1 2 3 4 5; do poll x; done
is "$(control GET requests | jq length)" 3 'the trace keeps as many as set'
is "$(control GET settings | jq -r '[.log_size,.submit_rpm,.image_urls,.canned]|map(tostring)|join(" ")')" '3 300 any false' 'settings can be read'
is "$(control POST settings '{"speed":2,"time":"soon"}' | jq -r .error.message)" 'time wants a number' 'a wrong setting is refused'
is "$(control GET settings | jq .speed)" 1 'and then none is changed'
is "$(control POST settings '[]' | jq -r .error.code)" invalid_request 'control wants objects'
is "$(curl -s -o /dev/null -w '%{http_code}' "$API/control/nothing")" 404 'what control does not know is 404'
stop

# 300 connections at once, held open by a delay.
start --time 0 --submit-rpm 0 --canned
fault '{"on":"submit","do":"delay","seconds":1,"count":-1}'
for ((i = 0; i < 300; i++)); do
	printf 'next\nurl = "%s%s"\nheader = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\ndata = "%s"\n' \
		"$API" "$GEN" "$KEY" "{\\\"model\\\":\\\"nano-banana\\\",\\\"prompt\\\":\\\"$((i % 10))\\\"}"
done | sed 1d >"$WORK/requests"
is "$(curl -s -m 20 --parallel --parallel-immediate --parallel-max 300 -K "$WORK/requests" 2>/dev/null | sort | uniq -c | xargs)" '300 200' '300 connections at once'
is "$(bill '"\(.accepted) \(.prompts["7"].accepted)"')" '300 30' 'and every submit counted'
is "$(control GET 'wait?completed=300&timeout=5' | jq -r .reached)" true 'all complete'
ok 'SIGTERM ends it cleanly' stop

mkfifo "$WORK/in" "$WORK/out"
"$O/easelfs-sandbox" --exit-on-eof --ready-fd 3 <"$WORK/in" 3>"$WORK/out" >"$WORK/stdout" 2>>"$WORK/log" &
PID=$!
exec 4>"$WORK/in"
line=$(cat "$WORK/out")
like "$line" '^listening on http://127.0.0.1:[0-9]+ results http://' 'ready-fd gets the line, and is closed'
is "$line" "$(cat "$WORK/stdout")" 'the same as standard output'
ok 'it lives while standard input is open' kill -0 $PID
exec 4>&-
ok 'and ends with it' wait $PID
PID=

finish_tests
