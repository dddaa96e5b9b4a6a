/* Internal to law_treaty_check(): the state of one check, and the wording of its faults. */
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

/* Adds a fault against a rule of the profile. */
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

/* Returns the state that is configured, or, if none is, the state that the request names. */
static inline const char *law_or_stated(const char *configured, const char *stated)
{
	return configured[0] ? configured : stated;
}

/* Returns what a state understands by an atom, by its own map or else by the instrument's; NULL if neither has it. */
const struct law_atom *law_meaning(const struct law_profile *p, const char *state, const char *atom);

/* Adds faults for atoms of a request that no profile knows, and for atoms with two meanings that are not acknowledged.
 */
void law_check_atoms(struct look *l, const CyRequest *r);

#endif
