#include <string.h>

#include "port/store.h"

struct store_write *store_add(struct store_writeset *w, enum store_op op)
{
	struct store_write *write = cy_arena_take(&w->arena, sizeof *write);

	write->op = op;
	if (w->last == NULL)
		w->first = write;
	else
		*w->last = write;
	w->last = &write->next;
	w->n++;
	return write;
}

struct cy_digest store_key_digest(const char *client, const char *key)
{
	const struct cy_bytes pieces[] = { cy_bytes(client, strlen(client) + 1), cy_bytes(key, strlen(key)) };

	return cy_sha256v(pieces, 2);
}

struct audit_custody store_custody_said(const struct store_custody *row, const struct cy_digest *sha256)
{
	return (struct audit_custody){ .message_id = row->message_id,
				       .attachment = row->attachment,
				       .sha256 = *sha256,
				       .action = row->action,
				       .by = row->by,
				       .at = row->at,
				       .words = row->words,
				       .proof = row->proof,
				       .from = row->from,
				       .to = row->to };
}

bool store_custody_sound(const struct store_custody *row, const struct cy_digest *sha256)
{
	const struct audit_custody said = store_custody_said(row, sha256);
	const struct cy_digest hash = audit_custody_leaf(&said, row->form);
	const struct cy_digest words = audit_custody_words(row->salt, row->text);

	if (row->form == AUDIT_CUSTODY_FIRST && row->proof[0] != '\0')
		return true;
	return cy_digest_equal(&row->hash, &hash) &&
	       (row->form == AUDIT_CUSTODY_FIRST || row->text[0] == '\0' || cy_digest_equal(&row->words, &words));
}

void store_writeset_free(struct store_writeset *w)
{
	cy_arena_free(&w->arena);
	memset(w, 0, sizeof *w);
}
