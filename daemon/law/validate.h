/* Validation of a message (domain, section 4): what it must contain under every treaty. All faults are
 * reported at once, each with the path of its field. */
#ifndef CY_LAW_VALIDATE_H
#define CY_LAW_VALIDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/sentence.h"
#include "comity/v1/case.pb-c.h"
#include "comity/v1/local.pb-c.h"

#define LAW_FAULTS_MAX 64

/* The faults found. `more` says that there were more than fit. Texts are
 * sentences. */
struct law_faults {
	size_t n;
	bool more;
	struct law_fault {
		char field[96];
		char text[640];
		struct cy_sentence sentence; /* how the text was made, for other languages */
		char article[200];           /* may be empty */
	} at[LAW_FAULTS_MAX];
};

/* Validates the content of a message, as submitted or received. Faults name fields relative to
 * Content, such as `request.measures[0].type`. Returns CY_OK, or CY_EINVAL with faults. */
int law_validate(const CyContent *content, struct law_faults *ret_faults);

/* Validates the fields around the content that a case system hands in, and that there is content, as far as that does
 * not depend on the peers and cases that the daemon knows. Faults name fields as `submission.own_reference`. Returns
 * CY_OK, or CY_EINVAL with faults. */
int law_validate_submission(const CySubmission *submission, struct law_faults *ret_faults);

/* Returns the attachments of a content; *ret_n is 0 for a kind that has none. */
CyAttachment **law_attachments_of(const CyContent *content, size_t *ret_n);

#endif
