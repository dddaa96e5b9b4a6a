/* What each role may ask for (node/clients/requests.c). The table is the manual's: local.proto beside each kind,
 * comityd.conf(5) for the roles, of which an administrator may all that an operator may. */
#include "desk_rig.h"
#include "wire/message.h"

#define TITLE "Smith and others"

enum {
	SUBMITTER = 1,
	OPERATOR = 2,
	ADMINISTRATOR = 4,
	WHO_OPERATES = OPERATOR | ADMINISTRATOR,
	ALL = SUBMITTER | WHO_OPERATES
};

static const struct {
	const char *kind;
	unsigned may;
} manual[] = {
	{ "submit", SUBMITTER },
	{ "subscribe", SUBMITTER },
	{ "acknowledge_events", SUBMITTER },
	{ "list_cases", ALL },
	{ "show_case", ALL },
	{ "show_message", SUBMITTER },
	{ "get_status", ALL },
	{ "read_events", SUBMITTER },
	{ "list_clocks", ALL },
	{ "explain_clock", ALL },
	{ "confirm_time", WHO_OPERATES },
	{ "compare_profiles", ALL },
	{ "get_statistics", ALL },
	{ "open_upload", SUBMITTER },
	{ "upload_data", SUBMITTER },
	{ "upload_file", SUBMITTER },
	{ "finish_upload", SUBMITTER },
	{ "get_evidence", SUBMITTER },
	{ "list_evidence", ALL },
	{ "hold_evidence", SUBMITTER },
	{ "show_custody", ALL },
	{ "fetch_evidence", ALL },
	{ "check_evidence", ALL },
	{ "list_uploads", ALL },
	{ "drop_upload", SUBMITTER | ADMINISTRATOR },
	{ "resume", WHO_OPERATES },
	{ "list_cursors", WHO_OPERATES },
	{ "remove_cursor", ADMINISTRATOR },
	{ "erase_case", ADMINISTRATOR },
	{ "sign_container", SUBMITTER },
};

static const struct node_client_config clients[] = { { DESK, CY_ROLE__SUBMITTER, true },
						     { "operators", CY_ROLE__OPERATOR, true },
						     { "administrators", CY_ROLE__ADMINISTRATOR, true } };

/* The answers to one request. */
static struct {
	size_t n;
	bool refused;   /* by the role */
	unsigned named; /* who may, as the refusal says */
	bool title;     /* of the case, in one of them */
	CyErrorCode error;
} answers;

static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static unsigned roles_in(const char *text)
{
	return (strstr(text, "submitter") ? SUBMITTER : 0u) | (strstr(text, " operator") ? OPERATOR : 0u) |
	       (strstr(text, "administrator") ? ADMINISTRATOR : 0u);
}

static int send_and_look(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	answers.n++;
	answers.error = f->kind_case == CY_SERVER_FRAME__KIND_ERROR ? f->error->code : 0;
	if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR && f->error->code == CY_ERROR_CODE__NOT_ALLOWED &&
	    strstr(f->error->text, "the role of client")) {
		answers.refused = true;
		answers.named = roles_in(strstr(f->error->text, "it takes"));
	}
	answers.title |= memmem(bytes.data, bytes.len, TITLE, strlen(TITLE)) != NULL;
	cy_server_frame__free_unpacked(f, NULL);
	return send_any(ctx, conn, bytes);
}

/* A case, its clients, one connection of each: 1 plus its place. */
static struct rig *started(void)
{
	struct store_writeset *w = NULL;
	struct rig *r = rig_new(false);

	put_case(&w, PEER, "case")->title = TITLE;
	send_any = r->ports.local.send;
	r->ports.local.send = send_and_look;
	r->config.clients = clients;
	r->config.n_clients = 3;
	mem_store_apply(&r->store, w);
	rig_start(r);
	for (size_t i = 0; i < 3; i++)
		rig_client_hello(r->node, 2 + i, i, 1);
	return r;
}

static void asked(struct rig *r, uint64_t conn, CyClientFrame *f)
{
	memset(&answers, 0, sizeof answers);
	desk_ask(r, conn, f);
	rig_settle(r);
	/* Statistics are counted in later turns of the loop. */
	node_wake(r->node);
	rig_settle(r);
}

static unsigned who_may(const char *kind)
{
	for (size_t i = 0; i < sizeof manual / sizeof manual[0]; i++)
		if (strcmp(manual[i].kind, kind) == 0)
			return manual[i].may;
	fail_msg("the table has no row for %s", kind);
	return 0;
}

