#!/bin/bash
# What must not cost anything: saving the same text again, touching, reading, copying, and all files
# that are no prompts.
. "$(dirname "$0")/lib.sh" || exit

setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
cat >"$XDG_CONFIG_HOME/easelfs/config" <<END
[defaults]
provider = sandbox
settle = 0.05
[provider sandbox]
url = $SANDBOX_URL
first-look = 0.1
poll-min = 0.1
END
mount_now() { mount_fg "$@" || die "it cannot be mounted"; }

# at SCRIPT: runs it in the mount.
at() { timeout 30 bash -euc 'cd "${0:?}"; eval "$1"' "$MNT" "$1" || diag "$1 → $?"; }
completes() { timeout 30 "$O/easelfs" wait "$MNT/$1"; }
revision_of() { status_of "$1" | awk '$1 == "revision:" { print $2 }'; }

submits=0
sentinels=0
# nothing NAME: since the last time, nothing was sent.  A prompt that is written now goes through the same
# queue as what was done before, so all of that has been looked at when its picture is there.
nothing() {
	sentinels=$((sentinels + 1))
	submits=$((submits + 1))
	at "echo 'sentinel $sentinels' >sentinel$sentinels.txt"
	completes "sentinel$sentinels.txt" || die "the sentinel is not completed"
	local seen
	seen=$(bill .submits_seen)
	is "$seen" "$submits" "$1 starts nothing"
	[ "$seen" = "$submits" ] || diag "$(bill '.prompts | to_entries | map("\(.key): \(.value.accepted)") | join("\n")')"
	submits=$seen
}

# Before the first mount: an ordinary folder, with things that are no prompts.
MNT=$WORK/gen
mkdir -p "$MNT/src" "$WORK/ordinary/deep"
for i in {1..150}; do
	echo "file $i" >"$WORK/ordinary/$i.c"
	echo "file $i" >"$WORK/ordinary/deep/$i.json"
done
echo 'text that was there' >"$MNT/src/there.txt"

mount_now "$MNT"
ok 'what was there before the first mount is held' wait_state src/there.txt held
nothing 'it'

# --- the same again ---------------------------------------------------------------------------------

at 'echo "a cat" >cat.txt; mkdir cat.refs d; echo "a dog" >d/dog.md; cp out/sentinel1.png cat.refs/1.png'
at 'printf "size: 16:9\n\na whale\n" >whale.txt'
for prompt in cat.txt d/dog.md whale.txt; do
	ok "$prompt is made" completes "$prompt"
	submits=$((submits + 1))
done
# Its reference came after it was saved or before: from here on it counts.
at ': >>cat.txt'
completes cat.txt
submits=$(bill .submits_seen)
cat_revision=$(revision_of cat.txt)

at 'echo "a cat" >cat.txt'
nothing 'saving the same text'
at 'cp d/dog.md ../dog; cp ../dog d/dog.md; cat ../dog >d/dog.md; cp -p ../dog d/.x; mv d/.x d/dog.md'
nothing 'copying it back'
at ': >>cat.txt; exec 9<>cat.txt; exec 9>&-; dd if=/dev/null of=cat.txt conv=notrunc status=none'
nothing 'closing it unwritten'
at 'printf "a cat" >cat.txt'
nothing 'saving it without the last line end'
at 'printf "a cat\r\n\r\n" >cat.txt'
nothing 'with the line ends of other systems'
at 'printf "\357\273\277a cat\n" >cat.txt'
nothing 'with a byte order mark'
at 'printf "aspectRatio:   16:9\r\n\r\na whale" >whale.txt'
nothing 'writing a header in another way'
at 'mv cat.txt cat.txt~; echo "a cat" >cat.txt; rm cat.txt~'
nothing 'a backup beside it'
at 'sed -i s/cat/cat/ cat.txt'
nothing 'sed -i without a change'
is "$(revision_of cat.txt)" "$cat_revision" 'and none of these is a revision'

at 'touch cat.txt d/dog.md; touch -d 2001-01-01 cat.txt; touch -a cat.txt; chmod 600 cat.txt; chmod 644 cat.txt'
nothing 'touch and chmod'
at 'ln cat.txt hard; rm hard; ln -s cat.txt soft; rm soft'
nothing 'other names that come and go'
# Its folder of references stays behind, which makes another request of it; but nobody saved it.
at 'mv cat.txt tiger.txt'
ok 'the picture follows a rename' eventually 10 timeout 10 test -e "$MNT/out/tiger.png"
at 'mv tiger.txt cat.txt'
ok 'and back' eventually 10 timeout 10 test -e "$MNT/out/cat.png"
nothing 'renaming to and fro'
at 'mv d e; mv e d'
nothing 'renaming its folder'
at 'rm cat.txt; echo "a cat" >cat.txt'
nothing 'deleting it and writing the same anew'

# --- reading ----------------------------------------------------------------------------------------

