#include "comityctl/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "wire/base64.h"
#include "wire/manifest.h"

#define PATH_SIZE (ASIC_NAME_MAX + 64) /* of a folder, and a name in it */

static void fault(struct verification *r, const char *file, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void fault(struct verification *r, const char *file, const char *fmt, ...)
{
	struct verify_fault *f = &r->faults[r->n_faults];
	va_list ap;

	if (r->n_faults == VERIFY_FAULTS_MAX)
		return;
	snprintf(f->file, sizeof f->file, "%s", file);
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof f->text, fmt, ap);
	va_end(ap);
	cy_utf8_mend(f->text);
	r->n_faults++;
}

const struct verify_authority *verify_authority(const struct verification *r, const char *id)
{
	for (size_t i = 0; i < r->n_authorities; i++)
		if (strcmp(r->authorities[i].id, id) == 0)
			return &r->authorities[i];
	return NULL;
}

void verify_free(struct verification *r)
{
	for (size_t i = 0; i < VERIFY_AUTHORITIES_MAX; i++)
		cms_anchors_free(r->authorities[i].anchors);
	container_free(&r->container);
	container_free(&r->own);
	free(r->messages);
	free(r->covered);
}

/* --------------------------------------------------------------- the container */

/* Which file is not as it was signed: its line is not in the manifest. */
static bool is_named(const struct cy_bytes manifest, const struct asic_file *f)
{
	struct cy_buf name = CY_BUF(ASIC_NAME_MAX + 16), digest = CY_BUF(64);
	const char *line;
	bool named = false;

	CY_ASSERT(cy_buf_addf(&name, " URI=\"%s\"", f->name) == CY_OK &&
		  wire_base64(cy_bytes(f->sha256.b, sizeof f->sha256.b), &digest) == CY_OK);
	line = memmem(manifest.data, manifest.len, name.data, name.len);
	if (line != NULL) {
		const size_t left = manifest.len - (size_t)((const uint8_t *)line - manifest.data);

		named = memmem(line, left < 512 ? left : 512, digest.data, digest.len) != NULL;
	}
	cy_buf_free(&name);
	cy_buf_free(&digest);
	return named;
}

/* There is one way to write the manifest of these files, so it is written again. */
static void check_files(struct verification *r)
{
	struct cy_buf own = CY_BUF(ASIC_MANIFEST_MAX);
	const struct cy_bytes manifest = container_find(&r->own, ASIC_MANIFEST);
	const size_t before = r->n_faults;

	CY_ASSERT(asic_manifest(r->container.files, r->container.n, &own) == CY_OK);
	if (!cy_bytes_equal(cy_buf_view(&own), manifest)) {
		for (size_t i = 0; i < r->container.n; i++)
			if (!is_named(manifest, &r->container.files[i]))
				fault(r, r->container.files[i].name,
				      "it is not what was signed: its bytes were changed, or it was put in later");
		if (r->n_faults == before)
			fault(r, ASIC_MANIFEST,
			      "it names other files than there are, or in another order: a file was taken out, or it "
			      "was "
			      "written by another program");
	}
	cy_buf_free(&own);
}

/* Dates, flags and attributes of the ZIP file around the files say nothing, but that they are others is told. */
static void check_frame(struct verification *r, const struct cy_digest *digest)
{
	struct cy_buf again = CY_BUF(CONTAINER_BYTES_MAX);
	struct cy_digest d;

	if (container_bytes(&r->container, container_find(&r->own, ASIC_MANIFEST),
			    container_find(&r->own, ASIC_SIGNATURE), &again) == CTL_DONE) {
		d = cy_sha256(cy_buf_view(&again));
		r->other_frame = !cy_digest_equal(&d, digest);
	}
	cy_buf_free(&again);
}

