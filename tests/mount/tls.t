#!/bin/bash
# TLS and HTTP/2, behind a proxy with certificates of the test's own CA: who cannot prove who it is gets
# neither key nor request; one connection carries many requests; a connection that is cut never makes a
# request be sent twice.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0

# --- certificates -----------------------------------------------------------------------------------

# certificate NAME SUBJECT-ALT-NAME [DAYS]: NAME.key and NAME.pem, signed by ca.pem
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$1.key" -out "$1.csr" \
		-subj "/CN=easelfs test $1" 2>/dev/null &&
		openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "${3:-2}" -out "$1.pem" \
			-extfile <(echo "subjectAltName=$2") 2>/dev/null
}

cd "$WORK" || exit
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 2 \
	-subj '/CN=easelfs test CA' 2>/dev/null || die 'no CA could be made'
certificate good 'DNS:localhost,IP:127.0.0.1' || die 'no certificate could be made'
certificate elsewhere 'DNS:images.example.org' || die 'no certificate could be made'

# --- proxies ----------------------------------------------------------------------------------------

# One that nobody listens on.
free_port() { perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1)->sockport'; }

PROXIES=()
PATH=$PATH:/usr/sbin
_listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# proxy NAME CERTIFICATE [OPTION…]: TLS in front of the sandbox's API, or of what $BEHIND is the address of.
# Sets PROXY (its PID) and, the first time for a NAME, PORT_NAME.
proxy() {
	local name=$1 certificate=$2 port=PORT_$1 behind=${BEHIND:-$SANDBOX_URL}
	shift 2
	[ -n "${!port:-}" ] || printf -v "$port" '%s' "$(free_port)"
	nghttpx --conf=/dev/null --workers=1 -f "127.0.0.1,${!port}" -b "127.0.0.1,${behind##*:}" \
		--accesslog-file="$WORK/$name.access" --accesslog-format='$alpn $tls_protocol $remote_port $request' \
		--errorlog-file="$WORK/$name.error" --backend-read-timeout=100 "$@" "$certificate.key" "$certificate.pem" \
		>>"$WORK/$name.error" 2>&1 &
	PROXY=$!
	PROXIES+=("$PROXY")
	_pids+=("$PROXY")
	eventually 10 _listens "${!port}" || die "the proxy $name did not start: $(cat "$WORK/$name.error")"
}

prompt() { timeout 10 bash -c 'printf "provider: %s\n\n%s\n" "$2" "$3" >"$1"' - "$MNT/$1" "$2" "$3"; }

proxy good good
GOOD=$PROXY
proxy elsewhere elsewhere
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out expired.pem -days -1 \
	-extfile <(echo 'subjectAltName=DNS:localhost') 2>/dev/null && cp good.key expired.key || die 'no old certificate could be made'
proxy expired expired
# One that knows no newer TLS than 1.1, for a daemon whose OpenSSL would take that: it is for easelfs to refuse it.
PORT_old=$(free_port)
openssl s_server -quiet -accept "127.0.0.1:$PORT_old" -cert good.pem -key good.key -tls1_1 -cipher 'ALL:@SECLEVEL=0' \
	>old.said 2>/dev/null </dev/zero &
_pids+=($!)
PROXIES+=($!)
cat >openssl.cnf <<-END
	openssl_conf = all
	[all]
	ssl_conf = ssl
	[ssl]
	system_default = system
	[system]
	MinProtocol = TLSv1
	CipherString = ALL:@SECLEVEL=0
END
export OPENSSL_CONF=$WORK/openssl.cnf
proxy alone good --npn-list=http/1.1
# A provider whose key goes as x-goog-api-key; the sandbox's tasks want a Bearer, so the proxy adds it.
proxy other good "--add-request-header=authorization: Bearer $EASELFS_SANDBOX_KEY"
# Results over TLS.
BEHIND=$RESULTS_URL proxy results good --no-location-rewrite
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	poll-max = 0.3
	END
# at NAME PORT [KEY]…: a provider behind a proxy, and a model of that name there.
at() {
	local name=$1 port=$2
	shift 2
	config <<-END
		[provider $name]
		like = sandbox
		url = https://localhost:$port
		key-env = EASELFS_SANDBOX_KEY
		$(printf '%s\n' "$@")
		[model $name]
		provider = $name
		id = gemini-2.5-flash-image-preview
	END
}
# shellcheck disable=SC2154
{
	at good "$PORT_good" "ca-file = $WORK/ca.pem"
	at untrusted "$PORT_good"
	at elsewhere "$PORT_elsewhere" "ca-file = $WORK/ca.pem"
	at alone "$PORT_alone" "ca-file = $WORK/ca.pem"
	at old "$PORT_old" "ca-file = $WORK/ca.pem"
	at expired "$PORT_expired" "ca-file = $WORK/ca.pem"
	at other "$PORT_other" "ca-file = $WORK/ca.pem" 'auth = x-goog-api-key'
}
mount_fg -o settle=0.05,log=debug || die 'it cannot be mounted'

