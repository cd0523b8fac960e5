# SPDX-License-Identifier: MIT
# loophound. `make help` lists what can be made and which variables choose how.
# Sources are found by name: a new file needs no line here. Backends are files, chosen below.

have = $(shell pkg-config --exists '$(1)' 2>/dev/null && echo yes)

BUILD   = build#         where everything is made; each configuration may have its own
CONTEXT = ucontext#      how stacks are switched: ucontext, swapcontext, asm
POLLER  = epoll#         the reactor: epoll, kqueue (with KQUEUE_CFLAGS, KQUEUE_LIBS elsewhere than BSD)
GUARD   = $(if $(DISPATCH),dispatch,interpose)#  the strict guard: dispatch (of system calls), interpose (libc's functions), none
SYMBOLS = $(if $(filter linux,$(SYSTEM)),$(if $(call have,libdw >= 0.187),libdw,none),dladdr)# names for the watchdog
PROBES  = $(if $(shell printf '\43include <sys/sdt.h>' | $(CC) -E - >/dev/null 2>&1 || echo no),none,sdt)# USDT, if there is <sys/sdt.h>
CODINGS = $(if $(call have,libbrotlidec),br) $(if $(call have,libzstd),zstd)# beside gzip and deflate
PSL     = $(if $(call have,libpsl),,no_)#  whose domains cookies may not be for: empty with libpsl, no_ without
OPT     = -O2
SAN     =#               sanitizers: address,undefined or thread
FORTIFY =#               1: as distributions build
STRICT  =#               1: in tests, a call that may block on a loop is a failure
CHECK   =#               1: make bench-count fails where a count has grown
T       =#               make test T=loop: only tests/test_loop.c, or the tests of that name
FUZZ_S  = 60#           make fuzz: seconds for each target
PREFIX  = /usr/local
VERSION = 0.1.0
SOMAJOR = 0
PEERS  ?= $(BUILD)/peers#  nginx and wrk for tests and benchmarks, unpacked, never installed

ifeq ($(origin CC),default)
CC = gcc
endif
PROBES := $(PROBES)

# The stack-clash option makes a frame larger than the guard touch each page, so that it cannot leap
# over the guard. One set of position-independent objects serves the archive and the shared library.
CFLAGS  = -std=gnu11 $(OPT) -g -Wall -Wextra -Werror -fstack-clash-protection -fPIC \
          -fno-semantic-interposition $(CHOSEN) $(EXTRA_CFLAGS)
CHOSEN  = $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
          $(if $(FORTIFY),-D_FORTIFY_SOURCE=3 -fstack-protector-strong) \
          $(if $(filter kqueue,$(POLLER)),$(KQUEUE_CFLAGS)) \
          $(if $(filter dladdr,$(SYMBOLS)),-fno-omit-frame-pointer)
CPPFLAGS = -D_GNU_SOURCE -I. -Ihttp -MMD -MP -DTRACE_PROBES='"runtime/trace/probe_$(PROBES).h"'
LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) -Wl,--as-needed $(EXTRA_LDFLAGS)
LIBS    = -lssl -lcrypto -lhttp_parser -lz $(if $(filter br,$(CODINGS)),-lbrotlidec) \
          $(if $(filter zstd,$(CODINGS)),-lzstd) $(if $(PSL),,-lpsl) -lpthread -lm $(if $(filter libdw,$(SYMBOLS)),-ldw) \
          $(if $(filter kqueue,$(POLLER)),$(KQUEUE_LIBS))

