/* Files whose change is to be noticed, by looking at them from time to time: a stat(2)
 * each. It is told once what was changed has been left alone from one look to the
 * next, so that a half-written file is not read. */
#ifndef CY_IO_LOOP_FILE_WATCH_H
#define CY_IO_LOOP_FILE_WATCH_H

#include <stdbool.h>
#include <stddef.h>

struct file_seen;

/* Zero-initialised it watches nothing. */
struct file_watch {
	struct file_seen *files;
	size_t n;
	bool changing;
};

/* From now on. NULL and what is no path, such as a pkcs11: URI, are left out. The
 * paths are copied. */
void file_watch_add(struct file_watch *w, const char *path);
/* Look at all of them: the path of a file that has changed since it was added or told
 * of, or NULL. Of several that changed together one is named. */
const char *file_watch_look(struct file_watch *w);
void file_watch_free(struct file_watch *w);

#endif