static void check_giver(struct verification *r)
{
	const struct cy_bytes signature = container_find(&r->own, ASIC_SIGNATURE);
	struct cy_error e = { 0 };
	struct cy_digest signer;

	r->given_out = cms_signing_time(signature);
	if (r->given_out.ms == 0) {
		fault(r, ASIC_SIGNATURE, "it does not say when it was signed, so that nothing can be checked");
		return;
	}
	for (size_t i = 0; i < r->n_authorities && r->given_out_by == NULL; i++)
		if (cms_verify(r->authorities[i].anchors, container_find(&r->own, ASIC_MANIFEST), signature,
			       r->given_out, &signer, &e) == CY_OK)
			r->given_out_by = r->authorities[i].id;
	if (r->given_out_by == NULL)
		fault(r, ASIC_SIGNATURE,
		      "no authority whose anchors were given has signed " ASIC_MANIFEST "; the last one: %s", e.text);
}

/* ------------------------------------------------------------------- parcels */

/* One folder of a parcel, whose name ends with the slash. */
struct folder {
	char name[ASIC_NAME_MAX + 1];
	struct wire_text manifest, receipt;
	bool receipted;
};

static const char *path_of(const struct folder *f, const char *name, const char *end, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s%s%s", f->name, name, end);
	return path;
}

static struct cy_bytes file_of(const struct verification *r, const struct folder *f, const char *name, const char *end)
{
	char path[PATH_SIZE];

	return container_find(&r->container, path_of(f, name, end, path));
}

/* Something that was signed stands for the file. */
static void cover(struct verification *r, const char *path)
{
	for (size_t i = 0; i < r->container.n; i++)
		if (strcmp(r->container.files[i].name, path) == 0)
			r->covered[i] = true;
}

/* Is it a text of this type, signed by who it says? */
static bool check_text(struct verification *r, const struct folder *f, const char *name, enum wire_text_type type,
		       struct wire_text *ret)
{
	char path[PATH_SIZE];
	const struct cy_bytes text = file_of(r, f, name, ""), signature = file_of(r, f, name, ".p7s");
	const struct verify_authority *a;
	struct cy_error e = { 0 };
	struct cy_digest signer;

	path_of(f, name, ".p7s", path);
	cover(r, path);
	path_of(f, name, "", path);
	cover(r, path);
	if (wire_text_read(text, ret, &e) != CY_OK)
		fault(r, path, "%s: %s", e.field, e.text);
	else if (ret->type != type)
		fault(r, path, "it is a signed text of another type");
	else if (signature.data == NULL)
		fault(r, path, "its signature %s.p7s is not in the container", name);
	else if ((a = verify_authority(r, ret->from)) == NULL)
		fault(r, path, "it says that %s signed it, whose anchors were not given: --anchors %s=FILE.pem",
		      ret->from, ret->from);
	else if (cms_verify(a->anchors, text, signature, ret->made, &signer, &e) != CY_OK)
		fault(r, path, "%s has not signed it: %s", ret->from, e.text);
	else
		return true;
	return false;
}

static bool same_entries(const struct wire_text *a, const struct wire_text *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = strcmp(a->entries[i].id, b->entries[i].id) == 0 &&
		       cy_digest_equal(&a->entries[i].digest, &b->entries[i].digest);
	return same;
}

/* Is the receipt one for this parcel? */
static void check_receipt(struct verification *r, struct folder *f)
{
	const struct wire_text *m = &f->manifest, *t = &f->receipt;
	const struct cy_digest digest = cy_sha256(file_of(r, f, "manifest", ""));
	char path[PATH_SIZE];

	if (file_of(r, f, "receipt", "").data == NULL || !check_text(r, f, "receipt", WIRE_RECEIPT, &f->receipt))
		return;
	path_of(f, "receipt", "", path);
	if (strcmp(t->from, m->to) != 0 || strcmp(t->to, m->from) != 0 || t->epoch != m->epoch ||
	    t->sequence != m->sequence || !cy_digest_equal(&t->parcel, &digest))
		fault(r, path, "it is a receipt for another parcel than the manifest beside it");
	else if (!same_entries(m, t))
		fault(r, path, "it does not name the messages of the manifest, each once and in their order");
	else
		f->receipted = true;
}

/* The signed bytes are a message of this author under this id. */
static void check_content(struct verification *r, const struct folder *f, struct verify_message *to,
			  struct cy_bytes content)
{
	char path[PATH_SIZE];
	const struct cy_digest digest = cy_sha256(content);
	const ProtobufCFieldDescriptor *kind;
	CyMessage *m;

