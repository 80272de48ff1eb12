#!/bin/bash
# All that tests/mount/posix.t does a part of, and random operations for as long as one likes.
#
# STEPS=n random operations in each of ROUNDS=n rounds; SEED=n is that of the first.
. "$(dirname "$0")/../mount/lib.sh" || exit

steps=${STEPS:-20000}
rounds=${ROUNDS:-4}
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}

setup --canned --time 0.1
chmod 755 "$WORK"
mkdir -m 755 "$WORK/src"
mount_fg -o provider=sandbox,settle=0.05,allow_other,dev,suid "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'

remove() { timeout 600 chmod -R u+rwx "$1" && timeout 600 rm -r "$1"; }

every_case() {
	timeout 10 mkdir -p "$MNT/$1" && mkdir "$WORK/plain" || return
	timeout 1200 "$O/tests/tools/posix_matrix" "$WORK/plain" >"$WORK/expected" &&
		timeout 1200 "$O/tests/tools/posix_matrix" "$MNT/$1" >"$WORK/got" &&
		diff "$WORK/expected" "$WORK/got" || return
	echo "$1: $(wc -l <"$WORK/got") cases"
	remove "$WORK/plain" && remove "$MNT/$1"
}

random_round() {
	timeout 10 mkdir -p "$MNT/$1" && mkdir -p "$WORK/plain" && timeout 10 chmod 777 "$MNT/$1" "$WORK/plain" || return
	timeout 3600 "$O/tests/tools/model" "$2" "$steps" "$MNT/$1" "$WORK/plain" "$WORK/src/$1" >"$WORK/said" || {
		tail -n 100 "$WORK/said"
		return 1
	}
	cat "$WORK/said"
	remove "$WORK/plain" && remove "$MNT/$1"
}

for folder in folder out/elsewhere; do
	every_case "$folder" >"$WORK/case"
	_result $? "every operation on every kind of file in $folder"
	sed 's/^/# /' "$WORK/case"
done
for ((i = 0; i < rounds; i++)); do
	# Prompts of the first have their pictures in out/random and history/random.
	folders=(random out/pictures history/earlier .hidden)
	random_round "${folders[i % 4]}" $((seed + i)) >"$WORK/case"
	_result $? "$steps random operations in ${folders[i % 4]}, seed $((seed + i))"
	sed 's/^/# /' "$WORK/case"
done
echo "# the daemon has $(awk '/^VmRSS/ { print $2 }' "/proc/$DAEMON/status") KB"

done_testing
