#!/bin/bash
# Random operations come out in a mount as they do in a plain folder.  SEED=n repeats a run, STEPS=n makes it longer.
. "$(dirname "$0")/lib.sh"
setup --canned --time 0.1
others=
if [ "$(id -u)" = 0 ]; then
	others=,allow_other,dev,suid
	chmod 755 "$WORK"
fi
mkdir -m 755 "$WORK/src"
mount_fg -o "provider=sandbox,settle=0.05$others" "$WORK/src" "$WORK/mnt" || die 'it cannot be mounted'
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}
steps=${STEPS:-1500}

# alike FOLDER SEED STEPS
alike() {
	local said status
	timeout 10 mkdir -p "$MNT/$1" && mkdir "$WORK/plain" && timeout 10 chmod 777 "$MNT/$1" "$WORK/plain" || return
	timeout 3600 "$O/tests/tools/model" "$2" "$3" "$MNT/$1" "$WORK/plain" "$WORK/src/$1" >"$WORK/said"
	status=$?
	said=$(tail -n 100 "$WORK/said")
	diag "$said"
	echo "$said"
	timeout 100 chmod -R u+rwx "$WORK/plain" "$MNT/$1"
	rm -r "$WORK/plain"
	return $status
}

ok "$steps random operations, seed $seed" alike folder "$seed" "$steps"
ok 'where names are remembered for a day' alike out/elsewhere "$((seed + 1))" "$((steps / 3))"
ok 'and in history/' alike history/elsewhere "$((seed + 2))" "$((steps / 3))"
ok 'then it still makes pictures' timeout 30 sh -c 'echo "a survivor" >"$1/survivor.txt" && "$2" wait "$1/survivor.txt"' - "$MNT" "$O/easelfs"

done_testing
