#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "node/internal.h"
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
	CY_ASSERT(cy_utf8_valid(text, strlen(text)));
	for (const char *s = text; *s != '\0'; s++)
		CY_ASSERT((unsigned char)*s >= ' ' && *s != 0x7f);
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

/* ---------------------------------------------------------------- the full disk */

static int begin_task(struct rig *r, uint64_t ticket, int code)
{
	if (r->n_tasks == RIG_TASKS)
		return CY_EAGAIN;
	r->tasks[r->n_tasks++] =
		(struct blob_result){ .ticket = ticket, .code = code, .fd = -1, .text = "the disk is full" };
	return CY_OK;
}

static void end_task(struct rig *r)
{
	struct blob_result first = r->tasks[0];

	memmove(r->tasks, r->tasks + 1, --r->n_tasks * sizeof first);
	node_blob_done(r->node, &first);
}

static int blob_open(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct blob_id *expected,
		     bool again)
{
	(void)part;
	(void)size;
	(void)expected;
	(void)again;
	return begin_task(ctx, ticket, CY_ELIMIT);
}

static int blob_append(void *ctx, uint64_t ticket, const char *part, uint64_t offset, struct blob_bytes data,
		       const struct cy_digest *path, size_t n_path)
{
	int r = begin_task(ctx, ticket, CY_ENOENT);

	(void)part;
	(void)offset;
	(void)path;
	(void)n_path;
	if (r == CY_OK)
		blob_release(&data);
	return r;
}

static int blob_copy(void *ctx, uint64_t ticket, const char *part, int fd, uint64_t most)
{
	(void)most;
	(void)part;
	(void)fd;
	return begin_task(ctx, ticket, CY_ENOENT);
}

static int blob_finish(void *ctx, uint64_t ticket, const char *part, uint64_t size, const struct cy_digest *sha256)
{
	(void)part;
	(void)size;
	(void)sha256;
	return begin_task(ctx, ticket, CY_ENOENT);
}

static void blob_confirm(void *ctx, const char *part, const struct cy_digest *sha256)
{
	(void)ctx;
	(void)part;
	(void)sha256;
}

static int blob_drop_part(void *ctx, uint64_t ticket, const char *part)
{
	(void)part;
	return begin_task(ctx, ticket, CY_OK);
}

static void blob_release_part(void *ctx, const char *part)
{
	(void)ctx;
	(void)part;
}

static void blob_share(void *ctx, size_t owners)
{
	(void)ctx;
	(void)owners;
}

/* One that an unknown client has left. */
static void blob_parts(void *ctx, void (*fn)(void *arg, const struct blob_part *part), void *arg)
{
	(void)ctx;
	fn(arg, &(struct blob_part){ .name = "u-0123456789abcdef-0", .here = 1, .held = 1, .since_ms = START_MS });
}

static int blob_read(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t chunk, bool verify)
{
	(void)sha256;
	(void)chunk;
	(void)verify;
	return begin_task(ctx, ticket, CY_ENOENT);
}

static int blob_file(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	(void)sha256;
	return begin_task(ctx, ticket, CY_ENOENT);
}

static int blob_verify(void *ctx, uint64_t ticket, const struct cy_digest *sha256, uint64_t rate)
{
	(void)sha256;
	(void)rate;
	return begin_task(ctx, ticket, CY_ENOENT);
}

static int blob_list(void *ctx, uint64_t ticket, uint64_t page)
{
	(void)page;
	return begin_task(ctx, ticket, CY_EIO);
}

static int blob_destroy(void *ctx, uint64_t ticket, const struct cy_digest *sha256)
{
	(void)sha256;
	return begin_task(ctx, ticket, CY_OK);
}

static void blob_space(void *ctx, struct blob_space *ret)
{
	(void)ctx;
	*ret = (struct blob_space){ .total = 1 };
}

static uint64_t blob_progress(void *ctx, const char *part)
{
	(void)ctx;
	(void)part;
	return 0;
}

/* ------------------------------------------------------------------ the store */

static void broken(void *ctx, const char *what)
{
	(void)ctx;
	fprintf(stderr, "the store: %s\n", what);
	abort();
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
	r->clock.now = START_MS;
	r->rng.state = 1;
	r->signer.self = RIG_SELF;
	mem_store_init(&r->store, rig_peers, RIG_PEERS, broken, r);
	mem_store_port(&r->store, &r->ports.store);
	rig_link_ports(r);
	r->ports.blobs = (struct blob_port){ .ctx = r,
					     .open = blob_open,
					     .append = blob_append,
					     .copy = blob_copy,
					     .finish = blob_finish,
					     .confirm = blob_confirm,
					     .drop_part = blob_drop_part,
					     .list = blob_list,
					     .release = blob_release_part,
					     .share = blob_share,
					     .parts = blob_parts,
					     .read = blob_read,
					     .file = blob_file,
					     .verify = blob_verify,
					     .destroy = blob_destroy,
					     .space = blob_space,
					     .progress = blob_progress };
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
	r->signer.n = r->n_tasks = 0;
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
		if (r->n_tasks > 0) {
			end_task(r);
			continue;
		}
		if (!rig_link_step(r))
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
