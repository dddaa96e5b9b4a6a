/* The kinds of values that treaty profiles have; as config_value.h, each function
 * reports its own problem and goes on with a harmless value. */
#ifndef CY_CONFIG_PROFILE_VALUE_H
#define CY_CONFIG_PROFILE_VALUE_H

#include "config/config_value.h"
#include "law/profile.h"

#define PROFILE_NAME_MAX 64u

/* Words of the X-macros of law/profile.h, by number; NULL ends them. */
extern const char *const profile_statuses[],
	*const profile_forces[], *const profile_lapses[], *const profile_starts[],
								  *const profile_meets[],
									  *const profile_suspends[],
										  *const profile_actions[],
											  *const profile_units[];

/* A text on one line: blanks and line ends together are one blank. Empty when it is not
 * given; control characters and marks that turn the writing direction are a problem. */
const char *profile_text(const struct config_sec *s, const char *name);
const char *profile_text_required(const struct config_sec *s, const char *name, const char *expected);

/* A name of [a-z0-9_-]: of an option that must be given, of the section itself. */
const char *profile_name(const struct config_sec *s, const char *name, const char *expected);
const char *profile_title(const struct config_sec *s);
bool profile_name_valid(const char *text);
/* ISO 3166-1 alpha-2. */
bool profile_state_valid(const char *text);

/* true or false, required. */
bool profile_flag(const struct config_sec *s, const char *name);
/* The number of a word; `otherwise` when it is not given, -1: it must be. */
int profile_choice(const struct config_sec *s, const char *name, const char *const *words, int otherwise,
		   const char *expected);
/* A bit for each word of a list that must not be empty (`expected` NULL: may be). */
unsigned profile_bits(const struct config_sec *s, const char *name, const char *const *words, const char *expected);
/* A bit for each type of measure in the list; 0 when it is not given. */
law_measures profile_measures(const struct config_sec *s, const char *name);
struct cy_date profile_date(const struct config_sec *s, const char *name);
/* amount and unit; `must`: both are required. */
struct law_period profile_period(const struct config_sec *s, bool must);
/* article, verified, note: the first two are required. */
struct law_source profile_source(const struct config_sec *s);
#define PROFILE_SOURCE config_option("article"), config_option("verified"), config_option("note")

#endif
