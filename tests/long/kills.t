#!/bin/bash
# The daemon is killed at random moments and at random kill points while prompts are written, edited,
# deleted and renamed and the provider fails in every way it knows.  At the end every text was charged as
# often as pictures were asked for, at most; every picture that was charged lies in out/ or history/, or its
# task is `unknown`; and nothing is still under way.
#
#     KILLS=100 SEED=7 tests/run --long kills.t
. "$(dirname "$0")/../mount/lib.sh" || exit

KILL=$O/kill/easelfs
[ -x "$KILL" ] || die "there is no $KILL: make kill"
: "${KILLS:=1000}" "${SEED:=$$}"
# WIRE PROVIDER of each house: a folder with a daemon of its own.
houses=('task sandbox' 'gemini google' 'task sandbox' 'gemini google')

setup --time 0.2 --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	poll-max = 0.5
	[provider google]
	url = $SANDBOX_URL
	END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
echo "# SEED=$SEED KILLS=$KILLS"
mapfile -t points < <("$KILL" kill-points | cut -d' ' -f1)

# Sets R to 0 … N-1.
random() { R=$(((RANDOM * 32768 + RANDOM) % $1)); }
pick() { random $#; shift "$R"; PICKED=$1; }
pause() { random "$1"; sleep "$(printf '0.%03d' "$R")"; }

# --- what goes wrong at the provider ----------------------------------------------------------------

# shellcheck disable=SC2034      # trouble() takes them by name
submit_faults=(
	'"do":"drop_before"' '"do":"drop_before","reset":true' '"do":"drop_after"' '"do":"drop_after","reset":true'
	'"do":"drop_mid"' '"do":"truncate"' '"do":"drip","seconds":0.4' '"do":"delay","seconds":0.4'
	'"do":"status","status":500' '"do":"status","status":500,"accepted":true' '"do":"status","status":502,"accepted":true'
	'"do":"status","status":503' '"do":"status","status":429,"headers":{"Retry-After":"0.3"}' '"do":"html","accepted":true'
	'"do":"fail_task","code":"generation_failed","message":"the brush broke"' '"do":"close_after_read_on_reused"' '"do":"chunked"'
)
# shellcheck disable=SC2034
poll_faults=(
	'"do":"status","status":500' '"do":"status","status":429,"headers":{"Retry-After":"0.2"}' '"do":"html"' '"do":"drop_after"'
	'"do":"drop_mid"' '"do":"unknown_status"' '"do":"error_in_200"' '"do":"delay","seconds":0.3'
)
# shellcheck disable=SC2034
upload_faults=('"do":"status","status":500' '"do":"drop_after"' '"do":"drop_before"' '"do":"delay","seconds":0.3')
# shellcheck disable=SC2034
download_faults=(
	'"do":"drop_mid"' '"do":"truncate"' '"do":"wrong_length"' '"do":"html"' '"do":"status","status":403'
	'"do":"status","status":404' '"do":"status","status":500' '"do":"drip","seconds":0.5' '"do":"chunked"'
)

trouble() {
	local on skip
	pick submit submit poll upload download
	on=$PICKED
	local -n faults=${on}_faults
	pick "${faults[@]}"
	random 4
	skip=$R
	control POST faults "{\"on\":\"$on\",\"skip\":$skip,$PICKED}" >/dev/null
}

# --- what people do ---------------------------------------------------------------------------------

# A text is used once, and noted with the pictures that are asked for, so that the bill can be read.
text() {
	local n headers
	texts=$((texts + 1))
	random 4
	n=$((R == 0 ? 2 : 1))
	headers="resolution: 512
n: $n
"
	random 3
	[ "$R" != 0 ] || headers+="refs: pose-$((RANDOM % 3)).png
"
	printf '%s\t%s\n' "house $house text $texts" "$n" >>"$place/texts"
	TEXT="$headers
house $house text $texts"
}

write() { timeout 10 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }
new_name() { pick '' '' a/ b/; names=$((names + 1)); NAME=${PICKED}p$names.txt; }
# One that is there.
old_name() {
	local all=()
	mapfile -t all < <(cd "$MNT" && timeout 10 ls -d p*.txt a/p*.txt b/p*.txt 2>/dev/null | tail -n 12)
	[ ${#all[@]} -gt 0 ] || return
	pick "${all[@]}"
	NAME=$PICKED
}

act() {
	random 12
	case $R in
	0 | 1 | 2 | 3 | 4 | 5) text; new_name; write "$NAME" "$TEXT" ;;
	6 | 7) text; old_name && write "$NAME" "$TEXT" ;;
	8) old_name && timeout 10 rm "$MNT/$NAME" ;;
	9) local from; old_name && from=$NAME && new_name && timeout 10 mv "$MNT/$from" "$MNT/$NAME" ;;
	10) old_name && timeout 10 touch "$MNT/$NAME" ;;
	11) trouble ;;
	esac
}

