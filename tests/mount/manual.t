#!/bin/bash
# What the examples of the manual pages say is what happens; tests/mount/fstab.t and service.t do those of fstab(5) and
# systemd(1).
. "$(dirname "$0")/lib.sh"
MAN=$(realpath "$(dirname "$0")/../../contrib/man")
setup
PATH=$O:$PATH
_mounts=("$HOME/try")

# example PAGE WORD: the literal block of that page that has this word.
example() {
	awk -v word="$2" '/^\.Bd -literal/ { on = 1; text = ""; next }
		/^\.Ed/ { if (on && index(text, word)) printf "%s", text; on = 0; next }
		on { text = text $0 "\n" }' "$MAN/$1" | sed 's/\\e/\\/g; s/\\&//g'
}
# The commands of a block.
session() { example "$@" | sed -n 's/^\$ //p'; }

# In a shell of its own, as a reader would; it ends at the first command that fails.
run() {
	cd "$HOME" && timeout 60 bash -e -c "$1" </dev/null
}
type_of() { file -b --mime-type - <"$1"; }

mkdir "$HOME/try"
commands=$(session easelfs.1 'a cat in a spacesuit')
is "$(wc -l <<<"$commands")" 4 'easelfs(1) has a session'
ok 'that does what it says' run "$commands"
is "$(type_of "$HOME/cat.png")" image/png 'and ends with a picture'
ok 'without a mount' not is_mounted "$HOME/try"

# --- easelfs-sandbox(1) -----------------------------------------------------------------------------

# The key of the page is the one that a sandbox has by itself; its port may be somebody's here.
unset EASELFS_SANDBOX_KEY
port=$((20000 + $$ % 12000))
while (: </dev/tcp/127.0.0.1/$port) 2>/dev/null; do
	port=$((20000 + RANDOM % 12000))
done
commands=$(session easelfs-sandbox.1 'easelfs-sandbox --port' | sed "s/8080/$port/; s/ &\$/ \& echo \$! >sandbox.pid; sleep 1/")
is "$(wc -l <<<"$commands")" 4 'easelfs-sandbox(1) has one, too'
ok 'that does what it says' run "$commands"
_pids+=("$(cat "$HOME/sandbox.pid")" "$(daemon_pid "$HOME/try")")
MNT=$HOME/try
prompt dog.txt 'a dog'
ok 'the mount makes pictures' wait_state dog.txt completed
umount_it
kill "$(cat "$HOME/sandbox.pid")"

# --- easelfs(5) -------------------------------------------------------------------------------------

example easelfs.5 'provider studio' >"$WORK/example"
like "$(easelfs models -o "config=$WORK/example" house-style)" 'provider +studio' 'the configuration of easelfs(5) is one'
mount_it -o sandbox
picture=$HOME/cat.png
timeout 10 mkdir "$MNT/photos"
timeout 10 cp "$picture" "$MNT/style.png"
timeout 10 cp "$picture" "$MNT/photos/a.jpg"
timeout 10 bash -c 'cat >"$1"' - "$MNT/city.txt" < <(example easelfs.5 'cyberpunk')
ok 'its prompt is taken' timeout 60 easelfs wait "$MNT/city.txt"
is "$(status_of city.txt | grep -c '^reference: ')" 2 'with its references'
is "$(status_of city.txt | sed -n 's/^size: //p')" 16:9 'and its size'
umount_it
done_testing
