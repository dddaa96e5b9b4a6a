/* Sequences of frames to a real node. The input is a program: each step is an
 * operation and its operands (the table at the end). The fuzzed peer says valid
 * things in the order of the protocol, altered where the input wants it, with
 * seals that verify: it is an authenticated liar, or greets in ways that must not make it one. A case system submits
 * and asks; the disk and the signer may fail, the node may restart.
 *
 * Beside what rig.h asserts of all that leaves: the honest peer's session is never
 * closed for what the liar does, each of its parcels is receipted, and at the end
 * a new case of it is accepted. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/uuid.h"
#include "comity/v1/bulk.pb-c.h"
#include "exchange/transfer.h"
#include "fuzz.h"
#include "rig.h"
#include "wire/json.h"
#include "wire/message.h"

enum {
	LIAR,
	HONEST,
	KEPT = 16, /* frames and parcels remembered */
	CASES = 8,
	LIES = 240 /* an operation from here on is a greeting that is not what it should be */
};

/* A peer as the harness plays it. */
struct player {
	size_t peer;
	const char *id;
	uint64_t epoch, sequence;  /* of its last parcel */
	uint64_t held_epoch, held; /* of the node's */
	uint64_t receipted;        /* of its own */
	struct cy_buf said[KEPT];  /* its frames, to be repeated */
	size_t n_said;
	struct cy_buf heard[KEPT]; /* the node's parcels */
	size_t n_heard;
	struct cy_buf held_proof, receipted_proof; /* packed SignedTexts of the node */
	struct cy_buf session_proof;               /* the same: what the node proved itself with last */
	struct cy_buf hello, proof;                /* its own frames on the message lane, the last ones */
	struct {
		char id[CY_UUID_LEN + 1];
		CySide side; /* of the player */
		uint32_t number, seen;
	} cases[CASES];
	size_t n_cases;
	size_t n_done;             /* the honest one: of what it heard, receipted */
	struct cy_buf unreceipted; /* the honest one's last parcel, until its receipt */
};

struct world {
	struct rig rig;
	struct fuzz_in in;
	struct player players[2];
	uint64_t ids, conn;
	bool excused;  /* disk, signer or process failed: sessions may have ended for it */
	bool answered; /* the last GetStatus */
	bool stopping;
};

/* ---------------------------------------------------------------- templates */

/* What may be said; the first and the last open a case. */
static const char *const contents[] = {
	NULL, /* contrib/demo/request.json */
	"{\"acknowledgement\":{\"by\":\"CENTRAL_AUTHORITY\",\"reference\":\"r\"}}",
	"{\"returnedDeficient\":{\"faults\":[{\"field\":\"facts\",\"text\":\"t\"}],\"text\":\"t\"}}",
	"{\"redirection\":{\"competentAuthority\":{\"name\":\"n\",\"address\":\"a\"},\"text\":\"t\"}}",
	"{\"problemNotice\":{\"type\":\"CLARIFICATION\",\"questions\":[\"q\"],\"text\":\"t\"}}",
	"{\"conditionsProposed\":{\"measures\":[1],\"conditions\":[\"c\"]}}",
	"{\"decision\":{\"measures\":[1],\"executingAuthority\":{\"name\":\"n\"}}}",
	"{\"postponement\":{\"measures\":[1],\"ground\":\"g\",\"article\":\"15\"}}",
	"{\"resumption\":{\"measures\":[1],\"text\":\"t\"}}",
	"{\"extension\":{\"measures\":[1],\"reason\":\"r\",\"estimateDate\":\"2027-01-01\"}}",
	"{\"result\":{\"results\":[{\"measure\":1,\"outcome\":\"EXECUTED\"}]}}",
	"{\"refusal\":{\"refusals\":[{\"measure\":1,\"ground\":\"INSUFFICIENT_NEXUS\",\"article\":\"4\",\"reason\":"
	"\"r\"}]}}",
	"{\"closure\":{\"text\":\"t\"}}",
	"{\"useConsentDecision\":{\"request\":2,\"consent\":true}}",
	"{\"supplement\":{\"notice\":2,\"text\":\"t\"}}",
	"{\"conditionsAccepted\":{\"proposal\":2}}",
	"{\"withdrawal\":{\"measures\":[1],\"reason\":\"r\"}}",
	"{\"progressQuery\":{\"text\":\"t\"}}",
	"{\"useConsentRequest\":{\"use\":\"u\",\"reason\":\"r\"}}",
	"{\"note\":{\"text\":\"t\"}}",
	"{\"spontaneousInformation\":{\"title\":\"t\",\"text\":\"t\"}}",
};
#define CONTENTS    (sizeof contents / sizeof contents[0])
#define NOTE        (CONTENTS - 2)
#define INFORMATION (CONTENTS - 1) /* opens a case too, and is short */

static struct cy_buf packed[CONTENTS];

static void must_pack(const ProtobufCMessage *m, struct cy_buf *out)
{
	CY_ASSERT(wire_pack(m, out) == CY_OK);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char demo[65536];
	FILE *f = fopen("contrib/demo/request.json", "r");
	size_t n;

	(void)argc;
	(void)argv;
	if (f == NULL) {
		fprintf(stderr, "run this from the top of the repository\n");
		exit(2);
	}
	n = fread(demo, 1, sizeof demo, f);
	fclose(f);
	for (size_t i = 0; i < CONTENTS; i++) {
		const ProtobufCMessageDescriptor *d = i == 0 ? &cy_submission__descriptor : &cy_content__descriptor;
		struct cy_bytes text = i == 0 ? cy_bytes(demo, n) : cy_bytes(contents[i], strlen(contents[i]));
		ProtobufCMessage *m = NULL;
		struct cy_error e = { 0 };

		if (wire_json_parse(d, text, &m, &e) < 0) {
			fprintf(stderr, "content %zu: %s: %s\n", i, e.field, e.text);
			exit(2);
		}
		packed[i] = CY_BUF(CY_MESSAGE_MAX);
		must_pack(i == 0 ? &((CySubmission *)m)->content->base : m, &packed[i]);
		protobuf_c_message_free_unpacked(m, NULL);
	}
	return 0;
}

