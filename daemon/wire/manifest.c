#include "wire/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

/* Length of "<64 hex>  ", which an id follows. */
#define BEFORE_ID (2 * CY_SHA256_LEN + 2)

static const char *type_word(enum wire_text_type type)
{
	switch (type) {
#define WIRE_X(name, word) \
	case WIRE_##name:  \
		return word;
		WIRE_TEXT_TYPES(WIRE_X)
#undef WIRE_X
	}
	return NULL;
}

/* The words of the enumerations of a session proof, by value. */
#define WIRE_X(name, word) word,
static const char *const role_words[] = { WIRE_ROLES(WIRE_X) };
static const char *const lane_words[] = { WIRE_LANES(WIRE_X) };
static const char *const binding_words[] = { WIRE_BINDINGS(WIRE_X) };
#undef WIRE_X
#define N_WORDS(words) (sizeof(words) / sizeof(words)[0])

static bool has_epoch(enum wire_text_type type)
{
	return type != WIRE_RELAY_FAILURE && type != WIRE_SESSION_PROOF;
}

static bool has_sequence(enum wire_text_type type)
{
	return type == WIRE_PARCEL || type == WIRE_RECEIPT;
}

static bool has_audit(enum wire_text_type type)
{
	return type == WIRE_RECEIPT || type == WIRE_AUDIT_HEAD;
}

static bool has_entries(enum wire_text_type type)
{
	return type != WIRE_AUDIT_HEAD && type != WIRE_SESSION_PROOF;
}

static bool is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool wire_name_valid(const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' || name[i] == '\\')
			return false;
	return len <= CY_UUID_LEN && is_letter_or_digit(name[0]);
}

/* ------------------------------------------------------------------ writing */

size_t wire_reason_clean(const char *reason, char *out)
{
	size_t len = strlen(reason), n = 0;

	if (len > CY_REASON_MAX) {
		len = CY_REASON_MAX;
		while (len > 0 && ((uint8_t)reason[len] & 0xc0) == 0x80)
			len--;
	}
	if (len == 0 || !cy_utf8_valid(reason, len)) {
		static const char unstated[] = "unstated";

		memcpy(out, unstated, sizeof unstated);
		return sizeof unstated - 1;
	}
	for (; n < len; n++)
		out[n] = (uint8_t)reason[n] < 0x20 || reason[n] == 0x7f ? ' ' : reason[n];
	out[n] = 0;
	return n;
}

static const char *code_name(CyRejectionCode code)
{
	const ProtobufCEnumValue *v;

	if (code == CY_REJECTION_CODE__REJECTION_CODE_UNSPECIFIED)
		return NULL;
	v = protobuf_c_enum_descriptor_get_value(&cy_rejection_code__descriptor, (int)code);
	return v != NULL ? v->name : NULL;
}

/* As names of codes are, also of a later version. */
static bool is_code_name(const char *name, size_t len)
{
	return len >= 1 && len < WIRE_CODE_NAME_SIZE && name[0] >= 'A' && name[0] <= 'Z' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") >= len;
}

/* A code that is not known stands by its name before the reason. */
#define NAMED ": "

static int write_not_known(const struct wire_entry *entry, struct cy_buf *out)
{
	const char *end = strstr(entry->reason, NAMED);
	char reason[CY_REASON_MAX + 1];

	if (end == NULL || !is_code_name(entry->reason, (size_t)(end - entry->reason)))
		return CY_EINVAL;
	wire_reason_clean(end + strlen(NAMED), reason);
	return cy_buf_addf(out, "# rejected %.*s %s\n", (int)(end - entry->reason), entry->reason, reason);
}

static int write_verdict(const struct wire_text *t, const struct wire_entry *entry, struct cy_buf *out)
{
	char reason[CY_REASON_MAX + 1];
	const char *name;

	if (t->type == WIRE_RELAY_FAILURE && entry->code != CY_REJECTION_CODE__EXPIRED)
		return CY_EINVAL;
	if (entry->code == CY_REJECTION_CODE__REJECTION_CODE_UNSPECIFIED)
		return cy_buf_addf(out, "# accepted\n");
	name = code_name(entry->code);
	if (name == NULL || memchr(entry->reason, 0, sizeof entry->reason) == NULL)
		return CY_EINVAL;
	if (entry->code == CY_REJECTION_CODE__NOT_KNOWN)
		return write_not_known(entry, out);
	wire_reason_clean(entry->reason, reason);
	return cy_buf_addf(out, "# rejected %s %s\n", name, reason);
}

