/* treaty guide: what a desk officer reads before writing a request. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/reflect.h"
#include "comityctl/fields.h"
#include "comityctl/out.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"
#include "form/form.h"

#define WIDTH      78
#define FIELD_SIZE 256 /* longer than any path of a field */

static const char help[] = "usage: comityctl treaty guide INSTRUMENT MEASURE [--markdown] [--treaties DIR]\n"
			   "\n"
			   "Tells what a request for MEASURE under INSTRUMENT must say, why and by which\n"
			   "article, on which grounds it may be refused, which clocks will run, what the two\n"
			   "states call the data, and in which languages. 'comityctl template MEASURE' prints\n"
			   "the form.\n"
			   "\n"
			   "  --markdown      print Markdown\n"
			   "  --treaties DIR  the profiles (default: $COMITY_TREATIES, else those installed)\n";

/* ------------------------------------------------------------------- the page */

enum look {
	PLAIN,
	MARKDOWN,
	JSON
};

struct page {
	enum look form;
	bool listing;         /* the last thing printed was an item */
	json_t *root, *items; /* JSON: the whole, and the section that is being written */
};

/* Characters of UTF-8 among the bytes. */
static size_t letters(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* Text from column `indent` on, `first` of them printed already. */
static void wrap(const char *text, size_t indent, size_t first)
{
	size_t column = first;

	while (*text) {
		const size_t word = strcspn(text, " "), wide = letters(text, word);

		if (column > indent && column + 1 + wide > WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > first || column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)word, text);
		column += wide;
		text += word + strspn(text + word, " ");
	}
	putchar('\n');
}

static void section(struct page *p, const char *key, const char *title)
{
	p->listing = false;
	switch (p->form) {
	case PLAIN:
		printf("\n%s\n", say(title));
		return;
	case MARKDOWN:
		printf("\n## %s\n\n", say(title));
		return;
	case JSON:
		p->items = json_array();
		json_object_set_new(p->root, key, p->items);
	}
}

static void paragraph(struct page *p, const char *text)
{
	if (p->form == JSON) {
		json_array_append_new(p->items, json_pack("{s:s}", "text", text));
		return;
	}
	if (p->form == PLAIN)
		printf("    ");
	else if (p->listing)
		putchar('\n');
	wrap(say(text), p->form == PLAIN ? 4 : 0, p->form == PLAIN ? 4 : 0);
}

