#!/bin/bash
# The spec of Fedora and openSUSE: rpmbuild makes both packages with it, without what they depend on, as no
# database of packages is here.
. "$(dirname "$0")/lib.sh" || exit
package_setup
mkdir "$WORK/SOURCES"
cp "$SOURCE" "$WORK/SOURCES/"
rpm_here() { clean_env "$1" --define "_topdir $WORK" --define "_dbpath $WORK/db" "${@:2}"; }

build() { rpm_here rpmbuild --nodeps -ba contrib/rpm/easelfs.spec >"$WORK/log" 2>&1 || { tail -n 30 "$WORK/log"; return 1; }; }
ok 'both packages and the source are made' build
ok 'the unit tests were run' grep -q 'All tests successful' "$WORK/log"
# Folders between them are of the system, but for these two.
files() { rpm_here rpm -qpl "$WORK"/RPMS/*/"$1-$VERSION"-1*.rpm | grep -v '/\.build-id\|/share/\(doc\|licenses\)/easelfs[^/]*$'; }
split_ok "$(files easelfs)" "$(files easelfs-sandbox)" MOUNT_HELPER_DIR=/usr/sbin
like "$(rpm_here rpm -qp --requires "$WORK"/RPMS/*/easelfs-"$VERSION"-1*.rpm)" '(^|'$'\n'')fuse3('$'\n''|$)' 'easelfs depends on fusermount3'
done_testing
