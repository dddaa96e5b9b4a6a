/* What a side is told of its own message besides what everybody holds it to: instants that nobody means, and, which is
 * no fault: dates on the wrong side of today, and a treaty of which nobody can tell whether it binds the two states. */
#include "base/limits.h"
#include "law/plausible.h"
#include "law/warn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json.h"

static struct law_between between = { "US", "IE", { 2026, 11, 30 } };

/* JSON with ' for ", and a word for @. */
static CyContent *parse(const char *quoted, const char *word)
{
	char json[1024];
	size_t len = 0;
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	for (const char *p = quoted; *p != '\0'; p++)
		if (*p == '@')
			len += (size_t)snprintf(json + len, sizeof json - len, "%s", word);
		else
			json[len++] = *p == '\'' ? '"' : *p;
	json[len] = '\0';
	if (wire_json_parse(&cy_content__descriptor, cy_bytes(json, strlen(json)), &m, &e))
		fail_msg("%s: %s", e.field, e.text);
	return (CyContent *)m;
}

/* The only warning, if `field`; else none. */
static void assert_warned(const char *quoted, const char *word, const struct law_data *legal_data, const char *field,
			  const char *says)
{
	struct law_faults found;
	CyContent *c = parse(quoted, word);

	law_warnings(c, legal_data, &between, &found);
	if (found.n != (field != NULL) || found.more)
		fail_msg("%s: %zu warnings: %s", quoted, found.n, found.n > 0 ? found.at[0].field : "");
	if (field != NULL && (strcmp(found.at[0].field, field) != 0 || strstr(found.at[0].text, says) == NULL))
		fail_msg("%s: %s: %s", quoted, found.at[0].field, found.at[0].text);
	protobuf_c_message_free_unpacked(&c->base, NULL);
}

/* `past`: it must lie before tomorrow; else after yesterday. */
static const struct {
	const char *content, *field;
	bool past;
} dates[] = {
	{ "{'request':{'urgency':{'untilDate':'@'}}}", "request.urgency.until_date", false },
	{ "{'request':{'measures':[{},{'wantedByDate':'@'}]}}", "request.measures[1].wanted_by_date", false },
	{ "{'request':{'measures':[{'custody':{'returnByDate':'@'}}]}}", "request.measures[0].custody.return_by_date",
	  false },
	{ "{'request':{'persons':[{'birthDate':'@'}]}}", "request.persons[0].birth_date", true },
	{ "{'request':{'offences':[{'committedFromDate':'@'}]}}", "request.offences[0].committed_from_date", true },
	{ "{'result':{'attachments':[{'retainUntilDate':'@'}]}}", "result.attachments[0].retain_until_date", false },
	{ "{'problemNotice':{'answerByDate':'@'}}", "problem_notice.answer_by_date", false },
	{ "{'postponement':{'untilDate':'@'}}", "postponement.until_date", false },
	{ "{'extension':{'estimateDate':'@'}}", "extension.estimate_date", false },
	{ "{'progressReport':{'estimateDate':'@'}}", "progress_report.estimate_date", false },
};

static void told_at(size_t i, const char *day, bool warned)
{
	assert_warned(dates[i].content, day, NULL, warned ? dates[i].field : NULL,
		      dates[i].past ? " lies after 2026-11-30, the day on which it is sent: "
				    : " lies before 2026-11-30, the day on which it is sent: ");
}

static void a_date_on_the_wrong_side_of_today_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
		told_at(i, "2006-05-04", !dates[i].past);
		told_at(i, "2026-11-29", !dates[i].past);
		told_at(i, "2026-11-30", false);
		told_at(i, "2026-12-01", dates[i].past);
		told_at(i, "2106-05-04", dates[i].past);
		/* That is a fault. */
		told_at(i, "soon", false);
	}
}

static void other_dates_may_lie_on_either_side(void **state)
{
	static const char period[] = "{'request':{'measures':[{'period':{'fromDate':'@','toDate':'@'}}]}}";

	(void)state;
	assert_warned(period, "2006-05-04", NULL, NULL, "");
	assert_warned(period, "2106-05-04", NULL, NULL, "");
}

/* It is 30 November with the sender; somewhere 1 December has begun. */
static void what_was_done_in_the_future_is_told(void **state)
{
	static const char asked[] = "{'request':{'approvals':[{},{'atMs':'@'}]}}";
	static const char given[] = "{'result':{'attachments':[{'custody':[{'atMs':'@'}]}]}}";
	static const char late[] = "2026-12-02T00:00:00.000Z lies after 2026-11-30, the day on which it is sent: ";

	(void)state;
	assert_warned(asked, "1796083200000", NULL, NULL, ""); /* 2026-12-01T00:00:00Z */
	assert_warned(asked, "1796169599999", NULL, NULL, "");
	assert_warned(asked, "1796169600000", NULL, "request.approvals[1].at_ms", late);
	assert_warned(given, "1796169599999", NULL, NULL, "");
	assert_warned(given, "1796169600000", NULL, "result.attachments[0].custody[0].at_ms", late);
}

