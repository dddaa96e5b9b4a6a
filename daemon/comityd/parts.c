#include "comityd/parts.h"

#include <errno.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

#include "comityd/test_pause.h"
#include "config/config_tree.h"
#include "io/gate/gate_tls.h"
#include "io/service/lock_file.h"
#include "io/signer/signer_pin.h"

static struct tls_peer_config tls_of(const struct config_peer *p)
{
	return (struct tls_peer_config){ .id = p->id,
					 .anchors = p->anchors,
					 .crl = p->crl,
					 .crl_grace_s = p->crl_grace_ms / 1000,
					 .crl_max_age_s = p->crl_max_age_ms / 1000,
					 .sans = p->names,
					 .n_sans = p->n_names };
}

static void make_signer(const struct config *c, struct cy_wall now, struct parts *p)
{
	struct signer_peer *peers = cy_arena_take(&p->arena, (c->n_peers + 1) * sizeof *peers);

	for (size_t i = 0; i < c->n_peers; i++)
		peers[i] = (struct signer_peer){ .id = c->peers[i].id,
						 .anchors = c->peers[i].anchors,
						 .crl = c->peers[i].crl,
						 .signing = c->peers[i].signing_certificates,
						 .fault = &p->faults->peers[i] };
	p->signer = (struct signer_config){ .id = c->id,
					    .key = c->signing_key,
					    .certificate = c->signing_certificate,
					    .own_bundle = c->own_signing_certificates,
					    .own_anchors = c->own_anchors,
					    .own_crl = c->own_crl,
					    .peers = peers,
					    .n_peers = c->n_peers,
					    .now = now,
					    .threaded = true,
					    .own_fault = &p->faults->signing };
}

static void make_link(const struct config *c, struct parts *p)
{
	struct link_peer_config *peers = cy_arena_take(&p->arena, (c->n_peers + 1) * sizeof *peers);
	const char **listen = cy_arena_take(&p->arena, (c->n_listen + 1) * sizeof *listen);

	for (size_t i = 0; i < c->n_listen; i++)
		listen[i] = c->listen[i].text;
	for (size_t i = 0; i < c->n_peers; i++) {
		peers[i] = (struct link_peer_config){ .tls = tls_of(&c->peers[i]), .dial = c->peers[i].dial.text };
		peers[i].tls.fault = &p->faults->peers[i];
	}
	p->link = (struct link_config){ .authority = c->id,
					.certificate = c->tls_certificate,
					.key = c->tls_key,
					.own_fault = &p->faults->tls,
					.listen = listen,
					.n_listen = c->n_listen,
					.peers = peers,
					.n_peers = c->n_peers,
					.ipc_dir = c->run_dir,
					.handshake_ms = c->handshake_timeout_ms,
					.heartbeat_ms = c->heartbeat_ms,
					.silence_ms = c->heartbeat_timeout_ms,
					.redial_first_ms = c->backoff_first_ms,
					.redial_cap_ms = c->backoff_max_ms,
					.handshakes_max = c->handshakes,
					.handshakes_per_source = c->handshakes_per_address };
}

static void make_node(const struct config *c, const struct legal_data *legal_data, struct parts *p)
{
	struct node_peer_config *peers = cy_arena_take(&p->arena, (c->n_peers + 1) * sizeof *peers);
	struct node_client_config *clients = cy_arena_take(&p->arena, (c->n_clients + 1) * sizeof *clients);

	for (size_t i = 0; i < c->n_peers; i++)
		peers[i] = (struct node_peer_config){ c->peers[i].id, c->peers[i].place.names, c->peers[i].rates,
						      c->peers[i].n_rates, c->peers[i].tunnel };
	for (size_t i = 0; i < c->n_clients; i++)
		clients[i] =
			(struct node_client_config){ c->clients[i].name, c->clients[i].role, c->clients[i].sees_all };
	p->node = (struct node_config){ .authority = c->id,
					.place = c->place.names,
					.legal_data = legal_data == NULL ? NULL : legal_data_law(legal_data),
					.peers = peers,
					.n_peers = c->n_peers,
					.clients = clients,
					.n_clients = c->n_clients,
					.window = c->window,
					.roles = c->roles,
					.n_roles = c->n_roles,
					.hook = c->hook != NULL,
					.undelivered_ms = c->undelivered_ms,
					.unread_ms = c->unread_ms,
					.quota_peer = c->quota_peer,
					.quota_case = c->quota_case,
					.quota_client = c->quota_client,
					.check_every_ms = c->check_every_ms,
					.check_rate = c->check_rate,
					.keep_sent_ms = c->keep_sent_ms,
					.keep = c->keep,
					.test_pause = test_pause_hook() };
}

