/* A message that the case system hands in: validated, folded into its case, and
 * on stable storage before it is answered. */
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "law/kinds.h"
#include "law/plausible.h"
#include "law/validate.h"
#include "law/warn.h"
#include "node/clients/views.h"
#include "node/evidence/evidence.h"
#include "wire/message.h"

static void reply_submitted(struct node *n, const struct conn *c, uint64_t correlation, CySubmitted *s)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;

	f.kind_case = CY_SERVER_FRAME__KIND_SUBMITTED;
	f.submitted = s;
	batch_reply(n, c->id, correlation, &f);
}

/* -------------------------------------------------------------- idempotency */

/* The peer for which a message of ours waits; "": there is a session with it, or the message has left. */
static char *waits_for(struct node *n, const char *peer, enum store_transport transport)
{
	const struct peer *p = node_peer(n, peer);

	if (transport != STORE_QUEUED || (p != NULL && p->session != 0))
		return (char *)"";
	return (char *)batch_string(n, peer);
}

static void answer_again(struct node *n, const struct conn *c, uint64_t correlation, const struct node_key *k)
{
	struct message_state m;
	CySubmitted submitted = CY_SUBMITTED__INIT;
	const int r = message_state(n, k->message_id, &m);

	if (r < 0) {
		batch_error(n, c->id, correlation, local_unread_code(r), "", local_unread_text(r));
		return;
	}
	submitted.message_id = (char *)k->message_id;
	submitted.case_id = m.case_id;
	submitted.number = m.number;
	submitted.sha256 = (ProtobufCBinaryData){ .data = m.digest.b, .len = sizeof m.digest.b };
	submitted.repeated = true;
	submitted.not_connected = waits_for(n, m.peer, m.transport);
	reply_submitted(n, c, correlation, &submitted);
}

/* Was this key used? True: it was answered here. */
static bool answered_before(struct node *n, const struct conn *c, uint64_t correlation, const char *key,
			    const struct cy_digest *request)
{
	const struct cy_digest d = store_key_digest(c->client->name, key);
	struct node_key k = { 0 };
	char hex[CY_SHA256_HEX];
	int r;

	cy_digest_hex(&d, hex);
	r = keys_find(n, STORE_BY_DIGEST, hex, &k);
	/* As older versions wrote them. */
	if (r == CY_ENOENT)
		r = keys_find(n, c->client->name, key, &k);
	if (r < 0 && r != CY_ENOENT) {
		batch_error(n, c->id, correlation, local_unread_code(r), "", local_unread_text(r));
		return true;
	}
	if (!k.found)
		return false;
	if (k.spent) {
		node_note(n, NODE_WARNING,
			  "client %s: an idempotency key came again after its time (store.keep_keys): refused",
			  c->client->name);
		batch_error(n, c->id, correlation, CY_ERROR_CODE__CONFLICT, "idempotency_key",
			    "this key was used so long ago that the answer is not kept (store.keep_keys): nothing was "
			    "done; look for the message in its case, and use a new key for a new message");
	} else if (cy_digest_equal(&k.request, request)) {
		answer_again(n, c, correlation, &k);
	} else {
		node_note(n, NODE_WARNING,
			  "client %s: the idempotency key of message %s came again with other content: refused",
			  c->client->name, k.message_id);
		batch_error(n, c->id, correlation, CY_ERROR_CODE__CONFLICT, "idempotency_key",
			    "this key was used with other content: nothing was done; use a new key for a new message");
	}
	return true;
}

/* --------------------------------------------------------------- validation */

static void add_fault(struct law_faults *f, const char *field, const char *text)
{
	if (f->n == LAW_FAULTS_MAX) {
		f->more = true;
		return;
	}
	snprintf(f->at[f->n].field, sizeof f->at[f->n].field, "%s", field);
	snprintf(f->at[f->n].text, sizeof f->at[f->n].text, "%s", text);
	f->at[f->n].article[0] = '\0';
	f->n++;
}

static void reply_faults(struct node *n, const struct conn *c, uint64_t correlation, const struct law_faults *faults,
			 const struct law_atom_warnings *warnings)
{
	CyServerFrame f = CY_SERVER_FRAME__INIT;
	CyError e = CY_ERROR__INIT;
	char text[128];

	snprintf(text, sizeof text, "%zu%s fault%s in what was submitted: nothing was done", faults->n,
		 faults->more ? " or more" : "", faults->n == 1 ? "" : "s");
	e.code = CY_ERROR_CODE__INVALID;
	e.text = text;
	e.faults = treaty_faults(&n->batch.arena, faults);
	e.n_faults = faults->n;
	e.more_faults = faults->more;
	e.atom_warnings = warnings->list;
	e.n_atom_warnings = warnings->n;
	f.kind_case = CY_SERVER_FRAME__KIND_ERROR;
	f.error = &e;
	batch_reply(n, c->id, correlation, &f);
}

