/* The problems of a file that people write: all of them, not only the first, each as
 *     FILE:LINE: option 'x': what is wrong; what is expected; what to do */
#ifndef CY_CONFIG_CONFIG_PROBLEMS_H
#define CY_CONFIG_CONFIG_PROBLEMS_H

#include <stddef.h>

struct config_problem {
	int line;
	char *text; /* the whole sentence, with file and line */
};

/* In order of lines, of one file after the other. Zero-initialised it is empty. */
struct config_problems {
	struct config_problem *list;
	size_t n;
};

void config_problems_free(struct config_problems *out);

#endif
