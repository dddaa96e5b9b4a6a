#include "base/comment.h"

#include <string.h>

const char *cy_comment_of(const char *name)
{
	for (size_t i = 0; i < cy_comments_n; i++)
		if (strcmp(cy_comments[i].name, name) == 0)
			return cy_comments[i].text;
	return "";
}
