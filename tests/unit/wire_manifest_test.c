/* The signed texts: what a writer makes a reader takes back, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/uuid.h"
#include "wire/manifest.h"

#define MADE INT64_C(1795428000000) /* 2026-11-23T10:00:00.000Z */

static const char id_1[] = "019a0000-0000-7000-8000-000000000001";
static const char id_2[] = "019a0000-0000-7000-8000-000000000002";

static const char receipt_text[] =
	"# comity-manifest 1\n"
	"# type receipt\n"
	"# from IE\n"
	"# to US-OIA\n"
	"# epoch 1763856000000\n"
	"# sequence 7\n"
	"# parcel ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
	"# made 2026-11-23T10:00:00.000Z\n"
	"# audit-size 12\n"
	"# audit-root e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
	"# accepted\n"
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  019a0000-0000-7000-8000-000000000001\n"
	"# rejected UNSEEN it claims to have seen number 4\n"
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  019a0000-0000-7000-8000-000000000002\n";

static const char parcel_text[] =
	"# comity-manifest 1\n"
	"# type parcel\n"
	"# from US-OIA\n"
	"# to IE\n"
	"# epoch 1763856000000\n"
	"# sequence 7\n"
	"# made 2026-11-23T10:00:00.000Z\n"
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  019a0000-0000-7000-8000-000000000001\n";

static const char head_text[] = "# comity-manifest 1\n"
				"# type audit-head\n"
				"# from IE\n"
				"# to US-OIA\n"
				"# epoch 3\n"
				"# made 2026-11-23T10:00:00.000Z\n"
				"# audit-size 0\n"
				"# audit-root e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

static const char failure_text[] =
	"# comity-manifest 1\n"
	"# type relay-failure\n"
	"# from IE\n"
	"# to US-OIA\n"
	"# made 2026-11-23T10:00:00.000Z\n"
	"# rejected EXPIRED not delivered in 30 days\n"
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  019a0000-0000-7000-8000-000000000001\n";

static const char proof_text[] = "# comity-manifest 1\n"
				 "# type session-proof\n"
				 "# from IE\n"
				 "# to US-OIA\n"
				 "# made 2026-11-23T10:00:00.000Z\n"
				 "# role listener\n"
				 "# lane bulk\n"
				 "# hello-from ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n"
				 "# hello-to e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
				 "# binding exporter "
				 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n";

static struct wire_text text_of(enum wire_text_type type)
{
	struct wire_text t;

	memset(&t, 0, sizeof t);
	t.type = type;
	strcpy(t.from, type == WIRE_PARCEL ? "US-OIA" : "IE");
	strcpy(t.to, type == WIRE_PARCEL ? "IE" : "US-OIA");
	t.made.ms = MADE;
	return t;
}

static void add_entry(struct wire_text *t, const char *content, const char *id)
{
	struct wire_entry *entry = &t->entries[t->n++];

	entry->digest = cy_sha256(cy_bytes(content, strlen(content)));
	strcpy(entry->id, id);
}

static void assert_written(const struct wire_text *t, const char *expected)
{
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

	assert_int_equal(wire_text_write(t, &out), CY_OK);
	assert_string_equal((const char *)out.data, expected);
	cy_buf_free(&out);
}

static void each_type_is_written_line_for_line(void **state)
{
	struct wire_text t = text_of(WIRE_PARCEL);

	(void)state;
	t.epoch = 1763856000000;
	t.sequence = 7;
	add_entry(&t, "abc", id_1);
	assert_written(&t, parcel_text);

	t = text_of(WIRE_RECEIPT);
	t.epoch = 1763856000000;
	t.sequence = 7;
	t.parcel = cy_sha256(cy_bytes("abc", 3));
	t.audit_size = 12;
	t.audit_root = cy_sha256(cy_bytes("", 0));
	add_entry(&t, "abc", id_1);
	add_entry(&t, "", id_2);
	t.entries[1].code = CY_REJECTION_CODE__UNSEEN;
	strcpy(t.entries[1].reason, "it claims to have seen number 4");
	assert_written(&t, receipt_text);

	t = text_of(WIRE_AUDIT_HEAD);
	t.epoch = 3;
	t.audit_root = cy_sha256(cy_bytes("", 0));
	assert_written(&t, head_text);

	t = text_of(WIRE_SESSION_PROOF);
	t.role = WIRE_LISTENER;
	t.lane = WIRE_BULK;
	t.hello_from = t.bound = cy_sha256(cy_bytes("abc", 3));
	t.hello_to = cy_sha256(cy_bytes("", 0));
	t.binding = WIRE_EXPORTER;
	assert_written(&t, proof_text);

	t = text_of(WIRE_RELAY_FAILURE);
	add_entry(&t, "abc", id_1);
	t.entries[0].code = CY_REJECTION_CODE__EXPIRED;
	strcpy(t.entries[0].reason, "not delivered in 30 days");
	assert_written(&t, failure_text);
}

