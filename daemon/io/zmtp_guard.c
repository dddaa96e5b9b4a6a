#include "io/zmtp_guard.h"

#include <string.h>

#include "base/error.h"
#include "base/limits.h"

#define FLAG_MORE    0x01u
#define FLAG_LONG    0x02u
#define FLAG_COMMAND 0x04u

static int broken(struct zmtp_guard *g, const char *why)
{
	g->step = ZMTP_BROKEN;
	g->why = why;
	return CY_EPROTO;
}

/* Octets of the greeting: signature FF .. 7F (8 octets between are padding that
 * libzmq uses for itself), version, mechanism, as-server, filler. */
static int greeting_octet(struct zmtp_guard *g, uint8_t c)
{
	static const uint8_t mechanism[20] = "NULL";
	unsigned at = g->at++;

	if ((at == 0 && c != 0xff) || (at == 9 && c != 0x7f))
		return broken(g, "not a ZMTP greeting");
	if (at == 10 && c != 3)
		return broken(g, "not version 3 of ZMTP");
	if (at >= 12 && at < 32 && c != mechanism[at - 12])
		return broken(g, "a ZMTP mechanism other than NULL");
	if (at == 32 && c != 0)
		return broken(g, "the ZMTP greeting claims to be a security server");
	if (g->at == ZMTP_GREETING_LEN)
		g->step = ZMTP_FLAGS;
	return CY_OK;
}

static int flags_octet(struct zmtp_guard *g, uint8_t c)
{
	if (c & ~(FLAG_MORE | FLAG_LONG | FLAG_COMMAND))
		return broken(g, "reserved bits in a frame's flags");
	if (c & FLAG_MORE)
		return broken(g, "a message of more than one frame");
	if (!(c & FLAG_COMMAND) && !g->ready)
		return broken(g, "a message before READY");
	g->flags = c;
	g->left = 0;
	g->at = c & FLAG_LONG ? 8 : 1;
	g->step = ZMTP_LENGTH;
	return CY_OK;
}

static int length_octet(struct zmtp_guard *g, uint8_t c)
{
	bool command = g->flags & FLAG_COMMAND;

	g->left = g->left << 8 | c;
	if (--g->at > 0)
		return CY_OK;
	if (g->left > (command ? ZMTP_COMMAND_MAX : CY_FRAME_MAX))
		return broken(g, command ? "a command over the limit" : "a frame over the limit");
	if (command && g->left == 0)
		return broken(g, "a command without a name");
	g->step = command ? ZMTP_NAME : g->left ? ZMTP_BODY : ZMTP_FLAGS;
	return CY_OK;
}

static int name_octet(struct zmtp_guard *g, uint8_t c)
{
	static const char *const known[] = { "\5READY", "\5ERROR", "\4PING", "\4PONG" };

	g->name[g->at++] = c;
	g->left--;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (memcmp(g->name, known[i], g->at) != 0)
			continue;
		if (g->at < strlen(known[i]))
			return g->left ? CY_OK : broken(g, "a command cut short");
		if (i > 1 && !g->ready)
			return broken(g, "a heartbeat before READY");
		if (i == 0 && g->ready)
			return broken(g, "a second READY");
		g->ready |= i == 0;
		g->step = g->left ? ZMTP_BODY : ZMTP_FLAGS;
		return CY_OK;
	}
	return broken(g, "an unknown command");
}

int zmtp_guard_feed(struct zmtp_guard *g, struct cy_bytes bytes)
{
	size_t i = 0;

	while (i < bytes.len) {
		int rc = CY_OK;

		switch (g->step) {
		case ZMTP_GREETING:
			rc = greeting_octet(g, bytes.data[i++]);
			break;
		case ZMTP_FLAGS:
			rc = flags_octet(g, bytes.data[i++]);
			break;
		case ZMTP_LENGTH:
			rc = length_octet(g, bytes.data[i++]);
			if (g->step == ZMTP_NAME)
				g->at = 0;
			break;
		case ZMTP_NAME:
			rc = name_octet(g, bytes.data[i++]);
			break;
		case ZMTP_BODY: {
			size_t n = bytes.len - i < g->left ? bytes.len - i : (size_t)g->left;

			i += n;
			g->left -= n;
			if (g->left == 0)
				g->step = ZMTP_FLAGS;
			break;
		}
		case ZMTP_BROKEN:
			return CY_EPROTO;
		}
		if (rc)
			return rc;
	}
	return g->step == ZMTP_BROKEN ? CY_EPROTO : CY_OK;
}
