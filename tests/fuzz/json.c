/* JSON: the first byte chooses the message, the rest is its text. What parses is
 * printed the same for ever, and may travel as a frame. */
#include "wire/json.h"
#include "base/limits.h"
#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const kinds[] = {
		&cy_submission__descriptor, &cy_client_frame__descriptor, &cy_server_frame__descriptor,
		&cy_peer_frame__descriptor, &cy_message__descriptor
	};
	struct fuzz_in in = { data, size };
	const ProtobufCMessageDescriptor *d = kinds[fuzz_u8(&in) % (sizeof kinds / sizeof kinds[0])];
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	if (wire_json_parse(d, cy_bytes(in.p, in.left), &m, &e) < 0) {
		/* The sentence may end on a terminal: it never repeats a value, and names
		 * the field in one line. */
		CY_ASSERT(e.text[0] != '\0');
		for (const char *s = e.field; *s != '\0'; s++)
			CY_ASSERT((unsigned char)*s >= ' ');
		return 0;
	}
	fuzz_round_trip(m, CY_FRAME_MAX);
	protobuf_c_message_free_unpacked(m, NULL);
	return 0;
}
