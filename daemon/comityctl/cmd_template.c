/* template: a commented form for each type of measure. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "comityctl/ctl.h"
#include "comityctl/fields.h"
#include "comityctl/out.h"
#include "comityctl/template_text.h"

#define INFORMATION "SPONTANEOUS_INFORMATION"

static const char help[] = "usage: comityctl template MEASURE | --list\n"
			   "\n"
			   "Prints a form for 'comityctl submit': JSON with every mandatory field, and a\n"
			   "comment for each line. Replace every FILL IN, and write when it was approved;\n"
			   "then check the file with 'comityctl check FILE'. INTERCEPTION_NOTIFICATION and\n"
			   "SPONTANEOUS_INFORMATION ask for nothing and have their own kind of message.\n"
			   "\n"
			   "  --list  the types of measure, one a line\n";

struct fill {
	const char *type, *role, *ask;
};

/* Enums that the texts name. */
static const ProtobufCEnumDescriptor *const enums[] = {
	&cy_priority__descriptor,        &cy_link_type__descriptor,        &cy_urgency_reason__descriptor,
	&cy_proceeding_type__descriptor, &cy_proceeding_stage__descriptor, &cy_person_role__descriptor,
	&cy_hearing_mode__descriptor,    &cy_confidentiality__descriptor,  &cy_confidence__descriptor,
};

static void print_enum(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof enums / sizeof enums[0]; i++) {
		bool first = true;

		if (strlen(enums[i]->short_name) != len || strncmp(enums[i]->short_name, name, len) != 0)
			continue;
		for (unsigned v = 0; v < enums[i]->n_values; v++) {
			if (enums[i]->values[v].value == 0)
				continue;
			printf("%s%s", first ? "" : ", ", enums[i]->values[v].name);
			first = false;
		}
		return;
	}
	cy_assert_failed("a template names an enum that there is", __FILE__, __LINE__);
}

static void print_token(const char *token, size_t len, const struct fill *f)
{
	if (len > 5 && strncmp(token, "enum ", 5) == 0)
		print_enum(token + 5, len - 5);
	else if (len == 4 && strncmp(token, "type", len) == 0)
		fputs(f->type, stdout);
	else if (len == 4 && strncmp(token, "role", len) == 0)
		fputs(f->role, stdout);
	else if (len == 3 && strncmp(token, "ask", len) == 0)
		fputs(f->ask, stdout);
	else
		cy_assert_failed("a template names a place that there is", __FILE__, __LINE__);
}

static void print_text(const char *text, const struct fill *f)
{
	const char *open, *close;

	while ((open = strstr(text, "{{")) != NULL) {
		close = strstr(open, "}}");
		CY_ASSERT(close != NULL);
		fwrite(text, 1, (size_t)(open - text), stdout);
		print_token(open + 2, (size_t)(close - open - 2), f);
		text = close + 2;
	}
	fputs(text, stdout);
}

static void print_request(const struct template_measure *m, const struct fill *f)
{
	print_text(template_request, f);
	print_text(m->type == CY_MEASURE_TYPE__SERVICE_OF_DOCUMENTS ? template_facts_optional : template_facts, f);
	print_text(template_persons, f);
	print_text(template_measure_head, f);
	for (unsigned block = 1; block <= TEMPLATE_CUSTODY; block <<= 1)
		if (m->blocks & block)
			print_text(template_block_text((enum template_block)block), f);
	print_text(template_measure_tail, f);
	print_text(template_tail, f);
}

static int list(void)
{
	for (size_t i = 0; i < template_measures_n; i++)
		puts(out_enum(&cy_measure_type__descriptor, (int)template_measures[i].type));
	puts(INFORMATION);
	return CTL_DONE;
}

static int print_template(const char *name)
{
	const ProtobufCEnumValue *v = fields_enum_value(&cy_measure_type__descriptor, name);
	struct fill f = { .role = "", .ask = "" };

	for (size_t i = 0; v != NULL && i < template_measures_n; i++) {
		const struct template_measure *m = &template_measures[i];

		if ((int)m->type != v->value)
			continue;
		f.type = v->name;
		f.role = m->role;
		f.ask = m->ask;
		print_text(template_head, &f);
		if (m->type == CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION)
			print_text(template_notification, &f);
		else
			print_request(m, &f);
		return CTL_DONE;
	}
	if (strcasecmp(name, INFORMATION) == 0 || strcasecmp(name, "spontaneous-information") == 0) {
		f.type = INFORMATION;
		print_text(template_head, &f);
		print_text(template_information, &f);
		return CTL_DONE;
	}
	return fields_no_measure(name);
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *name = NULL;
	bool lists = false;
	const struct ctl_option options[] = { { .name = "list", .flag = &lists } };
	int r = ctl_parse(ctl, &ctl_template, argc, argv, options, 1, &name, 0, 1, NULL);

	if (r != CTL_DONE)
		return r;
	if (lists == (name != NULL))
		return ctl_usage("template", "it wants the type of measure, or --list");
	return lists ? list() : print_template(name);
}

const struct ctl_command ctl_template = { "template", "print a form for a type of measure", help, run, NULL };
