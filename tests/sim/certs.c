/* Signatures, and the certificates behind them: they expire, are renewed, pinned by the peers
 * sooner or later, and revoked, which each learns at a time of its own. Of clocks that leap at
 * such a moment an operator says afterwards that they are right. */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define AGE      (30 * DAY) /* of a certificate that is new: no clock here is wrong by so much for long */
#define LIFE     (100 * 365 * DAY)
#define LEAP     (7 * 365 * DAY)
#define SEAL_LEN (8 + CY_SHA256_LEN)
#define OPERATOR SIM_DESKS /* its place among the clients */

struct sim_certificate {
	int64_t from, until; /* wall time */
	int64_t pinned;      /* true time from which the peers know it */
	int64_t revoked;     /* true time; 0: it is not */
};

/* Stands in for CMS: which certificate of whom signed what. */
static void seal(const char *authority, uint64_t certificate, struct cy_bytes text, uint8_t out[static SEAL_LEN])
{
	const struct cy_bytes pieces[] = { cy_bytes(authority, strlen(authority)),
					   cy_bytes((const uint8_t *)&certificate, sizeof certificate), text };
	const struct cy_digest d = cy_sha256v(pieces, 3);

	memcpy(out, &certificate, sizeof certificate);
	memcpy(out + sizeof certificate, d.b, sizeof d.b);
}

static struct sim_node *by_id(struct world *w, const char *id)
{
	for (uint32_t i = 0; i < w->set.nodes; i++)
		if (strcmp(w->nodes[i].id, id) == 0)
			return &w->nodes[i];
	return NULL;
}

static struct sim_certificate *present(const struct sim_node *s)
{
	return &s->certificates[s->n_certificates - 1];
}

/* CRLs reach everybody within an hour; every other authority has none of its own. */
static bool knows_revoked(const struct sim_node *by, const struct sim_node *of, const struct sim_certificate *c)
{
	const int64_t delay = (int64_t)(by->index * 7919 + of->index * 104729) % 60 * MINUTE;

	return c->revoked != 0 && (by != of || by->index % 2 == 0) && by->w->now >= c->revoked + delay;
}

static void issue(struct sim_node *s, int64_t pinned, int64_t life)
{
	const int64_t now = START_MS + s->w->now;

	s->certificates = realloc(s->certificates, (s->n_certificates + 1) * sizeof *s->certificates);
	CY_ASSERT(s->certificates != NULL);
	s->certificates[s->n_certificates++] = (struct sim_certificate){ now - AGE, now + life, pinned, 0 };
	world_say(s->w, "%s has signing certificate %zu", s->id, s->n_certificates);
}

void certs_new(struct sim_node *s)
{
	issue(s, 0, LIFE);
}

void certs_free(struct sim_node *s)
{
	free(s->certificates);
}

/* ----------------------------------------------------------------------- port */

struct signing {
	struct sim_node *s;
	uint64_t ticket, life;
	uint8_t seal[SEAL_LEN];
	bool fails;
};

static void on_signed(struct world *w, void *arg, uint64_t x)
{
	struct signing *g = arg;
	struct sim_node *s = g->s;

	if (g->life == s->life && s->suspended_until > w->now) {
		world_at(w, s->suspended_until, on_signed, g, x);
		return;
	}
	if (g->life == s->life)
		node_signed(s->node, g->ticket, g->fails ? CY_ESIGN : CY_OK,
			    g->fails ? cy_bytes(NULL, 0) : cy_bytes(g->seal, sizeof g->seal));
	free(g);
}

void certs_forget(const struct sim_event *e)
{
	if (e->fn == on_signed)
		free(e->arg);
}

static int port_sign(void *ctx, uint64_t ticket, struct cy_bytes text)
{
	struct sim_node *s = ctx;
	struct world *w = s->w;
	struct signing *g = malloc(sizeof *g);

	CY_ASSERT(g != NULL);
	*g = (struct signing){ .s = s, .ticket = ticket, .life = s->life, .fails = world_chance(w, FAULT_SIGN_FAILS) };
	seal(s->id, s->n_certificates - 1, text, g->seal);
	world_at(w,
		 w->now + 1 +
			 (world_chance(w, FAULT_SLOW_TOKEN) ? (int64_t)cy_rng_below(&w->disk, 10 * SECOND)
							    : (int64_t)cy_rng_below(&w->disk, 4)),
		 on_signed, g, 0);
	return CY_OK;
}

/* The certificate that a signature names; NULL: none of this authority. */
static const struct sim_certificate *named(const struct sim_node *of, struct cy_bytes signature, uint64_t *ret_index)
{
	if (of == NULL || signature.len != SEAL_LEN)
		return NULL;
	memcpy(ret_index, signature.data, sizeof *ret_index);
	return *ret_index < of->n_certificates ? &of->certificates[*ret_index] : NULL;
}

static int port_verify(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
		       struct cy_wall made, struct cy_error *e)
{
	const struct sim_node *s = ctx, *of = by_id(s->w, authority);
	uint64_t index = 0;
	const struct sim_certificate *c = named(of, signature, &index);
	uint8_t right[SEAL_LEN];

	if (c == NULL)
		return cy_fail(e, CY_ESIGN, "the signature names no certificate");
	seal(authority, index, text, right);
	if (memcmp(right, signature.data, SEAL_LEN) != 0)
		return cy_fail(e, CY_ESIGN, "the signature does not verify");
	if (of != s && s->w->now < c->pinned)
		return cy_fail(e, CY_ESIGN, "the certificate is not pinned");
	if (of != s && knows_revoked(s, of, c))
		return cy_fail(e, CY_ESIGN, "the certificate is revoked");
	if (made.ms < c->from || made.ms > c->until)
		return cy_fail(e, CY_ESIGN, "the certificate was not valid when it was made");
	return CY_OK;
}

