#!/bin/bash
# Whatever must not be done twice, or be forgotten, stands between two kill points of its own (cache/kill.h):
# commits of the journal, requests, renames, links and unlinks that publish, and fsyncs.
set -u
cd "$(dirname "$0")/../.." || exit

# Where the money goes.  What users do through the mount (fs/ops_*.c) is theirs, and the doctor only asks.
shopt -s extglob
sources=(api/!(probe).c cache/*.c fs/commit*.c fs/journal_place.c fs/references.c fs/scan.c fs/tell.c)

# bare FILE…: each such call that does not stand between BEFORE_X and AFTER_X, as `file:line: call in function`.
bare() {
	awk '
	function judge(   i) {
		for (i = 1; i <= n; i++)
			if (call[i] && !(point[i - 1] ~ /^BEFORE_/ && point[i + 1] == "AFTER_" substr(point[i - 1], 8)))
				printf "%s: %s in %s\n", where[i], call[i], name
		split("", call); split("", point); n = 0
	}
	# Commands that go to SQLite as text have no name of their own.
	BEGIN { watched = "->commit\\(|[^_a-z](http_start|task_call|sync_folder|renameat2?|linkat|unlinkat|tell_rename|tell_link|tell_unlink|fsync|fdatasync) ?\\(|execute\\(db, end" }
	FNR == 1 { judge(); name = "" }
	/^}/ { judge(); name = "" }
	/^[a-z].*\(/ && !/;$/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
	/^ *(\/?\*|\/\/)/ || !/^\t/ { next }
	{
		# What task_call() starts, and what takes unfinished files away, is judged where it is called.
		text = $0
		if (name == "task_call") gsub(/http_start\(/, "", text)
		if (name ~ /^tell_(rename|link|unlink)$/) next
		if (name == "sync_folder") gsub(/fsync\(/, "", text)
		if (name ~ /^(store_incoming_remove|store_keep_reference|publish_reference)$/) gsub(/unlinkat\(/, "", text)
		while (match(text, watched "|kill_point[a-z_]*\\([A-Za-z_]*")) {
			word = substr(text, RSTART, RLENGTH); text = substr(text, RSTART + RLENGTH); n++
			if (word ~ /^kill_points_before/) point[n] = "BEFORE_turn"
			else if (word ~ /^kill_points_after/) point[n] = "AFTER_turn"
			else if (word ~ /^kill_point/) { sub(/.*\(/, "", word); point[n] = word }
			else { call[n] = word; where[n] = FILENAME ":" FNR }
		}
	}
	END { judge() }' "$@"
}

count=0
result() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}
failed=0

found=$(bare "${sources[@]}")
[ -z "$found" ]
result $? 'every step that money depends on stands between two kill points'
[ -z "$found" ] || printf '# %s\n' "$found" >&2

# Every point of the table stands somewhere: a test that goes there would wait in vain.
unused=$(grep -oE '^\s(STEP|MOMENT)\([A-Z_]+' cache/kill.h | while IFS='(' read -r kind name; do
	if [[ $kind == *STEP ]]; then points=("BEFORE_$name" "AFTER_$name"); else points=("$name"); fi
	for point in "${points[@]}"; do
		grep -qE "(kill_point\(|KILL_)$point\b|KILL_BEFORE_${point#AFTER_}\b" "${sources[@]}" || echo "$point"
	done
done)
[ -z "$unused" ]
result $? 'every kill point stands somewhere'
[ -z "$unused" ] || echo "# $unused" >&2

# It can fail: each watched call of the real sources, once its points are taken from around it.
work=$(mktemp -d) || exit
trap 'rm -rf "$work"' EXIT
blind=''
for file in "${sources[@]}"; do
	grep -q 'kill_point' "$file" || continue
	for side in BEFORE AFTER; do
		lower=${side,,}
		mapfile -t lines < <(grep -nE "^\s.*kill_point(\(${side}_|s_$lower)" "$file" | cut -d: -f1)
		for line in "${lines[@]}"; do
			case $(sed -n "${line}p" "$file") in
			# A read, a copy and folders are steps without a call that is watched.
			# The disk thread syncs what these ask for, between points of its own.
			*_PICTURE_SYNC* | *_PUBLISH_SYNC* | *_BESIDE_SYNC*) continue ;;
			*_READ* | *_REFERENCE_COPY* | *_CHECK* | *_OUT_FOLDER* | *_REPLY* | */\**) continue ;;
			esac
			sed "${line}d" "$file" >"$work/one.c"
			[ -n "$(bare "$work/one.c")" ] || blind+=" $file:$line"
		done
	done
done
[ -z "$blind" ]
result $? 'the rule notices each of these points that is taken away'
[ -z "$blind" ] || echo "# not noticed:$blind" >&2

echo "1..$count"
exit $failed
