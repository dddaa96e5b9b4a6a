/* What a peer may say, well formed: only its moment may be wrong. */
#include "greet_rig.h"
#include "wire/chunk.h"

char *all_features[] = { (char *)"evidence", (char *)"profile-text" };

const char *setting(enum wire_lane lane, bool dialled)
{
	return lane == WIRE_BULK ? (dialled ? "bulk, as dialler" : "bulk, as listener")
				 : (dialled ? "messages, as dialler" : "messages, as listener");
}

const char *ended(const char *how, enum wire_lane lane, bool dialled)
{
	static char text[128];

	snprintf(text, sizeof text, "%s%s", how, lane == WIRE_MESSAGES && dialled ? " warning" : "");
	return text;
}

struct cy_uuid some_id(uint8_t which)
{
	const uint8_t random[10] = { 1, 2, which };

	return cy_uuid7((struct cy_wall){ START_MS }, random);
}

void prove(struct rig *r, const struct line *l)
{
	const struct wire_text t = peer_proof(r, l);

	say_proof(r, l, &t, PEER);
}

void give_parcel_at(struct rig *r, const struct line *l, uint64_t sequence, const char *id, struct cy_bytes message)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyParcel parcel = CY_PARCEL__INIT;
	ProtobufCBinaryData list = { .data = (uint8_t *)message.data, .len = message.len };
	struct wire_text t = { .type = WIRE_PARCEL,
			       .from = PEER,
			       .to = SELF,
			       .made = { r->clock.now },
			       .epoch = (uint64_t)START_MS,
			       .sequence = sequence,
			       .n = 1 };
	struct sealed s;

	memcpy(t.entries[0].id, id, CY_UUID_LEN + 1);
	t.entries[0].digest = cy_sha256(message);
	seal_text(&s, &t, PEER);
	parcel.manifest = &s.st;
	parcel.messages = &list;
	parcel.n_messages = 1;
	f.kind_case = CY_PEER_FRAME__KIND_PARCEL;
	f.parcel = &parcel;
	rig_give_peer(r, l, &f);
	cy_buf_free(&s.text);
}

void give_parcel(struct rig *r, const struct line *l, struct cy_bytes message)
{
	give_parcel_at(r, l, 1, some_id(0).s, message);
}

static void give_receipt(struct rig *r, const struct line *l)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyReceipt receipt = CY_RECEIPT__INIT;
	struct wire_text t = { .type = WIRE_RECEIPT,
			       .from = PEER,
			       .to = SELF,
			       .made = { r->clock.now },
			       .epoch = (uint64_t)START_MS,
			       .sequence = 1,
			       .n = 1 };
	struct sealed s;

	memcpy(t.entries[0].id, some_id(0).s, CY_UUID_LEN + 1);
	seal_text(&s, &t, PEER);
	receipt.receipt = &s.st;
	f.kind_case = CY_PEER_FRAME__KIND_RECEIPT;
	f.receipt = &receipt;
	rig_give_peer(r, l, &f);
	cy_buf_free(&s.text);
}

/* A frame of this kind that is as it should be, but for its moment. */
static void give_kind(struct rig *r, const struct line *l, CyPeerFrame__KindCase kind)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyHeadsRequest heads_request = CY_HEADS_REQUEST__INIT;
	CyHeads heads = CY_HEADS__INIT;
	CyFetchRequest fetch_request = CY_FETCH_REQUEST__INIT;
	CyFetched fetched = CY_FETCHED__INIT;
	CyProfileRequest profile_request = CY_PROFILE_REQUEST__INIT;
	CyProfile profile = CY_PROFILE__INIT;

	f.kind_case = kind;
	heads.last = fetched.last = true;
	if (kind == CY_PEER_FRAME__KIND_HEADS_REQUEST)
		f.heads_request = &heads_request;
	else if (kind == CY_PEER_FRAME__KIND_HEADS)
		f.heads = &heads;
	else if (kind == CY_PEER_FRAME__KIND_FETCH_REQUEST)
		f.fetch_request = &fetch_request;
	else if (kind == CY_PEER_FRAME__KIND_FETCHED)
		f.fetched = &fetched;
	else if (kind == CY_PEER_FRAME__KIND_PROFILE_REQUEST)
		f.profile_request = &profile_request;
	else
		f.profile = &profile;
	rig_give_peer(r, l, &f);
}

