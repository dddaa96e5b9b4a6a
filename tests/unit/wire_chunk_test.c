/* Chunk frames: written and read without copying the data, as protobuf has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "comity/v1/bulk.pb-c.h"
#include "wire/chunk.h"
#include "wire/message.h"

#define HAS(literal) cy_bytes(literal, sizeof(literal) - 1)

/* What Python's protobuf writes for BulkFrame(chunk=Chunk(pull=300, chunk=70000, path=bytes(range(64)),
 * data=b"evidence")). */
#define EXAMPLE                                                            \
	"\x22\x53\x08\xac\x02\x10\xf0\xa2\x04\x1a\x40"                     \
	"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f" \
	"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f" \
	"\x20\x21\x22\x23\x24\x25\x26\x27\x28\x29\x2a\x2b\x2c\x2d\x2e\x2f" \
	"\x30\x31\x32\x33\x34\x35\x36\x37\x38\x39\x3a\x3b\x3c\x3d\x3e\x3f" \
	"\x22\x08"                                                         \
	"evidence"

/* BulkFrame(hello=BulkHello(lowest_version=1, highest_version=1, from="IE", to="US-OIA", pulls=4)) */
#define HELLO                              \
	"\x0a\x12\x08\x01\x10\x01\x1a\x02" \
	"IE"                               \
	"\x22\x06"                         \
	"US-OIA"                           \
	"\x28\x04"

static void assert_refused(struct cy_bytes frame, int code, const char *field)
{
	struct wire_chunk c, before;
	struct cy_error e = { .code = 0 };
	/* No byte more than there is, so that reading beyond the end is seen. */
	uint8_t *exact = malloc(frame.len + 1);

	assert_non_null(exact);
	memcpy(exact, frame.data, frame.len);
	memset(&c, 0x5a, sizeof c);
	before = c;
	assert_int_equal(wire_chunk_read(cy_bytes(exact, frame.len), &c, &e), code);
	assert_int_equal(e.code, code);
	assert_string_equal(e.field, field);
	assert_true(e.text[0] != 0);
	assert_memory_equal(&c, &before, sizeof c);
	/* Nobody has to want the sentence. */
	assert_int_equal(wire_chunk_read(cy_bytes(exact, frame.len), &c, NULL), code);
	free(exact);
}

static struct cy_buf join(struct cy_bytes a, struct cy_bytes b)
{
	struct cy_buf out = CY_BUF(4 * CY_CHUNK);

	assert_int_equal(cy_buf_add(&out, a.data, a.len), CY_OK);
	assert_int_equal(cy_buf_add(&out, b.data, b.len), CY_OK);
	return out;
}

/* The head of a length-delimited field. */
static void put_field(struct cy_buf *b, unsigned number, size_t len)
{
	uint8_t head[8] = { (uint8_t)(number << 3 | 2) };
	size_t n = 1;

	for (; len > 0x7f; len >>= 7)
		head[n++] = (uint8_t)(len | 0x80);
	head[n++] = (uint8_t)len;
	assert_int_equal(cy_buf_add(b, head, n), CY_OK);
}

/* A frame with this as the content of its chunk. */
static struct cy_buf frame_of(struct cy_bytes content)
{
	struct cy_buf out = CY_BUF(4 * CY_CHUNK);

	put_field(&out, 4, content.len);
	assert_int_equal(cy_buf_add(&out, content.data, content.len), CY_OK);
	return out;
}

static void assert_content_refused(struct cy_bytes content, int code, const char *field)
{
	struct cy_buf frame = frame_of(content);

	assert_refused(cy_buf_view(&frame), code, field);
	cy_buf_free(&frame);
}

static void assert_same(const struct wire_chunk *c, const CyBulkFrame *f)
{
	assert_int_equal(f->kind_case, CY_BULK_FRAME__KIND_CHUNK);
	assert_int_equal(c->pull, f->chunk->pull);
	assert_int_equal(c->chunk, f->chunk->chunk);
	assert_int_equal(c->n_path * CY_SHA256_LEN, f->chunk->path.len);
	if (c->n_path > 0)
		assert_memory_equal(c->path, f->chunk->path.data, f->chunk->path.len);
	assert_int_equal(c->data.len, f->chunk->data.len);
	if (c->data.len > 0)
		assert_memory_equal(c->data.data, f->chunk->data.data, c->data.len);
}