static void each_role_may_ask_for_what_the_manual_says_and_for_nothing_else(void **state)
{
	const ProtobufCMessageDescriptor *d = &cy_client_frame__descriptor;
	struct rig *r = started();
	size_t kinds = 0;

	(void)state;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *kind = &d->fields[i];
		const ProtobufCMessageDescriptor *of = kind->descriptor;
		CyClientFrame f = CY_CLIENT_FRAME__INIT;

		if (strcmp(kind->name, "correlation") == 0 || strcmp(kind->name, "hello") == 0)
			continue;
		kinds++;
		f.kind_case = (CyClientFrame__KindCase)kind->id;
		f.submit = calloc(1, of->sizeof_message);
		assert_non_null(f.submit);
		protobuf_c_message_init(of, f.submit);
		for (unsigned role = 0; role < 3; role++) {
			asked(r, 2 + role, &f);
			if (answers.n == 0)
				fail_msg("%s of %s has no answer", kind->name, clients[role].name);
			if (answers.refused == ((who_may(kind->name) & 1u << role) != 0))
				fail_msg("%s of %s is %s", kind->name, clients[role].name,
					 answers.refused ? "refused" : "not refused");
			if (answers.refused && answers.named != who_may(kind->name))
				fail_msg("%s is refused to %s, and the refusal names %x for %x", kind->name,
					 clients[role].name, answers.named, who_may(kind->name));
		}
		free(f.submit);
	}
	assert_int_equal(kinds, sizeof manual / sizeof manual[0]);
	rig_free(r);
}

/* As from a client of a later version. */
static void what_is_no_request_is_told_so_whatever_the_role(void **state)
{
	struct rig *r = started();
	CyClientFrame f = CY_CLIENT_FRAME__INIT;

	(void)state;
	for (unsigned role = 0; role < 3; role++) {
		asked(r, 2 + role, &f);
		assert_int_equal(answers.n, 1);
		assert_int_equal(answers.error, CY_ERROR_CODE__BAD_FRAME);
	}
	rig_free(r);
}

/* The rig reads each answer as a client does. */
static void a_name_that_is_cut_in_an_answer_ends_with_a_whole_character(void **state)
{
	struct rig *r = started();
	CyClientFrame list = CY_CLIENT_FRAME__INIT, count = CY_CLIENT_FRAME__INIT, go_on = CY_CLIENT_FRAME__INIT;
	CyListCases cases = CY_LIST_CASES__INIT;
	CyGetStatistics of = CY_GET_STATISTICS__INIT;
	CyResume resume = CY_RESUME__INIT;
	char name[256];

	(void)state;
	list.kind_case = CY_CLIENT_FRAME__KIND_LIST_CASES;
	list.list_cases = &cases;
	count.kind_case = CY_CLIENT_FRAME__KIND_GET_STATISTICS;
	count.get_statistics = &of;
	go_on.kind_case = CY_CLIENT_FRAME__KIND_RESUME;
	go_on.resume = &resume;
	for (int ascii = 0; ascii < 2; ascii++) {
		snprintf(name, sizeof name, "%.*s", ascii, "F");
		for (size_t i = 0; i < 100; i++)
			strcat(name, "é");
		cases.peer = of.instrument = resume.peer = name;
		asked(r, 2, &list);
		assert_int_equal(answers.error, CY_ERROR_CODE__NOT_FOUND);
		asked(r, 2, &count);
		assert_int_equal(answers.error, CY_ERROR_CODE__NOT_FOUND);
		asked(r, 3, &go_on);
		assert_int_equal(answers.error, CY_ERROR_CODE__NOT_FOUND);
		node_link_failed(r->node, PEER, name);
		rig_ask_status(r);
	}
	rig_free(r);
}

static void the_title_of_a_case_is_shown_to_who_submits_alone(void **state)
{
	struct rig *r = started();
	CyClientFrame list = CY_CLIENT_FRAME__INIT, show = CY_CLIENT_FRAME__INIT;
	CyListCases cases = CY_LIST_CASES__INIT;
	CyShowCase of = CY_SHOW_CASE__INIT;

	(void)state;
	list.kind_case = CY_CLIENT_FRAME__KIND_LIST_CASES;
	list.list_cases = &cases;
	show.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	show.show_case = &of;
	of.ref = (char *)"case";
	for (unsigned role = 0; role < 3; role++) {
		asked(r, 2 + role, &list);
		assert_int_equal(answers.title, role == 0);
		asked(r, 2 + role, &show);
		assert_int_equal(answers.title, role == 0);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_role_may_ask_for_what_the_manual_says_and_for_nothing_else),
		cmocka_unit_test(what_is_no_request_is_told_so_whatever_the_role),
		cmocka_unit_test(a_name_that_is_cut_in_an_answer_ends_with_a_whole_character),
		cmocka_unit_test(the_title_of_a_case_is_shown_to_who_submits_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