static void random_reason(struct cy_rng *rng, char *out)
{
	static const char *const pieces[] = { "a", " ", "ü", "€", "𝄞", "#", "rejected", "." };
	size_t n = 0;

	while (cy_rng_below(rng, 40) != 0 || n == 0) {
		const char *piece = pieces[cy_rng_below(rng, sizeof pieces / sizeof pieces[0])];

		if (n + strlen(piece) > CY_REASON_MAX)
			break;
		strcpy(out + n, piece);
		n += strlen(piece);
	}
}

static void random_text(struct cy_rng *rng, struct wire_text *t)
{
	*t = text_of((enum wire_text_type)cy_rng_below(rng, 5));
	t->made.ms = (int64_t)cy_rng_below(rng, UINT64_C(253402300800000));
	if (t->type != WIRE_RELAY_FAILURE && t->type != WIRE_SESSION_PROOF)
		t->epoch = cy_rng_next(rng) >> (1 + cy_rng_below(rng, 63));
	if (t->type == WIRE_PARCEL || t->type == WIRE_RECEIPT)
		t->sequence = cy_rng_next(rng) >> (1 + cy_rng_below(rng, 63));
	if (t->type == WIRE_RECEIPT)
		t->parcel = cy_sha256(cy_bytes(rng, sizeof *rng));
	if (t->type == WIRE_RECEIPT || t->type == WIRE_AUDIT_HEAD) {
		t->audit_size = cy_rng_next(rng) >> 1;
		t->audit_root = cy_sha256(cy_bytes(rng, sizeof *rng));
	}
	if (t->type == WIRE_SESSION_PROOF) {
		const uint64_t noise = cy_rng_next(rng);

		t->role = (enum wire_role)(noise & 1);
		t->lane = (enum wire_lane)(noise >> 1 & 1);
		t->binding = (enum wire_binding)(noise >> 2 & 1);
		t->hello_from = t->hello_to = t->bound = cy_sha256(cy_bytes(&noise, sizeof noise));
	}
	if (t->type == WIRE_AUDIT_HEAD || t->type == WIRE_SESSION_PROOF)
		return;
	t->n = 1 + cy_rng_below(rng, CY_PARCEL_MESSAGES_MAX);
	for (size_t i = 0; i < t->n; i++) {
		struct wire_entry *entry = &t->entries[i];
		uint64_t noise[2] = { cy_rng_next(rng), cy_rng_next(rng) };

		entry->digest = cy_sha256(cy_bytes(noise, sizeof noise));
		strcpy(entry->id, cy_uuid7(t->made, (const uint8_t *)noise).s);
		if (t->type == WIRE_RECEIPT)
			entry->code = (CyRejectionCode)cy_rng_below(rng, 11);
		else if (t->type == WIRE_RELAY_FAILURE)
			entry->code = CY_REJECTION_CODE__EXPIRED;
		if (entry->code != 0)
			random_reason(rng, entry->reason);
	}
}

static void what_is_written_is_read_back_and_written_the_same(void **state)
{
	struct cy_rng rng = { .state = 20261123 };
	static struct wire_text t, again;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct cy_buf first = CY_BUF(CY_MANIFEST_MAX), second = CY_BUF(CY_MANIFEST_MAX);
		struct cy_error e;

		random_text(&rng, &t);
		assert_int_equal(wire_text_write(&t, &first), CY_OK);
		assert_int_equal(wire_text_read(cy_buf_view(&first), &again, &e), CY_OK);
		assert_memory_equal(&t, &again, sizeof t);
		assert_int_equal(wire_text_write(&again, &second), CY_OK);
		assert_true(cy_bytes_equal(cy_buf_view(&first), cy_buf_view(&second)));
		cy_buf_free(&first);
		cy_buf_free(&second);
	}
}

/* Change every byte in several ways, and cut and lengthen: what still parses
 * must be written exactly as it was read. */
