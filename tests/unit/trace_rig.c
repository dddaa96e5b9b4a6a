#include "trace_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "comity/v1/local.pb-c.h"
#include "comity/v1/peer.pb-c.h"
#include "io/service/orders_file.h"
#include "law/fact.h"
#include "wire/json.h"
#include "wire/manifest.h"
#include "wire/message.h"

#define DESK  1 /* connections of the local clients */
#define CHIEF 2

/* Ids by first appearance, so that a trace reads well: m1, c2 ... */
static const char *short_id(struct world *w, const char *id)
{
	static char names[4][16];
	static size_t turn;
	char *name = names[turn++ % 4];
	size_t i = 0;

	if (w->silent)
		return "";
	while (i < w->n_ids && strcmp(w->ids[i], id) != 0)
		i++;
	assert_true(i < sizeof w->ids / sizeof w->ids[0]);
	if (i == w->n_ids)
		snprintf(w->ids[w->n_ids++], sizeof w->ids[0], "%s", id);
	snprintf(name, sizeof names[0], "#%u", (unsigned)i + 1);
	return name;
}

void say(struct world *w, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (w->silent)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	assert_int_equal(cy_buf_addf(&w->trace, "%s\n", line), CY_OK);
}

static struct side *other(struct side *s)
{
	return s == &s->w->a ? &s->w->b : &s->w->a;
}

/* ---------------------------------------------------------------- describing */

static unsigned long long relative(uint64_t epoch)
{
	/* Epochs are wall times: shown as seconds since the start of the scenario. */
	return epoch == 0 ? 0 : 1 + (epoch - (uint64_t)START_MS) / 1000;
}

