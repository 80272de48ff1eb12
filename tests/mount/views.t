#!/bin/bash
# What is virtual reads like a file: by whatever method, with its true size, and never half old and half new.
# And what is real appears at once, although the kernel remembers what was not there.
. "$(dirname "$0")/lib.sh"
setup --time 0.2 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.05
	poll-min = 0.05
	poll-max = 0.1
	[defaults]
	provider = sandbox
	settle = 0.05
END
readas=$O/tests/tools/readas
[ -x "$readas" ] || die 'build/tests/tools/ is not there: make check builds it'
mount_fg

# --- each file by each method ---

timeout 5 mkdir -p "$MNT/a/b"
echo 'a cat' >"$MNT/cat.txt"
printf 'n: 2\n\ntwo of them\n' >"$MNT/a/b/two.md"
printf 'size: 17:3\n\na bad one\n' >"$MNT/bad.txt"
ok 'a few prompts' timeout 20 "$O/easelfs" wait "$MNT/cat.txt" "$MNT/a/b/two.md"
ok 'one of them fails' wait_state bad.txt failed

files=(status/cat.txt status/cat.txt.json status/a/b/two.md status/a/b/two.md.json status/bad.txt
	.easelfs/README .easelfs/stats .easelfs/metrics .easelfs/jobs.json .easelfs/gallery.html
	wait/cat.png out/cat.png)
for file in "${files[@]}"; do
	timeout 5 cat "$MNT/$file" >"$WORK/cat"
	wrong=
	for method in mmap bytes backwards sendfile splice; do
		# Pictures byte by byte take too long.
		[[ $method == bytes && $file == *.png ]] && continue
		timeout 10 "$readas" $method "$MNT/$file" >"$WORK/$method" && cmp -s "$WORK/cat" "$WORK/$method" ||
			wrong+=" $method"
	done
	timeout 5 cp "$MNT/$file" "$WORK/cp" && cmp -s "$WORK/cat" "$WORK/cp" || wrong+=' cp'
	timeout 5 dd if="$MNT/$file" bs=4096 skip=0 iflag=direct of="$WORK/direct" status=none &&
		cmp -s "$WORK/cat" "$WORK/direct" || wrong+=' direct'
	[ "$(timeout 5 stat -c %s "$MNT/$file")" = "$(wc -c <"$WORK/cat")" ] || wrong+=' stat'
	is "$wrong" '' "$file: the same by every method, and of its true size"
done

# --- what they say ---

is "$(timeout 5 jq -c '[.[] | [.prompt, .state, .revision, .picture]] | sort | .[]' "$MNT/.easelfs/jobs.json" | tr '\n' ' ')" \
	'["a/b/two.md","completed",1,"out/a/b/two-1.png"] ["bad.txt","failed",1,null] ["cat.txt","completed",1,"out/cat.png"] ' \
	'jobs.json has each prompt'
is "$(timeout 5 grep -c '^{.*"state":"completed"' "$MNT/.easelfs/jobs.json")" 2 'a line each'
echo 'another cat' >"$MNT/cat.txt"
ok 'another text' timeout 20 "$O/easelfs" wait "$MNT/cat.txt"
is "$(timeout 5 jq -c '.[] | select(.prompt == "cat.txt") | .revision' "$MNT/.easelfs/jobs.json")" 2 'is there once, as the newest revision'
timeout 5 rm "$MNT/bad.txt"
is "$(timeout 5 jq -c '[.[].prompt] | sort' "$MNT/.easelfs/jobs.json")" '["a/b/two.md","cat.txt"]' 'one that was deleted is not'

