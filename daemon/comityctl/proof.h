/* How a saved message is checked without this program (proto/PROTOCOL.md, "Signed texts"). */
#ifndef CY_COMITYCTL_PROOF_H
#define CY_COMITYCTL_PROOF_H

#include <stdbool.h>

#include "base/bytes.h"

#define PROOF_COMMANDS_MAX 2048

/* Add the commands for the files that `message show --save` writes, each line behind `indent`; those for the receipt
 * where there is one. ANCHORS.pem stands for the trust anchors of the signer. `out` has room for PROOF_COMMANDS_MAX. */
void proof_commands(const char *indent, bool receipt, struct cy_buf *out);

#endif
