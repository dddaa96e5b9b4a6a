/* evidence custody: what became of an attachment, each link compared with its leaf in the audit log. */
#include <stdio.h>
#include <string.h>

#include "audit/custody.h"
#include "base/error.h"
#include "base/limits.h"
#include "comityctl/attach.h"
#include "comityctl/evidence_table.h"
#include "comityctl/out.h"

static const char custody_help[] =
	"usage: comityctl evidence custody MESSAGE-ID/N [--leaves]\n"
	"\n"
	"Prints the chain of custody of an attachment, from its acquisition to now: who had it,\n"
	"what was done, and what proves it: a signed message, and the leaf of this authority's\n"
	"audit log. Each leaf is computed anew from what is shown; if one differs the exit status\n"
	"is 4.\n"
	"\n"
	"  --leaves  prints what each leaf says, to be checked with sha256sum (comityctl(1))\n";

/* ----------------------------------------------------------------- the check */

static struct cy_digest digest_of(const ProtobufCBinaryData *data)
{
	struct cy_digest d = { { 0 } };

	if (data->len == sizeof d.b)
		memcpy(d.b, data->data, sizeof d.b);
	return d;
}

/* The text that the leaf of the link must have. */
static struct audit_custody said(const CyEvidenceView *item, const CyCustodyEntry *e)
{
	return (struct audit_custody){ .message_id = item->item->message_id,
				       .attachment = item->item->attachment,
				       .sha256 = digest_of(&item->sha256),
				       .action = e->action,
				       .by = e->by,
				       .at = { e->at_ms },
				       .words = digest_of(&e->text_digest),
				       .proof = e->message_id,
				       .from = e->from,
				       .to = e->to };
}

static bool has_leaf(const CyCustodyEntry *e)
{
	return e->no && (e->recorded_here || e->leaf_form != AUDIT_CUSTODY_FIRST);
}

/* The reason, printed; false: it is what it has to be. */
static bool differs(const CyEvidenceView *item, const CyCustodyEntry *e)
{
	const struct audit_custody link = said(item, e);
	const struct cy_digest words = audit_custody_words(e->text_salt, e->text);
	struct cy_digest leaf, kept = digest_of(&e->leaf_hash);

	if (e->leaf_form > AUDIT_CUSTODY_WHOLE) {
		ctl_fail(CTL_BAD_FILE,
			 "the leaf %llu has the form %u, which is not known here: use the comityctl of "
			 "the daemon's version",
			 (unsigned long long)e->leaf, e->leaf_form);
		return true;
	}
	leaf = audit_custody_leaf(&link, (enum audit_custody_form)e->leaf_form);
	if (!cy_digest_equal(&leaf, &kept)) {
		char hex[CY_SHA256_HEX];

		cy_digest_hex(&leaf, hex);
		ctl_fail(CTL_BAD_FILE,
			 "the link %llu is not what leaf %llu of the audit log says: the log has %s, and the link as "
			 "it is shown gives %s; the store was changed after it was written",
			 (unsigned long long)e->no, (unsigned long long)e->leaf, out_hex(&e->leaf_hash), hex);
		return true;
	}
	if (e->text[0] && e->leaf_form != AUDIT_CUSTODY_FIRST && !cy_digest_equal(&words, &link.words)) {
		ctl_fail(CTL_BAD_FILE,
			 "the text of the link %llu is not the one of which leaf %llu of the audit log has the digest; "
			 "the store was changed after it was written",
			 (unsigned long long)e->no, (unsigned long long)e->leaf);
		return true;
	}
	return false;
}

struct checked {
	size_t same, first, other;
};

static struct checked check(const CyCustody *c)
{
	struct checked n = { 0 };

	for (size_t i = 0; i < c->n_entries; i++) {
		if (!has_leaf(c->entries[i]))
			continue;
		if (differs(c->item, c->entries[i])) {
			n.other++;
			continue;
		}
		n.same++;
		n.first += c->entries[i]->leaf_form == AUDIT_CUSTODY_FIRST;
	}
	return n;
}

/* ------------------------------------------------------------------ printing */

static void note_cell(struct out_table *t, const CyCustodyEntry *e, uint64_t size)
{
	struct cy_buf text = CY_BUF(CY_LOCAL_FRAME_MAX);
	const char *end = e->to == size ? ", its end" : "";

	if (e->count && !strcmp(e->action, "read"))
		cy_buf_addf(&text, "from byte %llu", (unsigned long long)e->from);
	else if (e->count && !strcmp(e->action, "read_others"))
		cy_buf_addf(&text, "from other bytes than the links before");
	else if (e->count && !strcmp(e->action, "read_end_others"))
		cy_buf_addf(&text, "up to other bytes than the links before");
	else if (e->count)
		cy_buf_addf(&text, "up to byte %llu%s", (unsigned long long)e->to, end);
	if (e->count > 1)
		cy_buf_addf(&text, "; %llu times until %s", (unsigned long long)e->count, out_time(e->last_ms));
	if (e->text_digest.len && !e->text[0])
		cy_buf_addf(&text, "(its text was erased, or is not for this client)");
	out_cell(t, "%s%s", e->text, text.data != NULL ? (const char *)text.data : "");
	cy_buf_free(&text);
}

