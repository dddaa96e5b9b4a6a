#include "letter/glyphs.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

/* A character of the line that is drawn as a box; 0: none. */
static uint32_t unknown_of(const PangoLayoutLine *line)
{
	for (const GSList *run = line->runs; run != NULL; run = run->next) {
		const PangoGlyphString *g = ((const PangoGlyphItem *)run->data)->glyphs;

		for (int i = 0; i < g->num_glyphs; i++)
			if (g->glyphs[i].glyph & PANGO_GLYPH_UNKNOWN_FLAG)
				return g->glyphs[i].glyph & ~PANGO_GLYPH_UNKNOWN_FLAG;
	}
	return 0;
}

static const char *package_of(uint32_t c, UScriptCode script)
{
	switch ((int)script) {
	case USCRIPT_HAN:
	case USCRIPT_HIRAGANA:
	case USCRIPT_KATAKANA:
	case USCRIPT_HANGUL:
	case USCRIPT_BOPOMOFO:
		return "fonts-noto-cjk";
	default:
		return u_hasBinaryProperty((UChar32)c, UCHAR_EMOJI_PRESENTATION) ? "fonts-noto-color-emoji"
										 : "fonts-noto-core";
	}
}

int glyphs_check(PangoLayout *layout, struct cy_error *e)
{
	UErrorCode ignored = U_ZERO_ERROR;
	UScriptCode script;
	uint32_t c = 0;

	if (pango_layout_get_unknown_glyphs_count(layout) == 0)
		return CY_OK;
	for (const GSList *l = pango_layout_get_lines_readonly(layout); l != NULL && c == 0; l = l->next)
		c = unknown_of(l->data);
	script = uscript_getScript((UChar32)c, &ignored);
	return cy_fail(e, CY_ENOENT,
		       "no font of this machine has the character U+%04X of the script %s, which the letter needs: "
		       "install a font for it, such as the package %s of Debian, or have the letter written as HTML",
		       c, uscript_getName(script), package_of(c, script));
}
