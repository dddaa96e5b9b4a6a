/* Erasing: what people wrote goes, and what shows that something was said stays. Freed pages are
 * overwritten (secure_delete); the WAL is cut off once it is committed (store_sqlite.c). */
#include <stdio.h>
#include <string.h>

#include "io/store/store_sqlite_sql.h"

/* A statement about one message, by its id, or about all of a case, by its number. */
static int erase(struct store_applying *a, int sql, const char *id, sqlite3_int64 no, const struct cy_wall *at,
		 enum store_erasure why)
{
	struct store_bind b;
	int r = store_apply_start(a, sql, &b);

	if (r < 0)
		return r;
	if (id != NULL)
		bind_id(&b, id);
	else
		bind_i64(&b, no);
	if (at != NULL) {
		bind_i64(&b, at->ms);
		bind_i64(&b, (int64_t)why);
	}
	return store_apply_finish(a, &b);
}

int store_erase_message(struct store_applying *a, const struct store_write *w)
{
	const char *id = w->erase.message_id;
	int r = erase(a, W_ERASE_MESSAGE, id, 0, &w->erase.at, w->erase.why);

	if (r == CY_OK)
		r = store_apply_changed_one(a, "message", id);
	if (r == CY_OK)
		r = erase(a, W_ERASE_PAYLOAD, id, 0, NULL, STORE_KEPT);
	if (r == CY_OK)
		r = erase(a, W_ERASE_CUSTODY, id, 0, NULL, STORE_KEPT);
	if (r == CY_OK)
		r = erase(a, W_ERASE_KEYS, id, 0, NULL, STORE_KEPT);
	a->st->erased = true;
	return r;
}

static int erase_events(struct store_applying *a, const char *peer, const char *case_id, sqlite3_int64 no)
{
	struct store_bind b;
	int r = store_apply_start(a, W_ERASE_EVENTS, &b);

	if (r < 0)
		return r;
	bind_text(&b, peer);
	bind_id(&b, case_id);
	bind_i64(&b, no);
	return store_apply_finish(a, &b);
}

/* The environment of a command names the case that it is about, and our reference of it. */
static int erase_hooks(struct store_applying *a, const char *peer, const char *case_id)
{
	char of_peer[CY_AUTHORITY_MAX + 16], of_case[CY_UUID_LEN + 16];
	const int p = snprintf(of_peer, sizeof of_peer, "COMITY_PEER=%s", peer) + 1;
	const int c = snprintf(of_case, sizeof of_case, "COMITY_CASE=%s", case_id) + 1;
	struct store_bind b;
	int r = store_apply_start(a, W_ERASE_HOOKS, &b);

	if (r < 0)
		return r;
	bind_bytes(&b, cy_bytes((const uint8_t *)of_peer, (size_t)p)); /* with the NUL that ends each */
	bind_bytes(&b, cy_bytes((const uint8_t *)of_case, (size_t)c));
	return store_apply_finish(a, &b);
}

static int erase_case_row(struct store_applying *a, sqlite3_int64 no, const struct store_write *w)
{
	struct store_bind b;
	int r = store_apply_start(a, W_ERASE_CASE, &b);

	if (r < 0)
		return r;
	bind_i64(&b, no);
	bind_i64(&b, w->erase_case.at.ms);
	bind_text(&b, w->erase_case.by);
	bind_text(&b, w->erase_case.reason);
	r = store_apply_finish(a, &b);
	return r < 0 ? r : store_apply_changed_one(a, "case", w->erase_case.case_id);
}

/* The contents and what is not here of them any more; then the key, where nothing is left that it opens. */
static int erase_messages(struct store_applying *a, sqlite3_int64 no, const struct store_write *w)
{
	const struct cy_wall until = w->erase_case.until;
	struct store_bind b;
	int r = store_apply_start(a, W_ERASE_PAYLOADS, &b);

	if (r < 0)
		return r;
	bind_i64(&b, no);
	bind_i64(&b, until.ms);
	r = store_apply_finish(a, &b);
	if (r == CY_OK)
		r = store_apply_start(a, W_ERASE_MESSAGES, &b);
	if (r < 0)
		return r;
	bind_i64(&b, no);
	bind_i64(&b, w->erase_case.at.ms);
	bind_i64(&b, STORE_ERASED_BY_ORDER);
	bind_i64(&b, until.ms);
	return store_apply_finish(a, &b);
}

int store_erase_case(struct store_applying *a, const struct store_write *w)
{
	static const int of_case[] = { W_ERASE_CUSTODIES, W_ERASE_ALL_KEYS, W_ERASE_CASE_KEY };
	const char *peer = w->erase_case.peer, *case_id = w->erase_case.case_id;
	sqlite3_int64 no;
	int r = store_apply_case(a, peer, case_id);

	if (r < 0)
		return r;
	no = a->st->last_case.no;
	/* Whatever is sealed after this takes a new key. */
	a->st->last_case.no = 0;
	r = erase_case_row(a, no, w);
	if (r == CY_OK)
		r = erase_messages(a, no, w);
	for (size_t i = 0; r == CY_OK && i < sizeof of_case / sizeof of_case[0]; i++)
		r = erase(a, of_case[i], NULL, no, NULL, STORE_KEPT);
	if (r == CY_OK)
		r = erase_events(a, peer, case_id, no);
	if (r == CY_OK)
		r = erase_hooks(a, peer, case_id);
	a->st->erased = true;
	return r;
}
