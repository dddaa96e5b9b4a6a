/* json_tool: the JSON mapping for a test in another language.
 *
 * Reads records from standard input and answers each on standard output. A
 * record is its length in 4 bytes, big-endian, then "WHAT TYPE\n" and data:
 *
 *	print   serialised message -> JSON on one line
 *	pretty  serialised message -> JSON with an indent of 2
 *	parse   JSON -> serialised message
 *
 * TYPE is a full name such as comity.v1.Message. An answer has the same length
 * before it; its first byte is '+' and the result follows, or '-' and
 * "field: sentence" follows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "wire/json.h"
#include "wire/message.h"

#define RECORD_MAX (16u * 1024u * 1024u)

/* Searches the type and what its fields hold; the schema has no cycles that
 * pass through the roots, and a type that holds itself is not followed. */
static const ProtobufCMessageDescriptor *search(const ProtobufCMessageDescriptor *d, const char *name)
{
	if (strcmp(d->name, name) == 0)
		return d;
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCMessageDescriptor *found;

		if (d->fields[i].type != PROTOBUF_C_TYPE_MESSAGE || d->fields[i].descriptor == d)
			continue;
		found = search(d->fields[i].descriptor, name);
		if (found != NULL)
			return found;
	}
	return NULL;
}

static const ProtobufCMessageDescriptor *find(const char *name)
{
	static const ProtobufCMessageDescriptor *const roots[] = {
		&cy_peer_frame__descriptor,
		&cy_client_frame__descriptor,
		&cy_server_frame__descriptor,
	};
	const ProtobufCMessageDescriptor *found = NULL;

	for (size_t i = 0; i < sizeof roots / sizeof roots[0] && found == NULL; i++)
		found = search(roots[i], name);
	return found;
}

static int convert(const char *what, const ProtobufCMessageDescriptor *d, struct cy_bytes data, struct cy_buf *out,
		   struct cy_error *e)
{
	bool parse = strcmp(what, "parse") == 0;
	ProtobufCMessage *m = NULL;
	int r;

	r = parse ? wire_json_parse(d, data, &m, e) : wire_unpack(d, data, RECORD_MAX, &m, e);
	if (r < 0)
		return r;
	r = parse ? wire_pack(m, out) : wire_json_print(m, strcmp(what, "pretty") == 0 ? 2 : 0, out);
	protobuf_c_message_free_unpacked(m, NULL);
	return r < 0 ? cy_fail(e, r, "%s", cy_strerror(r)) : CY_OK;
}

static void answer(char mark, struct cy_bytes data)
{
	size_t len = data.len + 1;
	uint8_t head[5] = { (uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len,
			    (uint8_t)mark };

	fwrite(head, 1, sizeof head, stdout);
	fwrite(data.data, 1, data.len, stdout);
}

static void handle(char *record, size_t len)
{
	char *end = memchr(record, '\n', len), what[16], type[80];
	struct cy_buf out = CY_BUF(RECORD_MAX);
	const ProtobufCMessageDescriptor *d;
	struct cy_error e = { .code = 0 };
	int r;

	if (end == NULL) {
		fprintf(stderr, "json_tool: a record without a first line\n");
		exit(2);
	}
	*end++ = 0;
	if (sscanf(record, "%15s %79s", what, type) != 2 || (d = find(type)) == NULL) {
		fprintf(stderr, "json_tool: no message type in \"%s\"\n", record);
		exit(2);
	}
	r = convert(what, d, cy_bytes(end, len - (size_t)(end - record)), &out, &e);
	if (r < 0) {
		char text[sizeof e.field + sizeof e.text + 2];
		int n = snprintf(text, sizeof text, "%s: %s", e.field, e.text);

		answer('-', cy_bytes(text, (size_t)n));
	} else {
		answer('+', cy_buf_view(&out));
	}
	cy_buf_free(&out);
}

int main(void)
{
	uint8_t head[4];

	while (fread(head, 1, sizeof head, stdin) == sizeof head) {
		size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
		char *record = len <= RECORD_MAX ? malloc(len + 1) : NULL;

		if (record == NULL || fread(record, 1, len, stdin) != len) {
			fprintf(stderr, "json_tool: a record is cut off or too long\n");
			return 2;
		}
		record[len] = 0;
		handle(record, len);
		free(record);
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
