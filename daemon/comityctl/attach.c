#include "comityctl/attach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/reflect.h"
#include "base/time.h"
#include "base/uuid.h"
#include "comityctl/out.h"

#define MEDIA_TYPE     "application/octet-stream"
#define CUSTODY_FIELDS 4u

/* ------------------------------------------------------------------ options */

/* HOLDER;ACTION;TOOL;TIME, taken apart; NULL: it is none. */
static CyCustodyRecord *custody(const char *text)
{
	CyCustodyRecord *c;
	char *fields[CUSTODY_FIELDS];
	struct cy_wall at = { 0 };
	size_t n = 0;

	while (n < CUSTODY_FIELDS && text != NULL) {
		const char *end = strchr(text, ';');

		fields[n] = end != NULL ? strndup(text, (size_t)(end - text)) : strdup(text);
		CY_ASSERT(fields[n]);
		n++;
		text = end != NULL ? end + 1 : NULL;
	}
	if (n < CUSTODY_FIELDS || text != NULL || !fields[0][0] || !fields[1][0] ||
	    cy_rfc3339_read(fields[3], &at) != CY_OK || at.ms <= 0) {
		while (n)
			free(fields[--n]);
		return NULL;
	}
	c = malloc(sizeof *c);
	CY_ASSERT(c != NULL);
	cy_custody_record__init(c);
	c->holder = fields[0];
	c->action = fields[1];
	c->tool = fields[2];
	c->at_ms = at.ms;
	free(fields[3]);
	return c;
}

static bool media_type_valid(const char *s)
{
	const char *slash = strchr(s, '/');

	return slash != NULL && slash != s && slash[1] && strchr(slash + 1, '/') == NULL &&
	       strpbrk(s, " \t\r\n") == NULL;
}

int attach_check(const char *command, const struct attach_options *o)
{
	const char *texts[] = { o->media_type, o->category, o->exhibit, o->use_limits, o->retain };
	struct cy_date date;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i] != NULL && !cy_utf8_valid(texts[i], strlen(texts[i])))
			return ctl_usage(command, "'%s' is not valid UTF-8", texts[i]);
	if (o->media_type != NULL && !media_type_valid(o->media_type))
		return ctl_usage(command, "--media-type requires one such as application/pdf, not '%s'", o->media_type);
	if (o->retain != NULL && cy_date_parse(o->retain, &date) != CY_OK)
		return ctl_usage(command, "--retain-until requires a day as YYYY-MM-DD, not '%s'", o->retain);
	for (size_t i = 0; i < o->atoms.n; i++)
		if (!o->atoms.at[i][0] || !cy_utf8_valid(o->atoms.at[i], strlen(o->atoms.at[i])))
			return ctl_usage(command, "--atom requires the name of a data atom, such as login_ip_log");
	for (size_t i = 0; i < o->custody.n; i++) {
		CyCustodyRecord *c = custody(o->custody.at[i]);

		if (c == NULL || !cy_utf8_valid(o->custody.at[i], strlen(o->custody.at[i]))) {
			if (c != NULL)
				cy_custody_record__free_unpacked(c, NULL);
			return ctl_usage(command,
					 "--custody requires 'HOLDER;ACTION;TOOL;TIME' with a time such as "
					 "2026-11-23T10:00:00Z, not '%s'",
					 o->custody.at[i]);
		}
		cy_custody_record__free_unpacked(c, NULL);
	}
	return CTL_DONE;
}

bool attach_name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > CY_FILE_NAME_MAX || !cy_utf8_valid(name, len) || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f || *name == '/')
			return false;
	return true;
}

