/* The rule for who may read the file of a secret: one for the keys and the key of the store. It is
 * checked at the start, by --check-config, and whenever a file is read again. */
#ifndef CY_CONFIG_SECRET_FILE_H
#define CY_CONFIG_SECRET_FILE_H

#include <sys/types.h>

/* The permissions of `mode` that the file must not have; 0: it is closed. Only its owner may have
 * access; systemd opens a credential (systemd.exec(5), LoadCredential=) to the service's user by an
 * ACL, which shows as reading by its group. */
mode_t secret_file_open_to(const char *path, mode_t mode);

#endif
