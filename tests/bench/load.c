/* What case systems hand in, from one thread, so that the driver is never the bottleneck: the frames are made before
 * the clock starts, and one event loop serves all connections. A message counts as accepted with its Submitted, and as
 * delivered with the event RELAY_ACCEPTED: the sender holds the receiver's durable, signed receipt. The result is one
 * line of JSON. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "comity/v1/local.pb-c.h"

static const char HELP[] =
	"load --socket PATH --tag TAG [options]\n"
	"  --socket PATH      local socket of the daemon\n"
	"  --tag TAG          begins each idempotency key and reference: another one for each run\n"
	"  --to ID            addressee; PREFIX%03d with --peers (IE)\n"
	"  --peers N          so many addressees in turn: PREFIX000, PREFIX001 ...\n"
	"  --messages N       how many are handed in (1000)\n"
	"  --clients N        connections (1); the first one is also told the events\n"
	"  --window N         messages of one connection under way (60)\n"
	"  --to-receipt       a message is under way until its receipt, not only until it is accepted\n"
	"  --bytes N          of text in each message (900)\n"
	"  --cases FILE       notes in the cases whose ids are the lines of the file, in turn; else each message opens "
	"a case\n"
	"  --open FILE        the ids of the cases that were opened are written to the file\n"
	"  --urgent           priority EMERGENCY\n"
	"  --rate N           so many a second, whatever the answers take; latency counts from when each was due\n"
	"  --no-receipts      ends when all are accepted, and hears no events\n"
	"  --say-accepted     prints the line 'accepted' when all are\n"
	"  --patience SECONDS ends with an error when nothing comes for so long (60)\n"
	"  --progress TEXT    a line on standard error every five seconds\n"
	"SIGTERM: nothing more is handed in, and what has come by then is the result.\n";

static struct {
	const char *socket, *tag, *to, *cases, *open, *progress;
	size_t peers, messages, clients, window, bytes;
	double rate;
	int patience;
	bool to_receipt, urgent, no_receipts, say_accepted;
} o = { .to = "IE", .messages = 1000, .clients = 1, .window = 60, .bytes = 900, .patience = 60 };

/* One connection. */
struct conn {
	int fd;
	struct cy_buf in, out;
	size_t read, sent; /* of them */
	size_t under_way;
	bool waits_for_room;
};

struct message {
	struct cy_buf frame;
	struct conn *by;
	double at, accepted, delivered; /* s; 0: not yet */
};

/* Which message has this id. An event may come before the Submitted of another connection. */
struct entry {
	char id[37];
	size_t message;   /* from 1; 0: not known yet */
	double delivered; /* s; of an event that came first */
};

static struct conn *conns;
static struct message *messages;
static struct entry *entries;
static size_t mask;
static int loop;
static size_t handed_in, accepted, delivered, refused;
static double started, last_accepted, last_delivered;
static FILE *opened;
static bool acknowledging;
static volatile sig_atomic_t stop;

