/* A guard over what a peer sends after authentication: it follows ZMTP 3 framing
 * (RFC 37/ZMTP, rfc.zeromq.org/spec/37) and nothing else, so that libzmq only ever sees
 *
 *  - a greeting of version 3.x with mechanism NULL and as-server 0,
 *  - then one READY before anything else: its metadata well-formed, no name in it twice
 *    (case does not count), the socket type DEALER, an identity of at most 255 bytes,
 *  - after it PING with a TTL and PONG, each with a context of at most 16 bytes, and no
 *    other command,
 *  - commands of at most ZMTP_COMMAND_MAX bytes,
 *  - messages of exactly one frame (no MORE) of at most CY_FRAME_MAX bytes,
 *  - no reserved flag bits.
 *
 * libzmq by itself accepts unversioned peers, and its ZMQ_MAXMSGSIZE is per
 * frame, so that a message without end would fill the memory. It computes the context
 * of a PING as its size less 7: one without a TTL is answered by 16 bytes of other
 * memory. It looks at the first byte of a command that has none, and makes a message of
 * a SUBSCRIBE. So each command is judged whole, before its last byte is passed on:
 * libzmq parses none before it has that.
 *
 * A function over bytes without input or output: how the bytes are cut into calls makes
 * no difference. */
#ifndef CY_IO_LINK_ZMTP_GUARD_H
#define CY_IO_LINK_ZMTP_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define ZMTP_GREETING_LEN 64u
#define ZMTP_COMMAND_MAX  512u /* bytes of a command, its name included */

enum zmtp_step {
	ZMTP_GREETING, /* at = bytes of the greeting seen */
	ZMTP_FLAGS,
	ZMTP_LENGTH,  /* at = octets of the length still to come */
	ZMTP_COMMAND, /* at = octets of it seen, left = octets still to come */
	ZMTP_BODY,    /* of a message; left = octets still to come */
	ZMTP_BROKEN
};

/* Zero-initialised it stands before the greeting. */
struct zmtp_guard {
	enum zmtp_step step;
	unsigned at;
	uint8_t flags;
	bool ready; /* a READY has been seen */
	uint64_t left;
	uint8_t command[ZMTP_COMMAND_MAX];
	const char *why; /* set when broken: what is wrong, a constant string */
};

/* Look at the next bytes. CY_EPROTO from the first wrong byte on, for ever;
 * g->why then says what is wrong. Nothing of `bytes` may be passed on then. */
int zmtp_guard_feed(struct zmtp_guard *g, struct cy_bytes bytes);

#endif
