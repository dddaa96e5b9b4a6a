/* The limits that a peer feels, with the numbers of base/limits.h. */
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"
#include "exchange/transfer.h"
#include "node/core/core.h"
#include "page.h"

/* What is limited, its limit (the name of a constant), the unit, and what is done beyond it. */
#define LIMITS(X)                                                                                                      \
	X("frame", CY_FRAME_MAX, "bytes", "the connection is closed")                                                  \
	X("message", CY_MESSAGE_MAX, "bytes", "`MALFORMED`")                                                           \
	X("messages of a parcel", CY_PARCEL_MESSAGES_MAX, "", "`goodbye PROTOCOL`")                                    \
	X("messages of a parcel together", CY_PARCEL_BYTES_MAX, "bytes", "`MALFORMED` for what is beyond")             \
	X("signed text", CY_MANIFEST_MAX, "bytes", "`goodbye PROTOCOL`")                                               \
	X("signature", CY_SIGNATURE_MAX, "bytes", "`goodbye PROTOCOL`")                                                \
	X("values within values in a signature", CY_DER_DEPTH_MAX, "", "`goodbye SIGNATURE`")                          \
	X("reason of a rejection", CY_REASON_MAX, "bytes", "`goodbye PROTOCOL`")                                       \
	X("parcels without receipt that a side sends, if both windows allow as many", CY_WINDOW_MAX, "",               \
	  "it waits for a receipt")                                                                                    \
	X("frames of a session that wait for a commit", NODE_SESSION_INPUTS_MAX, "", "`goodbye PROTOCOL`")             \
	X("frames for the other side that wait beside what its connection holds", CY_AHEAD_MAX, "",                    \
	  "the connection is closed")                                                                                  \
	X("of them together", CY_AHEAD_BYTES, "bytes", "the connection is closed")                                     \
	X("nesting of protobuf messages", CY_NESTING_MAX, "", "frame: `goodbye PROTOCOL`; message: `MALFORMED`")       \
	X("elements of a repeated field, such as attachments", CY_REPEATED_MAX, "", "as above")                        \
	X("one text field", CY_TEXT_MAX, "bytes", "as above")                                                          \
	X("unknown fields in a frame or a message", CY_UNKNOWN_MAX, "", "as above")                                    \
	X("authority id, as it is agreed beforehand", CY_AUTHORITY_MAX, "characters", "no such peer")                  \
	X("own reference of a message", CY_REFERENCE_MAX, "bytes", "`MALFORMED`")                                      \
	X("title of a case", CY_TITLE_MAX, "bytes", "`INCOMPLETE`")                                                    \
	X("measures of a request", CY_MEASURES_MAX, "", "`INCOMPLETE`")                                                \
	X("name of a clock", CY_CLOCK_MAX, "characters", "`INCOMPLETE`")                                               \
	X("name of an attachment", CY_FILE_NAME_MAX, "bytes", "`INCOMPLETE`")                                          \
	X("size of an attachment", CY_EVIDENCE_MAX, "bytes", "`INCOMPLETE`")                                           \
	X("messages of one author in a case", CY_CASE_MESSAGES_MAX, "", "`TRANSITION_NOT_ALLOWED`")                    \
	X("of them of kinds that end nothing", CY_CASE_SAYS_MAX, "", "`TRANSITION_NOT_ALLOWED`")                       \
	X("of them stated by a daemon", CY_CASE_STATES_MAX, "", "`TRANSITION_NOT_ALLOWED`")                            \
	X("a stated instant after its message", CY_STATED_AHEAD_MS / 1000, "seconds", "`TRANSITION_NOT_ALLOWED`")      \
	X("a stated instant before its case was opened", CY_STATED_BEFORE_MS / 1000, "seconds",                        \
	  "`TRANSITION_NOT_ALLOWED`")                                                                                  \
	X("a signed time ahead of the clock, or before what it follows", CY_MADE_TOLERANCE_MS / 1000, "seconds",       \
	  "people are told")                                                                                           \
	X("a signed time behind the clock", CY_MADE_LATE_MS / 1000, "seconds", "people are told")                      \
	X("content of rejected messages of one peer that is kept", CY_REJECTED_BYTES_MAX, "bytes",                     \
	  "verdict, manifest and receipt are kept, the content is not")                                                \
	X("case heads in a frame", CY_HEADS_MAX, "", "`goodbye PROTOCOL`")                                             \
	X("case heads in all pages", CY_HEADS_ALL_MAX, "", "`goodbye PROTOCOL`")                                       \
	X("case heads with `verdicts` that a side sends in a frame", CY_HEADS_JUDGED_MAX, "",                          \
	  "they come in the next page")                                                                                \
	X("number of a message in its case", CY_NUMBER_MAX, "", "`MALFORMED`; in a tombstone `goodbye PROTOCOL`")      \
	X("`data` of a chunk frame", CY_CHUNK, "bytes", "bulk `goodbye PROTOCOL`")                                     \
	X("`path` of a chunk frame", CY_CHUNK_PATH_MAX, "digests", "bulk `goodbye PROTOCOL`")                          \
	X("chunks of a pull that may come (credit)", CY_PULL_CREDIT_MAX, "", "bulk `goodbye PROTOCOL`")                \
	X("granted chunks of a pull, of which none comes", XCHG_STALL_MS / 1000, "seconds", "bulk `goodbye PROTOCOL`") \
	X("certificates that a side shows in TLS", CY_TLS_CERTIFICATES_MAX, "bytes", "TLS alert")                      \
	X("CA certificates between a certificate and its anchor", CY_TLS_CHAIN_MAX, "", "TLS alert")                   \
	X("peers that a caller's certificate names", CY_TLS_NAMED_MAX, "", "TLS alert")                                \
	X("TLS records of a handshake", CY_TLS_HANDSHAKE_RECORDS_MAX, "", "the connection is closed")                  \
	X("TLS handshake", CY_TLS_HANDSHAKE_BYTES_MAX, "bytes", "the connection is closed")                            \
	X("KeyUpdates, beyond one for every 16 records of data", CY_TLS_REKEYS_MAX, "", "the connection is closed")    \
	X("NewSessionTickets of a connection", CY_TLS_TICKETS_MAX, "", "the connection is closed")

/* 1114112 as 1,114,112. */
static void add_number(char cell[static PAGE_CELL], uint64_t value)
{
	char digits[24];
	const int n = snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);

	for (int i = 0; i < n; i++)
		page_add(cell, i > 0 && (n - i) % 3 == 0 ? "," : "", "%c", digits[i]);
}

static void row(const char *what, uint64_t limit, const char *unit, const char *beyond)
{
	char cell[PAGE_CELL] = "";

	add_number(cell, limit);
	if (unit[0] != '\0')
		page_add(cell, " ", "%s", unit);
	page_row(3, (const char *[]){ what, cell, beyond });
}

void page_limits(void)
{
	_Static_assert(CY_TLS_REKEY_RECORDS == 16u, "the row of KeyUpdates says 16");
	page_begin("limits", "what|limit|beyond it");
#define X(what, limit, unit, beyond) row(what, limit, unit, beyond);
	LIMITS(X)
#undef X
	page_end();
}
