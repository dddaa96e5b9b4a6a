/* The list of orders (port/orders.h) as the file DIR/orders.
 *
 * DIR is 0700 and ours, its files 0600. It lies apart from the store's directory, best on another
 * disk, and is not restored together with it. Only lines that were flushed are relied upon: half a
 * line at the end was never on stable storage when the process died, and is cut off at the next
 * start. Whatever else is wrong with the file is an error. One process has it open, which DIR/lock says. */
#ifndef CY_IO_SERVICE_ORDERS_FILE_H
#define CY_IO_SERVICE_ORDERS_FILE_H

#include "base/error.h"
#include "port/ports.h"

struct orders_file;

/* Open this authority's list, or begin it. CY_EEXIST: another process has it open (the sentence names
 * its pid). CY_ECONFIG: directory or file are not as they must be. CY_EPARSE: the list is damaged,
 * or another authority's. */
int orders_file_open(const char *dir, const char *authority, struct orders_file **ret_file,
		     struct orders_port *ret_port, struct cy_error *e);
void orders_file_close(struct orders_file *f); /* NULL is fine */

#endif