# Prometheus' text format: HELP and TYPE stand before the samples of a name, once; counters end with _total,
# and nothing else does; labels are quoted; the last line ends.
timeout 5 cat "$MNT/.easelfs/metrics" >"$WORK/metrics"
is "$(awk '
	/^# HELP [a-z_]+ ./ { if (help[$3]++) print "again: " $0; next }
	/^# TYPE [a-z_]+ (counter|gauge)$/ {
		if (!help[$3] || type[$3] != "") print "misplaced: " $0
		if (($3 ~ /_total$/) != ($4 == "counter")) print "misnamed: " $0
		type[$3] = $4; current = $3; next
	}
	/^[a-z_]+(\{[a-z_]+="[^"]*"\})? -?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?$/ {
		name = $1; sub(/\{.*/, "", name)
		if (name != current) print "not under its head: " $0
		if (seen[$1]++) print "twice: " $0
		next
	}
	{ print "not understood: " $0 }' "$WORK/metrics")" '' 'metrics are what Prometheus reads'
is "$(tail -c 1 "$WORK/metrics" | wc -l)" 1 'to the last line'
for state in completed failed; do
	is "$(sed -n "s/^easelfs_jobs{state=\"$state\"} //p" "$WORK/metrics")" \
		"$(timeout 5 sed -n "s/^jobs-$state: //p" "$MNT/.easelfs/stats")" "they count $state as stats does"
done

# --- while it changes ---

# torn FILE COMMAND…: reads it again and again until $WORK/stop; says what is wrong with what it got.
torn() {
	local file=$1 times=0 got=$WORK/got.$BASHPID
	shift
	until [ -e "$WORK/stop" ]; do
		times=$((times + 1))
		timeout 10 "$readas" bytes "$MNT/$file" >"$got" 2>&1 || cat "$got"
		"$@" <"$got" >/dev/null 2>&1 || { echo "$file:"; cat "$got"; }
	done
	echo $times >>"$WORK/times"
}
is_status() { awk 'NR == 1 && !/^state: [a-z]+$/ { bad = 1 } !/^[a-z0-9-]+: / { bad = 1 } END { exit bad || !NR }'; }
echo 'busy 0' >"$MNT/busy.txt"
readers=()
torn status/busy.txt is_status >"$WORK/torn.1" & readers+=($!)
torn status/busy.txt.json jq -e '.prompt == "busy.txt" and (.state | length > 0)' >"$WORK/torn.2" & readers+=($!)
torn .easelfs/jobs.json jq -e 'type == "array" and all(.[]; .prompt and .state)' >"$WORK/torn.3" & readers+=($!)
for i in {1..30}; do
	echo "busy $i" >"$MNT/busy.txt"
	timeout 20 cat "$MNT/wait/busy.png" >/dev/null
done
: >"$WORK/stop"
wait "${readers[@]}"
is "$(cat "$WORK"/torn.[123] | head -n 20)" '' "no reader saw half of one and half of another ($(tr '\n' ' ' <"$WORK/times")times)"

# --- names that were not there ---

# hammer NAME: asks for it until $WORK/over, and says when the answer changes.
hammer() {
	local answer last=
	until [ -e "$WORK/over" ]; do
		answer=$(stat -c %s "$MNT/out/$1" 2>/dev/null || echo none)
		[ "$answer" = "$last" ] || echo "$answer"
		last=$answer
	done
}
hammers=()
for i in {1..6}; do
	hammer "h$i.png" >"$WORK/hammer.$i" &
	hammers+=($!)
done
all_ask() { [ "$(cat "$WORK"/hammer.* | grep -c none)" = 6 ]; }
ok 'six ask for pictures that are not there' eventually 10 all_ask
wrong=0
for i in {1..6}; do
	echo "hammered $i" >"$MNT/h$i.txt"
done
for i in {1..6}; do
	size=$(timeout 20 cat "$MNT/wait/h$i.png" | wc -c)
	[ "$(timeout 5 stat -c %s "$MNT/out/h$i.png")" = "$size" ] || wrong=$((wrong + 1))
	timeout 5 ls "$MNT/out" | grep -qx "h$i.png" || wrong=$((wrong + 1))
done
is $wrong 0 'each is there, and listed, the moment that wait/ has it'
: >"$WORK/over"
wait "${hammers[@]}"
for i in {1..6}; do
	is "$(tr '\n' ' ' <"$WORK/hammer.$i")" "none $(stat -c %s "$MNT/out/h$i.png") " "who asks for h$i.png sees nothing, then the whole"
done

done_testing
