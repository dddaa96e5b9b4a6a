#include "comityd/hold.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void hold(void *ctx, const char *place)
{
	const char *file = getenv("COMITY_TEST_HOLD");
	char held[4096];
	int fd;

	(void)ctx;
	(void)place;
	if (file == NULL || access(file, F_OK) != 0)
		return;
	snprintf(held, sizeof held, "%s.held", file);
	fd = open(held, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0)
		close(fd);
	for (;;)
		pause();
}

void (*hold_hook(void))(void *ctx, const char *place)
{
	return getenv("COMITY_TEST_HOLD") != NULL ? hold : NULL;
}

bool hold_dumpable(void)
{
	return getenv("COMITY_TEST_DUMPABLE") != NULL;
}
