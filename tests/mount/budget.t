#!/bin/bash
# The budget of a day: what is beyond it is held, with the limit and what was used, and starts only by a
# person's word; failures do not count, restarts do not forget, an unknown price is not 0.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider paid]
	wire = task
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	has-lookup = yes
	first-look = 0.1
	poll-min = 0.1
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	[model paid]
	provider = paid
	id = gemini-3.1-flash-image-preview
	resolutions = 1K 2K
	default-resolution = 1K
	price = 1K 0.10, 2K 0.20
	# Two in ten seconds.
	[provider slow]
	wire = task
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	first-look = 0.1
	poll-min = 0.1
	submit-per-minute = 12
	[model slow]
	provider = slow
	id = gemini-3.1-flash-image-preview
	resolutions = 1K
	default-resolution = 1K
	price = 1K 0.10
	[model unpriced]
	provider = paid
	id = gemini-3-pro-image-preview
	END
# A day that is over everywhere when the next one begins at the other end of the world.
export TZ=Etc/GMT+12

write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
accepted() { bill '.accepted'; }
states() { for p; do state_of "$p.txt"; done | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }'; }
settled() { for p; do [[ $(state_of "$p.txt") =~ ^(completed|held|failed)$ ]] || return 1; done; }
fresh() { umount_it; mount_fg "$@" || die 'it cannot be mounted'; }

# --- pictures ---------------------------------------------------------------------------------------

mount_fg -o model=paid,settle=0.05,budget=3 || die 'it cannot be mounted'
for i in 1 2 3 4 5 6 7 8; do write a$i.txt "picture $i of those at once"; done
ok 'eight at once come to rest' eventually 30 settled a1 a2 a3 a4 a5 a6 a7 a8
is "$(states a1 a2 a3 a4 a5 a6 a7 a8),$(accepted)" '3 completed, 5 held,3' 'with a budget of three: three are made, five held'
held=$(for i in 1 2 3 4 5 6 7 8; do [ "$(state_of a$i.txt)" = held ] && echo a$i && break; done)
like "$(status_of "$held.txt")" 'reason: the budget of 3 pictures a day is used up \(3 today\); it is free again at [0-9-]+ 00:00' \
	'the status says what the limit is, what was used, and when there is more'
like "$(status_of "$held.txt")" 'hint: .*easelfs release' 'and what a person can do'
is "$(timeout 10 cat "$MNT/wait/$held.png" 2>&1 | grep -c 'Input/output error')" 1 'who waits for it is not kept waiting'
ok 'release' timeout 10 "$O/easelfs" release "$MNT/$held.txt"
ok 'lets that one through' wait_state "$held.txt" completed
is "$(accepted)" 4 'and only that one'
stat_of() { timeout 10 awk -v name="$1:" '$1 == name { $1 = ""; print substr($0, 2) }' "$MNT/.easelfs/stats"; }
is "$(stat_of pictures-today),$(stat_of jobs-held),$(stat_of spent-today)" '4 of 3,4,0.4000 USD' 'stats say so, too'
like "$(status_of "$held.txt")" 'price: about 0\.1000 USD' 'its status says what it costs'
write free.txt 'provider: sandbox

one that costs nothing'
ok 'what costs nothing does not count' wait_state free.txt completed
before=$(accepted)
fresh -o model=paid,settle=0.05,budget=3
write b1.txt 'after a restart'
ok 'a restart forgets nothing' wait_state b1.txt held
fresh -o model=paid,settle=0.05,budget=5
write b2.txt 'with a larger budget'
ok 'a larger budget has room for one' wait_state b2.txt completed
is "$(state_of b1.txt),$(accepted)" "held,$((before + 1))" 'what is held stays held'

# --- another day ------------------------------------------------------------------------------------

