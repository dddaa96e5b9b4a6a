/* The client library against a real local socket: the library runs in a child,
 * the socket in this process answers what the test says. */
#include <event2/event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/client.h"
#include "io/local/local_socket.h"
#include "wire/message.h"

struct fixture {
	char dir[64], path[128];
	struct event_base *base;
	struct local_entry entry;
	struct local_socket *socket;
	struct local_port port;
	bool deaf; /* answers nothing after the hello */
	uint64_t acknowledged;
	bool down;
};

static void answer(struct fixture *f, uint64_t conn, uint64_t correlation, CyServerFrame *frame)
{
	struct cy_buf b = CY_BUF(CY_LOCAL_FRAME_MAX);

	frame->correlation = correlation;
	assert_int_equal(wire_pack(&frame->base, &b), CY_OK);
	assert_int_equal(f->port.send(f->port.ctx, conn, cy_buf_view(&b)), CY_OK);
	cy_buf_free(&b);
}

static void answer_hello(struct fixture *f, uint64_t conn, const CyClientFrame *q)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyLocalWelcome welcome = CY_LOCAL_WELCOME__INIT;

	assert_int_equal(q->hello->version, 1);
	welcome.version = 1;
	welcome.authority = (char *)(uintptr_t) "IE";
	welcome.client = q->hello->client;
	frame.kind_case = CY_SERVER_FRAME__KIND_WELCOME;
	frame.welcome = &welcome;
	answer(f, conn, q->correlation, &frame);
}

static void answer_fault(struct fixture *f, uint64_t conn, const CyClientFrame *q)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyError error = CY_ERROR__INIT;
	CyFault fault = CY_FAULT__INIT, *faults[] = { &fault };

	error.code = CY_ERROR_CODE__NOT_FOUND;
	error.text = (char *)(uintptr_t) "There is no such case.";
	fault.field = (char *)(uintptr_t) "show_case.ref";
	error.faults = faults;
	error.n_faults = 1;
	frame.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	frame.error = &error;
	answer(f, conn, q->correlation, &frame);
}

/* Events come before the answer to a later call, as they may in service. */
static void answer_subscription(struct fixture *f, uint64_t conn, const CyClientFrame *q)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CySubscribed subscribed = CY_SUBSCRIBED__INIT;
	CyEvent event = CY_EVENT__INIT;

	subscribed.position = 10;
	frame.kind_case = CY_SERVER_FRAME__KIND_SUBSCRIBED;
	frame.subscribed = &subscribed;
	answer(f, conn, q->correlation, &frame);
	frame.kind_case = CY_SERVER_FRAME__KIND_EVENT;
	frame.event = &event;
	for (event.position = 11; event.position <= 13; event.position++)
		answer(f, conn, q->correlation, &frame);
}

static void answer_plain(struct fixture *f, uint64_t conn, const CyClientFrame *q)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyStatus status = CY_STATUS__INIT;
	CyDone done = CY_DONE__INIT;

	if (q->kind_case == CY_CLIENT_FRAME__KIND_GET_STATUS) {
		status.cases = 7;
		frame.kind_case = CY_SERVER_FRAME__KIND_STATUS;
		frame.status = &status;
	} else {
		f->acknowledged = q->acknowledge_events->position;
		frame.kind_case = CY_SERVER_FRAME__KIND_DONE;
		frame.done = &done;
	}
	answer(f, conn, q->correlation, &frame);
}

/* A file is told twice how far it is, and what stands in it. Data is taken as far as 1 MiB,
 * and every fourth frame says so. */
static void answer_upload(struct fixture *f, uint64_t conn, const CyClientFrame *q, int fd)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyUploadState state = CY_UPLOAD_STATE__INIT;
	CyEvidenceStored stored = CY_EVIDENCE_STORED__INIT;
	CyError error = CY_ERROR__INIT;
	char text[8] = "";

	frame.kind_case = CY_SERVER_FRAME__KIND_UPLOAD_STATE;
	frame.upload_state = &state;
	if (q->kind_case == CY_CLIENT_FRAME__KIND_UPLOAD_FILE) {
		assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 7);
		for (state.offset = 3; state.offset < 8; state.offset += 4)
			answer(f, conn, q->correlation, &frame);
		stored.key = text;
		frame.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_STORED;
		frame.evidence_stored = &stored;
		answer(f, conn, q->correlation, &frame);
		return;
	}
	state.offset = q->upload_data->offset + q->upload_data->data.len;
	if (state.offset > 1u << 20) {
		error.code = CY_ERROR_CODE__TOO_MANY;
		error.text = (char *)(uintptr_t) "The quota is used up.";
		frame.kind_case = CY_SERVER_FRAME__KIND_ERROR;
		frame.error = &error;
		answer(f, conn, q->correlation, &frame);
	} else if (state.offset % (4u << 16) == 0) {
		answer(f, conn, q->correlation, &frame);
	}
}