static void no_altered_text_is_read_that_a_writer_would_not_make(void **state)
{
	static const char *const texts[] = { parcel_text, receipt_text, head_text, failure_text, proof_text };
	static const char others[] = "\0\n\r #A0z\x80\x7f";
	/* Without its last entry the receipt is whole again. */
	const char *shorter = strstr(receipt_text, "# rejected");
	static struct wire_text t;
	char copy[1200];

	(void)state;
	for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
		size_t len = strlen(texts[k]);
		unsigned accepted = 0;

		for (size_t i = 0; i < len; i++) {
			assert_int_equal(wire_text_read(cy_bytes(texts[k], i), &t, NULL),
					 texts[k] + i == shorter ? CY_OK : CY_EPARSE);
			for (size_t o = 0; o < sizeof others - 1; o++) {
				struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);

				memcpy(copy, texts[k], len);
				copy[i] = others[o];
				if (wire_text_read(cy_bytes(copy, len), &t, NULL) < 0)
					continue;
				accepted++;
				assert_int_equal(wire_text_write(&t, &out), CY_OK);
				assert_true(cy_bytes_equal(cy_buf_view(&out), cy_bytes(copy, len)));
				cy_buf_free(&out);
			}
		}
		assert_true(accepted > 0);
		memcpy(copy, texts[k], len);
		copy[len] = '\n';
		assert_int_equal(wire_text_read(cy_bytes(copy, len + 1), &t, NULL), CY_EPARSE);
	}
}

static void assert_refused_at(const char *text, const char *line)
{
	static struct wire_text t;
	struct cy_error e = { .code = 0 };

	t.n = 4711;
	assert_int_equal(wire_text_read(cy_bytes(text, strlen(text)), &t, &e), CY_EPARSE);
	assert_string_equal(e.field, line);
	assert_int_equal(e.code, CY_EPARSE);
	assert_int_equal(t.n, 4711);
}

static void replaced(char *out, size_t size, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, size, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void a_wrong_line_is_named_by_its_number(void **state)
{
	static const struct {
		const char *text, *from, *to, *line;
	} cases[] = {
		{ parcel_text, "manifest 1", "manifest 2", "line 1" },
		{ parcel_text, "type parcel", "type parcels", "line 2" },
		{ parcel_text, "from US-OIA", "from us-oia", "line 3" },
		{ parcel_text, "# to IE\n", "", "line 4" },
		{ parcel_text, "# to IE\n", "# to IE\n# to IE\n", "line 5" },
		{ parcel_text, "# epoch 1", "# epoch 01", "line 5" },
		{ parcel_text, "sequence 7", "sequence  7", "line 6" },
		{ parcel_text, "sequence 7", "sequence 9223372036854775808", "line 6" },
		{ parcel_text, "10:00:00.000Z", "10:00:00Z", "line 7" },
		{ parcel_text, "ba78", "BA78", "line 8" },
		{ parcel_text, "  019a", " *019a", "line 8" },
		{ parcel_text, "-7000-", "-7/00-", "line 8" },
		{ parcel_text, "-7000-", "-7\\00-", "line 8" },
		{ parcel_text, "-7000-", "-7 00-", "line 8" },
		{ parcel_text, "-7000-", "-7\t00-", "line 8" },
		{ parcel_text, "-7000-", "-7\xc3\xa9-", "line 8" },
		{ parcel_text, "-7000-", "-70000-", "line 8" },
		{ parcel_text, "  019a", "  .19a", "line 8" },
		{ parcel_text, "000000000001\n", "000000000001", "line 8" },
		{ parcel_text, "000000000001\n", "000000000001\n# more\n", "line 9" },
		{ parcel_text, "type parcel", "type receipt", "line 7" },
		{ receipt_text, "type receipt", "type parcel", "line 7" },
		{ receipt_text, "# accepted", "# Accepted", "line 11" },
		{ receipt_text, "rejected UNSEEN", "rejected Unseen", "line 13" },
		{ receipt_text, "rejected UNSEEN", "rejected 1_UNSEEN", "line 13" },
		{ receipt_text, "rejected UNSEEN", "rejected UN-SEEN", "line 13" },
		{ receipt_text, "rejected UNSEEN",
		  "rejected A123456789B123456789C123456789D123456789E123456789F123456789_1234", "line 13" },
		{ failure_text, "EXPIRED", "ABANDONED", "line 6" },
		{ receipt_text, "rejected UNSEEN", "rejected REJECTION_CODE_UNSPECIFIED", "line 13" },
		{ receipt_text, "UNSEEN it claims to have seen number 4", "UNSEEN ", "line 13" },
		{ receipt_text, "UNSEEN it claims to have seen number 4", "UNSEEN", "line 13" },
		{ receipt_text, "it claims", "it\tclaims", "line 13" },
		{ receipt_text, "it claims", "it \xc3 claims", "line 13" },
		{ head_text, "audit-size 0", "audit-size -1", "line 7" },
		{ head_text, "# to US-OIA\n", "", "line 4" },
		{ proof_text, "type session-proof", "type audit-head", "line 5" },
		{ proof_text, "role listener", "role server", "line 6" },
		{ proof_text, "lane bulk", "lane", "line 7" },
		{ proof_text, "# hello-from ba", "# hello-from BA", "line 8" },
		{ proof_text, "# hello-to", "# hello-from", "line 9" },
		{ proof_text, "binding exporter", "binding unique", "line 10" },
		{ proof_text, "binding exporter ba", "binding exporter  a", "line 10" },
		{ proof_text, "# binding exporter", "# binding certificate 00\n# binding exporter", "line 10" },
		{ failure_text, "EXPIRED", "MALFORMED", "line 6" },
	};
	char text[1200];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		replaced(text, sizeof text, cases[i].text, cases[i].from, cases[i].to);
		assert_refused_at(text, cases[i].line);
	}
}

