#!/bin/bash
# easelfs doctor finds what is wrong, says what to do, pays for nothing, and exits with 0 only when nothing is wrong.
# The providers are played by the sandbox.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/clock.sh"
setup --balance 10.5
unset EASELFS_CRASH_LOOP
easelfs() { timeout 60 "$O/easelfs" "$@"; }
CONFIG=$XDG_CONFIG_HOME/easelfs/config

# configured LINE…: the configuration, with toapis at the sandbox.
configured() {
	printf '%s\n' '[provider toapis]' "url = $SANDBOX_URL" "$@" >"$CONFIG"
}
# finds STATUS REGEX NAME [OPTION…]: what the doctor says.
finds() {
	local status=$1 regex=$2 name=$3
	shift 3
	said=$(easelfs doctor "$@" 2>&1)
	is $? "$status" "$name: exit status $status"
	like "$said" "$regex" "$name: says so"
}
accepted() { bill '.accepted + .submits_seen'; }

# --- all is well ---

configured
export TOAPIS_API_KEY=$EASELFS_SANDBOX_KEY
finds 0 'nothing is wrong$' 'all is well'
for regex in 'ok +version +easelfs 0' 'ok +library +libfuse: 3\.' 'ok +library +libcurl: .*SSL' 'ok +library +SQLite: 3\.' \
	'ok +kernel +Linux ' 'ok +fuse +/dev/fuse can be opened' 'ok +fuse +.*fusermount3' "ok +config +$CONFIG is right" \
	'ok +defaults +prompts that name none get model nano-banana of toapis' 'ok +key +toapis: the variable TOAPIS_API_KEY' \
	"ok +network +toapis: $SANDBOX_URL answers, in [0-9]+ ms" 'ok +clock +toapis: its clock and this one agree' \
	'ok +models +toapis: it offers [0-9]+, of which [0-9]+ are known here' \
	'ok +balance +toapis: 10\.50 USD are left .0\.00 USD used'; do
	like "$said" "$regex" "it says $regex"
done
mount_fg -o provider=toapis
kill -STOP "$DAEMON"
finds 0 "note +mount +$MNT does not answer" 'a mount that hangs'
kill -CONT "$DAEMON"
umount_it
finds 0 'nothing is wrong$' 'without it'
ok 'of a proxy nothing is said where there is none' not grep -q 'note  proxy' <<<"$said"
https_proxy=http://somebody:hunter2@proxy.example:3128 no_proxy=127.0.0.1 \
	finds 0 'note +proxy +pictures are fetched by the proxy' 'a proxy, behind which addresses cannot be judged'
ok 'and its password is not shown' not grep -q hunter2 <<<"$said"
finds 0 'nothing is wrong$' 'without it'
ok 'no key is shown' not grep -qF "$EASELFS_SANDBOX_KEY" <<<"$said"
rm "$CONFIG"
finds 0 'there is none at .*/config, and none is needed' 'without a configuration' --offline
finds 0 'prompts that name none get model' 'the sandbox needs no network' -o sandbox

# --- every wire is asked in its own way ---

printf '%s\n' '[provider google]' "url = $SANDBOX_URL" '[provider openai]' "url = $SANDBOX_URL/openai" \
	'[provider local]' "url = $SANDBOX_URL/engine" >"$CONFIG"
export GEMINI_API_KEY=$TOAPIS_API_KEY OPENAI_API_KEY=$TOAPIS_API_KEY
unset TOAPIS_API_KEY
finds 0 'ok +network +google: ' 'a provider of the gemini wire'
like "$said" 'ok +models +google: it offers [0-9]+, of which [1-9]' 'its models'
like "$said" 'ok +network +openai: ' 'one of the openai wire'
like "$said" 'ok +models +openai: it offers [0-9]+, of which [1-9]' 'its models'
ok 'an engine that nobody uses is not asked' not grep -q 'network *local' <<<"$said"
finds 0 'ok +network +local: ' 'one that prompts go to is' -o provider=local
GEMINI_API_KEY=wrong-key-of-the-tests finds 1 'BAD +key +google: the key is not accepted' 'a wrong key at google'
unset GEMINI_API_KEY OPENAI_API_KEY
export TOAPIS_API_KEY=$EASELFS_SANDBOX_KEY

# --- what is wrong ---

configured '[defaults]' 'bugdet = 3'
finds 1 "BAD +config +$CONFIG:4: unknown option \"bugdet\": did you mean \"budget\"" 'a mistake in the configuration'
configured 'ratios = 1:1'
finds 1 "BAD +config +$CONFIG:3: unknown key \"ratios\"" 'one in a provider'
like "$said" '
[0-9]+ things? (is|are) wrong$' 'the number stands at the end'
configured '[defaults]' 'size = 17:9'
finds 1 'BAD +defaults +model "nano-banana" does not take size "17:9".*
 +it comes from .*/config:4' 'a value that no model takes' --offline
configured
TOAPIS_API_KEY=wrong finds 1 'BAD +key +toapis: the key is not accepted .401: .*
 +put a key of toapis into the variable TOAPIS_API_KEY' 'a key that is refused'
unset TOAPIS_API_KEY
finds 1 'BAD +key +no provider has an API key
 +set one of TOAPIS_API_KEY' 'no key at all'
configured "key-file = $WORK/key"
echo "$EASELFS_SANDBOX_KEY" >"$WORK/key"
chmod 644 "$WORK/key"
finds 1 "BAD +key +toapis: key file $WORK/key can be read by others .mode 644.
 +chmod 600 $WORK/key" 'a key file that others can read'
