/* What a local client writes: a byte that cuts the stream, then the stream. Cut
 * or whole it holds the same frames, and each frame is answered exactly once. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "rig.h"
#include "wire/message.h"

#define CONN 7

static void on_frame(void *ctx, size_t peer, struct cy_bytes bytes, const CyPeerFrame *f)
{
	(void)ctx;
	(void)peer;
	(void)bytes;
	(void)f;
}

static void on_closed(void *ctx, size_t peer, const char *why)
{
	(void)ctx;
	(void)peer;
	(void)why;
}

static void on_answer(void *ctx, uint64_t conn, const CyServerFrame *f)
{
	CY_ASSERT(conn == CONN);
	if (f->kind_case != CY_SERVER_FRAME__KIND_EVENT)
		++*(size_t *)ctx;
}

/* The payloads of a stream that comes `step` bytes at a time. Returns how many,
 * and in *ret_code why it ended. */
static size_t payloads(struct cy_bytes stream, size_t step, struct cy_bytes *out, size_t max, int64_t *ret_code)
{
	size_t at = 0, have = 0, n = 0;
	int64_t r = 0;

	while (n < max && (r > 0 || have < stream.len)) {
		if (r == 0)
			have = have + step < stream.len ? have + step : stream.len;
		r = wire_delimited_next(cy_bytes(stream.data + at, have - at), CY_LOCAL_FRAME_MAX, &out[n]);
		if (r < 0)
			break;
		if (r > 0) {
			CY_ASSERT((size_t)r <= have - at && out[n].len < (size_t)r);
			at += (size_t)r;
			n++;
		}
	}
	*ret_code = r < 0 ? r : 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_in in = { data, size };
	const size_t allowed[] = { 0, 1 }, max = 64;
	size_t step = 1 + fuzz_u8(&in), n, answers = 0;
	struct cy_bytes whole[64], pieces[64], stream = cy_bytes(in.p, in.left);
	struct rig *r = calloc(1, sizeof *r);
	int64_t end, again;

	CY_ASSERT(r != NULL);
	n = payloads(stream, stream.len + 1, whole, max, &end);
	CY_ASSERT(payloads(stream, step, pieces, max, &again) == n && again == end);
	r->ctx = &answers;
	r->frame = on_frame;
	r->closed = on_closed;
	r->answer = on_answer;
	rig_open(r);
	node_local_up(r->node, CONN, allowed, 2);
	for (size_t i = 0; i < n; i++) {
		CY_ASSERT(cy_bytes_equal(whole[i], pieces[i]));
		rig_local(r, CONN, whole[i]);
		if (i % 2 == 0)
			rig_settle(r);
	}
	rig_settle(r);
	CY_ASSERT(answers == n);
	rig_close(r);
	free(r);
	return 0;
}
