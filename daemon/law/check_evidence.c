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

	return slash && slash != s && slash[1] && !strchr(slash + 1, '/') && !strpbrk(s, " \t\r\n");
}

/* What must be stated where the bytes travel on the bulk lane. */
static void chunks(struct law_check *c, const CyAttachment *a)
{
	if (a->chunk_root.len == 0 && a->chunk_bytes == 0)
		return;
	if (a->chunk_root.len != CY_SHA256_LEN)
		law_fault(c, "chunk_root", LAW_NO_ARTICLE,
			  "A root of 32 bytes is expected, or neither it nor chunk_bytes.");
	if (a->chunk_bytes != CY_CHUNK)
		law_fault(c, "chunk_bytes", LAW_NO_ARTICLE, "Chunks have %u bytes.", CY_CHUNK);
	if (a->medium[0])
		law_fault(c, "medium", LAW_NO_ARTICLE,
			  "What travels on a physical medium is not divided into chunks: leave chunk_root empty.");
}

static void custody(struct law_check *c, const CyAttachment *a)
{
	for (size_t i = 0; i < a->n_custody; i++) {
		const size_t mark = law_in_at(c, "custody", i);

		law_text(c, "holder", a->custody[i]->holder, LAW_NO_ARTICLE);
		law_text(c, "action", a->custody[i]->action, LAW_NO_ARTICLE);
		if (a->custody[i]->at_ms <= 0)
			law_fault(c, "at_ms", LAW_NO_ARTICLE, "An instant after 1970 is mandatory.");
		law_out(c, mark);
	}
}

static void attachment(struct law_check *c, const CyAttachment *a)
{
	law_text(c, "name", a->name, LAW_NO_ARTICLE);
	if (!name_is_safe(a->name) || strlen(a->name) > CY_FILE_NAME_MAX)
		law_fault(c, "name", LAW_NO_ARTICLE,
			  "A file name has at most %u bytes, no '/' and no control characters.", CY_FILE_NAME_MAX);
	if (!is_media_type(a->media_type))
		law_fault(c, "media_type", LAW_NO_ARTICLE,
			  "A media type is expected (RFC 6838), such as application/pdf.");
	if (a->_size_case != CY_ATTACHMENT___SIZE_SIZE)
		law_fault(c, "size", LAW_NO_ARTICLE, "The size in bytes is mandatory; an empty file has 0.");
	else if (a->size > CY_EVIDENCE_MAX)
		law_fault(c, "size", LAW_NO_ARTICLE, "An attachment has at most 64 TiB.");
	if (a->sha256.len != CY_SHA256_LEN)
		law_fault(c, "sha256", LAW_NO_ARTICLE, "A SHA-256 digest of 32 bytes is expected.");
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
	for (size_t i = 0; i < n; i++) {
		bool twice = false;

		for (size_t k = 0; k < i; k++)
			twice = twice || values[k] == values[i];
		if (values[i] == 0 || values[i] > CY_REPEATED_MAX || twice) {
			law_fault(c, "attachments", LAW_NO_ARTICLE,
				  "Attachments are numbered from 1; each is named once.");
			return;
		}
	}
}

void law_check_evidence_statement(struct law_check *c, const CyEvidenceStatement *s)
{
	if (s->n_items == 0)
		law_fault(c, "items", LAW_NO_ARTICLE, "At least one item is mandatory.");
	for (size_t i = 0; i < s->n_items; i++) {
		const CyStatedEvidence *e = s->items[i];
		const size_t mark = law_in_at(c, "items", i);

		law_number(c, "message", e->message);
		if (e->attachment == 0 || e->attachment > CY_REPEATED_MAX)
			law_fault(c, "attachment", LAW_NO_ARTICLE, "Attachments are numbered from 1 to %u.",
				  CY_REPEATED_MAX);
		if (e->sha256.len != CY_SHA256_LEN)
			law_fault(c, "sha256", LAW_NO_ARTICLE, "A SHA-256 digest of 32 bytes is expected.");
		law_enum(c, "fate", &cy_evidence_fate__descriptor, (int)e->fate, true, LAW_NO_ARTICLE);
		if (e->at_ms <= 0)
			law_fault(c, "at_ms", LAW_NO_ARTICLE, "An instant after 1970 is mandatory.");
		if (e->fate != CY_EVIDENCE_FATE__ARRIVED && e->fate != CY_EVIDENCE_FATE__WANTED)
			law_text(c, "reason", e->reason, LAW_NO_ARTICLE);
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
