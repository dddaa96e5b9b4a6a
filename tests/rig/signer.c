#include <stdlib.h>
#include <string.h>

#include "rig.h"

struct cy_digest rig_seal(const char *authority, struct cy_bytes text)
{
	const struct cy_bytes pieces[] = { cy_bytes(authority, strlen(authority)), text };

	return cy_sha256v(pieces, 2);
}

static int signer_sign(void *ctx, uint64_t ticket, struct cy_bytes text)
{
	struct rig_signer *s = ctx;
	struct wire_text *t;

	if (s->refuses || s->n == RIG_SIGNING)
		return CY_EAGAIN;
	t = calloc(1, sizeof *t);
	CY_ASSERT(t != NULL && wire_text_read(text, t, NULL) == CY_OK);
	s->waits[s->n].ticket = ticket;
	s->waits[s->n].type = t->type;
	s->waits[s->n++].seal = rig_seal(s->self, text);
	free(t);
	return CY_OK;
}

static int signer_verify(void *ctx, const char *authority, struct cy_bytes text, struct cy_bytes signature,
			 struct cy_wall made, struct cy_error *e)
{
	struct rig_signer *s = ctx;
	const struct cy_digest d = rig_seal(authority, text);
	const bool own = strcmp(authority, s->self) == 0;

	s->judged = made;
	if (!own && made.ms < s->trusts_from)
		return cy_fail(e, CY_ESIGN, "the signer's certificate is revoked");
	if ((own && s->lost_own) || !cy_bytes_equal(cy_bytes(d.b, sizeof d.b), signature))
		return cy_fail(e, CY_ESIGN, "the signature does not verify");
	return CY_OK;
}

static int signer_may_sign(void *ctx, struct cy_wall at, struct cy_digest *ret_certificate, struct cy_error *e)
{
	const struct rig_signer *s = ctx;

	(void)at;
	*ret_certificate = cy_sha256(cy_bytes("ours", 4));
	return s->expired ? cy_fail(e, CY_ESIGN, "our certificate has expired") : CY_OK;
}

static int signer_stands(void *ctx, struct cy_bytes signature, struct cy_wall made, bool *ret_present,
			 struct cy_error *e)
{
	const struct rig_signer *s = ctx;

	(void)signature;
	*ret_present = made.ms >= s->renewed && made.ms >= s->stands_from;
	return made.ms < s->stands_from ? cy_fail(e, CY_ESIGN, "our certificate was revoked") : CY_OK;
}

struct signer_port rig_signer_port(struct rig_signer *s)
{
	return (struct signer_port){ s, signer_sign, signer_verify, signer_may_sign, signer_stands };
}

void rig_sign_at(struct rig_signer *s, struct node *node, size_t i, int code)
{
	const typeof(s->waits[0]) now = s->waits[i];

	s->n--;
	memmove(&s->waits[i], &s->waits[i + 1], (s->n - i) * sizeof now);
	node_signed(node, now.ticket, code, cy_bytes(now.seal.b, code == CY_OK ? sizeof now.seal.b : 0));
}

void rig_sign(struct rig_signer *s, struct node *node, int code)
{
	for (size_t n = s->n; n > 0; n--)
		rig_sign_at(s, node, 0, code);
}