export TZ=Etc/GMT-14
before=$(accepted)
fresh -o model=paid,settle=0.05,budget=2
write c1.txt 'on another day'
ok 'another day has a budget of its own' wait_state c1.txt completed
is "$(state_of b1.txt),$(accepted)" "held,$((before + 1))" 'but starts nothing by itself'
is "$(stat_of pictures-today),$(stat_of pictures)" '1 of 2,6' 'stats count the day, and all'
control POST faults '{"on":"submit","match":"a failing one","do":"fail_task","count":1}' >/dev/null
write c2.txt 'a failing one'
ok 'one fails' wait_state c2.txt failed
control POST faults '{"on":"submit","match":"a later one","do":"status","status":503,"count":1}' >/dev/null
write c5.txt 'a later one'
ok 'one is deferred' wait_state c5.txt deferred
ok 'it cannot be released, as it is not held' not timeout 10 "$O/easelfs" release "$MNT/c5.txt"
write c3.txt 'in its place'
ok 'a failed one is paid back, so there is room for another' wait_state c3.txt completed
ok 'but not for the one that was deferred' wait_state c5.txt held
write c4.txt 'beyond'
ok 'nor for a third' wait_state c4.txt held
held() { for p; do [ "$(state_of "$p.txt")" != held ] || echo "$MNT/$p.txt"; done; }
# shellcheck disable=SC2046
ok 'release of all that is held' timeout 10 "$O/easelfs" release $(held a1 a2 a3 a4 a5 a6 a7 a8 b1 c4)
ok 'sends them' eventually 30 eval '[ "$(states a1 a2 a3 a4 a5 a6 a7 a8 b1 c4)" = "10 completed" ]'

# --- many at once -----------------------------------------------------------------------------------

mkdir "$WORK/many" "$WORK/hundreds"
umount_it
for i in {1..500}; do echo "one of five hundred: $i" >"$WORK/hundreds/p$i.txt"; done
control POST reset >/dev/null
mount_fg -o model=paid,settle=0.05,budget=50 "$WORK/many" || die 'it cannot be mounted'
timeout 30 cp -r "$WORK/hundreds" "$MNT/"
held_of_many() { timeout 30 "$O/easelfs" status "$MNT" | grep -c ' held'; }
ok '500 at once with a budget of 50: 450 are held' eventually 60 eval '[ "$(held_of_many)" = 450 ]'
ok 'the others are made' eventually 60 eval '[ "$(find "$MNT/out" -name "*.png" | wc -l)" = 50 ]'
is "$(bill '.submits_seen,.charged' | xargs)" '50 50' 'for fifty charges'

# What is not sent waits for no place among those that are.
mkdir "$WORK/slow" "$WORK/fifty"
umount_it
for i in {1..50}; do echo "one of fifty: $i" >"$WORK/fifty/p$i.txt"; done
mount_fg -o model=slow,settle=0.05,budget=2 "$WORK/slow" || die 'it cannot be mounted'
timeout 30 cp -r "$WORK/fifty" "$MNT/"
ok '50 at once with a budget of 2, two in ten seconds: 48 are held within ten' eventually 10 eval '[ "$(held_of_many)" = 48 ]'
is "$(bill .limited)" 0 'and no limit was met'

# --- n ----------------------------------------------------------------------------------------------

export TZ=Etc/GMT+12
fresh -o model=paid,settle=0.05,budget=10
used=$(bill .accepted)
write n.txt 'n: 16

sixteen of them'
ok 'n: 16 with less than that left: it is held' wait_state n.txt held
like "$(bill '.prompts["sixteen of them"].accepted // 0')" '^[0-9]$' "what there was room for is made ($used before)"
ok 'and kept' test -s "$MNT/out/n-1.png"

# --- money ------------------------------------------------------------------------------------------

mkdir "$WORK/money"
umount_it
mount_fg -o 'model=paid,settle=0.05,budget=0.35 USD' "$WORK/money" || die 'it cannot be mounted'
write two.txt 'resolution: 2K

for 0.20'
ok '0.20 of 0.35' wait_state two.txt completed
write one.txt 'for 0.10'
ok '0.30 of 0.35' wait_state one.txt completed
write more.txt 'for another 0.10'
ok '0.40 of 0.35: held' wait_state more.txt held
like "$(status_of more.txt)" 'reason: the budget of 0\.35 USD a day would be exceeded \(0\.30 USD used today, this costs about 0\.100 USD\); it is free again at' \
	'the status says what it is about'
is "$(stat_of spent-today),$(stat_of spent)" '0.3000 USD of 0.35,0.3000 USD' 'stats say what was spent'
write unknown.txt 'model: unpriced

for nobody knows how much'
ok 'an unknown price: held' wait_state unknown.txt held
like "$(status_of unknown.txt)" 'reason: the price of model "unpriced" is not known' 'the status says so'

umount_it
done_testing
