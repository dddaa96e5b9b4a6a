/* Our law, for tests/interop/fold_test.py and checks_test.py. Reads questions from standard input and answers each with
 * a line.
 *
 * About a case: a byte 'F' or 'A', the number of messages (4 bytes, big-endian), and for each a byte (1: it is void),
 * its length (4 bytes) and the serialised comity.v1.Message. 'F' is answered by the state of the case, 'A' by whether
 * the last message is admissible after those before it. About a content: a byte 'V', its length (4 bytes) and the
 * serialised comity.v1.Content; answered by the fields that have faults. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "law/fold.h"
#include "law/validate.h"
#include "wire/message.h"

enum {
	MESSAGES_MAX = 4096
};

static struct law_fact facts[MESSAGES_MAX];
static enum law_effect effects[MESSAGES_MAX];

static uint32_t read32(void)
{
	uint8_t b[4];

	CY_ASSERT(fread(b, 1, sizeof b, stdin) == sizeof b);
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static ProtobufCMessage *read_message(const ProtobufCMessageDescriptor *d)
{
	static uint8_t bytes[CY_MESSAGE_MAX];
	const uint32_t len = read32();
	struct cy_error e = { 0 };
	ProtobufCMessage *m = NULL;

	CY_ASSERT(len <= sizeof bytes && fread(bytes, 1, len, stdin) == len);
	CY_ASSERT(wire_unpack(d, cy_bytes(bytes, len), CY_MESSAGE_MAX, &m, &e) == CY_OK);
	return m;
}

static struct law_fact read_fact(void)
{
	const int voided = getchar();
	ProtobufCMessage *m = read_message(&cy_message__descriptor);
	struct law_fact f = { 0 };

	law_fact_of((const CyMessage *)m, &f);
	f.voided = voided == 1;
	protobuf_c_message_free_unpacked(m, NULL);
	return f;
}

static void print_case(const struct law_case *c, size_t n)
{
	printf("%s opened %u flags %d%d%d%d%d%d measures", law_case_state_name(c->state), c->opened_by, c->registered,
	       c->executing_ack, c->returned, c->redirected, c->closed, c->supplemented);
	for (unsigned i = 0; i < law_subjects(c); i++) {
		const struct law_measure *m = &c->measures[i];

		printf(" %s:%d%d%d%d:%u:%u", law_measure_state_name(m->state), m->recognised, m->postponed, m->partial,
		       m->bound, m->proposal, m->ground);
	}
	printf(" notices");
	for (unsigned i = 0; i < c->n_notices; i++)
		printf(" %u:%llx", c->notices[i], (unsigned long long)c->notice_measures[i]);
	printf(" consents");
	for (unsigned i = 0; i < c->n_consents; i++)
		printf(" %u", c->consents[i]);
	printf(" effects ");
	for (size_t i = 0; i < n; i++)
		putchar("TOVW"[effects[i]]);
	putchar('\n');
}

static void judge_content(void)
{
	ProtobufCMessage *m = read_message(&cy_content__descriptor);
	static struct law_faults faults;

	law_validate((const CyContent *)m, &faults);
	for (size_t i = 0; i < faults.n; i++)
		printf("%s%s", i > 0 ? " " : "", faults.at[i].field);
	puts(faults.more ? " and more" : "");
	protobuf_c_message_free_unpacked(m, NULL);
}

static void judge_case(bool whole)
{
	const uint32_t n = read32();
	struct law_case c;
	struct cy_error e = { 0 };

	CY_ASSERT(n > 0 && n <= MESSAGES_MAX);
	for (uint32_t i = 0; i < n; i++)
		facts[i] = read_fact();
	if (whole) {
		law_fold(facts, n, &c, effects, NULL);
		print_case(&c, n);
	} else if (law_admit(facts, n - 1, &facts[n - 1], &e) == CY_OK)
		puts("yes");
	else
		printf("no: %s\n", e.text);
}

int main(void)
{
	for (int op; (op = getchar()) != EOF;) {
		if (op == 'V')
			judge_content();
		else
			judge_case(op == 'F');
		fflush(stdout);
	}
	return 0;
}
