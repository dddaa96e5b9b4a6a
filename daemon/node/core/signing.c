/* Whether we may sign: not by a clock that is not trusted, not outside the validity of our
 * certificate, not by one that is known to be revoked. What is to be signed waits then. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/core/core.h"

/* May we sign what was made at this instant of our wall clock? False: why not is in `text`. */
static bool may_sign(struct node *n, struct cy_wall made, char *text, size_t size)
{
	const struct signer_port *s = &n->ports.signer;
	struct cy_digest certificate;
	struct cy_error e = { 0 };
	char why[128], all[sizeof e.field + 2 + sizeof e.text];

	text[0] = '\0';
	if (!node_clock_fits(n, made, why, sizeof why))
		snprintf(text, size,
			 "the wall clock: %s; set it right, or say that it is right: comityctl clock confirm", why);
	else if (s->may_sign != NULL && s->may_sign(s->ctx, made, &certificate, &e) < 0) {
		snprintf(all, sizeof all, "%s%s%s", e.field, e.field[0] != '\0' ? ": " : "", e.text);
		cy_line(text, size, all);
	}
	return text[0] == '\0';
}

bool signing_allowed(struct node *n, struct cy_wall made)
{
	char why[NODE_FAULT_SIZE];

	/* What was made during a jump of the clock shows it although the clock is right again. */
	return may_sign(n, node_now(n), why, sizeof why) && may_sign(n, made, why, sizeof why);
}

const char *signing_state(struct node *n, char *text, size_t size)
{
	if (may_sign(n, node_now(n), text, size))
		snprintf(text, size, "ok");
	return text;
}

void signing_watch(struct node *n)
{
	const bool could = n->sign_fault[0] == '\0';
	const bool can = may_sign(n, node_now(n), n->sign_fault, sizeof n->sign_fault);

	if (could && !can)
		node_log(n, NODE_ALARM, NODE_EVENT_SIGNING, "",
			 "nothing is signed now, and all that is to be signed waits: %s", n->sign_fault);
	if (could || !can)
		return;
	node_log(n, NODE_INFO, NODE_EVENT_SIGNING, "", "it is signed again, and what waited leaves");
	for (size_t i = 0; i < n->n_peers; i++)
		n->peers[i]->no_parcel_before = (struct cy_mono){ 0 };
}

bool signing_counts(struct node *n, struct peer *p, struct cy_bytes text, struct cy_bytes signature)
{
	const struct signer_port *s = &n->ports.signer;
	struct wire_text *t = cy_arena_take(&n->batch.arena, sizeof *t);
	bool present = true, stands;

	if (wire_text_read(text, t, NULL) < 0)
		return true;
	stands = s->stands == NULL || s->stands(s->ctx, signature, t->made, &present, NULL) == CY_OK;
	if (!p->refusal.anew)
		return stands;
	/* What another certificate signed may be what is refused, whenever that was. Of the present one it is what
	 * was there at the refusal; one from later than now was, by a clock that was ahead. */
	if (present && (p->refusal.refused_twice || (t->made.ms > p->refusal.at.ms && t->made.ms <= node_now(n).ms)))
		return stands;
	p->refusal.was_anew = true;
	return false;
}

static struct cy_digest present_certificate(struct node *n)
{
	const struct signer_port *s = &n->ports.signer;
	struct cy_digest certificate = { 0 };

	if (s->may_sign != NULL)
		s->may_sign(s->ctx, node_now(n), &certificate, NULL);
	return certificate;
}

/* ------------------------------------------------------- what a peer says of them */

void signing_refused(struct node *n, struct peer *p, bool proven)
{
	if (p->refusal.since.ms == 0)
		p->refusal.since = node_now(n);
	p->refusal.at = node_now(n);
	p->refusal.now = true;
	node_log(n, NODE_ALARM, NODE_EVENT_SIGNING, p->id,
		 "peer %s: it refuses our signature; compare the fingerprint of our signing certificate with what it "
		 "has "
		 "pinned: it needs the sign-all.pem and the CRL that comity-pki export writes",
		 p->id);
	if (!proven)
		return;
	/* All that left was signed by this certificate, and something is refused as well. */
	if (p->refusal.was_anew) {
		p->refusal.refused_twice = true;
		p->refusal.tried = p->refusal.certificate;
	}
	p->refusal.proven = true;
}

void signing_clock_confirmed(struct node *n)
{
	const struct cy_wall now = node_now(n);

	for (size_t i = 0; i < n->n_peers; i++)
		if (n->peers[i]->refusal.at.ms > now.ms)
			n->peers[i]->refusal.at = now;
}

void signing_heard(struct node *n, struct peer *p)
{
	p->refusal.now = p->refusal.anew = p->refusal.was_anew = false;
	if (!p->refusal.proven)
		return;
	p->refusal.certificate = present_certificate(n);
	p->refusal.refused_twice &= cy_digest_equal(&p->refusal.tried, &p->refusal.certificate);
	p->refusal.anew = true;
}

void signing_accepted(struct peer *p)
{
	/* What remains to be signed anew in this session is so. */
	p->refusal = (struct node_refusal){ .at = p->refusal.at,
					    .anew = p->refusal.anew,
					    .was_anew = p->refusal.was_anew,
					    .certificate = p->refusal.certificate };
}

bool signing_is_refused(struct node *n, const struct peer *p)
{
	struct cy_wall now = node_now(n);

	if (p->refusal.since.ms == 0)
		return false;
	/* A receipt of ours is accepted without a word: by and by silence says so. */
	return p->session == 0 || !p->greeted || p->refusal.now || now.ms - p->since.ms < NODE_REFUSAL_MS;
}

int node_check_text(struct node *n, const CySignedText *st, enum wire_text_type type, const char *from, const char *to,
		    struct wire_text **ret_text, struct cy_error *e)
{
	struct wire_text *t;
	struct signer_port *s = &n->ports.signer;
	int r;

	if (st == NULL)
		return cy_fail(e, CY_EPARSE, "a signed text is missing");
	if (st->text.len > CY_MANIFEST_MAX || st->signature.len > CY_SIGNATURE_MAX)
		return cy_fail(e, CY_ELIMIT, "a signed text or its signature is too long");
	t = malloc(sizeof *t);
	CY_ASSERT(t != NULL);
	r = wire_text_read(cy_bytes(st->text.data, st->text.len), t, e);
	if (r == CY_OK && (t->type != type || strcmp(t->from, from) != 0 || strcmp(t->to, to) != 0))
		r = cy_fail(e, CY_EDENIED, "a signed text is of another type, author or addressee than its place says");
	if (r == CY_OK)
		r = s->verify(s->ctx, from, cy_bytes(st->text.data, st->text.len),
			      cy_bytes(st->signature.data, st->signature.len),
			      type == WIRE_SESSION_PROOF ? node_legal_now(n) : t->made, e);
	if (r < 0) {
		free(t);
		return r;
	}
	*ret_text = t;
	return CY_OK;
}
