#!/bin/bash
# The menus of file managers say the same in all of them, are well-formed, and leave what is the user's alone.
set -u
cd "$(dirname "$0")/../.." || exit
desktop=$PWD/contrib/desktop/easelfs-desktop
HOME=$(mktemp -d "${TEST_DIR:-/var/tmp}/desktop-lint.XXXXXX") || exit
trap 'rm -rf "$HOME"' EXIT
export HOME XDG_DATA_HOME=$HOME/data XDG_CONFIG_HOME=$HOME/config XDG_DATA_DIRS=$HOME/nothing LC_ALL=C.UTF-8
unset DISPLAY WAYLAND_DISPLAY
cd "$HOME" || exit
uca=$XDG_CONFIG_HOME/Thunar/uca.xml
count=0

# ok NAME COMMAND [ARG…]
ok() {
	local name=$1
	shift
	count=$((count + 1))
	if "$@" >said 2>&1; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		sed 's/^/# /' said >&2
	fi
}
not() { ! "$@"; }
is_nothing() { printf '%s\n' "$1"; [ -z "$1" ]; }
same() { printf '%s\n---\n%s\n' "$1" "$2"; [ "$1" = "$2" ]; }

ok 'shellcheck finds nothing' shellcheck -s sh "$desktop"
ok 'it installs for a user' "$desktop" install
labels=$(sed -n '/^actions=/,/'"'"'$/p' "$desktop" | sed "s/^actions='//; s/'$//" | cut -d'|' -f2 | sort)
ok 'there are four actions' same "$(wc -l <<<"$labels")" 4
ok 'Nautilus has their labels' same "$(ls data/nautilus/scripts/easelfs | sort)" "$labels"
ok 'Nemo, too' same "$(sed -n 's/^Name=//p' data/nemo/actions/easelfs-*.nemo_action | sort)" "$labels"
ok 'and Dolphin' same "$(sed -sn '/^.Desktop Action/,$s/^Name=//p' data/kio/servicemenus/easelfs-*.desktop | sort -u)" "$labels"
ok 'and Thunar' same "$(xmllint --xpath '//action[starts-with(unique-id, "easelfs-")]/name/text()' "$uca" | sort)" "$labels"
verbs=$("$desktop" --help | grep -o 'easelfs-desktop [a-z]*' | cut -d' ' -f2 | sort -u)
called=$(grep -rhoE 'easelfs-desktop"? (make|again|edit|why|[a-z]+)' data "$uca" | sed 's/.* //' | sort -u)
ok 'they call what there is' is_nothing "$(comm -13 <(echo "$verbs") <(echo "$called"))"
ok 'and the manual of the folder names every verb' \
	is_nothing "$(for verb in $verbs; do grep -q "easelfs-desktop $verb" "${desktop%/*}/README.md" || echo "$verb"; done)"
ok 'the launcher is well-formed' desktop-file-validate data/applications/easelfs.desktop
ok 'scripts can be run' test -x 'data/nautilus/scripts/easelfs/Make again'
ok 'menus of Dolphin, too, as it asks of those in a home' test -x data/kio/servicemenus/easelfs-text.desktop
for menu in data/kio/servicemenus/*.desktop; do
	actions=$(sed -n 's/^Actions=//p' "$menu" | tr ';' '\n' | grep .)
	ok "${menu##*/} has the actions that it lists" same "$(sed -n 's/^\[Desktop Action \(.*\)\]$/\1/p' "$menu")" "$actions"
done
for icon in data/icons/hicolor/scalable/*/*.svg; do
	ok "${icon##*/} is well-formed" xmllint --noout "$icon"
done
ok 'every emblem that is set has a picture' is_nothing \
	"$(grep -oE "^\s+emblem '?[a-z]+'?" "$desktop" | tr -d "'\t" | sed 's/^ *emblem //' | sort -u |
		while read -r name; do [ -e "data/icons/hicolor/scalable/emblems/emblem-easelfs-$name.svg" ] || echo "$name"; done)"

cp "$uca" first.xml
ok 'a second time' "$desktop" install
ok 'changes nothing' cmp first.xml "$uca"
ok 'it goes' "$desktop" uninstall
ok 'with all its files' is_nothing "$(find data -type f)"
ok 'and nothing of it is left in Thunar' not grep -q easelfs "$uca"

# The user's own actions, as Thunar writes them and as somebody does by hand.
cat >own.xml <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE actions [ <!ELEMENT actions (action)+> ]>
<actions>
<action><name>easelfs of my own &amp; "quotes" \1 %F</name><unique-id>1-1</unique-id><command>true</command></action>
  <!-- a comment -->
  <action>
	<name>Zweite …</name>
	<unique-id>my-easelfs-make</unique-id>
	<command>sh -c 'echo "$0" &lt;&lt;x'</command>
  </action>

</actions>
END
mkdir -p "$HOME/dots" && cp own.xml dots/uca.xml && ln -sf "$HOME/dots/uca.xml" "$uca"
ok 'beside actions of the user' "$desktop" install
ok 'it stays well-formed' xmllint --noout "$uca"
ok 'they are all there' same "$(xmllint --xpath 'count(//action)' "$uca")" 6
ok 'through a symbolic link' test -L "$uca"
"$desktop" install 2>/dev/null
ok 'once' same "$(xmllint --xpath 'count(//action)' "$uca")" 6
"$desktop" uninstall 2>/dev/null
ok 'and after an uninstall as they were' cmp own.xml "$uca"
echo '<actions><action><name>half' >dots/uca.xml
ok 'what is no list of actions' not "$desktop" install
ok 'is left as it is' same "$(cat "$uca")" '<actions><action><name>half'
printf '<?xml version="1.0"?>\n<actions/>\n' >dots/uca.xml
"$desktop" install 2>/dev/null
ok 'an empty one is filled' same "$(xmllint --xpath 'count(//action)' "$uca")" 4
"$desktop" uninstall 2>/dev/null

ok 'it installs for all' "$desktop" install --system "$HOME/nothing"
ok 'after which a user' "$desktop" install
ok 'gets only what has no place for all' same "$(cd data && find . -type f | cut -d/ -f2 | sort -u)" nautilus
mkdir 'with space' && cp "$desktop" 'with space/'
"with space/easelfs-desktop" install 2>/dev/null
# shellcheck disable=SC2016
ok 'a path with a space is quoted' grep -qx "exec \"$HOME/with space/easelfs-desktop\" why" 'data/nautilus/scripts/easelfs/Why did it fail?'
echo "1..$count"
