/* Preloaded into a daemon: counts what callers have TLS do, in the file that SIEGE_WORK names. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

/* tests/siege/gate_test.py reads them in this order. */
struct work {
	_Atomic uint64_t decoded;   /* the names of a certificate */
	_Atomic uint64_t chains;    /* built and verified */
	_Atomic uint64_t finished;  /* handshakes */
	_Atomic uint64_t most_read; /* bytes that one read of TLS took from its socket */
	_Atomic uint64_t in_turn;   /* the most reads of TLS in one turn of a loop */
};

static _Thread_local uint64_t taken, reads;

static struct work *work(void)
{
	static struct work none, *now;

	if (!now) {
		const char *path = getenv("SIEGE_WORK");
		int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
		void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		now = p == MAP_FAILED ? &none : p;
		if (fd >= 0)
			close(fd);
	}
	return now;
}

#define REAL(type, name, ...)             \
	static type (*real)(__VA_ARGS__); \
	if (!real)                        \
		*(void **)&real = dlsym(RTLD_NEXT, name);

void *X509_get_ext_d2i(const X509 *x, int nid, int *critical, int *at)
{
	REAL(void *, "X509_get_ext_d2i", const X509 *, int, int *, int *)
	work()->decoded += nid == NID_subject_alt_name;
	return real(x, nid, critical, at);
}

/* Each of these two decodes the names anew. */
int X509_check_host(X509 *x, const char *name, size_t len, unsigned flags, char **found)
{
	REAL(int, "X509_check_host", X509 *, const char *, size_t, unsigned, char **)
	work()->decoded++;
	return real(x, name, len, flags, found);
}

int X509_check_ip_asc(X509 *x, const char *address, unsigned flags)
{
	REAL(int, "X509_check_ip_asc", X509 *, const char *, unsigned)
	work()->decoded++;
	return real(x, address, flags);
}

int X509_verify_cert(X509_STORE_CTX *ctx)
{
	REAL(int, "X509_verify_cert", X509_STORE_CTX *)
	work()->chains++;
	return real(ctx);
}

int SSL_do_handshake(SSL *ssl)
{
	REAL(int, "SSL_do_handshake", SSL *)
	int r = real(ssl);

	work()->finished += r == 1;
	return r;
}

int epoll_wait(int fd, struct epoll_event *events, int max, int ms)
{
	REAL(int, "epoll_wait", int, struct epoll_event *, int, int)
	reads = 0;
	return real(fd, events, max, ms);
}

ssize_t read(int fd, void *data, size_t size)
{
	REAL(ssize_t, "read", int, void *, size_t)
	ssize_t n = real(fd, data, size);

	taken += n > 0 ? (uint64_t)n : 0;
	return n;
}

int SSL_read(SSL *ssl, void *data, int size)
{
	REAL(int, "SSL_read", SSL *, void *, int)
	int r;

	taken = 0;
	r = real(ssl, data, size);
	if (++reads > work()->in_turn)
		work()->in_turn = reads;
	if (taken > work()->most_read)
		work()->most_read = taken;
	return r;
}
