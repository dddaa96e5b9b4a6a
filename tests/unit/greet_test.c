/* The beginning of a session (node/peers/greet.c): every frame in every phase, in both roles, on both
 * lanes; every line of the session proof; what ends a greeting from this side; and what is not
 * sent to a peer that did not name the feature. What the node must do stands here as words. */
#include "greet_rig.h"
#include "wire/message.h"

/* ---------------------------------------------------------------------- phases */

enum phase {
	BEFORE_HELLO,
	BEFORE_PROOF,
	WHILE_SIGNING,
	PROVEN,
	PHASES
};
static const char *const phase_names[] = { "before its hello", "before its proof", "while ours is signed", "proven" };

/* Who dials proves first: as dialler the node signs before the peer's proof, as listener after it. */
static struct line *come_to(struct rig *r, enum wire_lane lane, bool dialled, enum phase phase)
{
	struct line *l = rig_up(r, lane, dialled);
	char words[16] = "";

	/* Who calls says first who it is. */
	if (dialled)
		snprintf(words, sizeof words, "%llu:hello", (unsigned long long)l->session);
	rig_did(r, words, setting(lane, dialled));
	if (phase != BEFORE_HELLO)
		say_hello(r, l, all_features, 2);
	if (dialled && (phase == BEFORE_PROOF || phase == PROVEN))
		rig_settle(r);
	if (phase == PROVEN || (phase == WHILE_SIGNING && !dialled))
		prove(r, l);
	if (phase == PROVEN)
		rig_settle(r);
	assert_int_equal(r->signer.n, phase == WHILE_SIGNING);
	r->did[0] = '\0';
	return l;
}

static struct rig *started(void)
{
	struct rig *r = rig_new(true);

	rig_start(r);
	return r;
}

/* ----------------------------------------------- every frame in every phase */

#define REFUSED "warning 1:goodbye-PROTOCOL 1:close"
#define BROKEN  "alarm 1:goodbye-PROTOCOL 1:close" /* by one that is proven */

/* What follows once all is signed and committed; NULL: REFUSED, as the kind has no place there. */
struct row {
	const char *name;
	int kind;
	struct {
		const char *hello, *proof, *signing, *proven;
	} listener, dialler;
};

#define ELSEWHERE(name, kind, after)             \
	{                                        \
		name, kind, { .proven = after }, \
		{                                \
			.proven = after          \
		}                                \
	}

static const struct row message_rows[] = {
	{ "hello",
	  CY_PEER_FRAME__KIND_HELLO,
	  { "1:hello", NULL, NULL, BROKEN },
	  { "1:session_proof", NULL, NULL, BROKEN } },
	{ "session_proof",
	  CY_PEER_FRAME__KIND_SESSION_PROOF,
	  { NULL, "1:proven 1:session_proof 1:state", NULL, BROKEN },
	  { NULL, "1:proven 1:state", NULL, BROKEN } },
	{ "goodbye",
	  CY_PEER_FRAME__KIND_GOODBYE,
	  { "1:close", "1:close", "1:close", "1:close" },
	  { "1:close warning", "1:close warning", "1:close warning", "1:close" } },
	ELSEWHERE("state", CY_PEER_FRAME__KIND_STATE, "1:established"),
	ELSEWHERE("parcel", CY_PEER_FRAME__KIND_PARCEL, BROKEN),
	ELSEWHERE("receipt", CY_PEER_FRAME__KIND_RECEIPT, BROKEN),
	ELSEWHERE("heads_request", CY_PEER_FRAME__KIND_HEADS_REQUEST, BROKEN),
	ELSEWHERE("heads", CY_PEER_FRAME__KIND_HEADS, BROKEN),
	ELSEWHERE("fetch_request", CY_PEER_FRAME__KIND_FETCH_REQUEST, BROKEN),
	ELSEWHERE("fetched", CY_PEER_FRAME__KIND_FETCHED, BROKEN),
	ELSEWHERE("profile_request", CY_PEER_FRAME__KIND_PROFILE_REQUEST, BROKEN),
	ELSEWHERE("profile", CY_PEER_FRAME__KIND_PROFILE, BROKEN),
	ELSEWHERE("garbage", CY_PEER_FRAME__KIND__NOT_SET, BROKEN),
};

