#include "comityctl/container.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include "base/error.h"
#include "comityctl/ctl.h"

#define FIRST_DAY 0x21 /* 1980-01-01 as ZIP has it: when files were written is nobody's concern, and all have it */

/* By the rules of the format all that is in META-INF but the manifest's signature would have to be named here. */
static bool is_own(const char *name)
{
	return strcmp(name, "mimetype") == 0 || strncmp(name, "META-INF/", 9) == 0;
}

static void *copy(const void *data, size_t len)
{
	uint8_t *c = malloc(len + 1);

	CY_ASSERT(c != NULL);
	if (len > 0)
		memcpy(c, data, len);
	c[len] = '\0';
	return c;
}

struct cy_bytes container_find(const struct container *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->files[i].name, name) == 0)
			return c->data[i];
	return cy_bytes(NULL, 0);
}

int container_add(struct container *c, const char *name, struct cy_bytes data)
{
	CY_ASSERT(asic_name_valid(name));
	if (container_find(c, name).data != NULL)
		return CTL_DONE;
	if (c->n == ASIC_FILES_MAX)
		return ctl_fail(CTL_BAD_FILE,
				"a container has at most %u files, and this one would have more: take fewer "
				"messages, each with a container of its own",
				ASIC_FILES_MAX);
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->files = realloc(c->files, c->room * sizeof *c->files);
		c->data = realloc(c->data, c->room * sizeof *c->data);
		CY_ASSERT(c->files != NULL && c->data != NULL);
	}
	c->data[c->n] = cy_bytes(copy(data.data, data.len), data.len);
	c->files[c->n] = (struct asic_file){ .name = copy(name, strlen(name)), .sha256 = cy_sha256(data) };
	c->n++;
	return CTL_DONE;
}

void container_free(struct container *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free((void *)(uintptr_t)c->files[i].name);
		free((void *)(uintptr_t)c->data[i].data);
	}
	free(c->files);
	free(c->data);
	*c = (struct container){ 0 };
}

/* ------------------------------------------------------------------- writing */

/* Without compression, and without fields that the format does not have: mimetype then stands at its place for whoever
 * looks at the first bytes only. */
