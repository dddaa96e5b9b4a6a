/* The site's command for steps of an escalation. That it is to be run is committed with
 * the step; it is run afterwards, at least once: a daemon that ends before it has heard
 * of the end runs it again, with the same step id. */
#include <stdlib.h>
#include <string.h>

#include "node/cases/clocks.h"

static const char *address(const struct node *n, const char *role, const char *peer)
{
	const char *found = "";

	for (size_t i = 0; i < n->config.n_roles; i++) {
		const struct node_role *r = &n->config.roles[i];

		if (strcmp(r->name, role) == 0 && strcmp(r->peer, peer) == 0)
			return r->address;
		if (strcmp(r->name, role) == 0 && r->peer[0] == '\0')
			found = r->address;
	}
	return found;
}

void hooks_put(struct node *n, const char *id, const struct store_clock *row, const struct law_clock_rule *rule,
	       const struct law_rung *rung)
{
	struct cy_buf env = CY_BUF(8192);
	char due[CY_RFC3339_SIZE], local[LAW_LOCAL_SIZE];
	struct store_write *w;
	int r;

	if (n->ports.hook.run == NULL || !n->config.hook)
		return;
	cy_rfc3339(row->due, due);
	law_local_text(clocks_zone(n, row), row->due, local);
	r = cy_buf_addf(&env,
			"COMITY_STEP_ID=%s%cCOMITY_STEP=%s%cCOMITY_ROLE=%s%cCOMITY_ADDRESS=%s%cCOMITY_AUTHORITY=%s%c"
			"COMITY_PEER=%s%cCOMITY_CASE=%s%cCOMITY_OWN_REFERENCE=%s%cCOMITY_CLOCK=%s%cCOMITY_MEASURE=%u%c"
			"COMITY_DUE=%s%cCOMITY_DUE_LOCAL=%s%cCOMITY_OBLIGED=%s%cCOMITY_ARTICLE=%s%c",
			id, 0, rung->name, 0, rung->role, 0, address(n, rung->role, row->peer), 0, n->authority, 0,
			row->peer, 0, row->case_id, 0, row->own_reference, 0, row->name, 0, row->measure, 0, due, 0,
			local, 0, row->ours ? n->authority : row->peer, 0, rule->source.article, 0);
	if (r == CY_OK) {
		w = batch_write(n, STORE_PUT_HOOK);
		w->hook.id = batch_string(n, id);
		w->hook.environment = batch_bytes(n, cy_buf_view(&env));
	}
	cy_buf_free(&env);
}

static char *slot_of(struct node *n, const char *id)
{
	for (size_t i = 0; i < NODE_HOOKS_MAX; i++)
		if (strcmp(n->cases->hooks[i], id) == 0)
			return n->cases->hooks[i];
	return NULL;
}

static int run_one(void *arg, const char *id, struct cy_bytes environment)
{
	struct node *n = arg;
	char *slot = slot_of(n, "");

	if (slot == NULL)
		return CY_ELIMIT;
	if (slot_of(n, id) != NULL)
		return CY_OK;
	if (cy_copy(slot, NODE_HOOK_ID, id) < 0)
		return CY_OK;
	if (n->ports.hook.run(n->ports.hook.ctx, id, environment) < 0) {
		slot[0] = '\0';
		batch_retry(n);
	}
	return CY_OK;
}

void hooks_run(struct node *n)
{
	struct store_port *s = &n->ports.store;

	if (n->ports.hook.run != NULL && n->config.hook && !n->stopping && node_may_decide(n) && slot_of(n, "") != NULL)
		s->hooks(s->ctx, 2 * NODE_HOOKS_MAX, run_one, n);
}

void hooks_ended(struct node *n, const char *id, const char *fault)
{
	struct input *in = calloc(1, sizeof *in);

	CY_ASSERT(in != NULL);
	if (fault != NULL)
		node_log(n, NODE_WARNING, NODE_EVENT_HOOK, "", "the hook for step %s: %s", id, fault);
	in->kind = INPUT_HOOK;
	in->hook = strdup(id);
	CY_ASSERT(in->hook != NULL);
	node_queue(n, in);
}

void hooks_done(struct node *n, const char *id)
{
	struct store_write *w = batch_write(n, STORE_DROP_HOOK);
	char *slot = slot_of(n, id);

	w->hook.id = batch_string(n, id);
	if (slot != NULL)
		slot[0] = '\0';
}
