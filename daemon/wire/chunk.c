#include "wire/chunk.h"

#include <string.h>

#include "comity/v1/bulk.pb-c.h"
#include "wire/raw.h"

/* Numbers of the fields of Chunk. */
enum {
	PULL = 1,
	CHUNK,
	PATH,
	DATA,
	FIELDS
};

static size_t put_tag(uint8_t *out, uint32_t number, ProtobufCWireType wire)
{
	return wire_raw_put(out, number << 3 | wire);
}

/* As proto3 writes it: what is 0 is left out. */
static size_t put_number(uint8_t *out, uint32_t number, uint64_t value)
{
	size_t n;

	if (value == 0)
		return 0;
	n = put_tag(out, number, PROTOBUF_C_WIRE_TYPE_VARINT);
	return n + wire_raw_put(out + n, value);
}

static size_t put_length(uint8_t *out, uint32_t number, size_t len)
{
	size_t n = put_tag(out, number, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED);

	return n + wire_raw_put(out + n, len);
}

size_t wire_chunk_head(const struct wire_chunk *c, size_t data_len, uint8_t out[static WIRE_CHUNK_HEAD_MAX])
{
	uint8_t inner[WIRE_CHUNK_HEAD_MAX];
	size_t n = 0, path = c->n_path * CY_SHA256_LEN, outer;

	CY_ASSERT(c->n_path <= CY_CHUNK_PATH_MAX && data_len <= CY_CHUNK);
	n += put_number(inner + n, PULL, c->pull);
	n += put_number(inner + n, CHUNK, c->chunk);
	if (path > 0) {
		n += put_length(inner + n, PATH, path);
		memcpy(inner + n, c->path, path);
		n += path;
	}
	if (data_len > 0)
		n += put_length(inner + n, DATA, data_len);
	outer = put_length(out, CY_BULK_FRAME__KIND_CHUNK, n + data_len);
	memcpy(out + outer, inner, n);
	return outer + n;
}

static int unknown(uint32_t *count, struct cy_error *e)
{
	if (++*count > CY_UNKNOWN_MAX)
		return cy_fail_at(e, CY_ELIMIT, "chunk", "too many unknown fields");
	return CY_OK;
}

/* Every field of BulkFrame is a kind, those that were added later too. */
static bool is_kind(uint32_t number)
{
	return protobuf_c_message_descriptor_get_field(&cy_bulk_frame__descriptor, number) != NULL;
}

/* The content of the frame's one kind, which is *ret_kind; 0: none that is known. */
static int read_frame(struct cy_bytes in, uint32_t *unknowns, struct cy_bytes *content, uint32_t *ret_kind,
		      struct cy_error *e)
{
	uint32_t kind = 0;

	while (in.len > 0) {
		struct wire_raw f = { 0 };
		const char *wrong = wire_raw_tag(&in, &f);

		if (wrong == NULL)
			wrong = wire_raw_value(&in, &f);
		if (wrong == NULL && is_kind(f.number)) {
			if (f.wire != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
				wrong = "the wire type is not that of this field";
			else if (kind != 0)
				wrong = "a second kind in one frame";
			kind = f.number;
			*content = f.bytes;
		} else if (wrong == NULL && unknown(unknowns, e) < 0) {
			return CY_ELIMIT;
		}
		if (wrong != NULL)
			return cy_fail_at(e, CY_EPARSE, "frame", "%s", wrong);
	}
	*ret_kind = kind;
	return CY_OK;
}

static int read_chunk(struct cy_bytes in, uint32_t *unknowns, struct wire_raw field[static FIELDS], struct cy_error *e)
{
	static const char *const names[FIELDS] = { "chunk", "chunk.pull", "chunk.chunk", "chunk.path", "chunk.data" };

	while (in.len > 0) {
		struct wire_raw f = { 0 };
		const char *wrong = wire_raw_tag(&in, &f);
		uint32_t known = wrong == NULL && f.number < FIELDS ? f.number : 0;
		bool number = known == PULL || known == CHUNK;

		if (wrong == NULL && known > 0 &&
		    f.wire != (number ? PROTOBUF_C_WIRE_TYPE_VARINT : PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED))
			wrong = "the wire type is not that of this field";
		if (wrong == NULL)
			wrong = wire_raw_value(&in, &f);
		if (wrong == NULL && known > 0 && field[known].number != 0)
			wrong = "a field that occurs once comes twice";
		if (wrong != NULL)
			return cy_fail_at(e, CY_EPARSE, names[known], "%s", wrong);
		if (known == 0 && unknown(unknowns, e) < 0)
			return CY_ELIMIT;
		field[known] = f;
	}
	return CY_OK;
}

int wire_chunk_read(struct cy_bytes frame, struct wire_chunk *ret, struct cy_error *e)
{
	struct wire_raw field[FIELDS] = { 0 };
	struct cy_bytes content = { 0 }, path, data;
	uint32_t kind = 0, unknowns = 0;
	int r;

	if (frame.len > CY_FRAME_MAX)
		return cy_fail(e, CY_ELIMIT, "%zu bytes, but a frame has at most %u", frame.len, CY_FRAME_MAX);
	if ((r = read_frame(frame, &unknowns, &content, &kind, e)) < 0)
		return r;
	if (kind != CY_BULK_FRAME__KIND_CHUNK)
		return CY_ENOENT;
	if ((r = read_chunk(content, &unknowns, field, e)) < 0)
		return r;
	path = field[PATH].bytes;
	data = field[DATA].bytes;
	if (field[PULL].value > UINT32_MAX)
		return cy_fail_at(e, CY_EPARSE, "chunk.pull", "the number of a pull has at most 32 bits");
	if (path.len > CY_CHUNK_PATH_MAX * CY_SHA256_LEN)
		return cy_fail_at(e, CY_ELIMIT, "chunk.path", "an audit path has at most %u digests",
				  CY_CHUNK_PATH_MAX);
	if (path.len % CY_SHA256_LEN != 0)
		return cy_fail_at(e, CY_EPARSE, "chunk.path", "%zu bytes are not a row of digests of %d bytes",
				  path.len, CY_SHA256_LEN);
	if (data.len > CY_CHUNK)
		return cy_fail_at(e, CY_ELIMIT, "chunk.data", "%zu bytes, but a chunk has at most %u", data.len,
				  CY_CHUNK);
	ret->pull = (uint32_t)field[PULL].value;
	ret->chunk = field[CHUNK].value;
	ret->n_path = path.len / CY_SHA256_LEN;
	if (path.len > 0)
		memcpy(ret->path, path.data, path.len);
	/* A chunk without data lies somewhere too. */
	ret->data = data.len > 0 ? data : cy_bytes(content.data, 0);
	return CY_OK;
}
