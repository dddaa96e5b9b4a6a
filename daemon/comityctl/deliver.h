/* Handing a submission in: what `submit` and `send` share. */
#ifndef CY_COMITYCTL_DELIVER_H
#define CY_COMITYCTL_DELIVER_H

#include "comityctl/ctl.h"

/* LOW, NORMAL, HIGH, EMERGENCY of either case; CTL_USAGE with the sentence. */
int deliver_priority(const char *command, const char *text, CyPriority *ret_priority);

/* Hand in under `key` (NULL: the digest of what is handed in), also where another case has its reference
 * (`same_reference`), and print the acceptance. When the
 * outcome is uncertain, it is said how to repeat it. Returns an exit code. */
int deliver(struct ctl *ctl, const char *command, const char *key, bool same_reference, CySubmission *submission);

#endif