static void make_local(const struct config *c, struct parts *p)
{
	struct local_entry *entries = cy_arena_take(&p->arena, (c->n_clients + 1) * sizeof *entries);

	for (size_t i = 0; i < c->n_clients; i++)
		entries[i] = (struct local_entry){ c->clients[i].uid, c->clients[i].gid };
	p->local = (struct local_socket_config){ .path = c->local_path,
						 .fd = -1,
						 .mode = c->local_mode,
						 .gid = c->local_gid,
						 .entries = entries,
						 .n_entries = c->n_clients };
}

static void make_faults(const struct config *c, struct parts *p)
{
	p->faults = cy_arena_take(&p->arena, sizeof *p->faults);
	*p->faults =
		(struct part_faults){ .peers = cy_arena_take(&p->arena, (c->n_peers + 1) * sizeof *p->faults->peers) };
	for (size_t i = 0; i < c->n_peers; i++)
		p->faults->peers[i] = (struct cy_error){ 0 };
}

void parts_make(const struct config *c, const struct legal_data *legal_data, struct cy_wall now,
		const struct signer_openssl *signer, struct parts *ret_parts)
{
	*ret_parts = (struct parts){ 0 };
	make_faults(c, ret_parts);
	make_signer(c, now, ret_parts);
	ret_parts->signer.before = signer;
	make_link(c, ret_parts);
	make_node(c, legal_data, ret_parts);
	make_local(c, ret_parts);
	ret_parts->hook = (struct hook_config){ c->hook, c->hook_timeout_ms };
}

void parts_free(struct parts *p)
{
	cy_arena_free(&p->arena);
}

void parts_watch(const struct config *c, struct file_watch *w)
{
	file_watch_add(w, c->tls_certificate);
	file_watch_add(w, c->tls_key);
	file_watch_add(w, c->signing_certificate);
	file_watch_add(w, c->signing_key);
	file_watch_add(w, c->own_signing_certificates);
	file_watch_add(w, c->own_anchors);
	file_watch_add(w, c->own_crl);
	for (size_t i = 0; i < c->n_peers; i++) {
		file_watch_add(w, c->peers[i].anchors);
		file_watch_add(w, c->peers[i].crl);
		file_watch_add(w, c->peers[i].signing_certificates);
	}
}

/* ---------------------------------------------------------------- checking */

/* Whether the problem is about this file, which the section names. */
static bool is_about(const struct cy_error *e, const struct config_named *file, const char *section)
{
	const size_t name = strlen(section), path = strlen(file->path);

	return strncmp(file->option, section, name) == 0 && file->option[name] == '.' &&
	       (strncmp(e->field, file->path, sizeof e->field - 1) == 0 ||
		(strncmp(e->text, file->path, path) == 0 && e->text[path] == ':'));
}

/* Where the file is named; else at `line`, the end of the section. */
static void report(const struct config *c, int line, const char *section, const struct cy_error *e,
		   struct config_problems *out)
{
	for (const struct config_named *file = c->named; file != NULL; file = file->next) {
		if (is_about(e, file, section)) {
			line = file->line;
			section = file->option;
			break;
		}
	}
	config_problem(out, c->path, line, section, "%s%s%s", e->field, e->field[0] != '\0' ? ": " : "", e->text);
}

/* A credential may be shown to the service alone, and not to who checks before it is told to reload: that is left out,
 * and so is what cannot be looked at without it. */
static const char *seen(const char *path)
{
	return path != NULL && config_credential_hidden(path) ? NULL : path;
}

/* With what the signer is made, as far as it can be seen. CY_OK, and NULL: the certificate cannot. */
static int own_signing(const struct config *c, struct cy_wall now, bool any_time, struct signer_material **ret_material,
		       struct cy_error *e)
{
	struct signer_config signer;
	struct parts p;
	int r = CY_OK;

