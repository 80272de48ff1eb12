#!/bin/bash
# Chromium shows pictures, statuses and folders by file://, and what is new when it is told to reload.
. "$(dirname "$0")/lib.sh" || exit

browser() {
	chromium --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
		--disable-sync --password-store=basic --disable-features=Translate --user-data-dir="$HOME/chromium" \
		--window-size=1000,700 "$@" >>"$WORK/chromium.log" 2>&1 &
}

# goes TO: the address, in the tab that is there.
goes() {
	presses ctrl+l
	enters "$1"
	presses Return
}

# What the page says, by way of the clipboard.
page() {
	click 50 80
	presses ctrl+a
	presses ctrl+c
	timeout 5 xclip -o -selection clipboard
}
_page_says() { page | grep -q -- "$1"; }
says() {
	eventually 15 _page_says "$1" && return
	page
	return 1
}

desktop_setup chromium
ok 'a prompt and its picture' prompt cat.txt 'a cat on the moon'
control POST faults '{"on":"submit","match":"slow","do":"hold"}' >/dev/null
timeout 5 sh -c 'echo "a slow snail" >"$1"' _ "$MNT/slow.txt"
ok 'another one is under way' wait_state slow.txt running

browser "file://$MNT/out/cat.png"
ok 'a window comes up' window chromium
ok 'with the picture' titled 'cat\.png \(1024×1024\)'
shot picture
timeout 5 sh -c 'printf "size: 16:9\n\na wide cat\n" >"$1"' _ "$MNT/cat.txt"
ok 'a new text is made' timeout 30 "$O/easelfs" wait "$MNT/cat.txt"
presses F5
ok 'reloaded, it is the new picture' titled 'cat\.png \(1792×1024\)'
shot picture-reloaded

goes "file://$MNT/status/slow.txt"
ok 'a status' says 'state: running'
shot status
control POST release >/dev/null
ok 'is completed meanwhile' wait_state slow.txt completed
presses F5
ok 'reloaded, it says so' says 'state: completed'
shot status-reloaded
goes "file://$MNT/status/slow.txt.json"
ok 'so does that for programs' says '"state":.*"completed"'

goes "file://$MNT/out/"
ok 'a folder' says 'slow\.png'
shot folder
goes "file://$MNT/wait/slow.png"
ok 'wait/ has the picture, too' titled 'slow\.png \(1024×1024\)'
goes "file://$MNT/out/none.png"
ok 'a picture that is not there' says 'ERR_FILE_NOT_FOUND'

desktop_done 3
