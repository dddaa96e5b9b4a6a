#include "law/plausible.h"

#include "base/limits.h"
#include "base/reflect.h"
#include "base/time.h"
#include "law/check.h"
#include "law/kinds.h"

static void judge(struct law_check *c, const char *field, int64_t ms)
{
	char text[CY_RFC3339_SIZE];
	struct cy_wall back;

	cy_rfc3339((struct cy_wall){ ms }, text);
	if (ms == 0 || law_named(c->faults, c->path, field))
		return;
	if (cy_rfc3339_parse(text, &back) < 0 && ms < 0)
		law_fault(c, field, LAW_NO_ARTICLE,
			  "It lies before the year 1: an instant has milliseconds since 1970. Correct it, or "
			  "write " CY_RFC3339_LIKE ".");
	else if (cy_rfc3339_parse(text, &back) < 0)
		law_fault(c, field, LAW_NO_ARTICLE,
			  "It lies after the year 9999: an instant has milliseconds since 1970, and this may be "
			  "microseconds. Correct it, or write " CY_RFC3339_LIKE ".");
	else if (ms < CY_INSTANT_MIN_MS)
		law_fault(c, field, LAW_NO_ARTICLE,
			  "It is %s: an instant has milliseconds since 1970, and this may be seconds. Correct it, or "
			  "write " CY_RFC3339_LIKE ".",
			  text);
}

static void look(struct law_check *c, void *arg, const ProtobufCMessage *m)
{
	(void)arg;
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];

		if (cy_field_instant(f))
			judge(c, f->name, *(const int64_t *)cy_field_value(m, f, 0));
	}
}

void law_plausible(const CyContent *content, struct law_faults *faults)
{
	struct law_check c = { .faults = faults };

	if (law_kind((uint32_t)content->kind_case) != NULL)
		law_each_part(&c, &content->base, look, NULL);
}