at 'grep -r cat . >/dev/null || true; find . -type f -exec cat {} + >/dev/null; ls -lR >/dev/null; ls -la wait status >/dev/null'
at 'cat cat.txt status/*.* wait/cat.png out/*.* >/dev/null; tar -cf /dev/null . 2>/dev/null; cp -a . ../backup; chmod -R u+w ../backup; du -s . >/dev/null'
ok 'a copy of it all has the pictures' test -s "$WORK/backup/out/cat.png"
ok 'but not twice' not test -e "$WORK/backup/wait"
nothing 'reading everything'

# --- names ------------------------------------------------------------------------------------------

at 'for name in .hidden.txt "#cat.txt" "#cat.txt#" cat.txt~ .cat.txt.swp .txt cat.TXT cat.text cat.txt.bak notes \
		README.md readme.txt README LICENSE.txt LICENSE-MIT.md COPYING.txt CHANGELOG.md Changelog.txt \
		CONTRIBUTING.md CMakeLists.txt requirements.txt requirements-dev.txt robots.txt; do
		echo "never $name" >"$name"
		echo "never d/$name" >"d/$name"
	done'
nothing 'a name that is none of a prompt'
at 'mkdir -p refs .git/x d/refs/x .Trash-1000/files d/.cache
	for folder in refs cat.refs .git .git/x d/refs d/refs/x .Trash-1000/files d/.cache out history; do
		mkdir -p "$folder"
		echo "never in $folder" >"$folder/inside.txt"
		echo "never in $folder" >"$folder/inside.prompt"
	done'
nothing 'a folder that is none of prompts'
at 'echo "a link is none" >../target.txt; ln -s ../target.txt linked.txt; ln -s d/dog.md link.md; ln -s nowhere dangling.txt
	mkdir folder.txt; echo "never in a folder called so" >folder.txt/x.c'
nothing 'a symbolic link, or a folder called like a prompt'
for path in readme.txt .hidden.txt linked.txt refs/inside.txt; do
	ok "there is no status/$path" not timeout 10 test -e "$MNT/status/$path"
done
at 'mkfifo fifo.txt'
nothing 'a pipe'

# --- .defaults --------------------------------------------------------------------------------------

at 'mkdir -p none/deep some; echo "prompts: none" >none/.defaults; echo "prompts: *.prompt" >some/.defaults'
at 'echo "never here" >none/x.txt; echo "never here, too" >none/deep/x.md; echo "never this" >some/x.txt; echo "never that" >some/x.md'
nothing 'a folder whose .defaults say so'
at 'echo "but this" >some/y.prompt'
ok 'what they name is made' completes some/y.prompt
at 'echo "prompts: *.txt" >none/deep/.defaults; echo "here again" >none/deep/y.txt'
ok 'the nearest .defaults decide' completes none/deep/y.txt
submits=$((submits + 2))

at 'echo "size: 1:1" >.defaults; echo "size: 16:9" >d/.defaults; rm d/.defaults .defaults'
nothing '.defaults that change'
at 'echo "resolution: 1K" >.defaults'
at 'cp out/whale.png cat.refs/2.png; rm cat.refs/1.png; cp out/whale.png refs/style.png'
nothing 'references that change'
at 'rm .defaults'

# --- much -------------------------------------------------------------------------------------------

at 'cp -r ../ordinary ordinary; cp -r ordinary again; mv again moved; rm -r moved'
nothing 'copying 300 ordinary files'

# --- drafts -----------------------------------------------------------------------------------------

at ': >blank.txt; printf "  \n\t\n\n" >blanks.md; printf "size: 16:9\n" >headers.txt; printf "size: 16:9\n\n  \n" >headers2.txt'
at 'touch touched.prompt; printf -- "---\nsize: 16:9\n---\n" >fenced.txt'
for prompt in blank.txt blanks.md headers.txt headers2.txt touched.prompt fenced.txt; do
	ok "$prompt is a draft" wait_state "$prompt" draft
	like "$(status_of "$prompt")" $'\nhint: ' 'and the status says what to do'
	ok 'nobody waits for it' not timeout 10 cat "$MNT/wait/${prompt%.*}.png"
done
like "$(status_of blank.txt)" 'reason: the file is blank' 'a blank one says so'
like "$(status_of headers.txt)" 'reason: no prompt after the headers' 'headers alone, too'
nothing 'a draft'
at 'echo "no longer blank" >blank.txt; echo "and a text" >>headers2.txt'
ok 'a draft that is written' completes blank.txt
ok 'is none any more' completes headers2.txt
submits=$((submits + 2))

# --- to the end, and once more ----------------------------------------------------------------------

ok 'unmounted' umount_it
touch "$MNT/cat.txt" "$MNT/d/dog.md"
(cd "$MNT" && cp whale.txt .w && mv .w whale.txt && cp -r "$WORK/ordinary" later && echo 'never this one' >some/z.txt)
mount_now "$MNT"
nothing 'mounting it again'
is "$(state_of src/there.txt)" held 'what was held still is'
ok 'unmounted' umount_it
is "$(bill .submits_seen)" "$submits" 'and ending it sends nothing'
is "$(bill '[.prompts | keys[] | select(startswith("never"))] | length')" 0 'no text of a file that is no prompt was sent'

done_testing
