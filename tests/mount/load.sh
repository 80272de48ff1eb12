# shellcheck shell=bash
#
# For tests of many prompts at once: a tree of them is copied in, and watched until all are made.
#
#     load_setup IN_FLIGHT SANDBOX-OPTION…; config …
#     load_run calm 300              # mounts $WORK/calm, copies 300 prompts in
#     load_judge calm 300            # one picture and one charge each, limits kept
#     load_end                       # unmounts
#
# Figures are printed as comments on standard output, where prove --comments shows them.

load_setup() {
	local in_flight=$1
	shift
	setup --canned --time 0.1 --log-size 10 "$@"
	LOAD_IN_FLIGHT=$in_flight
	config <<-END
		[provider sandbox]
		in-flight = $in_flight
		first-look = 0.1
		poll-min = 0.1
		poll-max = 1
	END
}

# _tree FOLDER N WORD: N distinct prompts in folders of a hundred.
_tree() {
	local i folder
	for ((i = 0; i < $2; i++)); do
		printf -v folder '%s/%03d' "$1" $((i / 100))
		[ $((i % 100)) != 0 ] || mkdir -p "$folder"
		echo "$3 number $i" >"$folder/p$i.txt"
	done
}

rss_anon() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$DAEMON/status"; }
cpu_s() { awk -v hz="$(getconf CLK_TCK)" '{ printf "%.1f", ($14 + $15) / hz }' "/proc/$DAEMON/stat"; }
totals() { control GET 'bill?tasks=0' | jq -r "$1"; }
pictures() { find "$MNT/out/$1" -name '*.png' 2>/dev/null | wc -l; }

