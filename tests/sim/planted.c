/* Which bug of daemon/base/mutant.h shows: the one that the environment names. */
#define CY_MUTANTS /* cy_planted() is declared */
#include "base/mutant.h"

#include <stdlib.h>
#include <string.h>

static const char *planted = "";

/* Before main(): threads only read it. */
__attribute__((constructor)) static void look(void)
{
	const char *name = getenv("CY_MUTANT");

	if (name != NULL)
		planted = name;
}

bool cy_planted(const char *name)
{
	return strcmp(planted, name) == 0;
}
