/* The memory of chunks that are read: it is used again and again, and outlives blobs_fs while some
 * is handed out. */
#include <stdlib.h>

#include "io/blobs/blobs_fs_internal.h"

struct chunk {
	struct chunk *next;
	struct pool *pool;
	_Alignas(DIRECT_ALIGN) uint8_t data[BLOB_HEADROOM + CY_CHUNK];
};

_Static_assert(BLOB_HEADROOM % DIRECT_ALIGN == 0, "a chunk is read to where the disk can put it");

struct pool {
	pthread_mutex_t lock;
	struct chunk *free;
	unsigned made, out;
	struct mailbox *box; /* NULL: blobs_fs is closed */
	bool wanted;
};

struct pool *blobs_pool_new(struct mailbox *box)
{
	struct pool *pool = calloc(1, sizeof *pool);

	CY_ASSERT(pool != NULL && pthread_mutex_init(&pool->lock, NULL) == 0);
	pool->box = box;
	return pool;
}

static void pool_free(struct pool *pool)
{
	while (pool->free != NULL) {
		struct chunk *c = pool->free;

		pool->free = c->next;
		free(c);
	}
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

static void release(void *owner)
{
	struct chunk *c = owner;
	struct pool *pool = c->pool;
	bool last;

	pthread_mutex_lock(&pool->lock);
	c->next = pool->free;
	pool->free = c;
	pool->out--;
	if (pool->wanted && pool->box != NULL)
		mailbox_post(pool->box, &(struct mail){ 0 });
	pool->wanted = false;
	last = pool->box == NULL && pool->out == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		pool_free(pool);
}

struct blob_bytes blobs_pool_take(struct pool *pool)
{
	struct chunk *c;

	pthread_mutex_lock(&pool->lock);
	c = pool->free;
	if (c != NULL) {
		pool->free = c->next;
	} else if (pool->made < POOL_MAX) {
		c = aligned_alloc(DIRECT_ALIGN, sizeof *c);
		CY_ASSERT(c != NULL);
		c->pool = pool;
		pool->made++;
	}
	if (c != NULL)
		pool->out++;
	else
		pool->wanted = true;
	pthread_mutex_unlock(&pool->lock);
	return c != NULL ? (struct blob_bytes){ .data = c->data + BLOB_HEADROOM,
						.len = CY_CHUNK,
						.release = release,
						.owner = c }
			 : (struct blob_bytes){ 0 };
}

void blobs_pool_leave(struct pool *pool)
{
	bool last;

	pthread_mutex_lock(&pool->lock);
	pool->box = NULL;
	last = pool->out == 0;
	pthread_mutex_unlock(&pool->lock);
	if (last)
		pool_free(pool);
}
