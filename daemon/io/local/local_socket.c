#include "io/local/local_socket.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/local/local_client.h"
#include "io/local/local_listen.h"
#include "io/local/strangers.h"
#include "io/loop/descriptors.h"

#define ACCEPTS_A_WAKE  16
#define GROUPS_MAX      65536u
#define ACCEPT_PAUSE_MS 200
#define SHARE_OF_A_UID  4u

struct local_socket {
	struct local_shared shared;
	struct local_entry *entries;
	struct local_listener listener;
	struct event *listen, *listen_again;
	struct local_client **slots; /* clients_max of them; id % clients_max is the index */
	size_t n_clients;
	uint64_t generation;
	size_t *allowed; /* scratch: room for n_entries */
};

static struct local_client *find(struct local_socket *s, uint64_t id)
{
	struct local_client *c = s->slots[id % s->shared.config.clients_max];

	return c && c->id == id ? c : NULL;
}

static void on_cleanup(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < s->shared.config.clients_max; i++) {
		struct local_client *c = s->slots[i];
		uint64_t id;

		if (c == NULL || c->state != LOCAL_DEAD)
			continue;
		id = c->id;
		s->slots[i] = NULL;
		s->n_clients--;
		local_client_free(c);
		s->shared.input.down(s->shared.input.ctx, id);
	}
}

/* ------------------------------------------------------------- connections */

static bool in_groups(int64_t gid, const gid_t *groups, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((int64_t)groups[i] == gid)
			return true;
	return false;
}

/* The supplementary groups of the connected process; NULL when there are none
 * or the kernel does not tell, which then matches nothing. */
static gid_t *peer_groups(int fd, size_t *ret_n)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *groups = malloc(len), *larger;

	while (groups) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == 0) {
			*ret_n = len / sizeof(gid_t);
			return groups;
		}
		larger = errno == ERANGE && len <= GROUPS_MAX * sizeof(gid_t) ? realloc(groups, len) : NULL;
		if (larger == NULL)
			free(groups);
		groups = larger;
	}
	*ret_n = 0;
	return NULL;
}

static size_t allowed_entries(struct local_socket *s, int fd, const struct ucred *cred)
{
	size_t n_groups, n = 0;
	gid_t *groups = peer_groups(fd, &n_groups);

	for (size_t i = 0; i < s->shared.config.n_entries; i++) {
		const struct local_entry *entry = &s->entries[i];
		bool by_uid = entry->uid >= 0 && entry->uid == (int64_t)cred->uid;
		bool by_gid = entry->gid >= 0 &&
			      (entry->gid == (int64_t)cred->gid || in_groups(entry->gid, groups, n_groups));

		if (by_uid || by_gid)
			s->allowed[n++] = i;
	}
	free(groups);
	return n;
}

/* A connection that is not taken gets its reason in the fresh socket buffer,
 * without a slot among the clients. */
static void turn_away(const struct local_socket *s, int fd, uid_t uid, CyErrorCode code, const char *text)
{
	struct cy_buf b = CY_BUF(1024);

	local_say(&s->shared, uid, text);
	/* Nothing can be done for a stranger whose buffer is full already. */
	if (local_pack_error(code, text, &b) == CY_OK && send(fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0;
	cy_buf_free(&b);
	strangers_hang_up(s->shared.strangers, uid, fd);
}

/* A client that is not closed yet still has its slot. */
static bool has_room(const struct local_socket *s, uid_t uid)
{
	struct strangers *strangers = s->shared.strangers;
	size_t same = strangers_of(strangers, uid), share = s->shared.config.clients_max / SHARE_OF_A_UID;

	for (size_t i = 0; i < s->shared.config.clients_max; i++)
		same += s->slots[i] && s->slots[i]->uid == uid;
	return s->n_clients + strangers_all(strangers) < s->shared.config.clients_max && same < (share ? share : 1);
}

static struct local_client *client_new(struct local_socket *s, int fd, uid_t uid)
{
	struct local_client *c;
	size_t slot = 0;

	while (s->slots[slot])
		slot++;
	c = local_client_new(&s->shared, fd, uid, ++s->generation * s->shared.config.clients_max + slot);
	if (c) {
		s->slots[slot] = c;
		s->n_clients++;
	}
	return c;
}

static void welcome(struct local_socket *s, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	const int on = 1;
	struct local_client *c;
	size_t n;

	/* A byte out of band is one like others: else what is beside it would be closed as it is passed over. */
	if (setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0) {
		strangers_hang_up(s->shared.strangers, getuid(), fd);
		return;
	}
	n = allowed_entries(s, fd, &cred);
	if (!n) {
		turn_away(s, fd, cred.uid, CY_ERROR_CODE__NOT_ALLOWED,
			  "The configuration names no client for this user or its groups.");
		return;
	}
	if (!has_room(s, cred.uid)) {
		turn_away(s, fd, cred.uid, CY_ERROR_CODE__TOO_MANY,
			  "This user, or all clients together, have too many connections; close one.");
		return;
	}
	c = client_new(s, fd, cred.uid);
	if (c)
		s->shared.input.up(s->shared.input.ctx, c->id, s->allowed, n);
}

static void on_listen(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_WAKE; i++) {
		bool room = descriptors_left(DESCRIPTORS_LOCAL);
		int conn = room ? accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK) : -1;

		if (conn >= 0) {
			welcome(s, conn);
		} else if (!room || errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			/* The connection stays in the queue and would wake us for ever. */
			struct timeval pause = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

			event_del(s->listen);
			event_add(s->listen_again, &pause);
			return;
		} else {
			return;
		}
	}
}