	*ret_material = NULL;
	parts_make(c, NULL, now, NULL, &p);
	signer = p.signer;
	signer.n_peers = 0;
	signer.any_time = any_time;
	signer.key = seen(signer.key);
	signer.certificate = seen(signer.certificate);
	signer.own_bundle = seen(signer.own_bundle);
	signer.own_anchors = seen(signer.own_anchors);
	if (signer.own_anchors != NULL || c->own_anchors == NULL)
		signer.own_crl = seen(signer.own_crl);
	else
		signer.own_crl = NULL;
	if (signer.certificate != NULL)
		r = signer_prepare(&signer, ret_material, e);
	parts_free(&p);
	return r;
}

/* The same for TLS. */
static int own_tls(const struct config *c, struct tls_trust **ret_trust, struct cy_error *e)
{
	const struct tls_config tls = { .certificate = seen(c->tls_certificate), .key = seen(c->tls_key) };

	*ret_trust = NULL;
	return tls.certificate == NULL ? CY_OK : tls_trust_new(&tls, ret_trust, e);
}

void parts_check_own(const struct config *c, struct cy_wall now, struct config_problems *out)
{
	struct signer_material *material;
	struct tls_trust *trust;
	struct cy_error e = { 0 };

	if (own_signing(c, now, false, &material, &e) < 0)
		report(c, c->identity_line, "identity", &e, out);
	signer_material_free(material);
	e = (struct cy_error){ 0 };
	if (own_tls(c, &trust, &e) < 0)
		report(c, c->identity_line, "identity", &e, out);
	tls_trust_unref(trust);
}

/* Those of a peer, as far as they can be seen: what lacks is NULL. */
static struct tls_peer_config seen_tls(const struct config_peer *p)
{
	struct tls_peer_config tls = tls_of(p);

	tls.anchors = seen(tls.anchors);
	tls.crl = seen(tls.crl);
	return tls;
}

static struct signer_pin_source seen_pins(const struct config_peer *p)
{
	return (struct signer_pin_source){
		.id = p->id, .anchors = seen(p->anchors), .crl = seen(p->crl), .bundle = seen(p->signing_certificates)
	};
}

static void check_peer(const struct config *c, const struct config_peer *p, struct config_problems *out)
{
	const struct signer_pin_source source = seen_pins(p);
	const struct tls_peer_config tls = seen_tls(p);
	struct signer_pins *pins = NULL;
	struct cy_error e = { 0 };
	char section[60];

	if (tls.anchors == NULL)
		return; /* all else is held against them */
	snprintf(section, sizeof section, "peer %s", p->id);
	if (tls_peer_check(&tls, (struct cy_wall){ 0 }, NULL, &e) < 0) {
		report(c, p->line, section, &e, out);
		return; /* the other reads the same files */
	}
	if (source.bundle != NULL && signer_pins_new(&source, &pins, &e) < 0)
		report(c, p->line, section, &e, out);
	signer_pins_free(pins);
}

void parts_check(const struct config *c, struct cy_wall now, struct config_problems *out)
{
	struct legal_data *legal_data;

	legal_data_load(c, &legal_data, out);
	parts_check_own(c, now, out);
	for (size_t i = 0; i < c->n_peers; i++)
		check_peer(c, &c->peers[i], out);
	legal_data_free(legal_data);
}

/* ----------------------------------------------------------------- warnings */

#define PASSED_IN "listens on sockets that were passed in"

static void warn_own_crl(const struct config *c, struct cy_wall now, struct config_problems *out)
{
	struct signer_material *material;
	const char *file = NULL;
	char when[CY_RFC3339_SIZE];
	struct cy_error e = { 0 };
	struct cy_wall due = { 0 };

	/* parts_check_own() has reported the failure. */
	if (own_signing(c, now, true, &material, &e) == CY_OK && material != NULL)
		due = signer_material_crl_due(material, &file);
	cy_rfc3339(due, when);
	if (due.ms != 0 && due.ms < now.ms) {
		cy_fail_at(&e, CY_ECONFIG, file, "a newer CRL was due at %s; " CRL_REMEDY, when);
		report(c, c->identity_line, "identity", &e, out);
	}
	signer_material_free(material);
}

static void warn_own(const struct config *c, struct cy_wall now, struct config_problems *out)
{
	struct tls_trust *trust;
	char when[CY_RFC3339_SIZE];
	struct cy_error e = { 0 };

	if (own_tls(c, &trust, &e) < 0 || trust == NULL)
		return;
	cy_rfc3339((struct cy_wall){ tls_trust_end(trust) }, when);
	if (tls_trust_end(trust) < now.ms) {
		cy_fail_at(
			&e, CY_ECONFIG, c->tls_certificate,
			"our TLS certificate expired at %s, and no peer takes it; renew it (comity-pki renew DIR tls)",
			when);
		report(c, c->identity_line, "identity", &e, out);
	}
	tls_trust_unref(trust);
}