static const struct row bulk_rows[] = {
	{ "hello",
	  CY_BULK_FRAME__KIND_HELLO,
	  { "1:hello", NULL, NULL, BROKEN },
	  { "1:session_proof", NULL, NULL, BROKEN } },
	{ "session_proof",
	  CY_BULK_FRAME__KIND_SESSION_PROOF,
	  { NULL, "1:proven 1:session_proof 1:established", NULL, BROKEN },
	  { NULL, "1:proven 1:established", NULL, BROKEN } },
	{ "goodbye",
	  CY_BULK_FRAME__KIND_GOODBYE,
	  { "1:close", "1:close", "1:close", "1:close" },
	  { "1:close", "1:close", "1:close", "1:close" } },
	ELSEWHERE("pull", CY_BULK_FRAME__KIND_PULL, "warning 1:not_sent-NEVER_OFFERED"),
	ELSEWHERE("credit", CY_BULK_FRAME__KIND_CREDIT, ""),
	ELSEWHERE("chunk", CY_BULK_FRAME__KIND_CHUNK, BROKEN),
	ELSEWHERE("not_sent", CY_BULK_FRAME__KIND_NOT_SENT, ""),
	ELSEWHERE("cancel", CY_BULK_FRAME__KIND_CANCEL, ""),
	ELSEWHERE("garbage", CY_BULK_FRAME__KIND__NOT_SET, BROKEN),
};

static void one_cell(enum wire_lane lane, bool dialled, enum phase phase, const struct row *row)
{
	const char *const listener[] = { row->listener.hello, row->listener.proof, row->listener.signing,
					 row->listener.proven };
	const char *const dialler[] = { row->dialler.hello, row->dialler.proof, row->dialler.signing,
					row->dialler.proven };
	const char *words = dialled ? dialler[phase] : listener[phase];
	struct rig *r = started();
	struct line *l = come_to(r, lane, dialled, phase);
	const struct cy_digest before = rig_state(r);
	struct cy_digest after;
	char of[128];

	snprintf(of, sizeof of, "%s, %s, %s", setting(lane, dialled), phase_names[phase], row->name);
	if (lane == WIRE_BULK)
		give_bulk_frame(r, l, (CyBulkFrame__KindCase)row->kind);
	else
		give_message_frame(r, l, (CyPeerFrame__KindCase)row->kind);
	/* Before the proof was judged, nothing of it shows. */
	after = rig_state(r);
	if (phase != PROVEN && strstr(r->did, "proven") == NULL && !cy_digest_equal(&before, &after))
		fail_msg("%s: the frame changed what the node knows of the peer", of);
	rig_settle(r);
	rig_did(r, words != NULL ? words : ended(REFUSED, lane, dialled), of);
	after = rig_state(r);
	if (l->closed && phase != PROVEN && !cy_digest_equal(&before, &after))
		fail_msg("%s: a refused connection changed what the node knows of the peer", of);
	if (phase != PROVEN && !dialled && r->status->last_fault[0] != '\0')
		fail_msg("%s: a stranger's connection shows as a fault of the peer: %s", of, r->status->last_fault);
	rig_free(r);
}

static void every_frame_in_every_phase(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	for (enum phase phase = 0; phase < PHASES; phase++) {
		const struct row *rows = lane == WIRE_BULK ? bulk_rows : message_rows;
		const size_t n = lane == WIRE_BULK ? sizeof bulk_rows / sizeof bulk_rows[0]
						   : sizeof message_rows / sizeof message_rows[0];

		for (size_t i = 0; i < n; i++)
			one_cell(lane, dialled, phase, &rows[i]);
	}
}