static bool put(zip_t *z, const char *name, struct cy_bytes data)
{
	zip_source_t *s = zip_source_buffer(z, data.data, data.len, 0);
	zip_int64_t at;

	if (s == NULL)
		return false;
	at = zip_file_add(z, name, s, ZIP_FL_ENC_UTF_8);
	if (at < 0) {
		zip_source_free(s);
		return false;
	}
	return zip_set_file_compression(z, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0 &&
	       zip_file_set_dostime(z, (zip_uint64_t)at, 0, FIRST_DAY, 0) == 0;
}

static bool put_all(zip_t *z, const struct container *c, struct cy_bytes manifest, struct cy_bytes signature)
{
	bool good = put(z, "mimetype", cy_bytes(ASIC_MEDIA_TYPE, strlen(ASIC_MEDIA_TYPE)));

	for (size_t i = 0; good && i < c->n; i++)
		good = put(z, c->files[i].name, c->data[i]);
	return good && put(z, ASIC_MANIFEST, manifest) && put(z, ASIC_SIGNATURE, signature);
}

/* What was written into memory. */
static int take_bytes(zip_source_t *s, struct cy_buf *out)
{
	zip_stat_t st;
	int r = CTL_BAD_FILE;

	if (zip_source_stat(s, &st) < 0 || zip_source_open(s) < 0)
		return r;
	if (cy_buf_reserve(out, st.size) == CY_OK &&
	    zip_source_read(s, out->data + out->len, st.size) == (zip_int64_t)st.size) {
		out->len += st.size;
		r = CTL_DONE;
	}
	zip_source_close(s);
	return r;
}

int container_bytes(const struct container *c, struct cy_bytes manifest, struct cy_bytes signature, struct cy_buf *out)
{
	zip_source_t *s = zip_source_buffer_create(NULL, 0, 0, NULL);
	zip_t *z;
	int r = CTL_BAD_FILE;

	CY_ASSERT(s != NULL);
	zip_source_keep(s); /* what is written outlives the archive */
	z = zip_open_from_source(s, ZIP_TRUNCATE, NULL);
	CY_ASSERT(z != NULL);
	if (put_all(z, c, manifest, signature) && zip_close(z) == 0)
		r = take_bytes(s, out);
	else
		zip_discard(z);
	zip_source_free(s);
	return r == CTL_DONE ? r : ctl_fail(r, "the container is longer than %zu bytes: take fewer messages", out->max);
}

/* ------------------------------------------------------------------- reading */

struct reading {
	const char *path;
	zip_t *zip;
	zip_uint64_t size, taken; /* bytes of the container; of its files so far */
};

static int wrong(const struct reading *r, const char *name, const char *why)
{
	return ctl_fail(CTL_BAD_FILE, "%s: %s: %s", r->path, name, why);
}

/* NULL, or what is wrong with the file before it is read. */
static const char *refuse(const struct reading *r, zip_uint64_t at, const zip_stat_t *st)
{
	const zip_uint64_t all = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;

	if ((st->valid & all) != all)
		return "the ZIP file does not say how long it is and how it is stored";
	if (!asic_name_valid(st->name))
		return "its name is not folders and a name of letters, digits, '.', '_' and '-', none of which begins "
		       "with '.'; a container is not unpacked into places that it chooses";
	if (st->comp_method != ZIP_CM_STORE || st->encryption_method != ZIP_EM_NONE)
		return "it is compressed or encrypted; the files of a container are stored as they are";
	if (st->size > r->size - r->taken || r->taken + st->size > CONTAINER_BYTES_MAX)
		return "it says that it is longer than the container has room for";
	if (at == 0 && strcmp(st->name, "mimetype") != 0)
		return "the first file of a container is mimetype";
	return NULL;
}

static int read_file(struct reading *r, zip_uint64_t at, const zip_stat_t *st, struct container *into)
{
	zip_file_t *f = zip_fopen_index(r->zip, at, 0);
	uint8_t *data = malloc(st->size + 1);
	zip_int64_t n;
	int done = CTL_DONE;

	CY_ASSERT(data != NULL);
	/* One byte more than it says: what follows the last one is its checksum, which is looked at there. */
	n = f != NULL ? zip_fread(f, data, st->size + 1) : -1;
	if (n < 0 || (zip_uint64_t)n != st->size)
		done = wrong(r, st->name, f == NULL ? zip_strerror(r->zip) : "its bytes are not those of its checksum");
	else if (container_find(into, st->name).data != NULL)
		done = wrong(r, st->name, "the name stands twice");
	else
		done = container_add(into, st->name, cy_bytes(data, st->size));
	r->taken += st->size;
	free(data);
	if (f != NULL)
		zip_fclose(f);
	return done;
}

static int read_all(struct reading *r, struct container *c, struct container *own)
{
	const zip_int64_t n = zip_get_num_entries(r->zip, 0);
	int done = n > 0 ? CTL_DONE : ctl_fail(CTL_BAD_FILE, "%s: it is an empty ZIP file", r->path);

	for (zip_uint64_t i = 0; done == CTL_DONE && i < (zip_uint64_t)n; i++) {
		zip_stat_t st;
		const char *why;

		if (zip_stat_index(r->zip, i, 0, &st) < 0)
			return ctl_fail(CTL_BAD_FILE, "%s: %s", r->path, zip_strerror(r->zip));
		why = refuse(r, i, &st);
		done = why != NULL ? wrong(r, st.valid & ZIP_STAT_NAME ? st.name : "a file", why)
				   : read_file(r, i, &st, is_own(st.name) ? own : c);
	}
	return done;
}

/* The files that make it a container, and no others of their kind. */
static int check_own(const struct reading *r, const struct container *own)
{
	const struct cy_bytes type = container_find(own, "mimetype");
	const char *const names[] = { ASIC_MANIFEST, ASIC_SIGNATURE };

	if (!cy_bytes_equal(type, cy_bytes(ASIC_MEDIA_TYPE, strlen(ASIC_MEDIA_TYPE))))
		return wrong(r, "mimetype", "it is not " ASIC_MEDIA_TYPE);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (container_find(own, names[i]).data == NULL)
			return wrong(r, names[i], "it is missing");
	if (own->n != 3)
		return wrong(r, "META-INF", "it has a file that is neither " ASIC_MANIFEST " nor " ASIC_SIGNATURE);
	return CTL_DONE;
}

/* The whole file: it is looked at more than once, and must not change meanwhile. */
static int load(const char *path, struct cy_buf *out)
{
	FILE *f = fopen(path, "rb");
	size_t n = 1;
	int r = CTL_DONE;

	if (f == NULL)
		return ctl_fail(CTL_BAD_FILE, "%s: %s", path, strerror(errno));
	while (r == CTL_DONE && n > 0) {
		if (cy_buf_reserve(out, 65536) != CY_OK) {
			r = ctl_fail(CTL_BAD_FILE, "%s: it is longer than a container may be", path);
			break;
		}
		n = fread(out->data + out->len, 1, 65536, f);
		out->len += n;
	}
	if (r == CTL_DONE && ferror(f))
		r = ctl_fail(CTL_BAD_FILE, "%s: %s", path, strerror(errno));
	fclose(f);
	return r;
}

int container_read(const char *path, struct container *c, struct container *own, struct cy_digest *ret_digest)
{
	struct cy_buf all = CY_BUF(CONTAINER_BYTES_MAX);
	struct reading r = { .path = path };
	zip_source_t *s;
	zip_error_t e;
	int done = load(path, &all);

	zip_error_init(&e);
	if (done == CTL_DONE) {
		s = zip_source_buffer_create(all.data, all.len, 0, NULL);
		CY_ASSERT(s != NULL);
		/* What the directory at the end says has to be what stands before each file. */
		r.zip = zip_open_from_source(s, ZIP_RDONLY | ZIP_CHECKCONS, &e);
		if (r.zip == NULL) {
			zip_source_free(s);
			done = ctl_fail(CTL_BAD_FILE, "%s: %s", path, zip_error_strerror(&e));
		}
	}
	zip_error_fini(&e);
	if (done == CTL_DONE) {
		r.size = all.len;
		*ret_digest = cy_sha256(cy_buf_view(&all));
		done = read_all(&r, c, own);
		zip_discard(r.zip);
	}
	cy_buf_free(&all);
	return done == CTL_DONE ? check_own(&r, own) : done;
}