static CyContent *content(size_t i)
{
	CyContent *c = cy_content__unpack(NULL, packed[i].len, packed[i].data);

	CY_ASSERT(c != NULL);
	return c;
}

/* ------------------------------------------------------- what the node says */

static void keep(struct cy_buf *list, size_t *n, struct cy_bytes b)
{
	struct cy_buf *to = &list[(*n)++ % KEPT];

	*to = (struct cy_buf){ .data = to->data, .cap = to->cap, .max = CY_FRAME_MAX };
	CY_ASSERT(cy_buf_add(to, b.data, b.len) == CY_OK);
}

static void keep_proof(struct cy_buf *to, const CySignedText *st)
{
	*to = (struct cy_buf){ .data = to->data, .cap = to->cap, .max = CY_FRAME_MAX };
	must_pack(&st->base, to);
}

static struct wire_text *read_text(const CySignedText *st)
{
	struct wire_text *t = calloc(1, sizeof *t);

	CY_ASSERT(t != NULL && wire_text_read(cy_bytes(st->text.data, st->text.len), t, NULL) == CY_OK);
	return t;
}

static void meet_case(struct player *p, const CyMessage *m)
{
	size_t i = 0;

	while (i < p->n_cases && strcmp(p->cases[i].id, m->case_id) != 0)
		i++;
	if (i == CASES)
		return;
	if (i == p->n_cases) {
		p->n_cases++;
		memset(&p->cases[i], 0, sizeof p->cases[i]);
		CY_ASSERT(cy_copy(p->cases[i].id, sizeof p->cases[i].id, m->case_id) == CY_OK);
		p->cases[i].side = CY_SIDE__REQUESTED;
	}
	p->cases[i].seen = m->number;
}

static void hear_parcel(struct player *p, const CyParcel *parcel)
{
	struct wire_text *t = read_text(parcel->manifest);

	/* The next one, or one that was sent before. A liar does not say what it holds. */
	if (t->epoch > p->held_epoch || (t->epoch == p->held_epoch && t->sequence > p->held)) {
		CY_ASSERT(p->peer == LIAR || t->sequence == (t->epoch == p->held_epoch ? p->held + 1 : 1));
		p->held_epoch = t->epoch;
		p->held = t->sequence;
		keep_proof(&p->held_proof, parcel->manifest);
	}
	for (size_t i = 0; i < parcel->n_messages; i++) {
		CyMessage *m = cy_message__unpack(NULL, parcel->messages[i].len, parcel->messages[i].data);

		CY_ASSERT(m != NULL);
		meet_case(p, m);
		cy_message__free_unpacked(m, NULL);
	}
	free(t);
}

static void hear_receipt(struct player *p, const CyReceipt *receipt)
{
	struct wire_text *t = read_text(receipt->receipt);

	if (t->epoch == p->epoch && t->sequence > p->receipted) {
		p->receipted = t->sequence;
		keep_proof(&p->receipted_proof, receipt->receipt);
	}
	if (p->peer == HONEST && t->epoch == p->epoch && t->sequence == p->sequence) {
		cy_buf_free(&p->unreceipted);
		for (size_t i = 0; i < t->n; i++) {
			if (t->entries[i].code != 0)
				fprintf(stderr, "the honest peer's message is rejected: %s\n", t->entries[i].reason);
			CY_ASSERT(t->entries[i].code == 0);
		}
	}
	free(t);
}

static void on_frame(void *ctx, size_t peer, struct cy_bytes bytes, const CyPeerFrame *f)
{
	struct world *w = ctx;
	struct player *p = &w->players[peer];

	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		hear_parcel(p, f->parcel);
	if (f->kind_case == CY_PEER_FRAME__KIND_RECEIPT)
		hear_receipt(p, f->receipt);
	if (f->kind_case == CY_PEER_FRAME__KIND_PARCEL)
		keep(p->heard, &p->n_heard, bytes);
}

static void on_closed(void *ctx, size_t peer, const char *why)
{
	struct world *w = ctx;

	if (peer == HONEST && !w->excused && !w->stopping) {
		fprintf(stderr, "the honest peer's session is closed: %s\n", why);
		abort();
	}
}

static void on_proof(void *ctx, size_t peer, const CySignedText *proof)
{
	keep_proof(&((struct world *)ctx)->players[peer].session_proof, proof);
}

static void on_answer(void *ctx, uint64_t conn, const CyServerFrame *f)
{
	struct world *w = ctx;

	CY_ASSERT(conn == w->conn);
	if (f->kind_case == CY_SERVER_FRAME__KIND_STATUS)
		w->answered = true;
}

/* ------------------------------------------------------------ what is said */

static ProtobufCBinaryData binary(struct cy_bytes b)
{
	return (ProtobufCBinaryData){ .data = (uint8_t *)b.data, .len = b.len };
}

/* Change a frame `times`, then send it, and remember it. */
static void say(struct world *w, struct player *p, const CyPeerFrame *f, unsigned times)
{
	struct cy_buf out = CY_BUF(8u * 1024u * 1024u);
	ProtobufCMessage *m;

	must_pack(&f->base, &out);
	if (times > 0) {
		m = protobuf_c_message_unpack(&cy_peer_frame__descriptor, NULL, out.len, out.data);
		CY_ASSERT(m != NULL);
		out.len = 0;
		while (times-- > 0)
			fuzz_mutate(m, &w->in);
		must_pack(m, &out);
		protobuf_c_message_free_unpacked(m, NULL);
	}
	if (out.len <= CY_FRAME_MAX) {
		keep(p->said, &p->n_said, cy_buf_view(&out));
		rig_frame(&w->rig, p->peer, WIRE_MESSAGES, cy_buf_view(&out));
	}
	cy_buf_free(&out);
}