static int write_entries(const struct wire_text *t, struct cy_buf *out)
{
	char hex[CY_SHA256_HEX];
	int r;

	if (t->n < 1 || t->n > CY_PARCEL_MESSAGES_MAX)
		return CY_EINVAL;
	for (size_t i = 0; i < t->n; i++) {
		const struct wire_entry *entry = &t->entries[i];

		if (memchr(entry->id, 0, sizeof entry->id) == NULL || !wire_name_valid(entry->id))
			return CY_EINVAL;
		if (t->type != WIRE_PARCEL && (r = write_verdict(t, entry, out)) < 0)
			return r;
		cy_digest_hex(&entry->digest, hex);
		if ((r = cy_buf_addf(out, "%s  %s\n", hex, entry->id)) < 0)
			return r;
	}
	return CY_OK;
}

static int write_number(const char *word, uint64_t value, struct cy_buf *out)
{
	if (value > WIRE_NUMBER_MAX)
		return CY_EINVAL;
	return cy_buf_addf(out, "# %s %" PRIu64 "\n", word, value);
}

static int write_digest(const char *word, const struct cy_digest *d, struct cy_buf *out)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(d, hex);
	return cy_buf_addf(out, "# %s %s\n", word, hex);
}

static int write_proof(const struct wire_text *t, struct cy_buf *out)
{
	char bound[16 + CY_SHA256_HEX], hex[CY_SHA256_HEX];
	int r;

	if (t->role >= N_WORDS(role_words) || t->lane >= N_WORDS(lane_words) || t->binding >= N_WORDS(binding_words))
		return CY_EINVAL;
	cy_digest_hex(&t->bound, hex);
	snprintf(bound, sizeof bound, "%s %s", binding_words[t->binding], hex);
	if ((r = cy_buf_addf(out, "# role %s\n# lane %s\n", role_words[t->role], lane_words[t->lane])) < 0 ||
	    (r = write_digest("hello-from", &t->hello_from, out)) < 0 ||
	    (r = write_digest("hello-to", &t->hello_to, out)) < 0)
		return r;
	return cy_buf_addf(out, "# binding %s\n", bound);
}

static int write_head(const struct wire_text *t, struct cy_buf *out)
{
	char made[CY_RFC3339_SIZE];
	struct cy_wall again;
	int r;

	cy_rfc3339(t->made, made);
	if (type_word(t->type) == NULL || memchr(t->from, 0, sizeof t->from) == NULL || !cy_authority_valid(t->from) ||
	    cy_rfc3339_parse(made, &again) < 0)
		return CY_EINVAL;
	if (memchr(t->to, 0, sizeof t->to) == NULL || !cy_authority_valid(t->to))
		return CY_EINVAL;
	if ((r = cy_buf_addf(out, "# comity-manifest 1\n# type %s\n# from %s\n# to %s\n", type_word(t->type), t->from,
			     t->to)) < 0 ||
	    (has_epoch(t->type) && (r = write_number("epoch", t->epoch, out)) < 0) ||
	    (has_sequence(t->type) && (r = write_number("sequence", t->sequence, out)) < 0) ||
	    (t->type == WIRE_RECEIPT && (r = write_digest("parcel", &t->parcel, out)) < 0) ||
	    (r = cy_buf_addf(out, "# made %s\n", made)) < 0)
		return r;
	if (has_audit(t->type) && ((r = write_number("audit-size", t->audit_size, out)) < 0 ||
				   (r = write_digest("audit-root", &t->audit_root, out)) < 0))
		return r;
	return t->type == WIRE_SESSION_PROOF ? write_proof(t, out) : CY_OK;
}