/* Nobody has this id: say who there is. */
static void unknown_addressee(const struct node *n, const char *to, struct law_faults *f)
{
	static const char others[] = " and others";
	char text[sizeof f->at[0].text], name[2 * CY_AUTHORITY_MAX + 1];
	size_t named = 0, len;

	cy_line(name, sizeof name, to);
	if (to[0] == '\0')
		len = (size_t)snprintf(text, sizeof text, "it is missing");
	else
		len = (size_t)snprintf(text, sizeof text, "'%s' is not configured", name);
	len += (size_t)snprintf(text + len, sizeof text - len, "; expected the id of a configured peer authority");
	for (size_t i = 0; i < n->n_peers; i++) {
		if (!n->peers[i]->configured)
			continue;
		if (len + strlen(n->peers[i]->id) + 2 + sizeof others > sizeof text) {
			snprintf(text + len, sizeof text - len, "%s", others);
			break;
		}
		len += (size_t)snprintf(text + len, sizeof text - len, "%s %s", named++ == 0 ? ":" : ",",
					n->peers[i]->id);
	}
	if (named == 0)
		snprintf(text + len, sizeof text - len, ", and the configuration names none");
	add_fault(f, "submission.to", text);
}

/* Against the treaty that it names, if it opens a case with this peer. */
static struct law_between between(struct node *n, const struct peer *p)
{
	return treaty_between(n, p, CY_SIDE__REQUESTING, node_now(n));
}

/* Differences of terms that nobody has acknowledged yet. */
static struct law_atom_warnings unacknowledged(struct node *n, const CySubmission *sub)
{
	struct law_atom_warnings all = { 0 };
	const struct peer *p = sub != NULL ? node_peer(n, sub->to) : NULL;
	struct law_between w;
	size_t left = 0;

	if (p == NULL || sub->content == NULL || sub->content->kind_case != CY_CONTENT__KIND_REQUEST)
		return all;
	w = between(n, p);
	all = law_atom_warnings(sub->content->request, n->config.legal_data, &w, &n->batch.arena);
	for (size_t i = 0; i < all.n; i++)
		if (all.list[i]->acknowledged_by[0] == '\0')
			all.list[left++] = all.list[i];
	all.n = left;
	return all;
}

static void add_content_faults(struct law_faults *f, const struct law_faults *content)
{
	f->more = f->more || content->more || f->n + content->n > LAW_FAULTS_MAX;
	for (size_t i = 0; i < content->n && f->n < LAW_FAULTS_MAX; i++) {
		f->at[f->n] = content->at[i];
		snprintf(f->at[f->n].field, sizeof f->at[f->n].field, "submission.content.%.70s", content->at[i].field);
		f->n++;
	}
}

/* All faults at once: the content's, then those of what stands around it. */
static void validate(struct node *n, const CySubmit *s, struct law_faults *f)
{
	const CySubmission *sub = s->submission;
	struct law_faults content;
	const struct peer *p;

	f->n = 0;
	f->more = false;
	if (sub != NULL)
		law_validate_submission(sub, f);
	else
		add_fault(f, "submission", "it is missing");
	if (!cy_name_valid(s->idempotency_key, CY_KEY_MAX))
		add_fault(f, "idempotency_key", "expected 1 to 64 printable ASCII characters");
	if (sub == NULL || sub->content == NULL)
		return;
	if (law_kind_opens(sub->content->kind_case) && node_peer(n, sub->to) == NULL)
		unknown_addressee(n, sub->to, f);
	law_validate(sub->content, &content);
	law_plausible(sub->content, &content);
	p = node_peer(n, sub->to);
	if (law_kind_opens(sub->content->kind_case) && p != NULL) {
		const struct law_between w = between(n, p);

		law_treaty_check(sub->content, n->config.legal_data, &w, &content);
	}
	add_content_faults(f, &content);
}

/* Was what it attaches handed over? True: the client has the answer. */
static bool lacks_evidence(struct node *n, const struct conn *c, uint64_t correlation, const CySubmission *sub,
			   struct law_faults *f)
{
	struct law_faults content = { .n = 0 };
	int r;

