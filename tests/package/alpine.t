#!/bin/bash
# Alpine's recipe: its functions do what they should, in a shell that stands in for abuild; and the programs
# compile with musl and ask nothing of it that it lacks.
. "$(dirname "$0")/lib.sh" || exit
package_setup

mkdir "$WORK/src"
tar -C "$WORK/src" -xf "$SOURCE"
# abuild FUNCTION…: in the folder of the sources, the last one as abuild splits off a package.
# shellcheck disable=SC2016   # it is for the shell that abuild has
abuild() {
	clean_env pkgdir="$WORK/pkg" subpkgdir="$WORK/pkg-sandbox" recipe="$PWD/contrib/alpine/APKBUILD" src="$WORK/src" \
		sh -euc '
			amove() { for path; do mkdir -p "$subpkgdir/${path%/*}" && mv "$pkgdir/$path" "$subpkgdir/$path"; done; }
			. "$recipe"
			for function; do cd "$src/$pkgname-$pkgver"; "$function"; done
		' - "$@" >"$WORK/log" 2>&1 || { tail -n 30 "$WORK/log"; return 1; }
}
ok 'it is built, and the unit tests run' abuild build check
ok 'with them' grep -q 'All tests successful' "$WORK/log"
ok 'it is packaged, and the sandbox split off' abuild package sandbox
is "$(cd "$WORK/pkg-sandbox" && find . -type f)" ./usr/bin/easelfs-sandbox 'the program goes there'
# Manual and completions are split off by abuild itself.
split_ok "$(cd "$WORK/pkg" && find . ! -type d ! -name easelfs-sandbox.1)" \
	"$(cd "$WORK/pkg-sandbox" && find . ! -type d; echo usr/share/man/man1/easelfs-sandbox.1 usr/share/licenses/easelfs-sandbox/LICENSE | tr ' ' '\n')"

# Headers of the libraries say nothing about the C library, so that those of this system will do.
mkdir -p "$WORK/musl/include" "$WORK/musl/o"
arch=$(gcc -print-multiarch)
cp -rL /usr/include/{linux,asm-generic,fuse3,cjson,openssl,webp,libpng16,freetype2} \
	/usr/include/{microhttpd,sqlite3,utf8proc,uthash,utlist,png,pngconf,pnglibconf,jpeglib,jmorecfg,jerror,seccomp,seccomp-syscalls}.h \
	/usr/include/"$arch"/{asm,openssl,curl,jconfig.h} "$WORK/musl/include/" 2>/dev/null
for room in base.c 'cache/*.c' 'api/*.c' 'fs/*.c' 'contrib/sandbox/*.c'; do
	ok "musl has what $room wants" env room="$room" work="$WORK/musl" bash -c '
		for file in $room; do
			musl-gcc -c -O2 -std=gnu11 -D_GNU_SOURCE -DFUSE_USE_VERSION=314 -DHAVE_SECCOMP -Wundef -Werror=implicit \
				-Werror=incompatible-pointer-types -iquote . -iquote fs -iquote api -iquote cache \
				-iquote contrib/sandbox -isystem "$work/include" -isystem "$work/include/fuse3" \
				-isystem "$work/include/libpng16" -isystem "$work/include/freetype2" \
				-o "$work/o/${file//\//-}.o" "$file" || exit
		done'
done
defined() { nm "$@" 2>/dev/null | awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }'; }
missing=$(comm -23 <(nm -u "$WORK"/musl/o/*.o | awk '$1 == "U" { print $2 }' | sort -u) <({
	defined --defined-only "$WORK"/musl/o/*.o "/usr/lib/${arch%-gnu}-musl/libc.a"
	defined -D --defined-only /usr/lib/"$arch"/lib{fuse3,curl,cjson,sqlite3,crypto,utf8proc,seccomp,microhttpd,png16,jpeg,webp,freetype}.so
} | sort -u) | grep -v '^models_ini\|^gallery_html\|^_GLOBAL_OFFSET_TABLE_')
is "$missing" '' 'neither do they lack a symbol when linked'
done_testing