/* ------------------------------------------------------ every line of the proof */

static void nothing(struct wire_text *t, const struct line *l)
{
	(void)t;
	(void)l;
}

static void another_type(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->type = WIRE_AUDIT_HEAD;
	t->epoch = 1;
}

static void another_author(struct wire_text *t, const struct line *l)
{
	(void)l;
	strcpy(t->from, "DE");
}

static void another_addressee(struct wire_text *t, const struct line *l)
{
	(void)l;
	strcpy(t->to, "DE");
}

static void long_ago(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->made.ms -= INT64_C(10) * 365 * 86400000;
}

static void other_role(struct wire_text *t, const struct line *l)
{
	t->role = l->on.dialled ? WIRE_DIALLER : WIRE_LISTENER;
}

static void other_lane(struct wire_text *t, const struct line *l)
{
	t->lane = l->lane == WIRE_BULK ? WIRE_MESSAGES : WIRE_BULK;
}

static void other_hello_from(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->hello_from.b[CY_SHA256_LEN - 1] ^= 1;
}

static void other_hello_to(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->hello_to.b[0] ^= 0x80;
}

static void hellos_swapped(struct wire_text *t, const struct line *l)
{
	t->hello_from = l->ours;
	t->hello_to = l->theirs;
}

static void other_binding(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->binding = t->binding == WIRE_EXPORTER ? WIRE_CERTIFICATE : WIRE_EXPORTER;
}

static void other_bound(struct wire_text *t, const struct line *l)
{
	(void)l;
	t->bound.b[CY_SHA256_LEN - 1] ^= 1;
}

/* `code` NULL: it is good all the same. */
static const struct alteration {
	const char *name;
	void (*alter)(struct wire_text *, const struct line *);
	const char *by, *code;
} alterations[] = {
	{ "as it should be", nothing, PEER, NULL },
	{ "made long ago", long_ago, PEER, NULL },
	{ "signed by another peer", nothing, "DE", "SIGNATURE" },
	{ "signed by this side", nothing, SELF, "SIGNATURE" },
	{ "of another type", another_type, PEER, "IDENTITY" },
	{ "of another author", another_author, PEER, "IDENTITY" },
	{ "for another addressee", another_addressee, PEER, "IDENTITY" },
	{ "of the other role", other_role, PEER, "IDENTITY" },
	{ "for the other lane", other_lane, PEER, "IDENTITY" },
	{ "with another hello-from", other_hello_from, PEER, "IDENTITY" },
	{ "with another hello-to", other_hello_to, PEER, "IDENTITY" },
	{ "with both hellos exchanged", hellos_swapped, PEER, "IDENTITY" },
	{ "with the other binding", other_binding, PEER, "IDENTITY" },
	{ "bound to another connection", other_bound, PEER, "IDENTITY" },
};

static void one_alteration(enum wire_lane lane, bool dialled, bool tunnel, const struct alteration *a)
{
	struct rig *r = rig_new(true);
	struct line *l;
	struct wire_text t;
	struct cy_digest before, after;
	char of[160], words[64];

	r->peer.tunnel = tunnel;
	rig_start(r);
	l = come_to(r, lane, dialled, BEFORE_PROOF);
	before = rig_state(r);
	t = peer_proof(r, l);
	a->alter(&t, l);
	r->clock.now += 1000;
	say_proof(r, l, &t, a->by);
	rig_run(r);
	snprintf(of, sizeof of, "%s%s: a proof %s", setting(lane, dialled), tunnel ? ", tunnel" : "", a->name);
	if (a->code == NULL) {
		/* Its signer is judged by our time, whatever it says. */
		assert_int_equal(r->signer.judged.ms, r->clock.now);
		rig_settle(r);
		assert_non_null(strstr(r->did, "1:proven"));
		assert_false(l->closed);
	} else {
		after = rig_state(r);
		assert_int_equal(r->signer.n, 0);
		assert_true(cy_digest_equal(&before, &after));
		snprintf(words, sizeof words, "alarm 1:goodbye-%s 1:close", a->code);
		rig_did(r, ended(words, lane, dialled), of);
	}
	rig_free(r);
}

