/* What the values of a field must look like, as law/check*.c and the reading of files have it; tests hold the two
 * together.
 */
#include <string.h>

#include "base/limits.h"
#include "form/internal.h"

#define ONE_LINE "[^\\r\\n]*"

static const struct rule {
	const char *key; /* "": of the control */
	enum form_control control;
	size_t most_bytes;
	uint64_t most;
	const char *pattern, *told;
} rules[] = {
	{ "Submission.to", 0, CY_AUTHORITY_MAX, 0, "[A-Z0-9-]*",
	  "An authority id has capital letters, digits and hyphens alone, such as IE." },
	{ "Submission.own_reference", 0, CY_REFERENCE_MAX, 0, NULL, NULL },
	{ "Request.title", 0, CY_TITLE_MAX, 0, ONE_LINE, "A title is one line." },
	{ "Notification.title", 0, CY_TITLE_MAX, 0, ONE_LINE, "A title is one line." },
	{ "SpontaneousInformation.title", 0, CY_TITLE_MAX, 0, ONE_LINE, "A title is one line." },
	{ "Attachment.name", 0, CY_FILE_NAME_MAX, 0, "(?!\\.{1,2}$)[^/\\x00-\\x1f\\x7f]*",
	  "A file name has at most 255 bytes, no '/', no control characters, and is not '.' or '..'." },
	{ "Attachment.media_type", 0, CY_TEXT_MAX, 0, "[^/ \\t\\r\\n]+/[^/ \\t\\r\\n]+",
	  "A media type is expected (RFC 6838), such as application/pdf: one '/' between two parts, and no blanks." },
	{ "Attachment.size", 0, 0, CY_EVIDENCE_MAX, NULL, NULL },
	{ "", FORM_STATE, 2, 0, "[A-Z]{2}", "A state is expected as two capital letters of ISO 3166-1, such as IE." },
	{ "", FORM_LANGUAGE, 2, 0, "[a-z]{2}",
	  "A language is expected as two small letters of ISO 639-1, such as en." },
};

/* Each data atom that any profile knows; none where no profile knows one. */
static void every_atom(const struct form_work *w, struct form_shape *s)
{
	const struct law_data *b = w->ask->legal_data;
	const char **list;
	size_t most = 0, n = 0;

	for (size_t i = 0; b != NULL && i < b->n_profiles; i++)
		most += b->profiles[i]->n_atoms;
	list = cy_arena_take(w->arena, (most + 1) * sizeof *list);
	for (size_t i = 0; b != NULL && i < b->n_profiles; i++)
		for (size_t k = 0; k < b->profiles[i]->n_atoms; k++) {
			bool known = false;

			for (size_t j = 0; j < n && !known; j++)
				known = strcmp(list[j], b->profiles[i]->atoms[k].atom) == 0;
			if (!known)
				list[n++] = b->profiles[i]->atoms[k].atom;
		}
	s->only = list;
	s->n_only = n;
}

void form_shape(const struct form_work *w, struct form_field *f)
{
	const struct law_profile *p = w->form->profile;
	const bool text = f->control == FORM_LINE || f->control == FORM_TEXT || f->control == FORM_OPEN ||
			  f->control == FORM_LANGUAGES;

	f->shape = (struct form_shape){ .most_bytes = text ? CY_TEXT_MAX : 0,
					.least = f->control == FORM_INSTANT ? CY_INSTANT_MIN_MS : 0 };
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		const struct rule *r = &rules[i];

		if (r->key[0] ? strcmp(r->key, f->key) == 0 : r->control == f->control)
			f->shape = (struct form_shape){ .most_bytes = r->most_bytes,
							.most = r->most,
							.pattern = r->pattern,
							.told = r->told != NULL ? form_say(&w->ask->words, r->told)
										: NULL };
	}
	if (strcmp(f->key, "Request.language") == 0 && p != NULL) {
		f->shape.only = p->languages;
		f->shape.n_only = p->n_languages;
	}
	if (strcmp(f->key, "Measure.atoms") == 0 && p != NULL)
		every_atom(w, &f->shape);
	for (size_t i = 0; i < w->n_days; i++)
		if (strcmp(w->days[i].path, f->path) == 0)
			f->day = w->days[i].day;
}
