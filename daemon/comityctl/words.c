#include "comityctl/words.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>
#include <unistd.h>

#include "comityctl/file.h"
#include "comityctl/say.h"
#include "comityctl/treaties.h"
#include "config/form_confuse.h"

#define CATALOGUE_MAX (4u * 1024u * 1024u)
#define NAME_MAX_U    128

/* Names of states and languages are those of CLDR, in every language. */
static const char *by_icu(struct words *w, const char *context, const char *code)
{
	const bool state = strcmp(context, "state") == 0;
	UErrorCode error = U_ZERO_ERROR;
	UChar name[NAME_MAX_U];
	char locale[16], text[NAME_MAX_U * 3];
	int32_t n;

	snprintf(locale, sizeof locale, state ? "und_%.8s" : "%.8s", code);
	n = state ? uloc_getDisplayCountry(locale, w->language, name, NAME_MAX_U, &error)
		  : uloc_getDisplayLanguage(locale, w->language, name, NAME_MAX_U, &error);
	if (U_FAILURE(error) || n <= 0)
		return NULL;
	u_strToUTF8(text, sizeof text, NULL, name, n, &error);
	if (U_FAILURE(error) || strcmp(text, code) == 0)
		return NULL;
	return cy_arena_string(&w->arena, text);
}

static const char *look_up(void *arg, const char *context, const char *id)
{
	struct words *w = arg;
	const char *text = form_catalogue_find(&w->catalogue, context, id);

	if (text == NULL && (strcmp(context, "state") == 0 || strcmp(context, "language") == 0))
		text = by_icu(w, context, id);
	return text;
}

/* Codes of two letters, of a list of ICU. */
static const char *const *of_two(struct words *w, const char *const *all)
{
	const char **list;
	size_t n = 0, k = 0;

	while (all[n] != NULL)
		n++;
	list = cy_arena_take(&w->arena, (n + 1) * sizeof *list);
	for (size_t i = 0; i < n; i++)
		if (strlen(all[i]) == 2)
			list[k++] = all[i];
	return list;
}

/* fr_FR.UTF-8 is fr. */
static void of_locale(char out[static 8])
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *value = NULL;

	for (size_t i = 0; i < sizeof names / sizeof names[0] && (value == NULL || !value[0]); i++)
		value = getenv(names[i]);
	snprintf(out, 8, "%.*s", value != NULL ? (int)strcspn(value, "_.@") : 0, value != NULL ? value : "");
}

static int read_whole(const char *path, struct cy_arena *a, struct cy_bytes *ret)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	bool whole;

	if (fd < 0)
		return ctl_fail(CTL_BAD_FILE,
				"%s: it cannot be read; the file that was installed with this program is "
				"expected",
				path);
	whole = fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size <= (off_t)CATALOGUE_MAX;
	data = cy_arena_take(a, whole ? (size_t)st.st_size + 1 : 1);
	whole = whole && read(fd, data, (size_t)st.st_size) == st.st_size;
	close(fd);
	if (!whole)
		return ctl_fail(CTL_BAD_FILE, "%s: a catalogue of at most %u bytes is expected", path, CATALOGUE_MAX);
	*ret = cy_bytes(data, (size_t)st.st_size);
	return CTL_DONE;
}

static bool is_code(const char *text)
{
	const size_t len = strlen(text);

	return len >= 2 && len <= 3 && strspn(text, "abcdefghijklmnopqrstuvwxyz") == len;
}

static char *catalogue_of(const char *language)
{
	char name[64];

	snprintf(name, sizeof name, "/../share/comity/locale/%.8s.mo", language);
	return is_code(language) ? file_beside(name) : NULL;
}

/* *ret_path, to be freed, is NULL where there is no catalogue for what the environment says, and none for English. */
static int choose(const char *command, const char *language, struct words *w, char **ret_path)
{
	char *path;

	if (language == NULL)
		of_locale(w->language);
	else
		snprintf(w->language, sizeof w->language, "%.7s", language);
	path = catalogue_of(w->language);
	if (path == NULL && language != NULL)
		return ctl_usage(
			command,
			"there is no catalogue for the language '%s'; --language requires two small letters of "
			"ISO 639-1, such as en or fr",
			language);
	if (path == NULL) {
		snprintf(w->language, sizeof w->language, "en");
		path = catalogue_of("en");
	}
	*ret_path = path;
	return CTL_DONE;
}

static int open_catalogue(const char *path, struct words *w)
{
	struct cy_error e = { 0 };
	struct cy_bytes file;
	int r = read_whole(path, &w->arena, &file);

	if (r == CTL_DONE && form_catalogue_open(file, &w->catalogue, &e) != CY_OK)
		r = ctl_fail(CTL_BAD_FILE, "%s: %s", path, e.text);
	w->words = (struct form_words){ .look_up = look_up, .arg = w, .language = w->language };
	return r;
}

int words_speak(const char *language, struct words *w)
{
	char *path = NULL;
	int r = choose(NULL, language, w, &path);

	if (r == CTL_DONE && path != NULL)
		r = open_catalogue(path, w);
	free(path);
	return r;
}

int words_load(const char *command, const char *language, struct words *w)
{
	struct config_problems problems = { 0 };
	char *path = NULL;
	int r = choose(command, language != NULL ? language : say_language(), w, &path);

	if (r == CTL_DONE && path == NULL)
		r = ctl_fail(CTL_BAD_FILE, "the words of forms (share/comity/locale) are not installed beside this "
					   "program");
	if (r == CTL_DONE)
		r = open_catalogue(path, w);
	free(path);
	if (r != CTL_DONE)
		return r;
	path = file_beside("/../share/comity/form.conf");
	if (path == NULL)
		return ctl_fail(CTL_BAD_FILE, "the layout of forms (share/comity/form.conf) is not installed beside "
					      "this program");
	if (form_load(path, &w->arena, &w->layout, &problems) != CY_OK)
		r = CTL_BAD_FILE;
	free(path);
	treaties_problems(&problems);
	w->words.states = of_two(w, uloc_getISOCountries());
	w->words.languages = of_two(w, uloc_getISOLanguages());
	return r;
}
