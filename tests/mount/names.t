#!/bin/bash
# Names, headers and replies that steer terminals, forge lines and are no UTF-8: none is shown as it is.

. "$(dirname "$0")/lib.sh"

setup
impatient
mount_fg || die 'it cannot be mounted'

# Bytes that a terminal would obey (C0 but tab and newline, DEL, C1 in UTF-8), and such as are no UTF-8.
harmless() { LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|[\xc0\xc1\xf5-\xff]' && return 1 || return 0; }
shows() { timeout 20 "$@" 2>&1 | harmless; }
strict() { /usr/bin/python3 -c 'import json, sys; json.loads(sys.stdin.buffer.read().decode("utf-8"))'; }
jobs() { timeout 10 cat "$MNT/.easelfs/jobs.json" | strict; }

ok 'what is harmless is' harmless <<<$'cat.txt\tcompleted a\xc3\xa9'
for bytes in $'\e[31m' $'\x7f' $'\xc2\x9b31m' $'\xff' $'\r'; do
	ok "what is not, is not ($(printf '%q' "$bytes"))" not harmless <<<"a${bytes}b"
done

# --- a name -----------------------------------------------------------------------------------------

name=$'a\e[31m\nstate: failed\nx\xff\xc2\x9b2J.txt'
prompt "$name" 'a hostile name'
ok 'a prompt of any name is made' command timeout 20 "$O/easelfs" wait "$MNT/$name"
ok 'its picture has that name' test -s "$MNT/out/${name%.txt}.png"
text=$(status_of "$name")
ok 'its status shows it harmless' harmless <<<"$text"
is "$(grep -c '^state: ' <<<"$text")" 1 'and has one state'
like "$text" 'prompt: a\\x1b\[31m\\nstate: failed\\nx\\xff\\xc2\\x9b2J\.txt' 'with each byte told'
ok 'as JSON it is UTF-8' strict <<<"$(status_of "$name.json")"
is "$(status_of "$name.json" | jq -j .state)" completed 'and says the same'
ok 'jobs.json is UTF-8, too' jobs
ok 'the list shows it harmless' shows "$O/easelfs" status "$MNT"
ok 'and a refusal' shows "$O/easelfs" cancel "$MNT/$name"
ok 'and what is not there' shows "$O/easelfs" status "$MNT/x$name"

# Events are told while they happen.
timeout 20 cat "$MNT/.easelfs/events" >"$WORK/events" &
events=$!
eventually 10 _are_parked "$events"
prompt "b$name" 'another one'
timeout 20 "$O/easelfs" wait "$MNT/b$name"
ok 'an event comes' eventually 10 grep -q completed "$WORK/events"
each() { while read -r line; do strict <<<"$line" || return; done <"$WORK/events"; }
ok 'and each is UTF-8' each
kill "$events"

# --- a prompt ---------------------------------------------------------------------------------------

prompt escape.txt $'size: \e]0;title\a16:9\n\na dog'
ok 'a hostile value is refused' wait_state escape.txt failed
ok 'its status is harmless' shows cat "$MNT/status/escape.txt"
ok 'and the list' shows "$O/easelfs" status "$MNT"
ok 'and what stands in out/' shows cat "$MNT/out/escape.error.txt"
ok 'and its attribute' shows getfattr --absolute-names --only-values -n user.easelfs.error "$MNT/escape.txt"
ok 'and wait' shows "$O/easelfs" wait "$MNT/escape.txt"

# --- a reply ----------------------------------------------------------------------------------------

fault '{"on":"submit","match":"a refusal","do":"status","status":400,"body":{"error":{"code":"x\u001b[1m","message":"no\u001b[2J\u009b31m\n\nstate: completed\r\u0000 more"}}}'
prompt refused.txt 'a refusal'
ok 'a hostile refusal ends the task' wait_state refused.txt failed
ok 'its sentence is harmless' shows cat "$MNT/status/refused.txt"
is "$(grep -c '^state: ' <<<"$(status_of refused.txt)")" 1 'and forges no line'
ok 'nor in the list' shows "$O/easelfs" status "$MNT"
ok 'nor in the log' harmless <"$WORK/daemon.log"
umount_it
done_testing
