#include "io/descriptors.h"

#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

bool descriptors_left(size_t reserve)
{
	struct rlimit limit;
	int lowest = eventfd(0, EFD_CLOEXEC);

	if (lowest < 0)
		return false;
	close(lowest);
	/* The kernel gives the lowest free number: all below it are in use. */
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && (rlim_t)lowest + reserve < limit.rlim_cur;
}
