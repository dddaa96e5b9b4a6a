/* record good-faith: as JSON. Its members are described in comityctl(1). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"
#include "comityctl/record.h"
#include "wire/manifest.h"

static void text(json_t *o, const char *name, const char *value)
{
	if (value != NULL && value[0])
		json_object_set_new(o, name, json_string(value));
}

static void number(json_t *o, const char *name, int64_t value)
{
	json_object_set_new(o, name, json_integer(value));
}

static void instant(json_t *o, const char *name, int64_t ms)
{
	char rfc[CY_RFC3339_SIZE];

	if (ms == 0)
		return;
	cy_rfc3339((struct cy_wall){ .ms = ms }, rfc);
	text(o, name, rfc);
}

static void digest(json_t *o, const char *name, const ProtobufCBinaryData *data)
{
	char hex[CY_SHA256_HEX];
	struct cy_digest d;

	if (!data->len)
		return;
	d = cy_sha256(cy_bytes(data->data, data->len));
	cy_digest_hex(&d, hex);
	text(o, name, hex);
}

static void date(json_t *o, const char *name, struct cy_date d)
{
	char day[16];

	snprintf(day, sizeof day, "%04d-%02d-%02d", d.year % 10000, d.month % 100, d.day % 100);
	text(o, name, day);
}

static const char *id(const struct record *r, size_t message)
{
	return message != SIZE_MAX ? r->m[message].s->message_id : "";
}

static json_t *of_case(const struct record *r)
{
	const CyCaseSummary *s = r->v->summary;
	const bool asks = s->side == CY_SIDE__REQUESTING;
	json_t *o = json_object();

	text(o, "caseId", s->case_id);
	text(o, "title", s->title);
	text(o, "requesting", r->side[PROOF_REQUESTING]);
	text(o, "requestingReference", asks ? s->own_reference : s->peer_reference);
	text(o, "requested", r->side[PROOF_REQUESTED]);
	text(o, "requestedReference", asks ? s->peer_reference : s->own_reference);
	text(o, "instrument", s->instrument);
	text(o, "state", s->state);
	instant(o, "asOf", r->v->now_ms);
	return o;
}

static json_t *whole(const struct record *r)
{
	const struct proof_periods *p = &r->periods;
	int64_t ms[PROOF_SIDES_N] = { 0 };
	json_t *o = json_object(), *sides = json_object();

	for (size_t i = 0; i < p->n; i++)
		ms[p->at[i].side] += p->at[i].to_ms - p->at[i].from_ms;
	for (unsigned s = 0; s < PROOF_SIDES_N; s++)
		number(sides, proof_side_name(s), ms[s] / 1000);
	instant(o, "from", p->from_ms);
	instant(o, "to", p->to_ms);
	json_object_set_new(o, "over", json_boolean(p->over));
	number(o, "seconds", (p->to_ms - p->from_ms) / 1000);
	json_object_set_new(o, "secondsBySide", sides);
	return o;
}

static json_t *periods(const struct record *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->periods.n; i++) {
		const struct proof_period *p = &r->periods.at[i];
		json_t *o = json_object();

		instant(o, "from", p->from_ms);
		instant(o, "to", p->to_ms);
		number(o, "seconds", (p->to_ms - p->from_ms) / 1000);
		text(o, "side", proof_side_name(p->side));
		text(o, "why", proof_why_name(p->why));
		text(o, "messageId", id(r, p->basis));
		text(o, "by", p->why == PROOF_WHY_TRANSIT ? "message" : "receipt");
		json_array_append_new(a, o);
	}
	return a;
}

static void day(void *arg, const struct proof_days *d)
{
	json_t *o = json_object();

	date(o, "first", d->first);
	date(o, "last", d->last);
	number(o, "days", d->days);
	for (unsigned s = 0; s < PROOF_SIDES_N; s++)
		number(o, proof_side_name(s), d->ms[s] / 1000);
	json_array_append_new(arg, o);
}

static json_t *messages(const struct record *r)
{
	json_t *a = json_array();
	struct wire_text *t = calloc(1, sizeof *t);

	CY_ASSERT(t != NULL);
	for (size_t i = 0; i < r->n; i++) {
		const struct record_message *m = &r->m[i];
		json_t *o = json_object();

		text(o, "messageId", m->s->message_id);
		text(o, "author", m->s->author);
		number(o, "number", m->s->number);
		text(o, "kind", m->s->kind_name);
		instant(o, "made", m->s->created_ms);
		instant(o, "sent", m->sent_ms);
		instant(o, "receipt", m->receipt_ms);
		instant(o, "counts", m->counts_ms);
		if (m->s->void_code != 0)
			text(o, "void", m->s->void_reason);
		digest(o, "sha256", &m->view->content);
		if (m->view->manifest.len &&
		    wire_text_read(cy_bytes(m->view->manifest.data, m->view->manifest.len), t, NULL) == CY_OK) {
			number(o, "epoch", (int64_t)t->epoch);
			number(o, "sequence", (int64_t)t->sequence);
		}
		digest(o, "manifestSha256", &m->view->manifest);
		digest(o, "receiptSha256", &m->view->receipt);
		json_array_append_new(a, o);
	}
	free(t);
	return a;
}

static json_t *clarifications(const struct record *r)
{
	struct record_question *list;
	const size_t n = record_questions(r, &list);
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		const int64_t asked = r->m[list[i].notice].counts_ms;
		const int64_t answered = list[i].answer != SIZE_MAX ? r->m[list[i].answer].counts_ms : 0;
		json_t *o = json_object();

		text(o, "notice", id(r, list[i].notice));
		text(o, "by", r->m[list[i].notice].s->author);
		text(o, "answer", id(r, list[i].answer));
		if (asked != 0 && answered >= asked)
			number(o, "seconds", answered / 1000 - asked / 1000);
		json_array_append_new(a, o);
	}
	free(list);
	return a;
}

static json_t *steps(const char *lines)
{
	json_t *a = json_array();

	while (lines[0]) {
		const size_t len = strcspn(lines, "\n");

		json_array_append_new(a, json_stringn(lines, len));
		lines += len + (lines[len] != '\0');
	}
	return a;
}

static json_t *limits(const struct record *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->n_limits; i++) {
		const CyClockView *k = r->limits[i].k;
		json_t *o = json_object();

		text(o, "clock", k->clock);
		number(o, "measure", k->measure);
		text(o, "what", k->obligation);
		text(o, "article", k->article);
		json_object_set_new(o, "verified", json_boolean(k->verified));
		text(o, "obliged", k->obliged);
		text(o, "state", k->state);
		text(o, "became", record_became(k, r->v->now_ms));
		json_object_set_new(o, "late", json_boolean(k->late));
		instant(o, "start", k->start_ms);
		instant(o, "due", k->due_ms);
		instant(o, "ended", k->ended_ms);
		instant(o, "extendedAfterEnd", k->excused_ms);
		text(o, "timeZone", k->time_zone);
		json_object_set_new(o, "counted", steps(r->limits[i].steps));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *extensions(const struct record *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->n; i++) {
		const CyContent *c = r->m[i].m->content;
		json_t *o;

		if (c->kind_case != CY_CONTENT__KIND_EXTENSION)
			continue;
		o = json_object();
		text(o, "messageId", id(r, i));
		text(o, "clock", c->extension->clock);
		text(o, "reason", c->extension->reason);
		text(o, "article", c->extension->article);
		text(o, "estimate", c->extension->estimate_date);
		json_object_set_new(o, "inEffect", json_boolean(r->m[i].s->void_code == 0 && !r->m[i].s->overtaken));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *outcomes(struct record *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < r->v->n_measures; i++) {
		const struct record_outcome of = record_outcome(r, r->v->measures[i]->measure);
		json_t *o = json_object();

		number(o, "measure", r->v->measures[i]->measure);
		text(o, "state", r->v->measures[i]->state);
		text(o, "ground", of.code);
		text(o, "article", of.article);
		text(o, "reason", of.reason);
		text(o, "messageId", id(r, of.by));
		json_array_append_new(a, o);
	}
	return a;
}

char *record_json(struct record *r)
{
	json_t *o = json_object(), *days = json_array();
	char *out;

	letter_zone(r->j, client_welcome(r->j->ctl->conn)->authority, NULL, r->v);
	proof_days(&r->periods, r->j->words.words.zone, day, days);
	json_object_set_new(o, "case", of_case(r));
	json_object_set_new(o, "whole", whole(r));
	json_object_set_new(o, "periods", periods(r));
	text(o, "timeZone", r->j->words.words.zone != NULL ? r->j->words.words.zone->name : "UTC");
	json_object_set_new(o, "days", days);
	json_object_set_new(o, "messages", messages(r));
	json_object_set_new(o, "clarifications", clarifications(r));
	json_object_set_new(o, "limits", limits(r));
	json_object_set_new(o, "extensions", extensions(r));
	json_object_set_new(o, "outcomes", outcomes(r));
	out = json_dumps(o, JSON_INDENT(2));
	CY_ASSERT(out != NULL);
	json_decref(o);
	return out;
}
