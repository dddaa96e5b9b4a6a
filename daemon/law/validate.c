#include "law/validate.h"

#include "law/check.h"
#include "law/kinds.h"

void law_check_content(struct law_check *c, const CyContent *content)
{
	const struct law_kind *kind = law_kind((uint32_t)content->kind_case);

	law_must(c, kind != NULL, "kind", LAW_NO_ARTICLE,
		 "One kind of message is expected; this one is missing or unknown.");
	if (kind == NULL)
		return;
	law_in(c, kind->name);
	if (content->kind_case == CY_CONTENT__KIND_REQUEST)
		law_check_request(c, content->request);
	else if (kind->who & LAW_ASKING)
		law_check_requesting(c, content);
	else
		law_check_requested(c, content);
}

int law_validate(const CyContent *content, struct law_faults *ret_faults)
{
	struct law_check c = { .faults = ret_faults };

	ret_faults->n = 0;
	ret_faults->more = false;
	law_check_content(&c, content);
	return ret_faults->n ? CY_EINVAL : CY_OK;
}
