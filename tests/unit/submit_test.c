/* What a client hands in again (node/clients/submit.c): whatever has changed since, it hears what it heard. */
#include "desk_rig.h"
#include "wire/json.h"
#include "wire/message.h"

static CySubmission request; /* a copy, whose addressee is changed */

static CySubmitted last; /* and its id: */
static char last_id[64];
static char last_warnings[1024]; /* a line each */
static CyErrorCode refused;
static char told[1024]; /* of the first fault */

static int (*send_any)(void *ctx, uint64_t conn, struct cy_bytes bytes);

static int send_and_look(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	assert_non_null(f);
	refused = f->kind_case == CY_SERVER_FRAME__KIND_ERROR ? f->error->code : 0;
	if (refused != 0 && f->error->n_faults > 0)
		snprintf(told, sizeof told, "%s: %s", f->error->faults[0]->field, f->error->faults[0]->text);
	if (f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED) {
		last = *f->submitted;
		snprintf(last_id, sizeof last_id, "%s", f->submitted->message_id);
		last_warnings[0] = '\0';
		for (size_t i = 0; i < f->submitted->n_warnings; i++) {
			const size_t len = strlen(last_warnings);

			snprintf(last_warnings + len, sizeof last_warnings - len, "%s: %s\n",
				 f->submitted->warnings[i]->field, f->submitted->warnings[i]->text);
		}
	}
	cy_server_frame__free_unpacked(f, NULL);
	return send_any(ctx, conn, bytes);
}

static void submit(struct rig *r, const char *key)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit s = CY_SUBMIT__INIT;

	s.idempotency_key = (char *)key;
	s.submission = &request;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &s;
	last.number = 0;
	desk_ask(r, 1, &f);
	rig_settle(r);
}

static struct rig *started(void)
{
	struct rig *r = rig_new(false);

	send_any = r->ports.local.send;
	r->ports.local.send = send_and_look;
	request.to = (char *)PEER;
	rig_start(r);
	return r;
}

static void what_was_accepted_for_a_peer_is_answered_when_that_is_not_configured_any_more(void **state)
{
	struct cy_error e = { 0 };
	struct rig *r = started();
	char id[64];

	(void)state;
	submit(r, "one");
	assert_int_equal(last.number, 1);
	assert_false(last.repeated);
	snprintf(id, sizeof id, "%s", last_id);
	r->config.n_peers = 0;
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
	submit(r, "one");
	assert_int_equal(refused, 0);
	assert_int_equal(last.number, 1);
	assert_true(last.repeated);
	assert_string_equal(last_id, id);
	/* What is new is refused, and the key with other content is. */
	submit(r, "two");
	assert_int_equal(refused, CY_ERROR_CODE__INVALID);
	request.to = (char *)OTHER;
	submit(r, "one");
	assert_int_equal(refused, CY_ERROR_CODE__CONFLICT);
	rig_free(r);
}

static void an_unknown_addressee_is_told_with_those_that_there_are(void **state)
{
	static char ids[60][CY_AUTHORITY_MAX + 1];
	struct node_peer_config peers[60] = { 0 };
	struct cy_error e = { 0 };
	struct rig *r = started();

	(void)state;
	request.to = (char *)OTHER;
	submit(r, "one");
	assert_int_equal(refused, CY_ERROR_CODE__INVALID);
	assert_string_equal(told, "submission.to: 'FR' is not configured; expected the id of a configured peer "
				  "authority: US-OIA");
	for (size_t i = 0; i < 60; i++) {
		snprintf(ids[i], sizeof ids[i], "AUTHORITY-%02zu", i + 1);
		peers[i].id = ids[i];
	}
	r->config.peers = peers;
	r->config.n_peers = 60;
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
	submit(r, "several");
	assert_non_null(strstr(told, ": AUTHORITY-01, AUTHORITY-02, "));
	assert_string_equal(told + strlen(told) - strlen(" and others"), " and others");
	r->config.n_peers = 0;
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
	submit(r, "none");
	assert_string_equal(told, "submission.to: 'FR' is not configured; expected the id of a configured peer "
				  "authority, and the configuration names none");
	rig_free(r);
}

/* It is taken all the same: perhaps it comes from a desk where it lay. */
static void a_date_that_has_passed_is_told_with_the_answer(void **state)
{
	CyUrgency *u = request.content->request->urgency;
	char *until = u->until_date;
	struct rig *r = started();

	(void)state;
	submit(r, "in time");
	assert_int_equal(last.number, 1);
	assert_string_equal(last_warnings, "");
	u->until_date = (char *)"2026-11-23";
	request.own_reference = (char *)"another case";
	submit(r, "late");
	assert_int_equal(last.number, 1);
	assert_string_equal(last_warnings,
			    "submission.content.request.urgency.until_date: 2026-11-23 lies before 2026-11-24, the day "
			    "on which it is sent: what is asked for comes too late by the request's own words. Correct "
			    "it, or leave it out.\n");
	u->until_date = until;
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_accepted_for_a_peer_is_answered_when_that_is_not_configured_any_more),
		cmocka_unit_test(an_unknown_addressee_is_told_with_those_that_there_are),
		cmocka_unit_test(a_date_that_has_passed_is_told_with_the_answer),
	};
	static char json[64 * 1024];
	FILE *file = fopen("contrib/demo/request.json", "r");
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	int failed;

	if (file == NULL) {
		fprintf(stderr, "run this from the top of the repository\n");
		return 1;
	}
	if (wire_json_parse(&cy_submission__descriptor, cy_bytes(json, fread(json, 1, sizeof json, file)), &m, &e) <
	    0) {
		fprintf(stderr, "%s: %s\n", e.field, e.text);
		return 1;
	}
	fclose(file);
	request = *(CySubmission *)m;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	protobuf_c_message_free_unpacked(m, NULL);
	return failed;
}