int wire_text_write(const struct wire_text *t, struct cy_buf *out)
{
	size_t before = out->len;
	int r = write_head(t, out);

	if (r == CY_OK && has_entries(t->type))
		r = write_entries(t, out);
	if (r == CY_OK && out->len - before > CY_MANIFEST_MAX)
		r = CY_ELIMIT;
	if (r < 0 && out->data != NULL) {
		out->len = before;
		out->data[before] = 0;
	}
	return r;
}

/* ------------------------------------------------------------------ reading */

struct reader {
	const char *p;
	size_t left;
	unsigned line; /* number of the line that was read last, or was missing */
	struct cy_error *e;
};

static int bad(struct reader *r, const char *expected)
{
	char field[32];

	snprintf(field, sizeof field, "line %u", r->line);
	return cy_fail_at(r->e, CY_EPARSE, field, "expected %s", expected);
}

/* The next line without its end. */
static int next_line(struct reader *r, const char **ret_line, size_t *ret_len)
{
	const char *end;

	r->line++;
	if (r->left == 0)
		return bad(r, "one more line; the text ends too early");
	end = memchr(r->p, '\n', r->left);
	if (end == NULL)
		return bad(r, "a line feed at the end of the line");
	*ret_line = r->p;
	*ret_len = (size_t)(end - r->p);
	r->p = end + 1;
	r->left -= *ret_len + 1;
	return CY_OK;
}

/* The value of the line "# WORD VALUE" as a string without NUL. */
static int value_of(struct reader *r, const char *word, char *ret_value, size_t size)
{
	char expected[96];
	const char *line = NULL;
	size_t len = 0, head = strlen(word) + 3;
	int code = next_line(r, &line, &len);

	if (code < 0)
		return code;
	snprintf(expected, sizeof expected, "\"# %s\", one blank and its value", word);
	if (len <= head || memcmp(line, "# ", 2) != 0 || memcmp(line + 2, word, head - 3) != 0 || line[head - 1] != ' ')
		return bad(r, expected);
	if (len - head >= size || memchr(line + head, 0, len - head) != NULL)
		return bad(r, expected);
	memcpy(ret_value, line + head, len - head);
	ret_value[len - head] = 0;
	return CY_OK;
}

static int read_constant(struct reader *r, const char *word, const char *constant)
{
	char value[32];
	int code = value_of(r, word, value, sizeof value);

	if (code == CY_OK && strcmp(value, constant) != 0)
		return bad(r, "version 1 of the manifest format");
	return code;
}

static int read_type(struct reader *r, enum wire_text_type *ret)
{
	char value[32];
	int code = value_of(r, "type", value, sizeof value);

	if (code < 0)
		return code;
#define WIRE_X(name, word)              \
	if (strcmp(value, word) == 0) { \
		*ret = WIRE_##name;     \
		return CY_OK;           \
	}
	WIRE_TEXT_TYPES(WIRE_X)
#undef WIRE_X
	return bad(r, "the type parcel, receipt, audit-head, relay-failure or session-proof");
}

static int read_authority(struct reader *r, const char *word, char ret[static CY_AUTHORITY_MAX + 1])
{
	int code = value_of(r, word, ret, CY_AUTHORITY_MAX + 1);

	if (code == CY_OK && !cy_authority_valid(ret))
		return bad(r, "an authority id");
	return code;
}

static int read_number(struct reader *r, const char *word, uint64_t *ret)
{
	char value[24];
	int code = value_of(r, word, value, sizeof value);

	if (code == CY_OK && cy_parse_u64(value, strlen(value), WIRE_NUMBER_MAX, ret) < 0)
		return bad(r, "a decimal number without leading zeros, at most 2^63 - 1");
	return code;
}

static int digest_of(struct reader *r, const char *hex, struct cy_digest *ret)
{
	for (size_t i = 0; i < 2 * CY_SHA256_LEN; i++)
		if (hex[i] >= 'A' && hex[i] <= 'F')
			return bad(r, "a digest in lower-case digits");
	if (cy_unhex(hex, 2 * CY_SHA256_LEN, ret->b, sizeof ret->b) < 0)
		return bad(r, "a digest of 64 hexadecimal digits");
	return CY_OK;
}