void give_goodbye(struct rig *r, const struct line *l, CyGoodbyeCode code)
{
	CyPeerFrame peer = CY_PEER_FRAME__INIT;
	CyBulkFrame bulk = CY_BULK_FRAME__INIT;
	CyGoodbye goodbye = CY_GOODBYE__INIT;

	goodbye.code = code;
	/* Wherever it is cut short, a client reads whole characters of it. */
	goodbye.text = (char *)"no ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé";
	peer.kind_case = CY_PEER_FRAME__KIND_GOODBYE;
	bulk.kind_case = CY_BULK_FRAME__KIND_GOODBYE;
	peer.goodbye = bulk.goodbye = &goodbye;
	if (l->lane == WIRE_BULK)
		rig_give_bulk(r, l, &bulk);
	else
		rig_give_peer(r, l, &peer);
}

void give_message_frame(struct rig *r, struct line *l, CyPeerFrame__KindCase kind)
{
	switch (kind) {
	case CY_PEER_FRAME__KIND__NOT_SET:
		rig_give(r, l, cy_bytes("\xff\xff", 2));
		return;
	case CY_PEER_FRAME__KIND_HELLO:
		say_hello(r, l, all_features, 2);
		return;
	case CY_PEER_FRAME__KIND_SESSION_PROOF:
		prove(r, l);
		return;
	case CY_PEER_FRAME__KIND_STATE:
		say_state(r, l);
		return;
	case CY_PEER_FRAME__KIND_GOODBYE:
		give_goodbye(r, l, CY_GOODBYE_CODE__SHUTDOWN);
		return;
	case CY_PEER_FRAME__KIND_PARCEL:
		give_parcel(r, l, cy_bytes("x", 1));
		return;
	case CY_PEER_FRAME__KIND_RECEIPT:
		give_receipt(r, l);
		return;
	default:
		give_kind(r, l, kind);
		return;
	}
}

void give_bulk_frame(struct rig *r, struct line *l, CyBulkFrame__KindCase kind)
{
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyPull pull = CY_PULL__INIT;
	CyCredit credit = CY_CREDIT__INIT;
	CyChunk chunk = CY_CHUNK__INIT;
	CyNotSent not_sent = CY_NOT_SENT__INIT;
	CyCancel cancel = CY_CANCEL__INIT;
	struct cy_digest d = cy_sha256(cy_bytes("x", 1));
	struct cy_uuid id = some_id(0);

	pull.pull = credit.pull = chunk.pull = not_sent.pull = cancel.pull = 1;
	pull.message_id = id.s;
	pull.attachment = pull.credit = credit.chunks = 1;
	pull.sha256 = (ProtobufCBinaryData){ .data = d.b, .len = sizeof d.b };
	not_sent.code = CY_NOT_SENT_CODE__GONE;
	f.kind_case = kind;
	switch (kind) {
	case CY_BULK_FRAME__KIND_HELLO:
		say_hello(r, l, all_features, 2);
		return;
	case CY_BULK_FRAME__KIND_SESSION_PROOF:
		prove(r, l);
		return;
	case CY_BULK_FRAME__KIND_PULL:
		f.pull = &pull;
		break;
	case CY_BULK_FRAME__KIND_CREDIT:
		f.credit = &credit;
		break;
	case CY_BULK_FRAME__KIND_CHUNK:
		f.chunk = &chunk;
		break;
	case CY_BULK_FRAME__KIND_NOT_SENT:
		f.not_sent = &not_sent;
		break;
	case CY_BULK_FRAME__KIND_CANCEL:
		f.cancel = &cancel;
		break;
	case CY_BULK_FRAME__KIND_GOODBYE:
		give_goodbye(r, l, CY_GOODBYE_CODE__SHUTDOWN);
		return;
	default:
		rig_give(r, l, cy_bytes("\xff\xff", 2));
		return;
	}
	rig_give_bulk(r, l, &f);
}
