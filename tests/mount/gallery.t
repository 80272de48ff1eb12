#!/bin/bash
# .easelfs/gallery.html has every picture and what is still to come, whatever the prompts say and are called; it is
# whole whenever it is read, and made anew only when something changed.  A browser looks at it in
# tests/desktop/gallery.t.
. "$(dirname "$0")/lib.sh"
setup --time 0.2 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.05
	poll-min = 0.05
	poll-max = 0.1
	[provider google]
	url = $SANDBOX_URL
	[defaults]
	provider = sandbox
	settle = 0.05
END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg || die 'it cannot be mounted'
page=.easelfs/gallery.html

# data: what the page is told, as a parser of HTML finds it.
data() {
	timeout 10 cat "$MNT/$page" |
		perl -0777 -ne 'print $1 if m{<script type="application/json" id="data">(.*?)</script>}s'
}
# said FILTER [ARG…]: by jq; `of` are the jobs of the prompt $prompt.
said() {
	local filter=$1
	shift
	data | jq -c "$@" "def of(\$p): [.jobs[] | select(.prompt == \$p)]; $filter"
}
pictures() { said '[.jobs[].tasks[].picture // empty] | sort | .[]' -r | paste -sd ' '; }
has() { [ "$(pictures)" = "$1" ]; }
says() { [ "$(said "${@:2}")" = "$1" ]; }
completed() { timeout 30 "$O/easelfs" wait "${@/#/$MNT/}"; }

is "$(said '.jobs')" '[]' 'nothing was made: nothing is shown'
is "$(said .folder)" '"gen"' 'but where'

# --- whatever the prompts are called, and say ---

hostile='</script><img src=x onerror=alert(1)><!--<script>&amp; "quoted" \u003c'
prompt hostile.txt "$hostile"$'\n\u2028 line\u2029'
timeout 5 mkdir -p "$MNT/a/<b>"
names=('a #1?.txt' '100%25.txt' "a/<b>/it's \"&amp;\".md" $'new\nline.txt' 'back\slash.txt' $'caf\xe9.txt' 'ключ.prompt' 'javascript:x.txt')
for i in "${!names[@]}"; do
	prompt "${names[i]}" "called $i"
done
ok 'prompts with names' completed hostile.txt "${names[@]}"
is "$(said '.jobs | length')" 9 'all are in the page'
is "$(said 'of("hostile.txt")[0].text' -r)" "$hostile"$'\n\u2028 line\u2029' 'a prompt says what it says'
is "$(timeout 5 grep -o '<script' "$MNT/$page" | wc -l)" 2 'and makes no element of its own'
is "$(data | grep -c '[<>&]')" 0 'nothing of it could'
ok 'a name that is no text is shown as one' says 1 'of("caf\ufffd.txt") | length'
data | jq -r '.jobs[] | .file, .status, .tasks[].at' >"$WORK/addresses"
is "$(grep -cvE '^\.\./[-A-Za-z0-9._~/%]+$' "$WORK/addresses")" 0 'addresses need no quoting'
wrong=
while IFS= read -r address; do
	printf -v path '%b' "${address//%/\\x}"
	timeout 5 test -s "$MNT/.easelfs/$path" || wrong+=" $address"
done <"$WORK/addresses"
is "$wrong" '' "$(wc -l <"$WORK/addresses") addresses lead to the files"
is "$(timeout 5 cat "$MNT/$page" | perl -0777 -pe 's{<script type="application/json".*?</script>}{}s' | grep -ac 'https\?:\|//[a-z]*\.')" 0 \
	'the page itself names no network'
timeout 5 sh -c 'rm "$1"/*.txt "$1"/*.prompt && rm -r "$1/a" "$1"/out/*' - "$MNT"
ok 'pictures that were deleted, of prompts that were, are not shown' eventually 10 has ''

# --- what there is of a prompt ---