static void alter_text(struct world *w, struct wire_text *t)
{
	struct fuzz_in *in = &w->in;

	switch (fuzz_u8(in) % 9) {
	case 0:
		t->type = (enum wire_text_type)(fuzz_u8(in) % 4);
		return;
	case 1:
		snprintf(t->from, sizeof t->from, "%s", rig_peers[fuzz_u8(in) % RIG_PEERS]);
		return;
	case 2:
		snprintf(t->to, sizeof t->to, "%s", fuzz_u8(in) % 2 ? RIG_SELF : rig_peers[HONEST]);
		return;
	case 3:
		t->epoch = fuzz_u8(in) % 2 ? WIRE_NUMBER_MAX : t->epoch + fuzz_u8(in) - 128;
		return;
	case 4:
		t->sequence = fuzz_u8(in) % 4 == 0 ? WIRE_NUMBER_MAX : t->sequence + fuzz_u8(in) - 128;
		return;
	case 5:
		t->n = fuzz_u8(in) % (CY_PARCEL_MESSAGES_MAX + 1);
		return;
	case 6:
		t->entries[fuzz_u8(in) % CY_PARCEL_MESSAGES_MAX].digest.b[0] ^= 1;
		return;
	case 7:
		t->made.ms = (int64_t)(fuzz_u64(in, 6));
		return;
	case 8:
		t->audit_size = fuzz_u64(in, 2);
		t->entries[0].code = (CyRejectionCode)(fuzz_u8(in) % 11);
		return;
	}
}

static void alter_proof(struct world *w, struct wire_text *t)
{
	struct fuzz_in *in = &w->in;

	switch (fuzz_u8(in) % 9) {
	case 0:
		t->role = t->role == WIRE_DIALLER ? WIRE_LISTENER : WIRE_DIALLER;
		return;
	case 1:
		t->lane = t->lane == WIRE_BULK ? WIRE_MESSAGES : WIRE_BULK;
		return;
	case 2:
		t->hello_from.b[fuzz_u8(in) % CY_SHA256_LEN] ^= 1;
		return;
	case 3:
		t->hello_to.b[fuzz_u8(in) % CY_SHA256_LEN] ^= 1;
		return;
	case 4:
		t->binding = t->binding == WIRE_EXPORTER ? WIRE_CERTIFICATE : WIRE_EXPORTER;
		return;
	case 5:
		t->bound.b[fuzz_u8(in) % CY_SHA256_LEN] ^= 1;
		return;
	case 6:
		snprintf(t->from, sizeof t->from, "%s", fuzz_u8(in) % 2 ? RIG_SELF : rig_peers[HONEST]);
		return;
	case 7:
		snprintf(t->to, sizeof t->to, "%s", rig_peers[fuzz_u8(in) % RIG_PEERS]);
		return;
	case 8:
		t->type = (enum wire_text_type)(fuzz_u8(in) % 4);
		return;
	}
}

/* The text of `t` under the player's seal; both in `out`. */
static CySignedText sign(struct world *w, const struct player *p, struct wire_text *t, unsigned times,
			 struct cy_buf *out)
{
	CySignedText st = CY_SIGNED_TEXT__INIT;
	struct cy_digest d;
	size_t len;

	for (unsigned i = 0; i < times; i++)
		(t->type == WIRE_SESSION_PROOF ? alter_proof : alter_text)(w, t);
	*out = CY_BUF(2 * CY_MANIFEST_MAX);
	if (wire_text_write(t, out) < 0) {
		struct cy_bytes raw = fuzz_take(&w->in, 200);

		CY_ASSERT(cy_buf_add(out, raw.data, raw.len) == CY_OK);
	}
	len = out->len;
	d = rig_seal(p->id, cy_buf_view(out));
	CY_ASSERT(cy_buf_add(out, d.b, sizeof d.b) == CY_OK);
	st.text = binary(cy_bytes(out->data, len));
	st.signature = binary(cy_bytes(out->data + len, sizeof d.b));
	return st;
}

static struct wire_text text(const struct world *w, const struct player *p, enum wire_text_type type)
{
	struct wire_text t = { .type = type, .epoch = p->epoch, .made = { w->rig.clock.now } };

	snprintf(t.from, sizeof t.from, "%s", p->id);
	snprintf(t.to, sizeof t.to, "%s", RIG_SELF);
	return t;
}

/* ------------------------------------------------------------ the greeting */

/* A frame of the greeting, which both lanes have, changed `times`. */
static void say_greeting(struct world *w, struct player *p, enum wire_lane lane, CyHello *hello, CySessionProof *proof,
			 unsigned times)
{
	CyPeerFrame peer = CY_PEER_FRAME__INIT;
	CyBulkFrame bulk = CY_BULK_FRAME__INIT;
	struct cy_buf out = CY_BUF(CY_FRAME_MAX), *kept = hello != NULL ? &p->hello : &p->proof;
	ProtobufCMessage *m;

	if (hello != NULL) {
		peer.kind_case = CY_PEER_FRAME__KIND_HELLO;
		bulk.kind_case = CY_BULK_FRAME__KIND_HELLO;
		peer.hello = bulk.hello = hello;
	} else {
		peer.kind_case = CY_PEER_FRAME__KIND_SESSION_PROOF;
		bulk.kind_case = CY_BULK_FRAME__KIND_SESSION_PROOF;
		peer.session_proof = bulk.session_proof = proof;
	}
	if (lane == WIRE_MESSAGES) {
		say(w, p, &peer, times);
		*kept = (struct cy_buf){ .data = kept->data, .cap = kept->cap, .max = CY_FRAME_MAX };
		must_pack(&peer.base, kept);
		return;
	}
	must_pack(&bulk.base, &out);
	m = protobuf_c_message_unpack(&cy_bulk_frame__descriptor, NULL, out.len, out.data);
	CY_ASSERT(m != NULL);
	out.len = 0;
	while (times-- > 0)
		fuzz_mutate(m, &w->in);
	if (protobuf_c_message_get_packed_size(m) <= CY_FRAME_MAX) {
		must_pack(m, &out);
		rig_frame(&w->rig, p->peer, lane, cy_buf_view(&out));
	}
	protobuf_c_message_free_unpacked(m, NULL);
	cy_buf_free(&out);
}

