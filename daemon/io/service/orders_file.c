#include "io/service/orders_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/service/lock_file.h"

struct orders_file {
	int fd, lock_fd;
	char path[4096];
	char first[NODE_ORDER_LINE];
	struct orders_mark begin; /* behind the first line */
	/* Of the thread that commits, once the list was read. */
	uint64_t last; /* number */
	off_t size;    /* of what is on stable storage */
};

static int sync_dir(const char *dir, struct cy_error *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = CY_OK;

	if (fd < 0)
		return cy_fail(e, CY_ECONFIG, "the directory %s cannot be opened: %s", dir, strerror(errno));
	if (fsync(fd) < 0)
		r = cy_fail(e, CY_EIO, "the directory %s cannot be flushed: %s", dir, strerror(errno));
	close(fd);
	return r;
}

static int open_dir(const char *dir, struct cy_error *e)
{
	char parent[4096];
	struct stat st;
	const char *slash = strrchr(dir, '/');

	if (mkdir(dir, 0700) == 0) {
		snprintf(parent, sizeof parent, "%.*s", slash == NULL ? 1 : (int)(slash - dir) + 1,
			 slash == NULL ? "." : dir);
		return sync_dir(parent, e);
	}
	if (errno != EEXIST)
		return cy_fail(e, CY_ECONFIG, "the directory %s of the list of orders cannot be made: %s", dir,
			       strerror(errno));
	if (stat(dir, &st) < 0 || st.st_uid != geteuid() || ((st.st_mode & 07777) != 0700 && chmod(dir, 0700) < 0))
		return cy_fail(e, CY_ECONFIG, "%s must be a directory of our own with mode 0700", dir);
	return CY_OK;
}

static int open_list(struct orders_file *f, const char *dir, struct cy_error *e)
{
	char lock[4096 + 16], what[4096 + 32];
	int r;

	snprintf(lock, sizeof lock, "%s/lock", dir);
	snprintf(what, sizeof what, "the list of orders %s", f->path);
	r = lock_file_take(lock, what, &f->lock_fd, e);
	if (r < 0)
		return r;
	f->fd = open(f->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0 || fchmod(f->fd, 0600) < 0)
		return cy_fail(e, CY_ECONFIG, "the list of orders %s cannot be opened: %s", f->path, strerror(errno));
	return CY_OK;
}

/* At the end of what is on stable storage; what is there beyond it is not. */
static int add_line(struct orders_file *f, const char *line, struct cy_error *e)
{
	char text[NODE_ORDER_LINE + 1];
	const int len = snprintf(text, sizeof text, "%s\n", line);

	if (pwrite(f->fd, text, (size_t)len, f->size) != len || fsync(f->fd) < 0) {
		const int why = errno;

		/* The next line is written in its place, also where this cannot be cut off. */
		if (ftruncate(f->fd, f->size) < 0)
			errno = why;
		return cy_fail(e, CY_EIO, "the list of orders %s cannot be written: %s", f->path, strerror(why));
	}
	f->size += len;
	return CY_OK;
}

typedef int entry_fn(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark);

static int read_entries(const struct orders_file *f, FILE *in, uint64_t after, entry_fn *fn, void *arg,
			struct cy_error *e)
{
	struct orders_mark mark = f->begin;
	char line[NODE_ORDER_LINE + 1];
	struct cy_error why = { 0 };
	unsigned at = 1;
	int r = CY_OK;

	for (; r == CY_OK && fgets(line, sizeof line, in) != NULL; at++) {
		struct node_order o;

		line[strcspn(line, "\n")] = '\0';
		if (at == 1) {
			if (strcmp(line, f->first) != 0)
				return cy_fail(e, CY_EPARSE,
					       "%s, line 1: '%s' is expected: it is not a list of orders, or another "
					       "authority's; name the right directory as store.orders",
					       f->path, f->first);
			continue;
		}
		if (orders_read(line, &mark, &o, &why) < 0)
			return cy_fail(e, CY_EPARSE,
				       "%s, line %u: %s: the list of orders is damaged; put back a copy of it that was "
				       "made later than the last order, or see ORDERS in comityd(8)",
				       f->path, at, why.text);
		if (o.number > after)
			r = fn(arg, &o, line, &mark);
	}
	if (r == CY_OK && (ferror(in) || at == 1))
		r = cy_fail(e, CY_EIO, "the list of orders %s cannot be read", f->path);
	return r;
}

