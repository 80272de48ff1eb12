# shellcheck shell=bash
#
# For tests of long times: the daemon's two clocks are moved by hand, and a task at the sandbox takes as
# long as the test wants.

# After setup: `easelfs` is from here on the program whose clocks can be moved, at a provider that is asked as
# seldom as a real one.
clock_setup() {
	[ -x "$O/tests/tools/easelfs-clock" ] || die "make $O/tests/tools/easelfs-clock"
	mkdir -p "$WORK/bin"
	ln -sf "$O/tests/tools/easelfs-clock" "$WORK/bin/easelfs"
	ln -sf "$O/easelfs-sandbox" "$WORK/bin/easelfs-sandbox"
	O=$WORK/bin
	export EASELFS_CLOCK=$WORK/clock
	WALL_MS=0 MONO_MS=0
	_clock_write
	config <<-END
	[provider sandbox]
	first-look = 5
	poll-min = 5
	poll-max = 60
	END
}

start() { mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'; }
bill_total() { control GET 'bill?tasks=0' | jq -r "$1"; }
charges() { bill_total ".prompts[\"$1\"].charged // 0"; }

_clock_write() {
	echo "$WALL_MS $MONO_MS" >"$WORK/clock.new"
	mv "$WORK/clock.new" "$WORK/clock"
}

# clock_passes SECONDS PROMPT: time goes by, and the daemon looks at the clock, as it sleeps by the real one.
clock_passes() {
	WALL_MS=$((WALL_MS + $1 * 1000))
	MONO_MS=$((MONO_MS + $1 * 1000))
	_clock_write
	timeout 10 stat "$MNT/status/$2" >/dev/null
}

# clock_set SECONDS: somebody sets the wall clock by so much; as a suspended machine finds it, too.
clock_set() {
	WALL_MS=$((WALL_MS + $1 * 1000))
	_clock_write
}
