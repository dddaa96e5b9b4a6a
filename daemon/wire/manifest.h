/* Manifests: the typed texts that authorities sign, in the plain format of
 * sha256sum, so that `sha256sum -c` checks the messages and skips the rest
 * (proto/PROTOCOL.md, "Signed texts").
 *
 * A reader accepts exactly what a writer produces: every line in its place,
 * nothing more. No signed text of one type can pass for another. */
#ifndef CY_WIRE_MANIFEST_H
#define CY_WIRE_MANIFEST_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "base/time.h"
#include "comity/v1/types.pb-c.h"

/* X(name, word in the text) */
#define WIRE_TEXT_TYPES(X)                \
	X(PARCEL, "parcel")               \
	X(RECEIPT, "receipt")             \
	X(AUDIT_HEAD, "audit-head")       \
	X(RELAY_FAILURE, "relay-failure") \
	X(SESSION_PROOF, "session-proof")

enum wire_text_type {
#define WIRE_X(name, word) WIRE_##name,
	WIRE_TEXT_TYPES(WIRE_X)
#undef WIRE_X
};

/* The fields of a session proof about its connection: X(name, word in the text). */
#define WIRE_ROLES(X)         \
	X(DIALLER, "dialler") \
	X(LISTENER, "listener")
#define WIRE_LANES(X)           \
	X(MESSAGES, "messages") \
	X(BULK, "bulk")
#define WIRE_BINDINGS(X)        \
	X(EXPORTER, "exporter") \
	X(CERTIFICATE, "certificate")

#define WIRE_X(name, word) WIRE_##name,
enum wire_role {
	WIRE_ROLES(WIRE_X)
};
enum wire_lane {
	WIRE_LANES(WIRE_X)
};
enum wire_binding {
	WIRE_BINDINGS(WIRE_X)
};
#undef WIRE_X

/* Numbers in a text are decimal, without leading zeros, and fit a signed 64-bit
 * integer, so that any store can hold them. */
#define WIRE_NUMBER_MAX     ((uint64_t)INT64_MAX)
#define WIRE_CODE_NAME_SIZE 65 /* of a rejection code, also of a later version */

/* One line of a parcel, a receipt or a relay failure. */
struct wire_entry {
	struct cy_digest digest;
	char id[CY_UUID_LEN + 1];       /* message id, or what a peer puts in its place: see wire_name_valid() */
	CyRejectionCode code;           /* receipt: 0 accepted, else rejected */
	char reason[CY_REASON_MAX + 1]; /* receipt, rejected: one line without control characters */
};

/* One signed text. Which members mean something depends on the type:
 *
 * parcel          from to epoch sequence made, entries
 * receipt         from to epoch sequence (of the parcel) parcel (its manifest's
 *                 digest) made audit_size audit_root, entries with codes
 * audit-head      from to epoch made audit_size audit_root
 * relay-failure   from to made, entries with code EXPIRED and reason
 * session-proof   from to made role lane hello_from hello_to binding bound
 */
struct wire_text {
	enum wire_text_type type;
	char from[CY_AUTHORITY_MAX + 1], to[CY_AUTHORITY_MAX + 1];
	uint64_t epoch, sequence;
	struct cy_digest parcel;
	struct cy_wall made;
	uint64_t audit_size;
	struct cy_digest audit_root;
	enum wire_role role; /* of the author in this connection */
	enum wire_lane lane;
	struct cy_digest hello_from, hello_to; /* SHA-256 of the author's Hello frame and of the addressee's, as sent */
	enum wire_binding binding;
	struct cy_digest bound; /* the connection's exporter (RFC 9266), or SHA-256 of the author's TLS certificate */
	size_t n;
	struct wire_entry entries[CY_PARCEL_MESSAGES_MAX];
};

/* Make a reason fit for a text: cut at CY_REASON_MAX on a character boundary,
 * control characters become blanks; an empty one, or one that is not UTF-8,
 * becomes "unstated". `out` holds CY_REASON_MAX + 1 bytes and may be `reason`.
 * Returns the length. */
size_t wire_reason_clean(const char *reason, char *out);

/* Returns whether the name may stand for a message's id in a text, as the name of the file that
 * sha256sum checks: 1 to CY_UUID_LEN printable ASCII characters without blank, slash and
 * backslash, of which the first is a letter or digit. An id is a UUIDv7, but a text with another
 * name in its place can be read, so that the message can be rejected by that name. A text may
 * have the same name twice; what that means is decided by the code that takes the messages. */
bool wire_name_valid(const char *name);

/* Append the text to `out`; reasons are cleaned on the way. Members that the
 * type does not have are ignored. CY_ELIMIT if it does not fit, CY_EINVAL for
 * what a reader would refuse: ids that are no valid names, no entry or
 * more than CY_PARCEL_MESSAGES_MAX, a code without a name, a number above
 * WIRE_NUMBER_MAX, a time outside the years 1 to 9999. `out` is then unchanged. */
int wire_text_write(const struct wire_text *t, struct cy_buf *out);

/* Read a text; CY_EPARSE with the line that is wrong. `ret_text` is large
 * (about 20 KiB): keep it off deep stacks. */
int wire_text_read(struct cy_bytes data, struct wire_text *ret_text, struct cy_error *e);

#endif
