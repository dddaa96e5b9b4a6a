/* The protocol of NATS as text: JetStream acknowledges what it has stored; a consumer acknowledges each message. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "rival.h"

#define CONNECT                                                                                                     \
	"CONNECT "                                                                                                  \
	"{\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,\"lang\":\"c\",\"version\":" \
	"\"0\","                                                                                                    \
	"\"protocol\":1}\r\nPING\r\n"
#define CONSUMER                                                                                       \
	"{\"stream_name\":\"IN\",\"config\":{\"durable_name\":\"bench\",\"deliver_subject\":\"give\"," \
	"\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"max_ack_pending\":5000,\"ack_wait\":30000000000}}"

struct wire {
	int fd;
	struct cy_buf in, out;
	size_t read;
	char subject[256], reply[256];
};
static struct wire sender, receiver;

static void put(struct wire *w, const void *data, size_t len)
{
	if (cy_buf_add(&w->out, data, len) < 0)
		rival_die("nats", "no memory");
}

static void put_text(struct wire *w, const char *text)
{
	put(w, text, strlen(text));
}

static void flush(struct wire *w)
{
	for (size_t at = 0; at < w->out.len;) {
		const ssize_t sent = send(w->fd, w->out.data + at, w->out.len - at, MSG_NOSIGNAL);

		if (sent <= 0)
			rival_die("nats", "the connection is lost");
		at += (size_t)sent;
	}
	w->out.len = 0;
}

/* 0: nothing came in that time. */
static int more(struct wire *w, int ms)
{
	struct pollfd p = { w->fd, POLLIN, 0 };
	ssize_t got;

	cy_buf_drop(&w->in, w->read);
	w->read = 0;
	if (poll(&p, 1, ms) <= 0)
		return 0;
	if (cy_buf_reserve(&w->in, 1 << 18) < 0)
		rival_die("nats", "no memory");
	got = recv(w->fd, w->in.data + w->in.len, 1 << 18, 0);
	if (got <= 0)
		rival_die("nats", "the connection is lost");
	w->in.len += (size_t)got;
	return 1;
}

/* The next message; NULL: none came in that time. PING is answered, and -ERR ends the program. */
static const uint8_t *message(struct wire *w, int ms, size_t *ret_len)
{
	for (;;) {
		const uint8_t *at = w->in.data + w->read, *end = NULL;
		const size_t left = w->in.len - w->read;
		char line[600], *words[8];
		size_t n = 0, head;

		if (left > 0)
			end = memchr(at, '\n', left);
		if (end == NULL) {
			if (!more(w, ms))
				return NULL;
			continue;
		}
		head = (size_t)(end - at) + 1;
		snprintf(line, sizeof line, "%.*s", (int)head, (const char *)at);
		if (strncmp(line, "-ERR", 4) == 0)
			rival_die("nats", line);
		if (strncmp(line, "MSG ", 4) == 0 || strncmp(line, "HMSG ", 5) == 0) {
			size_t total, headers;
			char *rest;

			for (char *word = strtok_r(line, " \r\n", &rest); word != NULL && n < 8;
			     word = strtok_r(NULL, " \r\n", &rest))
				words[n++] = word;
			if (n < 4)
				rival_die("nats", "a line that is none");
			total = strtoul(words[n - 1], NULL, 10);
			headers = line[0] == 'H' ? strtoul(words[n - 2], NULL, 10) : 0;
			if (left < head + total + 2) {
				if (!more(w, ms))
					return NULL;
				continue;
			}
			snprintf(w->subject, sizeof w->subject, "%s", words[1]);
			snprintf(w->reply, sizeof w->reply, "%s", n == (line[0] == 'H' ? 6u : 5u) ? words[3] : "");
			w->read += head + total + 2;
			*ret_len = total - headers;
			return at + head + headers;
		}
		if (strncmp(line, "PING", 4) == 0) {
			put_text(w, "PONG\r\n");
			flush(w);
		}
		w->read += head;
	}
}

static void open_connection(struct wire *w, int port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons((uint16_t)port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	w->in = w->out = CY_BUF(64u << 20);
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || connect(w->fd, (const struct sockaddr *)&to, sizeof to) < 0)
		rival_die("nats", "nobody listens");
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	put_text(w, CONNECT);
	flush(w);
}

static void connect_sender(int port)
{
	open_connection(&sender, port);
	put_text(&sender, "SUB _INBOX.p.* 1\r\n");
	flush(&sender);
}

static void send_one(uint64_t number, const void *data, size_t len)
{
	char head[192], id[96];
	const int id_len = snprintf(id, sizeof id, "NATS/1.0\r\nNats-Msg-Id: %llu\r\n\r\n", (unsigned long long)number);

	snprintf(head, sizeof head, "HPUB x.bench _INBOX.p.%llu %d %zu\r\n%s", (unsigned long long)number, id_len,
		 (size_t)id_len + len, id);
	put_text(&sender, head);
	put(&sender, data, len);
	put_text(&sender, "\r\n");
	if (sender.out.len > 65536)
		flush(&sender);
}

static void confirmed(int ms, void (*on)(uint64_t number))
{
	const uint8_t *data;
	size_t len;

	flush(&sender);
	for (; (data = message(&sender, ms, &len)) != NULL; ms = 0) {
		if (strncmp(sender.subject, "_INBOX.p.", 9) != 0)
			continue;
		if (len == 0 || memmem(data, len, "\"error\"", 7) != NULL)
			rival_die("nats", "a message was refused");
		on(strtoull(sender.subject + 9, NULL, 10));
	}
}

static void connect_receiver(int port)
{
	const uint8_t *data;
	size_t len;
	char head[128];

	open_connection(&receiver, port);
	put_text(&receiver, "SUB _INBOX.c 1\r\nSUB give 2\r\n");
	snprintf(head, sizeof head, "PUB $JS.API.CONSUMER.DURABLE.CREATE.IN.bench _INBOX.c %zu\r\n", strlen(CONSUMER));
	put_text(&receiver, head);
	put_text(&receiver, CONSUMER "\r\n");
	flush(&receiver);
	do {
		if ((data = message(&receiver, 5000, &len)) == NULL)
			rival_die("nats", "no answer to the consumer");
	} while (strcmp(receiver.subject, "_INBOX.c") != 0);
	if (memmem(data, len, "\"error\"", 7) != NULL)
		rival_die("nats", "no consumer");
}

static const void *receive(int ms, size_t *ret_len)
{
	const uint8_t *data;

	*ret_len = 0;
	if ((data = message(&receiver, 0, ret_len)) != NULL)
		return data;
	flush(&receiver);
	return message(&receiver, ms, ret_len);
}

static void acknowledge(void)
{
	put_text(&receiver, "PUB ");
	put_text(&receiver, receiver.reply);
	put_text(&receiver, " 4\r\n+ACK\r\n");
	if (receiver.out.len > 65536)
		flush(&receiver);
}

const struct rival rival_nats = { "NATS", connect_sender, send_one, confirmed, connect_receiver, receive, acknowledge };
