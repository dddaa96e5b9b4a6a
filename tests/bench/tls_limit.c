/* A limit to compare with: bytes from memory through mutual TLS 1.3 over loopback, and nothing else.
 *
 * tls_limit MIB CERT KEY CA : prints bytes a second. One process at each end. */
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (128 * 1024)

static char buffer[PIECE];

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static SSL *end_of(const SSL_METHOD *method, char **argv, int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL *ssl;

	must(ctx != NULL && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
		     SSL_CTX_use_certificate_chain_file(ctx, argv[2]) == 1 &&
		     SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM) == 1 &&
		     SSL_CTX_load_verify_locations(ctx, argv[4], NULL) == 1,
	     "certificates");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Tickets that nobody reads would reset the connection at its end. */
	SSL_CTX_set_num_tickets(ctx, 0);
	ssl = SSL_new(ctx);
	must(ssl != NULL && SSL_set_fd(ssl, fd) == 1, "TLS");
	return ssl;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	const long long bytes = argc == 5 ? atoll(argv[1]) << 20 : 0;
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	long long done = 0;
	int status, fd;
	double start;
	pid_t child;
	SSL *ssl;

	must(argc == 5 && listener >= 0 && bind(listener, (struct sockaddr *)&a, sizeof a) == 0 &&
		     listen(listener, 1) == 0 && getsockname(listener, (struct sockaddr *)&a, &len) == 0,
	     "listen");
	child = fork();
	must(child >= 0, "fork");
	if (child == 0) {
		fd = socket(AF_INET, SOCK_STREAM, 0);
		must(connect(fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
		ssl = end_of(TLS_client_method(), argv, fd);
		must(SSL_connect(ssl) == 1, "handshake");
		for (; done < bytes; done += PIECE)
			must(SSL_write(ssl, buffer, PIECE) == PIECE, "write");
		SSL_shutdown(ssl);
		return 0;
	}
	fd = accept(listener, NULL, NULL);
	ssl = end_of(TLS_server_method(), argv, fd);
	must(SSL_accept(ssl) == 1, "handshake");
	for (start = now(); done < bytes;) {
		const int n = SSL_read(ssl, buffer, PIECE);

		must(n > 0, "read");
		done += n;
	}
	printf("%.0f\n", (double)bytes / (now() - start));
	must(waitpid(child, &status, 0) == child && status == 0, "the other end");
	return 0;
}
