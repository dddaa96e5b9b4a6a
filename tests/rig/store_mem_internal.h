/* What the files of the store in memory share. */
#ifndef RIG_STORE_MEM_INTERNAL_H
#define RIG_STORE_MEM_INTERNAL_H

#include "store_mem.h"

#define GROW(array, n, cap)                                                  \
	do {                                                                 \
		if ((n) == (cap)) {                                          \
			(cap) = (cap) > 0 ? 2 * (cap) : 16;                  \
			(array) = realloc((array), (cap) * sizeof *(array)); \
			CY_ASSERT((array) != NULL);                          \
		}                                                            \
	} while (0)

/* Tell that an invariant does not hold. */
void mem_broken(struct mem_store *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What a row points to: into its write-set, or a copy where these do not last. */
const char *mem_text(struct mem_store *s, const char *new, const char *old);
/* May it see a case of this client? */
bool mem_sees(struct store_view view, const char *client);

/* The idempotency keys under which this message was handed in. */
void mem_spend_keys(struct mem_store *s, const char *message_id);

/* store_mem_erase.c */
void mem_erase(struct mem_store *s, const struct store_write *w);

/* store_mem_evidence.c */
void mem_evidence_apply(struct mem_store *s, const struct store_write *w);
void mem_evidence_port(struct store_port *port);

#endif
