/* The text of an audit leaf about a link of the chain of custody: the whole link, in a form that anybody can write
 * again from the link as it is shown, and hash with sha256sum (proto/PROTOCOL.md, "Leaves of the chain of custody").
 * Pure. */
#ifndef CY_AUDIT_CUSTODY_H
#define CY_AUDIT_CUSTODY_H

#include "base/bytes.h"
#include "base/sha256.h"
#include "base/time.h"

#define AUDIT_SALT_LEN 16 /* random bytes; 32 characters in the text */
#define AUDIT_SALT_HEX (2 * AUDIT_SALT_LEN + 1)

/* Forms of the leaf. */
enum audit_custody_form {
	AUDIT_CUSTODY_FIRST = 0, /* of before: neither time, nor text, nor proof are in it */
	AUDIT_CUSTODY_WHOLE = 1
};

/* "", 0 and a digest of zeros: it has no such field. */
struct audit_custody {
	const char *message_id; /* of the message with the attachment; "": content that is not attached yet */
	uint32_t attachment;    /* from 1 */
	struct cy_digest sha256;
	const char *action, *by;
	struct cy_wall at;
	struct cy_digest words; /* of salt and text; the text itself may be erased, and is in no leaf */
	const char *proof;      /* id of the signed message that proves it */
	uint64_t from, to;      /* bytes of a reading: the first one; the one after the last */
};

/* SHA-256 of the salt's characters and the text: who has only the digest cannot try which text it was. */
struct cy_digest audit_custody_words(const char *salt, const char *text);

/* Appends the text of the leaf, which audit_leaf() hashes, to `out`, whose maximum has to be large enough. */
void audit_custody_write(const struct audit_custody *link, enum audit_custody_form form, struct cy_buf *out);

/* The hash of its leaf. */
struct cy_digest audit_custody_leaf(const struct audit_custody *link, enum audit_custody_form form);

/* A value as it stands in the text: a byte outside 0x20 to 0x7e, and '\', as \0 and three octal digits, which printf(1)
 * writes back with %b. */
void audit_custody_value(const char *value, struct cy_buf *out);

#endif
