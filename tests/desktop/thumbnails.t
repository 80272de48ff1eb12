#!/bin/bash
# Tumbler makes thumbnails of all that is in the mount, while a prompt is under way: nothing is asked of the
# provider for that, and nothing keeps it waiting.
. "$(dirname "$0")/lib.sh" || exit

# In the form of D-Bus: ['a', 'b'].
list_of() { printf "'%s', " "$@" | sed 's/^/[/; s/, $/]/'; }

# thumbnails FILE…
thumbnails() {
	local types
	mapfile -t types < <(timeout 20 file --brief --mime-type "$@")
	timeout 20 gdbus call --session --dest org.freedesktop.thumbnails.Thumbnailer1 \
		--object-path /org/freedesktop/thumbnails/Thumbnailer1 \
		--method org.freedesktop.thumbnails.Thumbnailer1.Queue \
		"$(list_of "${@/#/file://}")" "$(list_of "${types[@]}")" normal foreground 0
}

has_thumbnail() {
	local name
	name=$(printf 'file://%s' "$1" | md5sum | cut -d' ' -f1)
	test -s "$XDG_CACHE_HOME/thumbnails/normal/$name.png"
}

desktop_setup thumbnails
for i in {1..5}; do
	ok "prompt $i" prompt "cat$i.txt" "a cat on moon $i"
done
ok 'a new text of the first' prompt cat1.txt 'a cat on the earth'
control POST faults '{"on":"submit","match":"slow","do":"hold"}' >/dev/null
timeout 5 sh -c 'echo "a slow snail" >"$1"' _ "$MNT/slow.txt"
ok 'another one is under way' wait_state slow.txt running

before=$(bill '[.submits_seen, .downloads, .uploads, .refused] | join(" ")')
# wait/ is not listed in the root.
mapfile -t files < <(timeout 10 find "$MNT" "$MNT/wait" -type f)
ok 'Tumbler is given all files' thumbnails "${files[@]}"
pictures=0
for file in "${files[@]}"; do
	[[ $file == *.png ]] || continue
	pictures=$((pictures + 1))
	ok "${file#"$MNT/"} gets its thumbnail" eventually 20 has_thumbnail "$file"
done
is $pictures 11 'that is all in out/, history/ and wait/'
is "$(bill '[.submits_seen, .downloads, .uploads, .refused] | join(" ")')" "$before" 'no request was made for that'
is "$(state_of slow.txt)" running 'what was under way is'
control POST release >/dev/null
ok 'until it is made' wait_state slow.txt completed
desktop_done 7
