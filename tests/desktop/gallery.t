#!/bin/bash
# .easelfs/gallery.html in a browser: prompts are text and nothing else, keys and filter do what they say, nothing
# is asked of a network, and five thousand pictures scroll.  Look at the screenshots after a change; the one that
# README.md shows is gallery-readme.png.
. "$(dirname "$0")/../mount/lib.sh" || exit

TOOLS=$(realpath "$(dirname "$0")")
DESKTOP=$O/desktop
mkdir -p "$DESKTOP"
rm -f "$DESKTOP"/gallery-*
setup --time 0.1 --submit-rpm 0 --query-rpm 0
config <<-END
	first-look = 0.1
	poll-min = 0.1
	[provider google]
	url = $SANDBOX_URL
	[defaults]
	provider = sandbox
END
export GEMINI_API_KEY=$EASELFS_SANDBOX_KEY
mount_fg -o budget=none || die 'it cannot be mounted'
coproc BROWSER { exec "$TOOLS/browse" "$HOME/chromium" 2>"$WORK/browser.log"; }
# Those of a coprocess are closed in subshells of subshells.
exec {TO}>&"${BROWSER[1]}" {FROM}<&"${BROWSER[0]}"
IFS= read -r -t 60 -u $FROM ready || die "the browser did not start: $(cat "$WORK/browser.log")"

# b COMMAND…: prints the browser's answer; of a script, its value.
b() {
	local answer
	printf '%s\n' "${*//$'\n'/ }" >&$TO
	IFS= read -r -t 120 -u $FROM answer || die "no answer to $*: $(tail "$WORK/browser.log")"
	jq -r . <<<"$answer"
}
run() { b run "$*"; }
_run_says() { [ "$(run "$2")" = "$1" ]; }
# says EXPECTED SCRIPT NAME: within a while.
says() {
	eventually 20 _run_says "$1" "$2" ||
		diag "$2 is $(run "$2"), not $1, at $(run 'location.href + " " + document.title + ": " + document.body.innerText.slice(0, 300)')"
	is "$(run "$2")" "$1" "$3"
}
keys() { local key; for key in "$@"; do b key "$key" >/dev/null; done; }
# What a program has looked at stays for half a second, so that it finds what it saw.
page() { sleep 0.6 && b open "file://$MNT/.easelfs/gallery.html${1:-}" >/dev/null; }
pictures_seen='[...document.images].filter(i => { const r = i.getBoundingClientRect(); return r.top < innerHeight && r.bottom > 0 && !i.hidden; })'
# All that can be seen is loaded and painted.
painted() {
	says true "(() => { const seen = $pictures_seen; return seen.length >= ${1:-1} && seen.every(i => i.complete && i.naturalWidth > 0); })()" \
		"${2:-pictures are there}"
	run "Promise.all($pictures_seen.map(i => i.decode())).then(() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r))))" >/dev/null
}
shot() { b shot "$DESKTOP/gallery-$1.png" >/dev/null; }
completed() { timeout 60 "$O/easelfs" wait "${@/#/$MNT/}"; }

# --- what prompts say is text ---

b size 1000 700 >/dev/null
timeout 5 mkdir -p "$MNT/garden" "$MNT/garden/path.refs"
prompt '<img src=x onerror="window.hit=1">.txt' '</script><script>window.hit = 1</script><img src=x onerror="window.hit = 1"><svg onload="window.hit=1">'
prompt 'a #1?%41.txt' $'refs: https://evil.example/pose.png\n\na pose'
ok 'prompts with names and texts that try something' completed '<img src=x onerror="window.hit=1">.txt' 'a #1?%41.txt'
page
painted 2 'their pictures are loaded, whatever they are called'
is "$(run 'window.hit === undefined && document.querySelectorAll("script").length')" 2 'nothing of it runs'
is "$(run 'document.querySelectorAll("svg, img[onerror], img:not([src])").length - 1')" 0 'or becomes an element'
run 'new Promise(r => { document.addEventListener("securitypolicyviolation", e => r(e.effectiveDirective)); const s = document.createElement("script"); s.textContent = "window.hit = 2"; document.body.append(s); })' >"$WORK/violated"
is "$(cat "$WORK/violated") $(run 'window.hit === undefined')" 'script-src-elem true' 'nor would a script that did'
is "$(run 'new Promise(r => { const i = new Image(); i.onerror = () => r("refused"); i.onload = () => r("loaded"); i.src = "http://evil.example/a.png"; })')" \
	refused 'a picture from a network is refused'