static void on_listen_again(evutil_socket_t fd, short what, void *arg)
{
	struct local_socket *s = arg;

	(void)fd;
	(void)what;
	event_add(s->listen, NULL);
}

/* -------------------------------------------------------------------- port */

static int port_send(void *ctx, uint64_t conn, struct cy_bytes frame)
{
	struct local_client *c = find(ctx, conn);

	return c ? local_client_send(c, frame, -1) : CY_ENOENT;
}

static int port_send_file(void *ctx, uint64_t conn, struct cy_bytes frame, int fd)
{
	struct local_client *c = find(ctx, conn);

	if (c)
		return local_client_send(c, frame, fd);
	strangers_close_own(((struct local_socket *)ctx)->shared.strangers, fd);
	return CY_ENOENT;
}

static size_t port_queued(void *ctx, uint64_t conn)
{
	struct local_client *c = find(ctx, conn);

	return c ? evbuffer_get_length(c->out) : 0;
}

static void port_close(void *ctx, uint64_t conn)
{
	struct local_client *c = find(ctx, conn);

	if (c)
		local_client_close(c);
}

static void port_pause(void *ctx, uint64_t conn, bool on)
{
	struct local_client *c = find(ctx, conn);

	if (c)
		local_client_pause(c, on);
}

struct local_port local_socket_port(struct local_socket *s)
{
	return (struct local_port){ .ctx = s,
				    .send = port_send,
				    .queued = port_queued,
				    .close = port_close,
				    .send_file = port_send_file,
				    .pause = port_pause };
}

/* ------------------------------------------------------------------- life */

static void on_taken(void *ctx, uint64_t conn, uid_t uid, int file, bool surplus)
{
	struct local_socket *s = ctx;
	struct local_client *c = find(s, conn);

	if (c)
		local_client_taken(c, file, surplus);
	else if (file >= 0)
		strangers_close(s->shared.strangers, uid, file);
}

static int start_listening(struct local_socket *s, struct cy_error *e)
{
	s->listener.mode = s->shared.config.mode;
	s->listener.gid = s->shared.config.gid;
	if (s->shared.config.fd < 0)
		return local_listen(&s->listener, s->shared.config.path, e);
	if (evutil_make_socket_nonblocking(s->shared.config.fd) < 0)
		return cy_fail(e, CY_EIO, "the socket passed in cannot be used: %s", strerror(errno));
	s->listener.fd = s->shared.config.fd;
	return CY_OK;
}

static void set_defaults(struct local_socket_config *c)
{
	c->mode = c->mode ? c->mode : 0660;
	c->frame_max = c->frame_max ? c->frame_max : CY_LOCAL_FRAME_MAX;
	c->queue_max = c->queue_max ? c->queue_max : CY_LOCAL_QUEUE_MAX;
	c->pause_bytes = c->pause_bytes ? c->pause_bytes : 1024u * 1024u;
	c->clients_max = c->clients_max ? c->clients_max : CY_LOCAL_CLIENTS_MAX;
	c->frames_per_wake = c->frames_per_wake ? c->frames_per_wake : 32;
	c->half_frame_ms = c->half_frame_ms ? c->half_frame_ms : 30000;
}

