/* Attachments, and what is said about them. */
#include <string.h>

#include "base/limits.h"
#include "base/sha256.h"
#include "law/check.h"
#include "law/validate.h"

static bool name_is_safe(const char *name)
{
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f || *name == '/')
			return false;
	return true;
}

static bool is_media_type(const char *s)
{
	const char *slash = strchr(s, '/');

	return slash && slash != s && slash[1] && strchr(slash + 1, '/') == NULL && strpbrk(s, " \t\r\n") == NULL;
}

/* Checks the fields that are mandatory if the bytes travel on the bulk lane. */
static void chunks(struct law_check *c, const CyAttachment *a)
{
	const bool divided = a->chunk_root.len > 0 || a->chunk_bytes != 0;

	law_must(c, !divided || a->chunk_root.len == CY_SHA256_LEN, "chunk_root",
		 "A root of 32 bytes is expected, or neither a root nor the size of chunks.");
	if (law_where(c, divided, "there is a `chunk_root`"))
		law_must(c, a->chunk_bytes == CY_CHUNK, "chunk_bytes", "Chunks have %u bytes.", CY_CHUNK);
	law_must(c, !divided || !a->medium[0], "medium",
		 "What travels on a physical medium is not divided into chunks: leave their root empty.");
}

static void custody(struct law_check *c, const CyAttachment *a)
{
	for (size_t i = 0; i < a->n_custody; i++) {
		const size_t mark = law_in_at(c, "custody", i);

		law_text(c, "holder", a->custody[i]->holder);
		law_text(c, "action", a->custody[i]->action);
		law_must(c, a->custody[i]->at_ms > 0, "at_ms", "An instant after 1970 is mandatory.");
		law_out(c, mark);
	}
}

static void attachment(struct law_check *c, const CyAttachment *a)
{
	law_text(c, "name", a->name);
	law_must(c, name_is_safe(a->name) && strlen(a->name) <= CY_FILE_NAME_MAX, "name",
		 "A file name has at most %u bytes, no '/', no control characters, and is not '.' or '..'.",
		 CY_FILE_NAME_MAX);
	law_must(c, is_media_type(a->media_type), "media_type",
		 "A media type is expected (RFC 6838), such as application/pdf: one '/' between two parts, and no "
		 "blanks.");
	law_must(c, a->_size_case == CY_ATTACHMENT___SIZE_SIZE, "size",
		 "The size in bytes is mandatory; an empty file has 0.");
	law_must(c, a->_size_case != CY_ATTACHMENT___SIZE_SIZE || a->size <= CY_EVIDENCE_MAX, "size",
		 "An attachment has at most 64 TiB.");
	law_must(c, a->sha256.len == CY_SHA256_LEN, "sha256", "A SHA-256 digest of 32 bytes is expected.");
	law_date(c, "retain_until_date", a->retain_until_date);
	chunks(c, a);
	custody(c, a);
}

void law_attachments(struct law_check *c, size_t n, CyAttachment **list)
{
	for (size_t i = 0; i < n; i++) {
		const size_t mark = law_in_at(c, "attachments", i);

		attachment(c, list[i]);
		law_out(c, mark);
	}
}

void law_attachment_numbers(struct law_check *c, size_t n, const uint32_t *values)
{
	bool kept = true;

	for (size_t i = 0; kept && i < n; i++) {
		kept = values[i] > 0 && values[i] <= CY_REPEATED_MAX;
		for (size_t k = 0; k < i; k++)
			kept = kept && values[k] != values[i];
	}
	law_must(c, kept, "attachments", "Attachments are numbered from 1 to %u; each is named once.", CY_REPEATED_MAX);
}

void law_check_evidence_statement(struct law_check *c, const CyEvidenceStatement *s)
{
	law_must(c, s->n_items > 0, "items", "At least one item is mandatory.");
	for (size_t i = 0; i < s->n_items; i++) {
		const CyStatedEvidence *e = s->items[i];
		const size_t mark = law_in_at(c, "items", i);

		law_number(c, "message", e->message);
		law_must(c, e->attachment > 0 && e->attachment <= CY_REPEATED_MAX, "attachment",
			 "Attachments are numbered from 1 to %u.", CY_REPEATED_MAX);
		law_must(c, e->sha256.len == CY_SHA256_LEN, "sha256", "A SHA-256 digest of 32 bytes is expected.");
		law_enum(c, "fate", &cy_evidence_fate__descriptor, (int)e->fate, true);
		law_must(c, e->at_ms > 0, "at_ms", "An instant after 1970 is mandatory.");
		if (law_where(c, e->fate != CY_EVIDENCE_FATE__ARRIVED && e->fate != CY_EVIDENCE_FATE__WANTED,
			      "`fate` is neither ARRIVED nor WANTED"))
			law_text(c, "reason", e->reason);
		law_out(c, mark);
	}
}

CyAttachment **law_attachments_of(const CyContent *content, size_t *ret_n)
{
	switch (content->kind_case) {
	case CY_CONTENT__KIND_REQUEST:
		*ret_n = content->request->n_attachments;
		return content->request->attachments;
	case CY_CONTENT__KIND_NOTIFICATION:
		*ret_n = content->notification->n_attachments;
		return content->notification->attachments;
	case CY_CONTENT__KIND_SPONTANEOUS_INFORMATION:
		*ret_n = content->spontaneous_information->n_attachments;
		return content->spontaneous_information->attachments;
	case CY_CONTENT__KIND_SUPPLEMENT:
		*ret_n = content->supplement->n_attachments;
		return content->supplement->attachments;
	case CY_CONTENT__KIND_RESULT:
		*ret_n = content->result->n_attachments;
		return content->result->attachments;
	default:
		*ret_n = 0;
		return NULL;
	}
}