static void every_line_of_the_proof(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	for (int tunnel = 0; tunnel <= 1; tunnel++)
		for (size_t i = 0; i < sizeof alterations / sizeof alterations[0]; i++)
			one_alteration(lane, dialled, tunnel, &alterations[i]);
}

static void a_proof_that_is_none(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	{
		struct rig *r = started();
		struct line *l = come_to(r, lane, dialled, BEFORE_PROOF);

		say_proof(r, l, NULL, PEER);
		rig_did(r, ended(REFUSED, lane, dialled), setting(lane, dialled));
		rig_free(r);
	}
}

/* ------------------------------------------------------------------ what it binds to */

static const struct {
	const char *name;
	bool tunnel;
	enum wire_binding binding;
	size_t bound; /* offset in struct link_connection */
	bool good;
} bindings[] = {
	{ "the exporter", false, WIRE_EXPORTER, offsetof(struct link_connection, exporter), true },
	{ "its certificate as an exporter", false, WIRE_EXPORTER, offsetof(struct link_connection, theirs), false },
	{ "its certificate, without a tunnel", false, WIRE_CERTIFICATE, offsetof(struct link_connection, theirs),
	  false },
	{ "its certificate, with a tunnel", true, WIRE_CERTIFICATE, offsetof(struct link_connection, theirs), true },
	{ "our certificate", true, WIRE_CERTIFICATE, offsetof(struct link_connection, ours), false },
	{ "the exporter as a certificate", true, WIRE_CERTIFICATE, offsetof(struct link_connection, exporter), false },
	{ "the exporter, with a tunnel", true, WIRE_EXPORTER, offsetof(struct link_connection, exporter), false },
};

/* Ours says the same of this connection as theirs must. */
static void check_own_proof(const struct rig *r, const struct line *l)
{
	const struct cy_digest *bound = r->peer.tunnel ? &l->on.ours : &l->on.exporter;

	assert_int_equal(r->proof->type, WIRE_SESSION_PROOF);
	assert_string_equal(r->proof->from, SELF);
	assert_string_equal(r->proof->to, PEER);
	assert_int_equal(r->proof->role, l->on.dialled ? WIRE_DIALLER : WIRE_LISTENER);
	assert_int_equal(r->proof->lane, l->lane);
	assert_true(cy_digest_equal(&r->proof->hello_from, &l->ours));
	assert_true(cy_digest_equal(&r->proof->hello_to, &l->theirs));
	assert_int_equal(r->proof->binding, r->peer.tunnel ? WIRE_CERTIFICATE : WIRE_EXPORTER);
	assert_true(cy_digest_equal(&r->proof->bound, bound));
}

static void what_the_proof_binds_to(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	for (size_t i = 0; i < sizeof bindings / sizeof bindings[0]; i++) {
		struct rig *r = rig_new(true);
		struct line *l;
		struct wire_text t;

		r->peer.tunnel = bindings[i].tunnel;
		rig_start(r);
		l = come_to(r, lane, dialled, BEFORE_PROOF);
		t = peer_proof(r, l);
		t.binding = bindings[i].binding;
		memcpy(&t.bound, (const char *)&l->on + bindings[i].bound, sizeof t.bound);
		say_proof(r, l, &t, PEER);
		rig_settle(r);
		if (bindings[i].good) {
			assert_non_null(strstr(r->did, "1:proven"));
			check_own_proof(r, l);
		} else {
			rig_did(r, ended("alarm 1:goodbye-IDENTITY 1:close", lane, dialled), bindings[i].name);
		}
		rig_free(r);
	}
}

