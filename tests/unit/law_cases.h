/* Histories of a case, written short: what the law tests share. */
#ifndef CY_TESTS_LAW_CASES_H
#define CY_TESTS_LAW_CASES_H

#include <stdarg.h>
#include <string.h>

#include "base/error.h"
#include "law/fold.h"

#define ASKS    CY_SIDE__REQUESTING
#define ASKED   CY_SIDE__REQUESTED
#define K(NAME) CY_CONTENT__KIND_##NAME

enum {
	HISTORY_MAX = 96
};

struct history {
	struct law_fact f[HISTORY_MAX];
	size_t n;
};

/* Only what is there: the enumeration makes millions of copies. */
static inline void copy_history(struct history *to, const struct history *from)
{
	memcpy(to->f, from->f, from->n * sizeof from->f[0]);
	to->n = from->n;
}

static inline CySide other_side(CySide s)
{
	return s == ASKS ? ASKED : ASKS;
}

/* What is said, without its place: kind, reference, and the codes of measures 1 and 2. */
static inline struct law_fact say(uint32_t kind, uint32_t ref, uint8_t one, uint8_t two)
{
	struct law_fact f = { .kind = kind, .ref = ref };

	f.code[0] = one;
	f.code[1] = two;
	if (kind == K(REQUEST))
		f.measures = 2;
	return f;
}

static inline uint32_t last_number(const struct history *h, CySide side)
{
	uint32_t last = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->f[i].side == side && h->f[i].number > last)
			last = h->f[i].number;
	return last;
}

/* Give a fact its place: the author's next number, having seen up to `seen`. */
static inline struct law_fact by(const struct history *h, CySide side, struct law_fact f, uint32_t seen)
{
	f.side = side;
	f.number = last_number(h, side) + 1;
	f.seen = seen;
	return f;
}

/* Say it having seen everything (or only up to `seen`); returns the number. */
static inline uint32_t add_seen(struct history *h, CySide side, struct law_fact f, uint32_t seen)
{
	h->f[h->n] = by(h, side, f, seen);
	return h->f[h->n++].number;
}

static inline uint32_t add(struct history *h, CySide side, struct law_fact f)
{
	return add_seen(h, side, f, last_number(h, other_side(side)));
}

static inline struct law_case folded(const struct history *h)
{
	struct law_case c;

	law_fold(h->f, h->n, &c, NULL, NULL);
	return c;
}

/* A request of two measures; and registered. */
static inline struct history requested(void)
{
	struct history h = { .n = 0 };

	add(&h, ASKS, say(K(REQUEST), 0, 0, 0));
	return h;
}

static inline struct history registered(void)
{
	struct history h = requested();

	add(&h, ASKED, say(K(ACKNOWLEDGEMENT), 0, CY_ACKNOWLEDGED_BY__CENTRAL_AUTHORITY, 0));
	return h;
}

#endif
