/* What the fuzz targets share. A target is one file with fuzz_one(); what must
 * hold is asserted with CY_ASSERT. libFuzzer drives it (`make fuzz`), or a plain
 * main() that goes through the committed inputs (replay.c, `make check`). */
#ifndef CY_TESTS_FUZZ_H
#define CY_TESTS_FUZZ_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/* libFuzzer's names. One input; always returns 0. Once before the first one;
 * optional. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* The input as a source of decisions: beyond its end all are 0. */
struct fuzz_in {
	const uint8_t *p;
	size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

static inline uint64_t fuzz_u64(struct fuzz_in *in, unsigned bytes)
{
	uint64_t v = 0;

	while (bytes-- > 0)
		v = v << 8 | fuzz_u8(in);
	return v;
}

/* At most `max` bytes, fewer at the end of the input; they stay the input's. */
static inline struct cy_bytes fuzz_take(struct fuzz_in *in, size_t max)
{
	struct cy_bytes b = cy_bytes(in->p, max < in->left ? max : in->left);

	in->p += b.len;
	in->left -= b.len;
	return b;
}

/* What was unpacked stays the same when it is packed, printed and read again. */
void fuzz_round_trip(const ProtobufCMessage *m, size_t max);

/* Change something in an unpacked message, somewhere in it. */
void fuzz_mutate(ProtobufCMessage *m, struct fuzz_in *in);

#endif
