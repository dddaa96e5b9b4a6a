/* The words and the layout of forms, read from the files that were installed with the program. */
#ifndef CY_COMITYCTL_WORDS_H
#define CY_COMITYCTL_WORDS_H

#include "base/arena.h"
#include "form/catalogue.h"
#include "form/layout.h"

struct words {
	struct form_words words;
	struct form_layout layout;
	struct form_catalogue catalogue;
	char language[8];
	struct cy_arena arena; /* free it after use, also after a failure */
};

/* In this language, or with NULL the one that was asked for (say.h), or that of $LC_ALL, $LC_MESSAGES or $LANG as far
 * as there is a catalogue for it, else English. `w` stays where it is. CTL_DONE, or with the sentence printed CTL_USAGE
 * for a language that there is not, and CTL_BAD_FILE. */
int words_load(const char *command, const char *language, struct words *w);

/* The same of the words alone, without the layout. Without a language, and where no catalogues are installed, there are
 * no words: English stands in the program. */
int words_speak(const char *language, struct words *w);

#endif