const char *attach_name(const char *file, const char *given)
{
	const char *slash = strrchr(file, '/'), *name = given != NULL ? given : slash != NULL ? slash + 1 : file;

	if (given == NULL && strcmp(file, "-") == 0)
		ctl_fail(CTL_USAGE,
			 "standard input has no name; say one, as in: comityctl evidence put - --name mailbox.mbox");
	else if (!attach_name_valid(name))
		ctl_fail(CTL_USAGE,
			 "'%s' is not a name for an attachment: 1 to %u bytes of UTF-8, no '/' and no control "
			 "characters; "
			 "give it another with 'comityctl evidence put FILE --name NAME'",
			 name, CY_FILE_NAME_MAX);
	else
		return name;
	return NULL;
}

/* ------------------------------------------------------------- an attachment */

static char *copy_of(const char *s)
{
	char *copy = strdup(s != NULL ? s : "");

	CY_ASSERT(copy != NULL);
	return copy;
}

CyAttachment *attach_new(const struct attach_options *o, const char *name, uint64_t size,
			 const struct cy_digest *sha256)
{
	CyAttachment *a = malloc(sizeof *a);

	CY_ASSERT(a != NULL);
	cy_attachment__init(a);
	a->name = copy_of(name);
	a->media_type = copy_of(o->media_type != NULL ? o->media_type : MEDIA_TYPE);
	a->_size_case = CY_ATTACHMENT___SIZE_SIZE;
	a->size = size;
	a->sha256.data = malloc(CY_SHA256_LEN);
	a->data_category = copy_of(o->category);
	a->exhibit = copy_of(o->exhibit);
	a->use_limits = copy_of(o->use_limits);
	a->retain_until_date = copy_of(o->retain);
	a->send_always = o->always;
	a->atoms = calloc(o->atoms.n + 1, sizeof *a->atoms);
	a->custody = calloc(o->custody.n + 1, sizeof(struct CyCustodyRecord *));
	CY_ASSERT(a->sha256.data && a->atoms && a->custody);
	memcpy(a->sha256.data, sha256->b, CY_SHA256_LEN);
	a->sha256.len = CY_SHA256_LEN;
	for (; a->n_atoms < o->atoms.n; a->n_atoms++)
		a->atoms[a->n_atoms] = copy_of(o->atoms.at[a->n_atoms]);
	for (; a->n_custody < o->custody.n; a->n_custody++)
		a->custody[a->n_custody] = custody(o->custody.at[a->n_custody]);
	return a;
}

void attach_print(const CyAttachment *a)
{
	out_pair("Name", "%s", a->name);
	out_pair("Media type", "%s", a->media_type);
	out_pair("Size", "%llu bytes (%s)", (unsigned long long)a->size, out_size(a->size));
	out_pair("SHA-256", "%s", out_hex(&a->sha256));
	if (a->chunk_root.len)
		out_pair("Chunk root", "%s", out_hex(&a->chunk_root));
	out_pair("Medium", "%s", a->medium);
	out_pair("Category", "%s", a->data_category);
	out_pair("Exhibit", "%s", a->exhibit);
	for (size_t i = 0; i < a->n_atoms; i++)
		out_pair("Atom", "%s", a->atoms[i]);
	out_pair("Use limits", "%s", a->use_limits);
	out_pair("Keep until", "%s", a->retain_until_date);
	if (a->send_always)
		out_pair("Sent always", "yes");
	for (size_t i = 0; i < a->n_custody; i++)
		out_pair("Custody", "%s  %s: %s%s%s", out_time(a->custody[i]->at_ms), a->custody[i]->holder,
			 a->custody[i]->action, a->custody[i]->tool[0] ? ", " : "", a->custody[i]->tool);
}

/* ---------------------------------------------------------------- in messages */

ProtobufCMessage *attach_body(const CyContent *content)
{
	for (unsigned i = 0; content != NULL && i < cy_content__descriptor.n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &cy_content__descriptor.fields[i];

		if (f->id == (uint32_t)content->kind_case)
			return *(ProtobufCMessage *const *)cy_field_value(&content->base, f, 0);
	}
	return NULL;
}