int local_socket_new(struct event_base *base, const struct local_socket_config *config, const struct local_input *input,
		     struct local_socket **ret_socket, struct cy_error *e)
{
	struct local_socket *s = calloc(1, sizeof(*s));
	const struct strangers_events events = { s, on_taken };
	int r;

	if (s == NULL)
		return cy_fail(e, CY_ENOMEM, "no memory for the local socket");
	s->shared.base = base;
	s->shared.config = *config;
	s->shared.input = *input;
	s->listener.fd = -1;
	set_defaults(&s->shared.config);
	s->slots = calloc(s->shared.config.clients_max, sizeof(struct local_client *));
	s->entries = calloc(config->n_entries + 1, sizeof(*s->entries));
	s->allowed = calloc(config->n_entries + 1, sizeof(*s->allowed));
	if (s->slots == NULL || s->entries == NULL || s->allowed == NULL) {
		local_socket_free(s);
		return cy_fail(e, CY_ENOMEM, "no memory for the local socket");
	}
	if (config->n_entries)
		memcpy(s->entries, config->entries, config->n_entries * sizeof(*s->entries));
	s->shared.config.entries = s->entries;
	r = strangers_new(base, &events, &s->shared.strangers, e);
	if (r == CY_OK)
		r = start_listening(s, e);
	if (r != CY_OK) {
		local_socket_free(s);
		return r;
	}
	s->shared.cleanup = event_new(base, -1, 0, on_cleanup, s);
	s->listen_again = evtimer_new(base, on_listen_again, s);
	s->listen = event_new(base, s->listener.fd, EV_READ | EV_PERSIST, on_listen, s);
	if (s->shared.cleanup == NULL || s->listen_again == NULL || s->listen == NULL ||
	    event_add(s->listen, NULL) < 0) {
		local_socket_free(s);
		return cy_fail(e, CY_ENOMEM, "no memory for the events of the local socket");
	}
	*ret_socket = s;
	return CY_OK;
}

void local_socket_stop(struct local_socket *s)
{
	if (s->listen)
		event_free(s->listen);
	if (s->listen_again)
		event_free(s->listen_again);
	s->listen = s->listen_again = NULL;
	local_unlink(&s->listener);
	/* With those that it has not accepted, and what they have sent. */
	if (s->listener.fd >= 0)
		strangers_close_own(s->shared.strangers, s->listener.fd);
	s->listener.fd = -1;
}

void local_socket_reconfigure(struct local_socket *s, const struct local_entry *entries, size_t n_entries)
{
	free(s->entries);
	free(s->allowed);
	s->entries = calloc(n_entries + 1, sizeof(*s->entries));
	s->allowed = calloc(n_entries + 1, sizeof(*s->allowed));
	CY_ASSERT(s->entries && s->allowed);
	if (n_entries)
		memcpy(s->entries, entries, n_entries * sizeof(*s->entries));
	s->shared.config.entries = s->entries;
	s->shared.config.n_entries = n_entries;
	for (size_t i = 0; i < s->shared.config.clients_max; i++) {
		struct local_client *c = s->slots[i];
		struct ucred cred;
		socklen_t len = sizeof(cred);
		size_t n = 0;

		if (c == NULL || c->state != LOCAL_OPEN)
			continue;
		if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
			n = allowed_entries(s, c->fd, &cred);
		s->shared.input.allowed(s->shared.input.ctx, c->id, s->allowed, n);
	}
}

size_t local_socket_clients(const struct local_socket *s)
{
	return s->n_clients;
}

void local_socket_free(struct local_socket *s)
{
	if (s == NULL)
		return;
	local_socket_stop(s);
	for (size_t i = 0; s->slots && i < s->shared.config.clients_max; i++)
		if (s->slots[i])
			local_client_free(s->slots[i]);
	if (s->shared.cleanup)
		event_free(s->shared.cleanup);
	strangers_free(s->shared.strangers);
	free(s->slots);
	free(s->entries);
	free(s->allowed);
	free(s);
}
