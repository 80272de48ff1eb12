#!/bin/bash
# References: where they come from, in which order, uploaded once per content, as they were when the
# prompt was written.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --submit-rpm 0 --query-rpm 0
config <<-END
	[provider sandbox]
	first-look = 0.1
	poll-min = 0.1
	END
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted'

# A picture of one pixel; what follows its end makes it another content.
picture() {
	base64 -d <<<'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
	printf '%s' "$1"
}
put() { picture "$2" | timeout 10 bash -c 'mkdir -p "${1%/*}" && cat >"$1"' - "$MNT/$1"; }
urls_of() {
	control GET requests | jq -r --arg prompt "$1" '[.[] | select(.method == "POST" and
		(.path | endswith("/generations"))) | .body | fromjson | select(.prompt == $prompt)] | last | .image_urls[]?'
}
# What stands at the URLs that the submit of that prompt named: the words behind the pictures.
named() {
	local url
	while read -r url; do
		case $url in
		"$RESULTS_URL"*) curl -sS --max-time 10 "$url" | tail -c +"$(($(picture '' | wc -c) + 1))" ;;
		*) printf '%s' "$url" ;;
		esac
		echo
	done < <(urls_of "$1") | paste -sd ,
}
# made FILE TEXT WORDS NAME: that prompt is completed, with these references
made() {
	ok "$4: it is completed" wait_state "$1" completed
	is "$(named "$2")" "$3" "$4: the references are those, in that order"
	is "$(accepted "$2")" 1 "$4: one charge"
}

# --- where they come from -----------------------------------------------------------------------------

put cat.refs/b.png second
put cat.refs/a.png first
put cat.refs/c.png third
timeout 10 bash -c 'echo "no picture" >"$1/cat.refs/notes.txt"' - "$MNT"
prompt cat.txt 'a cat'
made cat.txt 'a cat' first,second,third 'cat.refs/'
is "$(bill .uploads)" 3 'each was uploaded'
is "$(control GET requests | jq -r '[.[] | select(.path | endswith("/generations")) | select(.method == "POST") | .body | fromjson | .image_urls[]? | type] | unique | join(",")')" \
	string 'their URLs are strings'

put style.png style
put photos/2.png photo2
put photos/1.png photo1
put refs/pool.png pool
prompt path.txt 'refs: style.png

by path'
made path.txt 'by path' style 'by path'
prompt glob.txt 'refs: photos/*.png, style.png

by pattern'
made glob.txt 'by pattern' photo1,photo2,style 'by pattern'
prompt pool.txt 'refs: pool.png

from the pool'
made pool.txt 'from the pool' pool 'from refs/'
prompt url.txt 'refs: https://example.org/pose.png, style.png

by address'
made url.txt 'by address' https://example.org/pose.png,style 'by address'
timeout 10 mkdir "$MNT/sub"
prompt sub/out.txt 'refs: /out/cat.png

made from a picture'
ok 'made from a picture: it is completed' wait_state sub/out.txt completed
is "$(curl -sS --max-time 10 "$(urls_of 'made from a picture')" | sha256sum)" "$(timeout 10 sha256sum <"$MNT/out/cat.png")" \
	'made from a picture: it is that picture'
prompt outside.txt 'refs: ../../outside.png

from outside'
ok 'what is not in the mount is refused' wait_state outside.txt failed
prompt nothing.txt 'refs: nothing.png

of nothing'
ok 'what is not there is refused' wait_state nothing.txt failed
like "$(status_of nothing.txt)" 'reason: .*nothing\.png' 'and named'
is "$(accepted 'of nothing')" 0 'nothing was sent for it'

# What leads out of the folder, or is no file, is not read: whoever unpacked it did not ask for that.
before=$(bill .uploads)
mkdir "$WORK/outside"
picture 'of somebody else' >"$WORK/outside/secret.png"
timeout 10 bash -c 'cd "$1" && ln -s "$2/secret.png" led.png && ln -s "$2" led && mkdir led.refs && ln -s "$2/secret.png" led.refs/a.png &&
	ln -s "$2" linked.refs && mkfifo pipe.png' - "$MNT" "$WORK/outside"
i=0
for refs in led.png led/secret.png 'led/*.png' "$WORK/outside/secret.png" "sub/../../outside/secret.png" '../outside/*.png' \
	/proc/self/environ /proc/self/fd/0 /dev/zero pipe.png; do
	i=$((i + 1))
	prompt "out$i.txt" "refs: $refs

out by way $i"
	ok "refs: $refs: it is refused" wait_state "out$i.txt" failed
	is "$(accepted "out by way $i")" 0 "refs: $refs: nothing is sent"
done
prompt led.txt 'by a folder with a link'
ok 'led.refs/ with a link: it is refused' wait_state led.txt failed
prompt linked.txt 'by a link for a folder'
ok 'linked.refs that is a link is none' wait_state linked.txt completed
is "$(named 'by a link for a folder')" '' 'so nothing goes along'
is "$(bill .uploads)" "$before" 'none of it was uploaded'

