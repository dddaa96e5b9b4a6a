/* Leaves of the audit log in the SQLite store: a row for those of a write-set, since each by itself would be two
 * entries of tables and indices. `hashes` has 32 bytes for each, from the index `first` on; `texts` has those of the
 * last ones, each after how much later than `at` it is, in milliseconds, and after its length. Pruning cuts texts off
 * at the front. */
#include <string.h>

#include "io/store/store_sqlite_sql.h"

/* ------------------------------------------------------------------------ texts */

/* Seven bits a byte, the lowest first; the highest bit says that there are more. */
static int add_number(struct cy_buf *out, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
		v >>= 7;
		n++;
	} while (v > 0);
	return cy_buf_add(out, bytes, n);
}

static bool take_number(struct cy_bytes *from, uint64_t *ret)
{
	*ret = 0;
	for (unsigned shift = 0; from->len > 0 && shift < 64; shift += 7) {
		const uint8_t b = *from->data++;

		from->len--;
		*ret |= (uint64_t)(b & 0x7f) << shift;
		if ((b & 0x80) == 0)
			return true;
	}
	return false;
}

/* Times go back where the clock was set. */
static uint64_t from_signed(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t to_signed(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

static int add_text(struct cy_buf *out, int64_t later, struct cy_bytes text)
{
	int r = add_number(out, from_signed(later));

	if (r == CY_OK)
		r = add_number(out, text.len);
	return r == CY_OK ? cy_buf_add(out, text.data, text.len) : r;
}

static bool take_text(struct cy_bytes *from, int64_t *ret_later, struct cy_bytes *ret_text)
{
	uint64_t later, len;

	if (!take_number(from, &later) || !take_number(from, &len) || len > from->len)
		return false;
	*ret_later = to_signed(later);
	*ret_text = cy_bytes(from->data, (size_t)len);
	from->data += len;
	from->len -= (size_t)len;
	return true;
}

/* CY_EDAMAGED: there is something else than texts, or more of them than leaves. */
static int count_texts(struct cy_bytes texts, uint64_t leaves, uint64_t *ret_n)
{
	struct cy_bytes text;
	int64_t later;

	for (*ret_n = 0; texts.len > 0; ++*ret_n)
		if (!take_text(&texts, &later, &text))
			return CY_EDAMAGED;
	return *ret_n <= leaves ? CY_OK : CY_EDAMAGED;
}

static void leaf_text(sqlite3_context *ctx, int n, sqlite3_value **args)
{
	const struct cy_bytes text = cy_bytes(sqlite3_value_blob(args[0]), (size_t)sqlite3_value_bytes(args[0]));
	struct cy_buf out = CY_BUF(text.len + 32);

	(void)n;
	if (text.len > 0 && add_text(&out, 0, text) < 0)
		sqlite3_result_error_nomem(ctx);
	else
		sqlite3_result_blob64(ctx, out.len > 0 ? (const void *)out.data : "", out.len, SQLITE_TRANSIENT);
	cy_buf_free(&out);
}

int store_leaf_functions(sqlite3 *db)
{
	return sqlite3_create_function(db, "leaf_text", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
				       leaf_text, NULL, NULL);
}

/* ---------------------------------------------------------------------- writing */

/* Which index is the next one? */
static int find_next(struct store_applying *a, uint64_t *ret_next)
{
	struct store_bind b;
	int rc, r = store_apply_start(a, W_NEXT_LEAF, &b);

	if (r < 0)
		return r;
	rc = sqlite3_step(b.s);
	if (rc == SQLITE_ROW)
		*ret_next = store_u64_at(b.s, 0);
	else
		r = store_apply_failed(a, rc);
	sqlite3_reset(b.s);
	return r;
}

int store_put_leaf(struct store_applying *a, const struct store_write *w)
{
	struct store_leaves *l = &a->leaves;
	int r = CY_OK;

	if (l->n == 0) {
		r = find_next(a, &l->first);
		l->at = w->leaf.at.ms;
	}
	if (r < 0)
		return r;
	if (w->leaf.index != l->first + l->n)
		return store_apply_refuse(a, "audit leaf %llu does not follow the last one",
					  (unsigned long long)w->leaf.index);
	l->n++;
	l->any_text |= w->leaf.data.len > 0;
	r = cy_buf_add(&l->hashes, w->leaf.hash.b, sizeof w->leaf.hash.b);
	if (r == CY_OK)
		r = add_text(&l->texts, w->leaf.at.ms - l->at, w->leaf.data);
	return r < 0 ? store_apply_refuse(a, "the audit leaves of one batch are too long") : CY_OK;
}

int store_write_leaves(struct store_applying *a)
{
	struct store_leaves *l = &a->leaves;
	struct store_bind b;
	int r;

	if (l->n == 0)
		return CY_OK;
	r = store_apply_start(a, W_LEAVES, &b);
	if (r < 0)
		return r;
	bind_u64(&b, l->first);
	bind_bytes(&b, cy_buf_view(&l->hashes));
	bind_bytes(&b, l->any_text ? cy_buf_view(&l->texts) : cy_bytes(NULL, 0));
	bind_i64(&b, l->at);
	r = store_apply_finish(a, &b);
	l->n = l->hashes.len = l->texts.len = 0;
	l->any_text = false;
	return r;
}

/* Of a row that has texts beyond it too. */
struct cut {
	bool found;
	uint64_t first;
	struct cy_buf texts; /* what stays */
};

static int cut_texts(struct store_applying *a, sqlite3_stmt *s, uint64_t last, struct cut *ret)
{
	struct cy_bytes texts = store_bytes_at(s, 2), text;
	const uint64_t leaves = store_u64_at(s, 1);
	int64_t later;
	uint64_t n;

	ret->found = true;
	ret->first = store_u64_at(s, 0);
	if (count_texts(texts, leaves, &n) < 0)
		return store_apply_refuse(a, "the texts of audit leaf %llu and what follow it are damaged",
					  (unsigned long long)ret->first);
	for (uint64_t index = ret->first + leaves - n; index <= last; index++)
		take_text(&texts, &later, &text);
	return cy_buf_add(&ret->texts, texts.data, texts.len) < 0 ? store_apply_refuse(a, "out of memory") : CY_OK;
}

static int find_cut(struct store_applying *a, uint64_t last, struct cut *ret)
{
	struct store_bind b;
	int rc, r = store_apply_start(a, W_LEAVES_WITH_TEXT, &b);

	if (r < 0)
		return r;
	bind_u64(&b, last);
	rc = b.rc == SQLITE_OK ? sqlite3_step(b.s) : b.rc;
	if (rc == SQLITE_ROW)
		r = cut_texts(a, b.s, last, ret);
	else if (rc != SQLITE_DONE)
		r = store_apply_failed(a, rc);
	sqlite3_reset(b.s);
	return r;
}

static int write_texts(struct store_applying *a, const struct cut *c)
{
	struct store_bind b;
	int r = store_apply_start(a, W_LEAF_TEXTS, &b);

	if (r < 0)
		return r;
	bind_u64(&b, c->first);
	bind_bytes(&b, cy_buf_view(&c->texts));
	return store_apply_finish(a, &b);
}

int store_prune_leaves(struct store_applying *a, uint64_t last)
{
	struct cut c = { .texts = CY_BUF(STORE_LEAVES_MAX) };
	struct store_bind b;
	int r = store_write_leaves(a);

	if (r == CY_OK)
		r = store_apply_start(a, W_PRUNE_LEAVES, &b);
	if (r < 0)
		return r;
	bind_u64(&b, last);
	r = store_apply_finish(a, &b);
	if (r == CY_OK)
		r = find_cut(a, last, &c);
	if (r == CY_OK && c.found)
		r = write_texts(a, &c);
	cy_buf_free(&c.texts);
	return r;
}

/* ---------------------------------------------------------------------- reading */

struct telling {
	store_leaf_fn *fn;
	void *arg;
	uint32_t left;
};

#define ENOUGH 1

static int leaf_row(struct store_reading *r, sqlite3_stmt *s)
{
	struct telling *t = r->fn_arg;
	struct cy_bytes texts = store_bytes_at(s, 2), text;
	const uint64_t leaves = store_u64_at(s, 1);
	uint64_t index, n;
	int64_t later;
	int code = count_texts(texts, leaves, &n);

	for (index = store_u64_at(s, 0) + leaves - n; code == CY_OK && take_text(&texts, &later, &text); index++) {
		if (text.len == 0)
			continue;
		if (t->left == 0)
			return ENOUGH;
		t->left--;
		code = t->fn(t->arg, index, (struct cy_wall){ sqlite3_column_int64(s, 3) + later });
	}
	return code;
}

static int leaf_texts(void *ctx, uint32_t limit, store_leaf_fn *fn, void *arg)
{
	struct telling t = { .fn = fn, .arg = arg, .left = limit };
	struct store_reading r = { .st = ctx, .fn_arg = &t, .row = leaf_row };
	struct store_bind b;
	int code = store_read_start(ctx, R_LEAF_TEXTS, &b);

	if (code < 0)
		return code;
	bind_i64(&b, limit);
	return store_read_each(&r, R_LEAF_TEXTS, &b);
}

void store_leaf_port(struct store_port *port)
{
	port->leaf_texts = leaf_texts;
}
