#include "comityd/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

/* A sentence that is put together of others, which are cut where they are too long. */
__attribute__((format(printf, 2, 3))) static void compose(char out[static FAULT_TEXT], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(out, FAULT_TEXT, format, args);
	va_end(args);
	cy_utf8_mend(out);
}

static void add(struct faults *f, const char *peer, const struct cy_error *e, const char *meanwhile)
{
	struct fault *at = &f->list[f->n];

	if (e->code == CY_OK)
		return;
	*at = (struct fault){ 0 };
	CY_ASSERT(cy_copy(at->peer, sizeof at->peer, peer) == CY_OK);
	compose(at->text, "%s%s%.400s; %s", e->field, e->field[0] != '\0' ? ": " : "", e->text, meanwhile);
	f->n++;
}

void faults_take(struct faults *f, const struct parts *p, const struct link *link)
{
	const char *stay = "what was read before stays in force";

	free(f->list);
	f->n = 0;
	f->list = calloc(p->link.n_peers + 2, sizeof *f->list);
	CY_ASSERT(f->list != NULL);
	add(f, "", &p->faults->tls, stay);
	add(f, "", &p->faults->signing, stay);
	for (size_t i = 0; i < p->link.n_peers; i++) {
		const char *id = p->link.peers[i].tls.id;

		add(f, id, &p->faults->peers[i],
		    link_trusts(link, id) ? stay : "nobody is taken for this peer until it is corrected");
	}
}

void faults_take_legal_data(struct faults *f, const struct config_problems *problems, bool kept)
{
	f->legal_data[0] = '\0';
	if (problems->n > 0)
		compose(f->legal_data, "%.400s%s; %s; correct it and reload", problems->list[0].text,
			problems->n > 1 ? " (and more, which comityd --check-config names)" : "",
			kept ? "the treaty profiles, calendars and time zones of before stay in force"
			     : "what cannot be read is left out");
}

void faults_take_config(struct faults *f, const char *first, size_t n)
{
	f->config[0] = '\0';
	if (n > 0)
		compose(f->config,
			"%.400s%s; it was not taken, the one of before stays in force; correct it and reload", first,
			n > 1 ? " (and more, which comityd --check-config names)" : "");
}

void faults_free(struct faults *f)
{
	free(f->list);
	*f = (struct faults){ 0 };
}

bool faults_has(const struct faults *f, const struct fault *one)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].peer, one->peer) == 0 && strcmp(f->list[i].text, one->text) == 0)
			return true;
	return false;
}

const char *faults_find(const struct faults *f, const char *peer)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].peer, peer) == 0)
			return f->list[i].text;
	return NULL;
}
