#!/bin/bash
# The power fails in the middle of work, again and again: what was said to be finished is there, each
# prompt is charged once and has one picture, or is `unknown` and was not sent again.
#
#     tests/run --long powerloss          LOSSES=n how often (12), SEED=n, FS=ext4 or xfs
if [ "$(id -u)" != 0 ]; then
	echo '1..0 # SKIP only root can mount a disk'
	exit
fi
# Another test's mount namespace may have a copy of ours, which would keep the dead disk alive.
[ -n "${OWN_MOUNTS:-}" ] || OWN_MOUNTS=1 exec unshare -m --propagation unchanged "$0" "$@"
mount --make-rprivate / 2>/dev/null     # a chroot's is no mount
. "$(dirname "$0")/../mount/lib.sh" || exit

FS=${FS:-ext4}
if ! command -v "mkfs.$FS" >/dev/null || ! [ -x "$O/tests/tools/powerloss" ]; then
	echo "1..0 # SKIP there is no mkfs.$FS, or no $O/tests/tools/powerloss"
	exit
fi

setup --canned --submit-rpm 0 --query-rpm 0 --time 0.2
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mkdir "$WORK/disk" "$WORK/gen"
truncate -s 400M "$WORK/image"
"mkfs.$FS" -q "$WORK/image" || die "mkfs.$FS failed"

plug_in() { mount -o loop "$WORK/image" "$WORK/disk" || die 'the disk cannot be mounted'; }
_mounts+=("$WORK/disk")
start() { mount_fg -o provider=sandbox,settle=0.02,budget=none "$WORK/disk" "$WORK/gen" 2>/dev/null || die 'it cannot be mounted'; }
pictures() { find "$WORK/disk/out" "$WORK/disk/history" -type f \( -name "$1.png" -o -name "$1.[0-9]*.png" \) 2>/dev/null | wc -l; }

lose_power() {
	"$O/tests/tools/powerloss" "$WORK/disk" || die 'the power does not fail'
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null
	_force_umount "$WORK/gen"
	umount "$WORK/disk" || die 'the disk is busy'
	plug_in
	start
}

# Names of prompts whose status says so, and their pictures, as long as anything can be asked.
finished() { grep -l '^state: completed' "$WORK"/gen/status/*.txt 2>/dev/null | xargs -rn1 basename | sort; }

plug_in
start
RANDOM=${SEED:=$$}
each=15
lost='' looked=0 charged=0 wrong=''
for ((loss = 1; loss <= ${LOSSES:-12}; loss++)); do
	for ((i = 1; i <= each; i++)); do
		# On the disk before it is given up: that is the shell's part.
		echo "loss $loss picture $i" | dd of="$WORK/gen/p-$loss-$i.txt" conv=fsync status=none
	done
	sync "$WORK/gen"
	# The moment is the point.
	sleep "0.$(printf %03d $((RANDOM % 900)))"
	finished >"$WORK/before"
	looked=$((looked + $(wc -l <"$WORK/before")))
	for name in $(cat "$WORK/before"); do
		sha256sum <"$WORK/gen/out/${name%.txt}.png"
	done >"$WORK/sums"
	lose_power
	for name in $(cat "$WORK/before"); do
		[ "$(state_of "$name")" = completed ] || lost+=" $loss:$name:$(state_of "$name")"
	done
	for name in $(cat "$WORK/before"); do
		sha256sum <"$WORK/gen/out/${name%.txt}.png"
	done 2>&1 | cmp -s - "$WORK/sums" || lost+=" $loss:pictures"
done
is "$lost" '' "what was completed before is completed after $((loss - 1)) losses of power (SEED=$SEED)"
ok 'no journal was damaged' not grep -q 'damaged' "$WORK/daemon.log"
unknown=0
for ((l = 1; l < loss; l++)); do
	for ((i = 1; i <= each; i++)); do
		name=p-$l-$i.txt
		eventually 60 eval "[[ \$(state_of $name) =~ ^(completed|unknown)\$ ]]"
		state=$(state_of "$name") times=$(accepted "loss $l picture $i") n=$(pictures "p-$l-$i")
		charged=$((charged + times))
		case $state,$times,$n in
		completed,1,1) ;;
		unknown,[01],0) unknown=$((unknown + 1)) ;;
		*) wrong+=" $name:$state,$times,$n" ;;
		esac
	done
done
is "$wrong" '' 'one charge and one picture each'
echo "# losses $((loss - 1)), finished pictures looked for $looked, prompts $(((loss - 1) * each)), charges $charged, unknowns $unknown"
umount_it
umount "$WORK/disk"
done_testing