static void say_hello(struct world *w, struct player *p, enum wire_lane lane, unsigned times)
{
	static uint8_t instance[16] = "instance";
	static char *features[] = { (char *)"evidence", (char *)"profile-text" };
	struct cy_digest nonce = cy_sha256(cy_bytes(&w->rig.sessions, sizeof w->rig.sessions));
	CyHello h = CY_HELLO__INIT;

	h.lowest_version = h.highest_version = CY_PROTOCOL_VERSION;
	h.from = (char *)p->id;
	h.to = (char *)RIG_SELF;
	h.instance_id = (ProtobufCBinaryData){ .data = instance, .len = sizeof instance };
	h.nonce = (ProtobufCBinaryData){ .data = nonce.b, .len = CY_HELLO_NONCE };
	h.clock_ms = w->rig.clock.now;
	h.features = features;
	h.n_features = 2;
	if (lane == WIRE_BULK) {
		h.pulls = XCHG_PULLS;
	} else {
		h.max_message_bytes = CY_MESSAGE_MAX;
		h.max_parcel_bytes = CY_PARCEL_BYTES_MAX;
		h.max_parcel_messages = CY_PARCEL_MESSAGES_MAX;
		h.window = CY_WINDOW_MAX;
	}
	say_greeting(w, p, lane, &h, NULL, times);
}

/* The proof of this connection; `by`: whose key signs it. */
static void say_proof(struct world *w, struct player *p, enum wire_lane lane, const struct player *by, unsigned times,
		      unsigned text_times)
{
	const struct rig_conn *c = rig_conn(&w->rig, p->peer, lane);
	struct wire_text t = { .type = WIRE_SESSION_PROOF, .made = { w->rig.clock.now }, .lane = lane };
	CySessionProof proof = CY_SESSION_PROOF__INIT;
	CySignedText st;
	struct cy_buf out;

	if (c == NULL)
		return;
	snprintf(t.from, sizeof t.from, "%s", p->id);
	snprintf(t.to, sizeof t.to, "%s", RIG_SELF);
	t.role = c->on.dialled ? WIRE_LISTENER : WIRE_DIALLER;
	t.hello_from = c->their_hello;
	t.hello_to = c->our_hello;
	t.binding = WIRE_EXPORTER;
	t.bound = c->on.exporter;
	st = sign(w, by, &t, text_times, &out);
	proof.proof = &st;
	say_greeting(w, p, lane, NULL, &proof, times);
	cy_buf_free(&out);
}

static void say_state(struct world *w, struct player *p, unsigned times, unsigned text_times)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyState state = CY_STATE__INIT;
	CyStreamPosition held = CY_STREAM_POSITION__INIT, receipted = CY_STREAM_POSITION__INIT;
	struct wire_text t = text(w, p, WIRE_AUDIT_HEAD);
	struct cy_buf out;
	CySignedText head = sign(w, p, &t, text_times, &out);
	CySignedText *held_proof = NULL, *receipted_proof = NULL;

	state.epoch = p->epoch;
	held.epoch = p->held_epoch;
	held.sequence = p->held;
	state.held = &held;
	receipted.epoch = p->epoch;
	receipted.sequence = p->receipted;
	state.receipted = &receipted;
	state.audit_head = &head;
	if (p->held_proof.len > 0)
		state.held_proof = held_proof = cy_signed_text__unpack(NULL, p->held_proof.len, p->held_proof.data);
	if (p->receipted_proof.len > 0)
		state.receipted_proof = receipted_proof =
			cy_signed_text__unpack(NULL, p->receipted_proof.len, p->receipted_proof.data);
	f.kind_case = CY_PEER_FRAME__KIND_STATE;
	f.state = &state;
	say(w, p, &f, times);
	if (held_proof != NULL)
		cy_signed_text__free_unpacked(held_proof, NULL);
	if (receipted_proof != NULL)
		cy_signed_text__free_unpacked(receipted_proof, NULL);
	cy_buf_free(&out);
}

/* What is said before anything else, all at once; what is altered is the State. */
static void greet(struct world *w, struct player *p, unsigned times, unsigned text_times)
{
	say_hello(w, p, WIRE_MESSAGES, 0);
	rig_prove(&w->rig); /* as dialler the node proves first */
	say_proof(w, p, WIRE_MESSAGES, p, 0, 0);
	rig_prove(&w->rig);
	say_state(w, p, times, text_times);
}

/* An id by count: no two are the same, and each run has the same ones. */
static void new_id(struct world *w, char out[static CY_UUID_LEN + 1])
{
	uint8_t random[10] = { 0 };

	w->ids++;
	/* The first bytes lose bits to version and variant. */
	memcpy(random + 3, &w->ids, 7);
	memcpy(out, cy_uuid7((struct cy_wall){ START_MS }, random).s, CY_UUID_LEN + 1);
}

struct saying {
	size_t what;    /* index into contents */
	size_t which;   /* case */
	unsigned times; /* changes of the message */
};

