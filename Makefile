# Comity. `make help` says what there is.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

comma    := ,
BUILD    ?= build$(if $(SANITIZE),/$(subst $(comma),-,$(SANITIZE)))
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
SANITIZE ?=
COVER    ?=
VERSION  := 0.1.0

PKGS     := libcrypto libssl libzmq libprotobuf-c libevent_core libevent_extra libevent_pthreads sqlite3 libconfuse libical icu-uc jansson libsystemd
OPT      ?= -O2 -g
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wmissing-prototypes -Wformat=2
# A warning is an error where the tests run, not where a newer compiler knows new ones.
WERROR   ?=
# CPPFLAGS, CFLAGS and LDFLAGS of the user (dpkg-buildflags) come first: ours keep the hardening.
CPP_OURS := -Idaemon -I$(BUILD)/gen -D_GNU_SOURCE -DCOMITY_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
C_OURS   := -std=gnu17 -fstack-protector-strong -fno-omit-frame-pointer $(WARN)
LD_OURS  := -Wl,--as-needed -Wl,-z,relro,-z,now
LDLIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread
ifneq ($(SANITIZE),)
C_OURS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LD_OURS  += -fsanitize=$(SANITIZE)
# The runtime stands in the program: tests preload libraries of their own. clang does so anyway.
LD_OURS  += $(if $(findstring gcc,$(CC)),-static-libasan -static-libubsan -static-libtsan)
else ifneq ($(COVER),)
C_OURS   += $(COVER)
LD_OURS  += $(COVER)
else
CPP_OURS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$(if $(findstring _FORTIFY_SOURCE=3,$(CPPFLAGS) $(CFLAGS)),3,2)
endif
COMPILE  := $(CC) $(CPPFLAGS) $(CPP_OURS) $(OPT) $(CFLAGS) $(C_OURS)
LINK     := $(COMPILE) $(LDFLAGS) $(LD_OURS)

# One line a step; V=1 shows the commands.
Q        := $(if $(V),,@)
say       = @echo '  $(1)	$(2)'

# A change of compiler or flags rebuilds everything; what is installed is what was built.
ifneq ($(MAKECMDGOALS),install)
$(shell mkdir -p $(BUILD); echo '$(LINK)' | cmp -s - $(BUILD)/flags || echo '$(LINK)' > $(BUILD)/flags)
endif

PROTOS   := $(wildcard proto/comity/v1/*.proto)
GEN_C    := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.c)
GEN_H    := $(GEN_C:.c=.h)

room      = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(foreach r,$(1),daemon/$(r)/*.c daemon/$(r)/*/*.c)))
GEN_O    := $(GEN_C:.c=.o) $(BUILD)/gen/comity/v1/comments.o
PURE_O   := $(call room,base law exchange wire audit form proof)
NODE_O   := $(call room,port node)
IO_O     := $(call room,io)
CLIENT_O := $(call room,client)
# Loaders of files that people write, for both programs.
CONFIG_O := $(call room,config)
# Letters, for comityctl: it alone is compiled with Pango and Cairo, and linked with them.
LETTER_O := $(call room,letter)
SETTING  := pangocairo cairo-pdf
$(LETTER_O): COMPILE += $(shell pkg-config --cflags $(SETTING) 2>/dev/null)
LIB_O    := $(GEN_O) $(PURE_O) $(NODE_O) $(CONFIG_O) $(IO_O)

DAEMON   := $(BUILD)/bin/comityd
CTL      := $(BUILD)/bin/comityctl

