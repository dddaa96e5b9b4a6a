#include "comityd/test_pause.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void wait_to_be_killed(void *ctx, const char *point)
{
	const char *file = getenv("COMITY_TEST_PAUSE");
	char paused[4096];
	int fd;

	(void)ctx;
	(void)point;
	if (file == NULL || access(file, F_OK) != 0)
		return;
	snprintf(paused, sizeof paused, "%s.paused", file);
	fd = open(paused, O_CREAT | O_WRONLY, 0600);
	if (fd >= 0)
		close(fd);
	for (;;)
		pause();
}

void (*test_pause_hook(void))(void *ctx, const char *point)
{
	return getenv("COMITY_TEST_PAUSE") != NULL ? wait_to_be_killed : NULL;
}

bool test_dumpable(void)
{
	return getenv("COMITY_TEST_DUMPABLE") != NULL;
}
