#include "port/orders.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION 1
#define FIELDS  9 /* before the chain */

static const char *const words[] = {
#define X(name, word) [NODE_ORDER_##name] = word,
	NODE_ORDERS(X)
#undef X
};

static struct cy_digest chain_of(const struct cy_digest *before, const char *text)
{
	struct cy_buf all = CY_BUF(CY_SHA256_LEN + NODE_ORDER_LINE);
	struct cy_digest d;

	CY_ASSERT(cy_buf_add(&all, before->b, sizeof before->b) == CY_OK);
	CY_ASSERT(cy_buf_add(&all, text, strlen(text)) == CY_OK);
	d = cy_sha256(cy_buf_view(&all));
	cy_buf_free(&all);
	return d;
}

struct orders_mark orders_first(const char *authority, char ret_line[static NODE_ORDER_LINE])
{
	snprintf(ret_line, NODE_ORDER_LINE, "comity orders\t%d\t%s", VERSION, authority);
	return (struct orders_mark){ .chain = cy_sha256(cy_bytes(ret_line, strlen(ret_line))) };
}

void orders_write(struct orders_mark *mark, struct node_order *o, char ret_line[static NODE_ORDER_LINE])
{
	char at[CY_RFC3339_SIZE], reason[CY_SHA256_HEX], chain[CY_SHA256_HEX];
	int len;

	o->number = ++mark->number;
	cy_rfc3339(o->at, at);
	cy_digest_hex(&o->reason, reason);
	len = snprintf(ret_line, NODE_ORDER_LINE, "%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\t%u\t%s\t%s", o->number, at,
		       words[o->kind], o->peer, o->case_id, o->message_id[0] != '\0' ? o->message_id : "-",
		       o->attachment, o->by, reason);
	mark->chain = chain_of(&mark->chain, ret_line);
	cy_digest_hex(&mark->chain, chain);
	CY_ASSERT(len > 0 && (size_t)len + CY_SHA256_HEX < NODE_ORDER_LINE);
	snprintf(ret_line + len, NODE_ORDER_LINE - (size_t)len, "\t%s", chain);
}

static bool read_number(const char *text, uint64_t *ret)
{
	char again[24];

	*ret = strtoull(text, NULL, 10);
	snprintf(again, sizeof again, "%" PRIu64, *ret);
	return strcmp(again, text) == 0;
}

/* Cut the text into its fields, and read these; false: they are not of their form. */
static bool read_fields(char *text, struct node_order *ret)
{
	struct node_order o = { .kind = NODE_ORDERS_N };
	char *f[FIELDS] = { text };
	uint64_t attachment;
	size_t n = 1;

	for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(f[n - 1], '\t')) {
		if (n == FIELDS)
			return false;
		*tab = '\0';
		f[n++] = tab + 1;
	}
	if (n < FIELDS)
		return false;
	for (int i = 0; i < NODE_ORDERS_N; i++)
		if (strcmp(f[2], words[i]) == 0)
			o.kind = (enum node_order_kind)i;
	if (o.kind == NODE_ORDERS_N || !read_number(f[0], &o.number) || cy_rfc3339_parse(f[1], &o.at) < 0 ||
	    cy_copy(o.peer, sizeof o.peer, f[3]) < 0 || cy_copy(o.case_id, sizeof o.case_id, f[4]) < 0 ||
	    cy_copy(o.message_id, sizeof o.message_id, strcmp(f[5], "-") == 0 ? "" : f[5]) < 0 ||
	    !read_number(f[6], &attachment) || attachment > UINT32_MAX || cy_copy(o.by, sizeof o.by, f[7]) < 0 ||
	    cy_unhex(f[8], strlen(f[8]), o.reason.b, sizeof o.reason.b) < 0)
		return false;
	o.attachment = (uint32_t)attachment;
	*ret = o;
	return true;
}

int orders_read(const char *line, struct orders_mark *mark, struct node_order *ret, struct cy_error *e)
{
	char text[NODE_ORDER_LINE], *tab;
	struct node_order o;
	struct cy_digest chain, said;

	if (cy_copy(text, sizeof text, line) < 0)
		return cy_fail(e, CY_EPARSE, "it is longer than %u bytes", NODE_ORDER_LINE - 1);
	tab = strrchr(text, '\t');
	if (tab == NULL)
		return cy_fail(e, CY_EPARSE, "it has no fields");
	*tab = '\0';
	chain = chain_of(&mark->chain, text);
	if (cy_unhex(tab + 1, strlen(tab + 1), said.b, sizeof said.b) < 0 || !read_fields(text, &o))
		return cy_fail(e, CY_EPARSE, "its fields are not of their form");
	if (o.number != mark->number + 1)
		return cy_fail(e, CY_EPARSE, "it has number %" PRIu64 " and not %" PRIu64, o.number, mark->number + 1);
	if (!cy_digest_equal(&chain, &said))
		return cy_fail(e, CY_EPARSE, "its chain does not fit to it and to the lines before");
	*mark = (struct orders_mark){ o.number, chain };
	*ret = o;
	return CY_OK;
}

int orders_fields(const char *line, struct node_order *ret)
{
	char text[NODE_ORDER_LINE], *tab;

	if (cy_copy(text, sizeof text, line) < 0)
		return CY_EPARSE;
	tab = strrchr(text, '\t');
	if (tab == NULL)
		return CY_EPARSE;
	*tab = '\0';
	return read_fields(text, ret) ? CY_OK : CY_EPARSE;
}