/* The file comes after a frame that has none. */
static void answer_evidence(struct fixture *f, uint64_t conn, const CyClientFrame *q)
{
	CyServerFrame frame = CY_SERVER_FRAME__INIT;
	CyEvidenceData data = CY_EVIDENCE_DATA__INIT;
	CyEvidenceFile file = CY_EVIDENCE_FILE__INIT;
	struct cy_buf b = CY_BUF(1024);
	char path[] = "/tmp/client_test_file.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	assert_int_equal(pwrite(fd, "content", 7, 0), 7);
	frame.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_DATA;
	frame.evidence_data = &data;
	answer(f, conn, q->correlation, &frame);
	frame.kind_case = CY_SERVER_FRAME__KIND_EVIDENCE_FILE;
	frame.evidence_file = &file;
	file.size = 7;
	assert_int_equal(wire_pack(&frame.base, &b), CY_OK);
	assert_int_equal(f->port.send_file(f->port.ctx, conn, cy_buf_view(&b), fd), CY_OK);
	cy_buf_free(&b);
}

static void on_up(void *ctx, uint64_t conn, const size_t *allowed, size_t n)
{
	(void)ctx;
	(void)conn;
	(void)allowed;
	(void)n;
}

static void on_frame(void *ctx, uint64_t conn, struct cy_bytes data, int fd)
{
	struct fixture *f = ctx;
	CyClientFrame *q = cy_client_frame__unpack(NULL, data.len, data.data);

	assert_non_null(q);
	assert_int_equal(fd >= 0, q->kind_case == CY_CLIENT_FRAME__KIND_UPLOAD_FILE);
	if (q->kind_case == CY_CLIENT_FRAME__KIND_HELLO)
		answer_hello(f, conn, q);
	else if (!f->deaf && q->kind_case == CY_CLIENT_FRAME__KIND_SHOW_CASE)
		answer_fault(f, conn, q);
	else if (!f->deaf && q->kind_case == CY_CLIENT_FRAME__KIND_SUBSCRIBE)
		answer_subscription(f, conn, q);
	else if (q->kind_case == CY_CLIENT_FRAME__KIND_UPLOAD_FILE || q->kind_case == CY_CLIENT_FRAME__KIND_UPLOAD_DATA)
		answer_upload(f, conn, q, fd);
	else if (q->kind_case == CY_CLIENT_FRAME__KIND_GET_EVIDENCE)
		answer_evidence(f, conn, q);
	else if (!f->deaf)
		answer_plain(f, conn, q);
	cy_client_frame__free_unpacked(q, NULL);
}

static void on_drained(void *ctx, uint64_t conn)
{
	(void)ctx;
	(void)conn;
}

static void on_down(void *ctx, uint64_t conn)
{
	struct fixture *f = ctx;

	(void)conn;
	f->down = true;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct local_input input = { f, on_up, on_frame, on_drained, on_down, NULL, NULL };
	struct local_socket_config config = {
		.path = f->path, .fd = -1, .gid = -1, .entries = &f->entry, .n_entries = 1
	};

	alarm(60);
	strcpy(f->dir, "/tmp/client_test.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/sock", f->dir);
	f->entry = (struct local_entry){ .uid = (int64_t)getuid(), .gid = -1 };
	f->base = event_base_new();
	assert_int_equal(local_socket_new(f->base, &config, &input, &f->socket, NULL), CY_OK);
	f->port = local_socket_port(f->socket);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	local_socket_free(f->socket);
	event_base_free(f->base);
	assert_int_equal(rmdir(f->dir), 0);
	free(f);
	return 0;
}