timeout 5 mkdir "$MNT/cat.refs"
prompt dog.txt 'a dog'
ok 'a picture' completed dog.txt
timeout 5 cp "$MNT/out/dog.png" "$MNT/cat.refs/dog #1.png"
prompt cat.txt $'size: 16:9\nn: 2\nmodel: nano-banana\nrefs: https://images.example.org/pose.png?<b>\n\na cat'
ok 'two of another' completed cat.txt
is "$(pictures)" 'out/cat-1.png out/cat-2.png out/dog.png' 'each has its picture'
is "$(said 'of("cat.txt")[0] | .model, .provider, .revision, .state, (.settings | map(join("="))), .gone, .older' -r | paste -sd ' ')" \
	'nano-banana sandbox 1 completed ["ratio=16:9","n=2"] null null' 'with what was asked'
is "$(said 'of("cat.txt")[0].references | map([.name, .at])')" \
	'[["https://images.example.org/pose.png?<b>",null],["cat.refs/dog #1.png","../cat.refs/dog%20%231.png"]]' \
	'references in the mount have an address, others are text'
is "$(said 'of("cat.txt")[0].tasks[1] | .index, .type, .width, .height, (.bytes > 1000), (.id | startswith("task_"))' | paste -sd ' ')" \
	'2 "PNG" 1792 1024 true true' 'and what became of it'
prompt dog.txt 'another dog'
ok 'another text' completed dog.txt
ok 'the older picture is there, too' eventually 10 has 'history/dog.1.png out/cat-1.png out/cat-2.png out/dog.png'
is "$(said 'of("dog.txt") | map([.revision, .text, .older])')" '[[2,"another dog",null],[1,"a dog",true]]' 'with its own text, newest first'
timeout 5 mv "$MNT/out/cat-1.png" "$MNT/mine.png"
is "$(pictures)" 'history/dog.1.png out/cat-2.png out/dog.png' 'what was taken away is not shown at once'
timeout 5 mv "$MNT/mine.png" "$MNT/out/cat-1.png"
is "$(pictures)" 'history/dog.1.png out/cat-1.png out/cat-2.png out/dog.png' 'and is again when it is back'
timeout 5 rm "$MNT/dog.txt"
ok 'of a prompt that was deleted, the pictures stay' eventually 20 says '[[true,null,"out/dog.png"],[true,null,"history/dog.1.png"]]' \
	'of("dog.txt") | map([.gone, .file, .tasks[0].picture])'
timeout 5 mv "$MNT/cat.txt" "$MNT/lion.txt"
ok 'a renamed one has its pictures under the new name' eventually 10 says '["out/lion-1.png","out/lion-2.png"]' \
	'of("lion.txt")[0].tasks | map(.picture)'

# --- what has no picture ---

fault '{"on":"submit","match":"a snail","do":"hold"}'
prompt slow.txt 'a snail'
prompt bad.txt $'size: 17:3\n\na bad one'
timeout 5 sh -c ': >"$1"' - "$MNT/blank.txt"
ok 'one runs' wait_state slow.txt running
ok 'one fails' wait_state bad.txt failed
is "$(said '[.jobs[] | select(.state != "completed") | [.prompt, .state]] | sort')" '[["bad.txt","failed"],["slow.txt","running"]]' \
	'those have a place, a blank one has none'
like "$(said 'of("bad.txt")[0].reason')" 'does not take size' 'with the reason'
control POST release >/dev/null
ok 'when it is made' completed slow.txt
is "$(said 'of("slow.txt")[0].tasks | map([.state, .picture])')" '[["completed","out/slow.png"]]' 'it is there'
prompt bad.txt 'a good one'
ok 'the failed one is edited' completed bad.txt
is "$(said 'of("bad.txt") | map(.revision)')" '[2]' 'and its failure is over'
prompt long.txt "model: nano-banana-2"$'\n\n'"$(printf 'é%.0s' {1..20000})"
ok 'a very long text is shown in part' eventually 20 says '[8192,true]' 'of("long.txt")[0] | [(.text | length), .cut]'

prompt paid.txt $'provider: google\nmodel: nano-banana-2\nresolution: 1K\ntemperature: 0.5\n\na paid one'
ok 'one that costs money' completed paid.txt
is "$(said 'of("paid.txt")[0] | .price, (.settings | map(join("=")))' | paste -sd ' ')" '0.067 ["resolution=1K","n=1","temperature=0.5"]' \
	'says how much, and what it was asked with'