static int orders_port_read(void *ctx, uint64_t after, entry_fn *fn, void *arg, struct cy_error *e)
{
	const struct orders_file *f = ctx;
	FILE *in = fopen(f->path, "re");
	int r;

	if (in == NULL)
		return cy_fail(e, CY_EIO, "the list of orders %s cannot be read: %s", f->path, strerror(errno));
	r = read_entries(f, in, after, fn, arg, e);
	fclose(in);
	return r;
}

static int orders_port_append(void *ctx, uint64_t number, const char *line, struct cy_error *e)
{
	struct orders_file *f = ctx;
	int r;

	if (number <= f->last)
		return CY_OK;
	if (number != f->last + 1)
		return cy_fail(e, CY_ESTATE, "entry %llu does not follow entry %llu of the list of orders %s",
			       (unsigned long long)number, (unsigned long long)f->last, f->path);
	r = add_line(f, line, e);
	if (r == CY_OK)
		f->last = number;
	return r;
}

/* Half a line that a crash has left goes; a new file gets its first line. */
static int mend(struct orders_file *f, struct cy_error *e)
{
	char tail[NODE_ORDER_LINE];
	struct stat st;
	off_t from;
	ssize_t n;

	if (fstat(f->fd, &st) < 0)
		return cy_fail(e, CY_EIO, "the list of orders %s cannot be examined: %s", f->path, strerror(errno));
	from = st.st_size > (off_t)sizeof tail ? st.st_size - (off_t)sizeof tail : 0;
	n = pread(f->fd, tail, sizeof tail, from);
	if (n < 0)
		return cy_fail(e, CY_EIO, "the list of orders %s cannot be read: %s", f->path, strerror(errno));
	while (n > 0 && tail[n - 1] != '\n')
		n--;
	if (n == 0 && from > 0)
		return cy_fail(e, CY_EPARSE,
			       "%s ends without a line: the list of orders is damaged; put back a copy of it", f->path);
	f->size = from + n;
	if (f->size < st.st_size && (ftruncate(f->fd, f->size) < 0 || fsync(f->fd) < 0))
		return cy_fail(e, CY_EIO, "the list of orders %s cannot be written: %s", f->path, strerror(errno));
	return f->size == 0 ? add_line(f, f->first, e) : CY_OK;
}

static int note_last(void *arg, const struct node_order *o, const char *line, const struct orders_mark *mark)
{
	(void)line;
	(void)mark;
	((struct orders_file *)arg)->last = o->number;
	return CY_OK;
}

int orders_file_open(const char *dir, const char *authority, struct orders_file **ret_file,
		     struct orders_port *ret_port, struct cy_error *e)
{
	struct orders_file *f = calloc(1, sizeof *f);
	int r;

	if (f == NULL)
		return cy_fail(e, CY_ENOMEM, "out of memory");
	f->fd = f->lock_fd = -1;
	f->begin = orders_first(authority, f->first);
	if ((size_t)snprintf(f->path, sizeof f->path, "%s/orders", dir) >= sizeof f->path)
		r = cy_fail(e, CY_ECONFIG, "the name of the directory of the list of orders is too long");
	else if ((r = open_dir(dir, e)) == CY_OK && (r = open_list(f, dir, e)) == CY_OK && (r = mend(f, e)) == CY_OK &&
		 (r = sync_dir(dir, e)) == CY_OK)
		r = orders_port_read(f, 0, note_last, f, e);
	if (r < 0) {
		orders_file_close(f);
		return r;
	}
	*ret_port = (struct orders_port){ f, f->path, orders_port_read, orders_port_append };
	*ret_file = f;
	return CY_OK;
}

void orders_file_close(struct orders_file *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->lock_fd >= 0)
		close(f->lock_fd);
	free(f);
}
