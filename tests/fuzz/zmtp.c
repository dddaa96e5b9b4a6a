/* The ZMTP guard: first how the bytes are cut, then the bytes. Cut or whole they
 * get the same verdict, which is also that of a reader who has them all. */
#include <string.h>

#include "base/limits.h"
#include "fuzz.h"
#include "io/zmtp_guard.h"

/* RFC 37 read plainly, from the whole of the bytes: true while nothing is wrong. */
static bool reference(const uint8_t *p, size_t n)
{
	static const char *const commands[] = { "\5READY", "\5ERROR", "\4PING", "\4PONG" };
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
		bool command = p[at] & 4, wide = p[at] & 2, known = false;
		size_t octets = wide ? 8 : 1;
		uint64_t len = 0;

		if (p[at] & 0xf9 || (!command && !ready))
			return false;
		at++;
		if (n - at < octets)
			return true;
		for (size_t i = 0; i < octets; i++)
			len = len << 8 | p[at++];
		if (len > (command ? ZMTP_COMMAND_MAX : CY_FRAME_MAX) || (command && len == 0))
			return false;
		for (size_t i = 0; command && i < 4; i++) {
			size_t name = strlen(commands[i]), have = n - at < name ? n - at : name;

			if (memcmp(p + at, commands[i], have < len ? have : len) != 0)
				continue;
			/* A command that ends within its name, if all of it is here. */
			if (len < name && n - at >= len)
				return false;
			known = true;
			if (have < name)
				break;
			if ((i == 0 && ready) || (i > 1 && !ready))
				return false;
			ready |= i == 0;
			break;
		}
		if (command && !known)
			return false;
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
