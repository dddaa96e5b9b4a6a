#include "letter/html.h"

#include <string.h>

#include "base/limits.h"
#include "base/sha256.h"
#include "wire/base64.h"

/* Where the numbers of pages go in a text of the style. */
#define PAGE_MARK "\x01"
#define ALL_MARK  "\x02"

static const char style[] =
	"body{font:16px/1.5 \"Noto Serif\",Georgia,serif;color:#111;background:#fff;max-width:46rem;"
	"margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}\n"
	"h1{font-size:1.65rem;line-height:1.25;margin:1.5rem 0 1rem}\n"
	"h2,h3,h4,dt,th,small,.line,.note,.place{font-family:\"Noto Sans\",Arial,sans-serif}\n"
	"h2{font-size:1.2rem;border-bottom:1px solid #888;margin:2rem 0 .6rem}\n"
	"h3{font-size:1.05rem;margin:1.2rem 0 .4rem}\n"
	"h4{font-size:.95rem;margin:1rem 0 .3rem;color:#333}\n"
	"header{border-bottom:2px solid #111;padding-bottom:.6rem;margin-bottom:1.2rem}\n"
	".office{font-size:1.4rem;font-weight:bold}\n"
	".line,.note,dt,small,.place{font-size:.85rem;color:#444}\n"
	"small{display:block;font-weight:normal}\n"
	"p,dd,.line,td,.office,.head{white-space:pre-wrap}\n"
	"p{margin:.5rem 0}\n"
	"dl{margin:0}\n"
	"dl div{display:grid;grid-template-columns:13rem minmax(0,1fr);gap:0 1rem;margin:.35rem 0}\n"
	"dd{margin:0}\n"
	"table{border-collapse:collapse;width:100%;margin:.4rem 0 .8rem;font-size:.93rem}\n"
	"th{text-align:start;border-bottom:1px solid #888;font-size:.85rem}\n"
	"th,td{padding:.2rem .8rem .2rem 0;vertical-align:top}\n"
	".exact{font:.82rem/1.8 \"DejaVu Sans Mono\",monospace}\n"
	"pre{font:.82rem/1.45 \"DejaVu Sans Mono\",monospace;white-space:pre-wrap;margin:.4rem 0}\n"
	".i1{margin-inline-start:1.2rem}.i2{margin-inline-start:2.4rem}.i3{margin-inline-start:3.6rem}\n"
	"table[class]{width:auto}\n"
	".sign{display:grid;grid-template-columns:minmax(0,1fr) 11rem;gap:0 2.5rem;margin:1.5rem 0}\n"
	".sign .to{border-top:1px solid #444;margin-top:3.2rem}\n"
	".seal{grid-column:2;grid-row:1/4;border:1px solid #888;padding:.4rem}\n"
	".page{margin-top:3rem}\n"
	"@media (max-width:34rem){dl div,.sign{grid-template-columns:minmax(0,1fr)}.seal{grid-column:1;grid-row:auto;"
	"min-height:8rem;margin-top:1rem}}\n"
	"@media print{body{font-size:10.5pt;max-width:none;margin:0;padding:0}h2,h3,h4{break-after:avoid}"
	"dl div,tr,.sign{break-inside:avoid}.page{break-before:page;margin-top:0}}\n";

/* One page being written: the first failure stays. */
struct page {
	const struct letter *l;
	struct cy_buf *out;
	int r;
};

static void put(struct page *p, const char *text)
{
	if (p->r == CY_OK)
		p->r = cy_buf_add(p->out, text, strlen(text));
}

static void escaped(struct page *p, const char *text)
{
	while (text[0] && p->r == CY_OK) {
		const size_t plain = strcspn(text, "&<>\"'");

		p->r = cy_buf_add(p->out, text, plain);
		text += plain;
		switch (text[0]) {
		case '\0':
			return;
		case '&':
			put(p, "&amp;");
			break;
		case '<':
			put(p, "&lt;");
			break;
		case '>':
			put(p, "&gt;");
			break;
		case '"':
			put(p, "&quot;");
			break;
		default:
			put(p, "&#39;");
		}
		text++;
	}
}

