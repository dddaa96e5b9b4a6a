#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "node/core/core.h"
#include "wire/message.h"

const char *const rig_peers[RIG_PEERS] = { "US-OIA", "DE" };

/* ------------------------------------------------------------------- others */

static int local_answer(void *ctx, uint64_t conn, struct cy_bytes bytes)
{
	struct rig *r = ctx;
	ProtobufCMessage *m = NULL;
	struct cy_error e = { 0 };

	CY_ASSERT(wire_unpack(&cy_server_frame__descriptor, bytes, CY_LOCAL_FRAME_MAX, &m, &e) == CY_OK);
	r->answer(r->ctx, conn, (CyServerFrame *)m);
	protobuf_c_message_free_unpacked(m, NULL);
	return CY_OK;
}

static void journal_note(void *ctx, enum node_level level, const char *text)
{
	(void)ctx;
	(void)level;
	rig_check_line(text);
	if (getenv("FUZZ_SHOW") != NULL)
		fprintf(stderr, "  %s\n", text);
}

static void facts_own(void *ctx, struct node_facts *ret)
{
	(void)ctx;
	*ret = (struct node_facts){ .disk_total = 1 };
}

static void facts_peer(void *ctx, const char *peer, struct node_peer_facts *ret)
{
	(void)ctx;
	(void)peer;
	*ret = (struct node_peer_facts){ 0 };
}

/* --------------------------------------------------------------------- life */

static void start(struct rig *r)
{
	const struct node_peer_config peers[] = { { .id = rig_peers[0] }, { .id = rig_peers[1] } };
	const struct node_client_config clients[] = { { "desk", CY_ROLE__SUBMITTER, true },
						      { "own", CY_ROLE__SUBMITTER, false } };
	const struct node_config config = { .authority = RIG_SELF,
					    .peers = peers,
					    .n_peers = RIG_PEERS,
					    .clients = clients,
					    .n_clients = 2,
					    .window = 4,
					    .undelivered_ms = INT64_C(30) * 86400000 };
	struct cy_error e = { 0 };

	CY_ASSERT(node_new(&config, &r->ports, &r->node, &e) == CY_OK);
}

void rig_open(struct rig *r)
{
	/* An unknown client has left it. */
	static const struct blob_part left = {
		.name = "u-0123456789abcdef-0", .here = 1, .held = 1, .since_ms = START_MS
	};

	r->clock.now = START_MS;
	r->rng.state = 1;
	r->signer.self = RIG_SELF;
	mem_store_init(&r->store, rig_peers, RIG_PEERS, NULL, NULL);
	mem_store_port(&r->store, &r->ports.store);
	rig_link_ports(r);
	r->disk = (struct rig_disk){ .full = true, .left = &left };
	r->ports.blobs = rig_disk_port(&r->disk);
	r->ports.local = rig_local_port(r, local_answer);
	r->ports.clock = rig_clock_port(&r->clock);
	r->ports.signer = rig_signer_port(&r->signer);
	r->ports.random = rig_random_port(&r->rng);
	r->ports.journal = (struct journal_port){ .ctx = r, .note = journal_note };
	r->ports.facts = (struct facts_port){ r, facts_own, facts_peer };
	start(r);
}

void rig_close(struct rig *r)
{
	node_free(r->node);
	mem_store_free(&r->store);
}

void rig_restart(struct rig *r)
{
	node_free(r->node);
	mem_store_drop(&r->store);
	r->signer.n = r->disk.n = 0;
	memset(r->conns, 0, sizeof r->conns);
	memset(r->at, 0, sizeof r->at);
	start(r);
}

/* ------------------------------------------------------------------- driving */

void rig_local(struct rig *r, uint64_t conn, struct cy_bytes bytes)
{
	node_local_frame(r->node, conn, bytes, -1);
	rig_is_bounded(r);
}

void rig_prove(struct rig *r)
{
	for (size_t i = 0; i < r->signer.n;)
		if (r->signer.waits[i].type == WIRE_SESSION_PROOF)
			rig_sign_at(&r->signer, r->node, i, CY_OK);
		else
			i++;
}

static void commit(struct rig *r)
{
	if (r->fail_commit) {
		mem_store_drop(&r->store);
		r->fail_commit = false;
		node_committed(r->node, CY_ESTORE, "the disk is full");
		return;
	}
	mem_store_finish(&r->store);
	node_committed(r->node, CY_OK, NULL);
}

void rig_settle(struct rig *r)
{
	for (unsigned steps = 0;; steps++) {
		CY_ASSERT(steps < 10000);
		if (r->signer.n > 0) {
			const int code = r->fail_signing ? CY_ESIGN : CY_OK;

			r->fail_signing = false;
			rig_sign(&r->signer, r->node, code);
			continue;
		}
		if (r->store.committing != NULL) {
			commit(r);
			continue;
		}
		if (!rig_disk_step(&r->disk, r->node) && !rig_link_step(r))
			return;
	}
}

void rig_sleep(struct rig *r, int64_t ms)
{
	r->clock.now += ms;
	rig_link_age(r);
	if (r->clock.wake.ms <= r->clock.now - START_MS) {
		r->clock.wake = CY_NEVER;
		node_wake(r->node);
	}
}
