/* Files of PEM blocks (RFC 7468), before OpenSSL reads them. It passes over what
 * stands around a block, and with it a block whose first line it does not know as
 * one: a CA, a pinned certificate or a CRL that somebody put there would be missing
 * without a word. */
#ifndef CY_IO_SIGNER_PEM_FILE_H
#define CY_IO_SIGNER_PEM_FILE_H

#include "base/error.h"

/* CY_ECONFIG names the file, the line that OpenSSL would pass over, and the remedy.
 * A file that cannot be read is the business of who reads it. */
int pem_file_check(const char *path, struct cy_error *e);

#endif
