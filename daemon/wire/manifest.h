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
#define WIRE_TEXT_TYPES(X)          \
	X(PARCEL, "parcel")         \
	X(RECEIPT, "receipt")       \
	X(AUDIT_HEAD, "audit-head") \
	X(RELAY_FAILURE, "relay-failure")

enum wire_text_type {
#define WIRE_X(name, word) WIRE_##name,
	WIRE_TEXT_TYPES(WIRE_X)
#undef WIRE_X
};

/* One line of a parcel, a receipt or a relay failure. */
struct wire_entry {
	struct cy_digest digest;
	char id[CY_UUID_LEN + 1];       /* message id: name of the file that sha256sum checks */
	CyRejectionCode code;           /* receipt: 0 accepted, else rejected */
	char reason[CY_REASON_MAX + 1]; /* receipt, rejected: one line without control characters */
};

/* One signed text. Which members mean something depends on the type:
 *
 * parcel          from to epoch sequence made, entries
 * receipt         from to epoch sequence (of the parcel) parcel (its manifest's
 *                 digest) made audit_size audit_root, entries with codes
 * audit-head      from epoch made audit_size audit_root
 * relay-failure   from to made, entries with code EXPIRED and reason
 */
struct wire_text {
	enum wire_text_type type;
	char from[CY_AUTHORITY_MAX + 1], to[CY_AUTHORITY_MAX + 1];
	uint64_t epoch, sequence;
	struct cy_digest parcel;
	struct cy_wall made;
	uint64_t audit_size;
	struct cy_digest audit_root;
	size_t n;
	struct wire_entry entries[CY_PARCEL_MESSAGES_MAX];
};

/* Append the text to `out`. CY_ELIMIT if it does not fit. */
int wire_text_write(const struct wire_text *t, struct cy_buf *out);

/* Read a text; CY_EPARSE with the line that is wrong. `ret_text` is large
 * (about 20 KiB): keep it off deep stacks. */
int wire_text_read(struct cy_bytes data, struct wire_text *ret_text, struct cy_error *e);

#endif
