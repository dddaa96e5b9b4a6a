/* Frames of the bulk lane: where we find a chunk protobuf-c finds the same, and what
 * it packs anew we read, and write byte for byte. */
#include <string.h>

#include "comity/v1/bulk.pb-c.h"
#include "fuzz.h"
#include "wire/chunk.h"
#include "wire/message.h"

static bool same(ProtobufCBinaryData a, const void *data, size_t len)
{
	return a.len == len && (len == 0 || memcmp(a.data, data, len) == 0);
}

static void assert_same(const struct wire_chunk *c, const CyBulkFrame *f)
{
	CY_ASSERT(f->kind_case == CY_BULK_FRAME__KIND_CHUNK);
	CY_ASSERT(c->pull == f->chunk->pull && c->chunk == f->chunk->chunk);
	CY_ASSERT(same(f->chunk->path, c->path, c->n_path * CY_SHA256_LEN));
	CY_ASSERT(same(f->chunk->data, c->data.data, c->data.len));
}

static bool sizes_are_right(const CyChunk *c)
{
	return c->path.len % CY_SHA256_LEN == 0 && c->path.len <= CY_CHUNK_PATH_MAX * CY_SHA256_LEN &&
	       c->data.len <= CY_CHUNK;
}

/* Without what it does not know, and with each field once. */
static void packed_anew(const CyBulkFrame *f)
{
	CyChunk chunk = *f->chunk;
	CyBulkFrame frame = CY_BULK_FRAME__INIT;
	struct cy_buf b = CY_BUF(2 * CY_FRAME_MAX);
	struct wire_chunk c;
	uint8_t head[WIRE_CHUNK_HEAD_MAX];
	size_t n;

	chunk.base.n_unknown_fields = 0;
	frame.kind_case = CY_BULK_FRAME__KIND_CHUNK;
	frame.chunk = &chunk;
	CY_ASSERT(wire_pack(&frame.base, &b) == CY_OK);
	CY_ASSERT((wire_chunk_read(cy_buf_view(&b), &c, NULL) == CY_OK) == sizes_are_right(&chunk));
	if (sizes_are_right(&chunk)) {
		assert_same(&c, f);
		n = wire_chunk_head(&c, c.data.len, head);
		CY_ASSERT(n + c.data.len == b.len && memcmp(b.data, head, n) == 0);
		CY_ASSERT(c.data.len == 0 || c.data.data == b.data + n);
	}
	cy_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cy_bytes in = cy_bytes(data, size);
	ProtobufCMessage *pm = NULL;
	struct cy_error e = { 0 }, pe = { 0 };
	struct wire_chunk c;
	int r = wire_chunk_read(in, &c, &e), pr = wire_unpack(&cy_bulk_frame__descriptor, in, CY_FRAME_MAX, &pm, &pe);

	CY_ASSERT(r == CY_OK || r == CY_ENOENT || r == CY_EPARSE || r == CY_ELIMIT);
	CY_ASSERT((e.text[0] != '\0') == (r == CY_EPARSE || r == CY_ELIMIT));
	if (r == CY_OK) {
		CY_ASSERT(pr == CY_OK);
		CY_ASSERT(c.data.data >= data && c.data.data + c.data.len <= data + size);
		assert_same(&c, (CyBulkFrame *)pm);
	}
	if (pr == CY_OK) {
		const CyBulkFrame *f = (CyBulkFrame *)pm;

		fuzz_round_trip(pm, CY_FRAME_MAX);
		CY_ASSERT((r == CY_ENOENT) == (f->kind_case != CY_BULK_FRAME__KIND_CHUNK));
		if (f->kind_case == CY_BULK_FRAME__KIND_CHUNK)
			packed_anew(f);
		protobuf_c_message_free_unpacked(pm, NULL);
	}
	return 0;
}