static const char *describe(struct world *w, const CyPeerFrame *f, char *out, size_t size)
{
	struct wire_text *t = calloc(1, sizeof *t);
	size_t at = 0;

	out[0] = '\0';
	switch (f->kind_case) {
	case CY_PEER_FRAME__KIND_HELLO:
		snprintf(out, size, "hello     from %s to %s, version %u", f->hello->from, f->hello->to,
			 f->hello->highest_version);
		break;
	case CY_PEER_FRAME__KIND_SESSION_PROOF:
		wire_text_read(cy_bytes(f->session_proof->proof->text.data, f->session_proof->proof->text.len), t,
			       NULL);
		snprintf(out, size, "proof     of %s as %s", t->from, t->role == WIRE_DIALLER ? "dialler" : "listener");
		break;
	case CY_PEER_FRAME__KIND_STATE:
		snprintf(out, size, "state     epoch %llu, holds %llu/%llu, has receipts to %llu/%llu%s",
			 relative(f->state->epoch), relative(f->state->held->epoch),
			 (unsigned long long)f->state->held->sequence, relative(f->state->receipted->epoch),
			 (unsigned long long)f->state->receipted->sequence,
			 f->state->reconciling ? ", reconciling" : "");
		break;
	case CY_PEER_FRAME__KIND_PARCEL:
		wire_text_read(cy_bytes(f->parcel->manifest->text.data, f->parcel->manifest->text.len), t, NULL);
		at = (size_t)snprintf(out, size, "parcel    %llu/%llu:", relative(t->epoch),
				      (unsigned long long)t->sequence);
		for (size_t i = 0; i < t->n && at < size; i++) {
			CyMessage *m =
				cy_message__unpack(NULL, f->parcel->messages[i].len, f->parcel->messages[i].data);

			if (f->parcel->messages[i].len == 0)
				at += (size_t)snprintf(out + at, size - at, " tombstone of %s",
						       short_id(w, t->entries[i].id));
			else
				at += (size_t)snprintf(out + at, size - at, " %s %s (number %u, seen %u)",
						       m != NULL ? law_kind_name(m->content->kind_case) : "garbage",
						       short_id(w, t->entries[i].id), m != NULL ? m->number : 0,
						       m != NULL ? m->seen : 0);
			if (m != NULL)
				cy_message__free_unpacked(m, NULL);
		}
		break;
	case CY_PEER_FRAME__KIND_RECEIPT:
		wire_text_read(cy_bytes(f->receipt->receipt->text.data, f->receipt->receipt->text.len), t, NULL);
		at = (size_t)snprintf(out, size, "receipt   %llu/%llu:", relative(t->epoch),
				      (unsigned long long)t->sequence);
		for (size_t i = 0; i < t->n && at < size; i++)
			at += (size_t)snprintf(
				out + at, size - at, " %s %s%s", short_id(w, t->entries[i].id),
				t->entries[i].code == 0 ? "accepted" : "rejected: ", t->entries[i].reason);
		if (at < size) {
			struct cy_digest d =
				cy_sha256(cy_bytes(f->receipt->receipt->text.data, f->receipt->receipt->text.len));
			char hex[CY_SHA256_HEX];

			cy_digest_hex(&d, hex);
			snprintf(out + at, size - at, " (sha256 %.8s)", hex);
		}
		break;
	case CY_PEER_FRAME__KIND_GOODBYE:
		snprintf(out, size, "goodbye   %d: %s", (int)f->goodbye->code, f->goodbye->text);
		break;
	case CY_PEER_FRAME__KIND_HEADS_REQUEST:
		snprintf(out, size, "heads?");
		break;
	case CY_PEER_FRAME__KIND_HEADS:
		at = (size_t)snprintf(out, size, "heads    ");
		for (size_t i = 0; i < f->heads->n_heads && at < size; i++)
			at += (size_t)snprintf(out + at, size - at, " case %s: yours %u, mine %u",
					       short_id(w, f->heads->heads[i]->case_id), f->heads->heads[i]->yours,
					       f->heads->heads[i]->mine);
		break;
	case CY_PEER_FRAME__KIND_PROFILE_REQUEST:
		snprintf(out, size, "profile?  %s %s", f->profile_request->instrument, f->profile_request->version);
		break;
	case CY_PEER_FRAME__KIND_PROFILE:
		snprintf(out, size, "profile   %s %s", f->profile->instrument, f->profile->version);
		break;
	case CY_PEER_FRAME__KIND_FETCH_REQUEST:
		if (f->fetch_request->message_id[0] != '\0')
			snprintf(out, size, "fetch?    case %s, verdict on %s", short_id(w, f->fetch_request->case_id),
				 short_id(w, f->fetch_request->message_id));
		else
			snprintf(out, size, "fetch?    case %s after %u", short_id(w, f->fetch_request->case_id),
				 f->fetch_request->after);
		break;
	case CY_PEER_FRAME__KIND_FETCHED:
		at = (size_t)snprintf(out, size, "fetched   case %s: %zu message(s)%s",
				      short_id(w, f->fetched->case_id), f->fetched->n_messages,
				      f->fetched->last ? ", last" : "");
		if (f->fetched->n_tombstones > 0)
			snprintf(out + at, size - at, ", %zu of them tombstone(s)", f->fetched->n_tombstones);
		break;
	case CY_PEER_FRAME__KIND__NOT_SET:
	case _CY_PEER_FRAME__KIND__CASE_IS_INT_SIZE:
		break;
	}
	free(t);
	return out;
}

static const char *kind_of(const CyPeerFrame *f)
{
	return f->kind_case == CY_PEER_FRAME__KIND_RECEIPT  ? "receipt"
	       : f->kind_case == CY_PEER_FRAME__KIND_PARCEL ? "parcel"
							    : "other";
}

/* --------------------------------------------------------------------- ports */

static int link_send(void *ctx, uint64_t session, struct cy_bytes frame)
{
	struct side *s = ctx;
	struct world *w = s->w;
	struct frame *f;

	if (session != s->session || session == 0)
		return CY_ENOENT;
	assert_true(w->n < FRAMES);
	f = &w->queue[(w->head + w->n++) % FRAMES];
	f->to = other(s);
	f->session = session;
	f->bytes = CY_BUF(CY_FRAME_MAX);
	assert_int_equal(cy_buf_add(&f->bytes, frame.data, frame.len), CY_OK);
	return CY_OK;
}

static int link_proven(void *ctx, uint64_t session, struct cy_error *e)
{
	struct side *s = ctx;

	(void)e;
	return session == s->session ? CY_OK : CY_ENOENT;
}

static void link_established(void *ctx, uint64_t session)
{
	(void)ctx;
	(void)session;
}

static void link_close(void *ctx, uint64_t session, const char *why)
{
	struct side *s = ctx;

	(void)why;
	if (session == s->session && session != 0)
		s->w->down_pending = true;
}