# --- once per content ---------------------------------------------------------------------------------

before=$(bill .uploads)
put copy.png style
prompt again.txt 'refs: copy.png, cat.refs/a.png

known already'
made again.txt 'known already' style,first 'known content'
is "$(bill .uploads)" "$before" 'known content is not uploaded again'
umount_it
mount_fg -o provider=sandbox,settle=0.05 || die 'it cannot be mounted again'
prompt later.txt 'refs: style.png

after a restart'
made later.txt 'after a restart' style 'after a restart'
is "$(bill .uploads)" "$before" 'nor after a restart'

put new.png new
control POST faults '{"on":"upload","do":"delay","seconds":0.5}' >/dev/null
for i in 1 2 3 4 5; do
	prompt "at-once-$i.txt" "refs: new.png

at once $i"
done
for i in 1 2 3 4 5; do
	made "at-once-$i.txt" "at once $i" new "at once, $i"
done
is "$(bill .uploads)" $((before + 1)) 'five at once upload it once'

put four.png four
prompt four.txt 'refs: four.png
n: 4

four of them'
ok 'n: 4 with a reference: it is completed' wait_state four.txt completed
is "$(accepted 'four of them'),$(bill .uploads)" 4,$((before + 2)) 'four charges, one upload'

# A prompt that is deleted while they are uploaded is not sent, even before the deletion is final.
control POST faults '{"on":"upload","do":"delay","seconds":1,"count":1}' >/dev/null
picture deleted >"$MNT/deleted.png"
prompt deleted.txt 'refs: deleted.png

deleted while it was uploaded'
ok 'its references are uploaded' wait_state deleted.txt uploading
timeout 10 rm "$MNT/deleted.txt"
was_uploaded() { [ "$(bill .uploads)" = "$1" ]; }
ok 'the upload ends' eventually 10 was_uploaded $((before + 3))
# The sandbox counts the upload when it comes, and answers a second later.
control POST faults '{"on":"submit","match":"takes its time","do":"delay","seconds":2}' >/dev/null
prompt another.txt 'another one that takes its time'
ok 'another one is completed meanwhile' wait_state another.txt completed
is "$(accepted 'deleted while it was uploaded')" 0 'and the deleted one is not sent'

# The provider throws uploads away sooner than was thought: it refuses the address, so nothing was made, and
# they are uploaded once more.
put old.png old
prompt old.txt 'refs: old.png

while it was young'
made old.txt 'while it was young' old 'an upload'
before=$(bill .uploads)
has_expired() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 "$1")" = 404 ]; }
control POST settings '{"upload_expiry":3}' >/dev/null
ok 'its address expires' eventually 20 has_expired "$(urls_of 'while it was young')"
prompt renewed.txt 'refs: old.png

now that it is old'
ok 'a reference whose address has expired: it is completed' wait_state renewed.txt completed
is "$(accepted 'now that it is old'),$(bill .uploads)" 1,$((before + 1)) 'one charge, one more upload'
control POST settings '{"upload_expiry":259200}' >/dev/null

# --- uploads that go wrong ----------------------------------------------------------------------------

put bumpy.png bumpy
fault '{"on":"upload","do":"drop_mid"}'
fault '{"on":"upload","do":"status","status":500}'
prompt bumpy.txt 'refs: bumpy.png

a bumpy one'
made bumpy.txt 'a bumpy one' bumpy 'an upload that broke'
put refused.png refused
fault '{"on":"upload","do":"status","status":400,"body":{"success":false,"message":"Unsupported image type."}}'
prompt refused.txt 'refs: refused.png

a refused one'
ok 'an upload that is refused: it fails' wait_state refused.txt failed
like "$(status_of refused.txt)" 'Unsupported image type' 'and says why'
is "$(accepted 'a refused one')" 0 'nothing was sent for it'

# --- as they were -------------------------------------------------------------------------------------

# Two hold the only places, so that the next one is queued with its references as they were.
umount_it
mount_fg -o provider=sandbox,settle=0.05,in_flight=1 || die 'it cannot be mounted again'
fault '{"on":"submit","match":"in front","do":"hold"}'
prompt front.txt 'in front'
ok 'one is in front' wait_state front.txt running
put changing.png before
prompt queued.txt 'refs: changing.png

behind it'
# `queued` it is from its first close; the revision is there once it has settled.
ok 'one is queued behind it' eventually 10 eval '[[ $(status_of queued.txt) =~ revision: ]]'
is "$(state_of queued.txt)" queued 'and stays so'
put changing.png after
timeout 10 rm "$MNT/style.png"
control POST release >/dev/null
made queued.txt 'behind it' before 'a queued one keeps the references that it was written with'

is "$(bill .leaked_keys)" 0 'no key went to the other port'
umount_it
done_testing
