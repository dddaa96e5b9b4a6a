/* Terms: the parts of a case's opening message on which its clocks depend. They contain no
 * personal data, and are stored with the case as metadata. */
#ifndef CY_LAW_TERMS_H
#define CY_LAW_TERMS_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/uuid.h"
#include "comity/v1/case.pb-c.h"

#define LAW_INSTRUMENT_MAX 64 /* bytes of an instrument's id */
#define LAW_VERSION_MAX    32 /* bytes of the version of a profile */
#define LAW_FOLLOWS_MAX    16 /* earlier cases that a request follows; of further ones no time limit is met */

struct law_terms {
	char instrument[LAW_INSTRUMENT_MAX + 1], version[LAW_VERSION_MAX + 1]; /* "" : none pinned */
	int64_t opened_ms;                                                     /* created_ms of the opening message */
	uint8_t n;                       /* measures; 1 for a notification that names one */
	uint8_t type[CY_MEASURES_MAX];   /* CyMeasureType */
	int32_t wanted[CY_MEASURES_MAX]; /* dates asked for, since 1970-01-01; LAW_NO_DAY */
	bool urgent;
	int32_t urgency_day; /* LAW_NO_DAY: none */
	uint8_t n_follows;   /* earlier cases that it names as those that it follows, by id */
	char follows[LAW_FOLLOWS_MAX][CY_UUID_LEN + 1];
};

/* The longest encoding. */
#define LAW_TERMS_MAX (LAW_INSTRUMENT_MAX + LAW_VERSION_MAX + 5 * CY_MEASURES_MAX + LAW_FOLLOWS_MAX * CY_UUID_LEN + 33)

/* Derives the terms of a message that opens a case. */
void law_terms_of(const CyMessage *m, struct law_terms *ret);

/* Encode terms for the store, and decode them. law_terms_decode() returns CY_OK, or CY_EPARSE if law_terms_encode()
 * did not write the bytes. */
size_t law_terms_encode(const struct law_terms *t, uint8_t out[static LAW_TERMS_MAX]);
int law_terms_decode(struct cy_bytes data, struct law_terms *ret);

#endif
