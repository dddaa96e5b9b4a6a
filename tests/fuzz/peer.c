/* Frames between authorities: what passes the limits survives every way of
 * writing it, and so do the messages of a parcel and their facts. */
#include <string.h>

#include "comity/v1/peer.pb-c.h"
#include "fuzz.h"
#include "law/fact.h"
#include "law/validate.h"
#include "wire/message.h"

static void message(struct cy_bytes data)
{
	ProtobufCMessage *pm = NULL;
	struct cy_error e = { 0 };
	struct law_faults faults;
	struct law_fact fact, again;
	uint8_t encoded[LAW_FACT_MAX], twice[LAW_FACT_MAX];
	const CyMessage *m;
	size_t len;

	if (wire_unpack(&cy_message__descriptor, data, CY_MESSAGE_MAX, &pm, &e) < 0) {
		CY_ASSERT(e.text[0] != '\0');
		return;
	}
	m = (CyMessage *)pm;
	fuzz_round_trip(pm, CY_MESSAGE_MAX);
	/* Whatever reaches a case becomes a fact that the store reads, a void one too. */
	if (m->content != NULL && law_validate(m->content, &faults) == CY_OK && m->number > 0 &&
	    (m->author_side == CY_SIDE__REQUESTING || m->author_side == CY_SIDE__REQUESTED)) {
		law_fact_of(m, &fact);
		len = law_fact_encode(&fact, encoded);
		CY_ASSERT(law_fact_decode(cy_bytes(encoded, len), &again) == CY_OK);
		CY_ASSERT(law_fact_encode(&again, twice) == len && memcmp(encoded, twice, len) == 0);
	}
	protobuf_c_message_free_unpacked(pm, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	ProtobufCMessage *pm = NULL;
	struct cy_error e = { 0 };
	const CyPeerFrame *f;

	if (wire_unpack(&cy_peer_frame__descriptor, cy_bytes(data, size), CY_FRAME_MAX, &pm, &e) < 0) {
		CY_ASSERT(e.text[0] != '\0');
		return 0;
	}
	f = (CyPeerFrame *)pm;
	fuzz_round_trip(pm, CY_FRAME_MAX);
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		for (size_t i = 0; i < f->parcel->n_messages; i++)
			message(cy_bytes(f->parcel->messages[i].data, f->parcel->messages[i].len));
	protobuf_c_message_free_unpacked(pm, NULL);
	return 0;
}