#define EVENTS_A_TIME 512u /* acknowledged together, at least */
#define FIRST         100u /* correlation of the first message */

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void need(int r)
{
	if (r < 0) {
		fprintf(stderr, "load: no memory\n");
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void add_frame(struct cy_buf *b, const CyClientFrame *f)
{
	const size_t len = cy_client_frame__get_packed_size(f);
	uint8_t head[5], *body = malloc(len);
	size_t n = 0;

	if (body == NULL)
		die("memory");
	for (size_t left = len;; left >>= 7) {
		head[n++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
		if (left <= 127)
			break;
	}
	cy_client_frame__pack(f, body);
	need(cy_buf_add(b, head, n));
	need(cy_buf_add(b, body, len));
	free(body);
}

static struct entry *find(const char *id)
{
	uint64_t h = 1469598103934665603u;
	size_t i;

	for (const char *p = id; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 1099511628211u;
	for (i = h & mask; entries[i].id[0] != '\0' && strcmp(entries[i].id, id) != 0; i = (i + 1) & mask)
		;
	if (entries[i].id[0] == '\0')
		snprintf(entries[i].id, sizeof entries[i].id, "%s", id);
	return &entries[i];
}

/* ------------------------------------------------------------------- connections */

static void watch(struct conn *c, int op)
{
	struct epoll_event e = { .events = EPOLLIN | (c->waits_for_room ? EPOLLOUT : 0u), .data.ptr = c };

	if (epoll_ctl(loop, op, c->fd, &e) < 0)
		die("epoll");
}

static void flush(struct conn *c)
{
	while (c->sent < c->out.len) {
		const ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("send");
		c->sent += (size_t)n;
	}
	if (c->sent == c->out.len)
		c->sent = c->out.len = 0;
	if (c->waits_for_room != (c->out.len > 0)) {
		c->waits_for_room = c->out.len > 0;
		watch(c, EPOLL_CTL_MOD);
	}
}

/* What has come is read. */
static void fill(struct conn *c)
{
	static uint8_t room[1 << 18];
	const ssize_t n = recv(c->fd, room, sizeof room, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fprintf(stderr, "load: the daemon has closed the connection\n");
		exit(1);
	}
	need(cy_buf_add(&c->in, room, (size_t)n));
}

static void *take(void *arena, size_t size)
{
	return cy_arena_take(arena, size);
}

static void keep(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

/* The next frame that is there, in the arena; NULL: none is whole. */
static CyServerFrame *next(struct conn *c, struct cy_arena *a)
{
	ProtobufCAllocator allocator = { take, keep, a };
	size_t len = 0, at = c->read;
	CyServerFrame *f;

	for (unsigned shift = 0;; shift += 7) {
		if (at == c->in.len)
			goto none;
		len |= (size_t)(c->in.data[at] & 127) << shift;
		if (c->in.data[at++] < 128)
			break;
	}
	if (c->in.len - at < len)
		goto none;
	f = cy_server_frame__unpack(&allocator, len, c->in.data + at);
	if (f == NULL) {
		fprintf(stderr, "load: what came is no frame\n");
		exit(1);
	}
	c->read = at + len;
	return f;
none:
	memmove(c->in.data, c->in.data + c->read, c->in.len - c->read);
	c->in.len -= c->read;
	c->read = 0;
	return NULL;
}

/* Asks, and waits for the answer. */
static void ask(struct conn *c, CyClientFrame *f, CyServerFrame__KindCase expected)
{
	struct cy_arena a = { 0 };
	CyServerFrame *answer;

	f->correlation = 1;
	add_frame(&c->out, f);
	flush(c);
	while ((answer = next(c, &a)) == NULL)
		if (epoll_wait(loop, &(struct epoll_event){ 0 }, 1, 30000) <= 0)
			die("no answer");
		else
			fill(c);
	if (answer->kind_case != expected) {
		fprintf(stderr, "load: %s\n",
			answer->kind_case == CY_SERVER_FRAME__KIND_ERROR ? answer->error->text
									 : "an answer of another kind");
		exit(1);
	}
	cy_arena_free(&a);
}

static void connect_to(struct conn *c)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello hello = CY_LOCAL_HELLO__INIT;

	c->in = c->out = CY_BUF(256u << 20);
	snprintf(to.sun_path, sizeof to.sun_path, "%s", o.socket);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
		die(o.socket);
	watch(c, EPOLL_CTL_ADD);
	hello.version = 1;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &hello;
	ask(c, &f, CY_SERVER_FRAME__KIND_WELCOME);
}

static void subscribe(struct conn *c)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubscribe s = CY_SUBSCRIBE__INIT;

	s.cursor = (char *)(uintptr_t)o.tag;
	s.from_now = true;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	f.subscribe = &s;
	ask(c, &f, CY_SERVER_FRAME__KIND_SUBSCRIBED);
}

/* One at a time: a connection has 64 requests without an answer at most, and the window takes most of them. */
static void acknowledge(struct conn *c, uint64_t position)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyAcknowledgeEvents ack = CY_ACKNOWLEDGE_EVENTS__INIT;

	ack.cursor = (char *)(uintptr_t)o.tag;
	ack.position = position;
	acknowledging = true;
	f.correlation = 2;
	f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
	f.acknowledge_events = &ack;
	add_frame(&c->out, &f);
	flush(c);
}

/* ---------------------------------------------------------------------- messages */

static void make(size_t i, char *case_id, char *text)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit submit = CY_SUBMIT__INIT;
	CySubmission s = CY_SUBMISSION__INIT;
	CyContent content = CY_CONTENT__INIT;
	CySpontaneousInformation info = CY_SPONTANEOUS_INFORMATION__INIT;
	CyNote note = CY_NOTE__INIT;
	char key[65], to[64];

	snprintf(key, sizeof key, "%s-%zu", o.tag, i);
	snprintf(to, sizeof to, "%s", o.to);
	if (o.peers > 0)
		snprintf(to, sizeof to, "%s%03zu", o.to, i % o.peers);
	if (case_id != NULL) {
		s.case_ref = case_id;
		note.text = text;
		content.kind_case = CY_CONTENT__KIND_NOTE;
		content.note = &note;
	} else {
		s.to = to;
		s.own_reference = key;
		info.title = (char *)"bench";
		info.text = text;
		content.kind_case = CY_CONTENT__KIND_SPONTANEOUS_INFORMATION;
		content.spontaneous_information = &info;
	}
	s.priority = o.urgent ? CY_PRIORITY__EMERGENCY : CY_PRIORITY__PRIORITY_UNSPECIFIED;
	s.content = &content;
	submit.idempotency_key = key;
	submit.submission = &s;
	f.correlation = FIRST + i;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &submit;
	messages[i].frame = CY_BUF(1u << 20);
	add_frame(&messages[i].frame, &f);
}

static void make_all(void)
{
	char *text = malloc(o.bytes + 1), **ids = NULL, line[64];
	size_t n = 0;

	if (text == NULL)
		die("memory");
	memset(text, 'x', o.bytes);
	text[o.bytes] = '\0';
	if (o.cases != NULL) {
		FILE *f = fopen(o.cases, "re");

		if (f == NULL)
			die(o.cases);
		while (fgets(line, sizeof line, f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			ids = realloc(ids, (n + 1) * sizeof *ids);
			if (ids == NULL || (ids[n++] = strdup(line)) == NULL)
				die("memory");
		}
		fclose(f);
		if (n == 0) {
			fprintf(stderr, "load: %s names no case\n", o.cases);
			exit(1);
		}
	}
	for (size_t i = 0; i < o.messages; i++)
		make(i, n > 0 ? ids[i % n] : NULL, text);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	free(text);
}

static void hand_in(struct conn *c, double t)
{
	struct message *m = &messages[handed_in];

	need(cy_buf_add(&c->out, m->frame.data, m->frame.len));
	cy_buf_free(&m->frame);
	m->by = c;
	m->at = o.rate > 0 ? started + (double)handed_in / o.rate : t;
	c->under_way++;
	handed_in++;
}

/* All that the windows and the rate permit. */
static void hand_in_more(void)
{
	const double t = now();

	for (size_t i = 0; i < o.clients; i++) {
		struct conn *c = &conns[i];
		const size_t had = c->out.len;

		while (!stop && handed_in < o.messages && c->under_way < o.window &&
		       (o.rate <= 0 || t - started >= (double)handed_in / o.rate)) {
			hand_in(c, t);
			if (o.rate > 0)
				break; /* the next connection has the next one */
		}
		if (c->out.len > had)
			flush(c);
	}
}

static void on_delivered(struct message *m, double t)
{
	m->delivered = t;
	delivered++;
	last_delivered = t;
	if (o.to_receipt)
		m->by->under_way--;
}

static void on_submitted(const CyServerFrame *f, double t)
{
	struct message *m = &messages[f->correlation - FIRST];
	struct entry *e = find(f->submitted->message_id);

	m->accepted = t;
	accepted++;
	last_accepted = t;
	if (!o.to_receipt)
		m->by->under_way--;
	if (opened != NULL)
		fprintf(opened, "%s\n", f->submitted->case_id);
	e->message = f->correlation - FIRST + 1;
	if (e->delivered > 0)
		on_delivered(m, e->delivered);
}

static void on_refused(const CyServerFrame *f)
{
	if (refused++ == 0)
		fprintf(stderr, "load: refused: %s\n", f->error->text);
	if (f->correlation >= FIRST && f->correlation - FIRST < o.messages)
		messages[f->correlation - FIRST].by->under_way--;
}

static void on_event(struct conn *c, const CyEvent *e, double t)
{
	static size_t n;

	if (++n >= EVENTS_A_TIME && !acknowledging) {
		acknowledge(c, e->position);
		n = 0;
	}
	if (e->type == CY_EVENT_TYPE__RELAY_ACCEPTED) {
		struct entry *known = find(e->message_id);

		if (known->message > 0)
			on_delivered(&messages[known->message - 1], t);
		else
			known->delivered = t;
	} else if (e->type == CY_EVENT_TYPE__RELAY_REJECTED || e->type == CY_EVENT_TYPE__RELAY_FAILED) {
		if (refused++ == 0)
			fprintf(stderr, "load: rejected: %s\n", e->text);
	}
}

static void receive(struct conn *c)
{
	struct cy_arena a = { 0 };
	const double t = now();
	CyServerFrame *f;

	fill(c);
	while ((f = next(c, &a)) != NULL) {
		if (f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED)
			on_submitted(f, t);
		else if (f->kind_case == CY_SERVER_FRAME__KIND_EVENT)
			on_event(c, f->event, t);
		else if (f->kind_case == CY_SERVER_FRAME__KIND_DONE)
			acknowledging = false;
		else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR)
			on_refused(f);
		if (a.total > (1u << 20))
			cy_arena_free(&a);
	}
	cy_arena_free(&a);
}

static bool over(void)
{
	const size_t wanted = stop ? handed_in : o.messages;

	return stop || (accepted + refused >= wanted && (o.no_receipts || delivered + refused >= wanted));
}

/* Until the next message is due, a second at most. */
static struct timespec until_due(void)
{
	double left = 1;

	if (o.rate > 0 && handed_in < o.messages)
		left = fmin(fmax(started + (double)handed_in / o.rate - now(), 0), 1);
	return (struct timespec){ (time_t)left, (long)((left - floor(left)) * 1e9) };
}

static void run(void)
{
	double moved = now(), told = moved;
	bool said = !o.say_accepted;

	started = moved;
	while (!over()) {
		struct epoll_event e[64];
		struct timespec wait;
		int n;

		hand_in_more();
		wait = until_due();
		n = epoll_pwait2(loop, e, 64, &wait, NULL);
		for (int i = 0; i < n; i++) {
			if (e[i].events & EPOLLOUT)
				flush(e[i].data.ptr);
			if (e[i].events & ~(uint32_t)EPOLLOUT)
				receive(e[i].data.ptr);
		}
		if (n > 0)
			moved = now();
		if (!said && accepted + refused == o.messages) {
			said = true;
			printf("accepted\n");
			fflush(stdout);
		}
		if (now() - moved > o.patience) {
			fprintf(stderr, "load: nothing came for %d s: %zu accepted, %zu with receipt, of %zu\n",
				o.patience, accepted, delivered, o.messages);
			exit(1);
		}
		if (o.progress != NULL && now() - told > 5) {
			told = now();
			fprintf(stderr, "  %s: %zu accepted, %zu with receipt, of %zu\n", o.progress, accepted,
				delivered, o.messages);
		}
	}
}

/* ------------------------------------------------------------------------ result */

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_latency(const char *name, double *d, size_t n)
{
	static const struct {
		const char *name;
		double of;
	} parts[] = { { "p50", .5 }, { "p99", .99 }, { "p99.9", .999 } };

	qsort(d, n, sizeof *d, by_size);
	printf(", \"%s_ms\": {", name);
	for (size_t i = 0; n > 0 && i < sizeof parts / sizeof parts[0]; i++)
		printf("\"%s\": %.3f, ", parts[i].name, d[(size_t)((double)n * parts[i].of)] * 1e3);
	printf("\"max\": %.3f}", n > 0 ? d[n - 1] * 1e3 : 0);
}

static void print_result(void)
{
	double *d = calloc(o.messages + 1, sizeof *d), cpu;
	struct rusage r;
	size_t n = 0;

	if (d == NULL)
		die("memory");
	getrusage(RUSAGE_SELF, &r);
	cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
	      1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
	printf("{\"messages\": %zu, \"clients\": %zu, \"accepted\": %zu, \"delivered\": %zu, \"refused\": %zu",
	       o.messages, o.clients, accepted, delivered, refused);
	printf(", \"start\": %.6f, \"end\": %.6f, \"driver_cpu_s\": %.2f", started,
	       o.no_receipts ? last_accepted : last_delivered, cpu);
	printf(", \"accepted_per_s\": %.1f", accepted > 0 ? (double)accepted / (last_accepted - started) : 0);
	if (!o.no_receipts)
		printf(", \"receipts_per_s\": %.1f",
		       delivered > 0 ? (double)delivered / (last_delivered - started) : 0);
	for (size_t i = 0; i < handed_in; i++)
		if (messages[i].accepted > 0)
			d[n++] = messages[i].accepted - messages[i].at;
	print_latency("accepted", d, n);
	n = 0;
	for (size_t i = 0; i < handed_in; i++)
		if (messages[i].delivered > 0)
			d[n++] = messages[i].delivered - messages[i].at;
	print_latency("receipt", d, n);
	printf("}\n");
	free(d);
}

static size_t number(const char *text)
{
	char *end;
	const unsigned long long n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n > 100000000) {
		fprintf(stderr, "load: '%s' is no number up to 100,000,000\n", text);
		exit(2);
	}
	return (size_t)n;
}