SYSTEM   = $(or $(SYSTEM_$(shell uname)),bsd)
SYSTEM_Linux  = linux
SYSTEM_Darwin = mach
# Only Linux shows one thread to another, which is what the watchdog's monitor works with: elsewhere
# none.c stands for it, beside what works everywhere and what a strict guard reports with.
WATCHDOG = $(if $(filter linux,$(SYSTEM)),linux,none)
ANYWHERE = runtime/watchdog/options.c runtime/watchdog/stats.c
REPORTS  = $(addprefix runtime/watchdog/,advice.c stack.c text.c verdict.c)
MONITOR  = $(filter-out $(ANYWHERE) runtime/watchdog/none.c,$(wildcard runtime/watchdog/*.c))
BACKENDS = $(wildcard runtime/context_*.[cS] runtime/poll_*.c runtime/symbol/*.c) $(MONITOR) \
           runtime/child_pidfd.c runtime/child_no_pidfd.c \
           runtime/watchdog/none.c $(GUARDS) \
           $(wildcard http/decode_*brotli.c http/decode_*zstd.c http/cookies_*psl.c)
# The strict guard: Linux hands system calls over on some machines; kqueue systems never do. Where it
# cannot when the program runs, libc's functions are interposed, so that is there in both cases.
GUARDS          = $(wildcard runtime/guard/*.[cS])
DISPATCH        = $(if $(filter linux-epoll,$(SYSTEM)-$(POLLER)),$(wildcard runtime/guard/*_$(ARCH).[cS]))
GUARD_none      = runtime/guard/none.c
GUARD_symbols   = $(filter-out %/none.c %/dispatch_none.c %_x86_64.c %_x86_64.S $(GUARD_not_$(SYSTEM)),\
                  $(GUARDS))
GUARD_not_linux = %_mach.c %_bsd.c %/calls_posix.c
GUARD_not_mach  = %_linux.c %_bsd.c %_elf.c %/wrap_posix.c
GUARD_not_bsd   = %_linux.c %_mach.c
GUARD_dispatch  = $(GUARD_symbols) $(DISPATCH)
GUARD_interpose = $(GUARD_symbols) runtime/guard/dispatch_none.c
ARCH     = $(patsubst arm64,aarch64,$(patsubst amd64,x86_64,$(shell uname -m)))
CHOICE   = runtime/context_$(ARCH).S runtime/context_$(CONTEXT).c runtime/context_$(CONTEXT)_$(ARCH).S \
           runtime/poll_$(POLLER).c runtime/symbol/$(SYMBOLS).c runtime/symbol/$(SYMBOLS)_%.c \
           runtime/symbol/maps_$(SYSTEM).c $(if $(filter libdw,$(SYMBOLS)),,runtime/symbol/frame_pointers.c) \
           runtime/child_$(if $(filter linux,$(SYSTEM)),,no_)pidfd.c $(GUARD_$(GUARD)) \
           $(if $(filter linux,$(WATCHDOG)),$(MONITOR),runtime/watchdog/none.c \
             $(if $(filter none,$(GUARD)),,$(REPORTS))) \
           http/decode_$(if $(filter br,$(CODINGS)),,no_)brotli.c \
           http/decode_$(if $(filter zstd,$(CODINGS)),,no_)zstd.c http/cookies_$(PSL)psl.c
LIB_SRC  = $(filter-out $(BACKENDS),$(wildcard runtime/*.c runtime/*/*.c net/*.c http/*.c)) \
           $(filter $(CHOICE),$(BACKENDS))
MAINS    = $(wildcard app/collect.c app/upstream.c app/demo.c)
SELFTEST = $(if $(filter linux,$(WATCHDOG)),$(BUILD)/watchdog-selftest)
APP_SRC  = $(filter-out $(MAINS) $(wildcard app/watchdog_*.c),$(wildcard app/*.c))
TEST_SRC = $(or $(wildcard $(T:%=tests/test_%.c) $(patsubst %,tests/%.c,$(filter test_%,$(T)))),\
           $(wildcard tests/test_*.c))

objects  = $(patsubst %.c,$(BUILD)/%.o,$(patsubst %.S,$(BUILD)/%.o,$(1)))
LIB      = $(BUILD)/libloophound.a
SHARED   = $(BUILD)/libloophound.so
APP      = $(BUILD)/libapp.a
PROGRAMS = $(MAINS:app/%.c=$(BUILD)/%)
HARNESS  = $(call objects,$(filter-out tests/test_%,$(wildcard tests/*.c)))
TESTS    = $(TEST_SRC:%.c=$(BUILD)/%) $(patsubst %.c,$(BUILD)/%_O0,$(filter $(ALSO_O0),$(TEST_SRC)))
# Lines and frames are named differently without optimisation: these are tested both ways.
ALSO_O0  = tests/test_watchdog.c tests/test_backtrace.c tests/test_dump_stack.c tests/test_gdb.c
BENCHES  = $(subst _,-,$(patsubst bench/%.c,$(BUILD)/%,$(wildcard bench/bench_*.c)))

# V=1 shows the commands.
Q        = $(if $(V),,@)
say      = $(if $(V),,@echo '  $(1) $@')

.PHONY: all run bench bench-count bench-micro bench-peers bench-ready suites-ready test test-bench test-slow test-peers stress stressed fuzz fuzzers conformance tests peers deps layers lint format install check-macos chosen help clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(LIB) $(SHARED) $(PROGRAMS) $(SELFTEST) $(BENCHES)

# These work on a bare machine: what is missing is installed first, then make starts afresh,
# since the choice of backends depends on what is there.
run: ; @.ci/deps build && $(MAKE) --no-print-directory all && $(BUILD)/demo
conformance: ; @.ci/deps test && $(MAKE) --no-print-directory T=conformance tests && \
	tests/conformance/check $(BUILD)
test: ; @.ci/deps test && $(MAKE) --no-print-directory tests && T="$(T)" tests/run $(BUILD)

stress: ; @.ci/deps test && $(MAKE) --no-print-directory tests stressed && \
	tests/stress/run $(BUILD)

# What takes minutes: captures for 60 s, and the self-test again and again on a busy machine.
test-slow: ; @.ci/deps test && $(MAKE) --no-print-directory T="watchdog_capture selftest" tests && \
	SLOW=1 T="watchdog_capture selftest" tests/run $(BUILD)

# What others wrote, met in a network namespace: servers, proxies, a resolver.
test-peers: ; @.ci/deps peers && .ci/peers $(PEERS) all && $(MAKE) --no-print-directory all && \
	$(MAKE) --no-print-directory T=expect tests && PEERS=$(PEERS) tests/peers/run $(BUILD)

tests: $(if $(T),,all peers) $(TESTS) $(PROGRAMS) $(SELFTEST)

# Objects depend on the flags, archives on the list of their parts: another choice builds anew what
# it has to, in the same directory. A recipe that leaves the file alone leaves its age alone, too.
$(BUILD)/flags: TEXT = $(CC) $(CFLAGS) $(PROBES)
$(BUILD)/parts: TEXT = $(LIB_SRC) $(APP_SRC) $(LDFLAGS) $(LIBS)
$(BUILD)/flags $(BUILD)/parts: FORCE
	@mkdir -p $(@D)
	@echo '$(TEXT)' | cmp -s - $@ || echo '$(TEXT)' >$@

# In a program's own code a tail call would hide the caller's line from the watchdog.
$(BUILD)/app/%.o $(BUILD)/bench/%.o: private EXTRA_CFLAGS += -fno-optimize-sibling-calls
$(BUILD)/tests/harness%.o: private EXTRA_CFLAGS += -DHARNESS_ROOT='"$(CURDIR)"'

$(BUILD)/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/tests/%_O0.o: EXTRA_CFLAGS += -O0 -U_FORTIFY_SOURCE
$(BUILD)/tests/%_O0.o: tests/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(BUILD)/%.o: %.S $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(call objects,$(LIB_SRC))
$(APP): $(call objects,$(APP_SRC))
$(LIB) $(APP): $(BUILD)/parts
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

# Only the public names are exported.
$(SHARED): $(call objects,$(LIB_SRC)) $(BUILD)/parts
	@echo '{ global: async_*; net_*; http_*; json_*; local: *; };' >$(BUILD)/exports
	$(call say,LINK)
	$(Q)$(CC) -shared -Wl,-soname,libloophound.so.$(SOMAJOR) -Wl,--version-script=$(BUILD)/exports \
	 $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBS)

$(PROGRAMS): $(BUILD)/%: $(BUILD)/app/%.o $(APP) $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/watchdog-selftest: $(call objects,$(wildcard app/watchdog_*.c)) $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# What in tests/ is no test is linked into every test: the harness and the peers. Calls that may
# fail are routed through the harness (harness.wrap), which counts them and breaks them.
BORDER   = $(BUILD)/tests/stress/border.o
$(TESTS): $(BUILD)/tests/%: $(BUILD)/tests/%.o $(HARNESS) $(BORDER) $(APP) $(LIB) tests/harness.wrap
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -Wl,@tests/harness.wrap -o $@ $(filter-out $(BORDER),$(filter %.o,$^)) \
	 $(BORDER) $(filter %.a,$^) \
	 -ljansson $(LIBS)

# Whole programs whose calls go through the harness's stress.
STRESSED = $(PROGRAMS:$(BUILD)/%=$(BUILD)/stressed/%)
stressed: $(STRESSED)
$(STRESSED): $(BUILD)/stressed/%: $(BUILD)/app/%.o $(BUILD)/tests/stress/program.o \
  $(BUILD)/tests/harness_stress.o $(APP) $(LIB) tests/stress/program.wrap
	@mkdir -p $(@D)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -Wl,@tests/stress/program.wrap -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(BUILD)/tests/test_guard_by_hand: | $(SHARED)
$(BUILD)/tests/test_conformance: $(call objects,$(wildcard tests/conformance/*.c))

FUZZED   = $(call objects,$(filter-out tests/fuzz/entry.c,$(wildcard tests/fuzz/*.c)))
$(BUILD)/tests/test_fuzz: $(FUZZED)

# libFuzzer comes with clang. FUZZ_S seconds for each target, all of them unless TARGETS names some.
TARGETS  = $(notdir $(wildcard tests/fuzz/corpus/*))
fuzz: ; @.ci/deps ci && $(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=clang SYMBOLS=none \
	SAN=fuzzer-no-link,address,undefined fuzzers && tests/fuzz/run $(BUILD)/fuzz $(FUZZ_S) $(TARGETS)
fuzzers: $(TARGETS:%=$(BUILD)/fuzz-%)
$(BUILD)/fuzz-%: tests/fuzz/entry.c $(FUZZED) $(APP) $(LIB)
	$(call say,LINK)
	$(Q)$(CC) -I. $(CFLAGS) -DFUZZ_TARGET=fuzz_$* -fsanitize=fuzzer $(LDFLAGS) -o $@ \
	 $(filter %.c %.o %.a,$^) $(LIBS)

$(BENCHES): $(BUILD)/bench-%: $(BUILD)/bench/bench_%.o $(APP) $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
$(BUILD)/bench-detectors: $(BUILD)/bench/hold.o
$(BUILD)/bench-blocking: $(call objects,$(wildcard bench/blocking*.c))
$(BUILD)/bench-micro: $(call objects,$(wildcard bench/micro_*.c))
# Each way to switch stacks: its objects come before the archive, and so stand for the archive's.
MICROS   = $(patsubst %,$(BUILD)/bench-micro-%,ucontext swapcontext $(if $(ASM),asm))
ASM      = $(call objects,$(wildcard runtime/context_asm_$(ARCH).S))
$(BUILD)/bench-micro-asm: $(ASM)
$(MICROS): $(BUILD)/bench-micro-%: $(BUILD)/bench/bench_micro.o $(call objects,$(wildcard bench/micro_*.c)) \
  $(BUILD)/runtime/context_%.o $(APP) $(LIB)
	$(call say,LINK)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)
# Blocking versus yielding: what it takes is little, so nginx and wrk need not be there.
bench: ; @.ci/deps bench && $(MAKE) --no-print-directory bench-ready && bench/bench-blocking $(BUILD)
test-bench: ; @.ci/deps bench && $(MAKE) --no-print-directory peers bench-ready suites-ready && \
	PEERS=$(PEERS) bench/test-bench $(BUILD)
bench-ready: $(BUILD)/bench-blocking $(BUILD)/upstream $(BUILD)/page/node_modules/uplot/package.json
$(BUILD)/page/node_modules/uplot/package.json: bench/page/package-lock.json
	@mkdir -p $(BUILD)/page && cp bench/page/package*.json $(BUILD)/page
	$(call say,NPM)
	$(Q)npm ci --silent --no-audit --no-fund --prefix $(BUILD)/page && touch $@
bench-%: all peers
	PEERS=$(PEERS) bench/$@ $(BUILD)
# What these compare with may be missing: they say so.
bench-detectors: ; @.ci/deps build && { .ci/deps bench || true; } && \
	$(MAKE) --no-print-directory all && bench/$@ $(BUILD)
bench-micro: ; @.ci/deps build && { .ci/deps rivals || true; } && \
	$(MAKE) --no-print-directory suites-ready && bench/$@ $(BUILD)
bench-peers: ; @.ci/deps build && { .ci/deps rivals || true; } && \
	$(MAKE) --no-print-directory peers suites-ready && PEERS=$(PEERS) bench/$@ $(BUILD)
bench-count: ; @.ci/deps build && $(MAKE) --no-print-directory suites-ready && \
	bench/$@ $(if $(CHECK),--check) $(BUILD)
suites-ready: $(addprefix $(BUILD)/,bench-micro bench-run bench-get collect upstream) $(MICROS)

deps: ; @.ci/deps $(or $(DEPS),test)
peers: ; @.ci/peers $(PEERS)
layers: ; @.ci/layers
lint: layers ; @.ci/lint
format: ; clang-format -i $$(find runtime net http app bench tests -name '*.[ch]')
check-macos: ; @.ci/check-macos $(BUILD)
chosen: ; @echo $(LIB_SRC)

HEADERS = $(wildcard runtime/async*.h net/net.h net/datagram.h net/streams.h \
	http/http.h http/json.h http/loophound.h)
# Made by the program itself, so that it says what --help says.
$(BUILD)/collect.1: $(BUILD)/collect
	$(call say,MAN)
	$(Q)$< man >$@
install: all $(BUILD)/collect.1
	@DESTDIR="$(DESTDIR)" PREFIX="$(PREFIX)" BUILD="$(BUILD)" VERSION=$(VERSION) SOMAJOR=$(SOMAJOR) \
	 LIBS="$(LIBS)" .ci/install $(HEADERS)

clean: ; rm -rf $(BUILD)

help:
	@echo 'targets:   all run bench test test-slow test-bench test-peers stress fuzz conformance deps install lint layers format check-macos bench-micro bench-peers bench-count bench-detectors bench-watchdog bench-idle bench-threads bench-trace bench-guard clean'
	@echo 'variables: BUILD CC CONTEXT POLLER GUARD SYMBOLS PROBES OPT SAN FORTIFY T VALGRIND STRICT PREFIX DESTDIR'
	@echo 'stress:    SEED ROUNDS MINUTES STALLS, see tests/README.md'
	@sed -n 's/^\([A-Z]*\) *=.*# *\(.*\)/  \1: \2/p' Makefile

-include $(shell find $(BUILD) -path '*/peers' -prune -o -name '*.d' -print 2>/dev/null)