/* ------------------------------------------------------------- ended by this side */

/* Bring the node to the moment at which it signs its proof. */
static void have_it_sign(struct rig *r, struct line *l)
{
	say_hello(r, l, all_features, 2);
	if (!l->on.dialled)
		prove(r, l);
}

static void the_signer_fails(void **state)
{
	enum {
		LATER,
		AT_ONCE,
		NOT_ALLOWED,
		WAYS
	};

	(void)state;
	EACH_SETTING(lane, dialled)
	for (int way = 0; way < WAYS; way++) {
		struct rig *r = started();
		struct line *l = rig_up(r, lane, dialled);
		const struct cy_digest before = rig_state(r);
		struct cy_digest after;

		r->signer.refuses = way == AT_ONCE;
		r->signer.expired = way == NOT_ALLOWED;
		have_it_sign(r, l);
		assert_int_equal(r->signer.n, way == LATER);
		if (way == LATER)
			rig_signed(r, CY_ESIGN);
		assert_non_null(strstr(r->did, "1:goodbye-STORE 1:close"));
		assert_null(strstr(r->did, "1:session_proof"));
		after = rig_state(r);
		assert_true(l->closed && cy_digest_equal(&before, &after));
		rig_free(r);
	}
}

static void another_connection_stays(void **state)
{
	(void)state;
	EACH_SETTING(lane, dialled)
	{
		struct rig *r = started();
		struct line *l = come_to(r, lane, dialled, BEFORE_PROOF);
		const struct cy_digest before = rig_state(r);
		struct cy_digest after;

		r->stays = true;
		prove(r, l);
		rig_settle(r);
		rig_did(r, "1:goodbye-REPLACED 1:close", setting(lane, dialled));
		after = rig_state(r);
		assert_true(cy_digest_equal(&before, &after));
		rig_free(r);
	}
}

/* In each phase, one side or the other does not want the connection any more; what comes after
 * that finds nobody. */
static void let_go(void (*end)(struct rig *r))
{
	EACH_SETTING(lane, dialled)
	for (enum phase phase = BEFORE_HELLO; phase < PROVEN; phase++) {
		struct rig *r = started();
		struct line *l = come_to(r, lane, dialled, phase);

		end(r);
		rig_did(r, "1:goodbye-SHUTDOWN 1:close", setting(lane, dialled));
		rig_settle(r);
		if (phase == BEFORE_HELLO)
			say_hello(r, l, all_features, 2);
		else
			prove(r, l);
		rig_lane_down(r->node, lane, l->session, "closed");
		rig_settle(r);
		rig_did(r, "", setting(lane, dialled));
		rig_free(r);
	}
}

static void remove_peer(struct rig *r)
{
	struct cy_error e = { 0 };

	r->config.n_peers = 0;
	assert_int_equal(node_reconfigure(r->node, &r->config, &e), CY_OK);
}

static void stop(struct rig *r)
{
	node_stop(r->node);
}

static void the_peer_is_removed_meanwhile(void **state)
{
	(void)state;
	let_go(remove_peer);
}

static void the_node_stops_meanwhile(void **state)
{
	(void)state;
	let_go(stop);
}

/* ----------------------------------------------------------------------- replaced */