	if (sub == NULL || sub->content == NULL)
		return false;
	r = evidence_check(n, c, sub->content, &content);
	if (r < 0) {
		batch_error(n, c->id, correlation, local_unread_code(r), "", local_unread_text(r));
		return true;
	}
	add_content_faults(f, &content);
	return false;
}

/* A reference of ours names one case: a second one with it could not be told from the first, here and there.
 * CY_OK: another case has it, with a sentence; CY_ENOENT: none. `peer` "": of any. */
static int reference_taken(struct node *n, const struct conn *c, const char *reference, const char *peer,
			   const char *except, char *text, size_t size)
{
	struct case_name other;
	const int r =
		reference[0] == '\0' ? CY_ENOENT : cases_reference(n, local_view(c), reference, peer, except, &other);

	if (r == CY_OK)
		snprintf(text, size,
			 "the case %s/%s has this reference already: what was handed in before need not be handed in "
			 "again; if another case is meant, give another reference, or set same_reference "
			 "(comityctl: --same-reference)",
			 other.peer, other.case_id);
	return r;
}

/* Does what opens a case have the reference of another one? True: the client has the answer. */
static bool names_another(struct node *n, const struct conn *c, uint64_t correlation, const CySubmit *s,
			  struct law_faults *f)
{
	const CySubmission *sub = s->submission;
	char text[512];
	int r;

	if (sub == NULL || sub->content == NULL || s->same_reference || !law_kind_opens(sub->content->kind_case))
		return false;
	r = reference_taken(n, c, sub->own_reference, sub->to, "", text, sizeof text);
	if (r == CY_OK)
		add_fault(f, "submission.own_reference", text);
	if (r >= 0 || r == CY_ENOENT)
		return false;
	batch_error(n, c->id, correlation, local_unread_code(r), "", local_unread_text(r));
	return true;
}

/* ---------------------------------------------------------------- accepting */

/* What is signed: the submission, and what was acknowledged of the two states' terms. */
struct signed_content {
	CyContent content;
	CyRequest request;
};

static CyContent *complete(struct node *n, const struct work_case *wc, CyContent *said, struct signed_content *ret)
{
	const struct peer *p = node_peer(n, wc->row.peer);
	struct law_atom_warnings w;
	struct law_between b;

	if (said->kind_case != CY_CONTENT__KIND_REQUEST || p == NULL)
		return said;
	b = between(n, p);
	w = law_atom_warnings(said->request, n->config.legal_data, &b, &n->batch.arena);
	if (w.n == 0)
		return said;
	*ret = (struct signed_content){ .content = *said, .request = *said->request };
	ret->content.request = &ret->request;
	ret->request.atom_warnings = w.list;
	ret->request.n_atom_warnings = w.n;
	return &ret->content;
}

/* Whoever answers has read what came before, and is told what no client has fetched of it: it may have crossed. */
static void count_as_read(struct node *n, struct work_case *wc, struct law_faults *told)
{
	char text[512];

	if (wc->is_new)
		return;
	if (unread_answered(n, wc, text, sizeof text) < 0)
		n->batch.abort_reason = "the store cannot read what came in before a submission";
	else if (text[0] != '\0')
		add_fault(told, "submission.case_ref", text);
}

/* What the client ought to know of a message that was taken. */
static void add_warnings(struct node *n, struct work_case *wc, const CyContent *said, CySubmitted *ret)
{
	const struct peer *p = node_peer(n, wc->row.peer);
	struct law_faults *content = cy_arena_take(&n->batch.arena, sizeof *content);
	struct law_faults *all = cy_arena_take(&n->batch.arena, sizeof *all);
	struct law_between b;

	count_as_read(n, wc, all);
	if (p != NULL) {
		b = between(n, p);
		law_warnings(said, n->config.legal_data, &b, content);
		add_content_faults(all, content);
	}
	ret->warnings = treaty_faults(&n->batch.arena, all);
	ret->n_warnings = all->n;
	ret->more_warnings = all->more;
}

static void unreadable(struct node *n, const struct conn *c, uint64_t correlation, int code)
{
	if (code == CY_EDAMAGED)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__DAMAGED, "submission.case_ref",
			    "what is stored of this case is damaged, nothing was done: a backup has to be restored");
	else
		batch_error(n, c->id, correlation, local_unread_code(code), "", local_unread_text(code));
}