/* protobuf-c and we read the same from it. */
static void assert_read_alike(struct cy_bytes frame, struct wire_chunk *ret)
{
	ProtobufCMessage *m = NULL;
	struct cy_error e = { .code = 0 };

	assert_int_equal(wire_chunk_read(frame, ret, &e), CY_OK);
	assert_true(ret->data.data >= frame.data && ret->data.data + ret->data.len <= frame.data + frame.len);
	assert_int_equal(wire_unpack(&cy_bulk_frame__descriptor, frame, CY_FRAME_MAX, &m, &e), CY_OK);
	assert_same(ret, (CyBulkFrame *)m);
	protobuf_c_message_free_unpacked(m, NULL);
}

static void what_python_writes_is_read(void **state)
{
	struct cy_bytes frame = HAS(EXAMPLE);
	struct wire_chunk c;
	uint8_t head[WIRE_CHUNK_HEAD_MAX];

	(void)state;
	assert_read_alike(frame, &c);
	assert_int_equal(c.pull, 300);
	assert_int_equal(c.chunk, 70000);
	assert_int_equal(c.n_path, 2);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(c.path[i / 32].b[i % 32], i);
	assert_ptr_equal(c.data.data, frame.data + frame.len - 8);
	assert_memory_equal(c.data.data, "evidence", 8);
	/* And is what we write. */
	assert_int_equal(wire_chunk_head(&c, 8, head), frame.len - 8);
	assert_memory_equal(head, frame.data, frame.len - 8);
}

static void an_empty_item_has_a_chunk_without_data(void **state)
{
	struct wire_chunk c = { .pull = 1 };
	uint8_t head[WIRE_CHUNK_HEAD_MAX];

	(void)state;
	assert_int_equal(wire_chunk_head(&c, 0, head), 4);
	assert_memory_equal(head, "\x22\x02\x08\x01", 4);
	assert_read_alike(cy_bytes(head, 4), &c);
	assert_int_equal(c.pull, 1);
	assert_int_equal(c.data.len, 0);
	assert_non_null(c.data.data);
	/* Nothing at all is a chunk too, of no pull. */
	assert_read_alike(HAS("\x22\x00"), &c);
	assert_int_equal(c.pull, 0);
	assert_int_equal(c.n_path, 0);
}

/* Head and data are the very bytes that protobuf-c writes. */
static void the_head_is_that_of_protobuf(void **state)
{
	static uint8_t data[CY_CHUNK];
	static const size_t sizes[] = { 0, 1, 127, 128, 16383, 16384, CY_CHUNK - 1, CY_CHUNK };
	static const uint64_t numbers[] = { 0, 1, 127, 128, UINT32_MAX, UINT64_C(1) << 46, UINT64_MAX };
	struct cy_rng rng = { 3 };

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)cy_rng_next(&rng);
	for (unsigned i = 0; i < 200; i++) {
		struct wire_chunk c = { .pull = (uint32_t)numbers[cy_rng_below(&rng, 7)],
					.chunk = numbers[cy_rng_below(&rng, 7)],
					.n_path =
						i < 8 ? CY_CHUNK_PATH_MAX : cy_rng_below(&rng, CY_CHUNK_PATH_MAX + 1) };
		size_t len = sizes[i % 8], n;
		CyChunk chunk = CY_CHUNK__INIT;
		CyBulkFrame f = CY_BULK_FRAME__INIT;
		struct cy_buf packed = CY_BUF(2 * CY_CHUNK), ours;
		uint8_t head[WIRE_CHUNK_HEAD_MAX];
		struct wire_chunk again;

		memcpy(c.path, data + i, sizeof c.path);
		chunk.pull = c.pull;
		chunk.chunk = c.chunk;
		chunk.path = (ProtobufCBinaryData){ .len = c.n_path * CY_SHA256_LEN, .data = (uint8_t *)c.path };
		chunk.data = (ProtobufCBinaryData){ .len = len, .data = data };
		f.kind_case = CY_BULK_FRAME__KIND_CHUNK;
		f.chunk = &chunk;
		assert_int_equal(wire_pack(&f.base, &packed), CY_OK);
		n = wire_chunk_head(&c, len, head);
		assert_in_range(n, 2, WIRE_CHUNK_HEAD_MAX);
		ours = join(cy_bytes(head, n), cy_bytes(data, len));
		assert_true(cy_bytes_equal(cy_buf_view(&ours), cy_buf_view(&packed)));
		assert_true(ours.len <= CY_FRAME_MAX);
		assert_read_alike(cy_buf_view(&ours), &again);
		assert_int_equal(again.n_path, c.n_path);
		cy_buf_free(&packed);
		cy_buf_free(&ours);
	}
}

