/* Why a message is rejected: every cause, in the order in which a receiver looks for them. The first that applies
 * counts. proto/PROTOCOL.md prints this table. */
#ifndef CY_NODE_PEERS_REJECTIONS_H
#define CY_NODE_PEERS_REJECTIONS_H

#include "comity/v1/types.pb-c.h"

/* X(NAME, code, words): the words are the reason in the receipt, except where that says
 * more: which fault, or what the life cycle allows. */
#define NODE_REJECTIONS(X)                                                                                          \
	X(ID_REUSED, ID_REUSED, "this message id was used by another message")                                      \
	X(TOO_LARGE, MALFORMED, "the message is larger than the protocol allows")                                   \
	X(NOT_PARSED, MALFORMED, "the message does not parse")                                                      \
	X(NO_ID, MALFORMED, "the message's id is no UUID version 7 in lower case")                                  \
	X(FORMAT, MALFORMED, "`format` is not 1")                                                                   \
	X(OTHER_ID, MALFORMED, "`id` is another one than in the manifest")                                          \
	X(NONCE, MALFORMED, "`nonce` has not 16 bytes")                                                             \
	X(NO_CONTENT, MALFORMED, "`content` is missing")                                                            \
	X(NO_CASE_ID, MALFORMED, "`case_id` is no UUID version 7 in lower case")                                    \
	X(NO_NUMBER, MALFORMED, "`number` is 0")                                                                    \
	X(NUMBER_MAX, MALFORMED, "`number` is above 1048576")                                                       \
	X(PRIORITY, MALFORMED, "`priority` is none of LOW, NORMAL, HIGH and EMERGENCY")                             \
	X(REFERENCE, MALFORMED, "`own_reference` has more than 128 bytes")                                          \
	X(PARTY, WRONG_PARTY, "the message names another author or addressee")                                      \
	X(CRITICAL, UNKNOWN_CRITICAL_FEATURE, "the message names a critical feature that is not known here")        \
	X(FAULTS, INCOMPLETE, "the content has faults; the reason names the first one")                             \
	X(FOLLOWS_ITSELF, MALFORMED, "a link names the case that the request opens")                                \
	X(DAMAGED, UNKNOWN_CASE, "what is stored of this case is damaged here: say it again when that is repaired") \
	X(NO_CASE, UNKNOWN_CASE, "the case is not known here")                                                      \
	X(SIDE, WRONG_PARTY, "the author is the other side of this case")                                           \
	X(OPENER, WRONG_PARTY, "only the requesting side opens a case")                                             \
	X(NUMBER_REUSED, NUMBER_REUSED, "the author's number in the case is not above its last one")                \
	X(ROOM, TRANSITION_NOT_ALLOWED, "the author has no room left in this case for a message of this kind")      \
	X(UNSEEN, UNSEEN, "the author claims to have seen what was never sent")                                     \
	X(LIFE_CYCLE, TRANSITION_NOT_ALLOWED, "the life cycle does not allow it; the reason says what it allows")   \
	X(INSTANT, TRANSITION_NOT_ALLOWED,                                                                          \
	  "an instant that it states lies after the message, or before the case was opened")

enum node_rejection {
#define X(name, code, words) NODE_REJECT_##name,
	NODE_REJECTIONS(X)
#undef X
	NODE_REJECTIONS_N
};

struct node_rejected {
	CyRejectionCode code;
	const char *words;
};
extern const struct node_rejected node_rejections[NODE_REJECTIONS_N];

#endif
