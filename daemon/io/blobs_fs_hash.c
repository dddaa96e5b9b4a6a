/* A second thread: it hashes the whole of a part while the first one waits for the disk, or makes
 * the hash of the chunk. */
#include <stdlib.h>

#include "io/blobs_fs_internal.h"

#define ALONE 65536u /* so little is hashed at once: handing it over costs as much */

struct hasher {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond; /* something to do, or it is done: never do both wait */
	EVP_MD_CTX *ctx;     /* NULL: nothing to do */
	const uint8_t *data;
	size_t len;
	bool quit;
};

static void *run(void *arg)
{
	struct hasher *h = arg;

	pthread_setname_np(pthread_self(), "evidence-hash");
	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->ctx == NULL && !h->quit)
			pthread_cond_wait(&h->cond, &h->lock);
		if (h->quit)
			break;
		pthread_mutex_unlock(&h->lock);
		CY_ASSERT(EVP_DigestUpdate(h->ctx, h->data, h->len) == 1);
		pthread_mutex_lock(&h->lock);
		h->ctx = NULL;
		pthread_cond_signal(&h->cond);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

void blobs_hash_begin(struct blobs_fs *b, EVP_MD_CTX *ctx, const uint8_t *data, size_t len)
{
	struct hasher *h = b->hasher;

	if (len <= ALONE) {
		CY_ASSERT(EVP_DigestUpdate(ctx, data, len) == 1);
		return;
	}
	pthread_mutex_lock(&h->lock);
	h->ctx = ctx;
	h->data = data;
	h->len = len;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->lock);
}

void blobs_hash_end(struct blobs_fs *b)
{
	struct hasher *h = b->hasher;

	pthread_mutex_lock(&h->lock);
	while (h->ctx != NULL)
		pthread_cond_wait(&h->cond, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

int blobs_hash_open(struct blobs_fs *b)
{
	struct hasher *h = calloc(1, sizeof *h);

	CY_ASSERT(h != NULL && pthread_mutex_init(&h->lock, NULL) == 0 && pthread_cond_init(&h->cond, NULL) == 0);
	if (pthread_create(&h->thread, NULL, run, h) == 0) {
		b->hasher = h;
		return CY_OK;
	}
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->lock);
	free(h);
	return CY_EIO;
}

void blobs_hash_close(struct blobs_fs *b)
{
	struct hasher *h = b->hasher;

	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->quit = true;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
