#include "audit/custody.h"

#include <string.h>

#include "audit/log.h"
#include "base/error.h"
#include "base/limits.h"

struct cy_digest audit_custody_words(const char *salt, const char *text)
{
	return cy_sha256v((struct cy_bytes[]){ cy_bytes(salt, strlen(salt)), cy_bytes(text, strlen(text)) }, 2);
}

static void add(struct cy_buf *out, const char *text, size_t len)
{
	CY_ASSERT(cy_buf_add(out, text, len) == CY_OK);
}

void audit_custody_value(const char *value, struct cy_buf *out)
{
	for (const char *p = value; *p != '\0'; p++) {
		const unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c > 0x7e || c == '\\')
			CY_ASSERT(cy_buf_addf(out, "\\0%03o", c) == CY_OK);
		else
			add(out, p, 1);
	}
}

static void text_line(struct cy_buf *out, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	add(out, name, strlen(name));
	add(out, " ", 1);
	audit_custody_value(value, out);
	add(out, "\n", 1);
}

static void number_line(struct cy_buf *out, const char *name, uint64_t value)
{
	if (value > 0)
		CY_ASSERT(cy_buf_addf(out, "%s %llu\n", name, (unsigned long long)value) == CY_OK);
}

static void digest_line(struct cy_buf *out, const char *name, const struct cy_digest *value)
{
	static const struct cy_digest none;
	char hex[CY_SHA256_HEX];

	if (cy_digest_equal(value, &none))
		return;
	cy_digest_hex(value, hex);
	text_line(out, name, hex);
}

/* Until version 1 of it. */
static void write_first(const struct audit_custody *link, struct cy_buf *out)
{
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&link->sha256, hex);
	CY_ASSERT(cy_buf_addf(out, "evidence %s %s %u %s %s", link->action, link->message_id, link->attachment, hex,
			      link->by) == CY_OK);
}

void audit_custody_write(const struct audit_custody *link, enum audit_custody_form form, struct cy_buf *out)
{
	char at[CY_RFC3339_SIZE];

	if (form == AUDIT_CUSTODY_FIRST) {
		write_first(link, out);
		return;
	}
	cy_rfc3339(link->at, at);
	CY_ASSERT(cy_buf_addf(out, "comity custody %d\n", AUDIT_CUSTODY_WHOLE) == CY_OK);
	text_line(out, "message", link->message_id);
	number_line(out, "attachment", link->attachment);
	digest_line(out, "sha256", &link->sha256);
	text_line(out, "action", link->action);
	text_line(out, "by", link->by);
	text_line(out, "at", at);
	digest_line(out, "text", &link->words);
	text_line(out, "proof", link->proof);
	number_line(out, "from", link->from);
	number_line(out, "to", link->to);
}

struct cy_digest audit_custody_leaf(const struct audit_custody *link, enum audit_custody_form form)
{
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);
	struct cy_digest hash;

	audit_custody_write(link, form, &text);
	hash = audit_leaf(cy_buf_view(&text));
	cy_buf_free(&text);
	return hash;
}