static void make_message(struct world *w, struct player *p, const struct saying *s, char id[static CY_UUID_LEN + 1],
			 struct cy_buf *out)
{
	CyMessage m = CY_MESSAGE__INIT;
	uint8_t nonce[16] = { 0 };
	size_t c = s->what == 0 || s->what == INFORMATION || p->n_cases == 0 ? p->n_cases : s->which % p->n_cases;
	ProtobufCMessage *altered;

	if (c == CASES)
		c = s->which % CASES;
	if (c == p->n_cases) {
		memset(&p->cases[c], 0, sizeof p->cases[c]);
		new_id(w, p->cases[c].id);
		p->cases[c].side = CY_SIDE__REQUESTING;
		p->n_cases++;
	}
	new_id(w, id);
	m.format = 1;
	m.id = id;
	m.from = (char *)p->id;
	m.to = (char *)RIG_SELF;
	m.case_id = p->cases[c].id;
	m.author_side = p->cases[c].side;
	m.number = ++p->cases[c].number;
	m.seen = p->cases[c].seen;
	m.created_ms = w->rig.clock.now;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.priority = CY_PRIORITY__NORMAL;
	m.own_reference = (char *)"ref";
	m.content = content(s->what);
	must_pack(&m.base, out);
	cy_content__free_unpacked(m.content, NULL);
	if (s->times == 0)
		return;
	altered = protobuf_c_message_unpack(&cy_message__descriptor, NULL, out->len, out->data);
	CY_ASSERT(altered != NULL);
	for (unsigned i = 0; i < s->times; i++)
		fuzz_mutate(altered, &w->in);
	out->len = 0;
	must_pack(altered, out);
	protobuf_c_message_free_unpacked(altered, NULL);
}

static void say_parcel(struct world *w, struct player *p, const struct saying *sayings, size_t n, unsigned times,
		       unsigned text_times)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyParcel parcel = CY_PARCEL__INIT;
	struct wire_text *t = calloc(1, sizeof *t);
	struct cy_buf out, messages[4];
	ProtobufCBinaryData list[4];
	CySignedText manifest;

	CY_ASSERT(t != NULL && n <= 4);
	*t = text(w, p, WIRE_PARCEL);
	t->sequence = ++p->sequence;
	t->n = n;
	for (size_t i = 0; i < n; i++) {
		messages[i] = CY_BUF(8u * 1024u * 1024u);
		make_message(w, p, &sayings[i], t->entries[i].id, &messages[i]);
		t->entries[i].digest = cy_sha256(cy_buf_view(&messages[i]));
		list[i] = binary(cy_buf_view(&messages[i]));
	}
	manifest = sign(w, p, t, text_times, &out);
	parcel.manifest = &manifest;
	parcel.messages = list;
	parcel.n_messages = n;
	f.kind_case = CY_PEER_FRAME__KIND_PARCEL;
	f.parcel = &parcel;
	if (p->peer == HONEST) {
		p->unreceipted = CY_BUF(CY_FRAME_MAX);
		must_pack(&f.base, &p->unreceipted);
	}
	say(w, p, &f, times);
	for (size_t i = 0; i < n; i++)
		cy_buf_free(&messages[i]);
	cy_buf_free(&out);
	free(t);
}

/* A receipt for one of the node's last parcels. */
static void say_receipt(struct world *w, struct player *p, size_t which, CyRejectionCode code, unsigned times,
			unsigned text_times)
{
	const struct cy_buf *b = &p->heard[which % KEPT];
	CyPeerFrame *heard = b->len > 0 ? cy_peer_frame__unpack(NULL, b->len, b->data) : NULL;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyReceipt receipt = CY_RECEIPT__INIT;
	CySignedText st;
	struct wire_text *t;
	struct cy_buf out;

	if (heard == NULL)
		return;
	if (heard->kind_case == CY_PEER_FRAME__KIND_PARCEL) {
		t = read_text(heard->parcel->manifest);
		t->type = WIRE_RECEIPT;
		snprintf(t->from, sizeof t->from, "%s", p->id);
		snprintf(t->to, sizeof t->to, "%s", RIG_SELF);
		t->parcel = cy_sha256(cy_bytes(heard->parcel->manifest->text.data, heard->parcel->manifest->text.len));
		for (size_t i = 0; i < t->n; i++) {
			t->entries[i].code = code;
			snprintf(t->entries[i].reason, sizeof t->entries[i].reason, "reason");
		}
		st = sign(w, p, t, text_times, &out);
		receipt.receipt = &st;
		f.kind_case = CY_PEER_FRAME__KIND_RECEIPT;
		f.receipt = &receipt;
		say(w, p, &f, times);
		cy_buf_free(&out);
		free(t);
	}
	cy_peer_frame__free_unpacked(heard, NULL);
}

/* One of the node's parcels, back to it, with a receipt of the player. */
static void say_fetched(struct world *w, struct player *p, size_t which, bool last, unsigned times, unsigned text_times)
{
	const struct cy_buf *b = &p->heard[which % KEPT];
	CyPeerFrame *heard = b->len > 0 ? cy_peer_frame__unpack(NULL, b->len, b->data) : NULL;
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyFetched fetched = CY_FETCHED__INIT;
	CySignedText st;
	struct wire_text *t;
	struct cy_buf out = CY_BUF(0);

	fetched.case_id = p->n_cases > 0 ? p->cases[which % p->n_cases].id : (char *)"";
	fetched.last = last;
	if (!last && heard != NULL && heard->kind_case == CY_PEER_FRAME__KIND_PARCEL) {
		t = read_text(heard->parcel->manifest);
		t->type = WIRE_RECEIPT;
		snprintf(t->from, sizeof t->from, "%s", p->id);
		snprintf(t->to, sizeof t->to, "%s", RIG_SELF);
		t->parcel = cy_sha256(cy_bytes(heard->parcel->manifest->text.data, heard->parcel->manifest->text.len));
		st = sign(w, p, t, text_times, &out);
		free(t);
		fetched.manifest = heard->parcel->manifest;
		fetched.receipt = &st;
		fetched.messages = heard->parcel->messages;
		fetched.n_messages = heard->parcel->n_messages;
	}
	f.kind_case = CY_PEER_FRAME__KIND_FETCHED;
	f.fetched = &fetched;
	say(w, p, &f, times);
	if (heard != NULL)
		cy_peer_frame__free_unpacked(heard, NULL);
	cy_buf_free(&out);
}