static void warn_peer(const struct config *c, const struct config_peer *p, struct cy_wall now,
		      struct config_problems *out)
{
	const struct signer_pin_source source = seen_pins(p);
	const struct tls_peer_config tls = seen_tls(p);
	struct signer_pins *pins = NULL;
	struct cy_error e = { 0 }, over = { 0 };
	char section[60];

	snprintf(section, sizeof section, "peer %s", p->id);
	if (tls.anchors == NULL || tls_peer_check(&tls, now, &over, &e) < 0)
		return; /* parts_check() has told what fails */
	if (over.code != CY_OK)
		report(c, p->line, section, &over, out);
	if (source.bundle == NULL || signer_pins_new(&source, &pins, &e) < 0)
		return;
	if (signer_pins_current(pins, now, &e) < 0) {
		cy_fail_at(&over, CY_ECONFIG, p->signing_certificates, "%s; ask %s for its sign-all.pem", e.text,
			   p->id);
		report(c, p->line, section, &over, out);
	}
	signer_pins_free(pins);
}

static void lock_of(const struct config *c, char lock[4096])
{
	snprintf(lock, 4096, "%s/lock", c->store_dir);
}

static void line_of(const struct config *c, size_t i, char line[128])
{
	snprintf(line, 128, "listens on %s", c->listen[i].text);
}

int parts_say_listen(const struct config *c, bool passed_in, struct cy_error *e)
{
	char lock[4096], line[128];
	int r = CY_OK;

	lock_of(c, lock);
	if (passed_in)
		return lock_file_say(lock, PASSED_IN, e);
	for (size_t i = 0; i < c->n_listen && r == CY_OK; i++) {
		line_of(c, i, line);
		r = lock_file_say(lock, line, e);
	}
	return r;
}

/* A running service has its own addresses, and those that it is handed take the place of listen. */
static void warn_listen(const struct config *c, struct config_problems *out)
{
	char lock[4096], line[128];
	bool running;

	lock_of(c, lock);
	running = lock_file_held(lock);
	if (running && lock_file_said(lock, PASSED_IN))
		return;
	for (size_t i = 0; i < c->n_listen; i++) {
		struct cy_error e = { 0 };

		line_of(c, i, line);
		if (running && lock_file_said(lock, line))
			continue;
		if (gate_listen_check(c->listen[i].text, &e) < 0)
			config_problem(out, c->path, c->last_line, "listen",
				       "%s (ss -ltnp names who has it%s; comityd.socket hands it over)", e.text,
				       running ? ", which may be the running service by another of its addresses" : "");
	}
}

static void warn_clients(const struct config *c, struct config_problems *out)
{
	bool read = false;

	for (size_t i = 0; i < c->n_clients; i++)
		read = read || (c->clients[i].role == CY_ROLE__SUBMITTER && c->clients[i].sees_all);
	if (c->n_clients == 0)
		config_problem(
			out, c->path, c->last_line, "client",
			"there is no client, and nobody can hand in or read anything; add a section for the case "
			"system");
	else if (!read)
		config_problem(out, c->path, c->last_line, "client", NODE_UNREAD);
}

/* Below /run the service manager makes it, and comityd.socket hands the socket over. */
static void warn_local(const struct config *c, struct config_problems *out)
{
	char above[4096];
	struct stat st;
	int code;

	if (strncmp(c->local_path, "/run/", 5) == 0)
		return;
	snprintf(above, sizeof above, "%s", c->local_path);
	code = stat(dirname(above), &st) != 0 ? errno : S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	if (code != 0)
		config_problem(out, c->path, c->last_line, "local.path",
			       "%s: %s; the directory of the local socket must exist; run mkdir -p %s", above,
			       strerror(code), above);
}

void parts_warn(const struct config *c, struct cy_wall now, struct config_problems *out)
{
	warn_own(c, now, out);
	warn_own_crl(c, now, out);
	for (size_t i = 0; i < c->n_peers; i++)
		warn_peer(c, &c->peers[i], now, out);
	warn_listen(c, out);
	if (c->n_peers == 0)
		config_problem(
			out, c->path, c->last_line, "peer",
			"there is no peer, and nobody to exchange anything with; add a section for each authority");
	warn_clients(c, out);
	warn_local(c, out);
}
