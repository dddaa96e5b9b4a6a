/* Threads that help the worker: what takes long and touches nothing of the worker's is done
 * beside it. */
#include <stdlib.h>

#include "io/blobs/blobs_fs_internal.h"

struct helper {
	pthread_t thread;
	const char *name;
	pthread_mutex_t lock;
	pthread_cond_t cond;    /* something to do, or it is done: never do both wait */
	void (*fn)(void *what); /* NULL: nothing to do */
	void *what;
	bool quit;
};

static void *run(void *arg)
{
	struct helper *h = arg;

	pthread_setname_np(pthread_self(), h->name);
	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->fn == NULL && !h->quit)
			pthread_cond_wait(&h->cond, &h->lock);
		if (h->quit)
			break;
		pthread_mutex_unlock(&h->lock);
		h->fn(h->what);
		pthread_mutex_lock(&h->lock);
		h->fn = NULL;
		pthread_cond_signal(&h->cond);
	}
	pthread_mutex_unlock(&h->lock);
	return NULL;
}

void helper_begin(struct helper *h, void (*fn)(void *what), void *what)
{
	pthread_mutex_lock(&h->lock);
	CY_ASSERT(h->fn == NULL);
	h->fn = fn;
	h->what = what;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->lock);
}

void helper_end(struct helper *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->fn != NULL)
		pthread_cond_wait(&h->cond, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

static void destroy(struct helper *h)
{
	pthread_cond_destroy(&h->cond);
	pthread_mutex_destroy(&h->lock);
	free(h);
}

struct helper *helper_new(const char *name)
{
	struct helper *h = calloc(1, sizeof *h);

	CY_ASSERT(h != NULL && pthread_mutex_init(&h->lock, NULL) == 0 && pthread_cond_init(&h->cond, NULL) == 0);
	h->name = name;
	if (pthread_create(&h->thread, NULL, run, h) == 0)
		return h;
	destroy(h);
	return NULL;
}

void helper_free(struct helper *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->lock);
	h->quit = true;
	pthread_cond_signal(&h->cond);
	pthread_mutex_unlock(&h->lock);
	pthread_join(h->thread, NULL);
	destroy(h);
}
