#include "comityctl/deliver.h"

#include <stdio.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/limits.h"
#include "comityctl/fields.h"
#include "comityctl/out.h"

#define KEY_BYTES 16

int deliver_priority(const char *command, const char *text, CyPriority *ret_priority)
{
	const ProtobufCEnumValue *v = fields_enum_value(&cy_priority__descriptor, text);

	if (!v || v->value == CY_PRIORITY__PRIORITY_UNSPECIFIED)
		return ctl_usage(command, "--priority is LOW, NORMAL, HIGH or EMERGENCY, not '%s'", text);
	*ret_priority = (CyPriority)v->value;
	return CTL_DONE;
}

static void print_accepted(const CySubmitted *s)
{
	out_pair("Message", "%s", s->message_id);
	out_pair("Case", "%s", s->case_id);
	out_pair("Number", "%u", s->number);
	out_pair("SHA-256", "%s", out_hex(&s->sha256));
	out_pair("Accepted", "%s", s->repeated ? "before, under the same key" : "now, it is on stable storage");
}

/* A refusal that says that nothing happened is certain; a lost connection or a
 * fault of the daemon is not. */
static bool uncertain(const struct ctl *ctl)
{
	const CyError *error = client_refusal(ctl->conn);

	return !error || error->code == CY_ERROR_CODE__INTERNAL || error->code == CY_ERROR_CODE__UNAVAILABLE;
}

int deliver(struct ctl *ctl, const char *command, const char *key, CySubmission *submission)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CySubmit submit = CY_SUBMIT__INIT;
	CyServerFrame *reply;
	unsigned char raw[KEY_BYTES];
	char random_key[2 * KEY_BYTES + 1];
	int r;

	if (key && !cy_name_valid(key, CY_KEY_MAX))
		return ctl_usage(command, "--key wants 1 to %u printable ASCII characters", CY_KEY_MAX);
	if (!key) {
		if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
			return ctl_fail(CTL_REFUSED, "the system gives no random bytes; state a key with --key");
		cy_hex(raw, sizeof(raw), random_key);
		key = random_key;
	}
	r = ctl_connect(ctl);
	if (r != CTL_DONE)
		return r;
	submit.idempotency_key = (char *)(uintptr_t)key;
	submit.submission = submission;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	frame.submit = &submit;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_SUBMITTED, &reply);
	if (r != CTL_DONE) {
		if (uncertain(ctl))
			fprintf(stderr,
				"It is not certain whether the daemon took it. Repeat the command with --key %s:\n"
				"with the same key nothing takes effect twice.\n",
				key);
		return r;
	}
	if (ctl->json) {
		out_json(&reply->submitted->base, 2);
	} else {
		print_accepted(reply->submitted);
		out_warnings(stderr, reply->submitted->n_warnings, reply->submitted->warnings);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}
