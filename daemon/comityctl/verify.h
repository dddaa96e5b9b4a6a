/* What a container proves: which messages were signed by whom, and which of them the other side receipted. */
#ifndef CY_COMITYCTL_VERIFY_H
#define CY_COMITYCTL_VERIFY_H

#include "base/limits.h"
#include "comity/v1/types.pb-c.h"
#include "comityctl/cms.h"
#include "comityctl/container.h"
#include "comityctl/ctl.h"

#define VERIFY_AUTHORITIES_MAX 16
#define VERIFY_FAULTS_MAX      100 /* faults that are told */

struct verify_authority {
	char id[CY_AUTHORITY_MAX + 1];
	struct cms_anchors *anchors;
};

struct verify_message {
	char id[CY_UUID_LEN + 1], author[CY_AUTHORITY_MAX + 1];
	uint32_t number;
	const char *kind; /* name in Content; "" where the content is not in the container */
	struct cy_digest digest;
	struct cy_wall signed_at; /* `made` of the manifest */
	bool receipted;
	CyRejectionCode code; /* by the receipt; 0: accepted */
};

struct verify_fault {
	char file[ASIC_NAME_MAX + 1], text[320];
};

struct verification {
	struct verify_authority authorities[VERIFY_AUTHORITIES_MAX]; /* filled in by the caller */
	size_t n_authorities;
	struct container container, own;
	const char *given_out_by; /* who signed the container; NULL: nobody whose anchors are here */
	struct cy_wall given_out;
	size_t n_files;
	bool *covered;                   /* for each file: something that was signed stands for it */
	bool other_frame;                /* the ZIP file around the files is not as this program writes it */
	struct verify_message *messages; /* of verified manifests, in their order in the container */
	size_t n_messages;
	struct verify_fault faults[VERIFY_FAULTS_MAX]; /* what is not verified, and why */
	size_t n_faults;
};

/* Whose anchors these are; NULL: there are none. */
const struct verify_authority *verify_authority(const struct verification *r, const char *id);

/* Reads a container and verifies all of it. CTL_DONE, also with faults; or CTL_BAD_FILE with the sentence printed. */
int verify_container(struct verification *r, const char *path);

void verify_free(struct verification *r);

#endif
