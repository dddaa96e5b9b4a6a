/* What was published of statistics. A year has one table, which is kept as it was given out: what ended, or came,
 * between two tables of a year would be their difference. */
#include <stdio.h>
#include <string.h>

#include "node/clients/views.h"
#include "wire/message.h"

/* One calendar year, as 2025-01-01 to 2025-12-31. */
static bool is_year(const char *from, const char *to)
{
	return strlen(from) == 10 && strlen(to) == 10 && strncmp(from, to, 4) == 0 && strcmp(from + 4, "-01-01") == 0 &&
	       strcmp(to + 4, "-12-31") == 0;
}

const char *publish_refused(struct node *n, const struct conn *c, const CyGetStatistics *r, struct cy_wall until,
			    const char **ret_field)
{
	*ret_field = "smallest";
	if (local_view(c).client != NULL)
		return "figures are published of all cases: this client sees only its own";
	*ret_field = r->peer[0] != '\0' ? "peer" : r->instrument[0] != '\0' ? "instrument" : "measure";
	if (r->peer[0] != '\0' || r->instrument[0] != '\0' || r->measure != CY_MEASURE_TYPE__MEASURE_TYPE_UNSPECIFIED)
		return "what is published is of all peers, instruments and measures: a table of some of them and that "
		       "of all would tell by their difference what each hides";
	*ret_field = "to_date";
	if (!is_year(r->from_date, r->to_date))
		return "what is published is of a whole calendar year, from YYYY-01-01 to YYYY-12-31: tables of days "
		       "that overlap would tell by their difference what each hides";
	if (until.ms > node_now(n).ms)
		return "this year is not over: a table of a part of it and a later one would tell by their difference "
		       "what each hides; take an earlier year";
	return NULL;
}

static int read_table(void *arg, const char *year, struct cy_bytes table)
{
	CyStatistics **ret = arg;

	(void)year;
	*ret = cy_statistics__unpack(NULL, table.len, table.data);
	return *ret != NULL ? CY_OK : CY_EDAMAGED;
}

/* As this batch leaves it so far; CY_ENOENT: none was given out. To be freed. */
static int find(struct node *n, const char *year, CyStatistics **ret)
{
	const struct store_port *s = &n->ports.store;

	for (const struct store_write *w = n->batch.writes.first; w != NULL; w = w->next)
		if (w->op == STORE_PUBLISH && strcmp(w->published.year, year) == 0)
			return read_table(ret, year, w->published.table);
	return s->published(s->ctx, year, read_table, ret);
}

static void reply(struct node *n, const struct conn *c, uint64_t correlation, CyStatistics *table)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;

	f.kind_case = CY_SERVER_FRAME__KIND_STATISTICS;
	f.statistics = table;
	batch_reply(n, c->id, correlation, &f);
}

static void refuse_threshold(struct node *n, const struct conn *c, uint64_t correlation, const char *year,
			     const CyStatistics *table)
{
	char text[320], at[CY_RFC3339_SIZE];

	cy_rfc3339((struct cy_wall){ table->now_ms }, at);
	snprintf(text, sizeof text,
		 "the table of %s was published on %.10s with another threshold, %u: two of them would tell by their "
		 "difference what each hides; ask with that one (--smallest %u), and get the same table again",
		 year, at, table->smallest, table->smallest);
	batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "smallest", text);
}

bool publish_again(struct node *n, const struct conn *c, uint64_t correlation, const char *year, uint32_t smallest)
{
	CyStatistics *table = NULL;
	const int code = find(n, year, &table);

	if (code == CY_ENOENT)
		return false;
	if (code < 0)
		local_unreadable(n, c, correlation, code);
	else if (table->smallest != smallest)
		refuse_threshold(n, c, correlation, year, table);
	else
		reply(n, c, correlation, table);
	cy_statistics__free_unpacked(table, NULL);
	return true;
}

void publish_counted(struct node *n, uint64_t conn, uint64_t correlation, const char *year, const CyStatistics *table)
{
	struct input *in = node_input_new(INPUT_TABLE, conn);
	struct cy_buf packed = CY_BUF(CY_LOCAL_FRAME_MAX);

	CY_ASSERT(wire_pack(&table->base, &packed) == CY_OK);
	in->table = cy_statistics__unpack(NULL, packed.len, packed.data);
	CY_ASSERT(in->table != NULL);
	cy_buf_free(&packed);
	CY_ASSERT(cy_copy(in->year, sizeof in->year, year) == CY_OK);
	in->correlation = correlation;
	node_queue(n, in);
}

void publish_step(struct node *n, const struct input *in)
{
	const struct conn *c = node_conn(n, in->source);
	struct store_write *w;
	uint8_t *data;
	size_t len;

	/* Nobody is there to whom it could be given; or meanwhile another client was given one. */
	if (c == NULL || publish_again(n, c, in->correlation, in->year, in->table->smallest))
		return;
	len = cy_statistics__get_packed_size(in->table);
	data = cy_arena_take(&n->batch.writes.arena, len);
	cy_statistics__pack(in->table, data);
	w = batch_write(n, STORE_PUBLISH);
	w->published.year = batch_string(n, in->year);
	w->published.table = cy_bytes(data, len);
	reply(n, c, in->correlation, in->table);
	node_note(n, NODE_INFO, "client %s: the table of %s was published, with a threshold of %u", c->client->name,
		  in->year, in->table->smallest);
}