/* Run `child` beside the loop; it returns 0, or the line that went wrong. */
static void beside(struct fixture *f, int (*child)(const char *path))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(child(f->path));
	while (!f->down)
		assert_int_equal(event_base_loop(f->base, EVLOOP_ONCE), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Exit codes have 8 bits. */
#define CHECK(cond)                                                                \
	do {                                                                       \
		if (!(cond)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
			return 1;                                                  \
		}                                                                  \
	} while (0)

static int asks(const char *path)
{
	CyClientFrame q = CY_CLIENT_FRAME__INIT;
	CyGetStatus status = CY_GET_STATUS__INIT;
	CyServerFrame *reply = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };

	CHECK(client_open(path, "registry", 10000, &c, &e) == CY_OK);
	CHECK(strcmp(client_welcome(c)->client, "registry") == 0);
	q.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	q.get_status = &status;
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_STATUS, &reply, &e) == CY_OK);
	CHECK(reply->status->cases == 7 && !client_refusal(c));
	cy_server_frame__free_unpacked(reply, NULL);
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_DONE, &reply, &e) == CY_EPROTO);
	client_free(c);
	return 0;
}

static int is_refused(const char *path)
{
	CyClientFrame q = CY_CLIENT_FRAME__INIT;
	CyShowCase show = CY_SHOW_CASE__INIT;
	CyServerFrame *reply = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };

	CHECK(client_open(path, NULL, 10000, &c, &e) == CY_OK);
	q.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	q.show_case = &show;
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_CASE_VIEW, &reply, &e) == CY_ENOENT);
	CHECK(client_refusal(c) && client_refusal(c)->n_faults == 1);
	CHECK(strcmp(client_refusal(c)->faults[0]->field, "show_case.ref") == 0);
	client_free(c);
	return 0;
}

static int follows(const char *path)
{
	CyClientFrame q = CY_CLIENT_FRAME__INIT;
	CyGetStatus status = CY_GET_STATUS__INIT;
	CyServerFrame *frame = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };
	uint64_t position = 0;

	CHECK(client_open(path, NULL, 10000, &c, &e) == CY_OK);
	CHECK(client_subscribe(c, "desk", false, &position, &e) == CY_OK);
	CHECK(position == 10);
	q.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	q.get_status = &status;
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_STATUS, &frame, &e) == CY_OK);
	cy_server_frame__free_unpacked(frame, NULL);
	for (uint64_t expected = 11; expected <= 13; expected++) {
		CHECK(client_event(c, 10000, &frame, &e) == CY_OK);
		CHECK(frame->event->position == expected);
		cy_server_frame__free_unpacked(frame, NULL);
		CHECK(client_acknowledge(c, "desk", expected, &e) == CY_OK);
	}
	CHECK(client_event(c, 0, &frame, &e) == CY_EAGAIN);
	/* With this answer all acknowledgements have been taken. */
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_STATUS, &frame, &e) == CY_OK);
	cy_server_frame__free_unpacked(frame, NULL);
	client_free(c);
	return 0;
}

static int waits_in_vain(const char *path)
{
	CyClientFrame q = CY_CLIENT_FRAME__INIT;
	CyGetStatus status = CY_GET_STATUS__INIT;
	CyServerFrame *reply = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };

	CHECK(client_open(path, NULL, 50, &c, &e) == CY_OK);
	q.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
	q.get_status = &status;
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_STATUS, &reply, &e) == CY_EIO);
	CHECK(strstr(e.text, "no answer"));
	/* A connection that failed stays failed. */
	CHECK(client_call(c, &q, CY_SERVER_FRAME__KIND_STATUS, &reply, &e) == CY_EIO);
	client_free(c);
	return 0;
}