chmod 600 "$WORK/key"
finds 0 "ok +key +toapis: the file $WORK/key" 'one that is right'
cp "$WORK/key" "$(dirname "$CONFIG")/near"
configured 'key-file = near'
finds 0 "ok +key +toapis: the file $(dirname "$CONFIG")/near" 'one beside the configuration'
configured 'key = sk-secret'
finds 1 'BAD +config +.*:3: a key does not stand here.*
 +write it alone into a file' 'a key in the configuration itself'
configured "key-file = $WORK/key"
printf '%s\n' '[provider toapis]' 'url = http://easelfs-tests.invalid' "key-file = $WORK/key" >"$CONFIG"
finds 1 'BAD +dns +toapis: the name easelfs-tests\.invalid cannot be looked up' 'a name that is none'
printf '%s\n' '[provider toapis]' 'url = http://127.0.0.1:1' "key-file = $WORK/key" >"$CONFIG"
finds 1 'BAD +network +toapis: .*127\.0\.0\.1.*
 +check the network' 'nobody there'
configured "key-file = $WORK/key"
finds 0 'ok +confined +the daemon can start no programs' 'what the daemon gives up' --offline
finds 0 'note +confined +sandboxing is off' 'or does not' --offline -o sandboxing=off
configured "key-file = $WORK/key" '[defaults]' 'model = retired' '[model retired]' 'provider = toapis' 'id = gone-image-1'
finds 1 'BAD +models +toapis: it does not offer retired, which prompts get' 'a model that is not offered'
configured "key-file = $WORK/key" '[model retired]' 'provider = toapis' 'id = gone-image-1'
finds 0 'note +models +toapis: it does not list .*retired' 'one that nobody asked for is a note'
configured "key-file = $WORK/key"
control POST settings '{"balance":0}' >/dev/null
finds 1 'BAD +balance +toapis: nothing is left of the credit
 +add credit' 'no credit'
control POST settings '{"balance":-1}' >/dev/null
finds 0 'ok +balance +toapis: the account has no limit' 'credit without end'
control POST faults '{"on":"other","do":"status","status":503,"count":1}' >/dev/null
finds 1 'BAD +network +toapis: it has a problem .503' 'a provider in trouble'
control DELETE faults >/dev/null
built=$O
clock_setup
clock_set 7200
finds 1 'BAD +clock +toapis: the clock here is 7[12][0-9]{2} seconds ahead of the one there
 +set the clock' 'a clock that is wrong'
O=$built

# TLS with a certificate that nobody knows.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-keyout "$WORK/tls.key" -out "$WORK/tls.pem" 2>/dev/null
exec {tls}< <(exec openssl s_server -accept 127.0.0.1:0 -www -cert "$WORK/tls.pem" -key "$WORK/tls.key" 2>/dev/null)
tls_pid=$!
_pids+=("$tls_pid")
while read -r -t 10 -u "$tls" line && [[ $line != ACCEPT* ]]; do :; done
printf '%s\n' '[provider toapis]' "url = https://127.0.0.1:${line##*:}" "key-file = $WORK/key" >"$CONFIG"
finds 1 'BAD +tls +toapis: .*
 +.*ca-file' 'a certificate that nobody knows'
kill "$tls_pid"

# --- nothing was bought ---

is "$(accepted)" 0 'nothing was bought'

# --- where values come from ---

cat >"$CONFIG" <<END
[defaults]
model = nano-banana-2
budget = 20
[provider toapis]
key-file = $WORK/key
END
export EASELFS_RESOLUTION=2K OPENAI_API_KEY=sk-0123456789012345678901234567890
said=$(easelfs doctor --config -o settle=0.5)
is $? 0 'doctor --config'
for regex in 'settle +0\.5 +the option -o settle' "budget +20 +$CONFIG:3" 'in_flight +0 +built in' \
	"model +nano-banana-2 +$CONFIG:2" 'resolution +2K +the variable EASELFS_RESOLUTION' \
	'key of openai +sk-… .34 characters. +the variable OPENAI_API_KEY' "key of toapis +.[0-9]+ characters.* +the file $WORK/key" \
	'key of google +none +GEMINI_API_KEY GOOGLE_API_KEY' '.provider toapis. key-file +.*/key +.*/config:5'; do
	like "$said" "$regex" "it says $regex"
done
ok 'keys are masked' not grep -qE "$OPENAI_API_KEY|$EASELFS_SANDBOX_KEY" <<<"$said"
mount_it -o sandbox || die 'it cannot be mounted'
mkdir -p "$MNT/a/b"
echo 'size: 16:9' >"$MNT/.defaults"
printf '# ours\nsize: 4:3\nprompts: *.md\n' >"$MNT/a/.defaults"
printf 'resolution: 1K\n\na cat\n' >"$MNT/a/b/cat.md"
said=$(easelfs doctor --config "$MNT/a/b")
like "$said" 'size +4:3 +a/\.defaults:2' 'the nearest .defaults'
like "$said" 'prompts +\*\.md +a/\.defaults' 'and which files are prompts'
like "$said" 'resolution +2K +the variable' 'below them the environment'
said=$(easelfs doctor --config "$MNT/a/b/cat.md")
like "$said" 'resolution +1K +a/b/cat\.md' 'a prompt says more than all'
like "$(easelfs doctor --config "$MNT/a/../a/b/../..")" 'size +16:9 +\.defaults:1' 'the root has only its own'

done_testing