static void keep_verdicts(struct side *s, const CyCaseView *v)
{
	size_t at = 0;

	s->without_receipt = 0;
	for (size_t i = 0; i < v->n_messages; i++) {
		const CyMessageSummary *m = v->messages[i];
		const bool own = strcmp(m->author, s->name) == 0;

		s->without_receipt += own && strcmp(m->transport, "relayed") != 0;
		at += (size_t)snprintf(s->verdicts + at, sizeof s->verdicts - at, "%s %u: %d\n", m->author, m->number,
				       (int)m->void_code);
		assert_true(at < sizeof s->verdicts);
	}
}

static void keep_erasures(struct side *s, const CyCaseView *v)
{
	size_t at = 0;

	s->erased[0] = '\0';
	if (v->erasure != NULL)
		at = (size_t)snprintf(s->erased, sizeof s->erased, "%s: %s;", v->erasure->by, v->erasure->reason);
	for (size_t i = 0; i < v->n_messages; i++) {
		const CyMessageSummary *m = v->messages[i];

		if (m->erasure == CY_ERASURE__ERASURE_UNSPECIFIED)
			continue;
		assert_int_not_equal(m->erased_ms, 0);
		at += (size_t)snprintf(s->erased + at, sizeof s->erased - at, " %s/%u%s", m->author, m->number,
				       m->erasure == CY_ERASURE__ERASED_BY_PEER ? "+" : "");
		assert_true(at < sizeof s->erased);
	}
}

static void say_event(struct side *s, const CyEvent *e)
{
	const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(&cy_event_type__descriptor, (int)e->type);

	/* One about a restored store is about no case. */
	if (e->case_id[0] == '\0') {
		say(s->w, "%-6s <- event %s%s%s", s->name, v->name, e->peer[0] != '\0' ? ": " : "", e->peer);
		return;
	}
	snprintf(s->case_id, sizeof s->case_id, "%s", e->case_id);
	say(s->w, "%-6s <- event %s: %s %s, case is %s%s%s", s->name, v->name, law_kind_name(e->kind),
	    short_id(s->w, e->message_id), e->case_state, e->text[0] != '\0' ? ": " : "", e->text);
}

static int local_send_frame(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	struct side *s = ctx;
	CyServerFrame *f = cy_server_frame__unpack(NULL, bytes.len, bytes.data);

	(void)conn;
	assert_non_null(f);
	if (s->w->heard != NULL)
		s->w->heard(s, f);
	if (f->kind_case == CY_SERVER_FRAME__KIND_SUBMITTED) {
		snprintf(s->case_id, sizeof s->case_id, "%s", f->submitted->case_id);
		say(s->w, "%-6s <- accepted: message %s, number %u%s", s->name,
		    short_id(s->w, f->submitted->message_id), f->submitted->number,
		    f->submitted->repeated ? " (as before)" : "");
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_ERROR) {
		say(s->w, "%-6s <- error: %s", s->name, f->error->text);
		snprintf(s->last_error, sizeof s->last_error, "%s", f->error->text);
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_MESSAGE_VIEW) {
		s->shown = f->message_view->content.len;
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_DONE) {
		say(s->w, "%-6s <- done", s->name);
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_EVENT && f->event->type == CY_EVENT_TYPE__CONTENT_ERASED &&
		   ++s->events > 0 && s->muted) {
		/* counted */
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_EVENT &&
		   f->event->type != CY_EVENT_TYPE__SUBMISSION_ACCEPTED && !s->muted) {
		say_event(s, f->event);
	} else if (f->kind_case == CY_SERVER_FRAME__KIND_CASE_VIEW) {
		cy_hex(f->case_view->state_digest.data, f->case_view->state_digest.len, s->digest);
		snprintf(s->state, sizeof s->state, "%s", f->case_view->summary->state);
		keep_verdicts(s, f->case_view);
		keep_erasures(s, f->case_view);
		for (size_t i = 0; i < f->case_view->n_clocks; i++) {
			s->due_ms = f->case_view->clocks[i]->due_ms;
			say(s->w, "%-6s == clock %s: %s%s%s", s->name, f->case_view->clocks[i]->clock,
			    f->case_view->clocks[i]->state, f->case_view->clocks[i]->difference[0] != '\0' ? ", " : "",
			    f->case_view->clocks[i]->difference);
		}
	}
	cy_server_frame__free_unpacked(f, NULL);
	return CY_OK;
}

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	struct side *s = ctx;

	rig_check_line(text);
	if (level == NODE_ALARM || level == NODE_WARNING)
		say(s->w, "%-6s !! %s", s->name, text);
}