# --- who it is --------------------------------------------------------------------------------------

prompt good.txt good 'who it says it is'
ok 'a certificate that is right: it is completed' wait_state good.txt completed
like "$(cat good.access)" '^h2 TLSv1\.[23] ' 'HTTP/2 is spoken where it is offered'

for who in untrusted elsewhere old expired; do
	prompt $who.txt $who "somebody $who"
	ok "$who: it is deferred" wait_state $who.txt deferred
	like "$(status_of $who.txt)" 'reason: .*(could not prove who it is|certificate|could not connect to)' "$who: the status says why"
	is "$(accepted "somebody $who")" 0 "$who: nothing was sent"
	ok "$who: it can be canceled" timeout 10 "$O/easelfs" cancel "$MNT/$who.txt"
done
is "$(cat elsewhere.access 2>/dev/null)" '' 'no request went where the name is another'

is "$(cat old.said 2>/dev/null)" '' 'nothing was said to who knows an old TLS only'

prompt alone.txt alone 'without HTTP/2'
ok 'HTTP/1.1 over TLS: it is completed' wait_state alone.txt completed
like "$(cat alone.access)" '^http/1\.1 TLSv1\.[23] ' 'it is HTTP/1.1'

# --- where pictures lie -----------------------------------------------------------------------------

# x-goog-api-key: to the provider, and to nobody else.
control POST faults "{\"on\":\"download\",\"match\":\"keyed\",\"do\":\"redirect\",\"location\":\"$SANDBOX_URL/v1/balance\"}" >/dev/null
prompt other.txt other 'a keyed one'
ok 'x-goog-api-key: it is completed' wait_state other.txt completed
headers() { control GET requests | jq -r "[.[] | select($1) | .headers | keys[] | ascii_downcase | select(test(\"key|auth\"))] | unique | join(\" \")"; }
like "$(headers '.method == "POST" and (.body | tostring | contains("a keyed one"))')" 'x-goog-api-key' 'the provider has it'
is "$(headers '.listener == "results" or .path == "/v1/balance"')" '' 'neither the host of the picture nor another one has'
is "$(control GET requests | jq '[.[] | select(.path == "/v1/balance")] | length')" 1 'which was asked'

# From https to http nobody is sent, whoever says so; from http to https one is.
there=$(control GET requests | jq -r '[.[] | select(.listener == "results" and .status == 200)] | last | .path')
# shellcheck disable=SC2154  # PORT_results is set by its name
for to in "https://localhost:$PORT_results$there" "$RESULTS_URL/down"; do
	control POST faults "{\"on\":\"download\",\"do\":\"redirect\",\"location\":\"$to\",\"count\":1}" >/dev/null
done
prompt down.txt good 'one that is sent down'
ok 'sent down to http: it is completed, from where it was' wait_state down.txt completed
ok 'first it went up' grep -q "GET $there" results.access
is "$(control GET requests | jq '[.[] | select(.path == "/down")] | length')" 0 'but not down'
is "$(accepted 'one that is sent down')" 1 'it was paid for once'

# --- many on one ------------------------------------------------------------------------------------

: >good.access
control POST faults '{"on":"submit","match":"at once","do":"delay","seconds":1,"count":-1}' >/dev/null
began=${EPOCHREALTIME/[.,]/}
for i in {1..20}; do prompt "many$i.txt" good "number $i of those at once"; done
for i in {1..20}; do
	ok "number $i of 20 is completed" wait_state "many$i.txt" completed 40
done
took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
is "$(awk '/POST/ { print $3 }' good.access | sort -u | wc -l)" 1 'twenty submits went over one connection'
ok "and not one after the other (all took $took ms)" test "$took" -lt 15000

# --- cut --------------------------------------------------------------------------------------------

# The proxy is killed while the sandbox, which has accepted the task, waits with its answer: no TLS
# close_notify, no reply.  It is looked up, when there is somebody to ask.
control POST faults '{"on":"submit","match":"is cut","do":"delay","seconds":60,"count":1}' >/dev/null
prompt cut.txt good 'this one is cut'
ok 'the request is at the sandbox' control GET 'wait?submits=1&faults=24&timeout=20'
kill -KILL "$GOOD"
wait "$GOOD" 2>/dev/null
ok 'the submit is looked up' eventually 20 grep -q 'submitting -ambiguous->' "$WORK/daemon.log"
proxy good good
ok 'it is completed' wait_state cut.txt completed 60
is "$(accepted 'this one is cut')" 1 'it was paid for once'

umount_it
kill "${PROXIES[@]}" 2>/dev/null
done_testing
