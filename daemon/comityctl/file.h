/* Files that commands write, and where those are that were installed with the program. Nothing is replaced but a
 * regular file of the caller: a symbolic link, a device or a pipe would be taken away from whoever else uses it
 * (/dev/stdout of the machine, where root asks for it), and a file of somebody else from its owner. */
#ifndef CY_COMITYCTL_FILE_H
#define CY_COMITYCTL_FILE_H

#include "base/bytes.h"

/* CTL_DONE: there is none of this name, or it may be replaced. CTL_BAD_FILE, with the sentence
 * printed, which names the option `option` where another file can be said. */
int file_may_replace(const char *path, const char *option);

/* Write all of it in place of the file at once, or change nothing; one that was there keeps its
 * mode, a new one is the caller's alone, and nobody may read it who could not read the old one. CTL_DONE, or
 * CTL_BAD_FILE with the sentence printed. */
int file_replace(const char *path, const char *option, struct cy_bytes data);

/* The same, but what is written is the caller's alone, whoever could read the old one. */
int file_replace_by_own(const char *path, const char *option, struct cy_bytes data);

/* A file or directory by its place beside this program, such as /../share/comity; to be freed. NULL: it is not there.
 */
char *file_beside(const char *place);

#endif
