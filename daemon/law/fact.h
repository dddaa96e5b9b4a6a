/* A fact: the part of a message that the fold needs, and no more. It contains no personal
 * data, is stored beside the message as metadata, and survives the erasure of the content. */
#ifndef CY_LAW_FACT_H
#define CY_LAW_FACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "comity/v1/case.pb-c.h"

struct law_fact {
	CySide side;     /* author's side */
	uint32_t number; /* author's own number in the case */
	uint32_t seen;   /* highest number of the other side that the author had seen */
	uint32_t kind;   /* CyContent__KindCase: field number of the kind */
	uint32_t
		ref; /* number of the message that this one answers, or of the own proposal that it replaces; 0: none */
	bool voided; /* rejected, expired: without effect, but known */
	int64_t at_ms; /* when its author's daemon accepted it: Message.created_ms */
	/* What clocks need (law/clock.h): an instant and a date that it states, and the
	 * clock that an extension names. */
	int64_t stated_ms; /* received, decided, carried out; 0: none */
	int32_t day;       /* since 1970-01-01: estimate, answer by; LAW_NO_DAY: none */
	char clock[CY_CLOCK_MAX + 1];
	uint8_t measures; /* for a kind that opens a case: how many measures it has */
	/* By measure number less one: 0 not addressed, else what is said of it. The
	 * meaning depends on the kind: 1 for plainly addressed, LAW_RETRACTED for all that there
	 * may be where a proposal is retracted, the MeasureOutcome
	 * for a result (0x80 for a partial one), the RefusalGround for a refusal. Not by
	 * measure: who acknowledges; Reliance and the number of the review (255: or above). */
	uint8_t code[CY_MEASURES_MAX];
};

#define LAW_NO_DAY    INT32_MIN
#define LAW_RETRACTED 2u

/* The longest encoding. */
#define LAW_FACT_MAX 160

/* Derives the fact of a message that law_validate() found complete. */
void law_fact_of(const CyMessage *m, struct law_fact *ret_fact);

/* Encode a fact for the store, and decode it. The encoding has a version, and leaves out `voided` and
 * `at_ms`, which the store keeps apart. law_fact_decode() returns CY_OK, or CY_EPARSE if law_fact_encode()
 * did not write the bytes. */
size_t law_fact_encode(const struct law_fact *f, uint8_t out[static LAW_FACT_MAX]);
int law_fact_decode(struct cy_bytes data, struct law_fact *ret_fact);

/* Returns a stated date as days since 1970-01-01, or LAW_NO_DAY if it is empty or not a date. */
int32_t law_day(const char *date);

/* Names and properties of the kinds, from one table. */
const char *law_kind_name(uint32_t kind);     /* "request", "refusal" ...; NULL if unknown */
uint32_t law_kind_by_name(const char *name);  /* 0 if unknown */
bool law_kind_opens(uint32_t kind);           /* opens a case */
bool law_kind_stated(uint32_t kind);          /* a daemon states it by itself: no case system hands it in */
bool law_kind_by(uint32_t kind, CySide side); /* may be said by this side */

#endif
