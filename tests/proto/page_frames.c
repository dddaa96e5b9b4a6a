/* Features, and the names of frames and codes that the page explains in its own words. */
#include <stdio.h>

#include "comity/v1/bulk.pb-c.h"
#include "node/core/core.h"
#include "page.h"

static void features(void)
{
	page_begin("features", "feature|what belongs to it");
#define X(name, word, what) page_row(2, (const char *[]){ "`" word "`", what });
	NODE_FEATURES(X)
#undef X
	page_end();
}

/* For page_test.py: the table below the mark has exactly these names in its first column. */
static void names_of_fields(const char *mark, const ProtobufCMessageDescriptor *d)
{
	printf("<!-- names: %s -->", mark);
	for (unsigned i = 0; i < d->n_fields; i++)
		printf(" %s", d->fields[i].name);
	putchar('\n');
}

static void names_of_values(const char *mark, const ProtobufCEnumDescriptor *d)
{
	printf("<!-- names: %s -->", mark);
	for (unsigned i = 0; i < d->n_values; i++)
		if (d->values[i].value != 0)
			printf(" %s", d->values[i].name);
	putchar('\n');
}

void page_frames(void)
{
	features();
	names_of_fields("frames of the message lane", &cy_peer_frame__descriptor);
	names_of_fields("frames of the bulk lane", &cy_bulk_frame__descriptor);
	names_of_values("why nothing is sent", &cy_not_sent_code__descriptor);
	names_of_values("fates of evidence", &cy_evidence_fate__descriptor);
}