/* A code of a later version: it is a rejection, and its name stands before the reason, which may have to give way. */
static void a_rejection_by_a_code_that_is_not_known_can_be_read(void **state)
{
	static const struct {
		const char *name;
		size_t len; /* of the reason */
	} cases[] = { { "UNHEARD", 2 },
		      { "UNHEARD", CY_REASON_MAX - 1 },
		      { "A123456789B123456789C123456789D123456789E123456789F123456789_123", CY_REASON_MAX - 1 } };
	static struct wire_text t;
	char text[2048], line[512], reason[CY_REASON_MAX + 1], expected[512];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		size_t len;

		for (len = 0; len + 2 <= cases[i].len; len += 2)
			memcpy(reason + len, "\xc3\xa9", 3);
		snprintf(line, sizeof line, "rejected %s %s", cases[i].name, reason);
		replaced(text, sizeof text, receipt_text, "rejected UNSEEN it claims to have seen number 4", line);
		assert_int_equal(wire_text_read(cy_bytes(text, strlen(text)), &t, NULL), CY_OK);
		assert_int_equal(t.entries[1].code, CY_REJECTION_CODE__NOT_KNOWN);
		snprintf(expected, sizeof expected, "%s: %s", cases[i].name, reason);
		len = strlen(t.entries[1].reason);
		assert_true(len == strlen(expected) || len >= CY_REASON_MAX - 1);
		assert_memory_equal(t.entries[1].reason, expected, len);
		assert_true(cy_utf8_valid(t.entries[1].reason, len));
	}
}

/* They are rejected by that name, and not what ends the session. */
static void another_id_than_a_uuid_or_one_again_can_be_read_and_written(void **state)
{
	static const char *const names[] = { "019a0000-0000-4000-8000-000000000001",
					     "019A0000-0000-7000-8000-000000000001", "1", "note_1.txt", NULL };
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);
	static struct wire_text t;
	char text[1200];

	(void)state;
	for (size_t i = 0; i <= sizeof names / sizeof names[0] - 1; i++) {
		if (names[i] != NULL)
			replaced(text, sizeof text, parcel_text, id_1, names[i]);
		else
			replaced(text, sizeof text, receipt_text, id_2, id_1);
		assert_int_equal(wire_text_read(cy_bytes(text, strlen(text)), &t, NULL), CY_OK);
		out.len = 0;
		assert_int_equal(wire_text_write(&t, &out), CY_OK);
		assert_string_equal((const char *)out.data, text);
	}
	cy_buf_free(&out);
}