/* data, path, chunk, pull, and between them fields of other versions in each wire type. */
static void fields_come_in_any_order(void **state)
{
	struct cy_buf content = CY_BUF(4096), frame;
	uint8_t path[96];
	struct wire_chunk c;

	(void)state;
	memset(path, 0x77, sizeof path);
	assert_int_equal(cy_buf_add(&content, "\x22\x03one\x28\x96\x01", 8), CY_OK);
	put_field(&content, 3, sizeof path);
	assert_int_equal(cy_buf_add(&content, path, sizeof path), CY_OK);
	assert_int_equal(cy_buf_add(&content, "\x31\x01\x02\x03\x04\x05\x06\x07\x08\x10\x09", 11), CY_OK);
	assert_int_equal(cy_buf_add(&content, "\x3d\x01\x02\x03\x04\x42\x02xy\xf8\xff\xff\xff\x0f\x01\x08\x07", 17),
			 CY_OK);
	frame = join(HAS("\x7a\x01z\x48\x01"), (struct cy_bytes){ .data = path });
	put_field(&frame, 4, content.len);
	assert_int_equal(cy_buf_add(&frame, content.data, content.len), CY_OK);
	assert_int_equal(cy_buf_add(&frame, "\x50\x01", 2), CY_OK);
	assert_read_alike(cy_buf_view(&frame), &c);
	assert_int_equal(c.pull, 7);
	assert_int_equal(c.chunk, 9);
	assert_int_equal(c.n_path, 3);
	assert_memory_equal(c.path, path, sizeof path);
	assert_memory_equal(c.data.data, "one", 3);
	cy_buf_free(&content);
	cy_buf_free(&frame);
}

static void other_kinds_are_for_others(void **state)
{
	struct wire_chunk c, before;
	struct cy_error e = { .code = 0 };

	(void)state;
	memset(&c, 0x5a, sizeof c);
	before = c;
	assert_int_equal(wire_chunk_read(HAS(HELLO), &c, &e), CY_ENOENT);
	/* Cancel, a kind of another version, none at all. */
	assert_int_equal(wire_chunk_read(HAS("\x32\x02\x08\x01"), &c, &e), CY_ENOENT);
	assert_int_equal(wire_chunk_read(HAS("\x7a\x01z"), &c, &e), CY_ENOENT);
	assert_int_equal(wire_chunk_read(HAS(""), &c, &e), CY_ENOENT);
	assert_int_equal(wire_chunk_read((struct cy_bytes){ 0 }, &c, NULL), CY_ENOENT);
	assert_memory_equal(&c, &before, sizeof c);
	assert_int_equal(e.code, 0);
}

static void a_frame_has_one_kind(void **state)
{
	struct cy_buf b;

	(void)state;
	b = join(HAS(EXAMPLE), HAS(HELLO));
	assert_refused(cy_buf_view(&b), CY_EPARSE, "frame");
	cy_buf_free(&b);
	b = join(HAS(HELLO), HAS(EXAMPLE));
	assert_refused(cy_buf_view(&b), CY_EPARSE, "frame");
	cy_buf_free(&b);
	b = join(HAS(EXAMPLE), HAS(EXAMPLE));
	assert_refused(cy_buf_view(&b), CY_EPARSE, "frame");
	cy_buf_free(&b);
	/* Each that there is, in either order; an empty one counts as well. */
	for (unsigned i = 0; i < cy_bulk_frame__descriptor.n_fields; i++) {
		const uint32_t number = cy_bulk_frame__descriptor.fields[i].id;
		const uint8_t empty[] = { (uint8_t)(number << 3 | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED), 0 };

		b = join(HAS(EXAMPLE), cy_bytes(empty, sizeof empty));
		assert_refused(cy_buf_view(&b), CY_EPARSE, "frame");
		cy_buf_free(&b);
		b = join(cy_bytes(empty, sizeof empty), HAS(EXAMPLE));
		assert_refused(cy_buf_view(&b), CY_EPARSE, "frame");
		cy_buf_free(&b);
	}
}

