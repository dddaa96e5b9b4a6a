/* Handing content over to the daemon: by an open file, or as a stream. */
#ifndef CY_COMITYCTL_UPLOAD_H
#define CY_COMITYCTL_UPLOAD_H

#include <sys/types.h>

#include "comityctl/attach.h"
#include "comityctl/ctl.h"

struct upload_options {
	const char *key; /* NULL: made of the file's identity */
	bool stream;     /* also what could be handed over as an open file */
	bool lines;      /* progress by lines */
};

/* Hand over `file` ("-": standard input) and describe it as `name`; the daemon has it on stable
 * storage then, and *ret_attachment is freed with cy_attachment__free_unpacked(.., NULL).
 * Otherwise the sentence is printed, with what to do. */
int upload(struct ctl *ctl, const char *file, const char *name, const struct upload_options *o,
	   const struct attach_options *described, CyAttachment **ret_attachment);

/* `--attach`: hand the files over and add them to the attachments of what is said. NULL: nothing
 * is. */
int upload_attach(struct ctl *ctl, const char *command, ProtobufCMessage *body, const struct ctl_list *files,
		  const struct attach_options *described);

/* Open for reading what is to be evidence: no directory. -1 with the sentence printed. */
int upload_open(const char *file);

/* Read until `len` bytes are there, or its end; -1 with the sentence printed. */
ssize_t upload_read(int fd, const char *file, uint8_t *data, size_t len);

#endif