	path_of(f, to->id, ".json", path);
	cover(r, path);
	path_of(f, to->id, "", path);
	cover(r, path);
	if (!cy_digest_equal(&digest, &to->digest)) {
		fault(r, path, "its SHA-256 is not the one that the manifest names");
		return;
	}
	m = cy_message__unpack(NULL, content.len, content.data);
	if (m == NULL) {
		fault(r, path, "it is not a message of this schema");
		return;
	}
	if (strcmp(m->id, to->id) != 0 || strcmp(m->from, f->manifest.from) != 0 || strcmp(m->to, f->manifest.to) != 0)
		fault(r, path, "it names another id, author or addressee than its manifest");
	to->number = m->number;
	kind = m->content != NULL
		       ? protobuf_c_message_descriptor_get_field(&cy_content__descriptor, m->content->kind_case)
		       : NULL;
	to->kind = kind != NULL ? kind->name : "";
	cy_message__free_unpacked(m, NULL);
}

static void take_verdict(const struct folder *f, struct verify_message *to)
{
	for (size_t i = 0; f->receipted && i < f->receipt.n; i++)
		if (strcmp(f->receipt.entries[i].id, to->id) == 0 &&
		    cy_digest_equal(&f->receipt.entries[i].digest, &to->digest)) {
			to->receipted = true;
			to->code = f->receipt.entries[i].code;
		}
}

static void check_parcel(struct verification *r, struct folder *f)
{
	if (!check_text(r, f, "manifest", WIRE_PARCEL, &f->manifest))
		return;
	check_receipt(r, f);
	r->messages = realloc(r->messages, (r->n_messages + f->manifest.n) * sizeof *r->messages);
	CY_ASSERT(r->messages != NULL);
	for (size_t i = 0; i < f->manifest.n; i++) {
		const struct wire_entry *entry = &f->manifest.entries[i];
		const struct cy_bytes content = file_of(r, f, entry->id, "");
		struct verify_message *to = &r->messages[r->n_messages];

		/* Others that left in the same parcel are of other cases, or erased; what has no id of a message is
		 * none. */
		if (content.data == NULL || !cy_uuid_valid(entry->id))
			continue;
		*to = (struct verify_message){ .digest = entry->digest, .signed_at = f->manifest.made, .kind = "" };
		snprintf(to->id, sizeof to->id, "%s", entry->id);
		snprintf(to->author, sizeof to->author, "%s", f->manifest.from);
		check_content(r, f, to, content);
		take_verdict(f, to);
		r->n_messages++;
	}
}

static void check_parcels(struct verification *r)
{
	static const char end[] = "/manifest";
	struct folder *f = malloc(sizeof *f);

	CY_ASSERT(f != NULL);
	for (size_t i = 0; i < r->container.n; i++) {
		const char *name = r->container.files[i].name;
		const size_t len = strlen(name);

		if (len <= strlen(end) || strcmp(name + len - strlen(end), end) != 0)
			continue;
		*f = (struct folder){ 0 };
		memcpy(f->name, name, len - strlen(end) + 1);
		check_parcel(r, f);
	}
	free(f);
	for (size_t i = 0; i < r->container.n; i++)
		if (strncmp(r->container.files[i].name, "parcels/", 8) == 0 && !r->covered[i])
			fault(r, r->container.files[i].name,
			      "no signed manifest beside it names it: it proves nothing");
}

int verify_container(struct verification *r, const char *path)
{
	struct cy_digest digest;
	int done = container_read(path, &r->container, &r->own, &digest);

	if (done != CTL_DONE)
		return done;
	check_frame(r, &digest);
	r->n_files = r->container.n;
	r->covered = calloc(r->n_files + 1, sizeof *r->covered);
	CY_ASSERT(r->covered != NULL);
	check_files(r);
	check_giver(r);
	check_parcels(r);
	if (r->n_messages == 0 && r->n_faults == 0)
		fault(r, path, "there is no signed message in it");
	return CTL_DONE;
}
