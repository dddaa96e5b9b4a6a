#define BIT(role) (1u << CY_ROLE__##role)
#define SUBMITTER BIT(SUBMITTER)
#define OPERATOR  (BIT(OPERATOR) | BIT(ADMINISTRATOR)) /* an administrator may all that an operator may */
#include "node/clients/requests.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "node/peers/peers.h"
#define ADMINISTRATOR BIT(ADMINISTRATOR)
#define ALL           (SUBMITTER | OPERATOR)

/* A table of statistics that is published is remembered. */
#define STATISTICS_TURN (f->get_statistics->smallest > 1 ? REQUEST_IN_BATCH : REQUEST_AT_ONCE)

/* X(KIND, member of the frame, roles, turn, who answers it), in the order of the frame in local.proto; WITH_FD is a row
 * of a request to which a descriptor belongs. */
#define REQUESTS(X, WITH_FD)                                                                                 \
	X(SUBMIT, submit, SUBMITTER, REQUEST_IN_BATCH, submit_step)                                          \
	X(SUBSCRIBE, subscribe, SUBMITTER, REQUEST_IN_BATCH, subscribe_start)                                \
	X(ACKNOWLEDGE_EVENTS, acknowledge_events, SUBMITTER, REQUEST_IN_BATCH, subscribe_acknowledge)        \
	X(LIST_CASES, list_cases, ALL, REQUEST_AT_ONCE, views_list)                                          \
	X(SHOW_CASE, show_case, ALL, REQUEST_AT_ONCE, views_case)                                            \
	X(SHOW_MESSAGE, show_message, SUBMITTER, REQUEST_IN_BATCH, views_message) /* it counts as fetched */ \
	X(GET_STATUS, get_status, ALL, REQUEST_AT_ONCE, views_status)                                        \
	X(READ_EVENTS, read_events, SUBMITTER, REQUEST_AT_ONCE, subscribe_read)                              \
	X(LIST_CLOCKS, list_clocks, ALL, REQUEST_AT_ONCE, clock_views_list)                                  \
	X(EXPLAIN_CLOCK, explain_clock, ALL, REQUEST_AT_ONCE, clock_views_explain)                           \
	X(CONFIRM_TIME, confirm_time, OPERATOR, REQUEST_IN_BATCH, clock_views_confirm)                       \
	X(COMPARE_PROFILES, compare_profiles, ALL, REQUEST_AT_ONCE, profiles_compare)                        \
	X(GET_STATISTICS, get_statistics, ALL, STATISTICS_TURN, stats_views_get)                             \
	X(OPEN_UPLOAD, open_upload, SUBMITTER, REQUEST_AT_ONCE, upload_begin)                                \
	X(UPLOAD_DATA, upload_data, SUBMITTER, REQUEST_AT_ONCE, upload_data)                                 \
	WITH_FD(UPLOAD_FILE, upload_file, SUBMITTER, REQUEST_AT_ONCE, upload_file)                           \
	X(FINISH_UPLOAD, finish_upload, SUBMITTER, REQUEST_AT_ONCE, upload_finish)                           \
	X(GET_EVIDENCE, get_evidence, SUBMITTER, REQUEST_AT_ONCE, download_get)                              \
	X(LIST_EVIDENCE, list_evidence, ALL, REQUEST_AT_ONCE, evidence_views_list)                           \
	X(HOLD_EVIDENCE, hold_evidence, SUBMITTER, REQUEST_IN_BATCH, evidence_hold)                          \
	X(SHOW_CUSTODY, show_custody, ALL, REQUEST_AT_ONCE, evidence_views_custody)                          \
	X(FETCH_EVIDENCE, fetch_evidence, ALL, REQUEST_IN_BATCH, evidence_fetch)                             \
	X(ERASE_CASE, erase_case, ADMINISTRATOR, REQUEST_IN_BATCH, erase_case)                               \
	X(RESUME, resume, OPERATOR, REQUEST_IN_BATCH, waiting_resume)                                        \
	X(LIST_CURSORS, list_cursors, OPERATOR, REQUEST_AT_ONCE, subscribe_cursors)                          \
	X(REMOVE_CURSOR, remove_cursor, ADMINISTRATOR, REQUEST_IN_BATCH, subscribe_remove)                   \
	X(CHECK_EVIDENCE, check_evidence, ALL, REQUEST_AT_ONCE, evidence_rest_asked)                         \
	X(LIST_UPLOADS, list_uploads, ALL, REQUEST_AT_ONCE, upload_list)                                     \
	X(DROP_UPLOAD, drop_upload, SUBMITTER | ADMINISTRATOR, REQUEST_IN_BATCH, upload_drop)                \
	X(SIGN_CONTAINER, sign_container, SUBMITTER, REQUEST_IN_BATCH, container_sign)

#define X(KIND, member, roles, turn, by)                                                         \
	static void ask_##member(struct node *n, struct conn *c, const CyClientFrame *f, int fd) \
	{                                                                                        \
		(void)fd;                                                                        \
		by(n, c, f->correlation, f->member);                                             \
	}
#define WITH_FD(KIND, member, roles, turn, by)                                                   \
	static void ask_##member(struct node *n, struct conn *c, const CyClientFrame *f, int fd) \
	{                                                                                        \
		by(n, c, f->correlation, f->member, fd);                                         \
	}
REQUESTS(X, WITH_FD)
#undef X
#undef WITH_FD

static void answer_unknown(struct node *n, struct conn *c, const CyClientFrame *f, int fd)
{
	(void)fd;
	local_error(n, c->id, f->correlation, CY_ERROR_CODE__BAD_FRAME, "", "a frame of an unknown kind");
}

struct request request_of(const CyClientFrame *f)
{
	switch (f->kind_case) {
#define X(KIND, member, roles, turn, by)   \
	case CY_CLIENT_FRAME__KIND_##KIND: \
		return (struct request){ roles, turn, ask_##member };
		REQUESTS(X, X)
#undef X
	case CY_CLIENT_FRAME__KIND_HELLO: /* dealt with before */
	case CY_CLIENT_FRAME__KIND__NOT_SET:
	case _CY_CLIENT_FRAME__KIND__CASE_IS_INT_SIZE:
		break;
	}
	return (struct request){ ALL, REQUEST_AT_ONCE, answer_unknown };
}

bool request_allows(const struct request *q, CyRole role)
{
	return (q->roles & 1u << role) != 0;
}

const char *request_who_may(const struct request *q)
{
	if (request_allows(q, CY_ROLE__SUBMITTER))
		return request_allows(q, CY_ROLE__ADMINISTRATOR) ? "a submitter or administrator" : "a submitter";
	return request_allows(q, CY_ROLE__OPERATOR) ? "an operator or administrator" : "an administrator";
}