# --- lives ------------------------------------------------------------------------------------------

start() {
	EASELFS_KILL=$1 "$KILL" mount -f -o "provider=$provider,model=nano-banana-2,settle=0.02,budget=none" "$MNT" >>"$place/log" 2>&1 &
	DAEMON=$!
	eventually 20 _is_up "$DAEMON"
}

# A life that ends at a point, or else at some moment.
life() {
	local point='' i acts status
	random 2
	if [ "$R" = 0 ]; then
		pick "${points[@]}"
		point=$PICKED
		random 4
		point+=:$((R + 1))
	fi
	start "$point"
	random 5
	acts=$((R + 1))
	for ((i = 0; i < acts; i++)); do
		act
		pause 120
		! _is_gone "$DAEMON" || break
	done >>"$place/acts" 2>&1
	if [ -n "$point" ]; then
		eventually 1 _is_gone "$DAEMON"
	else
		pause 900
	fi
	kill -KILL "$DAEMON" 2>/dev/null
	wait "$DAEMON" 2>/dev/null
	status=$?
	[ $status = 137 ] || echo "the daemon ended by itself: $status" >>"$place/wrong"
	echo "$point" >>"$place/lives"
}

# Nothing under way: what the journal says when nobody has it.
under_way() {
	sqlite3 "$MNT/.easelfs/journal.db" \
		'SELECT jobs.id, prompts.path, tasks.state, tasks.reason FROM tasks JOIN jobs ON tasks.job = jobs.id
		JOIN prompts ON jobs.prompt = prompts.id WHERE tasks.state IN (2, 3, 4, 5, 6, 8, 9)'
}

# The grace of a deletion is 10 s: until then what it left is neither cancelled nor published.
live_to_the_end() {
	local i
	for ((i = 0; i < 20; i++)); do
		start ''
		timeout 10 "$KILL" release --all "$MNT" >/dev/null 2>&1
		timeout 12 "$KILL" wait --timeout 10 "$MNT" >/dev/null 2>&1
		sleep 4
		timeout 20 "$KILL" unmount "$MNT" >/dev/null 2>&1
		eventually 20 _is_gone "$DAEMON"
		[ -n "$(under_way)" ] || return 0
	done
	echo "still under way: $(under_way)" >>"$place/wrong"
}

inhabit() {
	local texts=0 names=0
	RANDOM=$((SEED + house))
	mkdir -p "$MNT/refs" "$MNT/a" "$MNT/b"
	for i in 0 1 2; do
		{ base64 -d <<<"$png"; echo "$house $i"; } >"$MNT/refs/pose-$i.png"
	done
	# Once in peace, so that nothing is held.
	start ''
	eventually 20 timeout 5 "$KILL" status "$MNT" >/dev/null
	sleep 0.3
	while [ "$(cat "$WORK"/*/lives 2>/dev/null | wc -l)" -lt "$KILLS" ] && [ ! -e "$place/wrong" ]; do
		if _is_gone "$DAEMON"; then
			life
		else
			kill -KILL "$DAEMON"
			wait "$DAEMON" 2>/dev/null
		fi
	done
	touch "$place/lived"
	# All of them, as the faults are.
	eventually 300 eval '[ "$(ls "$WORK"/*/lived | wc -l)" = ${#houses[@]} ]'
	control DELETE faults >/dev/null
	live_to_the_end
	touch "$place/well"
}

png='iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
house=0
for each in "${houses[@]}"; do
	house=$((house + 1))
	read -r wire provider <<<"$each"
	place=$WORK/house-$house
	MNT=$place/gen
	mkdir -p "$MNT"
	_mounts+=("$MNT")
	(trap 'touch "$place/ended"' EXIT; inhabit) 2>>"$place/said" &
