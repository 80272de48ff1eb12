#!/bin/bash
# The journal after a bad end: it is looked at before anything is sent; damaged, it is set aside, and
# nothing of what it knew is sent again without a person's word.
. "$(dirname "$0")/lib.sh" || exit

setup --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	[provider other]
	like = sandbox
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	[model other]
	provider = other
	id = gemini-2.5-flash-image-preview
	END
mkdir "$WORK/gen"
GEN=$WORK/gen

start() { mount_fg -o provider=sandbox,settle=0.05 "$@" 2>/dev/null || die 'it cannot be mounted'; }
killed() { kill -KILL "$DAEMON"; wait "$DAEMON" 2>/dev/null; }
# The source, without a mount over it.
unmounted() { umount_it || die 'it cannot be unmounted'; wait "$DAEMON"; }
uncovered() { killed; _force_umount "$MNT"; }
says() { grep -q "$1" "$WORK/daemon.log"; }
command() { timeout 20 "$O/easelfs" "$1" "${@:2}"; }
reason_of() { status_of "$1" | sed -n 's/^reason: //p'; }
damaged() { find "$GEN/.easelfs" -name 'journal.db.damaged-*' ! -name '*-wal' ! -name '*-shm'; }
scanned() { eventually 20 says "${1:-serving}"; }

# --- an unclean end, and a clean one -----------------------------------------------------------------

start
is "$(timeout 5 cat "$MNT/.easelfs/README" | head -c 4)" This 'it is mounted'
control POST faults '{"on":"submit","match":"long","do":"hold"}' >/dev/null
prompt long.txt 'a long one'
prompt short.txt 'a short one'
ok 'one is completed' wait_state short.txt completed
ok 'one runs' wait_state long.txt running
ok 'a new journal is not looked at' not says 'looked at'
killed
start
ok 'after a kill the journal is looked at' eventually 20 says 'the journal is in order'
control POST release >/dev/null
ok 'and what ran goes on' wait_state long.txt completed
is "$(accepted 'a long one')" 1 'it was charged once'
unmounted
: >"$WORK/daemon.log"
start
ok 'after a clean end nothing is restored late' wait_state long.txt completed
ok 'and the journal is not looked at' not says 'looked at'
unmounted

# --- damaged -----------------------------------------------------------------------------------------

# A tree with a picture that was replaced, one with two pictures, and one in a folder.
start
prompt short.txt 'a shorter one'
prompt pair.txt 'n: 2

a pair'
timeout 10 mkdir "$MNT/a"
prompt a/deep.txt 'a deep one'
for name in short.txt pair.txt a/deep.txt; do
	ok "$name is completed" wait_state "$name" completed
done
unmounted
ok 'there is a history' test -s "$GEN/history/short.1.png"
mkdir "$WORK/good"
cp -a "$GEN/." "$WORK/good/"
charges=$(bill .accepted)
all_pictures() { (cd "$GEN" && find out history -type f -exec sha256sum {} + | sort); }
pictures=$(all_pictures)
page() { head -c 4096 /dev/urandom | dd of="$1" bs=4096 seek="$2" conv=notrunc status=none; }
pages() { echo $(($(stat -Lc %s "$1") / 4096)); }

damage_text() { echo 'this is no journal' >"$1"; }
damage_zeros() { head -c 8192 /dev/zero | dd of="$1" conv=notrunc status=none; }
damage_cut() { truncate -s $(($(stat -c %s "$1") / 2)) "$1"; }
damage_hole() { local i; for ((i = 2; i < $(pages "$1"); i++)); do page "$1" "$i"; done; }
damage_some() { local i; for i in 1 2 3; do page "$1" $((1 + RANDOM % ($(pages "$1") - 1))); done; }

restore() {
	find "$GEN" -mindepth 1 -delete
	cp -a "$WORK/good/." "$GEN/"
	: >"$WORK/daemon.log"
}

# Whatever the tree says of it: it is held, or known and completed as it was.
nothing_is_sent() {
	local how=$1 name
	for name in long.txt short.txt pair.txt a/deep.txt; do
		ok "$how: $name waits, or is known" eventually 20 eval "[[ \$(state_of $name) =~ ^(held|completed)\$ ]]"
	done
	is "$(bill .accepted)" "$charges" "$how: nothing was sent"
	is "$(all_pictures)" "$pictures" "$how: every picture is where it was"
}

