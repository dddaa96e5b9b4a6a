/* The manifest of a container for several signed files, ASiC-E with CAdES (ETSI EN 319 162-1, clause 4.4 and annex A):
 * an XML text in META-INF that names each file with its SHA-256, and that a CMS signature beside it is over. Pure.
 *
 * There is one way to write it for a list of files, so that who has the files writes it again and compares bytes:
 * nobody has to read XML. */
#ifndef CY_WIRE_ASIC_H
#define CY_WIRE_ASIC_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/sha256.h"

#define ASIC_MEDIA_TYPE   "application/vnd.etsi.asic-e+zip"
#define ASIC_MANIFEST     "META-INF/ASiCManifest.xml"
#define ASIC_SIGNATURE    "META-INF/signature.p7s"
#define ASIC_NAME_MAX     200                             /* bytes of a file's name, folders included */
#define ASIC_FILES_MAX    1000                            /* files that one manifest names */
#define ASIC_MANIFEST_MAX (ASIC_FILES_MAX * 512u + 1024u) /* bytes; a file takes at most 512 */

struct asic_file {
	const char *name;
	struct cy_digest sha256;
};

/* Returns whether it may be the name of a file in a container that we write or read: folders and a name of letters,
 * digits, `.`, `_` and `-`, separated by `/`; none of them begins with a full stop, so that nothing lies outside of
 * the folder into which a container is unpacked. */
bool asic_name_valid(const char *name);

/* Appends the manifest of `n` files, in their order, each with a valid name, at most ASIC_FILES_MAX. CY_ELIMIT if it
 * does not fit. */
int asic_manifest(const struct asic_file *files, size_t n, struct cy_buf *out);

#endif