static void say_small(struct world *w, struct player *p, CyPeerFrame__KindCase kind, unsigned times)
{
	CyPeerFrame f = CY_PEER_FRAME__INIT;
	CyGoodbye g = CY_GOODBYE__INIT;
	CyHeadsRequest hr = CY_HEADS_REQUEST__INIT;
	CyHeads h = CY_HEADS__INIT;
	CyCaseHead head = CY_CASE_HEAD__INIT, *heads[] = { &head };
	CyFetchRequest fr = CY_FETCH_REQUEST__INIT;
	char *case_id = p->n_cases > 0 ? p->cases[fuzz_u8(&w->in) % p->n_cases].id : (char *)"";

	f.kind_case = kind;
	if (kind == CY_PEER_FRAME__KIND_GOODBYE) {
		g.code = CY_GOODBYE_CODE__SHUTDOWN;
		g.text = (char *)"bye";
		f.goodbye = &g;
	} else if (kind == CY_PEER_FRAME__KIND_HEADS_REQUEST) {
		hr.after_case_id = (char *)"";
		f.heads_request = &hr;
	} else if (kind == CY_PEER_FRAME__KIND_HEADS) {
		head.case_id = case_id;
		head.yours = fuzz_u8(&w->in);
		h.heads = heads;
		h.n_heads = 1;
		h.last = fuzz_u8(&w->in) % 4 != 0;
		f.heads = &h;
	} else {
		fr.case_id = case_id;
		fr.after = fuzz_u8(&w->in) % 4;
		f.fetch_request = &fr;
	}
	say(w, p, &f, times);
}

static void repeat(struct world *w, struct player *p, size_t which, uint8_t flip)
{
	struct cy_buf copy = CY_BUF(CY_FRAME_MAX);
	const struct cy_buf *b = &p->said[which % KEPT];

	if (b->len == 0)
		return;
	CY_ASSERT(cy_buf_add(&copy, b->data, b->len) == CY_OK);
	if (flip != 0)
		copy.data[fuzz_u64(&w->in, 2) % copy.len] ^= flip;
	rig_frame(&w->rig, p->peer, WIRE_MESSAGES, cy_buf_view(&copy));
	cy_buf_free(&copy);
}

/* ---------------------------------------------------------- the case system */

static void ask(struct world *w, const CyClientFrame *f, unsigned times)
{
	struct cy_buf out = CY_BUF(8u * 1024u * 1024u);
	ProtobufCMessage *m;

	must_pack(&f->base, &out);
	m = protobuf_c_message_unpack(&cy_client_frame__descriptor, NULL, out.len, out.data);
	CY_ASSERT(m != NULL);
	out.len = 0;
	while (times-- > 0)
		fuzz_mutate(m, &w->in);
	must_pack(m, &out);
	protobuf_c_message_free_unpacked(m, NULL);
	rig_local(&w->rig, w->conn, cy_buf_view(&out));
	cy_buf_free(&out);
}

static void desk(struct world *w, uint8_t what, unsigned times)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;
	CySubscribe sub = CY_SUBSCRIBE__INIT;
	CyAcknowledgeEvents a = CY_ACKNOWLEDGE_EVENTS__INIT;
	CyListCases l = CY_LIST_CASES__INIT;
	CyShowCase sc = CY_SHOW_CASE__INIT;
	CyShowMessage sm = CY_SHOW_MESSAGE__INIT;
	CyReadEvents re = CY_READ_EVENTS__INIT;
	CyGetStatus gs = CY_GET_STATUS__INIT;
	const struct player *p = &w->players[LIAR];
	char *case_id = p->n_cases > 0 ? (char *)p->cases[what / 8 % p->n_cases].id : (char *)"";

	f.correlation = 9;
	switch (what % 8) {
	case 0:
		h.version = 1;
		h.client = (char *)"desk";
		f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
		f.hello = &h;
		break;
	case 1:
		sub.cursor = (char *)"c";
		f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
		f.subscribe = &sub;
		break;
	case 2:
		a.cursor = (char *)"c";
		a.position = what / 8;
		f.kind_case = CY_CLIENT_FRAME__KIND_ACKNOWLEDGE_EVENTS;
		f.acknowledge_events = &a;
		break;
	case 3:
		l.after_case_id = (char *)"";
		f.kind_case = CY_CLIENT_FRAME__KIND_LIST_CASES;
		f.list_cases = &l;
		break;
	case 4:
		sc.ref = case_id;
		f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
		f.show_case = &sc;
		break;
	case 5:
		sm.message_id = case_id;
		f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
		f.show_message = &sm;
		break;
	case 6:
		f.kind_case = CY_CLIENT_FRAME__KIND_READ_EVENTS;
		f.read_events = &re;
		break;
	case 7:
		f.kind_case = CY_CLIENT_FRAME__KIND_GET_STATUS;
		f.get_status = &gs;
		break;
	}
	ask(w, &f, times);
}

