#!/bin/bash
# The launcher: a folder is chosen and mounted with samples, as there is no key; a file manager shows it, emblems
# what becomes of the prompts, and a notification that pictures are ready.  Of that it makes a screenshot, which
# is contrib/desktop/screenshot.png.
. "$(dirname "$0")/lib.sh" || exit
desktop_setup launcher
umount_it
desktop=$(realpath "$(dirname "$0")/../../contrib/desktop")
export PATH=$O:$desktop:$PATH
unset EASELFS_SANDBOX_KEY
: >"$XDG_CONFIG_HOME/easelfs/config"
printf '[Default Applications]\ninode/directory=org.gnome.Nautilus.desktop\n' >"$XDG_CONFIG_HOME/mimeapps.list"
export XDG_CURRENT_DESKTOP=X-Generic
mkdir -p "$HOME/Pictures/easel"
MNT=$HOME/Pictures/easel
_mounts+=("$MNT")
echo 'a prompt that was here before' >"$MNT/before.txt"

mkdir -p "$XDG_CONFIG_HOME/dunst"
printf '[global]\norigin = bottom-right\noffset = 10x60\nwidth = 1004\ntimeout = 30\n' >"$XDG_CONFIG_HOME/dunst/dunstrc"
easelfs-desktop install >/dev/null 2>&1
place() { x windowmove "$1" "$2" "$3" && x windowsize --sync "$1" "$4" "$5"; }
emblem_is() { timeout 5 gio info -a metadata::emblems "$MNT/$1" | grep -q "\[$2\]"; }
write() { timeout 5 bash -c 'printf "%s\n" "$2" >"$1"' - "$MNT/$1" "$2"; }

gio launch "$XDG_DATA_HOME/applications/easelfs.desktop" >"$WORK/launcher.log" 2>&1 &
ok 'a folder is asked for' eventually 20 find_window zenity 'A folder for prompts'
x windowactivate --sync "$WINDOW"
enters "$MNT"
sleep 1
shot choose
presses Return
ok 'without a key, samples are offered' eventually 20 find_window zenity easelfs
shot samples
x windowactivate --sync "$WINDOW"
presses Tab
presses Return
ok 'the folder is mounted' eventually 20 is_mounted "$MNT"
_pids+=("$(daemon_pid)")
ok 'and shown' eventually 30 find_window nautilus easel
first=$WINDOW
ok 'what was there before is held' wait_state before.txt held

for thing in lighthouse 'winter forest' 'desert road' harbour; do
	write "$thing.txt" "a $thing at dusk"
done
ok 'what is made is marked' eventually 60 emblem_is harbour.txt emblem-easelfs-done
timeout 60 easelfs wait "$MNT"/{lighthouse,'winter forest','desert road',harbour}.txt
ok 'a notification tells of it' eventually 20 find_window Dunst ''
shot ready
write meadow.txt 'a meadow in the morning'
ok 'what is under way is marked' eventually 20 emblem_is meadow.txt emblem-easelfs-waiting

# The screenshot: prompts and what became of them, their pictures, and what notifications say.
write banner.txt $'size: 99:1\n\na banner over the market'
ok 'what failed is marked' eventually 20 emblem_is banner.txt emblem-easelfs-attention
nautilus --new-window "$MNT/out" >>"$WORK/nautilus.log" 2>&1 &
second() { find_window nautilus out && [ "$WINDOW" != "$first" ]; }
ok 'the pictures are shown, too' eventually 20 second
place "$WINDOW" 514 0 510 560
place "$first" 0 0 510 560
write snow.txt 'a snowy pass'
timeout 60 easelfs wait "$MNT/meadow.txt" "$MNT/snow.txt"
for picture in meadow snow harbour; do
	ok "$picture has a thumbnail" eventually 20 _thumbnail_of out/$picture.png
done
write island.txt 'an island'
ok 'and another one is under way' eventually 20 emblem_is island.txt emblem-easelfs-waiting
shot all
convert "$DESKTOP/launcher-all.png" -crop 1024x708+0+0 +repage -colors 200 -strip "png8:$DESKTOP/launcher-readme.png"

ok 'close' timeout 60 easelfs-desktop close
ok 'unmounts it' not is_mounted "$MNT"
watcher_is_gone() { ! pgrep -f "easelfs-desktop watch $MNT" >/dev/null; }
ok 'and the watcher leaves' eventually 10 watcher_is_gone
_session_stop
done_testing
