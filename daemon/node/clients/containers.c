/* Containers that clients put together of what was exchanged: the authority signs which files are in one, and the audit
 * log says for whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "node/clients/views.h"
#include "wire/asic.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What is wrong with the file at this place; NULL: nothing is. */
static const char *wrong(const CyContainerFile *f)
{
	if (!asic_name_valid(f->name))
		return "the name is not folders and a name of letters, digits, '.', '_' and '-', none of which begins "
		       "with '.'";
	if (strncmp(f->name, "META-INF/", 9) == 0 || strcmp(f->name, "mimetype") == 0)
		return "mimetype and META-INF belong to the container itself: leave it out";
	if (f->sha256.len != CY_SHA256_LEN)
		return "a SHA-256 has 32 bytes";
	return NULL;
}

/* The files of the request in the arena; NULL: it was answered what is wrong. */
static struct asic_file *take_files(struct node *n, const struct conn *c, uint64_t correlation,
				    const CySignContainer *r)
{
	struct asic_file *files;
	const char **names;
	const char *why = NULL;
	char field[48] = "files";

	if (r->n_files == 0 || r->n_files > ASIC_FILES_MAX) {
		local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, field, "%zu files: expected 1 to %u",
			    r->n_files, ASIC_FILES_MAX);
		return NULL;
	}
	files = cy_arena_take(&n->batch.arena, r->n_files * sizeof *files);
	names = cy_arena_take(&n->batch.arena, r->n_files * sizeof *names);
	for (size_t i = 0; why == NULL && i < r->n_files; i++) {
		const CyContainerFile *f = r->files[i];

		if ((why = wrong(f)) != NULL) {
			snprintf(field, sizeof field, "files[%zu]", i);
			break;
		}
		files[i].name = names[i] = f->name;
		memcpy(files[i].sha256.b, f->sha256.data, CY_SHA256_LEN);
	}
	if (why == NULL) {
		qsort(names, r->n_files, sizeof *names, by_name);
		for (size_t i = 1; why == NULL && i < r->n_files; i++)
			if (strcmp(names[i - 1], names[i]) == 0)
				why = "two files have the same name";
	}
	if (why == NULL)
		return files;
	local_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, field, "%s", why);
	return NULL;
}

void container_sign(struct node *n, struct conn *c, uint64_t correlation, const CySignContainer *r)
{
	const struct asic_file *files = take_files(n, c, correlation, r);
	struct cy_buf text = CY_BUF(ASIC_MANIFEST_MAX);
	struct signing_request *w;

	if (files == NULL)
		return;
	CY_ASSERT(asic_manifest(files, r->n_files, &text) == CY_OK);
	w = batch_request_signature_of(n, SIGN_CONTAINER, cy_buf_view(&text));
	w->conn = c->id;
	w->correlation = correlation;
	w->client = cy_arena_string(&n->batch.arena, c->client->name);
	/* What is signed and answered at once has a bound, as for frames and messages. */
	n->batch.bytes += w->text.len;
	n->batch.messages++;
	cy_buf_free(&text);
}

void container_signed(struct node *n, struct signing_request *w)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyContainerSignature s = CY_CONTAINER_SIGNATURE__INIT;
	char hex[CY_SHA256_HEX], why[NODE_FAULT_SIZE + 64], state[NODE_FAULT_SIZE];

	if (w->signature.len == 0) {
		signing_state(n, state, sizeof state);
		snprintf(why, sizeof why, "it could not be signed, nothing was done: %s",
			 strcmp(state, "ok") == 0 ? "repeat it" : state);
		batch_error(n, w->conn, w->correlation, CY_ERROR_CODE__UNAVAILABLE, "", why);
		return;
	}
	const struct cy_digest digest = cy_sha256(w->text);

	cy_digest_hex(&digest, hex);
	batch_leaf(n, "exported %s %s %s", n->authority, hex, w->client);
	s.manifest = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)w->text.data, .len = w->text.len };
	s.signature = (ProtobufCBinaryData){ .data = (uint8_t *)(uintptr_t)w->signature.data, .len = w->signature.len };
	s.made_ms = w->made.ms;
	f.kind_case = CY_SERVER_FRAME__KIND_CONTAINER_SIGNATURE;
	f.container_signature = &s;
	batch_reply(n, w->conn, w->correlation, &f);
}
