/* The ZMTP guard: first how the bytes are cut, then the bytes. Cut or whole they
 * get the same verdict, which is also that of a reader who has them all. */
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "fuzz.h"
#include "io/link/zmtp_guard.h"

/* The metadata of READY, its names held one beside the other. */
static bool metadata(const uint8_t *p, size_t n)
{
	char names[ZMTP_COMMAND_MAX / 5][256];
	size_t count = 0, at = 0;
	bool dealer = false;

	while (at < n) {
		size_t name = p[at++], value;

		if (name == 0 || n - at < name + 4)
			return false;
		memcpy(names[count], p + at, name);
		names[count][name] = '\0';
		if (strspn(names[count], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+") != name)
			return false;
		for (size_t i = 0; i < count; i++)
			if (strcasecmp(names[i], names[count]) == 0)
				return false;
		at += name;
		value = (size_t)p[at] << 24 | (size_t)p[at + 1] << 16 | (size_t)p[at + 2] << 8 | p[at + 3];
		at += 4;
		if (n - at < value || (strcasecmp(names[count], "Identity") == 0 && value > 255))
			return false;
		if (strcasecmp(names[count], "Socket-Type") == 0) {
			if (value != 6 || memcmp(p + at, "DEALER", 6) != 0)
				return false;
			dealer = true;
		}
		at += value;
		count++;
	}
	return dealer;
}

/* A whole command. */
static bool command(const uint8_t *p, size_t n, bool ready)
{
	if (n >= 6 && memcmp(p, "\5READY", 6) == 0)
		return !ready && metadata(p + 6, n - 6);
	if (n >= 5 && memcmp(p, "\4PING", 5) == 0)
		return ready && n >= 7 && n <= 7 + 16;
	return n >= 5 && memcmp(p, "\4PONG", 5) == 0 && ready && n <= 5 + 16;
}

/* RFC 37 read plainly, from the whole of the bytes: true while nothing is wrong. */
static bool reference(const uint8_t *p, size_t n)
{
	static const char mechanism[20] = "NULL";
	bool ready = false;
	size_t at = ZMTP_GREETING_LEN;

	if ((n > 0 && p[0] != 0xff) || (n > 9 && p[9] != 0x7f) || (n > 10 && p[10] != 3))
		return false;
	if (n > 12 && memcmp(p + 12, mechanism, n - 12 < 20 ? n - 12 : 20) != 0)
		return false;
	if (n > 32 && p[32] != 0)
		return false;
	while (at < n) {
		bool is_command = p[at] & 4, wide = p[at] & 2;
		size_t octets = wide ? 8 : 1;
		uint64_t len = 0;

		if (p[at] & 0xf9 || (!is_command && !ready))
			return false;
		at++;
		if (n - at < octets)
			return true;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | p[at++];
		if (len > (is_command ? ZMTP_COMMAND_MAX : CY_FRAME_MAX) || (is_command && len == 0))
			return false;
		if (is_command && n - at >= len) {
			if (!command(p + at, (size_t)len, ready))
				return false;
			ready = true;
		}
		at += len < n - at ? (size_t)len : n - at;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	struct cy_bytes cuts = fuzz_take(&in, fuzz_u8(&in) % 16);
	struct zmtp_guard whole = { 0 }, pieces = { 0 };
	size_t at = 0;
	int r = CY_OK, verdict = zmtp_guard_feed(&whole, cy_bytes(in.p, in.left));

	for (size_t i = 0; at < in.left && r == CY_OK; i++) {
		size_t n = 1 + (cuts.len > 0 ? cuts.data[i % cuts.len] % 40u : 0);

		n = n < in.left - at ? n : in.left - at;
		r = zmtp_guard_feed(&pieces, cy_bytes(in.p + at, n));
		at += n;
	}
	CY_ASSERT(r == verdict && whole.why == pieces.why);
	CY_ASSERT((verdict == CY_OK) == reference(in.p, in.left));
	if (verdict != CY_OK) {
		CY_ASSERT(verdict == CY_EPROTO && whole.why != NULL);
		CY_ASSERT(zmtp_guard_feed(&whole, cy_bytes("", 1)) == CY_EPROTO);
	}
	return 0;
}
