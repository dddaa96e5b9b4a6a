#include "link_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

char rig_dir[] = "/tmp/comity-link-XXXXXX";
struct event_base *rig_base;

const char *rig_path(const char *name)
{
	static char paths[16][128];
	static size_t next;
	char *p = paths[next++ % 16];

	snprintf(p, sizeof paths[0], "%s/pki/%s", rig_dir, name);
	return p;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* One turn of the loop, which comes back also when nothing happens. */
void rig_turn(void)
{
	const struct timeval tick = { .tv_usec = 100000 };
	struct event *ev = evtimer_new(rig_base, on_tick, NULL);

	assert_int_equal(event_add(ev, &tick), 0);
	assert_true(event_base_loop(rig_base, EVLOOP_ONCE) >= 0);
	event_free(ev);
}

/* As the node does once the session proof is good. */
static bool prove(int (*proven)(void *, uint64_t, struct cy_error *), void (*close)(void *, uint64_t, const char *),
		  void *port, uint64_t session, uint64_t before)
{
	struct cy_error e = { 0 };

	if (proven(port, session, &e) < 0) {
		close(port, session, e.text);
		return false;
	}
	if (before)
		close(port, before, "a newer connection of this peer takes the place");
	return true;
}

static void is_proven(struct node_rig *n, uint64_t session)
{
	if (!prove(n->port.proven, n->port.close, n->port.ctx, session, n->session))
		return;
	n->session = session;
	n->next_number = 0;
}

static void on_up(void *ctx, const char *peer, uint64_t session, const struct link_connection *on)
{
	struct node_rig *n = ctx;

	assert_string_equal(peer, n->peer);
	assert_true(session != n->session);
	n->on = *on;
	n->ups++;
	if (!n->unproven)
		is_proven(n, session);
}

/* The first eight bytes are the number, the others follow from it. */
static bool frame_is(struct cy_bytes frame, uint64_t expected)
{
	uint64_t number;
	bool same;

	assert_true(frame.len >= sizeof number);
	memcpy(&number, frame.data, sizeof number);
	same = number == expected;
	for (size_t i = sizeof number; i < frame.len; i += 997)
		same &= frame.data[i] == (uint8_t)(number + i);
	return same;
}

static void on_frame(void *ctx, uint64_t session, struct cy_bytes frame)
{
	struct node_rig *n = ctx;

	if (n->by_frame && n->session != session)
		is_proven(n, session);
	n->disorder |= !frame_is(frame, n->next_number++);
	n->frames++;
	if (n->echo)
		n->port.send(n->port.ctx, session, frame);
}

static void on_writable(void *ctx, uint64_t session)
{
	struct node_rig *n = ctx;

	(void)session;
	n->writables++;
}

static void on_down(void *ctx, uint64_t session, const char *why)
{
	struct node_rig *n = ctx;

	n->downs++;
	snprintf(n->why, sizeof n->why, "%s", why);
	if (n->session == session)
		n->session = 0;
}

static void on_failed(void *ctx, const char *peer, const char *why)
{
	struct node_rig *n = ctx;

	assert_string_equal(peer, n->peer);
	n->failed++;
	snprintf(n->why, sizeof n->why, "%s", why);
}

static void on_refused(void *ctx, const char *address, const char *why)
{
	struct node_rig *n = ctx;

	assert_true(strlen(address) > 0);
	n->refusals++;
	snprintf(n->refused, sizeof n->refused, "%s", why);
}

static void on_certificate_refused(void *ctx, const char *peer, const char *why)
{
	struct node_rig *n = ctx;

	assert_string_equal(peer, n->peer);
	assert_string_equal(why, n->dial[0] ? n->why : n->refused);
	n->certificates++;
}

static void on_alarm(void *ctx, const char *peer, const char *text)
{
	struct node_rig *n = ctx;

	assert_string_equal(peer, n->peer);
	n->alarms++;
	snprintf(n->alarm, sizeof n->alarm, "%s", text);
}

static void on_bulk_up(void *ctx, const char *peer, uint64_t session, const struct link_connection *on)
{
	struct node_rig *n = ctx;

	assert_string_equal(peer, n->peer);
	assert_true(session != n->session && session != n->bulk.session);
	n->bulk.on = *on;
	n->bulk.ups++;
	if (!prove(n->bulk.port.proven, n->bulk.port.close, n->bulk.port.ctx, session, n->bulk.session))
		return;
	n->bulk.session = session;
	n->bulk.next_number = 0;
}

static void on_bulk_frame(void *ctx, uint64_t session, struct blob_bytes frame)
{
	struct node_rig *n = ctx;

	assert_int_equal(session, n->bulk.session);
	n->bulk.disorder |= !frame_is(cy_bytes(frame.data, frame.len), n->bulk.next_number++);
	n->bulk.frames++;
	blob_release(&frame);
}

static void on_bulk_writable(void *ctx, uint64_t session)
{
	struct node_rig *n = ctx;

	assert_int_equal(session, n->bulk.session);
	n->bulk.writables++;
}

static void on_bulk_down(void *ctx, uint64_t session, const char *why)
{
	struct node_rig *n = ctx;

	n->bulk.downs++;
	if (n->bulk.session == session)
		n->bulk.session = 0;
	snprintf(n->bulk.why, sizeof n->bulk.why, "%s", why);
}

static void on_log(void *ctx, enum node_level level, const char *text)
{
	struct node_rig *n = ctx;

	if (strstr(text, "for bulk failed")) {
		n->bulk.failed++;
		n->bulk.failed_told += level != NODE_DEBUG;
	}
	if (getenv("LINK_LOG"))
		fprintf(stderr, "%s %d %s\n", n->id, (int)level, text);
}

int node_try(struct node_rig *n, struct cy_error *e)
{
	const struct link_events events = { .ctx = n,
					    .up = on_up,
					    .frame = on_frame,
					    .writable = on_writable,
					    .down = on_down,
					    .bulk_up = n->no_bulk ? NULL : on_bulk_up,
					    .bulk_frame = on_bulk_frame,
					    .bulk_writable = on_bulk_writable,
					    .bulk_down = on_bulk_down,
					    .attempt_failed = on_failed,
					    .refused = on_refused,
					    .certificate_refused = on_certificate_refused,
					    .alarm = on_alarm,
					    .log = on_log };
	char own[64], anchors[64], san[64], dir[128];
	const char *sans[1] = { n->san ? n->san : san };
	struct link_peer_config peer = { .tls = { .id = n->peer, .sans = sans, .n_sans = 1 },
					 .dial = n->dial[0] ? n->dial : NULL };
	int rc;

	snprintf(own, sizeof own, "%s/tls", n->id);
	snprintf(anchors, sizeof anchors, "%s/ca.pem", n->peer);
	snprintf(san, sizeof san, "dns:%s.comity.invalid", n->peer);
	for (char *p = san; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	snprintf(dir, sizeof dir, "%s/%s", rig_dir, n->id);
	n->config.authority = n->id;
	n->config.certificate = n->certificate ? rig_path(n->certificate) : rig_path(strcat(own, ".pem"));
	own[strlen(n->id) + 4] = '\0';
	n->config.key = n->key ? rig_path(n->key) : rig_path(strcat(own, ".key"));
	n->config.listen = &n->listen;
	n->config.n_listen = n->listen ? 1 : 0;
	peer.tls.anchors = rig_path(n->anchors ? n->anchors : anchors);
	peer.tls.crl = n->crl ? rig_path(n->crl) : NULL;
	peer.tls.crl_grace_s = n->crl_grace_s;
	peer.tls.crl_max_age_s = n->crl_max_age_s;
	n->config.peers = &peer;
	n->config.n_peers = 1;
	if (!n->config.ipc_dir)
		n->config.ipc_dir = dir;
	rc = link_start(rig_base, &n->config, &events, &n->link, e);
	n->config.ipc_dir = NULL;
	if (!rc) {
		n->port = link_get_port(n->link);
		n->bulk.port = link_get_bulk_port(n->link);
	}
	return rc;
}

void node_start(struct node_rig *n)
{
	struct cy_error e = { 0 };

	if (node_try(n, &e))
		fail_msg("%s", e.text);
}

void node_stop_link(struct node_rig *n)
{
	link_stop(n->link);
	n->link = NULL;
	n->session = n->bulk.session = 0;
}

void node_dials(struct node_rig *n, const struct node_rig *to)
{
	const char *colon = strrchr(to->listen, ':');

	snprintf(n->dial, sizeof n->dial, "%.*s:%u", (int)(colon - to->listen), to->listen,
		 link_listen_port(to->link, 0));
}

static void write_frame(uint8_t *frame, uint64_t number, size_t size)
{
	memcpy(frame, &number, sizeof number);
	for (size_t i = sizeof number; i < size; i += 997)
		frame[i] = (uint8_t)(number + i);
}

void node_send(struct node_rig *n, uint64_t *number, uint64_t count, size_t size)
{
	static uint8_t frame[CY_FRAME_MAX];

	while (*number < count && n->session) {
		int rc;

		write_frame(frame, *number, size);
		rc = n->port.send(n->port.ctx, n->session, cy_bytes(frame, size));
		if (rc == CY_EAGAIN)
			return;
		assert_int_equal(rc, CY_OK);
		++*number;
	}
}

atomic_uint rig_released[RIG_FRAMES];

static void release(void *owner)
{
	uint64_t number;

	memcpy(&number, owner, sizeof number);
	atomic_fetch_add(&rig_released[number], 1);
	free(owner);
}

struct blob_bytes rig_bulk_frame(uint64_t number, size_t size)
{
	uint8_t *data = malloc(size);

	assert_true(data && number < RIG_FRAMES);
	write_frame(data, number, size);
	return (struct blob_bytes){ data, size, release, data };
}

uint16_t rig_free_port(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	close(fd);
	return ntohs(sa.sin_port);
}

int rig_tcp(const struct node_rig *to)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				  .sin_port = htons(link_listen_port(to->link, 0)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	return fd;
}

void rig_shell(const char *command, char *out, size_t size, size_t *ret_len)
{
	FILE *p = popen(command, "re");
	time_t end = time(NULL) + DEADLINE_S;
	size_t len = 0;

	assert_non_null(p);
	fcntl(fileno(p), F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t n = read(fileno(p), out + len, size - 1 - len);

		if (n == 0 || len + 1 == size)
			break;
		if (n > 0)
			len += (size_t)n;
		assert_true(time(NULL) < end);
		rig_turn();
	}
	out[len] = '\0';
	if (ret_len)
		*ret_len = len;
	pclose(p);
}

/* openssl s_client with these options against the node's listener. */
void s_client(const struct node_rig *to, const char *options, char *out, size_t size, size_t *ret_len)
{
	char command[1024];

	snprintf(command, sizeof command, "cd %s/pki && exec openssl s_client -connect 127.0.0.1:%u -quiet %s 2>&1",
		 rig_dir, link_listen_port(to->link, 0), options);
	rig_shell(command, out, size, ret_len);
}

int group_setup(void **state)
{
	char command[256];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_non_null(mkdtemp(rig_dir));
	snprintf(command, sizeof command, "tests/unit/link_pki.sh %s/pki", rig_dir);
	assert_int_equal(system(command), 0);
	return 0;
}

int group_teardown(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", rig_dir);
	return system(command);
}

int test_setup(void **state)
{
	(void)state;
	rig_base = event_base_new();
	for (size_t i = 0; i < RIG_FRAMES; i++)
		rig_released[i] = 0;
	return rig_base ? 0 : -1;
}

int test_teardown(void **state)
{
	(void)state;
	event_base_free(rig_base);
	return 0;
}

/* US-OIA listens, IE dials; both with what the test has changed. */
void start_pair(struct node_rig *us, struct node_rig *ie)
{
	us->id = "US-OIA";
	us->peer = "IE";
	if (!us->listen)
		us->listen = "127.0.0.1:0";
	ie->id = "IE";
	ie->peer = "US-OIA";
	node_start(us);
	node_dials(ie, us);
	node_start(ie);
}

void stop_pair(struct node_rig *us, struct node_rig *ie)
{
	node_stop_link(ie);
	node_stop_link(us);
}

void start_acceptor(struct node_rig *us)
{
	us->id = "US-OIA";
	us->peer = "IE";
	us->listen = "127.0.0.1:0";
	node_start(us);
}

void exchange(struct node_rig *a, struct node_rig *b, uint64_t count, size_t size)
{
	uint64_t sent_a = 0, sent_b = 0;
	unsigned had_a = a->frames, had_b = b->frames;

	RUN_UNTIL(a->session && b->session);
	a->next_number = b->next_number = 0;
	a->disorder = b->disorder = false;
	while (sent_a < count || sent_b < count || a->frames - had_a < count || b->frames - had_b < count) {
		time_t end = time(NULL) + DEADLINE_S;

		node_send(a, &sent_a, count, size);
		node_send(b, &sent_b, count, size);
		rig_turn();
		assert_true(a->session && b->session && time(NULL) < end);
	}
	assert_false(a->disorder || b->disorder);
	assert_int_equal(a->frames - had_a, count);
	assert_int_equal(b->frames - had_b, count);
}
