/* Erasing in the store in memory. Write-sets of before keep what they hold: they are the backups. */
#include <string.h>

#include "store_mem_internal.h"

/* What else holds something of it. */
static void erase_traces(struct mem_store *s, const char *id)
{
	for (size_t i = 0; i < s->n_custody; i++)
		if (strcmp(s->custody[i]->message_id, id) == 0)
			s->custody[i]->text = s->custody[i]->salt = "";
	mem_spend_keys(s, id);
}

static void erase_message(struct mem_store *s, struct store_message *m, struct cy_wall at, enum store_erasure why)
{
	m->content = cy_bytes(NULL, 0);
	m->void_reason = "";
	if (m->erasure == STORE_KEPT) {
		m->erasure = why;
		m->erased = at;
	}
	erase_traces(s, m->id);
}

static bool names(struct cy_bytes environment, const char *name, const char *value)
{
	const char *at = (const char *)environment.data, *end = at + environment.len;

	for (; at < end; at += strlen(at) + 1)
		if (strncmp(at, name, strlen(name)) == 0 && strcmp(at + strlen(name), value) == 0)
			return true;
	return false;
}

static void erase_hooks(struct mem_store *s, const char *peer, const char *case_id)
{
	struct mem_hook **at = &s->hooks;

	while (*at != NULL) {
		if (names((*at)->environment, "COMITY_PEER=", peer) &&
		    names((*at)->environment, "COMITY_CASE=", case_id))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	s->last_hook = at;
}

static void erase_case(struct mem_store *s, const struct store_write *w)
{
	const char *peer = w->erase_case.peer, *case_id = w->erase_case.case_id;
	struct mem_case *c = mem_store_case(s, peer, case_id);

	if (c == NULL) {
		mem_broken(s, "case %s is erased and not there", case_id);
		return;
	}
	c->row.title = c->row.own_reference = c->row.peer_reference = "";
	c->row.erased = w->erase_case.at;
	c->row.erased_by = mem_text(s, w->erase_case.by, NULL);
	c->row.erased_reason = mem_text(s, w->erase_case.reason, NULL);
	for (struct mem_message *m = c->first; m != NULL; m = m->next) {
		if (m->row.created.ms > w->erase_case.until.ms) {
			erase_traces(s, m->row.id);
			continue;
		}
		erase_message(s, &m->row, w->erase_case.at, STORE_ERASED_BY_ORDER);
	}
	for (size_t i = 0; i < s->n_events; i++)
		if (strcmp(s->events[i]->case_id, case_id) == 0 && strcmp(s->events[i]->peer, peer) == 0)
			s->events[i]->text = s->events[i]->own_reference = "";
	erase_hooks(s, peer, case_id);
}

void mem_erase(struct mem_store *s, const struct store_write *w)
{
	struct mem_message *m;

	if (w->op == STORE_ERASE_CASE) {
		erase_case(s, w);
		return;
	}
	m = mem_store_message(s, w->erase.message_id);
	if (m == NULL)
		mem_broken(s, "message %s is erased and not there", w->erase.message_id);
	else
		erase_message(s, &m->row, w->erase.at, w->erase.why);
}