static void submit(struct world *w, size_t to, size_t what, size_t which, uint8_t key, unsigned times)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit s = CY_SUBMIT__INIT;
	CySubmission sub = CY_SUBMISSION__INIT;
	const struct player *p = &w->players[to];
	char text_key[16];

	snprintf(text_key, sizeof text_key, "k%u", key);
	s.idempotency_key = text_key;
	s.submission = &sub;
	s.same_reference = (key & 1) != 0;
	sub.to = (char *)p->id;
	if (what > 0 && what != INFORMATION && p->n_cases > 0)
		sub.case_ref = (char *)p->cases[which % p->n_cases].id;
	sub.own_reference = text_key;
	sub.content = content(what);
	f.correlation = 10;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &s;
	ask(w, &f, times);
	cy_content__free_unpacked(sub.content, NULL);
}

static void desk_connect(struct world *w)
{
	const size_t allowed[] = { 0, 1 };

	node_local_down(w->rig.node, w->conn);
	node_local_up(w->rig.node, ++w->conn, allowed, 2);
	desk(w, 0, 0);
	desk(w, 1, 0);
}

/* ------------------------------------------------------------ the honest peer */

/* Connected, all heard, all receipted. */
static void settle(struct world *w)
{
	struct player *h = &w->players[HONEST];

	for (unsigned round = 0;; round++) {
		CY_ASSERT(round < 100);
		rig_settle(&w->rig);
		if (rig_conn(&w->rig, HONEST, WIRE_MESSAGES) == NULL) {
			rig_up(&w->rig, HONEST, WIRE_MESSAGES, round % 2 != 0);
			greet(w, h, 0, 0);
			if (h->unreceipted.len > 0)
				rig_frame(&w->rig, HONEST, WIRE_MESSAGES, cy_buf_view(&h->unreceipted));
			continue;
		}
		if (h->n_done == h->n_heard) {
			w->excused = w->rig.fail_commit || w->rig.fail_signing;
			return;
		}
		while (h->n_done < h->n_heard)
			say_receipt(w, h, h->n_done++, 0, 0, 0);
	}
}

/* A new case, or a note where it has enough cases. */
static void honest_word(struct world *w)
{
	struct player *h = &w->players[HONEST];
	struct saying s = { .what = INFORMATION };

	if (h->unreceipted.len > 0)
		settle(w);
	CY_ASSERT(h->unreceipted.len == 0);
	if (h->n_cases == CASES)
		s.what = NOTE;
	say_parcel(w, h, &s, 1, 0, 0);
}

/* --------------------------------------------------------------- the program */

static void liar_up(struct world *w)
{
	rig_up(&w->rig, LIAR, WIRE_MESSAGES, false);
}

/* Its own frame of an earlier connection. */
static void say_again(struct world *w, const struct cy_buf *frame)
{
	if (frame->len > 0)
		rig_frame(&w->rig, LIAR, WIRE_MESSAGES, cy_buf_view(frame));
}

/* The node's own proof, back to it. */
static void reflect(struct world *w, struct player *p)
{
	CySessionProof proof = CY_SESSION_PROOF__INIT;

	if (p->session_proof.len == 0)
		return;
	proof.proof = cy_signed_text__unpack(NULL, p->session_proof.len, p->session_proof.data);
	CY_ASSERT(proof.proof != NULL);
	say_greeting(w, p, WIRE_MESSAGES, NULL, &proof, 0);
	cy_signed_text__free_unpacked(proof.proof, NULL);
}

/* Whether it is proven by it or not: it goes on as if it were. */
static void liar_lies(struct world *w, uint8_t how, uint8_t a)
{
	struct player *p = &w->players[LIAR];
	const enum wire_lane lane = a & 0x20 ? WIRE_BULK : WIRE_MESSAGES;
	const unsigned times = 1 + (a & 3);

	if (how == 0) {
		say_proof(w, p, lane, p, 0, 0);
	} else {
		say_hello(w, p, lane, how == 1 ? times : 0);
		rig_prove(&w->rig);
		if (how == 2)
			say_proof(w, p, lane, p, 0, times);
		else if (how == 3)
			say_proof(w, p, lane, p, times, 0);
		else if (how == 4)
			say_proof(w, p, lane, &w->players[HONEST], 0, 0);
		else if (how == 5)
			reflect(w, p);
		else if (how == 6)
			say_again(w, &p->proof);
		else
			say_proof(w, p, lane, p, 0, 0);
	}
	rig_prove(&w->rig);
	if (lane == WIRE_MESSAGES)
		say_state(w, p, 0, 0);
}

/* Greetings that are not what they should be, on a new connection where there is none. */
static void liar_greets(struct world *w, uint8_t how, uint8_t a)
{
	struct player *p = &w->players[LIAR];
	const enum wire_lane lane = a & 0x20 ? WIRE_BULK : WIRE_MESSAGES;

	if (how < 13 && (a & 0x80 || rig_conn(&w->rig, LIAR, lane) == NULL))
		rig_up(&w->rig, LIAR, lane, a & 0x40);
	switch (how) {
	default:
		liar_lies(w, how, a);
		return;
	case 8: /* both frames of an earlier connection */
		say_again(w, &p->hello);
		say_again(w, &p->proof);
		return;
	case 9: /* before the proof */
		say_hello(w, p, lane, 0);
		if (lane == WIRE_BULK)
			rig_frame(&w->rig, LIAR, lane, fuzz_take(&w->in, a));
		else if (a & 1)
			say_small(w, p, CY_PEER_FRAME__KIND_HEADS_REQUEST, 0);
		else
			say_state(w, p, 0, 0);
		return;
	case 10: /* and nothing more */
		say_hello(w, p, lane, 0);
		return;
	case 11: /* the signature comes, or fails, later */
		say_hello(w, p, lane, 0);
		if (a & 1)
			rig_prove(&w->rig);
		say_proof(w, p, lane, p, 0, 0);
		return;
	case 12:
		say_hello(w, p, lane, 0);
		say_proof(w, p, lane, p, 0, 0);
		say_proof(w, p, lane, p, 0, 0);
		return;
	case 13:
		rig_switch(&w->rig, LIAR, lane);
		return;
	case 14:
		rig_down(&w->rig, LIAR, lane);
		return;
	case 15:
		rig_frame(&w->rig, LIAR, WIRE_BULK, fuzz_take(&w->in, a));
		return;
	}
}

