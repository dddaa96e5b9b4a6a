/* Attachments as people see them: `evidence list`, `evidence custody` and `case show`. */
#ifndef CY_COMITYCTL_EVIDENCE_TABLE_H
#define CY_COMITYCTL_EVIDENCE_TABLE_H

#include "comity/v1/local.pb-c.h"
#include "comityctl/out.h"

struct out_table *evidence_table(void);
void evidence_row(struct out_table *t, const CyEvidenceView *v);

/* One of them, a line for each thing that is known. */
void evidence_print(const CyEvidenceView *v);

#endif
