#!/bin/bash
# Prompts that come from command-line tools: each time one job for the final name, however the tool goes
# about it.  And tools that read everything, which costs nothing and waits for nothing.
. "$(dirname "$0")/lib.sh" || exit
. "$(dirname "$0")/saving.sh"

export GIT_AUTHOR_NAME=nobody GIT_AUTHOR_EMAIL=nobody@example.org
export GIT_COMMITTER_NAME=nobody GIT_COMMITTER_EMAIL=nobody@example.org
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1

# outside TEXT: a file of that text on another filesystem.
outside() { printf '%s\n' "$1" >"$WORK/outside"; }

# The first time there is nothing to be edited, and sed writes what it reads.
with_sed() {
	if [ -z "$2" ]; then
		echo "$3" | sed -n "w $1"
	else
		sed -i "s/.*/$3/" "$1"
	fi
}

# Both texts may have the same length and the same second, which is all that rsync looks at by itself.
with_rsync() {
	outside "$3"
	timeout 20 rsync -a --checksum $RSYNC "$WORK/outside" "$1"
}

with_cp() { outside "$3" && timeout 5 cp "$WORK/outside" "$1"; }
with_cp_p() { outside "$3" && timeout 5 cp -p --remove-destination "$WORK/outside" "$1"; }
with_install() { outside "$3" && timeout 5 install -m 644 "$WORK/outside" "$1"; }
with_mv() { outside "$3" && timeout 5 mv "$WORK/outside" "$1"; }
with_tee() { printf '%s\n' "$3" | timeout 5 tee -a "$1" >"$WORK/teed"; }
with_dd() { printf '%s\n' "$3" | timeout 20 dd of="$1" bs=1 status=none; }
with_gio() { printf '%s\n' "$3" | timeout 10 gio save "$1"; }

with_tar() {
	mkdir -p "$WORK/packed"
	printf '%s\n' "$3" >"$WORK/packed/$1"
	tar -C "$WORK/packed" -c "$1" | timeout 10 tar -x
}

with_python() {
	timeout 10 /usr/bin/python3 - "$1" "$3" <<-'PY'
	import os, sys, tempfile

	path, text = sys.argv[1:]
	with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path) or ".", delete=False) as f:
	    print(text, file=f)
	    f.flush()
	    os.fsync(f.fileno())
	os.replace(f.name, path)
	PY
}

# A clone in the mount, which checks out what was committed outside: FILE is project/NAME.
with_git() {
	local name=${1##*/} origin=$WORK/origin
	[ -d "$origin" ] || git init -q "$origin"
	printf '%s\n' "$3" >"$origin/$name"
	git -C "$origin" add "$name"
	git -C "$origin" commit -q --allow-empty -m "$3"
	[ -d project ] || timeout 20 git clone -q --no-checkout "$origin" project
	timeout 20 git -C project fetch -q && timeout 20 git -C project checkout -q FETCH_HEAD
}

saving_setup

saves sed.txt 'sed -i' with_sed
RSYNC='' saves rsync.txt 'rsync' with_rsync
RSYNC=--inplace saves rsync-inplace.txt 'rsync --inplace' with_rsync
saves cp.txt 'cp' with_cp
saves cp-p.txt 'cp -p --remove-destination' with_cp_p
saves install.txt 'install' with_install
saves mv.txt 'mv from another filesystem' with_mv
saves tee.txt 'tee -a' with_tee
saves dd.txt 'dd bs=1' with_dd
saves gio.txt 'gio save' with_gio
saves tar.txt 'tar' with_tar
saves python.txt 'an atomic write of Python' with_python
saves project/git.txt 'git checkout' with_git

# --- reading everything -----------------------------------------------------------------------------

requests() { bill '[.submits_seen, .polls, .downloads, .uploads, .refused] | join(" ")'; }

# reads NAME COMMAND [ARG…]: in the mount, to its end; what it found goes to $WORK/read.
reads() {
	local name=$1
	shift
	(cd "$MNT" && timeout 20 "$@") >"$WORK/read" 2>"$WORK/read.err"
	is $? 0 "$name" || diag "$(tail -n 5 "$WORK/read" "$WORK/read.err")"
}
found() { ok "which finds $1" grep -Eq -- "$1" "$WORK/read"; }

read_everything() {
	reads 'grep -r' grep -r 'a fish that cp drew' .
	found '^\./cp\.txt:'
	reads 'file' find . -type f -exec file {} +
	found '^\./out/cp\.png: +PNG image data'
	found '^\./status/cp\.txt: +ASCII text'
	reads 'md5sum' find . -type f -exec md5sum {} +
	found ' \./out/cp\.png$'
	reads 'cp -a' cp -a . "$WORK/copied-$1"
	# It leaves out what lies on FUSE, unless it is told not to.
	reads 'updatedb' updatedb --require-visibility 0 --output "$WORK/locate-$1" --database-root "$MNT" \
		--prunefs '' --prunepaths '' --prune-bind-mounts no
	reads 'locate' plocate -d "$WORK/locate-$1" cp
	found '/out/cp\.png$'
	found '/gen/cp\.txt$'
}

quiet() { [ "$(bill .under_way)" = 0 ]; }
ok 'when nothing is under way' eventually 10 quiet
before=$(requests)
read_everything rest
is "$(requests)" "$before" 'reading everything makes no request'

control POST faults '{"on":"submit","match":"a slow one","do":"hold"}' >/dev/null
begins slow.txt 'a slow one'
ok 'while one is under way' wait_state slow.txt running
read_everything running
ok 'reading does not end that' wait_state slow.txt running
control POST release >/dev/null
ok 'it is made' _makes 1 slow.txt

# --- the end ----------------------------------------------------------------------------------------

saving_judge
done_testing