done
for ((house = 1; house <= ${#houses[@]}; house++)); do
	eventually $((KILLS * 5 + 300)) test -e "$WORK/house-$house/ended"
	[ -e "$WORK/house-$house/well" ] || die "house $house did not come to its end: $(tail -n 5 "$WORK/house-$house/said")"
done

# --- the account ------------------------------------------------------------------------------------

control GET 'bill?tasks=0' | jq -c .prompts >"$WORK/bill"
# Each finished or unknown task, as `text state hash reused`.
tasks_of() {
	sqlite3 -json "$1/.easelfs/journal.db" "SELECT jobs.request AS request, tasks.state AS state,
		lower(hex(tasks.sha256)) AS hash, jobs.same_as AS same FROM tasks JOIN jobs ON tasks.job = jobs.id
		WHERE tasks.state IN (7, 10)"
}
kills=0 charges=0 pictures=0 unknown=0 prompts=0
for ((house = 1; house <= ${#houses[@]}; house++)); do
	place=$WORK/house-$house
	read -r wire _ <<<"${houses[house - 1]}"
	tasks_of "$place/gen" >"$place/tasks"
	[ -s "$place/tasks" ] || echo '[]' >"$place/tasks"
	jq -Rn '[inputs | split("\t") | {key: .[0], value: (.[1] | tonumber)}] | from_entries' "$place/texts" >"$place/wanted"
	(cd "$place/gen" && find out history -type f ! -name '*.txt' -exec sha256sum {} + 2>/dev/null) | sort >"$place/files"
	jq -Rn '[inputs[0:64]] | group_by(.) | map({key: .[0], value: length}) | from_entries' "$place/files" >"$place/hashes"
	jq -n --slurpfile bill "$WORK/bill" --slurpfile wanted "$place/wanted" --slurpfile tasks "$place/tasks" \
		--slurpfile hashes "$place/hashes" --arg wire "$wire" '
		($tasks[0] | map(. + {text: (.request | capture("(?<t>house [0-9]+ text [0-9]+)\\s*$").t)})) as $rows |
		($rows | map(select(.state == 7 and .same == 0)) | group_by(.text) | map({key: .[0].text, value: length}) | from_entries) as $done |
		($rows | map(select(.state == 10)) | group_by(.text) | map({key: .[0].text, value: length}) | from_entries) as $unknown |
		($rows | map(select(.state == 7)) | group_by(.hash) | map({key: .[0].hash, value: length}) | from_entries) as $published |
		{
			twice: [$wanted[0] | to_entries[] | select(($bill[0][.key].charged // 0) > .value)
				| "\(.key): \(.value) wanted, \($bill[0][.key].charged) charged"],
			lost: [$wanted[0] | to_entries[] | ($bill[0][.key].charged // 0) as $charged
				| (($done[.key] // 0) + (if $wire == "task" then 0 else $unknown[.key] // 0 end)) as $accounted
				| select($charged > $accounted) | "\(.key): \($charged) charged, \($done[.key] // 0) completed, \($unknown[.key] // 0) unknown"],
			gone: [$published | to_entries[] | select(($hashes[0][.key] // 0) < .value) | . as $p
				| "\([$rows[] | select(.hash == $p.key) | .text] | unique | join(", ")): \($p.value) published, \($hashes[0][.key] // 0) there"],
			charges: ([$wanted[0] | keys[] | $bill[0][.].charged // 0] | add // 0),
			pictures: ([$hashes[0][]] | add // 0),
			unknown: ([$unknown[]] | add // 0),
			prompts: ($wanted[0] | length)
		}' >"$place/account" || die "house $house has no account"
	for what in twice lost gone; do
		is "$(jq -r ".$what | join(\"; \")" "$place/account")" '' "house $house ($wire): $(
			case $what in
			twice) echo 'nothing was charged twice' ;;
			lost) echo 'what was charged was taken down' ;;
			gone) echo 'every picture is there' ;;
			esac)"
	done
	is "$(cat "$place/wrong" 2>/dev/null)" '' "house $house ($wire): nothing is under way"
	lives=$(wc -l <"$place/lives")
	kills=$((kills + lives))
	read -r c p u t < <(jq -r '"\(.charges) \(.pictures) \(.unknown) \(.prompts)"' "$place/account")
	charges=$((charges + c)) pictures=$((pictures + p)) unknown=$((unknown + u)) prompts=$((prompts + t))
done
ok "there were $KILLS kills" test "$kills" -ge "$KILLS"
is "$(bill .leaked_keys)" 0 'no key went to the other port'
echo "# kills $kills, texts $prompts, charges $charges, pictures $pictures, unknown $unknown, seed $SEED"
done_testing