static void a_replaced_session(void **state)
{
	(void)state;
	for (int dialled = 0; dialled <= 1; dialled++) {
		struct rig *r = started();
		struct line *old = rig_session(r, WIRE_MESSAGES, dialled, all_features, 2), *new;

		r->did[0] = '\0';
		new = come_to(r, WIRE_MESSAGES, dialled, BEFORE_PROOF);
		/* The batch that answers it waits for its signature when the new one is proven. */
		give_parcel(r, old, cy_bytes("x", 1));
		assert_int_equal(r->signer.n, 1);
		rig_did(r, "warning", "a parcel on the old session, which rejects its message");
		prove(r, new);
		if (!dialled)
			rig_signed_newest(r);
		rig_did(r,
			dialled ? "2:proven 1:goodbye-REPLACED 1:close"
				: "2:proven 2:session_proof 1:goodbye-REPLACED 1:close",
			"the new one is proven");
		assert_int_equal(r->signer.n, 1);
		rig_settle(r);
		/* The receipt was for the old session. */
		rig_did(r, "2:state", "the batch of the old one is through");
		say_state(r, new);
		rig_settle(r);
		rig_did(r, "2:established", "the new session");
		give_parcel(r, new, cy_bytes("x", 1));
		rig_settle(r);
		rig_did(r, "2:receipt", "the parcel once more");
		rig_free(r);
	}
}

static void a_replaced_bulk_session(void **state)
{
	(void)state;
	for (int dialled = 0; dialled <= 1; dialled++) {
		struct rig *r = started();

		rig_session(r, WIRE_BULK, dialled, all_features, 2);
		r->did[0] = '\0';
		rig_session(r, WIRE_BULK, dialled, all_features, 2);
		rig_did(r,
			dialled ? "2:hello 2:session_proof 2:proven 1:goodbye-REPLACED 1:close 2:established"
				: "2:hello 2:proven 2:session_proof 1:goodbye-REPLACED 1:close 2:established",
			"the second one");
		rig_free(r);
	}
}

/* ----------------------------------------------------------------------- features */

/* A message that opens a case, with one attachment that travels on the bulk lane. */
static void give_evidence(struct rig *r, const struct line *l)
{
	CyMessage m = CY_MESSAGE__INIT;
	CyContent content = CY_CONTENT__INIT;
	CySpontaneousInformation info = CY_SPONTANEOUS_INFORMATION__INIT;
	CyAttachment file = CY_ATTACHMENT__INIT, *files[] = { &file };
	struct cy_digest d = cy_sha256(cy_bytes("x", 1));
	struct cy_uuid id = some_id(0);
	struct cy_uuid case_id = some_id(1);
	uint8_t nonce[16] = { 0 };
	struct cy_buf out = CY_BUF(CY_MESSAGE_MAX);

	file.name = (char *)"a";
	file.media_type = (char *)"text/plain";
	file._size_case = CY_ATTACHMENT___SIZE_SIZE;
	file.size = 1;
	file.sha256 = file.chunk_root = (ProtobufCBinaryData){ .data = d.b, .len = sizeof d.b };
	file.chunk_bytes = CY_CHUNK;
	info.title = info.text = (char *)"t";
	info.attachments = files;
	info.n_attachments = 1;
	content.kind_case = CY_CONTENT__KIND_SPONTANEOUS_INFORMATION;
	content.spontaneous_information = &info;
	m.format = 1;
	m.id = id.s;
	m.from = (char *)PEER;
	m.to = (char *)SELF;
	m.case_id = case_id.s;
	m.author_side = CY_SIDE__REQUESTING;
	m.number = 1;
	m.created_ms = START_MS;
	m.nonce = (ProtobufCBinaryData){ .data = nonce, .len = sizeof nonce };
	m.priority = CY_PRIORITY__NORMAL;
	m.own_reference = (char *)"ref";
	m.content = &content;
	assert_int_equal(wire_pack(&m.base, &out), CY_OK);
	give_parcel(r, l, cy_buf_view(&out));
	rig_settle(r);
	cy_buf_free(&out);
}

static bool names(const CyHello *h, const char *feature)
{
	for (size_t i = 0; i < h->n_features; i++)
		if (strcmp(h->features[i], feature) == 0)
			return true;
	return false;
}