/* The case that the submission speaks of; NULL: answered with an error. */
static struct work_case *find_case(struct node *n, const struct conn *c, uint64_t correlation, const CySubmission *sub)
{
	struct work_case *wc;
	size_t matches = 0;
	int r = CY_OK;

	if (law_kind_opens(sub->content->kind_case)) {
		struct cy_uuid id = compose_new_id(n);

		wc = cases_new(n, sub->to, id.s, CY_SIDE__REQUESTING);
		wc->row.client = batch_string(n, c->client->name);
		wc->row.own_reference = batch_string(n, sub->own_reference);
		if (sub->content->kind_case == CY_CONTENT__KIND_REQUEST)
			wc->row.instrument = batch_string(n, sub->content->request->legal_basis->instrument);
		wc->row.title = batch_string(n, law_title_of(sub->content));
		return wc;
	}
	wc = cases_find(n, local_view(c).client, sub->case_ref, &r, &matches);
	if (wc != NULL)
		return wc;
	if (matches > 1)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "submission.case_ref",
			    "several cases have this name: give PEER/CASE-ID, such as IE/0198b2c1-...");
	else if (r == CY_OK || r == CY_ENOENT)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__NOT_FOUND, "submission.case_ref",
			    "no case of this client has this id or reference");
	else
		unreadable(n, c, correlation, r);
	return NULL;
}

static void invalid_content(struct node *n, const struct conn *c, uint64_t correlation, const struct cy_error *e)
{
	char field[sizeof e->field + 32];

	snprintf(field, sizeof field, "submission.content.%s", e->field);
	batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, field, e->text);
}

/* `reference`: of ours, that the case had before; a new one is never written, and nothing in this batch may refer to
 * it. */
static void refuse(struct node *n, const struct conn *c, uint64_t correlation, struct work_case *wc,
		   const char *reference, int code, const struct cy_error *e)
{
	wc->row.own_reference = wc->is_new ? "" : reference;
	if (code == CY_ELIMIT)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, "submission.content", e->text);
	else if (code == CY_EDAMAGED || code == CY_ESTORE)
		unreadable(n, c, correlation, code);
	else if (code == CY_EINVAL)
		invalid_content(n, c, correlation, e);
	else if (code == CY_EAGAIN)
		batch_error(n, c->id, correlation, CY_ERROR_CODE__TOO_MANY, "submission.case_ref", e->text);
	else
		batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "submission.content", e->text);
}

/* The case gets our reference with what is handed in, if it has none. False: another case has it, and the client the
 * answer. */
static bool name_case(struct node *n, const struct conn *c, uint64_t correlation, const CySubmit *s,
		      struct work_case *wc)
{
	const CySubmission *sub = s->submission;
	const bool acknowledges = sub->content->kind_case == CY_CONTENT__KIND_ACKNOWLEDGEMENT;
	const char *const given[] = { sub->own_reference,
				      acknowledges ? sub->content->acknowledgement->reference : "" };
	static const char *const fields[] = { "submission.own_reference",
					      "submission.content.acknowledgement.reference" };
	char text[512];

	for (size_t i = 0; i < 2 && !wc->is_new && !s->same_reference; i++) {
		const int r = strcmp(given[i], wc->row.own_reference) == 0
				      ? CY_ENOENT
				      : reference_taken(n, c, given[i], "", wc->row.case_id, text, sizeof text);

		if (r == CY_OK)
			batch_error(n, c->id, correlation, CY_ERROR_CODE__INVALID, fields[i], text);
		else if (r != CY_ENOENT)
			batch_error(n, c->id, correlation, local_unread_code(r), "", local_unread_text(r));
		if (r != CY_ENOENT)
			return false;
	}
	if (wc->row.own_reference[0] == '\0')
		wc->row.own_reference = batch_string(n, given[given[0][0] == '\0']);
	return true;
}

static void accept(struct node *n, const struct conn *c, uint64_t correlation, const CySubmit *s,
		   struct cy_digest *request)
{
	const CySubmission *sub = s->submission;
	const struct cy_digest key = store_key_digest(c->client->name, s->idempotency_key);
	struct compose_input input = { .content = sub->content,
				       .priority = sub->priority != 0 ? sub->priority : CY_PRIORITY__NORMAL,
				       .own_reference = sub->own_reference,
				       .client = c->client->name,
				       .key = &key,
				       .request = request };
	struct work_case *wc = find_case(n, c, correlation, sub);
	CySubmitted submitted = CY_SUBMITTED__INIT;
	struct signed_content signed_content;
	char hex[CY_SHA256_HEX];
	struct cy_error e = { 0 };
	struct composed said;
	const char *reference;
	int r;

