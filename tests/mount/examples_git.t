#!/bin/bash
# contrib/examples/git: prompts in git.  Branches cost what differs, coming back costs nothing, and what git
# cleans are never pictures.
. "$(dirname "$0")/lib.sh"
EXAMPLE=$(realpath "$(dirname "$0")/../../contrib/examples/git")
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
export EASELFS_WAIT=20
PATH=$O:$PATH
git() { timeout 60 git -c user.name=me -c user.email=me@example.org -c gc.auto=0 -c init.defaultBranch=main "$@"; }
silent() {
	local said
	said=$("$@" 2>&1) && [ -z "$said" ] || { echo "$said"; false; }
}
text_of() { timeout 10 getfattr --only-values -n user.easelfs.prompt "$MNT/out/art/$1.png"; }

# What somebody else has, outside of the mount.
there=$WORK/there
git init -q "$there"
for i in 1 2 3; do echo "artwork $i" >"$there/$i.txt"; done
echo 'about it' >"$there/README.md"
git -C "$there" add .
git -C "$there" commit -qm first
git -C "$there" checkout -qb night
echo 'artwork 2 at night' >"$there/2.txt"
echo 'a moon' >"$there/moon.txt"
git -C "$there" add .
git -C "$there" commit -qm night
git -C "$there" checkout -q main

# --- a clone in a folder ----------------------------------------------------------------------------------

mount_fg || die 'it cannot be mounted'
cd "$MNT" || die 'the mount cannot be entered'
git clone -q "$there" art
cd art || die 'there is no clone'
cp "$EXAMPLE/post-checkout" .git/hooks/
ln -s post-checkout .git/hooks/post-merge
ok 'the hook waits for the pictures' silent .git/hooks/post-checkout
costs 3 'a clone makes its prompts'
ok 'another branch' silent git checkout -q night
costs 2 'makes the two that differ'
is "$(text_of 2)" 'artwork 2 at night' 'which are in out/'
ok 'back' silent git checkout -q main
is "$(text_of 2)" 'artwork 2' 'the picture is back'
ok 'there' silent git checkout -q night
is "$(text_of 2)" 'artwork 2 at night' 'and that one'
ok 'and back again' silent git checkout -q main
costs 0 'for nothing'
ok 'a worktree beside it' git worktree add -q ../night night
ok 'has all pictures' timeout 30 easelfs wait ../night/{1,2,3,moon}.txt
costs 0 'for nothing, too'

echo 'artwork 3 in the snow' >3.txt
ok 'an edit' timeout 30 easelfs wait 3.txt
git stash -q
ok 'a stash' timeout 30 easelfs wait 3.txt
is "$(text_of 3)" 'artwork 3' 'brings the earlier picture'
ok 'stash pop' silent git stash pop -q
ok 'comes back' timeout 30 easelfs wait 3.txt
is "$(text_of 3)" 'artwork 3 in the snow' 'with the later one'
costs 1 'for the edit alone'
git checkout -q 3.txt

fault '{"on":"submit","match":"artwork 1 badly","do":"fail_task","code":"content_policy_violation"}'
echo 'artwork 1 badly' >"$there/1.txt"
git -C "$there" commit -qam badly
said=$(git pull -q 2>&1)
like "$said" '^art/1.txt: failed, .*content_policy_violation' 'after a pull the hook says what failed'
is "$(wc -l <<<"$said")" 1 'and nothing else'
costs 1 'what has changed was sent'

pictures=$(cd ../out && find . -type f | sort)
echo 'a file of mine' >mine.dat
ok 'git clean -fdx' git clean -fdxq
is "$(ls),$(git status --porcelain)" $'1.txt\n2.txt\n3.txt\nREADME.md,' 'cleans the clone'
is "$(cd ../out && find . -type f | sort)" "$pictures" 'no picture is touched'
cd /
umount_it

# --- a repository in the root -------------------------------------------------------------------------------

mount_fg "$WORK/root" || die 'it cannot be mounted'
cd "$MNT" || die 'the mount cannot be entered'
git init -q .
cp "$EXAMPLE/gitignore" .gitignore
echo 'in the root' >root.txt
ok 'a picture' timeout 30 easelfs wait root.txt
echo 'in the root, too' >root.txt
ok 'and another' timeout 30 easelfs wait root.txt
ok 'git add -A' silent git add -A
ok 'git commit' silent git commit -qm root
is "$(git ls-files)" $'.gitignore\nroot.txt' 'takes the prompts only'
is "$(git status --porcelain)" '' 'git status is quiet'
is "$(find .easelfs -type f | sort)" "$(printf '.easelfs/%s\n' README gallery.html jobs.json metrics stats)" 'the journal is not to be seen'
ok 'git clean -fd' silent git clean -fd
ok 'leaves the pictures' test -s out/root.png -a -s history/root.1.png
cd /
umount_it
cd "$WORK/root" || die 'it is gone'
ok 'without the mount, too' silent git clean -fd
is "$(git status --porcelain)" '' 'git status is quiet there'
ok 'and the journal stays' test -s .easelfs/journal.db
git clean -fdxq
ok 'git clean -fdx takes all' not test -e out -o -e .easelfs
cd /
mount_fg "$WORK/root" || die 'it cannot be mounted'
ok 'but nothing is bought again by itself' wait_state root.txt held
costs 2 'two in all'
umount_it

done_testing