static int hands_a_file_over(const char *path)
{
	CyClientFrame q = CY_CLIENT_FRAME__INIT, g = CY_CLIENT_FRAME__INIT;
	CyUploadFile upload = CY_UPLOAD_FILE__INIT;
	CyGetEvidence get = CY_GET_EVIDENCE__INIT;
	CyServerFrame *reply = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };
	char text[8] = "", name[] = "/tmp/client_test_file.XXXXXX";
	int fd = mkstemp(name);

	CHECK(fd >= 0 && unlink(name) == 0 && pwrite(fd, "letters", 7, 0) == 7);
	CHECK(client_open(path, NULL, 10000, &c, &e) == CY_OK);
	q.kind_case = CY_CLIENT_FRAME__KIND_UPLOAD_FILE;
	q.upload_file = &upload;
	CHECK(client_post(c, &q, fd, &e) == CY_OK);
	close(fd);
	for (uint64_t offset = 3; offset < 8; offset += 4) {
		CHECK(client_answer(c, q.correlation, 10000, &reply, &e) == CY_OK);
		CHECK(reply->upload_state->offset == offset);
		cy_server_frame__free_unpacked(reply, NULL);
	}
	CHECK(client_answer(c, q.correlation, 10000, &reply, &e) == CY_OK);
	CHECK(reply->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_STORED);
	CHECK(strcmp(reply->evidence_stored->key, "letters") == 0);
	cy_server_frame__free_unpacked(reply, NULL);
	CHECK(client_answer(c, q.correlation, 0, &reply, &e) == CY_EAGAIN && !client_refusal(c));

	g.kind_case = CY_CLIENT_FRAME__KIND_GET_EVIDENCE;
	g.get_evidence = &get;
	CHECK(client_post(c, &g, -1, &e) == CY_OK && g.correlation != q.correlation);
	CHECK(client_answer(c, g.correlation, 10000, &reply, &e) == CY_OK);
	CHECK(reply->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_DATA && client_take_file(c) == -1);
	cy_server_frame__free_unpacked(reply, NULL);
	CHECK(client_answer(c, g.correlation, 10000, &reply, &e) == CY_OK);
	CHECK(reply->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_FILE);
	cy_server_frame__free_unpacked(reply, NULL);
	fd = client_take_file(c);
	CHECK(fd >= 0 && pread(fd, text, 7, 0) == 7 && strcmp(text, "content") == 0);
	close(fd);
	CHECK(client_take_file(c) == -1);
	client_free(c);
	return 0;
}

/* The quota ends at 1 MiB: it is seen while more is still being sent. */
static int streams_until_it_is_refused(const char *path)
{
	static uint8_t bytes[1 << 16];
	CyClientFrame q = CY_CLIENT_FRAME__INIT;
	CyUploadData data = CY_UPLOAD_DATA__INIT;
	CyServerFrame *reply = NULL;
	struct client *c = NULL;
	struct cy_error e = { 0 };
	uint64_t told = 0;
	int r;

	CHECK(client_open(path, NULL, 10000, &c, &e) == CY_OK);
	q.kind_case = CY_CLIENT_FRAME__KIND_UPLOAD_DATA;
	q.upload_data = &data;
	data.data.data = bytes;
	data.data.len = sizeof(bytes);
	do {
		CHECK(client_post(c, &q, -1, &e) == CY_OK);
		data.offset += sizeof(bytes);
		while ((r = client_answer(c, q.correlation, 0, &reply, &e)) == CY_OK) {
			CHECK(reply->upload_state->offset > told);
			told = reply->upload_state->offset;
			cy_server_frame__free_unpacked(reply, NULL);
		}
	} while (!client_refusal(c) && data.offset < 1u << 30);
	CHECK(r == CY_ELIMIT && told == 1u << 20);
	CHECK(client_refusal(c)->code == CY_ERROR_CODE__TOO_MANY);
	client_free(c);
	return 0;
}

static void a_file_goes_beside_its_frame_and_comes_beside_its_answer(void **state)
{
	beside(*state, hands_a_file_over);
}

static void a_refusal_is_seen_while_a_stream_is_sent(void **state)
{
	beside(*state, streams_until_it_is_refused);
}

static void a_call_gets_the_answer_to_it_and_no_other(void **state)
{
	beside(*state, asks);
}

static void a_refusal_comes_with_its_faults(void **state)
{
	beside(*state, is_refused);
}

static void events_that_come_during_a_call_are_kept_in_order(void **state)
{
	struct fixture *f = *state;

	beside(f, follows);
	assert_int_equal(f->acknowledged, 13);
}

static void a_daemon_that_does_not_answer_is_not_waited_for_for_ever(void **state)
{
	struct fixture *f = *state;

	f->deaf = true;
	beside(f, waits_in_vain);
}

static void a_socket_that_is_not_there_is_told(void **state)
{
	struct client *c = NULL;
	struct cy_error e = { 0 };

	(void)state;
	assert_int_equal(client_open("/nonexistent/sock", NULL, 100, &c, &e), CY_EIO);
	assert_non_null(strstr(e.text, "/nonexistent/sock"));
	assert_null(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_gets_the_answer_to_it_and_no_other),
		TEST(a_refusal_comes_with_its_faults),
		TEST(events_that_come_during_a_call_are_kept_in_order),
		TEST(a_daemon_that_does_not_answer_is_not_waited_for_for_ever),
		TEST(a_file_goes_beside_its_frame_and_comes_beside_its_answer),
		TEST(a_refusal_is_seen_while_a_stream_is_sent),
		cmocka_unit_test(a_socket_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
