#include "rig.h"
#include "wire/message.h"

static size_t nothing_waits(void *ctx, uint64_t conn)
{
	(void)ctx;
	(void)conn;
	return 0;
}

static void stays(void *ctx, uint64_t conn)
{
	(void)ctx;
	(void)conn;
}

struct local_port rig_local_port(void *ctx, int (*send)(void *ctx, uint64_t conn, struct cy_bytes frame))
{
	return (struct local_port){ .ctx = ctx, .send = send, .queued = nothing_waits, .close = stays };
}

void rig_client_says(struct node *node, uint64_t conn, const CyClientFrame *f)
{
	struct cy_buf out = CY_BUF(CY_LOCAL_FRAME_MAX);

	CY_ASSERT(wire_pack(&f->base, &out) == CY_OK);
	node_local_frame(node, conn, cy_buf_view(&out), -1);
	cy_buf_free(&out);
}

void rig_client_hello(struct node *node, uint64_t conn, size_t client, uint64_t correlation)
{
	CyClientFrame f = CY_CLIENT_FRAME__INIT;
	CyLocalHello h = CY_LOCAL_HELLO__INIT;

	h.version = 1;
	f.correlation = correlation;
	f.kind_case = CY_CLIENT_FRAME__KIND_HELLO;
	f.hello = &h;
	node_local_up(node, conn, &client, 1);
	rig_client_says(node, conn, &f);
}