/* A number of the instrument itself, and no other text that is named. */
static bool is_number(const char *article)
{
	return *article >= '0' && *article <= '9' && strpbrk(article, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == NULL;
}

/* `article; whether it was verified. note` */
static void origin(char *out, size_t size, const struct law_source *s)
{
	snprintf(out, size, "%s%s%s%s%s%s%s", is_number(s->article) ? say("Article ") : "", say(s->article),
		 s->article[0] ? "; " : "", s->verified ? say("verified") : say(TREATIES_UNVERIFIED),
		 s->note[0] ? ". " : "", say(s->note), s->note[0] && s->note[strlen(s->note) - 1] != '.' ? "." : "");
}

/* A name, what is said of it, and where that comes from; NULL: it is no matter of an article. */
static void item(struct page *p, const char *name, const char *text, const struct law_source *s)
{
	char from[1200] = "";

	if (s != NULL)
		origin(from, sizeof from, s);
	p->listing = true;
	switch (p->form) {
	case PLAIN:
		printf("  * ");
		wrap(name, 4, 4);
		if (text[0]) {
			printf("    ");
			wrap(text, 4, 4);
		}
		if (s == NULL)
			return;
		printf("    [");
		strncat(from, "]", sizeof from - strlen(from) - 1);
		wrap(from, 5, 5);
		return;
	case MARKDOWN:
		printf("- **%s**%s%s\n", name, text[0] ? ": " : "", text);
		if (s != NULL)
			printf("  *(%s)*\n", from);
		return;
	case JSON:
		json_array_append_new(p->items, json_pack("{s:s, s:s, s:s, s:b, s:s}", "name", name, "text", text,
							  "article", s != NULL ? s->article : "", "verified",
							  s == NULL || s->verified, "note", s != NULL ? s->note : ""));
	}
}

/* ----------------------------------------------------------------- the contents */

static bool concerns(law_measures set, int measure)
{
	return set == 0 || (set >> measure & 1) != 0;
}

static const char *const statuses[] = {
	[LAW_STATUS_IN_FORCE] = "in force",
	[LAW_STATUS_NOT_IN_FORCE] = "not in force",
	[LAW_STATUS_NON_BINDING] = "a scheme that does not bind",
};

static void title(struct page *page, const struct law_profile *p, const char *measure)
{
	const struct law_source head = { p->citation, p->verified, p->note };
	char text[1100], parties[1024] = "", from[1200];

	for (size_t i = 0; i < p->n_parties; i++) {
		const size_t len = strlen(parties);

		snprintf(parties + len, sizeof parties - len, "%s%s", i ? " " : "", p->parties[i].state);
	}
	snprintf(text, sizeof text, "%s", say_made("%s under %s, version %s", measure, p->id, p->version));
	origin(from, sizeof from, &head);
	if (page->form == JSON) {
		page->root = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:s}", "measure", measure, "instrument",
				       p->id, "version", p->version, "title", p->title, "citation", p->citation,
				       "verified", p->verified, "note", p->note, "status", law_status_name(p->status));
		return;
	}
	printf(page->form == MARKDOWN ? "# %s\n\n" : "%s\n\n", text);
	wrap(say(p->title), 0, 0);
	wrap(from, 0, 0);
	out_said("\nStatus: %s", say(statuses[p->status]));
	if (p->effective_from.year)
		out_said(", from %s", treaties_date(p->effective_from));
	if (p->effective_to.year)
		out_said(", to %s", treaties_date(p->effective_to));
	putchar('\n');
	if (p->status == LAW_STATUS_NOT_IN_FORCE)
		out_said("No request can be based on it.\n");
	if (page->form == MARKDOWN)
		putchar('\n');
	snprintf(text, sizeof text, "%s",
		 say_made("Parties: %s%s",
			  parties[0] ? parties
				     : say("not listed in this profile; the system cannot tell for which states it is "
					   "in force."),
			  p->parties_open ? say(", and others that are not listed here: ask its depositary.") : ""));
	wrap(text, 0, 0);
}

/* The form that an officer would fill in for this measure. */
static struct form *form_of(struct words *words, const struct law_profile *p, CyMeasureType type,
			    struct cy_arena *arena)
{
	const struct form_ask ask = { .words = words->words,
				      .layout = &words->layout,
				      .profile = p,
				      .between = { "", "", treaties_today() },
				      .kind = type == CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION
						      ? CY_CONTENT__KIND_NOTIFICATION
						      : CY_CONTENT__KIND_REQUEST,
				      .n_measures = 1,
				      .measures = &type };
	struct form *form;

	CY_ASSERT(form_make(&ask, arena, &form) == CY_OK);
	return form;
}

/* The label, and the path within what is said, as faults name it. */
static void field_item(struct page *page, const struct form_field *f, const char *text, const struct law_source *s)
{
	const char *path = f->path + (sizeof "content." - 1);
	char name[FIELD_SIZE], told[2 * FIELD_SIZE];

	cy_json_path(path + strcspn(path, ".") + 1, name, sizeof name);
	snprintf(told, sizeof told, "%s (%s)", f->label, name);
	item(page, page->form == JSON ? name : told, text, s);
}

/* What the instrument asks for, or else what is mandatory whatever the instrument. `must`: the part around the fields
 * is mandatory. */
static void asked_fields(struct page *page, const struct form_field *list, size_t n, bool must, bool by_instrument)
{
	for (size_t i = 0; i < n; i++) {
		const struct form_field *f = &list[i];
		const bool mandatory = must && f->need == FORM_MANDATORY;
		bool asked = false;

		for (size_t k = 0; k < f->n_guides; k++) {
			const struct form_guide *g = &f->guides[k];
			const struct law_source source = { g->article, g->verified, g->note };

			if (g->asked && by_instrument)
				field_item(page, f, g->text, &source);
			asked |= g->asked;
		}
		if (mandatory && !asked && !f->n_fields && !by_instrument)
			field_item(page, f, f->help, NULL);
		asked_fields(page, f->fields, f->n_fields, mandatory, by_instrument);
	}
}

