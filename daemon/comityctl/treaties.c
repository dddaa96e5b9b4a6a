#include "comityctl/treaties.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/guess.h"
#include "base/time.h"
#include "comityctl/fields.h"
#include "comityctl/file.h"
#include "comityctl/say.h"

/* Beside build/bin/comityctl, and beside PREFIX/bin/comityctl. */
static const char *const places[] = { "/../share/comity/treaties", "/../../config/treaties" };

/* The first place that there is; to be freed. */
static char *default_dir(void)
{
	char *dir = NULL;

	for (size_t i = 0; dir == NULL && i < sizeof places / sizeof places[0]; i++)
		dir = file_beside(places[i]);
	return dir;
}

void treaties_problems(struct config_problems *out)
{
	for (size_t i = 0; i < out->n; i++)
		fprintf(stderr, "comityctl: %s\n", out->list[i].text);
	config_problems_free(out);
}

int treaties_load(const char *dir, struct treaties *ret)
{
	struct config_problems problems = { 0 };
	const char *set = getenv("COMITY_TREATIES");
	char *found = NULL;
	int r;

	if (dir == NULL && set != NULL && set[0])
		dir = set;
	if (dir == NULL)
		found = default_dir();
	if (dir == NULL && found == NULL)
		return ctl_fail(CTL_BAD_FILE, "the treaty profiles are not installed beside this program; say with "
					      "--treaties where they are");
	r = profile_load_dir(dir != NULL ? dir : found, &ret->arena, &ret->list, &ret->n, &problems);
	free(found);
	treaties_problems(&problems);
	return r == CY_OK ? CTL_DONE : CTL_BAD_FILE;
}

bool treaties_here(struct treaties *ret)
{
	const char *set = getenv("COMITY_TREATIES");
	char *found = set != NULL && set[0] ? NULL : default_dir();
	const bool any = found != NULL || (set != NULL && set[0]);

	free(found);
	return any && treaties_load(NULL, ret) == CTL_DONE;
}

struct cy_date treaties_today(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return cy_date_of_days((int64_t)now.tv_sec / 86400);
}

const struct law_profile *treaties_find(const struct treaties *t, const char *id, const char *version)
{
	const struct law_data legal_data = { .n_profiles = t->n, .profiles = t->list };
	const struct law_profile *p = law_find_profile(&legal_data, id, version, treaties_today());

	/* They come by effective date. */
	for (size_t i = 0; p == NULL && !version[0] && i < t->n; i++)
		if (strcmp(t->list[i]->id, id) == 0 && (i + 1 == t->n || strcmp(t->list[i + 1]->id, id) != 0))
			p = t->list[i];
	if (p == NULL) {
		struct cy_guess guess = CY_GUESS(id);
		char meant[CY_GUESS_TEXT];

		for (size_t i = 0; i < t->n; i++)
			cy_guess_offer(&guess, t->list[i]->id);
		ctl_fail(CTL_NOT_FOUND, "there is no treaty profile '%s'%s%s%s 'comityctl treaty list' shows them", id,
			 version[0] ? say(" of version ") : "", version, say_heard(cy_guess_text(&guess, meant)));
	}
	return p;
}

int treaties_measure(const struct law_profile *p, const char *word, int *ret)
{
	const ProtobufCEnumValue *v = fields_enum_value(&cy_measure_type__descriptor, word);

	if (v == NULL || v->value == 0)
		return fields_no_measure(word);
	if (p != NULL && (p->measures >> v->value & 1) == 0)
		return ctl_fail(CTL_NOT_FOUND,
				"%s does not admit %s; 'comityctl treaty show %s' shows under 'admitted' what it does",
				p->id, v->name, p->id);
	*ret = v->value;
	return CTL_DONE;
}

int treaties_ask(const char *command, const struct law_profile *p, const char *const *words, size_t n,
		 struct treaties_asked *ret)
{
	struct treaties_asked asked = { .kind = CY_CONTENT__KIND_REQUEST };
	const char *alone = NULL;

	for (size_t i = 0; i < n; i++) {
		int type, r;

		if (strcasecmp(words[i], TREATIES_INFORMATION) == 0 ||
		    strcasecmp(words[i], "spontaneous-information") == 0) {
			asked.kind = CY_CONTENT__KIND_SPONTANEOUS_INFORMATION;
			alone = words[i];
			continue;
		}
		r = treaties_measure(p, words[i], &type);
		if (r != CTL_DONE)
			return r;
		if (type == CY_MEASURE_TYPE__INTERCEPTION_NOTIFICATION) {
			asked.kind = CY_CONTENT__KIND_NOTIFICATION;
			alone = words[i];
		}
		asked.types[asked.n++] = (CyMeasureType)type;
	}
	if (alone != NULL && n > 1)
		return ctl_usage(command, "%s is a message of its own, and stands alone", alone);
	*ret = asked;
	return CTL_DONE;
}

const char *treaties_date(struct cy_date d)
{
	static char out[4][32];
	static unsigned turn;
	char *text = out[turn++ % 4];

	text[0] = '\0';
	if (d.year)
		snprintf(text, sizeof out[0], "%04d-%02d-%02d", d.year, d.month, d.day);
	return text;
}
