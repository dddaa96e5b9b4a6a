/* Our clocks of a case, for tests/interop/clocks_test.py.
 *
 * usage: clocks_tool CALENDARS PROFILE ZONE...
 *
 * Prints the canonical form of the profile and an empty line. Then reads cases from standard input, a line each:
 *
 *	place SIDE ZONE CALENDAR      of the requesting (1) and the requested side (2); "-": none is known
 *	message VOID HEX              a serialised comity.v1.Message
 *	stated NAME MEASURE NOTICE START
 *	receipt AUTHOR NUMBER MADE    AUTHOR of the message: 1 or 2
 *	follow HEX                    a comity.v1.Message whose request follows the case
 *	count
 *
 * and answers each `count` with a line for each clock, NAME MEASURE NOTICE STATE START DUE END EXCUSED BY, and an empty
 * line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/profile_confuse.h"
#include "config/zone_tz.h"
#include "io/calendar/calendar_ical.h"
#include "law/clock.h"
#include "wire/message.h"

enum {
	MANY = 512
};

static const struct law_zone *zones[64];
static struct law_data legal_data = { .zones = zones };

/* The case at hand. */
static struct law_fact facts[MANY];
static struct law_stated stated[MANY];
static struct law_receipt receipts[MANY];
static struct law_follow_up follow_ups[MANY];
static struct law_terms terms; /* of the message that opens it, and its number; 0: none */
static uint32_t opened_by;
static struct law_clock_input in;

static ProtobufCMessage *message_of(const char *hex)
{
	static uint8_t bytes[CY_MESSAGE_MAX];
	struct cy_error e = { 0 };
	ProtobufCMessage *m = NULL;
	size_t len = 0;

	for (unsigned byte; sscanf(hex + 2 * len, "%2x", &byte) == 1; len++)
		bytes[len] = (uint8_t)byte;
	CY_ASSERT(wire_unpack(&cy_message__descriptor, cy_bytes(bytes, len), CY_MESSAGE_MAX, &m, &e) == CY_OK);
	return m;
}

static void begin(const struct law_profile *p)
{
	in = (struct law_clock_input){ .profile = p,
				       .terms = &terms,
				       .facts = facts,
				       .stated = stated,
				       .receipts = receipts,
				       .follow_ups = follow_ups };
	terms = (struct law_terms){ .urgency_day = LAW_NO_DAY };
	opened_by = 0;
}

static void take_message(const char *hex, bool voided)
{
	ProtobufCMessage *m = message_of(hex);
	struct law_fact *f = &facts[in.n++];

	law_fact_of((const CyMessage *)m, f);
	f->voided = voided;
	if (law_kind_opens(f->kind) && (opened_by == 0 || f->number < opened_by)) {
		law_terms_of((const CyMessage *)m, &terms);
		opened_by = f->number;
	}
	protobuf_c_message_free_unpacked(m, NULL);
}

static void take_follow_up(const char *hex)
{
	ProtobufCMessage *m = message_of(hex);
	struct law_follow_up *f = &follow_ups[in.n_follow_ups++];
	struct law_terms t;

	law_terms_of((const CyMessage *)m, &t);
	*f = (struct law_follow_up){ .case_id = "", .at_ms = t.opened_ms };
	for (size_t i = 0; i < t.n; i++)
		f->types |= UINT64_C(1) << t.type[i];
	protobuf_c_message_free_unpacked(m, NULL);
}

static int print_clock(void *arg, const struct law_clock *c)
{
	(void)arg;
	printf("%s %u %u %s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %u\n", c->key.name, c->key.measure,
	       c->key.notice, law_clock_state_name(c->state), c->start.ms, c->due.ms, c->ended.ms, c->excused.ms,
	       c->excused_by);
	return CY_OK;
}

static void take(const char *line)
{
	char zone[64], calendar[64];
	struct law_stated *s = &stated[in.n_stated];
	struct law_receipt *r = &receipts[in.n_receipts];
	unsigned a, b;
	int64_t ms;

	CY_ASSERT(in.n < MANY && in.n_stated < MANY && in.n_receipts < MANY && in.n_follow_ups < MANY);
	if (sscanf(line, "place %u %63s %63s", &a, zone, calendar) == 3 && a < 3) {
		in.zone[a] = law_find_zone(&legal_data, zone);
		in.calendar[a] = law_find_calendar(&legal_data, calendar);
	} else if (strncmp(line, "message ", 8) == 0) {
		take_message(line + 10, line[8] == '1');
	} else if (sscanf(line, "stated %63s %u %u %" SCNd64, zone, &a, &b, &ms) == 4) {
		*s = (struct law_stated){ .key = { .measure = (uint8_t)a, .notice = b }, .start_ms = ms };
		CY_ASSERT(cy_copy(s->key.name, sizeof s->key.name, zone) == CY_OK);
		in.n_stated++;
	} else if (sscanf(line, "receipt %u %u %" SCNd64, &a, &b, &ms) == 3) {
		*r = (struct law_receipt){ .author = (CySide)a, .number = b, .made_ms = ms };
		in.n_receipts++;
	} else {
		CY_ASSERT(strncmp(line, "follow ", 7) == 0);
		take_follow_up(line + 7);
	}
}

int main(int argc, char **argv)
{
	struct config_problems problems = { 0 };
	struct cy_arena arena = { 0 };
	struct cy_buf form = CY_BUF(LAW_CANONICAL_MAX);
	struct cy_error e = { 0 };
	const struct law_profile *profile;
	static char line[4 * CY_MESSAGE_MAX];

	CY_ASSERT(argc >= 3 && argc < 64);
	CY_ASSERT(calendar_load_dir(argv[1], &arena, &legal_data.calendars, &legal_data.n_calendars, &problems) ==
		  CY_OK);
	CY_ASSERT(profile_load(argv[2], &arena, &profile, &problems) == CY_OK);
	for (int i = 3; i < argc; i++)
		CY_ASSERT(zone_load(NULL, argv[i], &arena, &zones[legal_data.n_zones++], &e) == CY_OK);
	CY_ASSERT(law_profile_canonical(profile, &form) == CY_OK);
	printf("%.*s\n", (int)form.len, (const char *)form.data);
	fflush(stdout);
	cy_buf_free(&form);
	begin(profile);
	while (fgets(line, sizeof line, stdin) != NULL) {
		if (strcmp(line, "count\n") != 0) {
			take(line);
			continue;
		}
		CY_ASSERT(law_clocks(&in, print_clock, NULL) == CY_OK);
		putchar('\n');
		fflush(stdout);
		begin(profile);
	}
	cy_arena_free(&arena);
	return 0;
}
