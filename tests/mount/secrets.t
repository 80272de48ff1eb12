#!/bin/bash
# The API key leaves in one header to its own provider, and stands nowhere else.

. "$(dirname "$0")/lib.sh"

key=sk-secret-3141592653589793
setup --canned --key "$key"
unset EASELFS_SANDBOX_KEY
(umask 077; echo "$key" >"$WORK/key")
config <<END
key-file = $WORK/key
[defaults]
provider = sandbox
settle = 0.05
END

echo 'a stranger' >"$WORK/stranger"
mount_fg -o log=debug || die 'it cannot be mounted'
timeout 20 cat "$MNT/.easelfs/events" >"$WORK/events" &

prompt plain.txt 'a plain one'
ok 'a picture is made' wait_state plain.txt completed

# Providers that repeat the key, in every way that they answer.
say="\"Incorrect API key provided: $key. Get another one.\""
fault "{\"on\":\"submit\",\"match\":\"refused\",\"do\":\"status\",\"status\":400,\"body\":{\"error\":{\"code\":$say,\"message\":$say,\"param\":$say}}}"
prompt refused.txt 'refused'
ok 'one that is refused fails' wait_state refused.txt failed
like "$(status_of refused.txt)" 'Incorrect API key provided: \[key\]\. Get' 'its sentence says so without the key'
fault "{\"on\":\"submit\",\"match\":\"broken\",\"do\":\"status\",\"status\":500,\"body\":{\"error\":{\"message\":$say}}}"
prompt broken.txt 'broken'
says() { status_of "$1" | grep -qF '[key]'; }
ok 'one with an outcome that is not known says it, too' eventually 20 says broken.txt
fault "{\"on\":\"submit\",\"match\":\"ends badly\",\"do\":\"fail_task\",\"message\":$say}"
prompt badly.txt 'ends badly'
ok 'one that fails at the provider' wait_state badly.txt failed

# Where results lie, and redirects lead, is no business of the key's.
fault "{\"on\":\"download\",\"match\":\"led astray\",\"do\":\"redirect\",\"location\":\"$SANDBOX_URL/v1/balance\"}"
prompt astray.txt 'led astray'
ok 'one whose picture is elsewhere' wait_state astray.txt completed
is "$(bill .leaked_keys)" 0 'no key was shown to anybody but the provider'

# It is taken in exchange for one that is refused.
fault "{\"on\":\"submit\",\"do\":\"status\",\"status\":401,\"count\":1,\"body\":{\"error\":{\"message\":$say}}}"
prompt stopped.txt 'stopped'
ok 'a key that is refused stops all' wait_state stopped.txt stopped
touch "$WORK/key"
ok 'until its file changes' wait_state stopped.txt completed
fault "{\"on\":\"submit\",\"match\":\"tomorrow\",\"do\":\"status\",\"status\":429,\"headers\":{\"Retry-After\":\"60\"},\"body\":{\"error\":{\"message\":$say}}}"
prompt tomorrow.txt 'tomorrow'
ok 'one that is put off' wait_state tomorrow.txt deferred
ok 'says it' says tomorrow.txt
timeout 20 "$O/easelfs" doctor >"$WORK/doctor.out" 2>&1
timeout 20 "$O/easelfs" doctor --config >>"$WORK/doctor.out" 2>&1
timeout 20 "$O/easelfs" status "$MNT" >"$WORK/status.out" 2>&1
timeout 20 getfattr -d -R "$MNT" >"$WORK/xattr.out" 2>/dev/null
for file in "$MNT"/.easelfs/{README,stats,metrics,jobs.json} "$MNT"/status/*; do
	timeout 10 cat "$file"
done >"$WORK/shown"

# --- what was written -------------------------------------------------------------------------------

pid=$DAEMON
tr '\0' '\n' <"/proc/$pid/cmdline" >"$WORK/argv"
for child in $(ps -o pid= --ppid "$pid"); do
	tr '\0' '\n' <"/proc/$child/cmdline" >>"$WORK/argv"
	tr '\0' '\n' <"/proc/$child/environ" >>"$WORK/argv"
done
nowhere() { not grep -rlaF "$key" "$@"; }
ok 'it is in no argument, and in no environment of a child' nowhere "$WORK/argv"
ok 'in no log, not even that of debugging' nowhere "$WORK/daemon.log"
ok 'in no status, list, attribute or view' nowhere "$WORK/status.out" "$WORK/xattr.out" "$WORK/shown"
ok 'in no event' nowhere "$WORK/events"
ok 'not in what doctor says' nowhere "$WORK/doctor.out"
umount_it
ok 'not in the journal, the pictures, or anything in the folder' nowhere "$MNT"
ok 'the test would find it' not nowhere "$WORK/key"

# A key in the environment is no business of who is started, whatever it is called.
export MY_OWN_NAME=$key
mount_fg -o sandbox || die 'it cannot be mounted with samples'
unset MY_OWN_NAME
children=$(ps -o pid= --ppid "$DAEMON")
is "$(wc -w <<<"$children")" 2 'a sandbox and the process that unmounts are started'
environs() { for child in $children; do cat "/proc/$child/environ" 2>/dev/null | tr '\0' '\n'; done; }
ok 'the environment of one can be read' grep -q '^PATH=' <(environs)
ok 'and has no key' not grep -qF "$key" <(environs)
umount_it

# A short one is a word that stands in ids and addresses, too.
sandbox_stop
sandbox_start --canned --key task --key "$key"
sed -i "s|^url = .*|url = $SANDBOX_URL|" "$XDG_CONFIG_HOME/easelfs/config"
(umask 077; echo task >"$WORK/key")
mount_fg || die 'it cannot be mounted again'
prompt short.txt 'a short key'
ok 'a short key spoils nothing' wait_state short.txt completed
umount_it
(umask 077; echo "$key" >"$WORK/key")

# --- whose key --------------------------------------------------------------------------------------

mount_fg || die 'it cannot be mounted again'
chmod 640 "$WORK/key"
prompt open.txt 'an open key'
ok 'a key file that the group can read is refused' wait_state open.txt stopped
like "$(status_of open.txt)" 'can be read by others \(mode 640\)' 'with the reason'
chmod 600 "$WORK/key"
ok 'until nobody else can' wait_state open.txt completed
umount_it
done_testing
