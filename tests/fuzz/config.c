/* The configuration: any file is loaded or refused in whole sentences. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config_confuse.h"
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config *c = NULL;
	struct config_problems out = { 0 };
	int r, line = 0;

	CY_ASSERT(ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == (ssize_t)size);
	r = config_load(path, &c, &out);
	CY_ASSERT((r == CY_OK) == (out.n == 0));
	if (r == CY_OK)
		CY_ASSERT(cy_authority_valid(c->id) && c->window >= 1 && c->window <= CY_WINDOW_MAX);
	for (size_t i = 0; i < out.n; i++) {
		CY_ASSERT(strncmp(out.list[i].text, path, strlen(path)) == 0);
		CY_ASSERT(out.list[i].line >= line);
		line = out.list[i].line;
		/* One line for the terminal, whatever the file holds. */
		for (const char *s = out.list[i].text; *s != '\0'; s++)
			CY_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
	}
	config_problems_free(&out);
	config_free(c);
	return 0;
}