static void committed(void *ctx, int code, const char *why)
{
	struct side *s = ctx;

	s->committed = true;
	node_committed(s->node, code, why);
}

/* -------------------------------------------------------------------- running */

static void hello_clients(struct side *s)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubscribe sub = CY_SUBSCRIBE__INIT;

	rig_client_hello(s->node, DESK, 0, 1);
	rig_client_hello(s->node, CHIEF, 1, 1);
	f.correlation = 2;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBSCRIBE;
	sub.cursor = (char *)"desk";
	sub.from_now = true;
	f.subscribe = &sub;
	rig_client_says(s->node, DESK, &f);
}

void ask_erasure(struct side *s, const char *case_id, const char *reason)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyEraseCase erase = CY_ERASE_CASE__INIT;

	s->last_error[0] = '\0';
	erase.ref = (char *)(uintptr_t)case_id;
	erase.reason = (char *)(uintptr_t)reason;
	f.correlation = 7;
	f.kind_case = CY_CLIENT_FRAME__KIND_ERASE_CASE;
	f.erase_case = &erase;
	say(s->w, "%-6s >> has a case erased: %s", s->name, reason);
	rig_client_says(s->node, CHIEF, &f);
}

void order_erasure(struct side *s, const char *case_id, const char *reason)
{
	ask_erasure(s, case_id, reason);
	settle(s->w);
}

void show_message(struct side *s, const char *id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowMessage m = CY_SHOW_MESSAGE__INIT;

	m.message_id = (char *)(uintptr_t)id;
	f.correlation = 6;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_MESSAGE;
	f.show_message = &m;
	rig_client_says(s->node, DESK, &f);
}

void start(struct side *s)
{
	const size_t at = s == &s->w->b;
	const struct node_peer_config peers[] = { { .id = s->peer, .place = s->w->places[1 - at] } };
	const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true },
						      { "chief", CY_ROLE__ADMINISTRATOR, true } };
	const struct node_config config = { .authority = s->name,
					    .legal_data = s->w->legal_data,
					    .place = s->w->places[at],
					    .peers = peers,
					    .n_peers = 1,
					    .clients = clients,
					    .n_clients = 2,
					    .window = 4,
					    .undelivered_ms = INT64_C(30) * 86400000 };
	char key[64], orders[48];
	struct store_sqlite_config sc = { .dir = s->dir, .key_path = key, .sync_off = true };
	struct cy_error e = { 0 };

	snprintf(key, sizeof key, "%s/store.key", s->dir);
	snprintf(orders, sizeof orders, "%s.orders", s->dir);
	if (orders_file_open(orders, s->name, &s->orders, &s->ports.orders, &e) < 0)
		fail_msg("%s", e.text);
	sc.orders = s->ports.orders;
	if (store_sqlite_open(&sc, committed, s, &s->store, &s->ports.store, &e) < 0)
		fail_msg("%s", e.text);
	s->ports.link = (struct link_port){ s, link_send, link_proven, link_established, link_close };
	s->ports.local = rig_local_port(s, local_send_frame);
	s->ports.clock = rig_clock_port(&s->w->clock);
	s->ports.signer = rig_signer_port(&s->signer);
	s->ports.random = rig_random_port(&s->rng);
	s->ports.journal = (struct journal_port){ .ctx = s, .note = journal_note };
	if (node_new(&config, &s->ports, &s->node, &e) < 0)
		fail_msg("%s", e.text);
	hello_clients(s);
}

void stop(struct side *s)
{
	node_free(s->node);
	store_sqlite_close(s->store);
	orders_file_close(s->orders);
	s->node = NULL;
	s->signer.n = 0;
}

void session_lost(struct world *w, const char *why)
{
	if (w->a.session == 0)
		return;
	for (; w->n > 0; w->n--) {
		cy_buf_free(&w->queue[w->head].bytes);
		w->head = (w->head + 1) % FRAMES;
	}
	say(w, "       -- session ends: %s", why);
	for (struct side *s = &w->a;; s = &w->b) {
		uint64_t session = s->session;

		s->session = 0;
		if (s->node != NULL)
			node_link_down(s->node, session, why);
		if (s == &w->b)
			return;
	}
}

