#include "comityctl/form_page.h"

#include <jansson.h>
#include <string.h>

#include "base/sha256.h"
#include "form/json.h"
#include "wire/base64.h"

/* build/gen/form_page_files.c, of daemon/comityctl/form/. */
extern const char form_page_html[], form_page_style[], form_page_script[];

#define CALL "say(\""

struct page {
	struct cy_buf *out;
	int r;
	const struct form *form;
	const struct form_words *words;
	const char *draft;
	const char *const *notes;
	size_t n_notes;
};

static void add(struct page *p, const char *text, size_t len)
{
	if (p->r == CY_OK)
		p->r = cy_buf_add(p->out, text, len);
}

static void add_json(struct page *p, json_t *value)
{
	if (p->r == CY_OK)
		p->r = form_json_print(value, p->out);
	json_decref(value);
}

/* Writes the digest by which the policy of the page allows a script or a style: this text and no other. */
static void add_hash(struct page *p, const char *text)
{
	const struct cy_digest d = cy_sha256(cy_bytes(text, strlen(text)));

	if (p->r == CY_OK)
		p->r = wire_base64(cy_bytes(d.b, sizeof d.b), p->out);
}

/* The sentences of the script, in the language of the form: each stands there as say("..."). */
static json_t *sentences(const struct form_words *w)
{
	json_t *all = json_object();
	const char *at = form_page_script;

	while ((at = strstr(at, CALL)) != NULL) {
		const char *text = at + sizeof CALL - 1;
		const size_t len = strcspn(text, "\"");
		char english[512];

		CY_ASSERT(len < sizeof english);
		memcpy(english, text, len);
		english[len] = '\0';
		json_object_set_new(all, english, json_string(form_say(w, english)));
		at = text + len;
	}
	return all;
}

static json_t *notes(const struct page *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->n_notes; i++)
		json_array_append_new(all, json_string(p->notes[i]));
	return all;
}

static void add_part(struct page *p, const char *name, size_t len)
{
	const char *const language = p->form->language;

	if (len == 8 && strncmp(name, "language", len) == 0)
		add(p, language, strlen(language));
	else if (len == 11 && strncmp(name, "script hash", len) == 0)
		add_hash(p, form_page_script);
	else if (len == 10 && strncmp(name, "style hash", len) == 0)
		add_hash(p, form_page_style);
	else if (len == 6 && strncmp(name, "script", len) == 0)
		add(p, form_page_script, strlen(form_page_script));
	else if (len == 5 && strncmp(name, "style", len) == 0)
		add(p, form_page_style, strlen(form_page_style));
	else if (len == 5 && strncmp(name, "words", len) == 0)
		add_json(p, sentences(p->words));
	else if (len == 5 && strncmp(name, "notes", len) == 0)
		add_json(p, notes(p));
	else if (len == 5 && strncmp(name, "draft", len) == 0)
		add_json(p, p->draft != NULL ? json_string(p->draft) : json_null());
	else if (len == 4 && strncmp(name, "form", len) == 0)
		p->r = p->r == CY_OK ? form_json(p->form, p->out) : p->r;
	else
		cy_assert_failed("the frame of the page names a part that there is", __FILE__, __LINE__);
}

int form_page(const struct form *form, const struct form_words *words, const char *draft, const char *const *notes_,
	      size_t n_notes, struct cy_buf *out)
{
	struct page p = {
		.out = out, .form = form, .words = words, .draft = draft, .notes = notes_, .n_notes = n_notes
	};
	const char *text = form_page_html, *open;

	while ((open = strstr(text, "{{")) != NULL) {
		const char *close = strstr(open, "}}");

		CY_ASSERT(close != NULL);
		add(&p, text, (size_t)(open - text));
		add_part(&p, open + 2, (size_t)(close - open - 2));
		text = close + 2;
	}
	add(&p, text, strlen(text));
	return p.r;
}
