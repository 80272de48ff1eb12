#!/bin/bash
# contrib/examples/make: make and easelfs agree on what is new, and neither pays for what is not.
. "$(dirname "$0")/lib.sh"
EXAMPLES=$(realpath "$(dirname "$0")/../../contrib/examples")
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
mount_fg || die 'it cannot be mounted'
cp "$EXAMPLES/make/Makefile" "$MNT/"
cd "$MNT" || die 'the mount cannot be entered'
PATH=$O:$PATH

run() { timeout 60 make "$@" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; false; }; }
made() { grep -c '^easelfs wait' "$WORK/out"; }
idle() { run -j8 && grep -q "Nothing to be done for 'all'" "$WORK/out"; }
# --- first, and again -----------------------------------------------------------------------------------

echo 'a <fox> & a hen' >fox.txt
echo 'an owl' >owl.md
printf 'size: 16:9\n\na bee\n' >bee.prompt
echo 'not a prompt' >README.md
ok 'make -j8' run -j8
is "$(made)" 3 'makes three'
costs 3 'for three'
is "$(file -b --mime-type out/fox.png out/owl.png out/bee.png | sort -u)" image/png 'which are pictures'
is "$(grep -c '<figcaption>a &lt;fox> &amp; a hen</figcaption>' pictures.html)" 1 'the page has their prompts'
ok 'make -j8 again has nothing to do' idle
costs 0 'and costs nothing'

# --- what makes a picture again ----------------------------------------------------------------------------

echo 'another fox' >fox.txt
ok 'with a prompt edited' run -j8
is "$(made)" 1 'one is made'
costs 1 'for one'
ok 'the old one is in history/' test -s history/fox.1.png
ok 'then there is nothing to do' idle
touch owl.md
ok 'with a prompt touched' run -j8
is "$(made)" 1 'it is looked at'
ok 'once' idle
mkdir bee.refs
cp out/owl.png bee.refs/
ok 'with a reference more' run
is "$(made)" 1 'its picture is made again'
echo '# only a comment' >.defaults
ok 'with other .defaults' run
is "$(made)" 3 'all are looked at'
costs 1 'all this costs the one with the reference'
echo 'size: 16:9' >.defaults
ok 'with .defaults that matter' run
costs 2 'those are made that say nothing else'
ok 'then there is nothing to do' idle

# --- what fails -----------------------------------------------------------------------------------------------

fault '{"on":"submit","match":"a bad owl","do":"fail_task","code":"content_policy_violation"}'
echo 'a bad owl' >owl.md
echo 'a good fox' >fox.txt
ok 'make stops at what fails' not run
like "$(cat "$WORK/err")" 'owl.md is failed: .*content_policy_violation.*change the prompt' 'and says why'
ok 'make -k' not run -k
costs 2 'is no second try'
ok 'the other one is made' test out/fox.png -nt fox.txt
ok 'the failed one has its old picture' test -s out/owl.png
echo 'a good owl' >owl.md
ok 'edited, it is made' run
costs 1 'for one'

# --- what is deleted -------------------------------------------------------------------------------------------

ok 'make clean' run clean
ok 'removes the page' not test -e pictures.html
ok 'and no picture' test -s out/fox.png -a -s out/owl.png -a -s out/bee.png
ok 'make' run
costs 0 'brings it back for nothing'
rm out/fox.png
ok 'a deleted picture is not made again' not run
like "$(cat "$WORK/err")" 'fox.txt made out/fox.png, but there is no .*easelfs again fox.txt' 'make says how it could be'
costs 0 'nothing is bought'
easelfs again fox.txt
ok 'after easelfs again' run
costs 1 'it is, for one'
ok 'then there is nothing to do' idle

# --- an interrupt ------------------------------------------------------------------------------------------------

# Comes when the picture has just been replaced, where make would delete what it was making.
mkdir "$WORK/bin"
cat >"$WORK/bin/easelfs" <<-END
#!/bin/bash
	"$O/easelfs" "\$@"
	kill -INT \$PPID
END
chmod +x "$WORK/bin/easelfs"
echo 'a fox in between' >fox.txt
ok 'make is interrupted' not env PATH="$WORK/bin:$PATH" timeout 60 make out/fox.png
ok 'the picture is there' test -s out/fox.png
ok 'make goes on' run
costs 1 'for one in all'

cd /
umount_it
done_testing
