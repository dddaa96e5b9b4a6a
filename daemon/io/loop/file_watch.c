#include "io/loop/file_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

struct file_seen {
	char *path;
	struct stat at; /* zero: it is not there */
	bool changed;   /* not told yet */
};

static struct stat look(const char *path)
{
	struct stat now = { 0 };

	if (stat(path, &now) != 0)
		now = (struct stat){ 0 };
	return now;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void file_watch_add(struct file_watch *w, const char *path)
{
	struct file_seen *larger;

	if (path == NULL || path[0] != '/')
		return;
	larger = realloc(w->files, (w->n + 1) * sizeof *larger);
	CY_ASSERT(larger != NULL);
	w->files = larger;
	w->files[w->n] = (struct file_seen){ .path = strdup(path), .at = look(path) };
	CY_ASSERT(w->files[w->n].path != NULL);
	w->n++;
}

const char *file_watch_look(struct file_watch *w)
{
	const char *told = NULL;
	bool moving = false;

	for (size_t i = 0; i < w->n; i++) {
		struct file_seen *f = &w->files[i];
		struct stat now = look(f->path);

		if (same(&now, &f->at))
			continue;
		f->at = now;
		f->changed = moving = true;
	}
	w->changing = w->changing || moving;
	if (!w->changing || moving)
		return NULL;
	w->changing = false;
	for (size_t i = 0; i < w->n; i++) {
		if (w->files[i].changed)
			told = w->files[i].path;
		w->files[i].changed = false;
	}
	return told;
}

void file_watch_free(struct file_watch *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->files[i].path);
	free(w->files);
	*w = (struct file_watch){ 0 };
}