static int read_digest(struct reader *r, const char *word, struct cy_digest *ret)
{
	char value[CY_SHA256_HEX];
	int code = value_of(r, word, value, sizeof value);

	if (code < 0)
		return code;
	if (strlen(value) != 2 * CY_SHA256_LEN)
		return bad(r, "a digest of 64 hexadecimal digits");
	return digest_of(r, value, ret);
}

/* One of a list of words, by its index. */
static int read_word(struct reader *r, const char *word, const char *const *words, size_t n, size_t *ret)
{
	char value[16], expected[64];
	int code = value_of(r, word, value, sizeof value);

	if (code < 0)
		return code;
	for (size_t i = 0; i < n; i++)
		if (strcmp(value, words[i]) == 0) {
			*ret = i;
			return CY_OK;
		}
	snprintf(expected, sizeof expected, "the %s %s or %s", word, words[0], words[1]);
	return bad(r, expected);
}

/* "WORD DIGEST": what the proof is bound to. */
static int read_binding(struct reader *r, struct wire_text *t)
{
	char value[16 + CY_SHA256_HEX];
	int code = value_of(r, "binding", value, sizeof value);

	if (code < 0)
		return code;
	for (size_t i = 0; i < N_WORDS(binding_words); i++) {
		const size_t len = strlen(binding_words[i]);

		if (strlen(value) != len + 1 + 2 * CY_SHA256_LEN || memcmp(value, binding_words[i], len) != 0 ||
		    value[len] != ' ')
			continue;
		t->binding = (enum wire_binding)i;
		return digest_of(r, value + len + 1, &t->bound);
	}
	return bad(r, "the binding exporter or certificate, and 64 hexadecimal digits");
}

static int read_proof(struct reader *r, struct wire_text *t)
{
	size_t role = 0, lane = 0;
	int code;

	if ((code = read_word(r, "role", role_words, N_WORDS(role_words), &role)) < 0 ||
	    (code = read_word(r, "lane", lane_words, N_WORDS(lane_words), &lane)) < 0 ||
	    (code = read_digest(r, "hello-from", &t->hello_from)) < 0 ||
	    (code = read_digest(r, "hello-to", &t->hello_to)) < 0 || (code = read_binding(r, t)) < 0)
		return code;
	t->role = (enum wire_role)role;
	t->lane = (enum wire_lane)lane;
	return CY_OK;
}

static int read_made(struct reader *r, struct cy_wall *ret)
{
	char value[CY_RFC3339_SIZE];
	int code = value_of(r, "made", value, sizeof value);

	if (code == CY_OK && cy_rfc3339_parse(value, ret) < 0)
		return bad(r, "a time such as 2026-11-23T10:00:00.000Z");
	return code;
}

/* "CODE_NAME reason": everything after the first blank is the reason. */
static int read_rejection(struct reader *r, enum wire_text_type type, char *value, struct wire_entry *entry)
{
	char *reason = strchr(value, ' ');
	const ProtobufCEnumValue *v;
	size_t len;

	if (reason == NULL)
		return bad(r, "a rejection code and a reason");
	*reason++ = 0;
	v = protobuf_c_enum_descriptor_get_value_by_name(&cy_rejection_code__descriptor, value);
	if (v != NULL ? v->value == CY_REJECTION_CODE__REJECTION_CODE_UNSPECIFIED : !is_code_name(value, strlen(value)))
		return bad(r, "the name of a rejection code");
	if (type == WIRE_RELAY_FAILURE && (v == NULL || v->value != CY_REJECTION_CODE__EXPIRED))
		return bad(r, "the rejection code EXPIRED");
	len = strlen(reason);
	if (len < 1 || len > CY_REASON_MAX || !cy_utf8_valid(reason, len))
		return bad(r, "a reason of 1 to 255 bytes of UTF-8");
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)reason[i] < 0x20 || reason[i] == 0x7f)
			return bad(r, "a reason without control characters");
	if (v != NULL && v->value != CY_REJECTION_CODE__NOT_KNOWN) {
		entry->code = (CyRejectionCode)v->value;
		memcpy(entry->reason, reason, len + 1);
	} else {
		char named[WIRE_CODE_NAME_SIZE + sizeof NAMED + CY_REASON_MAX];

		entry->code = CY_REJECTION_CODE__NOT_KNOWN;
		snprintf(named, sizeof named, "%s" NAMED "%s", value, reason);
		wire_reason_clean(named, entry->reason);
	}
	return CY_OK;
}