# load_faults PERCENT [MORE]: of all requests, in every way that leaves the picture to be had; each kind is
# as likely as the others.  MORE: kinds that take minutes, too.
load_faults() {
	local submit=(
		'"do":"status","status":500' '"do":"status","status":502' '"do":"status","status":503'
		'"do":"status","status":504' '"do":"status","status":524'
		'"do":"status","status":429,"headers":{"Retry-After":"0.3"}' '"do":"error_in_200"'
		'"do":"html"' '"do":"redirect"' '"do":"close_after_read_on_reused"'
		'"do":"drop_before"' '"do":"drop_before","reset":true' '"do":"drop_after"'
		'"do":"drop_after","reset":true' '"do":"drop_mid"' '"do":"truncate"' '"do":"wrong_length"'
		'"do":"status","status":500,"accepted":true' '"do":"status","status":504,"accepted":true'
		'"do":"html","accepted":true'
		'"do":"delay","seconds":0.5' '"do":"drip","seconds":0.5' '"do":"chunked"' '"do":"wrong_type"'
		'"do":"fail_task"' '"do":"unknown_status"'
	)
	local poll=(
		'"do":"status","status":500' '"do":"status","status":502' '"do":"status","status":503'
		'"do":"status","status":403,"body":"<html>no</html>"' '"do":"status","status":404'
		'"do":"status","status":429,"headers":{"Retry-After":"0.3"}' '"do":"error_in_200"'
		'"do":"html"' '"do":"redirect"' '"do":"close_after_read_on_reused"' '"do":"drop_before"'
		'"do":"drop_before","reset":true' '"do":"drop_after"' '"do":"drop_after","reset":true'
		'"do":"drop_mid"' '"do":"truncate"' '"do":"wrong_length"' '"do":"delay","seconds":0.5'
		'"do":"drip","seconds":0.5' '"do":"chunked"' '"do":"unknown_status"' '"do":"wrong_type"'
	)
	local download=(
		'"do":"status","status":500' '"do":"status","status":503' '"do":"status","status":403'
		'"do":"status","status":404' '"do":"html"' '"do":"redirect"' '"do":"drop_before"'
		'"do":"drop_after"' '"do":"drop_mid"' '"do":"truncate"' '"do":"wrong_length"'
		'"do":"bytes","bytes":"bm90IGEgcGljdHVyZQ=="' '"do":"delay","seconds":0.5'
		'"do":"drip","seconds":0.5' '"do":"chunked"' '"do":"wrong_type"'
	)
	local kinds event fault share
	for event in submit poll download; do
		local -n kinds=$event
		share=$(awk -v p="$1" -v n=${#kinds[@]} 'BEGIN { printf "%.6f", p / 100 / n }')
		for fault in "${kinds[@]}"; do
			control POST faults "{\"on\":\"$event\",$fault,\"count\":-1,\"share\":$share}" >/dev/null ||
				die "the sandbox refuses the fault $fault"
		done
		[ -z "${2:-}" ] ||
			control POST faults "{\"on\":\"$event\",\"do\":\"hang\",\"count\":3,\"share\":0.01}" >/dev/null
	done
}

# What a person would do when nothing goes on by itself: see what failed (its money came back) and what is
# unknown (the provider knows nothing of it), and have it made.  LOAD_RETRIED counts them.
_retry() {
	local path
	timeout 120 "$O/easelfs" status "$MNT/$1" | awk '$2 == "unknown" || $2 == "failed" { print $1 }' >"$WORK/resting"
	mapfile -t path <"$WORK/resting"
	LOAD_RETRIED=$((LOAD_RETRIED + ${#path[@]}))
	[ ${#path[@]} = 0 ] || (cd "$MNT" && timeout 120 "$O/easelfs" retry "${path[@]}") >/dev/null
}

# load_run NAME N [SECONDS]: copies them into a folder NAME of the mount, waits for the last picture at most
# SECONDS (300), and prints figures.  Sets LOAD_RSS, what the daemon had at 20, 60 and 100 percent.
load_run() {
	local name=$1 n=$2 until=$((EPOCHSECONDS + ${3:-300})) begun=$EPOCHREALTIME now=0 last=0 rss
	local marks=($((n / 5)) $((n * 3 / 5)) "$n") same=0 pause=0.2
	LOAD_RSS=() LOAD_PEAK=0 LOAD_RETRIED=0
	[ "$n" -lt 1000 ] || pause=1      # to count them is work for the daemon, too
	control POST settings '{"log_size":10}' >/dev/null
	_tree "$WORK/$name" "$n" "$name"
	begun=$EPOCHREALTIME
	timeout 120 cp -r "$WORK/$name" "$MNT/" || return
	while [ "$now" -lt "$n" ] && [ $EPOCHSECONDS -lt $until ]; do
		sleep $pause
		now=$(pictures "$name") rss=$(rss_anon)
		[ "$rss" -le $LOAD_PEAK ] || LOAD_PEAK=$rss
		while [ ${#LOAD_RSS[@]} -lt 3 ] && [ "$now" -ge "${marks[${#LOAD_RSS[@]}]}" ]; do LOAD_RSS+=("$rss"); done
		same=$((now == last ? same + 1 : 0)) last=$now
		[ $same -lt 8 ] || { same=0; _retry "$name"; }
	done
	echo "# $name: $n prompts in $(awk -v a="$begun" -v b="$EPOCHREALTIME" -v n="$now" \
		'BEGIN { printf "%.1f s, %.0f pictures/s", b - a, n / (b - a) }'), cpu $(cpu_s) s," \
		"RssAnon ${LOAD_RSS[*]} kB at 20, 60, 100 %, peak $LOAD_PEAK kB"
}

# load_judge NAME N
load_judge() {
	local name=$1 n=$2
	echo "# $name: $(control GET 'bill?tasks=0' | jq -c 'del(.prompts)')"
	is "$(pictures "$name")" "$n" "$name: $n pictures"
	is "$(totals "[.prompts | to_entries[] | select(.key | startswith(\"$name \")) | .value | select(.charged == 1)] | length")" \
		"$n" "$name: each prompt was charged once"
	is "$(totals .charged)" "$n" "$name: $n charges"
	ok "$name: never more than $LOAD_IN_FLIGHT tasks at the provider ($(totals .most_under_way))" \
		test "$(totals .most_under_way)" -le "$LOAD_IN_FLIGHT"
	ok "$name: but nearly as many" test "$(totals .most_under_way)" -ge $((LOAD_IN_FLIGHT * 3 / 4))
	is "$(totals '.limited,.leaked_keys' | xargs)" '0 0' "$name: no request was one too many"
}

# load_end: unmounts; what was being fetched is gone.
load_end() {
	umount_it
	is "$(find "$WORK/gen/.easelfs" -name '*.part' | wc -l)" 0 'no unfinished download is left over'
}
