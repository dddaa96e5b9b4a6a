/* main() of a target without libFuzzer: each file named, or in a directory named,
 * is one input. Prints a line of TAP for each argument; a broken one ends the process. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void one(const char *path)
{
	FILE *f = fopen(path, "r");
	struct cy_buf b = CY_BUF(4u * 1024u * 1024u);
	char piece[4096];
	uint8_t *exact;
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(2);
	}
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		CY_ASSERT(cy_buf_add(&b, piece, n) == CY_OK);
	fclose(f);
	/* Whoever dies in it says where: the last line on standard error. */
	fprintf(stderr, "%s\n", path);
	/* No byte more than there is, so that reading beyond the end is seen. */
	exact = malloc(b.len + (b.len == 0));
	CY_ASSERT(exact != NULL);
	if (b.len > 0)
		memcpy(exact, b.data, b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	cy_buf_free(&b);
}

static int shown(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	printf("1..%d\n", argc - 1);
	for (int i = 1; i < argc; i++) {
		struct dirent **list = NULL;
		int n = scandir(argv[i], &list, shown, alphasort);
		char path[4096];

		if (n < 0)
			one(argv[i]);
		for (int k = 0; k < n; k++) {
			snprintf(path, sizeof path, "%s/%s", argv[i], list[k]->d_name);
			one(path);
			free(list[k]);
		}
		free(list);
		printf("ok %d - %s, %d input(s)\n", i, argv[i], n < 0 ? 1 : n);
		fflush(stdout);
	}
	return 0;
}