static int read_verdict(struct reader *r, enum wire_text_type type, struct wire_entry *entry)
{
	static const char accepted[] = "# accepted\n";
	char value[WIRE_CODE_NAME_SIZE + 1 + CY_REASON_MAX];
	int code;

	if (type == WIRE_RECEIPT && r->left >= sizeof accepted - 1 &&
	    memcmp(r->p, accepted, sizeof accepted - 1) == 0) {
		r->p += sizeof accepted - 1;
		r->left -= sizeof accepted - 1;
		r->line++;
		return CY_OK;
	}
	code = value_of(r, "rejected", value, sizeof value);
	return code < 0 ? code : read_rejection(r, type, value, entry);
}

static int read_entry(struct reader *r, struct wire_text *t)
{
	struct wire_entry *entry = &t->entries[t->n];
	const char *line = NULL;
	size_t len = 0;
	int code;

	if (t->n == CY_PARCEL_MESSAGES_MAX) {
		r->line++;
		return bad(r, "at most 64 messages");
	}
	if (t->type != WIRE_PARCEL && (code = read_verdict(r, t->type, entry)) < 0)
		return code;
	if ((code = next_line(r, &line, &len)) < 0)
		return code;
	if (len <= BEFORE_ID || len > BEFORE_ID + CY_UUID_LEN || memcmp(line + 2 * CY_SHA256_LEN, "  ", 2) != 0)
		return bad(r, "a digest, two blanks and a message id");
	if ((code = digest_of(r, line, &entry->digest)) < 0)
		return code;
	memcpy(entry->id, line + BEFORE_ID, len - BEFORE_ID);
	entry->id[len - BEFORE_ID] = 0;
	if (strlen(entry->id) != len - BEFORE_ID || !wire_name_valid(entry->id))
		return bad(r, "a message id: UUID version 7 in lower case");
	t->n++;
	return CY_OK;
}

static int read_all(struct reader *r, struct wire_text *t)
{
	int code;

	if ((code = read_constant(r, "comity-manifest", "1")) < 0 || (code = read_type(r, &t->type)) < 0 ||
	    (code = read_authority(r, "from", t->from)) < 0 || (code = read_authority(r, "to", t->to)) < 0 ||
	    (has_epoch(t->type) && (code = read_number(r, "epoch", &t->epoch)) < 0) ||
	    (has_sequence(t->type) && (code = read_number(r, "sequence", &t->sequence)) < 0) ||
	    (t->type == WIRE_RECEIPT && (code = read_digest(r, "parcel", &t->parcel)) < 0) ||
	    (code = read_made(r, &t->made)) < 0)
		return code;
	if (has_audit(t->type) && ((code = read_number(r, "audit-size", &t->audit_size)) < 0 ||
				   (code = read_digest(r, "audit-root", &t->audit_root)) < 0))
		return code;
	if (t->type == WIRE_SESSION_PROOF && (code = read_proof(r, t)) < 0)
		return code;
	if (has_entries(t->type)) {
		do {
			if ((code = read_entry(r, t)) < 0)
				return code;
		} while (r->left > 0);
	}
	if (r->left > 0) {
		r->line++;
		return bad(r, "the end of the text");
	}
	return CY_OK;
}

int wire_text_read(struct cy_bytes data, struct wire_text *ret_text, struct cy_error *e)
{
	struct reader r = { .p = (const char *)data.data, .left = data.len, .e = e };
	struct wire_text *t;
	int code;

	if (data.len > CY_MANIFEST_MAX)
		return cy_fail_at(e, CY_EPARSE, "line 1", "expected a text of at most %u bytes", CY_MANIFEST_MAX);
	t = calloc(1, sizeof *t);
	if (t == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	code = read_all(&r, t);
	if (code == CY_OK)
		memcpy(ret_text, t, sizeof *t);
	free(t);
	return code;
}
