# Comity. `make help` says what there is.
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SUFFIXES:

BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       := $(if $(filter default,$(origin CC)),gcc,$(CC))
SANITIZE ?=
VERSION  := 0.1.0

PKGS     := libcrypto libssl libzmq libprotobuf-c libevent_core libevent_pthreads sqlite3 libconfuse jansson
WARN     := -Wall -Wextra -Wconversion -Wshadow -Wvla -Wmissing-prototypes -Wformat=2 -Werror
OPT      ?= -O2 -g
CPPFLAGS += -Idaemon -I$(BUILD)/gen -D_GNU_SOURCE -DCOMITY_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
CFLAGS   := -std=gnu17 $(OPT) -fstack-protector-strong -fno-omit-frame-pointer $(WARN)
LDLIBS   := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lpthread
LDFLAGS  += -Wl,--as-needed -Wl,-z,relro,-z,now
ifneq ($(SANITIZE),)
CFLAGS   += -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=$(SANITIZE)
else
CPPFLAGS += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

# A change of compiler or flags rebuilds everything.
FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)
$(shell mkdir -p $(BUILD); echo '$(FLAGS)' | cmp -s - $(BUILD)/flags || echo '$(FLAGS)' > $(BUILD)/flags)

PROTOS   := $(wildcard proto/comity/v1/*.proto)
GEN_C    := $(PROTOS:proto/%.proto=$(BUILD)/gen/%.pb-c.c)
GEN_H    := $(GEN_C:.c=.h)

room      = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(addsuffix /*.c,$(addprefix daemon/,$(1)))))
GEN_O    := $(GEN_C:.c=.o)
PURE_O   := $(call room,base law exchange wire audit)
NODE_O   := $(call room,node)
IO_O     := $(call room,io)
CLIENT_O := $(call room,client)
LIB_O    := $(GEN_O) $(PURE_O) $(NODE_O) $(IO_O)

DAEMON   := $(BUILD)/bin/comityd
CTL      := $(BUILD)/bin/comityctl

.PHONY: all
all: $(DAEMON) $(CTL)

$(DAEMON): $(LIB_O) $(call room,comityd)
$(CTL): $(GEN_O) $(PURE_O) $(CLIENT_O) $(call room,comityctl)
$(DAEMON) $(CTL):
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

# ------------------------------------------------------------ generated code
# The C names come out as Comity__V1__Request; the prefix is shortened to Cy.
$(BUILD)/gen/%.pb-c.c $(BUILD)/gen/%.pb-c.h &: proto/%.proto $(PROTOS) proto/protoc-gen-c-optional
	@mkdir -p $(BUILD)/gen
	protoc --plugin=protoc-gen-c=proto/protoc-gen-c-optional -Iproto --c_out=$(BUILD)/gen $<
	sed -i 's/Comity__V1__/Cy/g; s/COMITY__V1__/CY_/g; s/comity__v1__/cy_/g' \
		$(BUILD)/gen/$*.pb-c.c $(BUILD)/gen/$*.pb-c.h

$(GEN_O): %.o: %.c $(GEN_H) $(BUILD)/flags
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c $(BUILD)/flags | $(GEN_H)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# --------------------------------------------------------------- unit tests
# Every tests/unit/*_test.c is a cmocka program of its own.
UNIT     := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/*_test.c))
.PHONY: unit
unit: $(UNIT)
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(LIB_O) $(CLIENT_O)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcmocka
.PRECIOUS: $(BUILD)/obj/tests/unit/%.o

# The JSON mapping for tests/json/json_equal_test.py.
$(BUILD)/tests/json_tool: $(BUILD)/obj/tests/json/json_tool.o $(GEN_O) $(PURE_O)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

.PHONY: clean
clean:
	rm -rf $(BUILD)