static void cut_off_at_any_byte_it_is_refused(void **state)
{
	struct cy_bytes whole = HAS(EXAMPLE);

	(void)state;
	for (size_t n = 1; n < whole.len; n++)
		assert_refused(cy_bytes(whole.data, n), CY_EPARSE, "frame");
	/* The frame is well, and what is in it is cut. */
	for (size_t n = 3; n < whole.len; n++) {
		struct cy_buf frame = frame_of(cy_bytes(whole.data + 2, n - 2));
		struct wire_chunk c;
		struct cy_error e = { .code = 0 };
		/* After pull, after chunk, after path. */
		bool between = n == 5 || n == 9 || n == 75;

		assert_int_equal(wire_chunk_read(cy_buf_view(&frame), &c, &e), between ? CY_OK : CY_EPARSE);
		cy_buf_free(&frame);
	}
}

static void lengths_that_lie_are_refused(void **state)
{
	(void)state;
	/* Of the frame, of the path, of the data; of 4 GiB, of more than five bytes. */
	assert_refused(HAS("\x22\x03\x08\x01"), CY_EPARSE, "frame");
	assert_refused(HAS("\x22\xff\xff\xff\xff\x0f\x08\x01"), CY_EPARSE, "frame");
	assert_refused(HAS("\x22\xff\xff\xff\xff\x7f\x08\x01"), CY_EPARSE, "frame");
	assert_refused(HAS("\x22\x82\x80\x80\x80\x80\x00\x08\x01"), CY_EPARSE, "frame");
	assert_content_refused(HAS("\x1a\x20xxxx"), CY_EPARSE, "chunk.path");
	assert_content_refused(HAS("\x22\x05xxxx"), CY_EPARSE, "chunk.data");
	assert_content_refused(HAS("\x22\xff\xff\xff\xff\x0fxxxx"), CY_EPARSE, "chunk.data");
	assert_content_refused(HAS("\x2a\x05xxxx"), CY_EPARSE, "chunk");
	/* The data is in the frame, but beyond its chunk. */
	assert_refused(HAS("\x22\x02\x22\x04xxxx"), CY_EPARSE, "chunk.data");
}

static void what_comes_twice_is_refused(void **state)
{
	(void)state;
	assert_content_refused(HAS("\x08\x01\x08\x01"), CY_EPARSE, "chunk.pull");
	assert_content_refused(HAS("\x10\x00\x10\x01"), CY_EPARSE, "chunk.chunk");
	assert_content_refused(HAS("\x1a\x00\x08\x01\x1a\x00"), CY_EPARSE, "chunk.path");
	assert_content_refused(HAS("\x22\x01x\x22\x01y"), CY_EPARSE, "chunk.data");
}

static void wire_types_are_checked(void **state)
{
	(void)state;
	/* The chunk itself as a number; each field as something else; groups; types 6 and 7. */
	assert_refused(HAS("\x20\x01"), CY_EPARSE, "frame");
	assert_refused(HAS("\x23\x24"), CY_EPARSE, "frame");
	assert_content_refused(HAS("\x0a\x01\x01"), CY_EPARSE, "chunk.pull");
	assert_content_refused(HAS("\x0d\x01\x00\x00\x00"), CY_EPARSE, "chunk.pull");
	assert_content_refused(HAS("\x11\x01\x02\x03\x04\x05\x06\x07\x08"), CY_EPARSE, "chunk.chunk");
	assert_content_refused(HAS("\x18\x01"), CY_EPARSE, "chunk.path");
	assert_content_refused(HAS("\x20\x01"), CY_EPARSE, "chunk.data");
	assert_content_refused(HAS("\x2b\x2c"), CY_EPARSE, "chunk");
	assert_content_refused(HAS("\x2e\x01"), CY_EPARSE, "chunk");
	assert_content_refused(HAS("\x2f\x01"), CY_EPARSE, "chunk");
	/* Field 0, and a tag of more than 32 bits. */
	assert_content_refused(HAS("\x02\x01x"), CY_EPARSE, "chunk");
	assert_refused(HAS("\x00\x01"), CY_EPARSE, "frame");
	assert_refused(HAS("\xa2\x80\x80\x80\x10\x00"), CY_EPARSE, "frame");
}

