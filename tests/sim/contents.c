/* Contents of evidence: made from a few patterns of one chunk each and a few bytes that
 * are a content's own, so that thousands of them cost neither memory nor hashing. */
#include <openssl/evp.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"
#include "sim.h"

#define PATTERNS 5
#define FULL_MAX 3 /* whole chunks of one content, besides its own bytes */

static uint8_t (*patterns)[CY_CHUNK];
static struct cy_digest leaves[PATTERNS];
/* The state of SHA-256 after so many patterns, from the first one on. */
static EVP_MD_CTX *states[PATTERNS][FULL_MAX + 1];

void contents_init(void)
{
	struct cy_rng r = { 1 };

	patterns = malloc(PATTERNS * sizeof *patterns);
	CY_ASSERT(patterns != NULL);
	for (size_t i = 0; i < PATTERNS; i++) {
		for (size_t k = 0; k < CY_CHUNK; k += sizeof(uint64_t)) {
			const uint64_t x = cy_rng_next(&r);

			memcpy(patterns[i] + k, &x, sizeof x);
		}
		leaves[i] = cy_sha256v((struct cy_bytes[]){ cy_bytes("", 1), cy_bytes(patterns[i], CY_CHUNK) }, 2);
	}
	for (size_t i = 0; i < PATTERNS; i++)
		for (size_t k = 0; k <= FULL_MAX; k++) {
			states[i][k] = EVP_MD_CTX_new();
			CY_ASSERT(states[i][k] != NULL);
			if (k == 0) {
				CY_ASSERT(EVP_DigestInit_ex(states[i][0], EVP_sha256(), NULL) == 1);
				continue;
			}
			CY_ASSERT(EVP_MD_CTX_copy_ex(states[i][k], states[i][k - 1]) == 1 &&
				  EVP_DigestUpdate(states[i][k], patterns[(i + k - 1) % PATTERNS], CY_CHUNK) == 1);
		}
}

/* Which pattern these bytes are; PATTERNS: none. */
static size_t pattern_of(struct cy_bytes chunk)
{
	size_t i = 0;

	if (chunk.len != CY_CHUNK)
		return PATTERNS;
	while (i < PATTERNS && chunk.data != patterns[i] && memcmp(chunk.data, patterns[i], CY_CHUNK) != 0)
		i++;
	return i;
}

const uint8_t *contents_same(struct cy_bytes chunk)
{
	const size_t i = pattern_of(chunk);

	return i < PATTERNS ? patterns[i] : NULL;
}

struct cy_digest contents_leaf(struct cy_bytes chunk)
{
	const size_t i = pattern_of(chunk);

	return i < PATTERNS ? leaves[i] : cy_sha256v((struct cy_bytes[]){ cy_bytes("", 1), chunk }, 2);
}

struct cy_digest contents_whole(const struct cy_bytes *chunks, size_t n)
{
	const size_t first = n > 0 ? pattern_of(chunks[0]) : PATTERNS;
	EVP_MD_CTX *state = EVP_MD_CTX_new();
	struct cy_digest d;
	size_t known = 0;

	CY_ASSERT(state != NULL);
	while (first < PATTERNS && known < n && known < FULL_MAX &&
	       pattern_of(chunks[known]) == (first + known) % PATTERNS)
		known++;
	CY_ASSERT(EVP_MD_CTX_copy_ex(state, states[known > 0 ? first : 0][known]) == 1);
	for (size_t i = known; i < n; i++)
		CY_ASSERT(EVP_DigestUpdate(state, chunks[i].data, chunks[i].len) == 1);
	CY_ASSERT(EVP_DigestFinal_ex(state, d.b, NULL) == 1);
	EVP_MD_CTX_free(state);
	return d;
}

