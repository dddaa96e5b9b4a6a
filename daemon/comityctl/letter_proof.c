/* letter: how a message is known again, and verified. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/sha256.h"
#include "comityctl/letter_job.h"
#include "comityctl/proof.h"
#include "wire/manifest.h"

static const char *hex_of(struct letter_job *j, const ProtobufCBinaryData *data)
{
	const struct cy_digest d = cy_sha256(cy_bytes(data->data, data->len));
	char hex[CY_SHA256_HEX];

	cy_digest_hex(&d, hex);
	return cy_arena_string(&j->arena, hex);
}

static const char *decimal(struct letter_job *j, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return cy_arena_string(&j->arena, text);
}

/* The line of the manifest has the digest of the message, also where the message itself is not kept. */
static const char *named_digest(struct letter_job *j, const struct wire_text *t, const char *id)
{
	char hex[CY_SHA256_HEX];

	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->entries[i].id, id) == 0) {
			cy_digest_hex(&t->entries[i].digest, hex);
			return cy_arena_string(&j->arena, hex);
		}
	return "";
}

static void digest(struct letter_job *j, const char *label, const char *text)
{
	if (text[0])
		letter_exact(&j->letter, 0, letter_say(j, label), text, "");
}

static void parcel(struct letter_job *j, const CyMessageView *m, const struct wire_text *t)
{
	const struct form_words *w = &j->words.words;

	letter_pair(j, "Parcel",
		    form_fill(w, &j->arena, "{from} to {to}, epoch {epoch}, sequence {sequence}, signed {when}", "from",
			      t->from, "to", t->to, "epoch", decimal(j, t->epoch), "sequence", decimal(j, t->sequence),
			      "when", form_instant(w, &j->arena, t->made.ms), NULL));
	digest(j, "SHA-256 of the parcel's manifest", hex_of(j, &m->manifest));
}

static void receipt(struct letter_job *j, const CyMessageView *m, struct wire_text *t)
{
	const struct form_words *w = &j->words.words;

	if (!m->receipt.len || wire_text_read(cy_bytes(m->receipt.data, m->receipt.len), t, NULL) != CY_OK) {
		letter_pair(j, "Receipt", letter_say(j, "There is none yet."));
		return;
	}
	letter_pair(j, "Receipt",
		    form_fill(w, &j->arena, "signed by {from}, {when}", "from", t->from, "when",
			      form_instant(w, &j->arena, t->made.ms), NULL));
	digest(j, "SHA-256 of the receipt", hex_of(j, &m->receipt));
}

void letter_proof(struct letter_job *j, const CyMessageView *m)
{
	struct wire_text *t = calloc(1, sizeof *t);
	const char *id = m->summary != NULL ? m->summary->message_id : m->message->id;
	bool sent;

	CY_ASSERT(t != NULL);
	sent = m->manifest.len && wire_text_read(cy_bytes(m->manifest.data, m->manifest.len), t, NULL) == CY_OK;
	letter_pair(j, "Message", id);
	digest(j, "SHA-256 of the message", m->content.len ? hex_of(j, &m->content) : named_digest(j, t, id));
	if (sent) {
		parcel(j, m, t);
		receipt(j, m, t);
	} else {
		letter_pair(j, "Parcel", letter_say(j, "None yet: the message waits, and is not signed."));
	}
	free(t);
}

void letter_commands(struct letter_job *j, const char *id, bool receipt)
{
	struct cy_buf b = CY_BUF(PROOF_COMMANDS_MAX + 256);

	letter_paragraph(
		&j->letter, LETTER_TEXT, 0,
		letter_say(
			j,
			"What was signed is the electronic message, of which this letter is a copy for people to read. "
			"These commands write the message and its proof into a folder, and verify it by sha256sum and "
			"openssl alone. ANCHORS.pem stands for the trust anchors of the authority that signed."));
	if (id == NULL)
		letter_paragraph(&j->letter, LETTER_TEXT, 0, letter_say(j, "MESSAGE stands for the id of a message."));
	CY_ASSERT(cy_buf_addf(&b, "comityctl message show %s --save proof\ncd proof\n", id != NULL ? id : "MESSAGE") ==
		  CY_OK);
	proof_commands("", receipt, &b);
	letter_paragraph(&j->letter, LETTER_CODE, 0, (const char *)b.data);
	cy_buf_free(&b);
	letter_paragraph(&j->letter, LETTER_TEXT, 0,
			 letter_say(j, "The first digest that sha256sum compares is that of the message: the parcel's "
				       "manifest names it, and the signature is over that manifest."));
}
