#!/bin/bash
# Ten thousand prompts copied in at once: as many pictures and charges, no more under way than the row of
# the provider allows, in memory that does not grow with what is done; with faults of every kind, too, and
# at a provider that counts its requests.
#
# PROMPTS=n; FAULTS=percent of the requests.
. "$(dirname "$0")/../mount/lib.sh" || exit
. "$(dirname "$0")/../mount/load.sh" || exit

n=${PROMPTS:-10000}
faults=${FAULTS:-5}

load_setup 50 --submit-rpm 0 --query-rpm 0
start() { mount_fg -o provider=sandbox,settle=0.05,budget=none || die 'it cannot be mounted'; }
# within A B KB: B is at most a quarter and KB more than A
within() { [ "$2" -le $(($1 * 5 / 4 + $3)) ]; }

start
before=$(rss_anon)
load_run calm "$n" 600
load_judge calm "$n"
calm=$LOAD_PEAK
ok "memory does not grow with what is done (${LOAD_RSS[*]} kB)" within "${LOAD_RSS[0]}" "$calm" 2048
ok "a prompt that waits takes less than 3 kB ($before kB before, $LOAD_PEAK kB at most)" \
	test $((LOAD_PEAK - before)) -lt $((n * 3 + 8192))

gave_back() { [ "$(rss_anon)" -lt $((LOAD_PEAK / 2)) ]; }
ok 'what they took is given back' eventually 10 gave_back
echo "# RssAnon $(rss_anon) kB afterwards"

# The same daemon, with another ten thousand.
control POST reset >/dev/null
load_faults "$faults" minutes
load_run faulty "$n" 1500
load_judge faulty "$n"
echo "# faulty: $faults % faults, $(totals .faults) struck, of every kind: $(control GET faults | jq -c '[.[] | .struck] | sort')"
is "$(control GET faults | jq '[.[] | select(.struck == 0)] | length')" 0 'every kind of fault struck'
echo "# faulty: a person retried $LOAD_RETRIED"
ok "with twice as many prompts memory is what it was ($calm kB, now $LOAD_PEAK)" within "$calm" "$LOAD_PEAK" 2048
load_end

# --- a provider that counts ---------------------------------------------------------------------------

# counts SUBMITS: a minute, a sixth of them in ten seconds, ten times as many queries; the row knows of it.
counts() {
	control POST reset >/dev/null
	setting "{\"submit_rpm\":$1,\"submit_burst\":$(($1 / 6)),\"query_rpm\":$(($1 * 10)),\"query_burst\":$(($1 * 10 / 6))}"
	config <<-END
		[provider sandbox]
		submit-per-minute = $1
		query-per-minute = $(($1 * 10))
	END
	start
}

# Those of the default group, in twentieths of their time: 300 submits a minute, 50 in ten seconds.
counts 6000
load_run scaled "$n" 600
load_judge scaled "$n"
load_end

# And as they are.
counts 300
load_run real 120 120
LOAD_IN_FLIGHT=50
load_judge real 120
load_end
done_testing
