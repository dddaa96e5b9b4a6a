/* The local socket with real sockets: what one client does never hinders another. */
#include <dirent.h>
#include <errno.h>
#include <event2/event.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "comity/v1/local.pb-c.h"
#include "io/local/local_socket.h"
#include "wire/message.h"

#define RECORDS 4096

struct fixture {
	size_t files; /* of this process, without those of the socket */
	char dir[64], path[128];
	struct event_base *base;
	struct event *tick;
	struct local_socket_config config;
	struct local_entry entries[4];
	struct local_socket *socket;
	struct local_port port;
	bool in_port;
	size_t answer; /* bytes sent back for each frame; 0: none */
	size_t n_up, n_down, n_drained, n_frames;
	uint64_t up[64], down[64];
	size_t allowed[8], n_allowed; /* of the last up() */
	uint64_t frame_of[RECORDS];
	size_t frame_len[RECORDS];
	char frame_file[RECORDS]; /* what stands in the file that came with it; 0: none came */
	bool pause_after_frame;
	size_t n_logged;
};

static uint8_t answers[CY_LOCAL_FRAME_MAX];

static int send_to(struct fixture *f, uint64_t conn, size_t len)
{
	int r;

	f->in_port = true;
	r = f->port.send(f->port.ctx, conn, cy_bytes(answers, len));
	f->in_port = false;
	return r;
}

static void on_up(void *ctx, uint64_t conn, const size_t *allowed, size_t n)
{
	struct fixture *f = ctx;

	assert_false(f->in_port);
	f->up[f->n_up++ % 64] = conn;
	f->n_allowed = n;
	memcpy(f->allowed, allowed, n * sizeof(*allowed));
}

static void on_frame(void *ctx, uint64_t conn, struct cy_bytes frame, int fd)
{
	struct fixture *f = ctx;

	assert_false(f->in_port);
	f->frame_file[f->n_frames % RECORDS] = 0;
	if (fd >= 0)
		assert_int_equal(pread(fd, &f->frame_file[f->n_frames % RECORDS], 1, 0), 1);
	f->frame_of[f->n_frames % RECORDS] = conn;
	f->frame_len[f->n_frames++ % RECORDS] = frame.len;
	if (f->answer)
		send_to(f, conn, f->answer);
	if (f->pause_after_frame)
		f->port.pause(f->port.ctx, conn, true);
}

static void on_log(void *ctx, enum node_level level, const char *text)
{
	struct fixture *f = ctx;

	(void)level;
	assert_non_null(strstr(text, "local client of uid"));
	f->n_logged++;
}

static void on_drained(void *ctx, uint64_t conn)
{
	struct fixture *f = ctx;

	(void)conn;
	assert_false(f->in_port);
	f->n_drained++;
}

