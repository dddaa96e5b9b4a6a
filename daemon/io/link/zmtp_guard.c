#include "io/link/zmtp_guard.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/limits.h"

#define FLAG_MORE    0x01u
#define FLAG_LONG    0x02u
#define FLAG_COMMAND 0x04u

#define TTL_LEN      2u   /* of a PING */
#define CONTEXT_MAX  16u  /* of a PING, and of the PONG that returns it */
#define IDENTITY_MAX 255u /* RFC 37: 0*255OCTET */

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
	g->at = 0;
	g->step = command ? ZMTP_COMMAND : g->left ? ZMTP_BODY : ZMTP_FLAGS;
	return CY_OK;
}

/* One property of the metadata, its name and value within the command. */
struct property {
	struct cy_bytes name, value;
	size_t len; /* of the whole */
};

static bool name_octet(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-_.+", c) != NULL);
}

/* The first property of `from`, or what is wrong with it. */
static const char *read_property(struct cy_bytes from, struct property *ret)
{
	const size_t name = from.data[0], head = 1 + name + 4;
	uint32_t value = 0;

	if (name == 0)
		return "metadata of READY with a name that is none";
	if (from.len < head)
		return "metadata of READY that is cut short";
	for (size_t i = 1; i <= name; i++)
		if (!name_octet(from.data[i]))
			return "metadata of READY with a name that is none";
	for (size_t i = 1 + name; i < head; i++)
		value = value << 8 | from.data[i];
	if (from.len - head < value)
		return "metadata of READY that is cut short";
	ret->name = cy_bytes(from.data + 1, name);
	ret->value = cy_bytes(from.data + head, value);
	ret->len = head + value;
	return NULL;
}

/* Names are compared without regard to case. */
static bool named(const struct property *p, const char *name, size_t len)
{
	return p->name.len == len && strncasecmp((const char *)p->name.data, name, len) == 0;
}

/* Whether a property before the byte `end` of the body has that name; all of those are well-formed. */
static bool named_before(struct cy_bytes body, size_t end, const struct property *p)
{
	struct property earlier;

	for (size_t at = 0; at < end; at += earlier.len) {
		read_property(cy_bytes(body.data + at, body.len - at), &earlier);
		if (named(&earlier, (const char *)p->name.data, p->name.len))
			return true;
	}
	return false;
}

static const char *judge_ready(struct cy_bytes body)
{
	static const char socket_type[] = "Socket-Type", identity[] = "Identity", dealer[] = "DEALER";
	bool typed = false;
	struct property p;

	for (size_t at = 0; at < body.len; at += p.len) {
		const char *why = read_property(cy_bytes(body.data + at, body.len - at), &p);

		if (why != NULL)
			return why;
		if (named_before(body, at, &p))
			return "metadata of READY with a name twice";
		if (named(&p, identity, sizeof identity - 1) && p.value.len > IDENTITY_MAX)
			return "an identity over 255 bytes";
		if (!named(&p, socket_type, sizeof socket_type - 1))
			continue;
		if (!cy_bytes_equal(p.value, cy_bytes(dealer, sizeof dealer - 1)))
			return "a socket type other than DEALER";
		typed = true;
	}
	return typed ? NULL : "READY without a Socket-Type";
}

static bool is(struct cy_bytes name, const char *known)
{
	return cy_bytes_equal(name, cy_bytes(known, strlen(known)));
}

/* Returns what is wrong with a complete command, or NULL. */
static const char *judge_command(struct cy_bytes command, bool ready)
{
	const size_t name_len = command.data[0];
	struct cy_bytes name = { command.data + 1, name_len }, body;
	bool ping;

	if (name_len == 0)
		return "a command without a name";
	if (name_len > command.len - 1)
		return "a command cut short";
	body = cy_bytes(name.data + name_len, command.len - 1 - name_len);
	if (is(name, "READY"))
		return ready ? "a second READY" : judge_ready(body);
	if (is(name, "ERROR"))
		return "an ERROR command";
	ping = is(name, "PING");
	if (!ping && !is(name, "PONG"))
		return "an unknown command";
	if (!ready)
		return "a heartbeat before READY";
	if (ping && body.len < TTL_LEN)
		return "a PING without a TTL";
	if (body.len > CONTEXT_MAX + (ping ? TTL_LEN : 0))
		return "a heartbeat whose context is over 16 bytes";
	return NULL;
}

/* Before READY nothing but it passes, so that the first whole command was it. */
static int command_octet(struct zmtp_guard *g, uint8_t c)
{
	const char *why;

	g->command[g->at++] = c;
	if (--g->left > 0)
		return CY_OK;
	why = judge_command(cy_bytes(g->command, g->at), g->ready);
	if (why != NULL)
		return broken(g, why);
	g->ready = true;
	g->step = ZMTP_FLAGS;
	return CY_OK;
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
			break;
		case ZMTP_COMMAND:
			rc = command_octet(g, bytes.data[i++]);
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
