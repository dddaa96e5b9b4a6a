/* The file by which one process keeps others out of what it has open. It holds the process's pid,
 * and lines in which that process says what others ask who find it locked. */
#ifndef CY_IO_SERVICE_LOCK_FILE_H
#define CY_IO_SERVICE_LOCK_FILE_H

#include <stdbool.h>

#include "base/error.h"

/* Make the file of mode 0600 if there is none, and lock it until *ret_fd is closed. CY_EEXIST: a process has
 * it locked; the sentence names its pid and `what` it has open, as "the store in /var/lib/comity". CY_ECONFIG:
 * it cannot be opened, locked or written. */
int lock_file_take(const char *path, const char *what, int *ret_fd, struct cy_error *e);

/* Say a line of this process in the file that it has locked. CY_ECONFIG: it cannot be written. */
int lock_file_say(const char *path, const char *line, struct cy_error *e);

/* Returns whether a process has locked it; false as well if that cannot be found out. */
bool lock_file_held(const char *path);

/* Has the process that took it last said this line? */
bool lock_file_said(const char *path, const char *line);

#endif