void contents_tree(struct sim_tree *t, size_t n)
{
	struct cy_digest *below = t->leaves;

	CY_ASSERT(n > 0 && n <= SIM_CHUNKS_MAX);
	t->n = n;
	for (unsigned level = 0; level < SIM_LEVELS_MAX; level++) {
		const uint64_t here = audit_level(n, level);

		for (uint64_t i = 0; level > 0 && i < here; i++)
			t->level[level][i] = 2 * i + 1 < audit_level(n, level - 1)
						     ? audit_node(&below[2 * i], &below[2 * i + 1])
						     : below[2 * i];
		if (level == 0)
			memcpy(t->level[0], t->leaves, n * sizeof t->leaves[0]);
		below = t->level[level];
		if (here == 1) {
			t->root = below[0];
			return;
		}
	}
	CY_ASSERT(false);
}

size_t contents_path(const struct sim_tree *t, uint64_t leaf, struct cy_digest out[static CY_CHUNK_PATH_MAX])
{
	struct audit_position places[AUDIT_LEVELS_MAX];
	const size_t n = audit_path(leaf, t->n, places);

	for (size_t i = 0; i < n; i++)
		out[i] = t->level[places[i].level][places[i].index];
	return n;
}

/* ------------------------------------------------------------------ contents */

static int by_digest(const void *x, const void *y)
{
	return memcmp(((const struct sim_content *)x)->id.sha256.b, ((const struct sim_content *)y)->id.sha256.b,
		      CY_SHA256_LEN);
}

struct cy_bytes content_chunk(const struct sim_content *c, uint64_t chunk)
{
	return chunk < c->full ? cy_bytes(patterns[(c->first + chunk) % PATTERNS], CY_CHUNK)
			       : cy_bytes(c->own, c->n_own);
}

void content_bytes(const struct sim_content *c, uint64_t offset, size_t len, uint8_t *out)
{
	while (len > 0) {
		const struct cy_bytes chunk = content_chunk(c, offset / CY_CHUNK);
		const size_t at = (size_t)(offset % CY_CHUNK), left = chunk.len - at, n = left < len ? left : len;

		CY_ASSERT(at < chunk.len);
		memcpy(out, chunk.data + at, n);
		out += n;
		offset += n;
		len -= n;
	}
}

const struct sim_content *content_find(const struct world *w, const struct cy_digest *sha256)
{
	const struct sim_content key = { .id.sha256 = *sha256 };
	struct sim_content **at = tfind(&key, &w->contents, by_digest);

	return at != NULL ? *at : NULL;
}

const struct sim_content *content_new(struct world *w, struct cy_rng *r)
{
	struct sim_content *c = cy_arena_take(&w->contents_arena, sizeof *c), **at;
	struct cy_bytes chunks[SIM_CHUNKS_MAX];
	struct sim_tree *t = calloc(1, sizeof *t);
	size_t n;

	CY_ASSERT(t != NULL);
	/* Mostly of one small chunk, at times of several, of none, or that others have as well. */
	c->full = cy_rng_below(r, 5) == 0 ? 1 + (size_t)cy_rng_below(r, FULL_MAX) : 0;
	c->first = (size_t)cy_rng_below(r, PATTERNS);
	c->n_own = cy_rng_below(r, 8) == 0 ? (size_t)cy_rng_below(r, 2) : 8 + (size_t)cy_rng_below(r, SIM_OWN_MAX - 8);
	for (size_t i = 0; i < c->n_own; i++)
		c->own[i] = c->n_own == 1 ? 'x' : (uint8_t)cy_rng_next(r);
	c->id.size = c->full * CY_CHUNK + c->n_own;
	n = (size_t)blob_chunks(c->id.size);
	for (size_t i = 0; i < n; i++) {
		chunks[i] = content_chunk(c, i);
		t->leaves[i] = contents_leaf(chunks[i]);
	}
	contents_tree(t, n);
	c->id.root = t->root;
	c->id.sha256 = contents_whole(chunks, n);
	free(t);
	at = tsearch(c, &w->contents, by_digest);
	CY_ASSERT(at != NULL);
	return *at;
}

static void keep(void *c)
{
	(void)c; /* they live in the arena */
}

void contents_free(struct world *w)
{
	tdestroy(w->contents, keep);
	cy_arena_free(&w->contents_arena);
}