static void print_links(const CyCustody *c)
{
	static const char *const heads[] = { "WHEN", "ACTION", "BY", "PROOF", "LEAF", "TOOL OR REASON" };
	struct out_table *t = out_table_new(sizeof heads / sizeof heads[0], heads);

	if (c->item != NULL)
		evidence_print(c->item);
	if (c->n_entries)
		putchar('\n');
	for (size_t i = 0; i < c->n_entries; i++) {
		const CyCustodyEntry *e = c->entries[i];

		out_cell(t, "%s", out_time(e->at_ms));
		out_cell(t, "%s", e->action);
		out_cell(t, "%s", e->by);
		out_cell(t, "%s", e->recorded_here ? "audit log" : e->message_id);
		if (has_leaf(e))
			out_cell(t, "%llu", (unsigned long long)e->leaf);
		else
			out_cell(t, "-");
		note_cell(t, e, c->item != NULL ? c->item->size : 0);
	}
	out_table_end(t);
}

/* So that a shell reads it as one word, and printf(1) writes it back with %b. */
static void print_text(const CyCustodyEntry *e)
{
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);

	audit_custody_value(e->text, &text);
	printf("\ntext %llu %s %s ", (unsigned long long)e->leaf, out_hex(&e->text_digest), e->text_salt);
	for (size_t i = 0; i < text.len; i++)
		fputs(text.data[i] == ' ' ? "\\0040" : (const char[]){ (char)text.data[i], '\0' }, stdout);
	putchar('\n');
	cy_buf_free(&text);
}

/* A paragraph for each leaf; what is hashed is all but its first line. */
static void print_leaves(const CyCustody *c)
{
	struct cy_buf text = CY_BUF(CY_CUSTODY_TEXT_MAX);

	for (size_t i = 0; i < c->n_entries; i++) {
		const CyCustodyEntry *e = c->entries[i];
		const bool first = e->leaf_form == AUDIT_CUSTODY_FIRST;
		struct audit_custody link;

		if (!has_leaf(e) || e->leaf_form > AUDIT_CUSTODY_WHOLE)
			continue;
		link = said(c->item, e);
		text.len = 0;
		audit_custody_write(&link, (enum audit_custody_form)e->leaf_form, &text);
		printf("\n%s %llu %s\n", first ? "earlier" : "leaf", (unsigned long long)e->leaf,
		       out_hex(&e->leaf_hash));
		fwrite(text.data, 1, text.len, stdout);
		if (first)
			putchar('\n');
		else if (e->text[0])
			print_text(e);
	}
	cy_buf_free(&text);
}

static void print_checked(const struct checked *n)
{
	if (n->same + n->other == 0)
		return;
	printf("\n%zu links are what their leaves in the audit log say%s", n->same,
	       n->other > 0 ? "" : ": all of them");
	if (n->first > 0)
		printf("; %zu of the leaves are of an earlier form, in which neither time nor reason is", n->first);
	printf(".\n");
}

/* --------------------------------------------------------------------- pages */

/* The whole chain: CTL_DONE with the answer. */
static int ask(struct ctl *ctl, CyEvidenceRef *item, CyServerFrame **ret)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyShowCustody show = CY_SHOW_CUSTODY__INIT;
	CyCustody *whole, *page;
	int r;

	show.item = item;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CUSTODY;
	frame.show_custody = &show;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CUSTODY, ret);
	if (r != CTL_DONE)
		return r;
	whole = (*ret)->custody;
	show.record_only = true;
	while (whole->more && whole->n_entries) {
		CyServerFrame *reply;

		show.after = whole->entries[whole->n_entries - 1]->no;
		r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_CUSTODY, &reply);
		if (r != CTL_DONE) {
			cy_server_frame__free_unpacked(*ret, NULL);
			return r;
		}
		page = reply->custody;
		whole->more = page->more && page->n_entries;
		whole->entries = ctl_join(whole->entries, &whole->n_entries, page->entries, &page->n_entries);
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return CTL_DONE;
}

static int run_custody(struct ctl *ctl, int argc, char **argv)
{
	bool leaves = false;
	const struct ctl_option options[] = { { .name = "leaves", .flag = &leaves } };
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	CyServerFrame *reply;
	struct attach_ref ref;
	struct checked n = { 0 };
	const char *text;
	int r = ctl_parse(ctl, &ctl_evidence_custody, argc, argv, options, 1, &text, 1, 1, NULL);

	if (r == CTL_DONE)
		r = attach_ref(ctl_evidence_custody.name, text, &ref);
	if (r != CTL_DONE)
		return r;
	item.message_id = ref.message_id;
	item.attachment = ref.attachment;
	r = ask(ctl, &item, &reply);
	if (r != CTL_DONE)
		return r;
	if (ctl->json)
		out_json(&reply->custody->base, 2);
	else
		print_links(reply->custody);
	if (leaves && !ctl->json && reply->custody->item != NULL && reply->custody->item->item != NULL)
		print_leaves(reply->custody);
	if (reply->custody->item != NULL && reply->custody->item->item != NULL)
		n = check(reply->custody);
	if (!ctl->json)
		print_checked(&n);
	cy_server_frame__free_unpacked(reply, NULL);
	return n.other > 0 ? CTL_BAD_FILE : CTL_DONE;
}

const struct ctl_command ctl_evidence_custody = { "evidence custody", "print the chain of custody of an attachment",
						  custody_help, run_custody, NULL };
