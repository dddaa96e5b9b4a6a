/* A receiver says that a chunk of ours is not what its manifest says (node/evidence/bulk_push.c): the content is read
 * once, and either it is spoilt here, which is told at home and only of this item, or the peer is wrong. */
#include "desk_rig.h"

#define ITEMS 3

static struct cy_digest content(uint32_t i)
{
	return cy_sha256(cy_bytes(&i, sizeof i));
}

static int read_code;

/* The first item is as read_code says; all chunks are verified before they leave. */
static int read_chunk(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify_it)
{
	static uint8_t room[BLOB_HEADROOM + 10];
	const struct cy_digest first = content(1);
	struct blob_result done = { .ticket = ticket };

	assert_true(verify_it);
	assert_int_equal(chunk, 0);
	if (cy_digest_equal(sha256, &first))
		done.code = read_code;
	if (done.code == CY_OK)
		done.data = (struct blob_bytes){ .data = room + BLOB_HEADROOM, .len = 10 };
	return rig_disk_ends(ctx, done);
}

/* A message of ours that the peer has accepted, with so many attachments. */
static struct line *with_offers(struct rig **ret, const char *id)
{
	struct rig *r = rig_new(true);
	const struct law_fact said = {
		.side = CY_SIDE__REQUESTED, .number = 1, .kind = CY_CONTENT__KIND_NOTE, .at_ms = START_MS
	};
	struct store_writeset *w = NULL;
	struct store_message *m;

	read_code = CY_OK;
	put_case(&w, PEER, "case")->own_number = 1;
	m = put_message(&w, PEER, "case", id, &said);
	m->transport = STORE_RELAYED;
	m->epoch = m->sequence = 1;
	for (uint32_t i = 1; i <= ITEMS; i++)
		row(&w, STORE_PUT_EVIDENCE)->evidence = (struct store_evidence){ .message_id = id,
										 .attachment = i,
										 .peer = PEER,
										 .case_id = "case",
										 .author = STORE_OWN,
										 .number = 1,
										 .size = 10,
										 .sha256 = content(i),
										 .state = STORE_EVIDENCE_OFFERED,
										 .verified = { START_MS },
										 .reason = "" };
	r->ports.blobs.read = read_chunk;
	mem_store_apply(&r->store, w);
	rig_start(r);
	rig_session(r, WIRE_MESSAGES, true, all_features, 2);
	*ret = r;
	return rig_session(r, WIRE_BULK, true, all_features, 2);
}

static void pull(struct rig *r, const struct line *l, const char *id, uint32_t number, uint32_t attachment)
{
	struct cy_digest d = content(attachment);
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyPull p = CY_PULL__INIT;

	p.pull = number;
	p.message_id = (char *)(uintptr_t)id;
	p.attachment = attachment;
	p.sha256 = (ProtobufCBinaryData){ .data = d.b, .len = CY_SHA256_LEN };
	p.credit = 1;
	f.kind_case = CY_BULK_FRAME__KIND_PULL;
	f.pull = &p;
	rig_give_bulk(r, l, &f);
	rig_settle(r);
}

static void cancel(struct rig *r, const struct line *l, uint32_t number, CyCancelCode code)
{
	CyBulkFrame f = CY_BULK_FRAME__INIT;
	CyCancel c = CY_CANCEL__INIT;

	c.pull = number;
	c.code = code;
	f.kind_case = CY_BULK_FRAME__KIND_CANCEL;
	f.cancel = &c;
	rig_give_bulk(r, l, &f);
	rig_settle(r);
}

static void what_a_peer_doubts_is_read_once(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r;
	struct line *l = with_offers(&r, id.s);

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		pull(r, l, id.s, i + 1, 1);
		cancel(r, l, i + 1, i == 0 ? CY_CANCEL_CODE__CANCEL_CODE_UNSPECIFIED : CY_CANCEL_CODE__CHUNK_DIFFERS);
		assert_int_equal(r->disk.n_verified, i > 0);
	}
	assert_non_null(strstr(r->journal, "the fault is at the peer, or in the memory of one side"));
	assert_null(strstr(r->did, "alarm"));
	/* It says so of what it never asked for, too. */
	cancel(r, l, 99, CY_CANCEL_CODE__CHUNK_DIFFERS);
	cancel(r, l, 0, CY_CANCEL_CODE__CHUNK_DIFFERS);
	assert_int_equal(r->disk.n_verified, 1);
	/* And it is sent again when it asks again. */
	r->did[0] = '\0';
	pull(r, l, id.s, 50, 1);
	assert_non_null(strstr(r->did, "chunk"));
	assert_false(l->closed);
	rig_free(r);
}

