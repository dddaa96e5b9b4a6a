/* Whether the fonts of this machine have the characters of a text. */
#ifndef CY_LETTER_GLYPHS_H
#define CY_LETTER_GLYPHS_H

#include <pango/pango.h>

#include "base/error.h"

/* CY_ENOENT: a character has no font; the sentence names it, its script, and a package of Debian that has one. */
int glyphs_check(PangoLayout *layout, struct cy_error *e);

#endif
