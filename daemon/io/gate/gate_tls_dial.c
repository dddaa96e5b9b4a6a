#include <errno.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/num.h"
#include "io/gate/gate_tls_internal.h"
#include "io/loop/descriptors.h"

#define CONNECT_MS 3000 /* for one address when there are others */

/* A question to DNS can outlive the connection that asked it. */
struct gate_lookup {
	struct gate *g;
	struct gate_conn *c;
	struct evdns_getaddrinfo_request *req;
};

int gate_split(const char *address, char **ret_host, char **ret_port)
{
	const char *colon = strrchr(address, ':');
	const char *host = address;
	size_t len = colon ? (size_t)(colon - address) : 0;
	uint64_t port;

	if (len == 0 || cy_parse_u64(colon + 1, strlen(colon + 1), 65535, &port))
		return CY_EPARSE;
	if (host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	} else if (memchr(host, ':', len)) {
		return CY_EPARSE; /* an IPv6 address without brackets */
	}
	if (len == 0)
		return CY_EPARSE;
	*ret_host = strndup(host, len);
	*ret_port = strdup(colon + 1);
	CY_ASSERT(*ret_host && *ret_port);
	return CY_OK;
}

static void connect_next(struct gate_conn *c)
{
	const struct sockaddr *sa = (struct sockaddr *)&c->todo[c->next_todo];
	int64_t ms = c->g->config.handshake_ms;
	socklen_t len = c->todo_len[c->next_todo];
	char why[sizeof c->why];

	conn_address(c, sa);
	c->next_todo++;
	c->state = CONN_CONNECT;
	errno = EMFILE;
	c->fd = descriptors_left(DESCRIPTORS_STRANGER)
			? socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP)
			: -1;
	if (c->fd >= 0)
		gate_limit_segments(c->fd);
	if (c->fd >= 0 && (connect(c->fd, sa, len) == 0 || errno == EINPROGRESS)) {
		conn_watch(c);
		conn_want(c->net_w, true);
		conn_timer(c, c->next_todo < c->n_todo && ms > CONNECT_MS ? CONNECT_MS : ms);
		return;
	}
	snprintf(why, sizeof why, "cannot connect to %s: %s", c->address, strerror(errno));
	conn_connect_failed(c, why);
}

void conn_connect_failed(struct gate_conn *c, const char *why)
{
	if (c->net_r)
		event_free(c->net_r);
	if (c->net_w)
		event_free(c->net_w);
	c->net_r = c->net_w = NULL;
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->next_todo < c->n_todo)
		connect_next(c);
	else
		conn_end(c, why, false);
}

void conn_connect_done(struct gate_conn *c)
{
	const char *host = c->g->targets[c->peer].host;
	struct in6_addr numeric;
	char why[sizeof c->why];
	int error = 0;
	socklen_t len = sizeof error;
	bool is_name;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
		snprintf(why, sizeof why, "cannot connect to %s: %s", c->address, strerror(error ? error : errno));
		conn_connect_failed(c, why);
		return;
	}
	is_name = !evutil_inet_pton(AF_INET, host, &numeric) && !evutil_inet_pton(AF_INET6, host, &numeric);
	conn_want(c->net_w, false);
	conn_timer(c, c->g->config.handshake_ms);
	c->ssl = tls_dial(c->g->trust, c->fd, c->peer, c->lane, is_name ? host : NULL, &c->verdict);
	CY_ASSERT(c->ssl);
	conn_set_wire(c);
	tls_trust_ref(c->g->trust);
	c->state = CONN_SHAKE;
	conn_shake(c);
}

static void on_resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct gate_lookup *l = arg;
	struct gate_conn *c = l->c;
	struct gate *g = l->g;
	char why[sizeof c->why];

	g->n_lookups--;
	free(l);
	if (c) {
		c->lookup = NULL;
		for (struct evutil_addrinfo *a = list; a && c->n_todo < GATE_ADDRESSES; a = a->ai_next) {
			if (a->ai_addrlen > sizeof c->todo[0])
				continue;
			memcpy(&c->todo[c->n_todo], a->ai_addr, a->ai_addrlen);
			c->todo_len[c->n_todo++] = (socklen_t)a->ai_addrlen;
		}
		if (c->n_todo) {
			connect_next(c);
		} else {
			snprintf(why, sizeof why, "cannot resolve %s: %s", g->targets[c->peer].host,
				 evutil_gai_strerror(result));
			conn_end(c, why, false);
		}
	}
	if (list)
		evutil_freeaddrinfo(list);
	gate_check_stopped(g);
}

void conn_forget_lookup(struct gate_conn *c)
{
	struct gate_lookup *l = c->lookup;

	if (l == NULL)
		return;
	l->c = NULL;
	c->lookup = NULL;
	if (l->req)
		evdns_getaddrinfo_cancel(l->req);
}

/* Whether the file, or its contents, have changed since the last reading. */
static bool changed(struct stat *was, const char *path)
{
	struct stat now = { 0 };
	bool is;

	stat(path, &now);
	is = now.st_dev != was->st_dev || now.st_ino != was->st_ino || now.st_size != was->st_size ||
	     now.st_mtim.tv_sec != was->st_mtim.tv_sec || now.st_mtim.tv_nsec != was->st_mtim.tv_nsec;
	*was = now;
	return is;
}

/* evdns reads /etc/hosts and /etc/resolv.conf once, but the daemon runs for months:
 * read them again when they have changed. Questions under way are asked anew. */
static void read_names(struct gate *g)
{
	bool hosts = changed(&g->hosts, "/etc/hosts"), resolv = changed(&g->resolv, "/etc/resolv.conf");

	if (g->dns == NULL) {
		g->dns = evdns_base_new(g->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
		CY_ASSERT(g->dns);
	} else if (!hosts && !resolv) {
		return;
	}
	evdns_base_clear_host_addresses(g->dns);
	evdns_base_clear_nameservers_and_suspend(g->dns);
	/* Without a resolv.conf there is still /etc/hosts. */
	evdns_base_resolv_conf_parse(g->dns, DNS_OPTIONS_ALL, "/etc/resolv.conf");
	evdns_base_resume(g->dns);
}

void gate_dial(struct gate *g, size_t peer, enum tls_lane lane)
{
	const struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC,
					       .ai_socktype = SOCK_STREAM,
					       .ai_protocol = IPPROTO_TCP };
	struct gate_lookup *l = calloc(1, sizeof *l);
	struct evdns_getaddrinfo_request *req;
	struct gate_conn *c = conn_new(g, -1);

	CY_ASSERT(l);
	read_names(g);
	c->dialled = true;
	c->peer = peer;
	c->lane = lane;
	c->state = CONN_RESOLVE;
	c->lookup = l;
	*l = (struct gate_lookup){ .g = g, .c = c };
	g->n_lookups++;
	conn_timer(c, g->config.handshake_ms);
	/* NULL when the callback has been called already: l and c may be gone. */
	req = evdns_getaddrinfo(g->dns, g->targets[peer].host, g->targets[peer].port, &hints, on_resolved, l);
	if (req)
		l->req = req;
}
