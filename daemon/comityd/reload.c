/* Another configuration while the service goes on: all of it or, when anything is wrong
 * with it, nothing. */
#include <stdlib.h>
#include <string.h>

#include "comityd/internal.h"

static size_t count_faults(const struct parts *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->link.n_peers; i++)
		n += p->faults->peers[i].code != CY_OK;
	return n;
}

/* Reads what both need. Files of one peer that either cannot use leave that peer with
 * what it had in both: so the signer reads once more when the link has found fault. */
static int prepare_trust(struct daemon *d, struct parts *p, struct signer_material **ret_material,
			 struct link_change **ret_change, struct cy_error *e)
{
	size_t before;
	int r = signer_prepare(&p->signer, ret_material, e);

	if (r < 0)
		return r;
	before = count_faults(p);
	r = link_prepare(d->link, &p->link, ret_change, e);
	if (r < 0 || count_faults(p) == before)
		return r;
	signer_material_free(*ret_material);
	*ret_material = NULL;
	return signer_prepare(&p->signer, ret_material, e);
}

/* All that may fail comes first. */
static int apply(struct daemon *d, const struct config *c, const struct legal_data *legal_data, struct cy_error *e)
{
	struct signer_material *material = NULL;
	struct link_change *change = NULL;
	struct parts p;
	int r;

	parts_make(c, legal_data, d->ports.clock.wall(d->ports.clock.ctx), d->signer, &p);
	/* One that has expired already must not keep out what is new of all others. */
	p.signer.any_time = !daemon_may_sign(d);
	if ((r = prepare_trust(d, &p, &material, &change, e)) == CY_OK)
		r = node_reconfigure(d->node, &p.node, e);
	if (r == CY_OK)
		r = hook_runner_set(d->hooks, &p.hook, e);
	if (r == CY_OK) {
		/* The node's goodbye to a removed peer is on its way before its trust ends. */
		local_socket_reconfigure(d->local, p.local.entries, p.local.n_entries);
		signer_openssl_apply(d->signer, material);
		link_apply(d->link, change);
		faults_take(&d->faults, &p, d->link);
		node_judge_proofs(d->node);
	} else {
		signer_material_free(material);
		link_change_free(change);
	}
	parts_free(&p);
	return r;
}

/* ---------------------------------------------------------------------- faults */

void daemon_tell_faults(struct daemon *d, const struct faults *was)
{
	for (size_t i = 0; i < d->faults.n; i++) {
		const struct fault *f = &d->faults.list[i];

		if (!faults_has(was, f))
			daemon_tell(d, NODE_ALARM, NODE_EVENT_PEER_TRUST, f->peer, "%s%s: %s",
				    f->peer[0] != '\0' ? "peer " : "our own files", f->peer, f->text);
	}
	for (size_t i = 0; i < was->n; i++) {
		const struct fault *f = &was->list[i];

		if (faults_find(&d->faults, f->peer) == NULL)
			daemon_tell(d, NODE_INFO, NODE_EVENT_PEER_TRUST, f->peer, "%s%s: all files can be used again",
				    f->peer[0] != '\0' ? "peer " : "our own files", f->peer);
	}
	if (strcmp(was->legal_data, d->faults.legal_data) != 0 && d->faults.legal_data[0] != '\0')
		daemon_tell(d, NODE_ALARM, NODE_EVENT_RELOAD_REFUSED, "", "%s", d->faults.legal_data);
}

/* Before something is read anew: what there was is the caller's, for daemon_tell_faults(). */
static struct faults set_faults_aside(struct daemon *d)
{
	struct faults was = d->faults;

	d->faults.list = NULL;
	d->faults.n = 0;
	return was;
}

/* ------------------------------------------------------- what takes a restart */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_listen(const struct config *a, const struct config *b)
{
	if (a->n_listen != b->n_listen)
		return false;
	for (size_t i = 0; i < a->n_listen; i++)
		if (strcmp(a->listen[i].text, b->listen[i].text) != 0)
			return false;
	return true;
}

static void name_restarts(struct daemon *d, const struct config *new)
{
	const struct config *was = d->first;
	const struct {
		const char *option;
		bool same;
	} fixed[] = {
		{ "store.dir", same_text(was->store_dir, new->store_dir) },
		{ "store.key", same_text(was->store_key, new->store_key) },
		{ "store.orders", same_text(was->orders_dir, new->orders_dir) },
		{ "evidence.dir", same_text(was->evidence_dir, new->evidence_dir) },
		{ "evidence.keep_free", was->evidence_keep_free == new->evidence_keep_free },
		{ "listen", same_listen(was, new) },
		{ "run_dir", same_text(was->run_dir, new->run_dir) },
		{ "local.path", same_text(was->local_path, new->local_path) },
		{ "local.mode", was->local_mode == new->local_mode },
		{ "local.group", was->local_gid == new->local_gid },
		{ "delivery.heartbeat", was->heartbeat_ms == new->heartbeat_ms },
	};

	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (!fixed[i].same)
			daemon_tell(d, NODE_WARNING, NODE_EVENT_RESTART_NEEDED, "",
				    "%s: the option %s has changed, but takes effect at a restart only; the value of "
				    "the start stays in force",
				    new->path, fixed[i].option);
}

