/* A treaty profile: any file is loaded or refused in whole sentences, and what is loaded
 * has one canonical form. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/profile_confuse.h"
#include "fuzz.h"

static int file = -1;
static char path[] = "/dev/shm/comity-fuzz-XXXXXX";

static void clean(void)
{
	unlink(path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	file = mkostemp(path, O_CLOEXEC);
	CY_ASSERT(file >= 0 && atexit(clean) == 0);
	return 0;
}

/* Lines with a path each, every path once, in order. */
static void one_form(const struct law_profile *p)
{
	struct cy_buf b = CY_BUF(LAW_CANONICAL_MAX);
	struct law_diff diff;
	struct law_difference d;
	const char *last = NULL;
	struct cy_digest digest;

	CY_ASSERT(law_profile_canonical(p, &b) == CY_OK);
	digest = cy_sha256(cy_buf_view(&b));
	CY_ASSERT(cy_digest_equal(&digest, &p->digest));
	diff = (struct law_diff){ cy_buf_view(&b), cy_buf_view(&b) };
	CY_ASSERT(!law_diff_next(&diff, &d));
	for (char *line = (char *)b.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		CY_ASSERT(strstr(line, " = ") != NULL);
		*strstr(line, " = ") = '\0';
		CY_ASSERT(last == NULL || strcmp(last, line) < 0);
		last = line;
	}
	cy_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cy_arena arena = { 0 };
	const struct law_profile *p = NULL;
	struct config_problems out = { 0 };
	int r, line = 0;

	CY_ASSERT(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	r = profile_load(path, &arena, &p, &out);
	CY_ASSERT((r == CY_OK) == (out.n == 0) && (r == CY_OK) == (p != NULL));
	if (p != NULL)
		one_form(p);
	for (size_t i = 0; i < out.n; i++) {
		CY_ASSERT(strncmp(out.list[i].text, path, strlen(path)) == 0);
		CY_ASSERT(out.list[i].line >= line);
		line = out.list[i].line;
		for (const char *s = out.list[i].text; *s != '\0'; s++)
			CY_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
	}
	config_problems_free(&out);
	cy_arena_free(&arena);
	return 0;
}
