/* How people name a message: by its id, or by its case and its number there. */
#ifndef CY_COMITYCTL_MESSAGE_ID_H
#define CY_COMITYCTL_MESSAGE_ID_H

#include "base/limits.h"
#include "comityctl/ctl.h"

/* `from`: whose message, where both sides have one of this number; NULL: not said. CTL_DONE, or the reason is printed,
 * for `command`. */
int message_id_find(struct ctl *ctl, const char *command, const char *word, const char *from,
		    char ret_id[static CY_UUID_LEN + 1]);

#endif
