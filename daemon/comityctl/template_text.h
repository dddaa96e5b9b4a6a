/* The texts of templates. `{{enum NAME}}` stands for the values of an enum,
 * `{{type}}`, `{{role}}` and `{{ask}}` for what their names say. Every line that is
 * to be filled in says FILL IN, or has an empty instant, for which no text can
 * stand; the line above it explains it. Parts that need not be there are commented out, and stand before
 * a mandatory member, so that commas are right either way. */
#ifndef CY_COMITYCTL_TEMPLATE_TEXT_H
#define CY_COMITYCTL_TEMPLATE_TEXT_H

#include <stddef.h>

#include "comity/v1/types.pb-c.h"

/* Blocks of a measure that its type calls for. */
enum template_block {
	TEMPLATE_TARGETS = 1,
	TEMPLATE_PERIOD = 2,
	TEMPLATE_ATOMS = 4,
	TEMPLATE_BANK = 8,
	TEMPLATE_HEARING = 16,
	TEMPLATE_CUSTODY = 32
};

/* What a type of measure asks to be described. */
struct template_measure {
	CyMeasureType type;
	const char *role; /* of the person that it usually concerns */
	unsigned blocks;
	const char *ask; /* what the description says */
};

extern const struct template_measure template_measures[];
extern const size_t template_measures_n;

extern const char template_head[], template_request[], template_facts[], template_facts_optional[], template_persons[],
	template_measure_head[], template_measure_tail[], template_tail[], template_notification[],
	template_information[];

/* The text of one block. */
const char *template_block_text(enum template_block block);

#endif
