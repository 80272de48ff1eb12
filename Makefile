# easelfs.  make, make check, make lint, make check-asan, make check-tsan, make check-valgrind, make check-long,
# make check-desktop, make fuzz, make demo, make install, make uninstall.
# V=1 shows commands, O=dir builds elsewhere.
O ?= build
CC ?= gcc
PKG_CONFIG ?= pkg-config
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2))

PKG_DAEMON := fuse3 libcurl libcjson sqlite3 libcrypto libutf8proc
PKG_SANDBOX := libmicrohttpd libpng libjpeg libwebp freetype2 libcjson libcrypto
PKG_TESTS := cmocka
# Where it is there, the daemon's system calls are filtered: fs/confine.c.
PKG_DAEMON += $(shell pkg-config --exists libseccomp && echo libseccomp)

OPT ?= -O2 -g
HARDEN ?= -D_FORTIFY_SOURCE=3 -fstack-protector-strong
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
        -Wformat=2 -Wno-format-nonliteral -Wundef
# KILL=1: it kills itself where EASELFS_KILL says (cache/kill.h).
# uthash would exit(3) where there is no memory.
CPPFLAGS_ALL := -D_GNU_SOURCE -DFUSE_USE_VERSION=314 -Duthash_malloc=xmalloc $(if $(filter 1,$(KILL)),-DKILL_POINTS) \
                $(if $(filter libseccomp,$(PKG_DAEMON)),-DHAVE_SECCOMP) $(CPPFLAGS)
CFLAGS_ALL = -std=gnu11 -fPIE $(OPT) $(HARDEN) $(WARN) -MMD -MP $(CFLAGS) $(SAN)
# musl gives threads 128 KiB of stack unless the program says otherwise; glibc does not look.
LDFLAGS_ALL = -fPIE -pie -Wl,-z,relro,-z,now,-z,stack-size=1048576 -pthread $(LDFLAGS) $(SAN)

# Who may look into which room: the compiler is told no other folder.
SEES_base :=
SEES_cache := cache
SEES_api := api cache
SEES_fs := fs api cache
SEES_tests := fs api cache tests
SEES_sandbox := contrib/sandbox

comma := ,
pkg_cflags = $(if $(strip $(1)),$(shell $(PKG_CONFIG) --cflags $(1)))
pkg_libs = $(shell $(PKG_CONFIG) --libs $(1))

