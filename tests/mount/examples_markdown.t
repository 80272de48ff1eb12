#!/bin/bash
# contrib/examples/markdown: the pictures that a document names are made from what it says of them.
. "$(dirname "$0")/lib.sh"
EXAMPLE=$(realpath "$(dirname "$0")/../../contrib/examples/markdown")
setup --time 0.1 --submit-rpm 0 --query-rpm 0
impatient
PATH=$O:$PATH
mkdir "$WORK/book"
cp "$EXAMPLE"/* "$WORK/book/"
cd "$WORK/book" || die 'there is no book'
pictures() { timeout 60 ./pictures "$@" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; false; }; }
wrote() { sort "$WORK/out" | paste -sd ,; }
# addresses: those of the pictures in the page, which must be there.
addresses() { cmark article.md | grep -o 'src="gen/[^"]*"' | cut -d'"' -f2 | sed 's/%20/ /g'; }

mkdir gen
ok 'without a mount it makes nothing' not pictures article.md
like "$(cat "$WORK/err")" 'gen is no mount: easelfs mount gen' 'and says so'
mount_fg "$WORK/book/gen" || die 'it cannot be mounted'

ok 'the document' pictures article.md
is "$(wrote)" 'gen/fox.txt,gen/sleepers/the dormouse.txt' 'has two pictures'
is "$(accepted 'a red fox in the snow, at dawn')" 1 'one with the text that it has'
is "$(accepted 'a dormouse asleep in its nest of leaves, seen from above')" 1 'one whose text has marks and a line end'
is "$(bill .accepted)" 2 'and no other'
is "$(addresses | wc -l)" 2 'the page has both'
addresses | while read -r file; do [ -s "$file" ] || echo "$file"; done >"$WORK/lost"
is "$(cat "$WORK/lost")" '' 'under names where they are'

ok 'again' pictures article.md
is "$(wrote),$(bill .accepted)" ',2' 'nothing is written, and nothing paid for'
ok 'LaTeX with the same text' pictures article.tex
is "$(wrote),$(bill .accepted)" ',2' 'has the same picture'
sed -i 's/at dawn/size: that of a horse/' article.md
ok 'with one text edited' pictures article.md
is "$(wrote),$(bill .accepted)" 'gen/fox.txt,3' 'one is made'
is "$(accepted 'a red fox in the snow, size: that of a horse')" 1 'of the new text'

printf 'size: 16:9\n\nby hand\n' >gen/own.txt
printf '%s\n' '![](gen/out/own.png)' '' '![size: none](gen/out/none.png)' >more.md
ok 'one with a prompt of its own' pictures more.md
is "$(wrote),$(accepted 'by hand')" 'gen/none.txt,1' 'keeps it'
is "$(accepted 'size: none')" 1 'a text that begins as a header does is a text'
printf '%s\n' '![one](gen/out/none.png) ![two](gen/out/none.png)' >twice.md
ok 'two texts for one picture' not pictures twice.md
like "$(cat "$WORK/err")" 'has two texts, “one” and “two”' 'are refused'
is "$(bill .accepted)" 5 'before anything is made'

fault '{"on":"submit","match":"a bad fox","do":"fail_task","code":"content_policy_violation"}'
echo '\includegraphics{gen/out/fox} % a bad fox' >bad.tex
ok 'one that fails' not pictures bad.tex
like "$(cat "$WORK/err")" 'fox.txt is failed: .*content_policy_violation' 'says why'
rm gen/out/own.png
ok 'one that was deleted' not pictures more.md
like "$(cat "$WORK/err")" 'gen/out/own.png is not there; easelfs status gen/own.txt' 'is told of'
is "$(bill .accepted)" 6 'and not bought again'

cd /
umount_it
done_testing
