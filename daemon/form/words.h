/* The words of a form, by what asks for them. They come from a catalogue of gettext, whose file a caller reads:
 * config/locale/README.md says how catalogues are written, and which contexts there are. */
#ifndef CY_FORM_WORDS_H
#define CY_FORM_WORDS_H

#include "base/arena.h"
#include "base/sentence.h"
#include "base/time.h"
#include "law/days.h"

/* The text for `id` in `context` ("": none), or NULL. It lives as long as the catalogue. */
typedef const char *form_look_up(void *arg, const char *context, const char *id);

struct form_words {
	form_look_up *look_up; /* NULL: English sentences as they stand in the program, and names of the schema */
	void *arg;
	const char *language; /* ISO 639-1 */
	/* All codes of ISO 3166-1 alpha-2 and of ISO 639-1, which people may choose; NULL ends them. NULL: only those
	 * that a profile names. */
	const char *const *states, *const *languages;
	const struct law_zone *zone; /* in which instants are written; NULL: UTC */
};

/* A sentence of the program in the language; English where the catalogue does not have it. */
const char *form_say(const struct form_words *w, const char *english);

/* The same of a text that was made of a format and values; in the arena. Values that are words are said as well. */
const char *form_say_made(const struct form_words *w, struct cy_arena *a, const char *english,
			  const struct cy_sentence *s);

/* The same for what has a context; "" where the catalogue does not have it. */
const char *form_word(const struct form_words *w, const char *context, const char *id);

/* The sentence with {NAME} replaced by the value that follows the name: form_fill(w, a, "{n} bytes", "n", "7"); in the
 * arena. What is not given stays as it is: a catalogue can do no harm. */
#define form_fill(w, a, english, ...) form_fill_list(w, a, english, (const char *const[]){ __VA_ARGS__, NULL })
const char *form_fill_list(const struct form_words *w, struct cy_arena *a, const char *english,
			   const char *const *values);

/* A civil date, an instant in the zone of the words with its distance from UTC, a number, and a list of texts, as they
 * are written in the language. */
const char *form_date(const struct form_words *w, struct cy_arena *a, struct cy_date d);
const char *form_instant(const struct form_words *w, struct cy_arena *a, int64_t ms);
const char *form_number(const struct form_words *w, struct cy_arena *a, uint64_t n);
const char *form_list(const struct form_words *w, struct cy_arena *a, size_t n, const char *const *texts);

#endif