is "$(run 'fetch("http://evil.example/").then(() => "sent", () => "refused")')" refused 'as is anything else'
run 'document.querySelectorAll(".tile")[1].click()' >/dev/null
says '</script><script>window.hit = 1</script><img src=x onerror="window.hit = 1"><svg onload="window.hit=1">' \
	'document.querySelector("#detail[open]") && (byId("prompt").textContent.includes("pose") && goTo(current ? 0 : 1), byId("prompt").textContent)' \
	'the prompt is shown as it was written'
is "$(run 'document.querySelectorAll("#detail svg, #prompt *, #what *, dd *").length')" 0 'and no more than text'
shot hostile
keys Escape
run 'goTo(shown.findIndex(i => i.name.includes("#1"))), openAt(current)' >/dev/null
says '1. https://evil.example/pose.png' 'byId("refs").textContent' 'a reference from a network is named'
is "$(run 'byId("refs").querySelectorAll("img, a").length')" 0 'and neither shown nor linked'
keys Escape
timeout 5 rm "$MNT/<img src=x onerror=\"window.hit=1\">.txt" "$MNT/a #1?%41.txt"
timeout 5 sh -c 'rm "$1"/out/*.png' - "$MNT"

# --- looking around ---

i=0
for text in 'a walled garden in spring' 'a garden at dusk' 'a Japanese garden in the rain' 'a kitchen garden' \
	'the cat of the gardener' 'a gate, half open' 'a lighthouse in a storm' 'an old harbour' 'boats at low tide' \
	'a cliff path' 'gulls over the pier' 'a map of the coast' 'tea on the veranda'; do
	i=$((i + 1))
	prompt "garden/$i ${text//[ ,’]/-}.txt" "$text, gouache on paper"
done
ok 'pictures' sh -c 'cd "$1/garden" && timeout 60 "$2" wait *.txt' - "$MNT" "$O/easelfs"
timeout 5 cp "$MNT/out/garden/10-a-cliff-path.png" "$MNT/garden/path.refs/cliff.png" 2>/dev/null ||
	timeout 5 cp "$MNT/out/garden/10 a-cliff-path.png" "$MNT/garden/path.refs/cliff.png"
prompt garden/path.txt $'provider: google\nmodel: nano-banana-2\nsize: 16:9\nresolution: 1K\n\nthe path of image 1, seen from a boat, morning light'
prompt garden/odd.txt $'size: 17:3\n\na very wide one'
ok 'one with a reference' completed garden/path.txt
fault '{"on":"submit","match":"a slow","do":"hold"}'
prompt garden/slow.txt 'a slow snail on a wall'
ok 'and one under way' wait_state garden/slow.txt running
b scheme light >/dev/null
page
painted 8
is "$(run 'document.title')" 'Pictures of gen' 'the page has a name'
is "$(run '[...byId("counts").children].map(c => c.textContent).join()')" '14 completed,1 running,1 failed' 'it says what there is'
like "$(run 'document.querySelector(".tile").textContent')" '^running( 0%)?slow.txtnano-banana$' 'first what is under way'
shot light
b scheme dark >/dev/null
is "$(run 'getComputedStyle(document.documentElement).backgroundColor')" 'rgb(23, 24, 26)' 'it is dark where the system is'
painted 8
shot dark
keys t
is "$(run 'getComputedStyle(document.documentElement).backgroundColor')" 'rgb(246, 245, 243)' 'or light at a key'
keys t t

