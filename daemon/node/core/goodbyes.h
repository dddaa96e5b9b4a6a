/* Why a session is ended with a goodbye: every cause, with its code and the words that the other side is told.
 * proto/PROTOCOL.md prints this table. */
#ifndef CY_NODE_CORE_GOODBYES_H
#define CY_NODE_CORE_GOODBYES_H

#include "comity/v1/peer.pb-c.h"

/* X(NAME, code, words). Where there is more to say, such as what is wrong with a text, that is said in the place of the
 * words. */
#define NODE_GOODBYES(X)                                                                                               \
	X(STOPS, SHUTDOWN, "the daemon stops")                                                                         \
	X(REMOVED, SHUTDOWN, "this authority has removed the peer from its configuration")                             \
	X(TUNNEL, SHUTDOWN, "the configuration of this peer's tunnel has changed")                                     \
	X(VERSION, VERSION, "no protocol version in common")                                                           \
	X(CRITICAL, VERSION, "the hello names a critical feature that is not known here")                              \
	X(HELLO_FROM, IDENTITY, "the hello names another authority than the certificate")                              \
	X(HELLO_TO, IDENTITY, "the hello is for another authority")                                                    \
	X(PROOF_PARTIES, IDENTITY, "the session proof is of another type, author or addressee")                        \
	X(PROOF_ROLE, IDENTITY, "the session proof is of the other end of a connection")                               \
	X(PROOF_LANE, IDENTITY, "the session proof is for another lane")                                               \
	X(PROOF_HELLOS, IDENTITY, "the session proof is for other hellos than those of this connection")               \
	X(PROOF_EXPORTER, IDENTITY, "its proof is bound to an exporter, but tunnel is yes here; both must bind alike") \
	X(PROOF_CERTIFICATE, IDENTITY,                                                                                 \
	  "its proof is bound to a certificate, but tunnel is no here; both must bind alike")                          \
	X(PROOF_CONNECTION, IDENTITY, "the session proof is for another connection")                                   \
	X(FRAME, PROTOCOL, "a frame does not parse, or breaks a limit")                                                \
	X(UNKNOWN, PROTOCOL, "a frame of an unknown kind")                                                             \
	X(EARLY, PROTOCOL, "a frame before the session proof")                                                         \
	X(HELLO_PARTS, PROTOCOL, "the hello lacks its instance id or its nonce")                                       \
	X(HELLO_PULLS, PROTOCOL, "the hello allows no pull")                                                           \
	X(HELLO_LIMITS, PROTOCOL, "the hello states limits below those of the protocol")                               \
	X(SECOND_HELLO, PROTOCOL, "a second hello")                                                                    \
	X(PROOF_TURN, PROTOCOL, "a session proof before its turn")                                                     \
	X(PROOF_TEXT, PROTOCOL, "the session proof is missing, too long, or cannot be read")                           \
	X(SECOND_PROOF, PROTOCOL, "a second hello or session proof")                                                   \
	X(BEFORE_STATE, PROTOCOL, "a frame before the state")                                                          \
	X(SECOND_STATE, PROTOCOL, "a second state")                                                                    \
	X(CONTENT, PROTOCOL,                                                                                           \
	  "a signed text is missing, too long, of another type, author or addressee, or cannot be read; or a parcel "  \
	  "has other messages than its manifest, or tombstones that are not as they must be")                          \
	X(TOO_MANY_FRAMES, PROTOCOL, "more than 32 frames that wait for a commit")                                     \
	X(STATE_PLACES, PROTOCOL, "the state lacks its epoch or its places")                                           \
	X(STATE_NUMBERS, PROTOCOL, "the state holds a number that no signed text can")                                 \
	X(STATE_DIGEST, PROTOCOL, "the state holds a digest of calendars or zones that is not of 32 bytes")            \
	X(STATE_PROFILE, PROTOCOL, "the state holds a digest of a profile that is not of 32 bytes")                    \
	X(STATE_CLAIM, PROTOCOL, "the state claims parcels or receipts of ours that we do not know, without proof")    \
	X(RECEIPT, PROTOCOL, "a receipt for a parcel that was never sent")                                             \
	X(NO_ANSWER, PROTOCOL, "no answer within 10 minutes to what this side asked to fetch back")                    \
	X(HEADS, PROTOCOL, "heads that were not asked for")                                                            \
	X(HEADS_ALL, PROTOCOL, "heads of more cases than two authorities share")                                       \
	X(HEADS_AFTER, PROTOCOL, "heads after another case than was asked for")                                        \
	X(HEADS_ORDER, PROTOCOL, "heads without case ids, or out of order")                                            \
	X(FETCHED, PROTOCOL, "a fetched parcel that was not asked for")                                                \
	X(PULL, PROTOCOL, "a pull under the number of another one, or without proper credit")                          \
	X(CREDIT, PROTOCOL, "more credit than a pull may have")                                                        \
	X(CHUNK_UNASKED, PROTOCOL, "a chunk of a pull that was never asked for")                                       \
	X(CHUNK_ORDER, PROTOCOL, "a chunk that was not granted, or is not the next one")                               \
	X(STALLS, PROTOCOL, "it was granted chunks and sends none")                                                    \
	X(SIGNATURE, SIGNATURE, "a signature does not verify")                                                         \
	X(PROOF_OVER, SIGNATURE, "the certificate that has proved this session does not count any more")               \
	X(GAP, SEQUENCE, "a parcel is missing before this one")                                                        \
	X(OTHER_PARCEL, SEQUENCE, "another parcel was held under this sequence")                                       \
	X(WAS_RESTORED, RESTORED, "this side was restored from a backup")                                              \
	X(FETCHES, RESTORED, "this side fetches back first: no parcels yet")                                           \
	X(FETCHED_BACK, RESTORED, "fetched back: the session starts again")                                            \
	X(STORE, STORE, "the store cannot read now")                                                                   \
	X(NOT_SIGNED, STORE, "this side cannot sign now")                                                              \
	X(HEAD_NOT_SIGNED, STORE, "the audit head cannot be signed now")                                               \
	X(RECEIPT_NOT_SIGNED, STORE, "the receipt cannot be signed now")                                               \
	X(NOT_ALL_BACK, STORE,                                                                                         \
	  "not all that was lost could be fetched back: it is tried again, until comityctl resume says that it need "  \
	  "not be waited for")                                                                                         \
	X(NEWER, REPLACED, "a newer connection of this peer takes the place")                                          \
	X(OTHER_STAYS, REPLACED, "another connection of this peer stays")

enum node_goodbye {
#define X(name, code, words) NODE_BYE_##name,
	NODE_GOODBYES(X)
#undef X
	NODE_GOODBYES_N
};

struct node_farewell {
	CyGoodbyeCode code;
	const char *words;
};
extern const struct node_farewell node_goodbyes[NODE_GOODBYES_N];

/* Returns it as it is sent, with `more` in the place of the words; NULL: there is no more to say. The text is borrowed.
 */
CyGoodbye node_goodbye(enum node_goodbye bye, const char *more);
/* Returns the name of this code in the protocol; constant. */
const char *node_goodbye_name(CyGoodbyeCode code);

#endif
