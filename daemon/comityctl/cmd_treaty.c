/* treaty list, show, check. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comityctl/out.h"
#include "comityctl/treaties.h"

static const char list_help[] = "usage: comityctl treaty list [--treaties DIR]\n"
				"\n"
				"Lists the treaty profiles, without a daemon. VERIFIED counts the statements that\n"
				"were checked against the primary text, of all that a profile makes.\n"
				"\n"
				"  --treaties DIR  the profiles (default: $COMITY_TREATIES, else those installed)\n";

static const char show_help[] = "usage: comityctl treaty show INSTRUMENT [VERSION] [--treaties DIR]\n"
				"\n"
				"Shows a treaty profile: its canonical form, a line for each statement, and the\n"
				"digest by which two authorities see that they have the same. Without VERSION it\n"
				"is the one effective today. What is from memory is marked: not verified against\n"
				"the primary text.\n"
				"\n"
				"  --treaties DIR  the profiles (default: $COMITY_TREATIES, else those installed)\n";

static const char check_help[] = "usage: comityctl treaty check FILE...\n"
				 "\n"
				 "Checks files of treaty profiles, without a daemon, and prints every problem with\n"
				 "file and line, what was expected and what to do; see comity.treaty(5).\n";

/* ------------------------------------------------------- the canonical form */

static struct cy_buf canonical(const struct law_profile *p)
{
	struct cy_buf b = CY_BUF(LAW_CANONICAL_MAX);

	CY_ASSERT(law_profile_canonical(p, &b) == CY_OK);
	return b;
}

/* The next line of `form`, cut in two; false at the end. */
static bool next_line(char **form, const char **ret_path, const char **ret_value)
{
	char *line = *form, *end = strchr(line, '\n'), *sign;

	if (end == NULL)
		return false;
	*end = '\0';
	*form = end + 1;
	sign = strstr(line, " = ");
	CY_ASSERT(sign != NULL);
	*sign = '\0';
	*ret_path = line;
	*ret_value = sign + 3;
	return true;
}

static bool says_verified(const char *path)
{
	const size_t len = strlen(path), word = sizeof("verified") - 1;

	return len >= word && strcmp(path + len - word, "verified") == 0 &&
	       (len == word || path[len - word - 1] == '.');
}

static void count_verified(const struct law_profile *p, unsigned *ret_verified, unsigned *ret_all)
{
	struct cy_buf b = canonical(p);
	char *form = (char *)b.data;
	const char *path, *value;

	*ret_verified = *ret_all = 0;
	while (next_line(&form, &path, &value)) {
		if (!says_verified(path))
			continue;
		++*ret_all;
		*ret_verified += strcmp(value, "yes") == 0;
	}
	cy_buf_free(&b);
}

static void print_json(json_t *object)
{
	CY_ASSERT(object && json_dumpf(object, stdout, JSON_COMPACT) == 0);
	putchar('\n');
	json_decref(object);
}

/* ---------------------------------------------------------------------- list */

static void list_json(const struct law_profile *p)
{
	char digest[CY_SHA256_HEX];
	json_t *parties = json_array();
	unsigned verified, all;

	cy_digest_hex(&p->digest, digest);
	count_verified(p, &verified, &all);
	for (size_t i = 0; i < p->n_parties; i++)
		json_array_append_new(parties, json_string(p->parties[i].state));
	if (p->parties_open)
		json_array_append_new(parties, json_string("others"));
	print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:i, s:i}", "instrument", p->id, "version",
			     p->version, "title", p->title, "digest", digest, "status", law_status_name(p->status),
			     "effectiveFrom", treaties_date(p->effective_from), "effectiveTo",
			     treaties_date(p->effective_to), "parties", parties, "verified", p->verified,
			     "statementsVerified", (int)verified, "statements", (int)all));
}

static int run_list(struct ctl *ctl, int argc, char **argv)
{
	static const char *const heads[] = {
		"INSTRUMENT", "VERSION", "STATUS", "FROM", "PARTIES", "VERIFIED", "TITLE"
	};
	const char *dir = NULL;
	const struct ctl_option options[] = { { .name = "treaties", .value = &dir } };
	struct treaties t = { 0 };
	struct out_table *table;
	int r = ctl_parse(ctl, &ctl_treaty_list, argc, argv, options, 1, NULL, 0, 0, NULL);

	if (r == CTL_DONE)
		r = treaties_load(dir, &t);
	if (r != CTL_DONE) {
		cy_arena_free(&t.arena);
		return r;
	}
	table = ctl->json ? NULL : out_table_new(sizeof heads / sizeof heads[0], heads);
	for (size_t i = 0; i < t.n; i++) {
		const struct law_profile *p = t.list[i];
		unsigned verified, all;

		if (ctl->json) {
			list_json(p);
			continue;
		}
		count_verified(p, &verified, &all);
		out_cell(table, "%s", p->id);
		out_cell(table, "%s", p->version);
		out_cell(table, "%s", law_status_name(p->status));
		out_cell(table, "%s", out_or_dash(treaties_date(p->effective_from)));
		if (p->n_parties)
			out_cell(table, "%zu%s", p->n_parties, p->parties_open ? ", others" : "");
		else
			out_cell(table, "-");
		out_cell(table, "%u of %u", verified, all);
		out_cell(table, "%s", p->title);
	}
	if (table != NULL) {
		out_table_cut(table);
		out_table_end(table);
	}
	cy_arena_free(&t.arena);
	return CTL_DONE;
}

