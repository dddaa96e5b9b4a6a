#include "law/validate.h"

#include <string.h>

#include "base/limits.h"
#include "law/check.h"
#include "law/kinds.h"

void law_check_content(struct law_check *c, const CyContent *content)
{
	const struct law_kind *kind = law_kind((uint32_t)content->kind_case);

	law_must(c, kind != NULL, "kind", "One kind of message is expected; this one is missing or unknown.");
	if (kind == NULL)
		return;
	law_in(c, kind->name);
	if (content->kind_case == CY_CONTENT__KIND_REQUEST)
		law_check_request(c, content->request);
	else if (kind->who & LAW_ASKING)
		law_check_follow_up(c, content);
	else
		law_check_answer(c, content);
}

int law_validate(const CyContent *content, struct law_faults *ret_faults)
{
	struct law_check c = { .faults = ret_faults };

	ret_faults->n = 0;
	ret_faults->more = false;
	law_check_content(&c, content);
	return ret_faults->n ? CY_EINVAL : CY_OK;
}

int law_validate_submission(const CySubmission *s, struct law_faults *ret_faults)
{
	struct law_check c = { .faults = ret_faults };

	ret_faults->n = 0;
	ret_faults->more = false;
	law_in(&c, "submission");
	law_must(&c, s->priority <= CY_PRIORITY__EMERGENCY, "priority", "LOW, NORMAL, HIGH or EMERGENCY is expected.");
	law_must(&c, strlen(s->own_reference) <= CY_REFERENCE_MAX, "own_reference", "At most %u bytes are expected.",
		 CY_REFERENCE_MAX);
	law_must(&c, s->content != NULL, "content", "What is said is mandatory.");
	if (s->content == NULL)
		return CY_EINVAL;
	law_must(&c, !law_kind_stated(s->content->kind_case), "content",
		 "The daemon says this by itself: no case system hands it in.");
	if (law_kind_opens(s->content->kind_case)) {
		law_must(&c, s->own_reference[0] != '\0', "own_reference",
			 "The own file reference is mandatory to open a case.");
		law_must(&c, s->case_ref[0] == '\0', "case_ref",
			 "This kind opens a case: leave it empty, or refer to the other case in `links`.");
	} else {
		law_must(&c, s->case_ref[0] != '\0', "case_ref",
			 "The case id or a reference of the case is mandatory.");
	}
	return ret_faults->n ? CY_EINVAL : CY_OK;
}