static void asked_sections(struct page *page, const struct form *form, bool by_instrument)
{
	for (size_t i = 0; i < form->n_sections; i++)
		if (strncmp(form->sections[i].fields[0].path, "content.", sizeof "content." - 1) == 0)
			asked_fields(page, form->sections[i].fields, form->sections[i].n_fields, true, by_instrument);
}

static void requirements(struct page *page, const struct form *form)
{
	section(page, "requirements", "What the instrument asks for");
	asked_sections(page, form, true);
	section(page, "always", "What must be filled in besides, whatever the instrument");
	asked_sections(page, form, false);
	if (page->form != JSON)
		paragraph(page, "'comityctl template' and 'comityctl form' explain these fields, and those that may "
				"stay empty.");
}

static void grounds(struct page *page, const struct law_profile *p)
{
	section(page, "grounds", "Grounds on which it may be refused");
	for (size_t i = 0; i < p->n_grounds; i++) {
		const struct law_ground *g = &p->grounds[i];

		item(page,
		     g->code[0] ? say(g->code)
				: say_value(&cy_refusal_ground__descriptor, (int)g->ground,
					    out_word(&cy_refusal_ground__descriptor, (int)g->ground)),
		     "", &g->source);
	}
	if (!p->n_grounds && page->form != JSON)
		paragraph(page, "None are listed in this profile.");
}

/* The words for each start and each thing that meets a clock. */
static const char *const starts[LAW_STARTS_N] = {
	[LAW_START_RECEIVED] = "from the receipt of the request",
	[LAW_START_RECEIVED_EXECUTING] = "from the receipt by the executing authority",
	[LAW_START_ACKNOWLEDGED] = "from the acknowledgement",
	[LAW_START_DECIDED] = "from the decision on the measure",
	[LAW_START_EFFECTED] = "from the day on which it took effect (data preserved, person arrested)",
	[LAW_START_CLARIFICATION] = "from the receipt of each request for clarification",
	[LAW_START_WANTED_DATE] = "Due on the date asked for in measures[].wanted_by_date",
	[LAW_START_URGENCY_DATE] = "Due on the date in urgency.until_date",
	[LAW_START_ANSWER_DATE] = "Due on the date that the notice names",
};

static const char *const lapses[] = {
	[LAW_LAPSE_RECORD_ONLY] = "",
	[LAW_LAPSE_TACIT_NO_OBJECTION] = " If it lapses, there is no objection.",
	[LAW_LAPSE_OBLIGATION_CEASES] = " If it lapses, the obligation ceases.",
	[LAW_LAPSE_CONTINUES_UNTIL_DECISION] = " After it the obligation goes on until the request is decided.",
};

static void add(struct cy_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct cy_buf *b, const char *fmt, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = say_list(fmt, ap);
	va_end(ap);
	CY_ASSERT(cy_buf_add(b, text, strlen(text)) == CY_OK);
}

static void add_period(struct cy_buf *b, const struct law_period *period)
{
	static const char *const one[] = { "hour", "calendar day", "working day", "week" };
	static const char *const several[] = { "hours", "calendar days", "working days", "weeks" };

	add(b, "%u %s", period->amount, say(period->amount == 1 ? one[period->unit] : several[period->unit]));
}

static void add_extension(struct cy_buf *b, const struct law_clock_rule *c)
{
	if (!c->extensible)
		return;
	add(b, " It may be extended");
	if (c->extension.amount) {
		add(b, " by at most ");
		add_period(b, &c->extension);
	}
	if (c->extension_reason || c->extension_estimate)
		add(b, ", with %s%s%s", c->extension_reason ? say("reasons") : "",
		    c->extension_reason && c->extension_estimate ? say(" and ") : "",
		    c->extension_estimate ? say("a new estimate") : "");
	add(b, " (%s%s%s%s%s).", say(c->extension_source.article), c->extension_source.verified ? "" : "; ",
	    c->extension_source.verified ? "" : say(TREATIES_UNVERIFIED), c->extension_source.note[0] ? "; " : "",
	    say(c->extension_source.note));
}

