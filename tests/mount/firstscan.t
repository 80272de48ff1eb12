#!/bin/bash
# What was there before the first mount is held: when that is killed in the middle of its scan, when its folder
# is renamed during the scan, and when the key comes only later.  What was written since is made.
. "$(dirname "$0")/lib.sh" || exit

[ -x "$O/kill/easelfs" ] || die "there is no $O/kill/easelfs: make kill"
setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
MNT=$WORK/gen
mkdir "$MNT"
_mounts+=("$MNT")
for i in {1..200}; do
	echo "old $i" >"$MNT/old$i.txt"
done

EASELFS_KILL=AFTER_HELD:50 "$O/kill/easelfs" mount -f -o provider=sandbox,settle=0.05,budget=none "$MNT" 2>/dev/null &
wait $!
is $? 137 'it is killed when some of them are in the journal'
_force_umount "$MNT"
echo 'a new one' >"$MNT/new.txt"

all_held() { [ "$(grep -rlx 'state: held' "$MNT/status" | wc -l)" = 200 ]; }
mount_fg -o provider=sandbox,settle=0.05,budget=none 2>/dev/null || die 'it cannot be mounted'
ok 'what was written since is made' wait_state new.txt completed
ok 'all that was there before is held' eventually 20 all_held
is "$(bill .accepted)" 1 'and nothing else was sent'
umount_it

# --- a folder is renamed during the scan --------------------------------------------------------------

mkdir -p "$WORK/renamed/a" "$WORK/renamed/d"
for i in {1..2000}; do
	echo "a $i" >"$WORK/renamed/a/$i.txt"
done
for i in {1..100}; do
	echo "d $i" >"$WORK/renamed/d/$i.txt"
done
mount_fg -o provider=sandbox,settle=0.05,budget=none "$WORK/renamed" 2>/dev/null || die 'it cannot be mounted'
ok 'it is renamed' timeout 10 mv "$MNT/d" "$MNT/e"
echo 'a new one of e' >"$MNT/e/new.txt"
ok 'what is written there now is made' wait_state e/new.txt completed
e_held() { [ "$(grep -rlx 'state: held' "$MNT/status/e" | wc -l)" = 100 ]; }
ok 'all that was in it is held' eventually 30 e_held
is "$(bill .accepted)" 2 'and nothing of it was sent'
umount_it

# --- the first mount has no key ---------------------------------------------------------------------

config <<-END
	[provider studio]
	like = toapis
	url = $SANDBOX_URL
	key-file = $WORK/home/studio.key
	first-look = 0.1
	poll-min = 0.1
	[model studio]
	provider = studio
	id = gemini-2.5-flash-image-preview
	END
key_comes() { (umask 077 && printf '%s' "$EASELFS_SANDBOX_KEY" >"$WORK/home/studio.key"); }
studio() { mount_fg -o model=studio,settle=0.05 "$WORK/keyless" 2>/dev/null || die 'it cannot be mounted'; }

mkdir "$WORK/keyless"
for name in before restarted saved retried released; do
	echo "$name it was mounted" >"$WORK/keyless/$name.txt"
done
studio
for name in before restarted saved retried released; do
	ok "without a key it is stopped: $name" wait_state "$name.txt" stopped
done
prompt since.txt 'since it was mounted'
ok 'so is what is written now' wait_state since.txt stopped
timeout 10 bash -c ': >>"$1"' - "$MNT/saved.txt"
ok 'a retry without a key is no use' timeout 10 "$O/easelfs" retry "$MNT/retried.txt"
key_comes
ok 'with a key that is made' wait_state since.txt completed
ok 'and what was saved meanwhile' wait_state saved.txt completed
for name in before restarted retried released; do
	ok "but what nobody asked for is held: $name" wait_state "$name.txt" held
	is "$(accepted "$name it was mounted")" 0 "and not sent: $name"
done
like "$(status_of before.txt)" 'in the directory before it was first mounted.*easelfs release' 'its status says why, and what to do'
ok 'a release sends it' timeout 10 "$O/easelfs" release "$MNT/released.txt"
ok 'and it is made' wait_state released.txt completed
umount_it

# --- … nor the second one -----------------------------------------------------------------------------

rm "$WORK/home/studio.key"
mkdir "$WORK/later"
echo 'later there is a key' >"$WORK/later/old.txt"
mount_fg -o model=studio,settle=0.05 "$WORK/later" 2>/dev/null || die 'it cannot be mounted'
ok 'without a key it is stopped' wait_state old.txt stopped
umount_it
key_comes
mount_fg -o model=studio,settle=0.05 "$WORK/later" 2>/dev/null || die 'it cannot be mounted'
ok 'held at a start with a key' wait_state old.txt held
is "$(accepted 'later there is a key')" 0 'and not sent'
done_testing
