#include "io/signer/pem_file.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static const char begin[] = "-----BEGIN ", end[] = "-----";

/* The first line of a block, as OpenSSL knows it: blanks may follow, and nothing else. */
static bool is_begin(const char *line)
{
	size_t len = strlen(line);

	while (len > 0 && (uint8_t)line[len - 1] <= ' ')
		len--;
	return len >= sizeof begin - 1 + sizeof end - 1 && strncmp(line, begin, sizeof begin - 1) == 0 &&
	       memcmp(line + len - (sizeof end - 1), end, sizeof end - 1) == 0;
}

int pem_file_check(const char *path, struct cy_error *e)
{
	FILE *f = fopen(path, "re");
	char *line = NULL, buffer[4096];
	size_t room = 0, mark;
	int r = CY_OK;

	if (f != NULL)
		setvbuf(f, buffer, _IOFBF, sizeof buffer);
	for (int n = 1; f != NULL && r == CY_OK && getline(&line, &room, f) > 0; n++)
		if (strstr(line, "-BEGIN ") != NULL && !is_begin(line))
			r = cy_fail_at(e, CY_ECONFIG, path,
				       "line %d: this block would be passed over: %s; a line -----BEGIN ...----- and "
				       "nothing else is expected; correct it, or export the file anew",
				       n,
				       cy_utf8_mark(line, strlen(line), &mark) == CY_OK && mark > 0
					       ? "a byte order mark stands before it"
				       : line[0] == ' ' || line[0] == '\t' ? "it is indented"
									   : "its first line is not as it has to be");
	if (f != NULL)
		fclose(f);
	/* It may have been a key. */
	explicit_bzero(buffer, sizeof buffer);
	if (line != NULL)
		explicit_bzero(line, room);
	free(line);
	return r;
}