# What comityctl reads, in the same place beside it as after an installation.
SHARE    := $(BUILD)/share/comity
MO       := $(patsubst config/locale/%.po,$(SHARE)/locale/%.mo,$(wildcard config/locale/*.po))

.PHONY: all
all: $(DAEMON) $(CTL) $(MO) $(SHARE)/form.conf

$(CTL): | $(MO) $(SHARE)/form.conf
$(MO): $(SHARE)/locale/%.mo: config/locale/%.po
	@mkdir -p $(@D)
	@command -v msgfmt >/dev/null || { echo 'msgfmt is missing: make deps installs what Comity is built with' >&2; exit 1; }
	$(call say,MSGFMT,$<)
	$(Q)msgfmt --check --endianness=little -o $@ $<
$(SHARE)/form.conf: config/form.conf
	@mkdir -p $(@D)
	$(call say,CP,$<)
	$(Q)cp $< $@

# The page of 'comityctl form', as C strings.
PAGE_FILES := $(addprefix daemon/comityctl/form/,page.html page.css sha256.js draft.js faults.js fields.js lists.js files.js print.js page.js)
PAGE_C   := $(BUILD)/gen/form_page_files.c
$(PAGE_C): daemon/comityctl/form/embed.awk $(PAGE_FILES)
	@mkdir -p $(@D)
	$(call say,AWK,$@)
	$(Q)awk -f $^ >$@
$(PAGE_C:.c=.o): $(PAGE_C) $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(WERROR) -c -o $@ $<

$(DAEMON): $(LIB_O) $(call room,comityd)
$(CTL): $(PAGE_C:.c=.o) $(GEN_O) $(PURE_O) $(CLIENT_O) $(CONFIG_O) $(LETTER_O) $(call room,comityctl)
$(CTL) $(BUILD)/tests/letter_tool: LDLIBS += $(shell pkg-config --libs $(SETTING) 2>/dev/null)
$(CTL): LDLIBS += $(shell pkg-config --libs libzip 2>/dev/null)
$(DAEMON) $(CTL):
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# ------------------------------------------------------------ generated code
# The C names come out as Comity__V1__Request; the prefix is shortened to Cy.
$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h &: proto/%.proto $(PROTOS) proto/protoc-gen-c-optional
	@mkdir -p $(BUILD)/gen
	@command -v protoc >/dev/null || { echo 'protoc is missing: make deps installs what Comity is built with' >&2; exit 1; }
	$(call say,PROTOC,$<)
	$(Q)protoc --plugin=protoc-gen-c=proto/protoc-gen-c-optional -Iproto --c_out=$(BUILD)/gen $<
	$(Q)sed -i 's/Comity__V1__/Cy/g; s/COMITY__V1__/CY_/g; s/comity__v1__/cy_/g' \
		$(BUILD)/gen/$*.pb-c.c $(BUILD)/gen/$*.pb-c.h

# The comments of what authorities and case systems say, which forms show as help.
$(BUILD)/gen/comity/v1/comments.c: proto/comments.awk $(PROTOS)
	@mkdir -p $(@D)
	$(call say,AWK,$@)
	$(Q)awk -f $< $(filter %/types.proto %/case.proto %/local.proto,$^) >$@

$(GEN_O): %.o: %.c $(GEN_H) $(BUILD)/flags
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(WERROR) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(WERROR) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD)/obj $(BUILD)/vary $(BUILD)/mutants $(BUILD)/gen -name '*.d' 2>/dev/null)

# --------------------------------------------------------------- unit tests
# Every tests/unit/*_test.c is a cmocka program of its own. What several share, the other files there and the fake
# ports (tests/rig/rig.h), are archives: a test takes of them what it uses.
RIG_A    := $(BUILD)/rig.a
UNIT_A   := $(BUILD)/unit.a
$(RIG_A): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/rig/*.c))
$(UNIT_A): $(patsubst %.c,$(BUILD)/obj/%.o,$(filter-out %_test.c,$(wildcard tests/unit/*.c)))
$(RIG_A) $(UNIT_A):
	$(call say,AR,$@)
	$(Q)rm -f $@; $(AR) rcs $@ $^
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c))
.PHONY: unit
unit: $(UNIT)
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(LIB_O) $(CLIENT_O) $(UNIT_A) $(RIG_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(UNIT_A) $(RIG_A) $(LDLIBS) -lcmocka
.SECONDARY: $(UNIT:$(BUILD)/tests/%=$(BUILD)/obj/tests/unit/%.o)
$(BUILD)/tests/form_test $(BUILD)/tests/form_words_test: | $(MO)
$(BUILD)/tests/law_publish_test: $(BUILD)/obj/tests/sim/table_attack.o

# For `make bench`.
$(BUILD)/tests/page_check_bench: $(BUILD)/obj/tests/bench/page_check.o $(LIB_O)
$(BUILD)/tests/load: $(BUILD)/obj/tests/bench/load.o $(GEN_O) $(PURE_O)
$(BUILD)/tests/load: LDLIBS += -lm
# What speaks to RabbitMQ, where its client library is.
$(BUILD)/tests/rival: $(addprefix $(BUILD)/obj/tests/bench/,rival.o rival_amqp.o rival_nats.o) $(GEN_O) $(PURE_O)
$(BUILD)/tests/rival: LDLIBS += -lrabbitmq
RIVAL    := $(if $(wildcard /usr/include/amqp.h /usr/include/rabbitmq-c/amqp.h),$(BUILD)/tests/rival)
$(BUILD)/tests/page_check_bench $(BUILD)/tests/load $(BUILD)/tests/rival:
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# What is counted by callgrind, for tests/cost/cost_test.py.
COST     := $(BUILD)/tests/cost
$(COST): $(BUILD)/obj/tests/cost/cost.o $(LIB_O) $(UNIT_A) $(RIG_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(UNIT_A) $(RIG_A) $(LDLIBS) -lcmocka
.PHONY: cost
cost: $(COST)
	@/usr/bin/python3 tests/cost/cost_test.py $(COST) $(if $(RECORD),--record,--show)

# The JSON mapping for tests/json/json_equal_test.py.
$(BUILD)/tests/json_tool: $(BUILD)/obj/tests/json/json_tool.o $(GEN_O) $(PURE_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# Letters from a description in JSON, for tests/letter/letter_test.py.
$(BUILD)/tests/letter_tool: $(BUILD)/obj/tests/letter/letter_tool.o $(GEN_O) $(PURE_O) $(LETTER_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# Our fold of a case, for tests/interop/fold_test.py.
$(BUILD)/tests/law_tool: $(BUILD)/obj/tests/interop/law_tool.o $(GEN_O) $(PURE_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# What comityd makes of calendars and zones, for tests/interop/digests_test.py.
$(BUILD)/tests/digests: $(BUILD)/obj/tests/interop/digests.o $(LIB_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# Our clocks of a case, for tests/interop/clocks_test.py.
$(BUILD)/tests/clocks_tool: $(BUILD)/obj/tests/interop/clocks_tool.o $(LIB_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)

# The tables of proto/PROTOCOL.md that stand in the code, for tests/proto/page_test.py.
PAGE     := $(BUILD)/tests/page
$(PAGE): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/proto/*.c)) $(LIB_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)
.PHONY: page
page: $(PAGE)
	@/usr/bin/python3 tests/proto/page_test.py $(PAGE) --write

# Which rows of the life cycle and of the shipped treaties the tests of the law hit:
# these are linked once more, with a recorder around the law's own functions.
LAW_COVER := $(BUILD)/law
LAW_TESTS := $(patsubst %,$(LAW_COVER)/%,law_admit_test law_clock_test law_fold_test law_shipped_test)
$(LAW_TESTS): $(LAW_COVER)/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/obj/tests/law/record.o $(LIB_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -Wl,--wrap=law_admit,--wrap=law_fold,--wrap=law_clocks \
		-Wl,--wrap=_cmocka_run_group_tests -o $@ $(filter %.o,$^) $(LDLIBS) -lcmocka
$(LAW_COVER)/rows: $(BUILD)/obj/tests/law/rows.o $(LIB_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(LDLIBS)
.PHONY: coverage-law $(LAW_COVER)
$(LAW_COVER): $(LAW_TESTS) $(LAW_COVER)/rows
coverage-law: $(LAW_COVER)
	@tests/law/coverage $(LAW_COVER) $(if $(V),--all)

# --------------------------------------------------------------- simulator
SIM      := $(BUILD)/tests/sim
SIM_O    := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/sim/*.c))
# What applies a limit is compiled once more, with limits that a seed may make small.
VARY     := $(shell grep -rlw --include='*.c' CY_BOUND daemon)
SIM_O    += $(VARY:%.c=$(BUILD)/vary/%.o) $(filter-out $(VARY:%.c=$(BUILD)/obj/%.o),$(LIB_O))
$(BUILD)/vary/%.o: %.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(COMPILE) $(WERROR) -DCY_BOUNDS_VARY -MMD -MP -c -o $@ $<
$(SIM): $(SIM_O) $(RIG_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(RIG_A) $(LDLIBS) -lm

.PHONY: sim sim-law mutants
sim: $(SIM)
	@$(SIM) $(if $(TRACE),--trace) $(SIMFLAGS) $(or $(SEEDS),$(SEED))

# A hundred authorities, ten legal years.
sim-law: $(SIM)
	@$(SIM) --law --once $(if $(TRACE),--trace) $(SIMFLAGS) $(or $(SEED),1)

# The bugs of daemon/base/mutant.h are planted all at once: the files that name one are compiled once more, and
# CY_MUTANT=NAME in the environment of such a program says which of them it shows.
PLANTED  := $(shell grep -rlw --include='*.c' 'CY_MUTANT_[A-Z_]*' daemon)
MUTANTS  := $(BUILD)/mutants
planted   = $(PLANTED:%.c=$(MUTANTS)/obj/%.o) $(filter-out $(PLANTED:%.c=$(BUILD)/vary/%.o) $(PLANTED:%.c=$(BUILD)/obj/%.o),$(1))
# No simulated case grows so long, nor do years pass, that two of them show: a unit test catches them.
BY_TEST  := law_room_test store_years_test
$(MUTANTS)/obj/%.o: %.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	$(call say,MUTANT,$<)
	$(Q)$(COMPILE) $(WERROR) -DCY_MUTANTS -DCY_BOUNDS_VARY -MMD -MP -c -o $@ $<
$(MUTANTS)/sim: $(call planted,$(SIM_O))
$(BY_TEST:%=$(MUTANTS)/%): $(MUTANTS)/%: $(BUILD)/obj/tests/unit/%.o $(call planted,$(LIB_O)) \
	$(addprefix $(BUILD)/obj/tests/sim/,bounds.o planted.o)
$(BY_TEST:%=$(MUTANTS)/%): LDLIBS += -lcmocka
$(MUTANTS)/sim $(BY_TEST:%=$(MUTANTS)/%): $(RIG_A)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(RIG_A) $(LDLIBS) -lm
.PHONY: $(MUTANTS)
$(MUTANTS): $(MUTANTS)/sim $(BY_TEST:%=$(MUTANTS)/%)
mutants: $(MUTANTS)
	@tests/sim/mutants_test.sh $(MUTANTS)

# ----------------------------------------------------------------- fuzzing
# Targets by clang in a tree of their own: $(FUZZ)/NAME with libFuzzer, and
# $(FUZZ)/replay/NAME with a plain main() for the committed inputs.
FUZZ_TARGETS := peer chunk parcel local json config treaty names zmtp node
FUZZ_SHARED  := round_trip mutate rig rig_link
FUZZ         := $(BUILD)/tests/fuzz
FUZZ_O       := $(FUZZ_SHARED:%=$(BUILD)/obj/tests/fuzz/%.o) $(RIG_A) $(LIB_O)

$(FUZZ_TARGETS:%=$(FUZZ)/%): $(FUZZ)/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(RIG_A) $(LDLIBS)
$(FUZZ_TARGETS:%=$(FUZZ)/replay/%): $(FUZZ)/replay/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(FUZZ_O)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(LINK) -o $@ $(filter %.o,$^) $(RIG_A) $(LDLIBS)
.SECONDARY: $(FUZZ_TARGETS:%=$(BUILD)/obj/tests/fuzz/%.o)
.PHONY: fuzz-targets fuzz-replay fuzz fuzz-coverage
fuzz-targets: $(FUZZ_TARGETS:%=$(FUZZ)/%)
fuzz-replay: $(FUZZ_TARGETS:%=$(FUZZ)/replay/%)

BY_CLANG     := CC=clang OPT='-O1 -g'
FUZZING      := BUILD=$(BUILD)/fuzz $(BY_CLANG) SANITIZE=fuzzer-no-link,address,undefined
fuzz: test-packages
	@$(MAKE) --no-print-directory $(FUZZING) fuzz-targets
	@tests/fuzz/run $(BUILD)/fuzz $(or $(MINUTES),8) $(or $(ONLY),$(FUZZ_TARGETS))
# Lines that the committed inputs reach, by llvm-cov.
COVERED      := daemon/wire/*.c $(addprefix daemon/node/,$(addprefix peers/,greet.c inbound.c outbound.c session.c reconcile.c giveback.c takeback.c) clients/local.c) \
	daemon/io/link/zmtp_guard.c
fuzz-coverage: test-packages
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/cover $(BY_CLANG) COVER='-fprofile-instr-generate -fcoverage-mapping' \
		fuzz-replay
	@tests/fuzz/coverage $(BUILD)/cover '$(COVERED)' $(FUZZ_TARGETS)

# ------------------------------------------------------------------- tests
.PHONY: check test-packages
test-packages:
	@contrib/install-packages build run test

# How much longer than usual a suite may take, and its waiting for an event.
TIME_FACTOR  ?= $(if $(SANITIZE),6,1)
export TIME_FACTOR SANITIZE

# On all processors, unless -j says how many.
JOBS          = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# What the tests of that name need is built, and nothing else. The packages come first, whatever -j says.
check: test-packages
	@$(MAKE) --no-print-directory $(JOBS) WERROR=-Werror built NEEDS="$$(tests/check --needs $(BUILD) '$(TESTS)')"
	@tests/check $(BUILD) '$(TESTS)'
.PHONY: built built-by-clang
BY_CLANG_TOO := $(filter $(BUILD)/fuzz/%,$(NEEDS))
built: $(filter-out $(BY_CLANG_TOO),$(NEEDS)) $(if $(BY_CLANG_TOO),built-by-clang)
built-by-clang:
	@$(MAKE) --no-print-directory $(FUZZING) $(BY_CLANG_TOO)

# Data races: what has threads, by ThreadSanitizer (tests/tsan.supp says what is left out).
TSAN_UNIT    := blobs_fs_test link_test link_bulk_test link_proof_test store_sqlite_test signer_test local_socket_test
space        := $(subst ,, )
.PHONY: check-tsan
check-tsan:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/thread SANITIZE=thread check \
		TESTS='^(unit/($(subst $(space),|,$(TSAN_UNIT)))|e2e/reload|e2e/service|interop/interop)$$$$'

# ------------------------------------------------------------------- others
# Figures, not a test: nothing here fails for being slow.
.PHONY: bench
bench: test-packages
	@$(MAKE) --no-print-directory all $(BUILD)/tests/load $(if $(filter-out 0,$(PEERS)),$(RIVAL))
	@PEERS=$(PEERS) FULL=$(FULL) RUNS=$(RUNS) PARTS='$(PARTS)' /usr/bin/python3 tests/bench/bench.py $(DAEMON) $(CTL) $(BUILD)/bench.json
	@$(if $(filter-out 0,$(FULL)),$(MAKE) --no-print-directory bench-years)

# What grows over years, and what checksums of pages cost.
.PHONY: bench-years
bench-years: $(BUILD)/tests/store_years_test $(BUILD)/tests/page_check_bench
	@$(BUILD)/tests/page_check_bench
	@YEARS_CASES=$(or $(YEARS_CASES),500) $(BUILD)/tests/store_years_test

# The attacks of `make check`, and how long its users had to wait meanwhile.
.PHONY: siege
siege: test-packages
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 tests/siege/report.py $(DAEMON) $(CTL)

# Boots a container as root: not part of check.
.PHONY: check-systemd
check-systemd: all
	@contrib/install-packages build run container
	@tests/systemd/check $(BUILD)

.PHONY: deps demo lint format install help clean
deps:
	@contrib/install-packages $(or $(FOR),build run test)

demo:
	@contrib/install-packages build run
	@$(MAKE) --no-print-directory $(JOBS) all
	@KEEP=$(KEEP) contrib/demo/demo $(BUILD)

lint: WERROR := -Werror
lint: $(LIB_O) $(CLIENT_O) $(LETTER_O) $(call room,comityd comityctl)
	@tests/lint $(BUILD)

.PHONY: rooms
rooms: all
	@tests/rooms $(BUILD)

format:
	@tests/format

# What is installed names what is installed by its path.
PLACED   := s,/usr/local/\(share\|lib\|sbin\)/,$(PREFIX)/\1/,g
install:
	@test -x $(DAEMON) -a -x $(CTL) || { echo 'make install: $(DAEMON) is not built: run make first, with the same BUILD' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/comity \
		$(DESTDIR)$(PREFIX)/share/comity/treaties \
		$(DESTDIR)$(PREFIX)/share/comity/proto/comity/v1 $(DESTDIR)$(PREFIX)/share/doc/comity \
		$(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(DAEMON) $(DESTDIR)$(PREFIX)/sbin/
	install -m 755 $(CTL) certs/comity-pki $(DESTDIR)$(PREFIX)/bin/
	install -m 644 config/comityd.conf config/letterhead.conf $(DESTDIR)$(PREFIX)/share/comity/
	install -d $(DESTDIR)$(PREFIX)/share/comity/calendars
	install -m 644 config/calendars/*.ics $(DESTDIR)$(PREFIX)/share/comity/calendars/
	install -m 644 config/treaties/*.conf $(DESTDIR)$(PREFIX)/share/comity/treaties/
	install -d $(DESTDIR)$(PREFIX)/share/comity/locale
	install -m 644 config/form.conf $(DESTDIR)$(PREFIX)/share/comity/
	install -m 644 $(MO) $(DESTDIR)$(PREFIX)/share/comity/locale/
	install -m 644 $(PROTOS) $(DESTDIR)$(PREFIX)/share/comity/proto/comity/v1/
	install -m 644 README.md LICENSE proto/PROTOCOL.md proto/CONFORMANCE.md $(DESTDIR)$(PREFIX)/share/doc/comity/
	for page in INSTALL contrib/man/*; do \
		case $$page in INSTALL) to=share/doc/comity ;; *) to=share/man/man$${page##*.} ;; esac; \
		to=$(DESTDIR)$(PREFIX)/$$to/$${page##*/}; \
		sed '$(PLACED)' $$page >$$to && chmod 644 $$to || exit 1; \
	done
	sed -Ef contrib/demo/acknowledge.sed contrib/demo/request.json >$(DESTDIR)$(PREFIX)/share/doc/comity/request.json
	chmod 644 $(DESTDIR)$(PREFIX)/share/doc/comity/request.json
	install -d $(addprefix $(DESTDIR)$(PREFIX)/lib/,systemd/system systemd/catalog sysusers.d tmpfiles.d)
	for unit in service socket; do \
		to=$(DESTDIR)$(PREFIX)/lib/systemd/system; \
		sed '$(PLACED)' contrib/systemd/comityd.$$unit >$$to/comityd.$$unit && \
		sed -f contrib/systemd/instance.sed $$to/comityd.$$unit >$$to/comityd@.$$unit && \
		chmod 644 $$to/comityd.$$unit $$to/comityd@.$$unit || exit 1; \
	done
	install -m 644 contrib/systemd/comity.catalog $(DESTDIR)$(PREFIX)/lib/systemd/catalog/
	install -m 644 contrib/systemd/comity.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/comity.conf
	install -m 644 contrib/systemd/comity.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/comity.conf

help:
	@echo 'make            build/bin/comityd and build/bin/comityctl'
	@echo 'make demo       two authorities exchange a request, then weeks of time limits in seconds; KEEP=1 leaves the two running'
	@echo 'make check      every test; TESTS=PATTERN runs those whose name matches, and builds what they need: TESTS=unit/law_days_test'
	@echo 'make check-tsan data races between threads, by ThreadSanitizer'
	@echo 'make page       writes the tables of proto/PROTOCOL.md that stand in the code anew'
	@echo 'make coverage-law  rows of the life cycle and of the shipped treaties that no test hits; V=1 shows which hits which'
	@echo 'make sim        the simulator; SEEDS=1..2000, or SEED=7 TRACE=1 for its whole story'
	@echo 'make sim-law    a hundred authorities keep the time limits of treaties for ten simulated years; SEED=1'
	@echo 'make mutants    planted bugs: each must be caught by the simulator'
	@echo 'make fuzz       libFuzzer on every target; MINUTES=8 shared by them all, ONLY="node json" some of them'
	@echo 'make fuzz-coverage  lines that the committed inputs of the fuzzer reach'
	@echo 'make check-systemd  boots a container, as root, and tries the service in it'
	@echo 'make bench      what messages and evidence cost on this machine, in ten minutes: a table, and build/bench.json; FULL=1 for hours,'
	@echo '                PEERS=1 beside RabbitMQ and NATS, RUNS=3 for medians; tests/bench/bench.py --help says what else there is'
	@echo 'make cost       what three scenarios cost in instructions, beside the budget that make check holds them to; RECORD=1 writes it anew'
	@echo 'make siege      the attacks of make check, and what the daemon'"'"'s users felt of them'
	@echo 'make rooms      the rooms, the sub-rooms of node/, and the calls between them'
	@echo 'make lint       floors, pure rooms, format, static analysis, shell scripts'
	@echo 'make install    what make has built; DESTDIR= and PREFIX= are honoured'
	@echo 'make deps       install the Debian packages of contrib/packages; FOR="build run" without those of the tests, FOR=run to run it;'
	@echo '                FOR=java has make check compile the schema for Java as well'
	@echo 'make clean      remove build/'
	@echo 'CC=clang, OPT="-O3 -g" and BUILD=DIR change how it is built, and CPPFLAGS, CFLAGS and LDFLAGS are added; V=1 shows'
	@echo 'the commands; WERROR=-Werror takes a warning for an error, as lint and check do. SANITIZE=address,undefined too, as in'
	@echo 'make check SANITIZE=address,undefined: every test, in build/address-undefined, six times as patient.'
	@echo 'check measures how quick the machine is at present, and lets tests take longer on a slow one; TIME_FACTOR=2 twice as long again.'

clean:
	rm -rf $(BUILD)
