#include "comityctl/deliver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "comityctl/fields.h"
#include "comityctl/out.h"
#include "comityctl/say.h"

int deliver_priority(const char *command, const char *text, CyPriority *ret_priority)
{
	const ProtobufCEnumValue *v = fields_enum_value(&cy_priority__descriptor, text);

	if (v == NULL || v->value == CY_PRIORITY__PRIORITY_UNSPECIFIED)
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
	out_pair("Accepted", "%s", say(s->repeated ? "before, under the same key" : "now, it is on stable storage"));
	if (s->not_connected[0] != '\0')
		out_pair("Waits", "%s is not connected; it leaves once %s is", s->not_connected, s->not_connected);
}

/* The refusals say what is to be done; a connection that broke or a fault of the daemon says nothing. */
static bool uncertain(const struct ctl *ctl)
{
	const CyError *error = client_refusal(ctl->conn);

	return error == NULL || error->code == CY_ERROR_CODE__INTERNAL;
}

/* SHA-256 of all that is handed in: whoever hands in the same once more has the same key. What is said in a case may
 * well be said again in the same words, as a query about the progress is each month: with it the day (UTC) counts. */
static void derive_key(const CySubmit *submit, char ret_key[static CY_SHA256_HEX])
{
	const bool opens = submit->submission->case_ref[0] == '\0';
	const uint64_t day = opens ? 0 : (uint64_t)(time(NULL) / 86400);
	const size_t size = cy_submit__get_packed_size(submit);
	uint8_t *bytes = malloc(size + sizeof day);
	struct cy_digest digest;

	CY_ASSERT(bytes != NULL);
	cy_submit__pack(submit, bytes);
	memcpy(bytes + size, &day, sizeof day);
	digest = cy_sha256(cy_bytes(bytes, opens ? size : size + sizeof day));
	cy_digest_hex(&digest, ret_key);
	free(bytes);
}

static void tell_failed(const struct ctl *ctl, const char *key)
{
	if (uncertain(ctl))
		fputs(say_made("It is not certain whether the daemon took it. Repeat the same command with --key %s:\n"
			       "with the same key and content nothing takes effect twice.\n",
			       key),
		      stderr);
}

static void tell_taken(const CySubmitted *s, bool derived)
{
	print_accepted(s);
	out_warnings(stderr, s->n_warnings, s->warnings);
	if (s->more_warnings)
		fputs(say("warning: there are more, which are not shown\n"), stderr);
	if (s->repeated && derived)
		fputs(say("comityctl: the same was handed in before, and nothing was sent again.\n"
			  "To say it once more, give it a key of its own with --key.\n"),
		      stderr);
}

int deliver(struct ctl *ctl, const char *command, const char *key, bool same_reference, CySubmission *submission)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CySubmit submit = CY_SUBMIT__INIT;
	CyServerFrame *reply;
	char derived[CY_SHA256_HEX];
	int r;

	if (key != NULL && !cy_name_valid(key, CY_KEY_MAX))
		return ctl_usage(command, "--key requires 1 to %u printable ASCII characters", CY_KEY_MAX);
	r = ctl_connect(ctl);
	if (r != CTL_DONE)
		return r;
	submit.submission = submission;
	submit.same_reference = same_reference;
	if (key == NULL)
		derive_key(&submit, derived);
	submit.idempotency_key = key != NULL ? (char *)(uintptr_t)key : derived;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	frame.submit = &submit;
	r = ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_SUBMITTED, &reply);
	if (r != CTL_DONE) {
		tell_failed(ctl, submit.idempotency_key);
		return r;
	}
	if (ctl->json)
		out_json(&reply->submitted->base, 2);
	else
		tell_taken(reply->submitted, key == NULL);
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}