void connect_both(struct world *w)
{
	struct link_connection on;

	say(w, "       -- session begins");
	w->a.session = w->b.session = ++w->sessions;
	on = rig_connection(w->sessions, true);
	node_link_up(w->a.node, w->a.peer, w->a.session, &on);
	on.dialled = false;
	node_link_up(w->b.node, w->b.peer, w->b.session, &on);
}

static bool deliver(struct world *w)
{
	struct frame f;
	CyPeerFrame *pf;
	char text[512];

	if (w->n == 0)
		return false;
	f = w->queue[w->head];
	w->head = (w->head + 1) % FRAMES;
	w->n--;
	pf = cy_peer_frame__unpack(NULL, f.bytes.len, f.bytes.data);
	assert_non_null(pf);
	if (w->late && f.to == &w->a && strcmp(kind_of(pf), "receipt") == 0) {
		w->late = false;
		say(w, "       -- the lost receipt comes late");
		node_link_frame(w->a.node, w->a.session, cy_buf_view(&w->lost));
	}
	if (w->tamper != NULL) {
		w->tamper(pf);
		f.bytes.len = 0;
		assert_int_equal(wire_pack(&pf->base, &f.bytes), CY_OK);
	}
	if (!w->silent)
		say(w, "%-6s -> %-6s  %s", other(f.to)->name, f.to->name, describe(w, pf, text, sizeof text));
	if (w->lose != NULL && strcmp(kind_of(pf), w->lose) == 0) {
		w->lose = NULL;
		say(w, "       -- lost on the way");
		w->lost.len = 0;
		assert_int_equal(cy_buf_add(&w->lost, f.bytes.data, f.bytes.len), CY_OK);
		session_lost(w, "connection reset");
	} else if (f.session == f.to->session) {
		node_link_frame(f.to->node, f.session, cy_buf_view(&f.bytes));
	}
	cy_peer_frame__free_unpacked(pf, NULL);
	cy_buf_free(&f.bytes);
	return true;
}

/* Until nothing moves any more. */
void settle(struct world *w)
{
	bool moved = true, again = false;

	while (moved || again) {
		moved = again = false;
		for (struct side *s = &w->a;; s = &w->b) {
			if (s->node != NULL) {
				uint64_t before = w->n;

				moved = moved || s->signer.n > 0;
				rig_sign(&s->signer, s->node, CY_OK);
				s->committed = false;
				store_sqlite_dispatch(s->store);
				moved = moved || s->signer.n > 0 || w->n != before;
				again = again || s->committed;
			}
			if (s == &w->b)
				break;
		}
		moved = deliver(w) || moved;
		if (!moved && w->down_pending && w->n == 0) {
			w->down_pending = false;
			session_lost(w, "closed after a goodbye");
			moved = true;
		}
		if (moved || !again)
			w->clock.now++;
	}
}

void desk_says(struct side *s, CyClientFrame *f)
{
	f->correlation = 10;
	rig_client_says(s->node, DESK, f);
}

void chief_says(struct side *s, CyClientFrame *f)
{
	f->correlation = 11;
	rig_client_says(s->node, CHIEF, f);
}

/* Any Submission as JSON. */
void submit(struct side *s, const char *case_ref, const char *json)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CySubmit sub = CY_SUBMIT__INIT;
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };
	char key[32];

	if (wire_json_parse(&cy_submission__descriptor, cy_bytes(json, strlen(json)), &m, &e) < 0)
		fail_msg("%s: %s", e.field, e.text);
	sub.submission = (CySubmission *)m;
	if (case_ref != NULL) {
		sub.submission->case_ref = strdup(case_ref);
	}
	snprintf(key, sizeof key, "key-%llu", (unsigned long long)++s->key);
	sub.idempotency_key = key;
	/* The tests open their cases with one request. */
	sub.same_reference = true;
	f.correlation = 100 + s->key;
	f.kind_case = CY_CLIENT_FRAME__KIND_SUBMIT;
	f.submit = &sub;
	say(s->w, "%-6s >> submits %s", s->name, law_kind_name(sub.submission->content->kind_case));
	rig_client_says(s->node, DESK, &f);
	protobuf_c_message_free_unpacked(m, NULL);
}