static void read_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "help", 0, NULL, 'h' },
		{ "socket", 1, NULL, 's' },
		{ "tag", 1, NULL, 'T' },
		{ "to", 1, NULL, 't' },
		{ "peers", 1, NULL, 'P' },
		{ "messages", 1, NULL, 'n' },
		{ "clients", 1, NULL, 'c' },
		{ "window", 1, NULL, 'w' },
		{ "to-receipt", 0, NULL, 'r' },
		{ "bytes", 1, NULL, 'b' },
		{ "cases", 1, NULL, 'k' },
		{ "open", 1, NULL, 'o' },
		{ "urgent", 0, NULL, 'u' },
		{ "rate", 1, NULL, 'R' },
		{ "no-receipts", 0, NULL, 'q' },
		{ "say-accepted", 0, NULL, 'a' },
		{ "patience", 1, NULL, 'p' },
		{ "progress", 1, NULL, 'g' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'h':
			fputs(HELP, stdout);
			exit(0);
		case 's':
			o.socket = optarg;
			break;
		case 'T':
			o.tag = optarg;
			break;
		case 't':
			o.to = optarg;
			break;
		case 'P':
			o.peers = number(optarg);
			break;
		case 'n':
			o.messages = number(optarg);
			break;
		case 'c':
			o.clients = number(optarg);
			break;
		case 'w':
			o.window = number(optarg);
			break;
		case 'r':
			o.to_receipt = true;
			break;
		case 'b':
			o.bytes = number(optarg);
			break;
		case 'k':
			o.cases = optarg;
			break;
		case 'o':
			o.open = optarg;
			break;
		case 'u':
			o.urgent = true;
			break;
		case 'R':
			o.rate = (double)number(optarg);
			break;
		case 'q':
			o.no_receipts = true;
			break;
		case 'a':
			o.say_accepted = true;
			break;
		case 'p':
			o.patience = (int)number(optarg);
			break;
		case 'g':
			o.progress = optarg;
			break;
		default:
			fputs(HELP, stderr);
			exit(2);
		}
	if (o.socket == NULL || o.tag == NULL || o.clients == 0 || optind < argc) {
		fputs(HELP, stderr);
		exit(2);
	}
}

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

int main(int argc, char **argv)
{
	const struct sigaction term = { .sa_handler = on_term };

	read_options(argc, argv);
	sigaction(SIGTERM, &term, NULL);
	for (mask = 1024; mask < o.messages * 4; mask *= 2)
		;
	entries = calloc(mask, sizeof *entries);
	mask--;
	conns = calloc(o.clients, sizeof *conns);
	messages = calloc(o.messages + 1, sizeof *messages);
	loop = epoll_create1(EPOLL_CLOEXEC);
	if (entries == NULL || conns == NULL || messages == NULL || loop < 0)
		die("start");
	if (o.open != NULL && (opened = fopen(o.open, "we")) == NULL)
		die(o.open);
	make_all();
	for (size_t i = 0; i < o.clients; i++)
		connect_to(&conns[i]);
	if (!o.no_receipts)
		subscribe(&conns[0]);
	run();
	if (opened != NULL && fclose(opened) != 0)
		die(o.open);
	print_result();
	return 0;
}
