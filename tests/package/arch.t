#!/bin/bash
# Arch's recipe: makepkg makes both packages with it, without what they depend on, as pacman cannot be asked here.
. "$(dirname "$0")/lib.sh" || exit
package_setup
cd "$WORK" || exit
cp "$SOURCE" "$ROOT/contrib/arch/PKGBUILD" .

# makepkg refuses to be root.
if [ "$(id -u)" = 0 ]; then
	chmod 755 . && chown -R nobody: .
	builder=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups)
fi
ok 'both packages are made, and the unit tests were run' \
	clean_env "${builder[@]}" env HOME="$WORK" makepkg --nodeps --check --noconfirm
files() { bsdtar -tf "$1"-"$VERSION"-1-*.pkg.tar.* | grep -v '/$'; }
split_ok "$(files easelfs)" "$(files easelfs-sandbox)" MOUNT_HELPER_DIR=/usr/bin
is "$(pkg/easelfs/usr/bin/easelfs --version | head -n 1)" "easelfs $VERSION" 'the program runs'
done_testing