/* ---------------------------------------------------------------------- show */

static void show_json(const struct law_profile *p, char *form)
{
	char digest[CY_SHA256_HEX];
	json_t *lines = json_object();
	const char *path, *value;

	cy_digest_hex(&p->digest, digest);
	while (next_line(&form, &path, &value))
		json_object_set_new(lines, path, json_string(value));
	print_json(json_pack("{s:s, s:s, s:s, s:o}", "instrument", p->id, "version", p->version, "digest", digest,
			     "canonical", lines));
}

static void show_text(const struct law_profile *p, char *form)
{
	char digest[CY_SHA256_HEX];
	const char *path, *value;

	cy_digest_hex(&p->digest, digest);
	printf("# %s, version %s\n# sha256 %s\n", p->id, p->version, digest);
	while (next_line(&form, &path, &value)) {
		const bool doubtful = says_verified(path) && strcmp(value, "no") == 0;

		printf("%s = ", path);
		out_safe(stdout, value);
		fputs(doubtful ? "  # " TREATIES_UNVERIFIED "\n" : "\n", stdout);
	}
}

static int run_show(struct ctl *ctl, int argc, char **argv)
{
	const char *dir = NULL, *words[2] = { NULL, "" };
	const struct ctl_option options[] = { { .name = "treaties", .value = &dir } };
	const struct law_profile *p = NULL;
	struct treaties t = { 0 };
	size_t n;
	int r = ctl_parse(ctl, &ctl_treaty_show, argc, argv, options, 1, words, 1, 2, &n);

	if (r == CTL_DONE)
		r = treaties_load(dir, &t);
	if (r == CTL_DONE) {
		p = treaties_find(&t, words[0], n > 1 ? words[1] : "");
		r = p != NULL ? CTL_DONE : CTL_NOT_FOUND;
	}
	if (p != NULL) {
		struct cy_buf b = canonical(p);

		if (ctl->json)
			show_json(p, (char *)b.data);
		else
			show_text(p, (char *)b.data);
		cy_buf_free(&b);
	}
	cy_arena_free(&t.arena);
	return r;
}

/* --------------------------------------------------------------------- check */

static void check_json(const char *file, const struct law_profile *p, const struct config_problems *problems)
{
	char digest[CY_SHA256_HEX] = "";
	json_t *list = json_array();

	if (p != NULL)
		cy_digest_hex(&p->digest, digest);
	for (size_t i = 0; i < problems->n; i++)
		json_array_append_new(
			list, json_pack("{s:i, s:s}", "line", problems->list[i].line, "text", problems->list[i].text));
	print_json(json_pack("{s:s, s:s, s:s, s:s, s:o}", "file", file, "instrument", p != NULL ? p->id : "", "version",
			     p != NULL ? p->version : "", "digest", digest, "problems", list));
}

/* False: it has problems, which are printed. */
static bool check(const char *file, bool json)
{
	struct config_problems problems = { 0 };
	const struct law_profile *p = NULL;
	struct cy_arena arena = { 0 };
	char digest[CY_SHA256_HEX];
	const bool good = profile_load(file, &arena, &p, &problems) == CY_OK;

	if (json) {
		check_json(file, p, &problems);
		config_problems_free(&problems);
	} else if (good) {
		cy_digest_hex(&p->digest, digest);
		printf("%s: %s, version %s, sha256 %s\n", file, p->id, p->version, digest);
	}
	treaties_problems(&problems);
	cy_arena_free(&arena);
	return good;
}

static int run_check(struct ctl *ctl, int argc, char **argv)
{
	const char *files[CTL_LIST_MAX];
	bool good = true;
	size_t n;
	int r = ctl_parse(ctl, &ctl_treaty_check, argc, argv, NULL, 0, files, 1, CTL_LIST_MAX, &n);

	if (r != CTL_DONE)
		return r;
	for (size_t i = 0; i < n; i++)
		good = check(files[i], ctl->json) && good;
	return good ? CTL_DONE : CTL_BAD_FILE;
}

const struct ctl_command ctl_treaty_list = { "treaty list", "list the treaty profiles", list_help, run_list, NULL };
const struct ctl_command ctl_treaty_show = { "treaty show", "show a treaty profile", show_help, run_show, NULL };
const struct ctl_command ctl_treaty_check = { "treaty check", "check files of treaty profiles", check_help, run_check,
					      NULL };