objs = $(patsubst %,$(O)/%.o,$(basename $(1)))
BASE_OBJS := $(O)/base.o
CACHE_OBJS := $(call objs,$(wildcard cache/*.c))
API_OBJS := $(call objs,$(wildcard api/*.c)) $(O)/api/models_ini.o
FS_OBJS := $(call objs,$(wildcard fs/*.c)) $(O)/fs/gallery_html.o
SANDBOX_OBJS := $(call objs,$(wildcard contrib/sandbox/*.c))
LIB_OBJS := $(BASE_OBJS) $(CACHE_OBJS) $(API_OBJS) $(filter-out $(O)/fs/main.o,$(FS_OBJS))
UNIT_TESTS := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/*.c))
FUZZERS := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))
TEST_TOOLS := $(patsubst %.c,$(O)/%,$(wildcard tests/tools/*.c)) $(O)/tests/tools/easelfs-clock \
              $(patsubst %.c,$(O)/%.so,$(wildcard tests/preload/*.c))

all: $(O)/easelfs $(O)/easelfs-sandbox
# What is compiled and not linked, for who looks at that alone.
objects: $(LIB_OBJS) $(O)/fs/main.o $(SANDBOX_OBJS)

$(O)/easelfs: $(LIB_OBJS) $(O)/fs/main.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,$(PKG_DAEMON)) -lm

$(O)/easelfs-sandbox: $(SANDBOX_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,$(PKG_SANDBOX)) -lm

$(O)/tests/unit/%: $(O)/tests/unit/%.o $(LIB_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,$(PKG_DAEMON) $(PKG_TESTS)) -lm

$(O)/tests/tools/%: $(O)/tests/tools/%.o $(BASE_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lm

$(O)/tests/preload/%.so: tests/preload/%.c
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(call pkg_cflags,libcurl sqlite3) $(CFLAGS_ALL) -fPIC -shared -pthread -o $@ $<

# easelfs with clocks that a test can move (base.c).
$(O)/tests/tools/base-clock.o: base.c | $(COMMON)
	$(call compile,base,) -DCLOCK_OFFSET
$(O)/tests/tools/easelfs-clock: $(O)/tests/tools/base-clock.o $(filter-out $(BASE_OBJS),$(LIB_OBJS)) $(O)/fs/main.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,$(PKG_DAEMON)) -lm

# What make bench measures with: probes, the decoder alone, and an easelfs without a journal and without syncing.
BENCH_TOOLS := $(patsubst %,$(O)/tests/bench/%,metadata reading writing waiting stalling spilling easelfs-nothing)
$(O)/tests/bench/%: $(O)/tests/bench/%.o $(BASE_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lm
$(O)/tests/bench/spilling: $(O)/api/spill.o $(O)/api/spill_picture.o
$(O)/tests/bench/easelfs-nothing: $(O)/tests/bench/nothing.o $(filter-out $(O)/cache/sqlite%,$(LIB_OBJS)) $(O)/fs/main.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(call pkg_libs,$(PKG_DAEMON)) -lm

# A fuzzer includes what it is about; the rest comes from an archive, so that nothing is there twice.
FUZZ_MAIN ?= $(O)/tests/fuzz/driver.o
$(O)/tests/fuzz/rest.a: $(LIB_OBJS)
	$(Q)rm -f $@
	$(Q)ar rcs $@ $^
$(O)/tests/fuzz/fuzz_%: $(O)/tests/fuzz/fuzz_%.o $(O)/tests/fuzz/driver.o $(O)/tests/fuzz/rest.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $< $(FUZZ_MAIN) $(O)/tests/fuzz/rest.a $(call pkg_libs,$(PKG_DAEMON)) -lm

# What all rooms may see lies beside this file; a folder with those names alone keeps the rooms closed.
COMMON := $(O)/include/base.h $(O)/include/version.h
$(COMMON): $(O)/include/%: %
	@mkdir -p $(@D)
	@ln -sf $(CURDIR)/$< $@

define compile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CPPFLAGS_ALL) -iquote $(O)/include $(addprefix -iquote ,$(SEES_$(1))) \
	    $(call pkg_cflags,$(2)) $(CFLAGS_ALL) -c -o $@ $<
endef

$(O)/base.o: base.c | $(COMMON)
	$(call compile,base,)
$(O)/cache/%.o: cache/%.c | $(COMMON)
	$(call compile,cache,sqlite3 libcrypto)
$(O)/api/%.o: api/%.c | $(COMMON)
	$(call compile,api,libcurl libcjson libcrypto libutf8proc)
$(O)/fs/%.o: fs/%.c | $(COMMON)
	$(call compile,fs,fuse3 libcrypto libutf8proc libcjson $(filter libseccomp,$(PKG_DAEMON)))
$(O)/contrib/sandbox/%.o: contrib/sandbox/%.c | $(COMMON)
	$(call compile,sandbox,$(PKG_SANDBOX))
$(O)/tests/%.o: tests/%.c | $(COMMON)
	$(call compile,tests,$(PKG_DAEMON) $(PKG_TESTS))

# The built-in model table and the page, as bytes: NAME.ini is models_ini, up to models_ini_end.
define embed
	@mkdir -p $(@D)
	$(call say,EMBED,$<)
	$(Q)printf '.section .rodata\n.global %s\n.global %s_end\n%s:\n.incbin "%s"\n%s_end:\n.byte 0\n.section .note.GNU-stack,"",@progbits\n' \
	    $(foreach name,$(basename $(@F)),$(name) $(name) $(name) $< $(name)) | $(CC) $(CPPFLAGS) -fPIE $(CFLAGS) -x assembler -c -o $@ -
endef
$(O)/api/models_ini.o: api/models.ini
	$(call embed)
$(O)/fs/gallery_html.o: fs/gallery.html
	$(call embed)

programs: all kill $(UNIT_TESTS) $(FUZZERS) $(TEST_TOOLS)

check: deps-check
	$(Q)$(MAKE) --no-print-directory check-built
check-built: programs
	$(Q)O=$(O) tests/run

# Those that need neither a mount nor root, for builds of packages.
check-unit: $(UNIT_TESTS) $(FUZZERS)
	$(Q)O=$(O) tests/run tests/unit/ tests/fuzz/

# The same with sanitizers, in $(O)/asan and $(O)/tsan.  NAMES='unit rename': only tests with such a word in their path.
NAMES ?=
sanitized = $(MAKE) --no-print-directory O=$(O)/$(1) OPT='-O1 -g -fno-omit-frame-pointer' HARDEN= SAN='$(2)' check-sanitized
check-asan: deps-check
	$(Q)$(call sanitized,asan,-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)
check-tsan: deps-check
	$(Q)$(call sanitized,tsan,-fsanitize=thread)
check-sanitized: programs
	$(Q)O=$(O) SECONDS_EACH=1800 tests/run $(NAMES)

# What cppcheck, shellcheck, gcc's -fanalyzer and clang-tidy find, and whatever else can be seen without running it.
lint: deps-check all
	$(Q)O=$(O) tests/run tests/lint/

# The unit tests once more, by valgrind.
VALGRIND := valgrind --quiet --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes
check-valgrind: deps-check $(UNIT_TESTS)
	$(Q)O=$(O) UNDER='$(VALGRIND)' SECONDS_EACH=1800 tests/run tests/unit/

# What takes long: a thousand kills, random operations, load.  KILLS=n, STEPS=n, SEED=n.
check-long: deps
	$(Q)$(MAKE) --no-print-directory all kill $(TEST_TOOLS)
	$(Q)O=$(O) tests/run --long

# File managers and a browser, on a screen that nobody sees; screenshots and bills are in $(O)/desktop/.
check-desktop:
	$(Q)contrib/install-deps --desktop
	$(Q)$(MAKE) --no-print-directory all
	$(Q)O=$(O) tests/run --desktop

# Packages of several distributions; one is installed in a new Debian.  As root.
check-package:
	$(Q)contrib/install-deps --package
	$(Q)$(MAKE) --no-print-directory all
	$(Q)O=$(O) tests/run --package

# The program that tests kill.
kill:
	$(Q)$(MAKE) --no-print-directory O=$(O)/kill KILL=1 $(O)/kill/easelfs

# Needs clang.  FUZZ_S=n: seconds for each; tests/fuzz/run says where the finds are.
FUZZ_CC ?= clang
FUZZ_S ?= 60
fuzz:
	$(Q)$(MAKE) --no-print-directory O=$(O)/fuzz CC=$(FUZZ_CC) HARDEN= FUZZ_MAIN=-fsanitize=fuzzer \
	    SAN='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzzers
	$(Q)O=$(O)/fuzz FUZZ_S=$(FUZZ_S) tests/fuzz/run
fuzzers: $(FUZZERS)

# Ratios against what people would use instead; tests/bench/README.md says what each row is.  BENCH='--rounds 3 batch'.
bench:
	$(Q)contrib/install-deps --bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH_TOOLS)
	$(Q)O=$(O) tests/bench/run --json $(O)/bench.json $(BENCH)
# Within a minute, against generous limits.
bench-quick:
	$(Q)contrib/install-deps --bench
	$(Q)$(MAKE) --no-print-directory all $(BENCH_TOOLS)
	$(Q)O=$(O) tests/bench/run --quick $(BENCH)

deps:
	$(Q)contrib/install-deps
deps-check:
	$(Q)contrib/install-deps --check

demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)O=$(O) contrib/demo

# Where things go; nothing of it is in the programs, so another PREFIX than at the build is as good.
PREFIX ?= /usr/local
prefix = $(PREFIX)
bindir = $(prefix)/bin
datadir = $(prefix)/share
mandir = $(datadir)/man
bashcompdir = $(datadir)/bash-completion/completions
zshcompdir = $(datadir)/zsh/site-functions
fishcompdir = $(datadir)/fish/vendor_completions.d
systemddir = $(prefix)/lib/systemd
docdir = $(datadir)/doc/easelfs
# Where mount(8) looks for mount.fuse.easelfs, and only there; empty: it is not installed.
MOUNT_HELPER_DIR = $(if $(filter /usr /usr/local,$(prefix)),/sbin)

# What `make install` makes, and `make uninstall` removes; contrib/install says how to read it.
define INSTALLED
755 $(O)/easelfs $(bindir)/easelfs
755 $(O)/easelfs-sandbox $(bindir)/easelfs-sandbox
644 contrib/man/easelfs.1 $(mandir)/man1/easelfs.1
644 contrib/man/easelfs.5 $(mandir)/man5/easelfs.5
644 contrib/man/easelfs-sandbox.1 $(mandir)/man1/easelfs-sandbox.1
644 contrib/man/easelfs-desktop.1 $(mandir)/man1/easelfs-desktop.1
644 contrib/completions/easelfs.bash $(bashcompdir)/easelfs
644 contrib/completions/_easelfs $(zshcompdir)/_easelfs
644 contrib/completions/easelfs.fish $(fishcompdir)/easelfs.fish
paths contrib/systemd/system/easelfs@.service $(systemddir)/system/easelfs@.service
paths contrib/systemd/user/easelfs@.service $(systemddir)/user/easelfs@.service
755 contrib/desktop/easelfs-desktop $(bindir)/easelfs-desktop
tree $(O)/desktop-files $(datadir)
tree contrib/examples $(docdir)/examples
tree contrib/systemd/examples $(docdir)/examples/systemd
$(if $(MOUNT_HELPER_DIR),link $(bindir)/easelfs $(MOUNT_HELPER_DIR)/mount.fuse.easelfs)
$(if $(MOUNT_HELPER_DIR),link ../man1/easelfs.1 $(mandir)/man8/mount.fuse.easelfs.8)
endef
install uninstall: export INSTALLED := $(INSTALLED)
install uninstall: export DESTDIR := $(DESTDIR)
install uninstall: export bindir := $(bindir)
install: all desktop-files
	$(Q)printf '%s\n' "$$INSTALLED" | contrib/install
uninstall: desktop-files
	$(Q)printf '%s\n' "$$INSTALLED" | contrib/install --remove

# The menus and the launcher, as the program writes them.
desktop-files: $(O)/desktop-files
$(O)/desktop-files: contrib/desktop/easelfs-desktop $(wildcard contrib/desktop/*/*)
	$(Q)rm -rf $@
	$(Q)$< install --system $@ >/dev/null && find $@ -type f -exec chmod 644 {} +

# The release's source, the same bytes each time: what git knows, or all but what was built.
VERSION := $(shell sed -n 's/^.define EASELFS_VERSION "\(.*\)"/\1/p' version.h)
DIST := $(O)/easelfs-$(VERSION)
dist:
	@mkdir -p $(O)
	$(Q)if [ -e .git ]; then git ls-files -z; else find . -path ./$(O) -prune -o -type f -printf '%P\0'; fi >$(DIST).files
	$(Q)LC_ALL=C sort -z $(DIST).files | tar --null -T - --transform='flags=r;s|^|easelfs-$(VERSION)/|' --owner=0 --group=0 \
	    --numeric-owner --mode=go=rX,u+rw,a-s --mtime="$$(sed -n 's/^ -- .*>  //p;T;q' contrib/debian/changelog)" \
	    -I 'gzip -n9' -cf $(DIST).tar.gz

# The packages of Debian and Ubuntu, in $(O)/deb/.
deb: dist
	$(Q)rm -rf $(O)/deb && mkdir $(O)/deb
	$(Q)cp $(DIST).tar.gz $(O)/deb/easelfs_$(VERSION).orig.tar.gz
	$(Q)umask 022 && cd $(O)/deb && tar -xf easelfs_$(VERSION).orig.tar.gz && cd easelfs-$(VERSION) && \
	    cp -r contrib/debian debian && env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL dpkg-buildpackage -us -uc
	$(Q)cd $(O)/deb && lintian --allow-root --fail-on error,warning *.changes

clean:
	rm -rf $(O)

.PHONY: all desktop-files objects programs check check-built check-asan check-tsan check-sanitized check-valgrind lint check-unit check-long check-desktop check-package kill fuzz fuzzers bench bench-quick deps deps-check demo install uninstall dist deb clean
.SECONDARY:
-include $(shell find $(O) -path $(O)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