keys /
is "$(run 'document.activeElement.id')" filter '/ leads to the filter'
b write 'garden RAIN' >/dev/null
is "$(run 'shown.map(i => i.job.text).join()')" 'a Japanese garden in the rain, gouache on paper' 'which takes words, in any order and case'
keys Escape
is "$(run 'shown.length + filter.value')" 16 'Escape empties it'
b write 'failed' >/dev/null
is "$(run 'shown.map(i => i.name).join()')" garden/odd.txt 'a state is a word, too'
keys Escape
b write 'nano-banana-2' >/dev/null
is "$(run 'shown.map(i => i.name).join()')" garden/path.png 'and so is a model'
keys Enter
is "$(run 'document.activeElement.className')" 'tile current' 'Enter leads to the pictures'
keys Enter
says 'garden/path.png' 'document.querySelector("#detail[open] #what").textContent' 'and opens one'
is "$(run '[...byId("facts").children].map(e => e.textContent).join("|").replace(/\|(Created|Finished|Task)\|[^|]*/g, "").replace(/[0-9.]+ [kM]B/, "SIZE")')" \
	'State|completed|Picture|out/garden/path.png (PNG, 1376×768, SIZE)|Model|nano-banana-2|Provider|google|size|16:9|resolution|1K|Cost|about 0.0670 USD|Revision|1' \
	'with all that is known'
is "$(run '[...byId("links").children].map(a => a.textContent + " " + a.getAttribute("href")).join("|")')" \
	'Picture ../out/garden/path.png|What the model wrote ../out/garden/path.reply.txt|Prompt file ../garden/path.txt|Status file ../status/garden/path.txt' 'and links to the files'
says true 'byId("refs").querySelector("img").complete && byId("refs").querySelector("img").naturalWidth > 0' 'its reference is shown'
painted 2
shot detail
run 'byId("copy").click(), new Promise(r => setTimeout(r, 300))' >/dev/null
is "$(run 'byId("copy").textContent')" Copied 'the prompt can be copied'
keys Escape
is "$(run 'detail.open + " " + document.activeElement.className')" 'false tile current' 'Escape goes back to where one was'
keys / Escape Enter Home
is "$(run current)" 0 'Home is the first'
keys ArrowRight l j
is "$(run 'current - columns')" 2 'arrows and letters move'
keys ArrowUp h
is "$(run current)" 1 'in all directions'
keys End
is "$(run 'current - shown.length')" -1 'End is the last'
is "$(run '(r => r.top >= 0 && r.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())')" true 'which can be seen'
keys Enter ArrowLeft ArrowLeft Escape
is "$(run 'current - shown.length')" -3 'what was looked at meanwhile is where one is'
is "$(run '(r => r.top >= 0 && r.bottom <= innerHeight)(document.activeElement.getBoundingClientRect())')" true 'and can be seen'

# --- as time goes by ---

run 'filter.value = "garden", filterChanged(), scrollTo(0, 120)' >/dev/null
at=$(run '[filter.value, shown.length, scrollY, current, data.made].join()')
keys r
says "${at%,*}" '[filter.value, shown.length, scrollY, current].join()' 'reloaded, it is where it was'
run 'filter.value = "", filterChanged(), openAt(1), window.old = true' >/dev/null
control POST release >/dev/null
ok 'what was under way is made' completed garden/slow.txt
sleep 8
is "$(run 'window.old && detail.open')" true 'nobody who looks at a picture is disturbed'
keys Escape
says '15 completed,1 failed' '[...byId("counts").children].map(c => c.textContent).join()' 'then it reloads by itself'
is "$(run 'live.hidden')" true 'and is at rest when nothing is under way'
prompt garden/late.txt 'a late rose'
ok 'a picture that the browser has not seen' completed garden/late.txt
page '?again#filter=nobody'
is "$(run 'shown.length + " " + byId("nothing").hidden')" '0 false' 'a filter in the address holds, and says when nothing fits'
timeout 5 rm "$MNT/out/garden/late.png"
run 'filter.value = "", filterChanged()' >/dev/null
says true '[...document.querySelectorAll(".tile")].some(t => t.textContent.includes("moved or deleted"))' 'a picture that was deleted meanwhile is said to be'
prompt garden/late.txt $'size: 16:9\n\na late rose, wide'
ok 'another text of a prompt' completed garden/late.txt
page
run 'goTo(shown.findIndex(i => i.name === "garden/late.png")), openAt(current)' >/dev/null
says 1792 'byId("large").naturalWidth' 'has its new picture, under the name that the old one had'
keys Escape
prompt garden/late.txt $'size: 9:16\n\na late rose, tall'
ok 'and another one' completed garden/late.txt
sleep 0.6
keys r
run 'new Promise(r => setTimeout(r, 500))' >/dev/null
run 'goTo(shown.findIndex(i => i.name === "garden/late.png")), openAt(current)' >/dev/null
says 1792 'byId("large").naturalHeight' 'reloaded, too'
keys Escape
b scripts off >/dev/null
page
like "$(run 'document.querySelector("main").innerText')" 'does not run.*pictures themselves are in out/' 'without JavaScript it says where pictures are'
b scripts on >/dev/null
page
b size 400 700 >/dev/null
painted 1 'on a narrow screen'
is "$(run 'document.documentElement.scrollWidth <= innerWidth')" true 'nothing is cut off'
shot narrow

