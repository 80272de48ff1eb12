#!/bin/bash
# Many prompts at once: each is made once, over few connections, and never more at a time than allowed.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END

write() {
	timeout 10 bash -c 'for ((i = $3; i <= $4; i++)); do echo "$2 $i" >"$1/$2$i.txt"; done' - "$MNT" "$@"
}
all_files() {
	local i
	for ((i = $2; i <= $3; i++)); do
		echo "$MNT/$1$i.txt"
	done
}
# finished NAME FROM TO: all are completed, and each was charged once
finished() {
	local files
	mapfile -t files < <(all_files "$@")
	ok "$1: all are completed" timeout 60 "$O/easelfs" wait "${files[@]}"
	is "$(bill "[.prompts | to_entries[] | select(.key | startswith(\"$1 \")) | .value | select(.accepted == 1 and .charged == 1)] | length")" \
		"$(($3 - $2 + 1))" "$1: each was charged once"
	is "$(find "$MNT/out" -name "$1*.png" -size +0 | wc -l)" "$(($3 - $2 + 1))" "$1: each has its picture"
}

mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'
write cat 1 20
finished cat 1 20
is "$(bill .accepted)" 20 'twenty were accepted, no more'
# Bursts open connections, what follows uses them.
requests=$(control GET requests | jq 'map(select(.listener == "api")) | length')
connections=$(control GET requests | jq 'map(select(.listener == "api") | .connection) | unique | length')
ok "connections are used again ($connections for $requests requests)" test $((connections * 2)) -le "$requests"

control POST reset >/dev/null
write slow 1 20
write quick 1 20
finished slow 1 20
finished quick 1 20
umount_it

# --- in_flight --------------------------------------------------------------------------------------

control POST reset >/dev/null
control POST faults '{"on":"submit","do":"hold","count":-1}' >/dev/null
mount_fg -o provider=sandbox,settle=0.05,in_flight=3 || die 'it cannot be mounted with in_flight'
write few 1 9
control GET 'wait?submits=3' >/dev/null
for done in 3 6; do
	is "$(bill .accepted)" $done "no more than three beside $((done - 3)) that are finished"
	# They are waited for where they are queued, which takes them no further.
	is "$(cd "$MNT/status" && timeout 20 grep -l '^state: *queued' few*.txt | wc -l)" $((9 - done)) 'the others are queued'
	is "$(bill .held)" 3 'three are under way'
	control POST release >/dev/null
	control GET "wait?submits=$((done + 3))" >/dev/null
done
control POST release >/dev/null
finished few 1 9
# Never more than three tasks at the provider: each submit but the first three came after a completion.
is "$(bill .submits_seen)" 9 'nine were sent'
umount_it

# --- rate limits -------------------------------------------------------------------------------------

control DELETE faults >/dev/null
control POST reset >/dev/null
control POST settings '{"submit_rpm":600,"submit_burst":5,"time":0.1}' >/dev/null
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
write limited 1 8
finished limited 1 8
ok 'the limit was met' test "$(bill .limited)" -gt 0
ok 'and did not lead to a storm' test "$(bill .submits_seen)" -le 20
umount_it
done_testing
