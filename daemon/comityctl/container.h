/* Containers for several signed files: ASiC-E with CAdES (ETSI EN 319 162-1), a ZIP file in which `mimetype` stands
 * first, and META-INF has a manifest of all other files and a signature over it (wire/asic.h). */
#ifndef CY_COMITYCTL_CONTAINER_H
#define CY_COMITYCTL_CONTAINER_H

#include "base/bytes.h"
#include "wire/asic.h"

/* ------------------------------------------------------------------- writing */

/* A container that is being put together in memory. Zero-initialised it is empty. */
struct container {
	struct asic_file *files; /* in their order */
	struct cy_bytes *data;
	size_t n, room;
};

/* Adds a file; name and bytes are copied. A name that is there already stays as it is, and nothing is added. CTL_DONE,
 * or CTL_BAD_FILE with the sentence printed: there are more files than a container may have. */
int container_add(struct container *c, const char *name, struct cy_bytes data);

/* Appends the container as a file: with the same files, manifest and signature these are the same bytes. CTL_DONE, or
 * CTL_BAD_FILE with the sentence printed: it is longer than `out` may be. */
int container_bytes(const struct container *c, struct cy_bytes manifest, struct cy_bytes signature, struct cy_buf *out);

void container_free(struct container *c);

/* ------------------------------------------------------------------- reading */

/* Bytes of a container, and of its files together. */
#define CONTAINER_BYTES_MAX (512u * 1024u * 1024u)

/* Reads a container that somebody else wrote: mimetype, ASIC_MANIFEST and ASIC_SIGNATURE go into *own, all other files
 * into *c; the caller frees both, also on failure. *ret_digest is that of the whole file. Nothing is unpacked to the
 * disk. CTL_DONE, or CTL_BAD_FILE with the sentence printed: it is no ZIP file, its mimetype is another or not the
 * first, a name leads elsewhere or stands twice, a file is compressed, encrypted, or longer than the container itself,
 * META-INF has other files than these two. */
int container_read(const char *path, struct container *c, struct container *own, struct cy_digest *ret_digest);

/* The bytes of a file; a NULL pointer: there is none of this name. */
struct cy_bytes container_find(const struct container *c, const char *name);

#endif