for how in text zeros cut hole; do
	restore
	damage_$how "$GEN/.easelfs/journal.db"
	start
	ok "$how: it says so" eventually 20 says 'the journal was damaged: it is kept as .easelfs/journal.db.damaged-'
	ok "$how: the scan is over" wait_state a/deep.txt held
	ok "$how: so is the rest" wait_state pair.txt held
	nothing_is_sent "$how"
	like "$(reason_of short.txt)" 'the journal was damaged and a new one begun' "$how: the status says why"
	like "$(status_of short.txt)" 'hint: easelfs release' "$how: and what to do"
	is "$(timeout 10 awk '$1 == "pictures-today:" { print $2 }' "$MNT/.easelfs/stats")" "$(wc -l <<<"$pictures")" \
		"$how: today's pictures count for the budget"
	prompt new.txt "new after $how"
	ok "$how: what is new is made" wait_state new.txt completed
	charges=$((charges + 1))
	rm -f "$MNT/new.txt" "$MNT/out/new.png"
	unmounted
	like "$(damaged)" 'journal\.db\.damaged-[0-9]{8}-[0-9]{6}$' "$how: the damaged one is kept"
	: >"$WORK/daemon.log"
	start
	ok "$how: nor is anything sent after the next start" wait_state short.txt held
	nothing_is_sent "$how"
	ok "$how: which is none of a damaged journal" not says damaged
	if [ $how != hole ]; then
		unmounted
	fi
done

# Renamed while nothing of it is known but its pictures, then released.
timeout 10 mv "$MNT/a/deep.txt" "$MNT/a/deeper.txt"
ok 'a picture follows its prompt' eventually 20 test -s "$MNT/out/a/deeper.png"
timeout 10 mv "$MNT/a/deeper.txt" "$MNT/a/deep.txt"
ok 'and back' eventually 20 test -s "$MNT/out/a/deep.png"
old=$(sha256sum <"$MNT/out/short.png")
ok 'several are released at once' command release "$MNT/short.txt" "$MNT/a/deep.txt"
for name in short.txt a/deep.txt; do
	ok "$name is made again" wait_state "$name" completed
done
is "$(state_of pair.txt),$(state_of long.txt)" held,held 'the others wait'
is "$(sha256sum <"$MNT/history/short.2.png")" "$old" 'the picture that stood there has the number that it would have had'
ok 'the earlier one is untouched' test -s "$MNT/history/short.1.png"
ok 'one in a folder, too' test -s "$MNT/history/a/deep.1.png"
like "$(cd "$MNT" && command release --all)" 'released: 2 prompts' 'all others are released at once'
for name in pair.txt long.txt; do
	ok "$name is made again" wait_state "$name" completed
done
is "$(timeout 10 ls "$MNT/history" | tr '\n' ' ')" 'a long.1.png pair.1-1.png pair.1-2.png short.1.png short.2.png ' \
	'every picture that was there before is in history/'
is "$(bill .accepted)" $((charges + 5)) 'each was charged once more'
unmounted
charges=$(bill .accepted)

# Some pages at random, after a clean end and after a kill: it is noticed when they are read.
RANDOM=${SEED:=$$}
for ((round = 1; round <= ${ROUNDS:-4}; round++)); do
	restore
	if [ $((round % 2)) = 0 ]; then
		start
		uncovered
		: >"$WORK/daemon.log"
	fi
	damage_some "$GEN/.easelfs/journal.db"
	start
	ok "round $round: its end is known" scanned
	nothing_is_sent "round $round (SEED=$SEED)"
	prompt round.txt "round $round"
	# What is new when the damage is found cannot be told from what was forgotten.
	ok "round $round: what is new is made, or held" eventually 20 eval "[[ \$(state_of round.txt) =~ ^(held|completed)\$ ]]"
	[ "$(state_of round.txt)" = completed ] || command release "$MNT/round.txt"
	ok "round $round: then it is made" wait_state round.txt completed
	charges=$((charges + 1))
	rm -f "$MNT/round.txt" "$MNT/out/round.png"
	uncovered
done

# --- while it runs -----------------------------------------------------------------------------------

# More than SQLite keeps in memory, so that it reads what is damaged.
restore
long=$(head -c 900 /dev/zero | tr '\0' x)
for i in {1..1500}; do
	echo "many $i $long" >"$GEN/many-$i.txt"
done
find "$GEN/.easelfs" -type f -delete
start
all_are_held() { ! timeout 60 grep -L '^state: held' "$MNT"/status/many-*.txt | grep -q .; }
ok 'what was there before the first mount is held' eventually 30 all_are_held
ok 'all of it' wait_state many-1500.txt held
unmounted
start -o sandboxing=off               # ordinary users look into its descriptors below
prompt short.txt 'known before'
ok 'one is completed' wait_state short.txt completed
control POST faults '{"on":"submit","match":"under way","do":"hold"}' >/dev/null
prompt way.txt 'under way'
ok 'one runs' wait_state way.txt running
control POST faults '{"on":"submit","match":"waiting","do":"status","status":429,"headers":{"Retry-After":"600"}}' >/dev/null
prompt waiting.txt 'waiting'
ok 'one waits for its turn' wait_state waiting.txt deferred
control POST faults '{"on":"upload","do":"delay","seconds":600,"count":1}' >/dev/null
timeout 10 bash -c 'mkdir "$1/loading.refs" && base64 -d >"$1/loading.refs/a.png"' - "$MNT" <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
prompt loading.txt $'provider: other\nmodel: other\n\nloading'
ok 'the reference of one is on its way' wait_state loading.txt uploading
# Beneath the mount, by way of the daemon's own descriptor.
db=$(find "/proc/$DAEMON/fd" -lname '*/journal.db' | head -1)
damage_hole "$db"
look_at_many() { timeout 60 cat "$MNT"/status/many-*5.txt >/dev/null; says 'the journal was damaged'; }
ok 'a status meets the damage' eventually 20 look_at_many
ok 'what was not sent is held' wait_state waiting.txt held
ok 'and so is what was being uploaded' wait_state loading.txt held
ok 'which is uploaded anew when it is released' command release "$MNT/loading.txt"
ok 'and completed' wait_state loading.txt completed
is "$(accepted waiting)" 0 'and not sent'
ok 'what was recorded is held' wait_state many-1.txt held
like "$(reason_of many-1500.txt)" 'damaged' 'with the new reason'
control POST release >/dev/null
ok 'what was under way is completed' wait_state way.txt completed
is "$(accepted 'under way')" 1 'it was charged once'
unmounted
start
ok 'the new journal knows it' wait_state way.txt completed
is "$(accepted 'under way')" 1 'and does not send it again'
is "$(bill '[.prompts | to_entries[] | select(.key | startswith("many"))] | length')" 0 'nor any of the others'
unmounted