static void add_suspensions(struct cy_buf *b, const struct law_clock_rule *c)
{
	const char *before = say(" Suspended by ");

	for (unsigned s = 0; s < LAW_SUSPENDS_N; s++) {
		if (!(c->suspended_by >> s & 1u))
			continue;
		add(b, "%s%s", before, say(law_suspend_name((enum law_suspend)s)));
		before = ", ";
	}
	if (c->suspended_by)
		add(b, ".");
}

static void clock_item(struct page *page, const struct law_profile *p, const struct law_clock_rule *c)
{
	const struct law_rule *rule = law_find_rule(p, c->rule);
	struct cy_buf b = CY_BUF(16384);

	add(&b, "%s. ", say(c->obligation));
	if (c->period.amount) {
		add_period(&b, &c->period);
		add(&b, " ");
	}
	add(&b,
	    c->obliged == CY_SIDE__REQUESTING ? "%s; owed by the requesting side%s%s."
					      : "%s; owed by the requested side%s%s.",
	    say(starts[c->start]), c->obliged_role[0] ? ": " : "", say(c->obliged_role));
	if (c->urgent_only || c->not_urgent)
		add(&b, c->urgent_only ? " Only for an urgent request." : " Only for a request without urgency.");
	if (c->force != LAW_FORCE_BINDING)
		add(&b, c->force == LAW_FORCE_REQUESTED ? " It is what was asked for, not a limit of the instrument."
							: " Where practicable.");
	add_extension(&b, c);
	add_suspensions(&b, c);
	add(&b, "%s", say(lapses[c->lapse]));
	if (rule != NULL)
		add(&b, " Counted by %s%s.", say(rule->title),
		    rule->verified ? "" : say(" (not verified against the primary text in full)"));
	item(page, c->name, (const char *)b.data, &c->source);
	cy_buf_free(&b);
}

static void clocks(struct page *page, const struct law_profile *p, int measure)
{
	bool any = false;

	section(page, "clocks", "Clocks that will run");
	for (size_t i = 0; i < p->n_clocks; i++) {
		if (!concerns(p->clocks[i].measures, measure))
			continue;
		clock_item(page, p, &p->clocks[i]);
		any = true;
	}
	if (!any && page->form != JSON)
		paragraph(page, "None: the instrument sets no time limit for this measure.");
}

static bool about_data(int measure)
{
	return measure == CY_MEASURE_TYPE__PRESERVATION || measure == CY_MEASURE_TYPE__PARTIAL_TRAFFIC_DISCLOSURE ||
	       measure == CY_MEASURE_TYPE__DISCLOSURE_SUBSCRIBER || measure == CY_MEASURE_TYPE__DISCLOSURE_TRAFFIC ||
	       measure == CY_MEASURE_TYPE__DISCLOSURE_CONTENT || measure == CY_MEASURE_TYPE__REALTIME_TRAFFIC ||
	       measure == CY_MEASURE_TYPE__INTERCEPTION;
}

/* Each atom once, with what every state says of it; one that they call by other names is marked. */
static void atoms(struct page *page, const struct law_profile *p)
{
	section(page, "atoms", "Data atoms, and what each state calls them");
	for (size_t i = 0; i < p->n_atoms; i++) {
		bool first = true;

		for (size_t k = 0; first && k < i; k++)
			first = strcmp(p->atoms[k].atom, p->atoms[i].atom) != 0;
		for (size_t k = i; first && k < p->n_atoms; k++) {
			const struct law_atom *a = &p->atoms[k];
			char name[160], text[1024];

			if (strcmp(a->atom, p->atoms[i].atom) != 0)
				continue;
			snprintf(name, sizeof name, "%s, %s", a->atom, a->state[0] ? a->state : say("the instrument"));
			snprintf(text, sizeof text, "%s%s%s%s. %s.", say_short("category", a->category),
				 strcmp(a->category, p->atoms[i].category) != 0 ? say(" (DIFFERS)") : "",
				 a->threshold[0] ? say("; needs: ") : "", say(a->threshold), say(a->definition));
			item(page, name, text, &a->source);
		}
	}
	if (page->form != JSON)
		paragraph(page, p->n_atoms ? "Before a request leaves, the two maps are compared; a difference must be "
					     "acknowledged by the name of the atom."
					   : "The profile maps none: say in words what is asked for.");
}

