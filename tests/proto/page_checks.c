/* What a message must hold, told by the checks themselves: they are given a content of each kind that has every part,
 * and an element in every list. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/reflect.h"
#include "law/check.h"
#include "law/kinds.h"
#include "page.h"

/* ------------------------------------------------------------------- rules */

enum {
	RULES_MAX = 512
};

static struct rule {
	char field[128];
	char text[PAGE_CELL];
} rules[RULES_MAX];
static size_t n_rules;

/* The fields that hold parts of which a rule is told, as PART.FIELD; and, of the others, those whose part has rules
 * elsewhere. */
static struct places {
	char name[128];
} looked[RULES_MAX], overlooked[RULES_MAX];
static size_t n_looked, n_overlooked;

static void add_place(struct places *list, size_t *n, const char *part, const char *field)
{
	struct places p;

	CY_ASSERT((size_t)snprintf(p.name, sizeof p.name, "%s.%s", part, field) < sizeof p.name);
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i].name, p.name) == 0)
			return;
	CY_ASSERT(*n < RULES_MAX);
	list[(*n)++] = p;
}

/* The field of a path as PART.FIELD, with [] for an element of a list: the same wherever the part stands. */
static void located(const char *path, char out[static 128])
{
	const ProtobufCMessageDescriptor *d = &cy_content__descriptor;
	const char *part = d->short_name;
	char name[CY_FIELD_NAME_SIZE] = "";
	bool element = false;

	for (const char *p = path; *p != '\0';) {
		const size_t len = strcspn(p, ".[");
		const ProtobufCFieldDescriptor *f;

		CY_ASSERT(d != NULL && len < sizeof name);
		memcpy(name, p, len);
		name[len] = '\0';
		part = d->short_name;
		f = protobuf_c_message_descriptor_get_field_by_name(d, name);
		CY_ASSERT(f != NULL || strcmp(path, "kind") == 0);
		d = f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
		p += len;
		element = *p == '[';
		p += strcspn(p, ".");
		if (*p == '.')
			add_place(looked, &n_looked, part, name);
		p += *p == '.';
	}
	out[0] = '\0';
	CY_ASSERT((size_t)snprintf(out, 128, "%s.%s%s", part, name, element ? "[]" : "") < 128);
}

static void tell(void *arg, const char *path, const char *when, bool may_be_empty, const char *text)
{
	struct rule r = { .field = "" };

	(void)arg;
	located(path, r.field);
	if (when != NULL)
		page_add(r.text, "", "Where %s:", when);
	if (may_be_empty)
		page_add(r.text, " ", "May be empty.");
	page_add(r.text, " ", "%s", text);
	for (size_t i = 0; i < n_rules; i++) {
		if (strcmp(rules[i].field, r.field) != 0)
			continue;
		/* A part that several kinds have tells its rules once. */
		if (strstr(rules[i].text, r.text) == NULL)
			page_add(rules[i].text, " ", "%s", r.text);
		return;
	}
	CY_ASSERT(n_rules < RULES_MAX);
	rules[n_rules++] = r;
}

static void tell_kind(struct cy_arena *a, const char *name)
{
	CyContent content = CY_CONTENT__INIT;
	struct law_faults faults = { .n = 0 };
	struct law_check c = { .faults = &faults, .tell = tell };
	const ProtobufCFieldDescriptor *f =
		protobuf_c_message_descriptor_get_field_by_name(&cy_content__descriptor, name);

	content.kind_case = (CyContent__KindCase)f->id;
	*(ProtobufCMessage **)((uint8_t *)&content + f->offset) = cy_whole(a, f->descriptor, true);
	law_check_content(&c, &content);
	CY_ASSERT(faults.n == 0);
}

static bool has_rules(const ProtobufCMessageDescriptor *d)
{
	const size_t len = strlen(d->short_name);

	for (size_t i = 0; i < n_rules; i++)
		if (strncmp(rules[i].field, d->short_name, len) == 0 && rules[i].field[len] == '.')
			return true;
	return false;
}

static void overlook(const ProtobufCMessageDescriptor *d)
{
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		bool seen = false;
		char name[128];

		if (f->type != PROTOBUF_C_TYPE_MESSAGE)
			continue;
		overlook(f->descriptor);
		snprintf(name, sizeof name, "%s.%s", d->short_name, f->name);
		for (size_t k = 0; k < n_looked; k++)
			seen |= strcmp(looked[k].name, name) == 0;
		if (!seen && has_rules(f->descriptor))
			add_place(overlooked, &n_overlooked, d->short_name, f->name);
	}
}

static void page_overlooked(void)
{
	overlook(&cy_content__descriptor);
	page_begin("parts without checks", "field");
	for (size_t i = 0; i < n_overlooked; i++) {
		char field[PAGE_CELL] = "";

		page_add(field, "", "`%s`", overlooked[i].name);
		page_row(1, (const char *[]){ field });
	}
	page_end();
}

void page_checks(void)
{
	struct cy_arena a = { 0 };

	for (size_t i = 0; i < law_kinds_n; i++)
		tell_kind(&a, law_kinds[i].name);
	page_begin("checks", "field|what is said of it");
	for (size_t i = 0; i < n_rules; i++) {
		char field[PAGE_CELL] = "";

		page_add(field, "", "`%s`", rules[i].field);
		page_row(2, (const char *[]){ field, rules[i].text });
	}
	page_end();
	page_overlooked();
	cy_arena_free(&a);
}