static void numbers_have_a_range(void **state)
{
	struct wire_chunk c;

	(void)state;
	assert_read_alike(HAS("\x22\x11\x08\xff\xff\xff\xff\x0f\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), &c);
	assert_int_equal(c.pull, UINT32_MAX);
	assert_int_equal(c.chunk, UINT64_MAX);
	/* Longer than needed is still the same number. */
	assert_read_alike(HAS("\x22\x04\x08\x81\x80\x00"), &c);
	assert_int_equal(c.pull, 1);
	assert_content_refused(HAS("\x08\x80\x80\x80\x80\x10"), CY_EPARSE, "chunk.pull");
	assert_content_refused(HAS("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), CY_EPARSE, "chunk.chunk");
	assert_content_refused(HAS("\x10\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), CY_EPARSE, "chunk.chunk");
}

static void sizes_have_limits(void **state)
{
	static uint8_t zeros[2 * CY_CHUNK];
	static const size_t paths[] = { 1, 31, 33, 63, CY_CHUNK_PATH_MAX * CY_SHA256_LEN - 1 };
	struct cy_buf b = CY_BUF(4 * CY_CHUNK);

	(void)state;
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		put_field(&b, 3, paths[i]);
		assert_int_equal(cy_buf_add(&b, zeros, paths[i]), CY_OK);
		assert_content_refused(cy_buf_view(&b), CY_EPARSE, "chunk.path");
		cy_buf_free(&b);
	}
	put_field(&b, 3, (CY_CHUNK_PATH_MAX + 1) * CY_SHA256_LEN);
	assert_int_equal(cy_buf_add(&b, zeros, (CY_CHUNK_PATH_MAX + 1) * CY_SHA256_LEN), CY_OK);
	assert_content_refused(cy_buf_view(&b), CY_ELIMIT, "chunk.path");
	cy_buf_free(&b);
	put_field(&b, 4, CY_CHUNK + 1);
	assert_int_equal(cy_buf_add(&b, zeros, CY_CHUNK + 1), CY_OK);
	assert_content_refused(cy_buf_view(&b), CY_ELIMIT, "chunk.data");
	cy_buf_free(&b);
	assert_refused(cy_bytes(zeros, CY_FRAME_MAX + 1), CY_ELIMIT, "");
	/* Unknown fields: of the frame and of the chunk together. */
	for (unsigned i = 0; i < CY_UNKNOWN_MAX; i++)
		assert_int_equal(cy_buf_add(&b, "\x28\x01", 2), CY_OK);
	{
		struct cy_buf frame = frame_of(cy_buf_view(&b));
		struct wire_chunk c;

		assert_read_alike(cy_buf_view(&frame), &c);
		assert_int_equal(cy_buf_add(&frame, "\x48\x01", 2), CY_OK);
		/* The frame's are counted first, wherever they stand. */
		assert_refused(cy_buf_view(&frame), CY_ELIMIT, "chunk");
		cy_buf_free(&frame);
	}
	cy_buf_free(&b);
}

/* A frame in which anything was changed is read as protobuf-c reads it, or not at all. */
static void a_changed_frame_is_read_alike(void **state)
{
	struct cy_bytes whole = HAS(EXAMPLE);
	struct cy_rng rng = { 11 };
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t frame[sizeof EXAMPLE];
		struct wire_chunk c;

		memcpy(frame, whole.data, whole.len);
		for (uint64_t n = 1 + cy_rng_below(&rng, 3); n > 0; n--)
			frame[cy_rng_below(&rng, 2) ? cy_rng_below(&rng, 12) : cy_rng_below(&rng, whole.len)] =
				(uint8_t)cy_rng_next(&rng);
		if (wire_chunk_read(cy_bytes(frame, whole.len), &c, NULL) < 0)
			continue;
		assert_read_alike(cy_bytes(frame, whole.len), &c);
		taken++;
	}
	assert_in_range(taken, 1000, 199000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_python_writes_is_read),
		cmocka_unit_test(an_empty_item_has_a_chunk_without_data),
		cmocka_unit_test(the_head_is_that_of_protobuf),
		cmocka_unit_test(fields_come_in_any_order),
		cmocka_unit_test(other_kinds_are_for_others),
		cmocka_unit_test(a_frame_has_one_kind),
		cmocka_unit_test(cut_off_at_any_byte_it_is_refused),
		cmocka_unit_test(lengths_that_lie_are_refused),
		cmocka_unit_test(what_comes_twice_is_refused),
		cmocka_unit_test(wire_types_are_checked),
		cmocka_unit_test(numbers_have_a_range),
		cmocka_unit_test(sizes_have_limits),
		cmocka_unit_test(a_changed_frame_is_read_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