# --- it is a file ---

ok 'all is made' completed long.txt
first=$(timeout 5 stat -c '%i %s %y' "$MNT/$page")
timeout 5 cat "$MNT/$page" >"$WORK/page"
is "$(timeout 5 stat -c '%i %s %y' "$MNT/$page")" "$first" 'nothing changed: it is not made anew'
is "$(stat -c %s "$WORK/page")" "$(cut -d' ' -f2 <<<"$first")" 'its size is true'
ok 'cp finds what it looked for' timeout 5 cp "$MNT/$page" "$WORK/copy"
ok 'and cannot write there' not timeout 5 cp "$WORK/copy" "$MNT/$page"
exec {open}<"$MNT/$page"
prompt one.txt 'one more'
ok 'one more picture' completed one.txt
is "$(timeout 5 stat -c '%i' "$MNT/$page")" "${first%% *}" 'a newer page has the same number'
ok 'and is another' not cmp -s "$WORK/page" "$MNT/$page"
ok 'who has the older one open reads that to its end' cmp /dev/fd/$open "$WORK/page"
exec {open}<&-
# looks FILE COMMAND…: its size before the command, and how much there is to be read of it after.
looks() {
	timeout 10 perl -e 'my $file = shift; my $size = -s $file; system(@ARGV) == 0 or die; open my $in, "<", $file or die;
		local $/; print $size, " ", length <$in>' "$@"
}
read -r looked got <<<"$(looks "$MNT/$page" rm "$MNT/out/one.png")"
is "$got" "$looked" 'who looks at it and opens it then gets what he looked at'
ok 'and others what it is by now' test "$(timeout 5 stat -c %s "$MNT/$page")" -lt "$got"
prompt one.txt 'one more again'
ok 'one more' completed one.txt
for i in {1..20}; do
	timeout 5 touch "$MNT/mine" && timeout 5 stat "$MNT/$page" >/dev/null
done
few_pages() { [ "$(find "/proc/$DAEMON/fd" -lname '*gallery.part*' | wc -l)" -le 5 ]; }
ok 'pages that nobody reads any more are gone' eventually 10 few_pages
umount_it
is "$(find "$WORK/gen/.easelfs" -name 'gallery*')" '' 'nothing of them is in the folder'
mount_fg || die 'it cannot be mounted again'
ok 'after a new mount it is all there' eventually 20 says '"out/one.png"' 'of("one.txt")[0].tasks[0].picture'

# --- while it changes ---

reader() {
	local times=0
	until [ -e "$WORK/stop" ]; do
		times=$((times + 1))
		data >"$WORK/torn" && jq -e '.whole and (.jobs | length > 0)' "$WORK/torn" >/dev/null || { echo torn; cat "$WORK/torn"; }
	done
	echo $times >"$WORK/times"
}
reader >"$WORK/torn.out" &
READER=$!
for i in {1..20}; do
	prompt busy.txt "busy $i"
	completed busy.txt >/dev/null
done
: >"$WORK/stop"
wait $READER
is "$(head -n 5 "$WORK/torn.out")" '' "no reader saw half of one and half of another ($(cat "$WORK/times") times)"

# --- a model that is configured no more ---

config <<-END
	[model passing]
	like = nano-banana
	provider = sandbox
	id = gemini-2.5-flash-image-preview
END
ok 'a model is added' eventually 10 sh -c '"$1" models | grep -q passing' - "$O/easelfs"
prompt passing.txt $'model: passing\n\na thing of the past'
ok 'a picture of it' completed passing.txt
sed -i '/passing/,$d' "$XDG_CONFIG_HOME/easelfs/config"
umount_it
mount_fg || die 'it cannot be mounted without it'
ok 'it is still shown, when the model is gone' eventually 20 says '["passing","a thing of the past"]' 'of("passing.txt")[0] | [.model, .text]'
done_testing