static void rest(struct page *page, const struct law_profile *p)
{
	char codes[512] = "";

	section(page, "conditions", "Conditions and limits of use");
	for (size_t i = 0; i < p->n_conditions; i++)
		item(page, p->conditions[i].name, say(p->conditions[i].text), &p->conditions[i].source);
	if (p->retention.amount > 0) {
		char text[96];

		snprintf(text, sizeof text, "%s",
			 say_made("A case is kept for %u %s after its last message.", p->retention.amount,
				  say(law_unit_name(p->retention.unit))));
		item(page, say("retention"), text, &p->retention_source);
	}
	if (p->first_use)
		item(page, say("first use"), say("Direct access may be recorded only after this channel was tried."),
		     &p->first_use_source);
	for (size_t i = 0; i < p->n_sensitive; i++)
		item(page, p->sensitive[i], say("Sensitive: a recorded approval is needed."), &p->sensitive_source);
	if (!p->n_conditions && !p->retention.amount && !p->first_use && !p->n_sensitive && page->form != JSON)
		paragraph(page, "None are listed in this profile.");
	section(page, "languages", "Languages");
	for (size_t i = 0; i < p->n_languages; i++) {
		const size_t len = strlen(codes);

		snprintf(codes + len, sizeof codes - len, "%s%s", i ? ", " : "", p->languages[i]);
	}
	if (p->n_languages)
		item(page, codes, "", &p->languages_source);
	else if (page->form != JSON)
		paragraph(page, "Not stated in this profile: ask the requested authority.");
}

static int print_guide(struct page *page, const struct law_profile *p, const char *word)
{
	struct words words = { 0 };
	struct cy_arena arena = { 0 };
	int type, r = treaties_measure(p, word, &type);

	if (r == CTL_DONE)
		r = words_load("treaty guide", say_language(), &words);
	if (r != CTL_DONE)
		return r;
	title(page, p, say_value(&cy_measure_type__descriptor, type, out_enum(&cy_measure_type__descriptor, type)));
	requirements(page, form_of(&words, p, (CyMeasureType)type, &arena));
	grounds(page, p);
	clocks(page, p, type);
	if (about_data(type))
		atoms(page, p);
	rest(page, p);
	if (page->form == JSON) {
		CY_ASSERT(json_dumpf(page->root, stdout, JSON_INDENT(2)) == 0);
		putchar('\n');
		json_decref(page->root);
	}
	cy_arena_free(&arena);
	cy_arena_free(&words.arena);
	return CTL_DONE;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	const char *dir = NULL, *words[2];
	bool markdown = false;
	const struct ctl_option options[] = { { .name = "treaties", .value = &dir },
					      { .name = "markdown", .flag = &markdown } };
	const struct law_profile *p;
	struct treaties t = { 0 };
	struct page page;
	int r = ctl_parse(ctl, &ctl_treaty_guide, argc, argv, options, 2, words, 2, 2, NULL);

	if (r != CTL_DONE)
		return r;
	if (markdown && ctl->json)
		return ctl_usage("treaty guide", "--markdown and --json exclude each other");
	page = (struct page){ .form = ctl->json ? JSON : markdown ? MARKDOWN : PLAIN };
	r = treaties_load(dir, &t);
	if (r == CTL_DONE) {
		p = treaties_find(&t, words[0], "");
		r = p != NULL ? print_guide(&page, p, words[1]) : CTL_NOT_FOUND;
	}
	cy_arena_free(&t.arena);
	return r;
}

const struct ctl_command ctl_treaty_guide = { "treaty guide", "what a request under a treaty must say", help, run,
					      NULL };
