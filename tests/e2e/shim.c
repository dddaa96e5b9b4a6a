/* Preloaded into a daemon: a disk that is full, read-only or slow, and a wall clock that
 * stands elsewhere. What is wrong now stands in the file that SIEGE_SHIM names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct wrong {
	int full, read_only; /* of SIEGE_STORE */
	long long offset_s;  /* of the wall clock */
	int delay_ms;        /* of each write and flush there */
};

static const struct wrong *wrong(void)
{
	static const struct wrong none, *now;

	if (!now) {
		const char *path = getenv("SIEGE_SHIM");
		int fd = path ? (int)open(path, O_RDONLY | O_CLOEXEC) : -1;
		void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *now, PROT_READ, MAP_SHARED, fd, 0);

		now = p == MAP_FAILED ? &none : p;
		if (fd >= 0)
			close(fd);
	}
	return now;
}

static int in_store(const char *path)
{
	const char *store = getenv("SIEGE_STORE");

	return store && strncmp(path, store, strlen(store)) == 0;
}

static void wait_ms(int ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* The errno for writing to it, or 0; not before the time that it takes. */
static int refused(int fd)
{
	char link[64], path[4096];
	ssize_t n;

	if (!wrong()->full && !wrong()->read_only && !wrong()->delay_ms)
		return 0;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	path[n > 0 ? n : 0] = 0;
	if (!in_store(path))
		return 0;
	wait_ms(wrong()->delay_ms);
	return wrong()->read_only ? EROFS : wrong()->full ? ENOSPC : 0;
}

#define REAL(type, name, ...)             \
	static type (*real)(__VA_ARGS__); \
	if (!real)                        \
		*(void **)&real = dlsym(RTLD_NEXT, name);

#define WRITES(type, name, args, call, ...)  \
	type name(int fd, __VA_ARGS__)       \
	{                                    \
		int e = refused(fd);         \
		REAL(type, #name, int, args) \
		if (e) {                     \
			errno = e;           \
			return -1;           \
		}                            \
		return real call;            \
	}

#define THREE const void *, size_t, off_t
WRITES(ssize_t, pwrite, THREE, (fd, p, n, at), const void *p, size_t n, off_t at)
WRITES(ssize_t, pwrite64, THREE, (fd, p, n, at), const void *p, size_t n, off_t at)
#define TWO const void *, size_t
WRITES(ssize_t, write, TWO, (fd, p, n), const void *p, size_t n)
WRITES(int, ftruncate, off_t, (fd, at), off_t at)
WRITES(int, ftruncate64, off_t, (fd, at), off_t at)

#define FLUSHES(name)                      \
	int name(int fd)                   \
	{                                  \
		REAL(int, #name, int)      \
		if (wrong()->delay_ms)     \
			(void)refused(fd); \
		return real(fd);           \
	}
FLUSHES(fsync)
FLUSHES(fdatasync)

#define OPENS(name)                                                                                    \
	int name(const char *path, int flags, ...)                                                     \
	{                                                                                              \
		mode_t mode = 0;                                                                       \
		va_list ap;                                                                            \
		REAL(int, #name, const char *, int, ...)                                               \
		if (flags & O_CREAT) {                                                                 \
			va_start(ap, flags);                                                           \
			mode = va_arg(ap, mode_t);                                                     \
			va_end(ap);                                                                    \
		}                                                                                      \
		if ((flags & (O_WRONLY | O_RDWR | O_CREAT)) && in_store(path) && wrong()->read_only) { \
			errno = EROFS;                                                                 \
			return -1;                                                                     \
		}                                                                                      \
		return real(path, flags, mode);                                                        \
	}
OPENS(open64)

int clock_gettime(clockid_t id, struct timespec *t)
{
	REAL(int, "clock_gettime", clockid_t, struct timespec *)
	int r = real(id, t);

	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += wrong()->offset_s;
	return r;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
	REAL(int, "gettimeofday", struct timeval *, void *)
	int r = real(t, zone);

	if (r == 0)
		t->tv_sec += wrong()->offset_s;
	return r;
}

time_t time(time_t *ret)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	if (ret)
		*ret = t.tv_sec;
	return t.tv_sec;
}