void show(struct side *s, const char *case_id)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyShowCase sc = CY_SHOW_CASE__INIT;

	sc.ref = (char *)case_id;
	f.correlation = 9;
	f.kind_case = CY_CLIENT_FRAME__KIND_SHOW_CASE;
	f.show_case = &sc;
	rig_client_says(s->node, DESK, &f);
}

/* Nothing is in flight: both sides hold the same case. */
void both_equal(struct world *w, const char *case_id)
{
	show(&w->a, case_id);
	show(&w->b, case_id);
	assert_string_equal(w->a.state, w->b.state);
	assert_string_equal(w->a.digest, w->b.digest);
	say(w, "       == both sides: %s", w->a.state);
}
char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text;
	long len;

	if (f == NULL)
		return NULL;
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	text = calloc(1, (size_t)len + 1);
	assert_int_equal(fread(text, 1, (size_t)len, f), len);
	fclose(f);
	return text;
}

char *request;

int read_request(void **state)
{
	(void)state;
	request = read_file("contrib/demo/request.json");
	if (request == NULL)
		fprintf(stderr, "run this from the top of the repository\n");
	return request != NULL ? 0 : -1;
}

int free_request(void **state)
{
	(void)state;
	free(request);
	return 0;
}

static void run(const char *cmd)
{
	assert_int_equal(system(cmd), 0);
}

void use_backup(struct side *s, unsigned number)
{
	snprintf(s->backup, sizeof s->backup, "%s.backup%u", s->dir, number);
}

static void side_init(struct world *w, struct side *s, const char *name, const char *peer, uint64_t seed)
{
	s->w = w;
	s->name = name;
	s->peer = peer;
	s->rng.state = seed;
	s->signer.self = name;
	snprintf(s->dir, sizeof s->dir, "/tmp/comity-trace-XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	use_backup(s, 0);
}

struct world *world_between(const struct law_data *legal_data, const char *const names[static 2],
			    const struct node_place places[static 2])
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	w->legal_data = legal_data;
	w->places = places;
	w->clock.now = START_MS;
	w->trace = CY_BUF(1024 * 1024);
	w->lost = CY_BUF(CY_FRAME_MAX);
	side_init(w, &w->a, names[0], names[1], 1);
	side_init(w, &w->b, names[1], names[0], 2);
	start(&w->a);
	start(&w->b);
	settle(w);
	return w;
}

struct world *world_with(const struct law_data *legal_data)
{
	static const char *const names[] = { "US-OIA", "IE" };
	static const struct node_place nowhere[2];

	return world_between(legal_data, names, nowhere);
}

struct world *world_new(void)
{
	return world_with(NULL);
}

void world_end(struct world *w, const char *name)
{
	char path[128], cmd[256];
	char *want;

	for (struct side *s = &w->a;; s = &w->b) {
		stop(s);
		snprintf(cmd, sizeof cmd, "rm -rf '%s' '%s'.*", s->dir, s->dir);
		run(cmd);
		if (s == &w->b)
			break;
	}
	snprintf(path, sizeof path, "tests/traces/%s.txt", name != NULL ? name : "");
	if (name != NULL && getenv("TRACE_WRITE") != NULL) {
		FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs((char *)w->trace.data, f);
		fclose(f);
	}
	if (name != NULL) {
		want = read_file(path);
		if (want == NULL)
			fail_msg("%s is missing: TRACE_WRITE=1 writes it", path);
		assert_string_equal((char *)w->trace.data, want);
		free(want);
	}
	while (w->n > 0) {
		cy_buf_free(&w->queue[w->head].bytes);
		w->head = (w->head + 1) % FRAMES;
		w->n--;
	}
	cy_buf_free(&w->trace);
	cy_buf_free(&w->lost);
	free(w);
}

void copy_store(struct side *s, bool back)
{
	char cmd[256];

	stop(s);
	snprintf(cmd, sizeof cmd, "rm -rf '%s' && cp -a '%s' '%s'", back ? s->dir : s->backup,
		 back ? s->backup : s->dir, back ? s->dir : s->backup);
	run(cmd);
	if (back) {
		/* By chance the copy may have the inode that the file had before: always it counts as a copy. */
		snprintf(cmd, sizeof cmd, "rm -f '%s/comity.db.base'", s->dir);
		run(cmd);
	}
	start(s);
}
