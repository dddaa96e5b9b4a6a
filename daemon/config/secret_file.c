#include "config/secret_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

mode_t secret_file_open_to(const char *path, mode_t mode)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const size_t len = credentials == NULL ? 0 : strlen(credentials);
	const bool credential = len > 0 && strncmp(path, credentials, len) == 0 && path[len] == '/';

	return mode & (mode_t)(credential ? 0037 : 0077);
}