# --- newer, and of another machine ---------------------------------------------------------------------

restore
printf '\0\0\0\143' | dd of="$GEN/.easelfs/journal.db" bs=1 seek=60 conv=notrunc status=none
ok 'a journal of a newer version is refused' not mount_it -o provider=sandbox
like "$(cat "$WORK/mount.out")" 'written by a newer easelfs \(schema 99' 'with the reason'
like "$(cat "$WORK/mount.out")" 'mount it with that version' 'and what to do'
is "$(damaged)" '' 'it is not taken for damaged'

restore
start
fault429='{"on":"submit","match":"elsewhere","do":"status","status":429,"headers":{"Retry-After":"600"}}'
control POST faults "$fault429" >/dev/null
control POST faults '{"on":"submit","match":"on its way","do":"hold"}' >/dev/null
prompt way.txt 'on its way'
ok 'one runs' wait_state way.txt running
prompt unsent.txt 'unsent elsewhere'
ok 'one was not sent yet' wait_state unsent.txt deferred
unmounted
host=$(tr -d '\n' </etc/machine-id 2>/dev/null)
[ -n "$host" ] || host=$(hostname)
LC_ALL=C sed -i "s/host$host/host$(tr '0-9a-zA-Z' 'x' <<<"$host")/" "$GEN/.easelfs/journal.db"
echo 'written elsewhere, too' >"$GEN/came.txt"
: >"$WORK/daemon.log"
start
ok 'another machine: it says so' eventually 20 says 'last written on another machine'
ok 'another machine: what was not sent is held' wait_state unsent.txt held
like "$(reason_of unsent.txt)" 'another machine' 'another machine: the status says why'
ok 'another machine: a prompt that is not known is held' wait_state came.txt held
is "$(accepted 'unsent elsewhere'),$(accepted 'written elsewhere, too')" 0,0 'another machine: neither is sent'
ok 'another machine: what is known stays known' wait_state short.txt completed
control POST release >/dev/null
ok 'another machine: what is paid for comes' wait_state way.txt completed
prompt here.txt 'written here'
ok 'another machine: what is written here is made' wait_state here.txt completed
unmounted
: >"$WORK/daemon.log"
start
ok 'from then on it is ours' wait_state here.txt completed
ok 'and nothing is said' not says 'another machine'
is "$(state_of unsent.txt)" held 'what was held waits for a person'

# One that comes with a folder may say what it likes: that nobody in particular wrote it, that a budget is left for ever.
unmounted
restore
config <<-END
	[provider paid]
	like = sandbox
	free = no
	[model paid]
	provider = paid
	id = gemini-2.5-flash-image-preview
	END
start
control POST faults "$fault429" >/dev/null
prompt packed.txt 'packed elsewhere'
ok 'one waits to be sent' wait_state packed.txt deferred
unmounted
/usr/bin/python3 - "$GEN/.easelfs/journal.db" <<-'END'
	import sqlite3, sys, time
	db = sqlite3.connect(sys.argv[1])
	db.execute("DELETE FROM facts WHERE name = 'host'")
	db.execute("UPDATE tasks SET next_try_ms = 0")
	db.execute("INSERT OR REPLACE INTO spent VALUES (?, -1000, -1e300)", (int(time.strftime('%Y%m%d')),))
	db.commit()
	db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
END
control DELETE faults >/dev/null
: >"$WORK/daemon.log"
start -o budget=1
ok 'a journal of nobody: it says so' eventually 20 says 'last written on another machine'
ok 'a journal of nobody: what was not sent is held' wait_state packed.txt held
prompt first.txt $'model: paid\n\nthe first that is written here'
ok 'a journal of nobody: what is written here is made' wait_state first.txt completed
prompt second.txt $'model: paid\n\nthe second that is written here'
ok 'but not beyond the budget' wait_state second.txt held
is "$(accepted 'packed elsewhere')" 0 'what came with it was not sent'
unmounted
done_testing