static void liar_parcel(struct world *w, uint8_t how)
{
	struct player *p = &w->players[LIAR];
	struct saying s[4];
	size_t n = 1 + how % 4;
	uint8_t alter = fuzz_u8(&w->in);

	for (size_t i = 0; i < n; i++)
		s[i] = (struct saying){ .what = fuzz_u8(&w->in) % CONTENTS,
					.which = fuzz_u8(&w->in),
					.times = alter >> 4 & 3 };
	if (how & 0x80) /* what it said before counts for nothing */
		p->sequence = fuzz_u8(&w->in);
	say_parcel(w, p, s, n, alter & 3, alter >> 2 & 3);
}

static void step(struct world *w, uint8_t op)
{
	struct player *p = &w->players[LIAR];
	uint8_t a = fuzz_u8(&w->in);

	if (op >= LIES) {
		liar_greets(w, op - LIES, a);
		return;
	}
	switch (op % 20) {
	case 0:
		liar_up(w);
		return;
	case 1:
		rig_down(&w->rig, LIAR, WIRE_MESSAGES);
		return;
	case 2:
		if (rig_conn(&w->rig, LIAR, WIRE_MESSAGES) == NULL || a & 0x80)
			liar_up(w);
		greet(w, p, a & 3, a >> 2 & 3);
		return;
	case 3:
	case 4:
		liar_parcel(w, a);
		return;
	case 5:
		say_receipt(w, p, a, (CyRejectionCode)(fuzz_u8(&w->in) % 11), a >> 4 & 1, a >> 5 & 1);
		return;
	case 6:
		say_small(w, p, CY_PEER_FRAME__KIND_GOODBYE, a & 3);
		return;
	case 7:
		say_small(w, p, CY_PEER_FRAME__KIND_HEADS_REQUEST, a & 3);
		return;
	case 8:
		say_small(w, p, CY_PEER_FRAME__KIND_HEADS, a & 3);
		return;
	case 9:
		say_small(w, p, CY_PEER_FRAME__KIND_FETCH_REQUEST, a & 3);
		return;
	case 10:
		say_fetched(w, p, a, a & 0x80, a >> 4 & 1, a >> 5 & 1);
		return;
	case 11:
		rig_frame(&w->rig, LIAR, WIRE_MESSAGES, fuzz_take(&w->in, a));
		return;
	case 12:
		repeat(w, p, a, a & 0x80 ? fuzz_u8(&w->in) : 0);
		return;
	case 13:
		submit(w, a & 0x80 ? HONEST : LIAR, fuzz_u8(&w->in) % CONTENTS, fuzz_u8(&w->in), a & 15, a >> 4 & 3);
		return;
	case 14:
		desk(w, a, fuzz_u8(&w->in) & 3);
		return;
	case 15:
		rig_sleep(&w->rig, a < 128 ? a : INT64_C(86400000) * (a - 127));
		return;
	case 16:
		honest_word(w);
		return;
	case 17:
		if (a % 8 > 1) {
			settle(w);
			return;
		}
		w->excused = true;
		if (a % 8 == 0)
			w->rig.fail_commit = true;
		else
			w->rig.fail_signing = true;
		return;
	case 18:
		if (a % 4 > 0) {
			settle(w);
			return;
		}
		w->excused = true;
		rig_restart(&w->rig);
		desk_connect(w);
		return;
	case 19:
		settle(w);
		return;
	}
}

static void play(struct world *w)
{
	settle(w);
	liar_up(w);
	greet(w, &w->players[LIAR], 0, 0);
	settle(w);
	for (unsigned steps = 0; w->in.left > 0 && steps < 200; steps++)
		step(w, fuzz_u8(&w->in));
	/* Whatever happened: nothing of it keeps the others from being served. */
	w->rig.fail_commit = w->rig.fail_signing = false;
	settle(w);
	honest_word(w);
	settle(w);
	CY_ASSERT(w->players[HONEST].unreceipted.len == 0);
	desk_connect(w);
	w->answered = false;
	desk(w, 7, 0);
	settle(w);
	CY_ASSERT(w->answered);
	w->stopping = true;
	node_stop(w->rig.node);
	rig_settle(&w->rig);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world *w = calloc(1, sizeof *w);

	CY_ASSERT(w != NULL);
	w->in = (struct fuzz_in){ data, size };
	w->rig.ctx = w;
	w->rig.frame = on_frame;
	w->rig.closed = on_closed;
	w->rig.answer = on_answer;
	w->rig.proof = on_proof;
	for (size_t i = 0; i < 2; i++)
		w->players[i] = (struct player){ .peer = i, .id = rig_peers[i], .epoch = (uint64_t)START_MS - 1000 };
	rig_open(&w->rig);
	desk_connect(w);
	play(w);
	rig_close(&w->rig);
	for (size_t i = 0; i < 2; i++) {
		struct player *p = &w->players[i];

		for (size_t k = 0; k < KEPT; k++) {
			cy_buf_free(&p->said[k]);
			cy_buf_free(&p->heard[k]);
		}
		cy_buf_free(&p->session_proof);
		cy_buf_free(&p->hello);
		cy_buf_free(&p->proof);
		cy_buf_free(&p->held_proof);
		cy_buf_free(&p->receipted_proof);
		cy_buf_free(&p->unreceipted);
	}
	free(w);
	return 0;
}
