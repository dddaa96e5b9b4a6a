#include "io/loop/descriptors.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* The kernel gives the lowest free number: all below it are in use. */
bool descriptors_spare(int fd, size_t reserve)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)fd + reserve < limit.rlim_cur;
}

bool descriptors_left(size_t reserve)
{
	int lowest = eventfd(0, EFD_CLOEXEC);

	if (lowest < 0)
		return false;
	close(lowest);
	return descriptors_spare(lowest, reserve);
}