/* `ours`: evidence is kept here. The peer may dial the bulk lane whatever it has named. */
static void one_evidence(bool ours, bool theirs)
{
	struct rig *r = rig_new(ours);
	struct line *l;

	rig_start(r);
	l = rig_session(r, WIRE_MESSAGES, false, all_features, theirs ? 1 : 0);
	assert_int_equal(names(r->hello, "evidence"), ours);
	r->did[0] = '\0';
	give_evidence(r, l);
	rig_did(r, ours && theirs ? "1:receipt want" : "1:receipt", "a message with an attachment");
	rig_session(r, WIRE_BULK, false, all_features, theirs ? 1 : 0);
	rig_did(r,
		!ours    ? "2:close"
		: theirs ? "2:hello 2:proven 2:session_proof 2:established open no-want 1:parcel"
			 : "2:hello 2:proven 2:session_proof 2:established open",
		"the bulk lane");
	/* That it has arrived is on our own record, and stays unsaid. */
	if (ours)
		assert_false(mem_store_evidence(&r->store, some_id(0).s, 1)->unstated);
	r->clock.now += 10000;
	node_wake(r->node);
	rig_settle(r);
	rig_did(r, "", "after a while");
	rig_free(r);
}

static void evidence_absent_on_either_side(void **state)
{
	(void)state;
	for (int ours = 0; ours <= 1; ours++)
		for (int theirs = 0; theirs <= 1; theirs++)
			one_evidence(ours, theirs);
}

static void profile_text_absent_on_either_side(void **state)
{
	static const struct law_profile profile = { .id = "x-1", .version = "1", .title = "t" };
	static const struct law_profile *const list[] = { &profile };
	static const struct law_data legal_data = { .n_profiles = 1, .profiles = list };
	uint8_t digest[CY_SHA256_LEN] = { 1 };
	CyProfileDigest named = CY_PROFILE_DIGEST__INIT;

	(void)state;
	named.instrument = (char *)"x-1";
	named.version = (char *)"1";
	named.digest = (ProtobufCBinaryData){ .data = digest, .len = sizeof digest };
	for (int ours = 0; ours <= 1; ours++)
		for (int theirs = 0; theirs <= 1; theirs++) {
			struct rig *r = rig_new(false);

			r->config.legal_data = ours ? &legal_data : NULL;
			r->named = &named;
			rig_start(r);
			rig_session(r, WIRE_MESSAGES, false, all_features + 1, theirs ? 1 : 0);
			assert_int_equal(names(r->hello, "profile-text"), ours);
			rig_did(r,
				!ours    ? "1:hello 1:proven 1:session_proof 1:state 1:established"
				: theirs ? "1:hello 1:proven 1:session_proof 1:state warning 1:profile_request "
					   "1:established"
					 : "1:hello 1:proven 1:session_proof 1:state warning 1:established",
				"a profile that differs");
			rig_free(r);
		}
}

/* A name that the node has never heard of is a feature of the future. */
static void an_unknown_feature(void **state)
{
	static char *features[] = { (char *)"tomorrow", (char *)"evidence" };
	struct rig *r = started();
	struct line *l = rig_session(r, WIRE_MESSAGES, false, features, 2);

	(void)state;
	assert_false(l->closed);
	r->did[0] = '\0';
	give_evidence(r, l);
	rig_did(r, "1:receipt want", "a message with an attachment");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_in_every_phase),
		cmocka_unit_test(every_line_of_the_proof),
		cmocka_unit_test(a_proof_that_is_none),
		cmocka_unit_test(what_the_proof_binds_to),
		cmocka_unit_test(the_signer_fails),
		cmocka_unit_test(another_connection_stays),
		cmocka_unit_test(the_peer_is_removed_meanwhile),
		cmocka_unit_test(the_node_stops_meanwhile),
		cmocka_unit_test(a_replaced_session),
		cmocka_unit_test(a_replaced_bulk_session),
		cmocka_unit_test(evidence_absent_on_either_side),
		cmocka_unit_test(profile_text_absent_on_either_side),
		cmocka_unit_test(an_unknown_feature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
