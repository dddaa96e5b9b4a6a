/* Inside law_treaty_check(): what one check looks at, and how its faults are worded. */
#ifndef CY_LAW_TREATY_LOOK_H
#define CY_LAW_TREATY_LOOK_H

#include "law/check.h"
#include "law/treaty.h"

struct look {
	struct law_check c;
	const struct law_data *legal_data;
	const struct law_between *between;
	const struct law_profile *profile;
};

/* Where a rule stands: "us-ie-2001 4(1) (not verified against the primary text)". */
#define LAW_ARTICLE_SIZE sizeof(((struct law_fault *)NULL)->article)
void law_source_text(const struct law_profile *p, const struct law_source *s, char *out, size_t size);

/* A fault of what a rule of the profile says. */
#define fault_of(l, field, source, ...)                                             \
	do {                                                                        \
		char article_[LAW_ARTICLE_SIZE];                                    \
		law_source_text((l)->profile, (source), article_, sizeof article_); \
		law_fault(&(l)->c, (field), article_, __VA_ARGS__);                 \
	} while (0)

/* Words of a list in a sentence, cut where it grows too long. */
struct words {
	char text[220];
	size_t len;
	bool cut;
};
void law_add_word(struct words *w, const char *word);

/* A state as it is configured, else as the request says. */
static inline const char *law_or_stated(const char *configured, const char *stated)
{
	return configured[0] ? configured : stated;
}

/* What a state understands by an atom: its own map, else the instrument's; NULL: it does not map it. */
const struct law_atom *law_meaning(const struct law_profile *p, const char *state, const char *atom);

/* The atoms of a request: those that no profile knows, and those that mean two things and are not acknowledged. */
void law_check_atoms(struct look *l, const CyRequest *r);

#endif