static void a_writer_refuses_what_a_reader_would_refuse(void **state)
{
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX), small = CY_BUF(150);
	struct wire_text t = text_of(WIRE_PARCEL);

	(void)state;
	assert_int_equal(cy_buf_add(&out, "kept", 4), CY_OK);
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	add_entry(&t, "abc", id_1);
	add_entry(&t, "def", "../passwd");
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	strcpy(t.entries[1].id, "");
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	strcpy(t.entries[1].id, id_2);
	t.epoch = UINT64_MAX;
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	t.epoch = 1;
	t.made.ms = INT64_MAX;
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	t.made.ms = MADE;
	t.to[0] = 0;
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	t = text_of(WIRE_RELAY_FAILURE);
	add_entry(&t, "abc", id_1);
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	t.entries[0].code = (CyRejectionCode)4711;
	t.type = WIRE_RECEIPT;
	assert_int_equal(wire_text_write(&t, &out), CY_EINVAL);
	t.entries[0].code = CY_REJECTION_CODE__MALFORMED;
	assert_int_equal(wire_text_write(&t, &small), CY_ELIMIT);
	assert_int_equal(small.len, 0);
	assert_string_equal((const char *)out.data, "kept");
	cy_buf_free(&out);
	cy_buf_free(&small);
}

static void a_reason_is_made_one_line_of_at_most_255_bytes(void **state)
{
	char in[600], out[CY_REASON_MAX + 1];

	(void)state;
	assert_int_equal(wire_reason_clean("", out), 8);
	assert_string_equal(out, "unstated");
	wire_reason_clean("two\nlines\x7f", out);
	assert_string_equal(out, "two lines ");
	wire_reason_clean("\xff", out);
	assert_string_equal(out, "unstated");
	memset(in, 'x', sizeof in);
	memcpy(in + 253, "€", 4);
	assert_int_equal(wire_reason_clean(in, out), 253);
	memcpy(in + 252, "€", 4);
	assert_int_equal(wire_reason_clean(in, out), 255);
}

static void sixty_four_rejections_with_the_longest_reason_fit(void **state)
{
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);
	struct wire_text t = text_of(WIRE_RECEIPT);
	static struct wire_text again;

	(void)state;
	t.n = CY_PARCEL_MESSAGES_MAX;
	for (size_t i = 0; i < t.n; i++) {
		const uint8_t noise[10] = { [9] = (uint8_t)i };

		strcpy(t.entries[i].id, cy_uuid7(t.made, noise).s);
		t.entries[i].code = CY_REJECTION_CODE__UNKNOWN_CRITICAL_FEATURE;
		memset(t.entries[i].reason, 'r', CY_REASON_MAX);
	}
	assert_int_equal(wire_text_write(&t, &out), CY_OK);
	assert_int_equal(wire_text_read(cy_buf_view(&out), &again, NULL), CY_OK);
	cy_buf_free(&out);
}

static void write_file(const char *dir, const char *name, const void *data, size_t len)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void sha256sum_checks_a_parcel_text(void **state)
{
	struct cy_buf out = CY_BUF(CY_MANIFEST_MAX);
	struct wire_text t = text_of(WIRE_PARCEL);
	char dir[] = "/tmp/wire_manifest_XXXXXX", command[512];

	(void)state;
	assert_non_null(mkdtemp(dir));
	add_entry(&t, "first message", id_1);
	add_entry(&t, "second message", id_2);
	assert_int_equal(wire_text_write(&t, &out), CY_OK);
	write_file(dir, "manifest", out.data, out.len);
	write_file(dir, id_1, "first message", 13);
	write_file(dir, id_2, "second message", 14);
	snprintf(command, sizeof command, "cd %s && sha256sum --strict --status -c manifest 2>/dev/null", dir);
	assert_int_equal(system(command), 0);
	write_file(dir, id_2, "second_message", 14);
	assert_int_not_equal(system(command), 0);
	snprintf(command, sizeof command, "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	cy_buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_written_line_for_line),
		cmocka_unit_test(what_is_written_is_read_back_and_written_the_same),
		cmocka_unit_test(no_altered_text_is_read_that_a_writer_would_not_make),
		cmocka_unit_test(a_wrong_line_is_named_by_its_number),
		cmocka_unit_test(a_rejection_by_a_code_that_is_not_known_can_be_read),
		cmocka_unit_test(another_id_than_a_uuid_or_one_again_can_be_read_and_written),
		cmocka_unit_test(a_writer_refuses_what_a_reader_would_refuse),
		cmocka_unit_test(a_reason_is_made_one_line_of_at_most_255_bytes),
		cmocka_unit_test(sixty_four_rejections_with_the_longest_reason_fit),
		cmocka_unit_test(sha256sum_checks_a_parcel_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