static void on_down(void *ctx, uint64_t conn)
{
	struct fixture *f = ctx;

	assert_false(f->in_port);
	f->down[f->n_down++ % 64] = conn;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static int open_socket(struct fixture *f, struct cy_error *e)
{
	struct local_input input = { f, on_up, on_frame, on_drained, on_down, NULL, on_log };
	int r = local_socket_new(f->base, &f->config, &input, &f->socket, e);

	if (r == CY_OK)
		f->port = local_socket_port(f->socket);
	return r;
}

#define RUN_UNTIL(f, condition) \
	while (!(condition))    \
	assert_int_equal(event_base_loop((f)->base, EVLOOP_ONCE), 0)

static size_t open_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct timeval often = { .tv_usec = 1000 };

	/* A test that hangs ends here. */
	alarm(60);
	strcpy(f->dir, "/tmp/local_socket.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	f->base = event_base_new();
	f->tick = event_new(f->base, -1, EV_PERSIST, on_tick, NULL);
	event_add(f->tick, &often);
	f->files = open_files();
	f->entries[0] = (struct local_entry){ .uid = (int64_t)getuid() + 1, .gid = -1 };
	f->entries[1] = (struct local_entry){ .uid = (int64_t)getuid(), .gid = -1 };
	f->config = (struct local_socket_config){
		.path = f->path, .fd = -1, .gid = -1, .entries = f->entries, .n_entries = 2
	};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	local_socket_free(f->socket);
	/* A thread may close the last of them later: the next test counts what is open. */
	RUN_UNTIL(f, open_files() == f->files);
	event_free(f->tick);
	event_base_free(f->base);
	assert_int_not_equal(access(f->path, F_OK), 0);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* A client of the test: what it received is parsed by hand. */
struct peer {
	int fd;
	bool eof;
	struct cy_buf in;
};

static struct peer dial(struct fixture *f)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct peer p = { .in = CY_BUF(64u * 1024u * 1024u) };

	p.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	strcpy(addr.sun_path, f->path);
	assert_int_equal(connect(p.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return p;
}

static void hang_up(struct peer *p)
{
	close(p->fd);
	cy_buf_free(&p->in);
}

static ssize_t put(struct peer *p, const void *data, size_t len)
{
	return send(p->fd, data, len, MSG_NOSIGNAL);
}

/* As much of `len` bytes as fits now. */
static size_t put_some(struct peer *p, size_t len)
{
	ssize_t n = len ? put(p, answers, len) : 0;

	return n > 0 ? (size_t)n : 0;
}

static void take(struct peer *p)
{
	ssize_t n;

	do {
		assert_int_equal(cy_buf_reserve(&p->in, 65536), CY_OK);
		n = recv(p->fd, p->in.data + p->in.len, 65536, 0);
		p->in.len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	p->eof = p->eof || n == 0 || (n < 0 && errno == ECONNRESET);
}

/* A frame has arrived whole. */
static bool has_frame(struct peer *p, struct cy_bytes *ret)
{
	take(p);
	return wire_delimited_next(cy_buf_view(&p->in), CY_LOCAL_FRAME_MAX, ret) > 0;
}

static bool at_end(struct peer *p)
{
	take(p);
	return p->eof;
}

/* One question, one answer. */
static void round_trip(struct fixture *f, struct peer *p)
{
	struct cy_bytes frame;

	assert_int_equal(put(p,
			     "\x03"
			     "abc",
			     4),
			 4);
	RUN_UNTIL(f, has_frame(p, &frame));
	cy_buf_drop(&p->in, (size_t)wire_delimited_next(cy_buf_view(&p->in), CY_LOCAL_FRAME_MAX, &frame));
}

/* Its last words, then the end. */
static void ends_with(struct fixture *f, struct peer *p, CyErrorCode code)
{
	struct cy_bytes frame;
	CyServerFrame *s;

	RUN_UNTIL(f, at_end(p));
	assert_true(wire_delimited_next(cy_buf_view(&p->in), CY_LOCAL_FRAME_MAX, &frame) > 0);
	s = cy_server_frame__unpack(NULL, frame.len, frame.data);
	assert_non_null(s);
	assert_int_equal(s->kind_case, CY_SERVER_FRAME__KIND_ERROR);
	assert_int_equal(s->error->code, code);
	assert_true(strlen(s->error->text) > 10);
	cy_server_frame__free_unpacked(s, NULL);
}

static void a_frame_goes_up_whole_and_its_answer_comes_back(void **state)
{
	struct fixture *f = *state;
	struct cy_bytes frame;
	struct peer p;

	f->answer = 300;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	put(&p, "\x05he", 3);
	RUN_UNTIL(f, f->n_up == 1);
	put(&p, "llo\x01!", 5);
	RUN_UNTIL(f, f->n_frames == 2);
	assert_int_equal(f->frame_len[0], 5);
	assert_int_equal(f->frame_len[1], 1);
	RUN_UNTIL(f, has_frame(&p, &frame));
	assert_int_equal(frame.len, 300);
	RUN_UNTIL(f, f->n_drained > 0);
	assert_int_equal(f->port.queued(f->port.ctx, f->up[0]), 0);
	assert_int_equal(local_socket_clients(f->socket), 1);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
	assert_int_equal(f->down[0], f->up[0]);
	assert_int_equal(send_to(f, f->up[0], 1), CY_ENOENT);
	assert_int_equal(local_socket_clients(f->socket), 0);
}

static void a_client_that_stops_reading_is_not_read_from_and_hinders_nobody(void **state)
{
	struct fixture *f = *state;
	uint8_t burst[400];
	struct peer slow, quick;
	size_t before;

	f->answer = 64u * 1024u;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	slow = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	quick = dial(f);
	for (size_t i = 0; i < sizeof(burst); i++)
		burst[i] = (uint8_t)(i % 2 ? 'x' : 1);
	assert_int_equal(put(&slow, burst, sizeof(burst)), sizeof(burst));
	for (int i = 0; i < 30; i++)
		round_trip(f, &quick);
	/* 200 answers of 64 KiB would be 12.5 MiB; it is paused at 1 MiB and
	 * resumed at half of that. */
	before = f->port.queued(f->port.ctx, f->up[0]);
	assert_true(before > 512u * 1024u && before < 1200u * 1024u);
	assert_int_equal(f->n_down, 0);
	/* Once it reads, it gets all of them. */
	RUN_UNTIL(f, (take(&slow), slow.in.len >= 200 * (f->answer + 3)));
	hang_up(&slow);
	hang_up(&quick);
	RUN_UNTIL(f, f->n_down == 2);
}

static void a_queue_over_its_limit_closes_that_client_only(void **state)
{
	struct fixture *f = *state;
	struct peer slow, other;
	int r = CY_OK;

	f->config.queue_max = 256u * 1024u;
	f->answer = 10;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	slow = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	other = dial(f);
	round_trip(f, &other);
	for (int i = 0; r == CY_OK && i < 100; i++)
		r = send_to(f, f->up[0], 10000);
	assert_int_equal(r, CY_ELIMIT);
	assert_int_equal(send_to(f, f->up[0], 1), CY_ENOENT);
	assert_int_equal(f->n_down, 0);
	RUN_UNTIL(f, f->n_down == 1);
	assert_int_equal(f->down[0], f->up[0]);
	round_trip(f, &other);
	hang_up(&slow);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void half_a_frame_ends_in_bad_frame_and_hinders_nobody(void **state)
{
	struct fixture *f = *state;
	struct peer half, other;

	f->config.half_frame_ms = 30;
	f->answer = 10;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	half = dial(f);
	other = dial(f);
	put(&half, "\x20half", 5);
	round_trip(f, &other);
	ends_with(f, &half, CY_ERROR_CODE__BAD_FRAME);
	round_trip(f, &other);
	assert_int_equal(f->n_down, 1);
	hang_up(&half);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void single_bytes_do_not_stretch_the_time_of_a_frame(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	f->config.half_frame_ms = 30;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	put(&p, "\xff\xff\x03", 3);
	RUN_UNTIL(f, (put(&p, "x", 1), f->n_down == 1));
	ends_with(f, &p, CY_ERROR_CODE__BAD_FRAME);
	assert_int_equal(f->n_frames, 0);
	hang_up(&p);
}

static void whole_frames_are_never_late(void **state)
{
	struct fixture *f = *state;
	struct peer idle, half;

	f->config.half_frame_ms = 20;
	f->answer = 10;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	idle = dial(f);
	round_trip(f, &idle);
	/* Another client's time runs out meanwhile. */
	half = dial(f);
	put(&half, "\x20", 1);
	ends_with(f, &half, CY_ERROR_CODE__BAD_FRAME);
	round_trip(f, &idle);
	hang_up(&idle);
	hang_up(&half);
	RUN_UNTIL(f, f->n_down == 2);
}

static void a_length_that_is_no_varint_ends_in_bad_frame(void **state)
{
	struct fixture *f = *state;
	struct peer garbage, other;

	f->answer = 10;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	garbage = dial(f);
	other = dial(f);
	put(&garbage, "\xff\xff\xff\xff\xff\xff", 6);
	ends_with(f, &garbage, CY_ERROR_CODE__BAD_FRAME);
	round_trip(f, &other);
	hang_up(&garbage);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void a_frame_over_the_limit_ends_in_bad_frame_before_it_is_sent(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	/* 1 MiB and one byte. */
	put(&p, "\x81\x80\x40", 3);
	ends_with(f, &p, CY_ERROR_CODE__BAD_FRAME);
	assert_int_equal(f->n_frames, 0);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void the_largest_frame_passes_both_ways(void **state)
{
	struct fixture *f = *state;
	struct cy_bytes frame;
	struct peer p;
	size_t sent = 0;

	f->answer = CY_LOCAL_FRAME_MAX;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	put(&p, "\x80\x80\x40", 3);
	RUN_UNTIL(f, (sent += put_some(&p, CY_LOCAL_FRAME_MAX - sent), f->n_frames == 1));
	assert_int_equal(f->frame_len[0], CY_LOCAL_FRAME_MAX);
	RUN_UNTIL(f, has_frame(&p, &frame));
	assert_int_equal(frame.len, CY_LOCAL_FRAME_MAX);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void a_burst_of_one_client_leaves_the_others_their_turn(void **state)
{
	struct fixture *f = *state;
	uint8_t burst[400];
	struct peer greedy, other;
	size_t place = 0;

	f->config.frames_per_wake = 4;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	greedy = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	other = dial(f);
	RUN_UNTIL(f, f->n_up == 2);
	memset(burst, 1, sizeof(burst));
	put(&greedy, burst, sizeof(burst));
	put(&other, "\x01x", 2);
	RUN_UNTIL(f, f->n_frames == 201);
	while (f->frame_of[place] != f->up[1])
		place++;
	assert_in_range(place, 0, 12);
	hang_up(&greedy);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void long_answers_to_one_client_leave_the_others_their_turn(void **state)
{
	struct fixture *f = *state;
	uint8_t burst[16];
	struct peer greedy, other;
	size_t place = 0;

	f->answer = 70 * 1024;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	greedy = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	other = dial(f);
	RUN_UNTIL(f, f->n_up == 2);
	memset(burst, 1, sizeof(burst));
	put(&greedy, burst, sizeof(burst));
	put(&other, "\x01x", 2);
	RUN_UNTIL(f, f->n_frames == 9);
	while (f->frame_of[place] != f->up[1])
		place++;
	assert_in_range(place, 0, 3);
	hang_up(&greedy);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void frames_sent_before_hanging_up_are_still_handed_up(void **state)
{
	struct fixture *f = *state;
	uint8_t burst[400];
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	memset(burst, 1, sizeof(burst));
	put(&p, burst, sizeof(burst));
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
	assert_int_equal(f->n_frames, 200);
}

static void closing_lets_the_last_word_leave(void **state)
{
	struct fixture *f = *state;
	struct cy_bytes frame;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	assert_int_equal(send_to(f, f->up[0], 50000), CY_OK);
	f->in_port = true;
	f->port.close(f->port.ctx, f->up[0]);
	f->in_port = false;
	assert_int_equal(send_to(f, f->up[0], 1), CY_ENOENT);
	RUN_UNTIL(f, at_end(&p));
	assert_true(has_frame(&p, &frame));
	assert_int_equal(frame.len, 50000);
	assert_int_equal(f->n_down, 1);
	hang_up(&p);
}

static void the_own_user_matches_its_entries_only(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	f->entries[2] = (struct local_entry){ .uid = -1, .gid = (int64_t)getgid() };
	f->entries[3] = (struct local_entry){ .uid = -1, .gid = -1 };
	f->config.n_entries = 4;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	assert_int_equal(f->n_allowed, 2);
	assert_int_equal(f->allowed[0], 1);
	assert_int_equal(f->allowed[1], 2);
	hang_up(&p);
}

static void a_supplementary_group_matches(void **state)
{
	struct fixture *f = *state;
	gid_t group = 54321;
	struct peer p;
	bool root = geteuid() == 0;

	if (root)
		assert_int_equal(setgroups(1, &group), 0);
	else if (getgroups(0, NULL) != 1 || getgroups(1, &group) != 1)
		skip();
	f->entries[0] = (struct local_entry){ .uid = -1, .gid = (int64_t)group };
	f->config.n_entries = 1;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	assert_int_equal(f->n_allowed, 1);
	if (root)
		assert_int_equal(setgroups(0, NULL), 0);
	hang_up(&p);
}

static void a_user_without_an_entry_is_told_and_turned_away(void **state)
{
	struct fixture *f = *state;
	struct peer p;

	f->config.n_entries = 1;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	put(&p,
	    "\x03"
	    "abc",
	    4);
	ends_with(f, &p, CY_ERROR_CODE__NOT_ALLOWED);
	assert_int_equal(f->n_up, 0);
	assert_int_equal(f->n_down, 0);
	hang_up(&p);
}

static void one_user_has_a_quarter_of_the_connections(void **state)
{
	struct fixture *f = *state;
	struct peer p[3], again;

	f->config.clients_max = 8;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	for (int i = 0; i < 3; i++)
		p[i] = dial(f);
	ends_with(f, &p[2], CY_ERROR_CODE__TOO_MANY);
	assert_int_equal(f->n_up, 2);
	hang_up(&p[0]);
	RUN_UNTIL(f, f->n_down == 1);
	again = dial(f);
	RUN_UNTIL(f, f->n_up == 3);
	assert_int_not_equal(f->up[2], f->up[0]);
	for (int i = 1; i < 3; i++)
		hang_up(&p[i]);
	hang_up(&again);
}

static void a_left_over_socket_is_replaced_and_one_that_answers_is_not(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct cy_error e = { 0 };
	struct local_socket *first;
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	close(fd);
	assert_int_equal(open_socket(f, &e), CY_OK);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	first = f->socket;
	assert_int_equal(open_socket(f, &e), CY_EEXIST);
	assert_non_null(strstr(e.text, "answers"));
	assert_ptr_equal(f->socket, first);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void a_file_that_is_no_socket_stays(void **state)
{
	struct fixture *f = *state;
	struct cy_error e = { 0 };
	FILE *file = fopen(f->path, "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(open_socket(f, &e), CY_EEXIST);
	assert_int_equal(unlink(f->path), 0);
}

/* ------------------------------------------------------------- descriptors */

/* An open file that holds one letter, and nothing else of it is left. */
static int file_with(char letter)
{
	char path[] = "/tmp/local_socket_file.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(pwrite(fd, &letter, 1, 0), 1);
	return fd;
}

static char letter_in(int fd)
{
	char letter = 0;

	if (fd >= 0)
		assert_int_equal(pread(fd, &letter, 1, 0), 1);
	return letter;
}

/* One sendmsg with `n` descriptors beside it, which are closed here. */
static void put_files(struct peer *p, const char *data, size_t len, int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec iov = { .iov_base = (char *)(uintptr_t)data, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(n * sizeof(int))
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	assert_int_equal(sendmsg(p->fd, &msg, MSG_NOSIGNAL), len);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static void put_file(struct peer *p, const char *data, size_t len, char letter)
{
	int fd = file_with(letter);

	put_files(p, data, len, &fd, 1);
}

static void a_descriptor_arrives_with_its_frame_among_others(void **state)
{
	struct fixture *f = *state;
	size_t before;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	before = open_files();
	put(&p,
	    "\x01"
	    "a",
	    2);
	put_file(&p,
		 "\x01"
		 "b"
		 "\x01"
		 "c",
		 4, 'B');
	put(&p,
	    "\x01"
	    "d",
	    2);
	put_file(&p,
		 "\x01"
		 "e",
		 2, 'E');
	put_file(&p,
		 "\x02"
		 "f",
		 2, 'F');
	put(&p,
	    "f"
	    "\x01"
	    "g",
	    3);
	RUN_UNTIL(f, f->n_frames == 7);
	assert_memory_equal(f->frame_file, "\0B\0\0EF\0", 7);
	RUN_UNTIL(f, open_files() == before);
	assert_int_equal(f->n_logged, 0);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void a_long_frame_keeps_its_descriptor_until_it_is_whole(void **state)
{
	struct fixture *f = *state;
	struct peer p;
	size_t sent = 0;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	put_file(&p, "\x80\x80\x20", 3, 'L');
	RUN_UNTIL(f, (sent += put_some(&p, CY_UPLOAD_DATA_MAX - sent), f->n_frames == 1));
	assert_int_equal(f->frame_len[0], CY_UPLOAD_DATA_MAX);
	assert_int_equal(f->frame_file[0], 'L');
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void a_descriptor_in_the_middle_of_a_frame_is_closed(void **state)
{
	struct fixture *f = *state;
	size_t before;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	before = open_files();
	put(&p, "\x05he", 3);
	put_file(&p,
		 "llo\x01"
		 "a",
		 5, 'X');
	RUN_UNTIL(f, f->n_frames == 2);
	assert_memory_equal(f->frame_file, "\0\0", 2);
	RUN_UNTIL(f, open_files() == before);
	assert_true(f->n_logged > 0);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void one_descriptor_of_many_is_taken(void **state)
{
	struct fixture *f = *state;
	int fds[8];
	size_t before;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	before = open_files();
	for (int i = 0; i < 8; i++)
		fds[i] = file_with((char)('A' + i));
	put_files(&p,
		  "\x01"
		  "a",
		  2, fds, 8);
	RUN_UNTIL(f, f->n_frames == 1);
	assert_int_equal(f->frame_file[0], 'A');
	RUN_UNTIL(f, open_files() == before);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void a_descriptor_whose_frame_never_ends_is_closed(void **state)
{
	struct fixture *f = *state;
	size_t before;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	before = open_files();
	p = dial(f);
	put_file(&p, "\x05he", 3, 'X');
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
	assert_int_equal(f->n_frames, 0);
	RUN_UNTIL(f, open_files() == before);
}

static void descriptors_are_left_to_the_process(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, low;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	put_file(&p,
		 "\x01"
		 "a",
		 2, 'A');
	put_file(&p,
		 "\x01"
		 "b",
		 2, 'B');
	RUN_UNTIL(f, f->n_frames == 2);
	assert_memory_equal(f->frame_file, "AB", 2);
	/* As many are left as the others must have. */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)p.fd + 1 + 48;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	put_file(&p,
		 "\x01"
		 "c",
		 2, 'C');
	ends_with(f, &p, CY_ERROR_CODE__UNAVAILABLE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(f->n_frames, 2);
	assert_int_equal(f->n_logged, 1);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

/* Read up to `len` bytes; a descriptor that comes beside them is *ret_fd. */
static size_t take_file(struct peer *p, void *data, size_t len, int *ret_fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = data, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	ssize_t n = recvmsg(p->fd, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*ret_fd = -1;
	if (h)
		memcpy(ret_fd, CMSG_DATA(h), sizeof(int));
	return n > 0 ? (size_t)n : 0;
}

/* The next frame has `len` bytes (over 127, below 2^14), and beside its first byte alone comes a file
 * with this letter; 0: none. */
static void next_frame_is(struct fixture *f, struct peer *p, size_t len, char letter)
{
	uint8_t data[20000], prefix[2];
	size_t got = 0;
	int fd = -1;

	RUN_UNTIL(f, (got = take_file(p, prefix, 1, &fd)) > 0);
	assert_int_equal(letter_in(fd), letter);
	if (fd >= 0)
		close(fd);
	RUN_UNTIL(f, (got = take_file(p, prefix + 1, 1, &fd)) > 0);
	assert_int_equal(fd, -1);
	assert_int_equal((prefix[0] & 0x7f) | prefix[1] << 7, len);
	for (got = 0; got < len;) {
		RUN_UNTIL(f, (got += take_file(p, data + got, len - got, &fd), fd >= 0 || got > 0));
		assert_int_equal(fd, -1);
	}
}

static void a_descriptor_leaves_beside_the_first_byte_of_its_frame(void **state)
{
	struct fixture *f = *state;
	size_t before;
	struct peer p;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	before = open_files();
	f->in_port = true;
	assert_int_equal(f->port.send_file(f->port.ctx, f->up[0], cy_bytes(answers, 200), file_with('A')), CY_OK);
	f->in_port = false;
	assert_int_equal(send_to(f, f->up[0], 12000), CY_OK);
	assert_int_equal(send_to(f, f->up[0], 300), CY_OK);
	assert_int_equal(f->port.send_file(f->port.ctx, f->up[0], cy_bytes(answers, 16000), file_with('B')), CY_OK);
	assert_int_equal(f->port.send_file(f->port.ctx, f->up[0], cy_bytes(answers, 201), file_with('C')), CY_OK);
	assert_int_equal(send_to(f, f->up[0], 400), CY_OK);
	next_frame_is(f, &p, 200, 'A');
	next_frame_is(f, &p, 12000, 0);
	next_frame_is(f, &p, 300, 0);
	next_frame_is(f, &p, 16000, 'B');
	next_frame_is(f, &p, 201, 'C');
	next_frame_is(f, &p, 400, 0);
	RUN_UNTIL(f, open_files() == before);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
}

static void descriptors_for_a_client_that_is_gone_are_closed(void **state)
{
	struct fixture *f = *state;
	struct peer p, other;
	size_t before;
	int r = CY_OK;

	assert_int_equal(open_socket(f, NULL), CY_OK);
	before = open_files();
	p = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	assert_int_equal(f->port.send_file(f->port.ctx, f->up[0], cy_bytes(answers, 10), file_with('A')), CY_OK);
	hang_up(&p);
	RUN_UNTIL(f, f->n_down == 1);
	assert_int_equal(f->port.send_file(f->port.ctx, f->up[0], cy_bytes(answers, 10), file_with('B')), CY_ENOENT);
	RUN_UNTIL(f, open_files() == before);
	/* One that asks for more than it may have waiting is closed. */
	other = dial(f);
	RUN_UNTIL(f, f->n_up == 2);
	for (int i = 0; r == CY_OK && i < 1000; i++)
		r = f->port.send_file(f->port.ctx, f->up[1], cy_bytes(answers, 10), file_with('C'));
	assert_int_equal(r, CY_ELIMIT);
	RUN_UNTIL(f, f->n_down == 2);
	hang_up(&other);
	RUN_UNTIL(f, open_files() == before);
}

/* ------------------------------------------------------------------- pause */

static void a_paused_client_is_not_read_from(void **state)
{
	struct fixture *f = *state;
	struct peer held, other;

	f->answer = 10;
	f->pause_after_frame = true;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	held = dial(f);
	put(&held,
	    "\x01"
	    "a"
	    "\x01"
	    "b"
	    "\x01"
	    "c",
	    6);
	RUN_UNTIL(f, f->n_frames == 1);
	f->pause_after_frame = false;
	other = dial(f);
	for (int i = 0; i < 30; i++)
		round_trip(f, &other);
	assert_int_equal(f->n_frames, 31);
	f->port.pause(f->port.ctx, f->up[0], false);
	RUN_UNTIL(f, f->n_frames == 33);
	f->port.pause(f->port.ctx, f->up[1] + 1000, true); /* nobody */
	hang_up(&held);
	hang_up(&other);
	RUN_UNTIL(f, f->n_down == 2);
}

static void half_a_frame_has_no_time_limit_while_it_is_paused(void **state)
{
	struct fixture *f = *state;
	struct peer held, late;

	f->config.half_frame_ms = 30;
	assert_int_equal(open_socket(f, NULL), CY_OK);
	held = dial(f);
	RUN_UNTIL(f, f->n_up == 1);
	f->port.pause(f->port.ctx, f->up[0], true);
	put(&held,
	    "\x05"
	    "he",
	    3);
	/* Another one's time begins later, and runs out meanwhile. */
	for (int i = 0; i < 2; i++) {
		late = dial(f);
		put(&late,
		    "\x05"
		    "he",
		    3);
		ends_with(f, &late, CY_ERROR_CODE__BAD_FRAME);
		hang_up(&late);
	}
	assert_int_equal(f->n_down, 2);
	f->port.pause(f->port.ctx, f->up[0], false);
	put(&held, "llo", 3);
	RUN_UNTIL(f, f->n_frames == 1);
	assert_int_equal(f->frame_len[0], 5);
	/* Let go on, it has its time again, and no more. */
	put(&held,
	    "\x05"
	    "he",
	    3);
	ends_with(f, &held, CY_ERROR_CODE__BAD_FRAME);
	hang_up(&held);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_frame_goes_up_whole_and_its_answer_comes_back),
		TEST(a_client_that_stops_reading_is_not_read_from_and_hinders_nobody),
		TEST(a_queue_over_its_limit_closes_that_client_only),
		TEST(half_a_frame_ends_in_bad_frame_and_hinders_nobody),
		TEST(single_bytes_do_not_stretch_the_time_of_a_frame),
		TEST(whole_frames_are_never_late),
		TEST(a_length_that_is_no_varint_ends_in_bad_frame),
		TEST(a_frame_over_the_limit_ends_in_bad_frame_before_it_is_sent),
		TEST(the_largest_frame_passes_both_ways),
		TEST(a_burst_of_one_client_leaves_the_others_their_turn),
		TEST(long_answers_to_one_client_leave_the_others_their_turn),
		TEST(frames_sent_before_hanging_up_are_still_handed_up),
		TEST(closing_lets_the_last_word_leave),
		TEST(the_own_user_matches_its_entries_only),
		TEST(a_supplementary_group_matches),
		TEST(a_user_without_an_entry_is_told_and_turned_away),
		TEST(one_user_has_a_quarter_of_the_connections),
		TEST(a_left_over_socket_is_replaced_and_one_that_answers_is_not),
		TEST(a_file_that_is_no_socket_stays),
		TEST(a_descriptor_arrives_with_its_frame_among_others),
		TEST(a_long_frame_keeps_its_descriptor_until_it_is_whole),
		TEST(a_descriptor_in_the_middle_of_a_frame_is_closed),
		TEST(one_descriptor_of_many_is_taken),
		TEST(a_descriptor_whose_frame_never_ends_is_closed),
		TEST(descriptors_are_left_to_the_process),
		TEST(a_descriptor_leaves_beside_the_first_byte_of_its_frame),
		TEST(descriptors_for_a_client_that_is_gone_are_closed),
		TEST(a_paused_client_is_not_read_from),
		TEST(half_a_frame_has_no_time_limit_while_it_is_paused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
