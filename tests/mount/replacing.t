#!/bin/bash
# A program that saves as GIO does (gedit, Mousepad): it opens the old file for writing, writes a new one, closes the old
# one, renames the new one over it.  What is known of the old one, which somebody still has open, is said last.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/clock.sh" || exit
setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
clock_setup
mount_fg || die 'it cannot be mounted'

COUNT=20
names() { seq -f "$1%g.txt" $COUNT; }
# replaced PREFIX: all of them, with a text of their own.
replaced() {
	timeout 30 /usr/bin/python3 - "$MNT" $COUNT "$1" <<-'END'
	import os, sys, time
	folder, count, prefix = sys.argv[1], int(sys.argv[2]), sys.argv[3]
	kept = []                     # else the new file gets the old one's inode number
	for i in range(1, count + 1):
	    name = f'{folder}/{prefix}{i}.txt'
	    kept.append(os.open(name, os.O_RDONLY))
	    old = os.open(name, os.O_RDWR)
	    new = os.open(f'{folder}/.goutputstream-{i}', os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o644)
	    os.close(old)
	    os.write(new, f'{prefix} {i}\n'.encode())
	    os.rename(f'{folder}/.goutputstream-{i}', name)
	    os.close(new)
	    time.sleep(0.02)
	time.sleep(1)                 # both are read by then
	END
}
all_are() { local name; for name in $(names "$1"); do [ "$(state_of "$name")" = "$2" ] || return; done; }
charged() { bill_total "[.prompts | to_entries[] | select(.key | test(\"^$1 [0-9]+$\")) | .value.accepted] | add // 0"; }

for before in '' 'a text of before'; do
	prefix=${before:+text}
	prefix=${prefix:-blank}
	for name in $(names "$prefix"); do
		timeout 5 bash -c 'printf %s "$2" >"$1"' - "$MNT/$name" "${before:+$before: $name}"
	done
	ok "$prefix files are read" eventually 20 all_are "$prefix" "$([ -n "$before" ] && echo completed || echo draft)"
	replaced "$prefix"
	ok 'what replaces them is made' eventually 20 all_are "$prefix" completed
	clock_passes 11 "${prefix}1.txt"
	timeout 20 "$O/easelfs" wait "$MNT/${prefix}1.txt"
	ok 'and stays theirs when nobody takes anything for deleted any more' all_are "$prefix" completed
	is "$(for name in $(names "$prefix"); do timeout 5 ls "$MNT/out/${name%.txt}.png"; done 2>&1 | grep -c '\.png$')" $COUNT \
		'with their pictures in out/'
	is "$(charged "$prefix")" $COUNT 'each of them was paid for once'
done
umount_it
done_testing