static int port_may_sign(void *ctx, struct cy_wall at, struct cy_digest *ret_certificate, struct cy_error *e)
{
	const struct sim_node *s = ctx;
	const struct sim_certificate *c = present(s);

	*ret_certificate = cy_sha256(cy_bytes((const uint8_t *)&s->n_certificates, sizeof s->n_certificates));
	if (at.ms < c->from || at.ms > c->until)
		return cy_fail(e, CY_ESIGN, "the certificate is not valid");
	return knows_revoked(s, s, c) ? cy_fail(e, CY_ESIGN, "the certificate is revoked") : CY_OK;
}

static int port_stands(void *ctx, struct cy_bytes signature, struct cy_wall made, bool *ret_present, struct cy_error *e)
{
	const struct sim_node *s = ctx;
	uint64_t index = 0;
	const struct sim_certificate *c = named(s, signature, &index);

	*ret_present = c != NULL && c == present(s);
	if (c != NULL && (made.ms < c->from || made.ms > c->until || knows_revoked(s, s, c)))
		return cy_fail(e, CY_ESIGN, "it does not stand");
	return CY_OK;
}

struct signer_port certs_port(struct sim_node *s)
{
	return (struct signer_port){ s, port_sign, port_verify, port_may_sign, port_stands };
}

/* --------------------------------------------------------------- what goes wrong */

static void on_renew(struct world *w, void *arg, uint64_t pinned)
{
	if (!w->healed)
		issue(arg, (int64_t)pinned, LIFE);
}

void certs_strike(struct sim_node *s, struct cy_rng *r)
{
	struct world *w = s->w;
	struct sim_certificate *c = present(s);
	const int64_t later = w->now + world_span(r, HOUR);
	const int64_t pinned = cy_rng_below(r, 4) == 0 ? later + world_span(r, 30 * MINUTE) : 0;
	const uint64_t how = cy_rng_below(r, 3);

	if (how == 0) {
		issue(s, 0, world_span(r, 10 * MINUTE));
		world_say(w, "%s: it expires before long, and is renewed in %lld min", s->id,
			  (long long)((later - w->now) / MINUTE));
	} else if (c->revoked == 0) {
		c->revoked = w->now;
		world_say(w, "%s: its signing certificate is revoked, and renewed %s", s->id,
			  how == 1 ? "at once" : "later");
	}
	world_at(w, how == 1 ? w->now : later, on_renew, s, (uint64_t)pinned);
}

/* ------------------------------------------------------------------- operators */

static void on_left(struct world *w, void *arg, uint64_t conn)
{
	struct sim_node *s = arg;

	(void)w;
	if (s->node != NULL)
		node_local_down(s->node, conn);
}

void operator_says(struct sim_node *s, CyClientFrame *f)
{
	const uint64_t conn = ++s->w->conns;

	rig_client_hello(s->node, conn, OPERATOR, 1);
	f->correlation = 2;
	rig_client_says(s->node, conn, f);
	world_at(s->w, s->w->now + MINUTE, on_left, s, conn);
}

static void on_confirm(struct world *w, void *arg, uint64_t before);

/* A client that says that the clock is right as it is, until it is told that this is done. */
static void confirm(struct sim_node *s)
{
	CyConfirmTime c = CY_CONFIRM_TIME__INIT;
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	s->store.mark_may_fall = true;
	c.now_ms = sim_node_wall(s).ms;
	f.kind_case = CY_CLIENT_FRAME__KIND_CONFIRM_TIME;
	f.confirm_time = &c;
	s->confirming = s->w->conns + 1;
	world_at(s->w, s->w->now + MINUTE, on_confirm, s, s->confirming);
	operator_says(s, &f);
}

void certs_answered(struct sim_node *s, uint64_t conn, struct cy_bytes frame)
{
	CyServerFrame *f;

	if (conn != s->confirming)
		return;
	f = cy_server_frame__unpack(NULL, frame.len, frame.data);
	CY_ASSERT(f != NULL);
	if (f->kind_case == CY_SERVER_FRAME__KIND_DONE)
		s->confirming = 0;
	cy_server_frame__free_unpacked(f, NULL);
}

/* Once more where that of `before` has no answer, or was refused; 0: for the first time. */
static void on_confirm(struct world *w, void *arg, uint64_t before)
{
	struct sim_node *s = arg;

	if (before != 0 && before != s->confirming)
		return;
	if (s->node == NULL || s->suspended_until > w->now)
		world_at(w, w->now + MINUTE, on_confirm, s, before);
	else
		confirm(s);
}

void certs_clock_set(struct sim_node *s, int64_t after)
{
	world_at(s->w, s->w->now + after, on_confirm, s, 0);
}

static void on_leapt(struct world *w, void *arg, uint64_t offset)
{
	struct sim_node *s = arg;

	if (w->healed)
		return;
	sim_node_set_clock(s, (int64_t)offset);
}

void certs_leap(struct sim_node *s, struct cy_rng *r)
{
	const int64_t before = s->wall_offset;

	sim_node_set_clock(s, before + (cy_rng_below(r, 2) == 0 ? LEAP : -LEAP));
	world_at(s->w, s->w->now + world_span(r, 10 * SECOND), on_leapt, s, (uint64_t)before);
}

/* What anybody does in the end: a certificate that all know, a clock that is right. */
void certs_heal(struct sim_node *s)
{
	issue(s, 0, LIFE);
	sim_node_set_clock(s, 0);
	certs_clock_set(s, MINUTE);
}