/* `<tag class="i1">text</tag>`; the direction of what stands in it is its own. */
static void element(struct page *p, const char *tag, const char *class, const char *text, const char *language)
{
	put(p, "<");
	put(p, tag);
	if (class != NULL && class[0]) {
		put(p, " class=\"");
		put(p, class);
		put(p, "\"");
	}
	if (language != NULL && language[0]) {
		put(p, " lang=\"");
		escaped(p, language);
		put(p, "\"");
	}
	put(p, " dir=\"auto\">");
	escaped(p, text);
	put(p, "</");
	put(p, tag);
	put(p, ">");
}

/* ---------------------------------------------------------------- the head */

/* A string of CSS: what is no letter or digit is written as its number, so that nothing ends it. */
static void css_string(struct page *p, const char *text)
{
	put(p, "\"");
	for (; text[0] && p->r == CY_OK; text++) {
		const unsigned char c = (unsigned char)text[0];

		if (c == PAGE_MARK[0])
			put(p, "\" counter(page) \"");
		else if (c == ALL_MARK[0])
			put(p, "\" counter(pages) \"");
		else if (c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
			p->r = cy_buf_add(p->out, text, 1);
		else
			p->r = cy_buf_addf(p->out, "\\%02x ", c);
	}
	put(p, "\"");
}

static void page_rules(struct page *p)
{
	struct cy_arena a = { 0 };

	put(p, "@page{size:A4;margin:20mm 20mm 24mm 24mm;@bottom-left{font-size:8pt;content:");
	css_string(p, p->l->reference);
	put(p, "}@bottom-right{font-size:8pt;content:");
	css_string(p, form_fill(&p->l->words, &a, "Page {n} of {all}", "n", PAGE_MARK, "all", ALL_MARK, NULL));
	put(p, "}}\n");
	cy_arena_free(&a);
}

static void meta(struct page *p, const char *name, const char *value)
{
	put(p, "<meta name=\"");
	put(p, name);
	put(p, "\" content=\"");
	escaped(p, value);
	put(p, "\">\n");
}

/* The style of this letter: that of all, and what stands on its pages. To be freed. */
static struct cy_buf rules_of(struct page *p)
{
	struct cy_buf rules = CY_BUF(CY_LETTER_MAX);
	struct page of = { .l = p->l, .out = &rules };

	put(&of, "\n");
	put(&of, style);
	page_rules(&of);
	p->r = of.r;
	return rules;
}

/* The digest by which the policy of the page allows its style: this text and no other. */
static void put_digest(struct page *p, const char *text)
{
	const struct cy_digest d = cy_sha256(cy_bytes(text, strlen(text)));

	if (p->r == CY_OK)
		p->r = wire_base64(cy_bytes(d.b, sizeof d.b), p->out);
}

static void head(struct page *p)
{
	const struct letter *l = p->l;
	struct cy_buf buf = rules_of(p);
	const char *rules = p->r == CY_OK ? (const char *)buf.data : "";

	put(p, "<!DOCTYPE html>\n<html lang=\"");
	escaped(p, l->words.language);
	put(p, letter_rtl(l->words.language) ? "\" dir=\"rtl\">\n" : "\" dir=\"ltr\">\n");
	put(p, "<head>\n<meta charset=\"utf-8\">\n"
	       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
	put_digest(p, rules);
	put(p, "'; base-uri 'none'; form-action 'none'\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
	meta(p, "author", l->author);
	meta(p, "description", l->subject);
	meta(p, "generator", "Comity " COMITY_VERSION);
	put(p, "<title>");
	escaped(p, l->title);
	put(p, "</title>\n<style>");
	put(p, rules);
	put(p, "</style>\n</head>\n<body>\n");
	if (l->office[0] || l->n_lines > 0) {
		put(p, "<header>\n");
		element(p, "div", "office", l->office, NULL);
		for (size_t i = 0; i < l->n_lines; i++) {
			put(p, "\n");
			element(p, "div", "line", l->lines[i], NULL);
		}
		put(p, "\n</header>\n");
	}
	put(p, "<main>\n");
	cy_buf_free(&buf);
}

/* -------------------------------------------------------------- the blocks */

static const char *indent(unsigned level)
{
	static const char *const classes[] = { "", "i1", "i2", "i3" };

	return classes[level < 3 ? level : 3];
}

static void heading(struct page *p, const struct letter_block *b)
{
	static const char *const tags[] = { "h1", "h2", "h3", "h4" };

	element(p, tags[b->level], b->level == 3 ? "i1" : NULL, b->text, NULL);
	if (b->note[0]) {
		put(p, "\n");
		element(p, "small", b->level == 3 ? "i1" : NULL, b->note, NULL);
	}
	put(p, "\n");
}

static void field(struct page *p, const struct letter_block *b)
{
	put(p, "<div");
	if (b->level > 0) {
		put(p, " class=\"");
		put(p, indent(b->level));
		put(p, "\"");
	}
	put(p, "><dt>");
	escaped(p, b->label);
	if (b->note[0])
		element(p, "small", NULL, b->note, NULL);
	put(p, "</dt>");
	element(p, "dd", b->exact ? "exact" : NULL, b->text, b->foreign ? p->l->content : NULL);
	put(p, "</div>\n");
}

static void table(struct page *p, const struct letter_block *b)
{
	const struct letter_table *t = b->table;

	put(p, "<table");
	if (b->level > 0) {
		put(p, " class=\"");
		put(p, indent(b->level));
		put(p, "\"");
	}
	put(p, ">\n<thead><tr>");
	for (size_t i = 0; i < t->n_columns; i++) {
		put(p, "<th scope=\"col\">");
		escaped(p, t->heads[i]);
		put(p, "</th>");
	}
	put(p, "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < t->n_rows; i++) {
		put(p, "<tr>");
		for (size_t k = 0; k < t->n_columns; k++)
			element(p, "td", NULL, t->cells[i * t->n_columns + k], NULL);
		put(p, "</tr>\n");
	}
	put(p, "</tbody>\n</table>\n");
}

static void signature(struct page *p)
{
	const char *places[LETTER_SIGNATURE_PLACES];

	letter_places(p->l, places);
	put(p, "<div class=\"sign\">\n");
	for (size_t i = 0; i < 3; i++) {
		element(p, "div", "to place", places[i], NULL);
		put(p, "\n");
	}
	element(p, "div", "seal place", places[3], NULL);
	put(p, "\n</div>\n");
}

static void block(struct page *p, const struct letter_block *b)
{
	const char *content = b->foreign ? p->l->content : NULL;

	switch (b->kind) {
	case LETTER_TITLE:
		element(p, "h1", "head", b->text, NULL);
		break;
	case LETTER_HEADING:
		heading(p, b);
		return;
	case LETTER_FIELD:
		field(p, b);
		return;
	case LETTER_TEXT:
		element(p, "p", indent(b->level), b->text, content);
		break;
	case LETTER_NOTE:
		element(p, "p", b->level > 0 ? "note i1" : "note", b->text, content);
		break;
	case LETTER_CODE:
		element(p, "pre", indent(b->level), b->text, NULL);
		break;
	case LETTER_TABLE:
		table(p, b);
		return;
	case LETTER_SIGNATURE:
		signature(p);
		return;
	case LETTER_PAGE:
		put(p, "<div class=\"page\"></div>");
		break;
	}
	put(p, "\n");
}

int letter_html(const struct letter *l, struct cy_buf *out)
{
	struct page p = { .l = l, .out = out };
	bool list = false;

	head(&p);
	for (const struct letter_block *b = l->first; b != NULL && p.r == CY_OK; b = b->next) {
		const bool is_field = b->kind == LETTER_FIELD;

		if (list != is_field)
			put(&p, list ? "</dl>\n" : "<dl>\n");
		list = is_field;
		block(&p, b);
	}
	if (list)
		put(&p, "</dl>\n");
	put(&p, "</main>\n</body>\n</html>\n");
	return p.r;
}
