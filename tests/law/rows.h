/* Rows of the law that a test must hit: as text, the same in the list of all (rows.c)
 * and where one is hit (record.c). */
#ifndef LAW_ROWS_H
#define LAW_ROWS_H

#include "law/clock.h"
#include "law/kinds.h"

#define ROW_SIZE 200

static inline void row_kind(char out[static ROW_SIZE], const struct law_kind *k, const char *phase, bool admitted)
{
	snprintf(out, ROW_SIZE, "kind %s, the case %s: %s", k->name, phase, admitted ? "admitted" : "refused");
}

static inline void row_crossing(char out[static ROW_SIZE], uint32_t requesting, uint32_t requested)
{
	snprintf(out, ROW_SIZE, "crossing of %s and %s", law_kind_name(requesting), law_kind_name(requested));
}

static inline void row_ground(char out[static ROW_SIZE], const struct law_profile *p, CyRefusalGround g)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_refusal_ground__descriptor, (int)g);

	snprintf(out, ROW_SIZE, "%s: refused by ground %s", p->id, v != NULL ? v->name : "?");
}

/* `what` is said of the clock, such as "met by". */
static inline void row_clock(char out[static ROW_SIZE], const struct law_profile *p, const struct law_clock_rule *c,
			     const char *what, const char *name)
{
	snprintf(out, ROW_SIZE, "%s: clock %s %s%s%s", p->id, c->name, what, name[0] != '\0' ? " " : "", name);
}

#endif