static void a_link_that_names_no_case_is_told(void **state)
{
	(void)state;
	assert_warned("{'request':{'links':[{'type':'NEW'},{'type':'FOLLOW_UP_PRESERVATION','reference':'@'}]}}", "r 1",
		      NULL, "request.links[1].case_id", "meets no time limit of what it follows");
	assert_warned("{'request':{'links':[{'type':'FOLLOW_UP_MLA','caseId':'@'}]}}",
		      "0198b2c1-1111-7111-8111-111111111111", NULL, NULL, "");
}

static void a_treaty_whose_parties_are_not_listed_is_told(void **state)
{
	static const char *const opens[] = {
		"{'request':{'legalBasis':{'instrument':'@','version':'1'}}}",
		"{'notification':{'legalBasis':{'instrument':'@','version':'1'}}}",
		"{'spontaneousInformation':{'legalBasis':{'instrument':'@','version':'1'}}}",
	};
	static const char *const fields[] = { "request.legal_basis.instrument", "notification.legal_basis.instrument",
					      "spontaneous_information.legal_basis.instrument" };
	const struct law_party parties[] = { { .state = "US", .side = "" }, { .state = "IE", .side = "" } };
	struct law_profile open = { .id = "open", .version = "1", .citation = "c" };
	struct law_profile closed = {
		.id = "closed", .version = "1", .citation = "c", .n_parties = 2, .parties = parties
	};
	const struct law_profile *const both[] = { &open, &closed };
	const struct law_data legal_data = { .n_profiles = 2, .profiles = both };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_warned(opens[i], "open", &legal_data, fields[i], "whether it is in force between US and IE.");
		assert_warned(opens[i], "closed", &legal_data, NULL, "");
		assert_warned(opens[i], "unknown", &legal_data, NULL, "");
	}
	between.requesting = "";
	assert_warned(opens[1], "open", &legal_data, fields[1], "The two states are not known here:");
	assert_warned("{'request':{'requestingState':'FR','legalBasis':{'instrument':'open','version':'1'}}}", "",
		      &legal_data, fields[0], "whether it is in force between FR and IE.");
	between.requesting = "US";
	assert_warned("{'request':{'legalBasis':{'reciprocity':true}}}", "", &legal_data, NULL, "");
	assert_warned("{}", "", &legal_data, NULL, "");
}

static void an_instant_that_nobody_means_is_a_fault(void **state)
{
	static const struct {
		int64_t ms;
		const char *says; /* NULL: it may be meant */
	} instants[] = {
		{ 0, NULL },
		{ 1795514400, "It is 1970-01-21T18:45:14.400Z" }, /* seconds */
		{ CY_INSTANT_MIN_MS - 1, "It is 1973-03-03T" },
		{ CY_INSTANT_MIN_MS, NULL },
		{ INT64_C(253402300799999), NULL }, /* the last one of 9999 */
		{ INT64_C(253402300800000), "It lies after the year 9999" },
		{ INT64_MAX, "It lies after the year 9999" },
		{ -1, "It is 1969-12-31T23:59:59.999Z" },
		{ INT64_MIN, "It lies before the year 1" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof instants / sizeof instants[0]; i++) {
		struct law_faults found = { 0 };
		CyAcknowledgement a = CY_ACKNOWLEDGEMENT__INIT;
		CyContent c = CY_CONTENT__INIT;

		a.received_ms = instants[i].ms;
		c.kind_case = CY_CONTENT__KIND_ACKNOWLEDGEMENT;
		c.acknowledgement = &a;
		law_plausible(&c, &found);
		if (found.n != (instants[i].says != NULL) ||
		    (found.n > 0 && (strcmp(found.at[0].field, "acknowledgement.received_ms") != 0 ||
				     strncmp(found.at[0].text, instants[i].says, strlen(instants[i].says)) != 0)))
			fail_msg("%lld: %s: %s", (long long)instants[i].ms, found.n > 0 ? found.at[0].field : "",
				 found.n > 0 ? found.at[0].text : "no fault");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instant_that_nobody_means_is_a_fault),
		cmocka_unit_test(a_date_on_the_wrong_side_of_today_is_told),
		cmocka_unit_test(other_dates_may_lie_on_either_side),
		cmocka_unit_test(what_was_done_in_the_future_is_told),
		cmocka_unit_test(a_link_that_names_no_case_is_told),
		cmocka_unit_test(a_treaty_whose_parties_are_not_listed_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