static const ProtobufCFieldDescriptor *field(const ProtobufCMessageDescriptor *d)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(d, "attachments");

	return f != NULL && f->type == PROTOBUF_C_TYPE_MESSAGE ? f : NULL;
}

bool attach_possible(const ProtobufCMessageDescriptor *d)
{
	return field(d) != NULL;
}

CyAttachment **attach_list(const ProtobufCMessage *body, size_t *ret_n)
{
	const ProtobufCFieldDescriptor *f = body != NULL ? field(body->descriptor) : NULL;

	*ret_n = f != NULL ? cy_field_count(body, f) : 0;
	return *ret_n ? *(CyAttachment * *const *)((const char *)body + f->offset) : NULL;
}

/* Was it listed before, without its bytes, as the form lists a file? */
static bool only_listed(const CyAttachment *a)
{
	return a->chunk_root.len == 0 && !a->medium[0];
}

/* What the list says of it, and what the command knows: the bytes of protobuf one after the other are both. */
static CyAttachment *both(const CyAttachment *known, const CyAttachment *listed)
{
	const size_t first = cy_attachment__get_packed_size(known),
		     all = first + cy_attachment__get_packed_size(listed);
	uint8_t *data = malloc(all);
	CyAttachment *ret;

	CY_ASSERT(data != NULL);
	cy_attachment__pack(known, data);
	cy_attachment__pack(listed, data + first);
	ret = cy_attachment__unpack(NULL, all, data);
	free(data);
	CY_ASSERT(ret != NULL);
	return ret;
}

int attach_add(ProtobufCMessage *body, CyAttachment *a)
{
	const ProtobufCFieldDescriptor *f = field(body->descriptor);
	CyAttachment ***list = (CyAttachment ***)((char *)body + f->offset);
	size_t *n = (size_t *)((char *)body + f->quantifier_offset);

	for (size_t i = 0; i < *n; i++) {
		CyAttachment *listed = (*list)[i];

		if (!only_listed(listed) || strcmp(listed->name, a->name) != 0)
			continue;
		if (!cy_bytes_equal(cy_bytes(listed->sha256.data, listed->sha256.len),
				    cy_bytes(a->sha256.data, a->sha256.len))) {
			cy_attachment__free_unpacked(a, NULL);
			return ctl_fail(
				CTL_BAD_FILE,
				"%s is listed with another SHA-256: it was changed since; list it anew, or take it "
				"out of the list",
				listed->name);
		}
		(*list)[i] = both(a, listed);
		cy_attachment__free_unpacked(listed, NULL);
		cy_attachment__free_unpacked(a, NULL);
		return CTL_DONE;
	}
	*list = realloc(*list, (*n + 1) * sizeof(CyAttachment *));
	CY_ASSERT(*list != NULL);
	(*list)[(*n)++] = a;
	return CTL_DONE;
}

int attach_ref(const char *command, const char *text, struct attach_ref *ret)
{
	const char *slash = strchr(text, '/');
	uint64_t n;

	if (slash != NULL && slash - text == CY_UUID_LEN) {
		memcpy(ret->message_id, text, CY_UUID_LEN);
		ret->message_id[CY_UUID_LEN] = 0;
		if (cy_uuid_valid(ret->message_id) &&
		    cy_parse_u64(slash + 1, strlen(slash + 1), CY_REPEATED_MAX, &n) == CY_OK && n > 0) {
			ret->attachment = (uint32_t)n;
			return CTL_DONE;
		}
	}
	return ctl_usage(command,
			 "'%s' names no attachment: it is the id of a message, '/', and the place from 1, as "
			 "'comityctl evidence list' prints it",
			 text);
}

int attach_message(struct ctl *ctl, const char *message_id, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyShowMessage show = CY_SHOW_MESSAGE__INIT;

	show.message_id = (char *)(uintptr_t)message_id;
	frame.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	frame.show_message = &show;
	return ctl_call(ctl, &frame, CY_SERVER_FRAME__KIND_MESSAGE_VIEW, ret_reply);
}