static void what_is_found_to_be_spoilt_is_told_at_home(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r;
	struct line *l = with_offers(&r, id.s);

	(void)state;
	r->disk.verified_with = CY_ESIGN;
	pull(r, l, id.s, 1, 1);
	cancel(r, l, 1, CY_CANCEL_CODE__CHUNK_DIFFERS);
	assert_non_null(strstr(r->did, "alarm"));
	assert_non_null(strstr(r->journal, "its bytes here are not those that were hashed before: put it once more"));
	assert_false(l->closed);
	rig_free(r);
}

/* The version before does not say what was wrong with which pull. */
static void a_session_that_is_broken_off_makes_doubt_of_what_was_pulled_last(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r;
	struct line *l = with_offers(&r, id.s);

	(void)state;
	for (uint32_t i = 1; i <= ITEMS; i++)
		pull(r, l, id.s, i, i);
	give_goodbye(r, l, CY_GOODBYE_CODE__REPLACED);
	rig_settle(r);
	assert_int_equal(r->disk.n_verified, 0);
	l = rig_session(r, WIRE_BULK, true, all_features, 2);
	pull(r, l, id.s, 1, 2);
	pull(r, l, id.s, 2, 3);
	give_goodbye(r, l, CY_GOODBYE_CODE__PROTOCOL);
	rig_settle(r);
	assert_int_equal(r->disk.n_verified, 2);
	rig_free(r);
}

/* Others are sent in the same session. */
static void a_spoilt_item_is_gone_and_the_others_are_sent(void **state)
{
	static const int codes[] = { CY_ESIGN, CY_ENOENT, CY_EIO };
	const struct cy_uuid id = some_id(1);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct rig *r;
		struct line *l = with_offers(&r, id.s);

		read_code = codes[i];
		r->did[0] = '\0';
		pull(r, l, id.s, 1, 1);
		assert_non_null(strstr(r->did, "alarm"));
		assert_non_null(strstr(r->did, codes[i] == CY_EIO ? "not_sent-NOT_NOW" : "not_sent-GONE"));
		assert_null(strstr(r->did, ":chunk"));
		pull(r, l, id.s, 2, 2);
		assert_non_null(strstr(r->did, ":chunk"));
		assert_false(l->closed);
		rig_free(r);
	}
}

/* It does not come any more: our copy was destroyed by order; or the receiver had it, and says so no more since it
 * was restored. */
static void what_was_destroyed_is_never_sent_again(void **state)
{
	const struct cy_uuid id = some_id(1);
	struct rig *r;
	struct line *l = with_offers(&r, id.s);
	struct store_writeset *w = NULL;

	(void)state;
	for (uint32_t i = 1; i <= ITEMS; i++) {
		struct store_evidence *e = &row(&w, STORE_PUT_EVIDENCE)->evidence;

		*e = *mem_store_evidence(&r->store, id.s, i);
		e->deleted = i == 1;
		e->state = i == 2 ? STORE_EVIDENCE_DESTROYED : STORE_EVIDENCE_OFFERED;
		e->flaw = i == 3 ? STORE_MISSING : STORE_SOUND;
	}
	mem_store_apply(&r->store, w);
	for (uint32_t i = 1; i <= ITEMS; i++) {
		r->did[0] = '\0';
		pull(r, l, id.s, i, i);
		assert_non_null(strstr(r->did, "not_sent-GONE"));
		assert_int_equal(strstr(r->did, "not_sent-GONE-destroyed") != NULL, i < 3);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_peer_doubts_is_read_once),
		cmocka_unit_test(what_is_found_to_be_spoilt_is_told_at_home),
		cmocka_unit_test(a_session_that_is_broken_off_makes_doubt_of_what_was_pulled_last),
		cmocka_unit_test(a_spoilt_item_is_gone_and_the_others_are_sent),
		cmocka_unit_test(what_was_destroyed_is_never_sent_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