	if (wc == NULL)
		return;
	reference = wc->row.own_reference;
	if (!name_case(n, c, correlation, s, wc))
		return;
	r = evidence_objection(n, wc, sub->content, e.text, sizeof e.text);
	if (r < 0) {
		refuse(n, c, correlation, wc, reference, r, &e);
		return;
	}
	if (e.text[0] != '\0') {
		refuse(n, c, correlation, wc, reference, CY_ESTATE, &e);
		return;
	}
	input.content = complete(n, wc, sub->content, &signed_content);
	r = compose_message(n, wc, &input, &said, &e);
	if (r < 0) {
		refuse(n, c, correlation, wc, reference, r, &e);
		return;
	}
	if (evidence_heard(n, wc, STORE_OWN, said.id, sub->content) < 0)
		n->batch.abort_reason = "the store cannot read what a submission says about evidence";
	evidence_attached(n, wc, STORE_OWN, said.id, said.number, input.priority, sub->content, c->client->name);
	cy_digest_hex(&key, hex);
	keys_put(n, hex, request, said.id);
	cases_event(n, wc,
		    &(struct event_of){ .type = CY_EVENT_TYPE__SUBMISSION_ACCEPTED,
					.message_id = said.id,
					.kind = said.kind,
					.number = said.number });
	submitted.message_id = said.id;
	submitted.case_id = (char *)wc->row.case_id;
	submitted.number = said.number;
	submitted.sha256 = (ProtobufCBinaryData){ .data = said.digest.b, .len = sizeof said.digest.b };
	add_warnings(n, wc, sub->content, &submitted);
	submitted.not_connected = waits_for(n, wc->row.peer, STORE_QUEUED);
	reply_submitted(n, c, correlation, &submitted);
}

/* What the other side alone may say: whatever else is wrong with it, this comes first. True: the client has the answer.
 */
static bool says_for_others(struct node *n, const struct conn *c, uint64_t correlation, const CySubmission *sub)
{
	const struct work_case *wc;
	char text[160], kind[LAW_SPOKEN_SIZE];
	size_t matches = 0;
	int r = CY_OK;

	if (sub == NULL || sub->content == NULL || law_kind_opens(sub->content->kind_case) ||
	    law_kind_name(sub->content->kind_case) == NULL || sub->case_ref[0] == '\0' ||
	    strlen(sub->case_ref) > CY_REFERENCE_MAX)
		return false;
	wc = cases_find(n, local_view(c).client, sub->case_ref, &r, &matches);
	if (wc == NULL || law_kind_by(sub->content->kind_case, wc->row.side))
		return false;
	law_kind_spoken(sub->content->kind_case, kind);
	snprintf(text, sizeof text, "we are the %s side of this case: a message of kind %s is for %s to say",
		 wc->row.side == CY_SIDE__REQUESTING ? "requesting" : "requested", kind, wc->row.peer);
	batch_error(n, c->id, correlation, CY_ERROR_CODE__REFUSED_BY_LIFE_CYCLE, "submission.content", text);
	return true;
}

void submit_step(struct node *n, struct conn *c, uint64_t correlation, const CySubmit *s)
{
	struct law_faults faults;
	/* Numbers may have come in a shorter form than the one that we write. */
	struct cy_buf packed = CY_BUF(4 * CY_LOCAL_FRAME_MAX);
	struct cy_digest request = { 0 };

	/* What has been accepted is answered as before, whatever has changed since: the peers and treaties
	 * of the configuration, or that its content is no longer kept for the client. */
	if (s->submission != NULL && cy_name_valid(s->idempotency_key, CY_KEY_MAX)) {
		CY_ASSERT(wire_pack(&s->submission->base, &packed) == CY_OK);
		request = cy_sha256(cy_buf_view(&packed));
		cy_buf_free(&packed);
		if (answered_before(n, c, correlation, s->idempotency_key, &request))
			return;
	}
	validate(n, s, &faults);
	if (lacks_evidence(n, c, correlation, s->submission, &faults) || names_another(n, c, correlation, s, &faults))
		return;
	if (faults.n > 0 && says_for_others(n, c, correlation, s->submission))
		return;
	if (faults.n > 0) {
		const struct law_atom_warnings warnings = unacknowledged(n, s->submission);

		reply_faults(n, c, correlation, &faults, &warnings);
		return;
	}
	accept(n, c, correlation, s, &request);
}
