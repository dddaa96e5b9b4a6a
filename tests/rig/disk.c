#include <string.h>

#include "rig.h"

int rig_disk_ends(struct rig_disk *d, struct blob_result result)
{
	if (d->n == RIG_TASKS) {
		blob_release(&result.data);
		return CY_EAGAIN;
	}
	result.fd = -1;
	d->tasks[d->n++] = result;
	return CY_OK;
}

bool rig_disk_step(struct rig_disk *d, struct node *node)
{
	struct blob_result first = d->tasks[0];

	if (d->n == 0)
		return false;
	memmove(d->tasks, d->tasks + 1, --d->n * sizeof first);
	node_blob_done(node, &first);
	return true;
}

static int ends_with(void *ctx, uint64_t ticket, int code)
{
	return rig_disk_ends(ctx, (struct blob_result){ .ticket = ticket, .code = code });
}

/* ----------------------------------------------------------------------- parts */

static int blob_open(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		     bool again)
{
	struct rig_disk *d = ctx;

	(void)part;
	(void)again;
	if (d->full)
		return ends_with(d, ticket, CY_ELIMIT);
	CY_ASSERT(expected != NULL);
	d->pulled = *expected;
	if (d->opens != NULL)
		d->opens(d->ctx);
	return rig_disk_ends(d, (struct blob_result){ .ticket = ticket, .offset = d->empty ? 0 : size });
}

static int blob_append(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		       const struct cy_digest *path, size_t n_path)
{
	struct rig_disk *d = ctx;
	const int r = ends_with(d, ticket, d->full ? CY_ENOENT : d->stored_with);

	(void)part;
	(void)offset;
	(void)path;
	(void)n_path;
	if (r == CY_OK) {
		blob_release(&data);
		d->n_stored++;
	}
	return r;
}

static int blob_copy(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most)
{
	(void)part;
	(void)fd;
	(void)most;
	return ends_with(ctx, ticket, CY_ENOENT);
}

static int blob_finish(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256)
{
	struct rig_disk *d = ctx;

	(void)part;
	if (d->full)
		return ends_with(d, ticket, CY_ENOENT);
	CY_ASSERT(size == d->pulled.size && cy_digest_equal(sha256, &d->pulled.sha256));
	return rig_disk_ends(d, (struct blob_result){ .ticket = ticket, .id = d->pulled });
}

static void blob_confirm(void *ctx, const char *part, const struct cy_digest *sha256)
{
	(void)part;
	CY_ASSERT(cy_digest_equal(sha256, &((const struct rig_disk *)ctx)->pulled.sha256));
}

static int blob_drop_part(void *ctx, uint64_t ticket, const char *part)
{
	(void)part;
	return ends_with(ctx, ticket, CY_OK);
}

static void blob_release_part(void *ctx, const char *part)
{
	(void)ctx;
	(void)part;
}

static void blob_parts(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg)
{
	const struct rig_disk *d = ctx;

	if (d->left != NULL)
		fn(arg, d->left);
}

static uint64_t blob_progress(void *ctx, const char *part)
{
	(void)ctx;
	(void)part;
	return 0;
}

/* --------------------------------------------------------------------- contents */

static int blob_read(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify)
{
	(void)sha256;
	(void)chunk;
	(void)verify;
	return ends_with(ctx, ticket, CY_ENOENT);
}

static int blob_file(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	(void)sha256;
	return ends_with(ctx, ticket, CY_ENOENT);
}

static int blob_verify(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate)
{
	struct rig_disk *d = ctx;
	struct blob_id id = { .sha256 = *sha256 };

	(void)rate;
	d->n_verified++;
	if (cy_digest_equal(sha256, &d->pulled.sha256))
		id = d->pulled;
	return rig_disk_ends(
		d, (struct blob_result){ .ticket = ticket, .code = d->full ? CY_ENOENT : d->verified_with, .id = id });
}

static int blob_list(void *ctx, uint64_t ticket, uint64_t page)
{
	struct rig_disk *d = ctx;
	struct blob_result result = { .ticket = ticket, .offset = page + 1 < d->n_listed ? page + 1 : BLOB_PAGES };

	if (d->full)
		return ends_with(d, ticket, CY_EIO);
	if (page < d->n_listed)
		result.data = (struct blob_bytes){ .data = d->listed[page].b, .len = CY_SHA256_LEN };
	return rig_disk_ends(d, result);
}

static int blob_destroy(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	struct rig_disk *d = ctx;

	for (size_t i = 0; i < d->n_listed; i++)
		if (cy_digest_equal(&d->listed[i], sha256))
			d->listed[i--] = d->listed[--d->n_listed];
	d->destroyed = *sha256;
	d->n_destroyed++;
	return ends_with(d, ticket, d->destroyed_with);
}

static void blob_share(void *ctx, size_t owners)
{
	(void)ctx;
	(void)owners;
}

static void blob_space(void *ctx, struct blob_space *ret)
{
	*ret = (struct blob_space){ .free = ((const struct rig_disk *)ctx)->full ? 0 : 1u << 30, .total = 1u << 30 };
}

struct blob_port rig_disk_port(struct rig_disk *d)
{
	return (struct blob_port){ .ctx = d,
				   .open = blob_open,
				   .append = blob_append,
				   .copy = blob_copy,
				   .finish = blob_finish,
				   .confirm = blob_confirm,
				   .drop_part = blob_drop_part,
				   .release = blob_release_part,
				   .read = blob_read,
				   .file = blob_file,
				   .verify = blob_verify,
				   .list = blob_list,
				   .destroy = blob_destroy,
				   .share = blob_share,
				   .space = blob_space,
				   .parts = blob_parts,
				   .progress = blob_progress };
}