# --- what README.md shows ---

b size 1000 560 >/dev/null
b scheme light >/dev/null
setting '{"time":8}'
prompt garden/fox.txt 'a fox between the beds, at night'
half_done() { [ "$(status_of garden/fox.txt | sed -n 's/^progress: \([0-9]*\)%.*/\1/p')" -ge 40 ]; }
ok 'one more is under way' eventually 20 half_done
page
painted 6
shot readme
ok 'a small picture' test "$(stat -c %s "$DESKTOP/gallery-readme.png")" -lt 200000
ok 'it is made, too' completed garden/fox.txt

# --- five thousand ---

umount_it
ok 'five thousand more' "$TOOLS/fill" "$MNT" 5000
mount_fg -o budget=none || die 'it cannot be mounted with all of them'
begin=$EPOCHREALTIME
timeout 60 cat "$MNT/.easelfs/gallery.html" >"$WORK/page"
made=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000 }')
b size 1280 800 >/dev/null
begin=$EPOCHREALTIME
page
opened=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000 }')
painted 12 'the first of five thousand are there'
is "$(run 'items.length >= 5000')" true 'all are in the page'
# scroll PIXELS FRAMES: that many each frame; how long frames took, and how many pictures there were at most.
scroll() {
	run "new Promise(done => { const gaps = []; let last = 0, most = 0;
		const frame = now => { if (last) gaps.push(now - last); last = now; most = Math.max(most, document.images.length); scrollBy(0, $1);
			if (gaps.length < $2) requestAnimationFrame(frame);
			else { gaps.sort((a, b) => a - b); done([gaps[gaps.length >> 1], gaps[Math.floor(gaps.length * .95)], gaps.at(-1), most].map(Math.round).join(' ')); } };
		requestAnimationFrame(frame); })" 2>&1
}
# smooth NAME PIXELS FRAMES
smooth() {
	local median late worst most
	read -r median late worst most <<<"$(scroll "$2" "$3" | tr '\n' ' ')"
	echo "# $1: a frame takes $median ms, of a hundred the sixth-slowest $late, the slowest $worst; at most $most pictures in the page"
	ok "$1: frames come in time ($median ms)" test "${median:-9999}" -le 50
	ok "$1: and hardly ever late ($late ms)" test "${late:-9999}" -le 500
	ok "$1: no more pictures than can be seen, and some ($most)" test "${most:-9999}" -le 120
}
echo "# the page of $(stat -c %s "$WORK/page") bytes is made in $made ms and opened in $opened ms"
run 'scrollTo(0, 0)' >/dev/null
smooth 'slowly' 24 200
smooth 'in flight' 400 200
run 'scrollTo(0, document.documentElement.scrollHeight)' >/dev/null
painted 2 'at the end there are pictures, too'
shot end
keys /
b write 'many 4321' >/dev/null
is "$(run 'shown.length > 0 && shown.every(i => words(i).includes("4321"))')" true 'the filter finds one of them'
took=$(run '(() => { const t = performance.now(); filter.value = "word7 many"; filterChanged(); return Math.round(performance.now() - t); })()')
ok "in no time ($took ms)" test "$took" -lt 500
memory=$(b memory)
echo "# memory of its script and data: $(jq -r '.heap / 1e6 | floor' <<<"$memory") MB, $(jq -r .nodes <<<"$memory") nodes"
ok 'the page is small' test "$(jq -r .nodes <<<"$memory")" -lt 5000

# --- what was asked of whom ---

b asked >"$WORK/asked.json"
is "$(jq -r '.[] | select(startswith("file:") or startswith("data:") or startswith("http://evil.example/") | not)' "$WORK/asked.json")" '' 'no page asked for anything but files'
is "$(b proxied | grep -c 'evil\.example')" 0 'and nothing of a prompt left the browser'
done_testing