/* ------------------------------------------------------------------ the doors */

static void refuse(struct daemon *d, const struct config *c, struct config_problems *problems, const struct cy_error *e)
{
	char only[sizeof e->field + sizeof e->text + 2];

	snprintf(only, sizeof only, "%s%s%s", e->field, e->field[0] != '\0' ? ": " : "", e->text);
	/* The first fault ended the attempt: look for the others too. */
	if (problems->n == 0 && c != NULL)
		parts_check(c, d->ports.clock.wall(d->ports.clock.ctx), problems);
	for (size_t i = 0; i < problems->n; i++)
		daemon_tell(d, NODE_ALARM, NODE_EVENT_RELOAD_REFUSED, "", "%s", problems->list[i].text);
	if (problems->n == 0)
		daemon_tell(d, NODE_ALARM, NODE_EVENT_RELOAD_REFUSED, "", "%s", only);
	daemon_tell(d, NODE_ALARM, NODE_EVENT_RELOAD_REFUSED, "",
		    "the configuration was not taken; the one of before stays in force");
	faults_take_config(&d->faults, problems->n > 0 ? problems->list[0].text : only,
			   problems->n > 0 ? problems->n : 1);
}

/* The alarm about a fault is told once: that it stands still is said here. */
static void tell_reloaded(struct daemon *d)
{
	const size_t n = d->faults.n + (d->faults.legal_data[0] != '\0');
	char but[96] = "";

	if (n > 0)
		snprintf(but, sizeof but, ", but for %zu fault%s that comityctl status shows", n, n > 1 ? "s" : "");
	daemon_tell(d, NODE_INFO, NODE_EVENT_RELOADED, "",
		    "the configuration was read again: %zu peers, %zu clients, %zu treaty profiles%s",
		    d->config->n_peers, d->config->n_clients, legal_data_law(d->legal_data)->n_profiles, but);
}

void daemon_reload(struct daemon *d)
{
	struct config_problems problems = { 0 }, unread = { 0 };
	struct config *new = NULL;
	struct legal_data *legal_data = NULL;
	struct file_watch files = { 0 };
	struct faults was = set_faults_aside(d);
	struct cy_error e = { 0 };
	int r;

	service_reloading();
	r = config_load(d->first->path, &new, &problems);
	if (r == CY_OK && strcmp(new->id, d->first->id) != 0)
		r = cy_fail(&e, CY_ECONFIG,
			    "%s: authority.id is now %s, but this is %s; another authority is another "
			    "service with a store of its own; correct the id",
			    new->path, new->id, d->first->id);
	else if (r < 0)
		cy_fail(&e, r, "%s: %s", d->first->path, cy_strerror(r));
	if (r == CY_OK) {
		/* Looked at before they are read, so that no change in between is missed. */
		parts_watch(new, &files);
		if (legal_data_load(new, &legal_data, &unread) < 0) {
			legal_data_free(legal_data);
			legal_data = NULL;
		}
		r = apply(d, new, legal_data != NULL ? legal_data : d->legal_data, &e);
	}
	if (r == CY_OK) {
		name_restarts(d, new);
		if (d->config != d->first)
			config_free(d->config);
		d->config = new;
		if (legal_data != NULL) {
			legal_data_free(d->legal_data);
			d->legal_data = legal_data;
		}
		legal_data_set_ladder(d->legal_data, new);
		faults_take_legal_data(&d->faults, &unread, true);
		faults_take_config(&d->faults, NULL, 0);
		daemon_tell_faults(d, &was);
		faults_free(&was);
		file_watch_free(&d->files);
		d->files = files;
		tell_reloaded(d);
	} else {
		faults_free(&d->faults);
		d->faults = was;
		refuse(d, new, &problems, &e);
		config_free(new);
		legal_data_free(legal_data);
		file_watch_free(&files);
	}
	config_problems_free(&problems);
	config_problems_free(&unread);
	daemon_ready(d);
}

void daemon_renew(struct daemon *d, const char *changed)
{
	struct config_problems problems = { 0 };
	struct faults was = set_faults_aside(d);
	struct cy_error e = { 0 };

	if (apply(d, d->config, d->legal_data, &e) == CY_OK) {
		daemon_tell(d, NODE_INFO, NODE_EVENT_RELOADED, "",
			    "%s has changed: keys, certificates and CRLs were read again", changed);
		daemon_tell_faults(d, &was);
		faults_free(&was);
	} else {
		faults_free(&d->faults);
		d->faults = was;
		refuse(d, d->config, &problems, &e);
	}
	config_problems_free(&problems);
}
