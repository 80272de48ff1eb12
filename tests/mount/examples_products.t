#!/bin/bash
# contrib/examples/products: a table of two hundred products becomes folders of pictures, once.
. "$(dirname "$0")/lib.sh"
EXAMPLE=$(realpath "$(dirname "$0")/../../contrib/examples/products")
setup --canned --time 0.1 --submit-rpm 0 --query-rpm 0
# Not the provider that is called sandbox: that one does not count for the budget.
config <<-END
	[defaults]
	model = paid
	settle = 0.05
	[provider paid]
	wire = task
	url = $SANDBOX_URL
	key-env = EASELFS_SANDBOX_KEY
	has-lookup = yes
	in-flight = 50
	first-look = 0.1
	poll-min = 0.1
	[model paid]
	provider = paid
	id = gemini-3.1-flash-image-preview
	resolutions = 1K
	default-resolution = 1K
	ratios = 1:1 2:3 3:2 3:4 16:9
	price = 0.04
END
PATH=$O:$PATH
mkdir "$WORK/shop"
cp "$EXAMPLE"/* "$WORK/shop/"
cd "$WORK/shop" || die 'there is no shop'
products() { timeout 120 ./products "${1:-products.csv}" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/out" "$WORK/err"; false; }; }
says() { ok "it says: $1" grep -qE -- "$1" "$WORK/out"; }
pictures() { find gen/out/products -name '*.png' | wc -l; }
prompt_files() { find gen/products -name '*.txt' | sort; }
mkdir gen
ok 'without a mount it makes nothing' not products
like "$(cat "$WORK/err")" 'gen is no mount: easelfs mount gen' 'and says so'
mount_fg "$WORK/shop/gen" || die 'it cannot be mounted'

# --- the table ------------------------------------------------------------------------------------------

is "$(python3 -c 'import csv; print(sum(1 for _ in csv.DictReader(open("products.csv", newline=""))))')" 200 'there are 200 rows'
ok 'more than a budget is not all made' not products
costs 100 'but a budget'
says '^200 rows, 200 of them new or changed$'
says '^100 completed$'
says '^100 held, such as products/.*: the budget of 100 pictures a day is used up'
is "$(prompt_files | wc -l)" 200 'each row has a prompt'
is "$(find gen/products -mindepth 1 -type d | wc -l)" 10 'in a folder of its category'
is "$(prompt_files | grep -cvE '^gen/products/[a-z-]+/[A-Za-z0-9-]+\.txt$')" 0 'under a name that is safe'
is "$(sed -n 2,3p "gen/products/mugs-cups/$(basename "$(grep -l 'says "new"' gen/products/mugs-cups/MUG-106-*.txt)")")" \
	$'Breakfast Mug: dark blue enamel, on a linen cloth,\nwith a label that says "new"' 'commas, quotes and line ends are those of the cell'
is "$(cat gen/products/.defaults gen/products/knives/.defaults | paste -sd ,)" 'size: 1:1,size: 3:2' 'folders have their headers'

# What it says to do about what is held.
part=$(sed -n 's/^  some of them, today or later: //p' "$WORK/out")
held_there() { timeout 10 easelfs status --json "$(dirname "${part##* }")" | jq '[.[] | select(.state == "held")] | length'; }
ok 'a part is held' test "$(held_there)" -gt 0
bash -c "timeout 10 $part" 2>/dev/null
is "$(held_there)" 0 'and released as it says'
all=$(sed -n 's/^  all of them: //p' "$WORK/out")
ok 'and all' bash -c "$all"
ok 'then all are made' products
costs 100 'each for one'
is "$(pictures)" 200 'there are 200 pictures'
says '^200 rows, 0 of them new or changed$'
says '^200 completed$'
cp "$WORK/out" "$WORK/all"
ok 'again' products
costs 0 'it costs nothing'

# --- what changes ------------------------------------------------------------------------------------------

echo 'budget = none' >"$WORK/budget"
sed -i '/^\[defaults\]/r '"$WORK/budget" "$XDG_CONFIG_HOME/easelfs/config"
unlimited() { ! grep -q '^pictures-today:.* of ' gen/.easelfs/stats; }
ok 'a larger budget holds at once' eventually 10 unlimited
sed -i 's/^CHR-101,\(.*\)oak/CHR-101,\1smoked oak/' products.csv
ok 'with a row edited' products
says '^200 rows, 1 of them new or changed$'
costs 1 'one is made'
{ head -n 1 products.csv; echo 'NEW-1,Chairs,"Bench, ""long""",pine'; tail -n +2 products.csv; } >more.csv
ok 'with a row more, above all' products more.csv
says '^201 rows, 1 of them new or changed$'
costs 1 'one is made'
grep -v '^CHR-102,' more.csv >fewer.csv
ok 'with a row less' products fewer.csv
says '^products/chairs/CHR-102.txt has no row any more'
costs 0 'nothing is made'
ok 'and nothing taken away' test -s gen/out/products/chairs/CHR-102.png
sed -i 's/^Lamps,2:3/Lamps,16:9/' categories.csv
ok 'with another size for a category' products more.csv
costs 20 'that one is made'

# --- what is refused -------------------------------------------------------------------------------------------

refused() {
	printf 'sku,category,name,description\n%s\n' "$1" >bad.csv
	ok "$2" not products bad.csv
	like "$(cat "$WORK/err")" "$3" "$3"
}
refused $'A-1,Cups,One,x\nA-1,Cups,Two,x' 'two rows of one number' 'rows that end in lines 2 and 3: both are A-1'
refused $'A-1,"Cups, Mugs",One,x\nA-2,Cups & Mugs,Two,x' 'two categories of one folder' 'would share a folder'
refused ',Cups,One,x' 'no number' 'line 2: sku is empty'
echo 'sku,name' >bad.csv
ok 'no such columns' not products bad.csv
like "$(cat "$WORK/err")" 'bad.csv has no column category, description' 'are told of'
costs 0 'nothing is made'

cd /
umount_it
done_testing
