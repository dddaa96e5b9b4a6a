/* Chunk frames of the bulk lane (proto/comity/v1/bulk.proto) without copying the data:
 * the head is written before bytes that are in their place, and a frame that came is
 * read where it lies. */
#ifndef CY_WIRE_CHUNK_H
#define CY_WIRE_CHUNK_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"

struct wire_chunk {
	uint32_t pull;
	uint64_t chunk;
	size_t n_path;
	struct cy_digest path[CY_CHUNK_PATH_MAX];
	struct cy_bytes data; /* within the frame; not set by a writer */
};

#define WIRE_CHUNK_HEAD_MAX (CY_CHUNK_PATH_MAX * CY_SHA256_LEN + 64u)

/* The head of a BulkFrame with this chunk: head and `data_len` bytes of data, one after the
 * other, are the frame. Returns the length of the head. */
size_t wire_chunk_head(const struct wire_chunk *c, size_t data_len, uint8_t out[static WIRE_CHUNK_HEAD_MAX]);

/* CY_OK: it is a chunk, `ret->data` points into the frame. CY_ENOENT: it is a frame of
 * another kind, for wire_unpack(). CY_EPARSE, CY_ELIMIT: neither, with the sentence. Fields may come
 * in any order, unknown ones pass, and each known one comes at most once. */
int wire_chunk_read(struct cy_bytes frame, struct wire_chunk *ret, struct cy_error *e);

#endif
