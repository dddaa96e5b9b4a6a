/* Threads that help the worker: what takes long and touches nothing of the worker's is done
 * beside it. */
#include <stdlib.h>

#include "io/blobs/blobs_fs_internal.h"

struct aide {
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
	struct aide *a = arg;

	pthread_setname_np(pthread_self(), a->name);
	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (a->fn == NULL && !a->quit)
			pthread_cond_wait(&a->cond, &a->lock);
		if (a->quit)
			break;
		pthread_mutex_unlock(&a->lock);
		a->fn(a->what);
		pthread_mutex_lock(&a->lock);
		a->fn = NULL;
		pthread_cond_signal(&a->cond);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

void aide_begin(struct aide *a, void (*fn)(void *what), void *what)
{
	pthread_mutex_lock(&a->lock);
	CY_ASSERT(a->fn == NULL);
	a->fn = fn;
	a->what = what;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
}

void aide_end(struct aide *a)
{
	pthread_mutex_lock(&a->lock);
	while (a->fn != NULL)
		pthread_cond_wait(&a->cond, &a->lock);
	pthread_mutex_unlock(&a->lock);
}

static void destroy(struct aide *a)
{
	pthread_cond_destroy(&a->cond);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

struct aide *aide_new(const char *name)
{
	struct aide *a = calloc(1, sizeof *a);

	CY_ASSERT(a != NULL && pthread_mutex_init(&a->lock, NULL) == 0 && pthread_cond_init(&a->cond, NULL) == 0);
	a->name = name;
	if (pthread_create(&a->thread, NULL, run, a) == 0)
		return a;
	destroy(a);
	return NULL;
}

void aide_free(struct aide *a)
{
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->quit = true;
	pthread_cond_signal(&a->cond);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	destroy(a);
}
