#include "comityctl/message_id.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/uuid.h"

/* The message of a case by its number there, which each side counts for itself. */
static int by_number(const CyCaseView *v, const char *command, const char *word, uint64_t number, const char *from,
		     char ret_id[static CY_UUID_LEN + 1])
{
	const CyMessageSummary *found = NULL;

	for (size_t i = 0; i < v->n_messages; i++) {
		const CyMessageSummary *m = v->messages[i];

		if (m->number != number || (from != NULL && strcmp(m->author, from) != 0))
			continue;
		if (found != NULL)
			return ctl_usage(command,
					 "both sides have a message of this number (%s: %s; %s: %s): "
					 "say --from %s or --from %s",
					 found->author, found->kind_name, m->author, m->kind_name, found->author,
					 m->author);
		found = m;
	}
	if (found == NULL || cy_copy(ret_id, CY_UUID_LEN + 1, found->message_id) != CY_OK)
		return ctl_fail(CTL_NOT_FOUND, "there is no message '%s'%s%s", word, from != NULL ? " from " : "",
				from != NULL ? from : "");
	return CTL_DONE;
}

int message_id_find(struct ctl *ctl, const char *command, const char *word, const char *from,
		    char ret_id[static CY_UUID_LEN + 1])
{
	const char *sign = strrchr(word, '#');
	char ref[CY_REFERENCE_MAX + 1];
	CyServerFrame *reply;
	uint64_t number;
	int r;

	if (cy_uuid_valid(word) && from == NULL)
		return cy_copy(ret_id, CY_UUID_LEN + 1, word) == CY_OK ? CTL_DONE : CTL_USAGE;
	if (sign == NULL || (size_t)(sign - word) >= sizeof ref ||
	    cy_parse_u64(sign + 1, strlen(sign + 1), UINT32_MAX, &number) != CY_OK)
		return ctl_usage(command, "'%s' is neither a message id nor a case with '#' and a number", word);
	snprintf(ref, sizeof ref, "%.*s", (int)(sign - word), word);
	r = ctl_show_case(ctl, ref, &reply);
	if (r != CTL_DONE)
		return r;
	r = by_number(reply->case_view, command, word, number, from, ret_id);
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}
