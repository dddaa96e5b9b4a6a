#include "config/config_confuse.h"
#include "base/limits.h"

#include <errno.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_distinct.h"
#include "config/config_escalation.h"
#include "config/config_evidence.h"
#include "config/config_value.h"
#include "config/ladder_confuse.h"
#include "config/secret_file.h"
#include "config/tls_name.h"

#define SOCKET_PATH_MAX 107 /* of a unix socket (unix(7)) */
#define RUN_DIR_MAX     64  /* leaves room for the sockets in it */
#define PLACE_NAME_MAX  64u

/* ------------------------------------------------------------------- sections */

static const char *place_name(const struct config_sec *s, const char *name, int *ret_line)
{
	const struct config_text *t = config_given(s, name);

	*ret_line = t == NULL ? config_end(s) : t->line;
	if (t != NULL && !cy_name_valid(t->text, PLACE_NAME_MAX))
		config_wrong(s, name, t->line,
			     "it is not a name; 1 to %u printable characters are expected; correct it", PLACE_NAME_MAX);
	return t == NULL ? "" : config_keep(s, t->text);
}

static void load_place(const struct config_sec *s, struct config_place *p)
{
	const struct config_text *state = config_given(s, "state");

	p->names.state = place_name(s, "state", &p->state_line);
	p->names.zone = place_name(s, "time_zone", &p->zone_line);
	p->names.calendar = place_name(s, "calendar", &p->calendar_line);
	if (state != NULL && (strlen(state->text) != 2 || strspn(state->text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2))
		config_wrong(
			s, "state", state->line,
			"'%s' is not a state; two capital letters of ISO 3166-1 are expected, such as IE; correct it",
			state->text);
	else if (state == NULL && s->l->c->treaties != NULL)
		config_wrong(s, "state", p->state_line,
			     "it is missing, and a treaty is in force between two states; two capital letters of ISO "
			     "3166-1 are expected beside law.treaties; add it");
}

static const char *law_directory(const struct config_sec *s, const char *name, int *ret_line)
{
	const struct config_text *t = config_given(s, name);
	const char *path = t == NULL ? NULL : config_resolve(s, t->text);
	struct stat st;

	*ret_line = t == NULL ? config_end(s) : t->line;
	if (path != NULL && stat(path, &st) != 0)
		config_wrong(s, name, t->line, "%s: %s; a directory is expected; make it, or correct the path", path,
			     strerror(errno));
	else if (path != NULL && !S_ISDIR(st.st_mode))
		config_wrong(s, name, t->line, "%s is not a directory; a directory is expected; name another", path);
	return path;
}

static void load_law(struct config_load *l, cfg_t *root)
{
	struct config_sec s = config_section(l, root, "law");
	struct config *c = l->c;

	c->treaties = law_directory(&s, "treaties", &c->treaties_line);
	c->calendars = law_directory(&s, "calendars", &c->calendars_line);
}

static void load_authority(struct config_load *l, cfg_t *root)
{
	struct config_sec s = config_section(l, root, "authority");
	const struct config_text *id = config_required(&s, "id", "the id of this authority, such as IE or US-OIA,"),
				 *name = config_required(&s, "name", "the official name of this authority");

	if (id != NULL && !cy_authority_valid(id->text))
		config_wrong(&s, "id", id->line,
			     "'%s' is not an authority id; 1 to %u of A-Z, 0-9 and '-' are expected; correct it",
			     id->text, CY_AUTHORITY_MAX);
	else if (id != NULL)
		l->c->id = config_keep(&s, id->text);
	if (name != NULL && (name->text[0] == '\0' || strlen(name->text) > CY_TITLE_MAX ||
			     !cy_utf8_valid(name->text, strlen(name->text))))
		config_wrong(&s, "name", name->line,
			     "it is empty, too long or not UTF-8; 1 to %u bytes are expected; correct it",
			     CY_TITLE_MAX);
	else if (name != NULL)
		l->c->name = config_keep(&s, name->text);
	load_place(&s, &l->c->place);
}

/* The list of orders: it must not be restored together with the store. */
static void load_orders(const struct config_sec *s, struct config *c)
{
	const struct config_text *dir = config_given(s, "orders");
	const size_t len = strlen(c->store_dir);
	char beside[4096];
	struct stat st;

	snprintf(beside, sizeof beside, "%s.orders", c->store_dir);
	c->orders_dir = dir == NULL ? config_keep(s, beside) : config_resolve(s, dir->text);
	if (dir != NULL && strncmp(c->orders_dir, c->store_dir, len) == 0 &&
	    (c->orders_dir[len] == '/' || c->orders_dir[len] == '\0'))
		config_wrong(s, "orders", dir->line,
			     "%s lies in the directory of the store, and would be restored with it; a directory apart "
			     "from the store and its backups is expected; name another",
			     c->orders_dir);
	else if (stat(c->orders_dir, &st) == 0 && !S_ISDIR(st.st_mode))
		config_wrong(s, "orders", dir == NULL ? config_end(s) : dir->line,
			     "%s is not a directory; a directory is expected; name another", c->orders_dir);
	else if (dir != NULL)
		config_above(s, "orders", dir->line, c->orders_dir, "the list of orders");
}

static void load_store(struct config_load *l, cfg_t *root)
{
	struct config_sec s = config_section(l, root, "store");
	const struct config_text *dir = config_given(&s, "dir"), *key = config_given(&s, "key");
	const int line = dir == NULL ? config_end(&s) : dir->line;
	struct config *c = l->c;
	char whole[4096];
	struct stat st;

	c->store_dir = config_resolve(&s, dir == NULL ? "/var/lib/comity" : dir->text);
	snprintf(whole, sizeof whole, "%s/store.key", c->store_dir);
	if (stat(c->store_dir, &st) == 0) {
		if (!S_ISDIR(st.st_mode))
			config_wrong(&s, "dir", line, "%s is not a directory; a directory is expected; name another",
				     c->store_dir);
	} else {
		config_above(&s, "dir", line, c->store_dir, "the store");
	}
	load_orders(&s, c);
	c->keep.events = config_days(&s, "keep_events", CY_KEEP_EVENTS_DAYS);
	c->keep.keys = config_days(&s, "keep_keys", CY_KEEP_KEYS_DAYS);
	c->keep.leaves = config_days(&s, "keep_leaves", CY_KEEP_LEAVES_DAYS);
	c->keep.rejected = config_days(&s, "keep_rejected", CY_KEEP_REJECTED_DAYS);
	c->keep.parcels = config_days(&s, "keep_parcels", CY_KEEP_PARCELS_DAYS);
	c->store_key = key == NULL ? config_keep(&s, whole) : config_path(&s, "key", key);
	if (key != NULL && c->store_key != NULL)
		config_above(&s, "key", key->line, c->store_key, "the store's key");
	/* Absent is fine: it is made with a new store. */
	if (c->store_key != NULL && stat(c->store_key, &st) == 0 && secret_file_open_to(c->store_key, st.st_mode) != 0)
		config_wrong(
			&s, "key", key == NULL ? line : key->line,
			"the key %s is open to others (mode %04o); only its owner may have access; run chmod 0600 %s",
			c->store_key, (unsigned)st.st_mode & 07777u, c->store_key);
}

static void load_identity(struct config_load *l, cfg_t *root)
{
	static const char make[] = "make it with comity-pki init, or correct the path";
	struct config_sec s = config_section(l, root, "identity");
	struct config *c = l->c;

	c->identity_line = config_end(&s);
	c->tls_certificate =
		config_file(&s, "tls_certificate",
			    config_required(&s, "tls_certificate", "the path of the TLS certificate (PEM)"), make);
	c->tls_key =
		config_secret(&s, "tls_key", config_required(&s, "tls_key", "the path or URI of the TLS key"), make);
	c->signing_certificate = config_file(
		&s, "signing_certificate",
		config_required(&s, "signing_certificate", "the path of the signing certificate (PEM)"), make);
	c->signing_key = config_secret(&s, "signing_key",
				       config_required(&s, "signing_key", "the path or URI of the signing key"), make);
	c->own_signing_certificates =
		config_file(&s, "own_signing_certificates", config_given(&s, "own_signing_certificates"),
			    "name sign-all.pem of comity-pki, or remove the option");
	c->own_anchors = config_file(&s, "own_anchors", config_given(&s, "own_anchors"),
				     "name ca.pem of comity-pki, or remove the option");
	c->own_crl = config_file(&s, "own_crl", config_given(&s, "own_crl"),
				 "name crl.pem of comity-pki, or remove the option");
}

/* It may have been built, or booted, without. */
static bool kernel_has_ipv6(void)
{
	const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	const bool has = fd >= 0 || errno != EAFNOSUPPORT;

	if (fd >= 0)
		close(fd);
	return has;
}

static void load_listen(struct config_load *l, cfg_t *root)
{
	static const char *const otherwise[] = { "0.0.0.0", "::" };
	static const char *const texts[] = { "0.0.0.0:5671", "[::]:5671" };
	struct config_sec s = { .l = l, .cfg = root };
	cfg_opt_t *opt = cfg_getopt(root, "listen");
	struct config *c = l->c;
	const bool set = (opt->flags & CFGF_MODIFIED) != 0;

	c->ipv4_only = !set && !kernel_has_ipv6();
	c->n_listen = set ? cfg_opt_size(opt) : c->ipv4_only ? 1 : 2;
	c->listen = cy_arena_take(&c->arena, (c->n_listen + 1) * sizeof *c->listen);
	for (size_t i = 0; i < c->n_listen; i++)
		c->listen[i] = set ? config_address_of(&s, "listen", cfg_opt_getnptr(opt, (unsigned)i), true)
				   : (struct config_address){ texts[i], otherwise[i], 5671 };
}

static void load_run_dir(struct config_load *l, cfg_t *root)
{
	struct config_sec s = { .l = l, .cfg = root };
	const struct config_text *t = config_given(&s, "run_dir");
	const int line = t == NULL ? l->last : t->line;
	const char *dir = config_resolve(&s, t == NULL ? "/run/comity/link" : t->text);
	struct stat st;

	l->c->run_dir = dir;
	if (strlen(dir) > RUN_DIR_MAX)
		config_wrong(&s, "run_dir", line,
			     "%s is too long for the sockets in it; at most %d bytes are expected; name a "
			     "shorter one",
			     dir, RUN_DIR_MAX);
	if (stat(dir, &st) != 0) {
		/* Below /run the service manager makes it before the start. */
		if (strncmp(dir, "/run/", 5) != 0)
			config_above(&s, "run_dir", line, dir, "the internal sockets");
		return;
	}
	if (!S_ISDIR(st.st_mode))
		config_wrong(&s, "run_dir", line, "%s is not a directory; a directory is expected; name another", dir);
	else if ((st.st_mode & 0077) != 0)
		config_wrong(
			&s, "run_dir", line,
			"%s is open to others (mode %04o), who could reach the links of peers; mode 0700 is expected; "
			"run "
			"chmod 0700 %s",
			dir, (unsigned)st.st_mode & 07777u, dir);
}

static int64_t group_id(const struct config_sec *s, const char *name)
{
	const struct config_text *t = config_given(s, name);
	const struct group *g = t == NULL ? NULL : getgrnam(t->text);

	if (t != NULL && g == NULL)
		config_wrong(
			s, name, t->line,
			"there is no group '%s' here; a name of getent group is expected; run groupadd, or correct it",
			t->text);
	return g == NULL ? -1 : (int64_t)g->gr_gid;
}

static int64_t user_id(const struct config_sec *s, const char *name)
{
	const struct config_text *t = config_given(s, name);
	const struct passwd *p = t == NULL ? NULL : getpwnam(t->text);

	if (t != NULL && p == NULL)
		config_wrong(
			s, name, t->line,
			"there is no user '%s' here; a name of getent passwd is expected; run useradd, or correct it",
			t->text);
	return p == NULL ? -1 : (int64_t)p->pw_uid;
}

static void load_local(struct config_load *l, cfg_t *root)
{
	struct config_sec s = config_section(l, root, "local");
	const struct config_text *path = config_given(&s, "path"), *mode = config_given(&s, "mode");
	struct config *c = l->c;

	c->local_path = config_resolve(&s, path == NULL ? "/run/comity/comity.sock" : path->text);
	if (strlen(c->local_path) > SOCKET_PATH_MAX)
		config_wrong(&s, "path", path == NULL ? l->last : path->line,
			     "%s is too long for a socket; at most %d bytes are expected; name a shorter one",
			     c->local_path, SOCKET_PATH_MAX);
	c->local_gid = group_id(&s, "group");
	c->local_mode = 0660;
	if (mode == NULL)
		return;
	if (strspn(mode->text, "01234567") == strlen(mode->text) && strlen(mode->text) >= 3 && strlen(mode->text) <= 4)
		c->local_mode = (mode_t)strtoul(mode->text, NULL, 8);
	else
		c->local_mode = 0;
	if ((c->local_mode & 0600) != 0600 || c->local_mode > 0777)
		config_wrong(
			&s, "mode", mode->line,
			"'%s' is not a mode for the socket; octal digits from 0600 to 0777 are expected; write 0660",
			mode->text);
}

static void load_client(struct config_load *l, cfg_t *cfg, struct config_client *client)
{
	static const char *const roles[] = { "submitter", "operator", "administrator", NULL };
	static const CyRole role[] = { CY_ROLE__SUBMITTER, CY_ROLE__OPERATOR, CY_ROLE__ADMINISTRATOR };
	static const char *const cases[] = { "own", "all", NULL };
	struct config_sec s = { .l = l, .cfg = cfg };
	const struct config_text *r, *all = config_given(&s, "cases");
	int i;

	snprintf(s.label, sizeof s.label, "client %.40s", cfg_title(cfg));
	client->name = config_keep(&s, cfg_title(cfg));
	if (!cy_name_valid(client->name, CY_CLIENT_MAX))
		config_problem(l->out, l->path, config_end(&s), s.label,
			       "its name is not valid; 1 to %u printable ASCII characters are expected; correct it",
			       CY_CLIENT_MAX);
	client->uid = user_id(&s, "user");
	client->gid = group_id(&s, "group");
	if (config_given(&s, "user") == NULL && config_given(&s, "group") == NULL)
		config_wrong(
			&s, "user", config_end(&s),
			"nobody could be this client; a user or a group of this machine is expected; add one of them");
	r = config_required(&s, "role", "submitter, operator or administrator");
	if (r != NULL && (i = config_choice(&s, "role", r, roles)) >= 0)
		client->role = role[i];
	client->sees_all = all != NULL && config_choice(&s, "cases", all, cases) == 1;
}

static bool san_valid(const char *name)
{
	if (strncmp(name, "dns:", 4) == 0)
		return tls_name_valid(name) && strchr(name + 4, '*') == NULL;
	return strncmp(name, "uri:", 4) == 0 && strchr(name + 4, ':') != NULL && cy_name_valid(name + 4, 255);
}

static void load_names(const struct config_sec *s, struct config_peer *peer)
{
	cfg_opt_t *opt = cfg_getopt(s->cfg, "names");
	const char **names;

	peer->n_names = cfg_opt_size(opt);
	if (peer->n_names == 0) {
		config_wrong(
			s, "names", config_end(s),
			"it is missing or empty; at least one name of the peer's TLS certificate is expected, such as "
			"{\"dns:ie.comity.invalid\"}; ask the peer and add it");
		return;
	}
	names = cy_arena_take(s->l->arena, peer->n_names * sizeof *names);
	for (size_t i = 0; i < peer->n_names; i++) {
		const struct config_text *t = cfg_opt_getnptr(opt, (unsigned)i);

		names[i] = config_keep(s, t->text);
		if (!san_valid(t->text))
			config_wrong(
				s, "names", t->line,
				"'%s' is not a name of a certificate; dns:HOST in ASCII (xn--), without wildcard and "
				"without a dot at its ends, or uri:URI is expected; write it as the peer's "
				"certificate has it",
				t->text);
	}
	peer->names = names;
}

/* It may be missing: that is its peer's trouble, and no fault of the configuration. Who
 * reads it says so. */
static const char *peer_file(const struct config_sec *s, const char *name, const struct config_text *t)
{
	const char *path = t != NULL ? config_path(s, name, t) : NULL;

	if (path != NULL && strncmp(path, "pkcs11:", 7) == 0)
		config_wrong(s, name, t->line, "'%s' is not a file; a path is expected", t->text);
	return path;
}

static void load_peer(struct config_load *l, cfg_t *cfg, struct config_peer *peer)
{
	static const char *const yes_no[] = { "no", "yes", NULL };
	struct config_sec s = { .l = l, .cfg = cfg };
	const struct config_text *dial = config_given(&s, "dial"), *crl = config_given(&s, "crl"),
				 *age = config_given(&s, "crl_max_age"), *tunnel = config_given(&s, "tunnel");

	snprintf(s.label, sizeof s.label, "peer %.40s", cfg_title(cfg));
	peer->id = config_keep(&s, cfg_title(cfg));
	peer->line = config_end(&s);
	if (!cy_authority_valid(peer->id))
		config_problem(l->out, l->path, config_end(&s), s.label,
			       "'%s' is not an authority id; 1 to %u of A-Z, 0-9 and '-' are expected; correct it",
			       peer->id, CY_AUTHORITY_MAX);
	else if (l->c->id != NULL && strcmp(l->c->id, peer->id) == 0)
		config_problem(l->out, l->path, config_end(&s), s.label,
			       "this is the own id (authority.id); a peer is another authority; remove the section or "
			       "correct one of the ids");
	load_place(&s, &peer->place);
	config_roles(&s, peer->id, l->c);
	if (dial != NULL)
		peer->dial = config_address_of(&s, "dial", dial, false);
	peer->anchors = peer_file(&s, "anchors", config_required(&s, "anchors", "the peer's CA certificates (PEM)"));
	peer->crl = peer_file(&s, "crl", crl);
	peer->crl_max_age_ms = config_duration(&s, "crl_max_age", HOUR, 0, 0, LONG);
	peer->crl_grace_ms = config_duration(&s, "crl_grace", HOUR, 24 * HOUR, 0, LONG);
	if (crl == NULL && age != NULL)
		config_wrong(&s, "crl_max_age", age->line,
			     "there is no CRL that could age; crl is expected beside it; add crl or remove this");
	peer->tunnel = tunnel != NULL && config_choice(&s, "tunnel", tunnel, yes_no) == 1;
	load_names(&s, peer);
	config_rates(&s, peer);
	peer->signing_certificates =
		peer_file(&s, "signing_certificates",
			  config_required(&s, "signing_certificates", "the peer's pinned signing certificates (PEM)"));
}

static void load_numbers(struct config_load *l, cfg_t *root)
{
	static const char *const levels[] = { "debug", "info", "warning", "alarm", NULL };
	static const enum node_level level[] = { NODE_DEBUG, NODE_INFO, NODE_WARNING, NODE_ALARM };
	struct config_sec delivery = config_section(l, root, "delivery"), limits = config_section(l, root, "limits"),
			  log = config_section(l, root, "log");
	const struct config_text *t = config_given(&log, "level");
	struct config *c = l->c;
	int i;

	c->window = config_number(&delivery, "window", 1, CY_WINDOW_MAX, 4);
	c->undelivered_ms = config_duration(&delivery, "undelivered_after", DAY, 30 * DAY, SECOND, LONG);
	c->unread_ms = config_duration(&delivery, "unread_after", HOUR, CY_UNREAD_AFTER_H * HOUR, SECOND, LONG);
	c->backoff_first_ms = config_duration(&delivery, "backoff_first", SECOND, SECOND, SECOND, DAY);
	c->backoff_max_ms = config_duration(&delivery, "backoff_max", SECOND, 5 * MINUTE, SECOND, DAY);
	if (c->backoff_max_ms < c->backoff_first_ms)
		config_wrong(
			&delivery, "backoff_max", config_end(&delivery),
			"it is shorter than backoff_first; the same or a longer time is expected; correct one of them");
	c->heartbeat_ms = config_duration(&delivery, "heartbeat", SECOND, 15 * SECOND, SECOND, HOUR);
	c->heartbeat_timeout_ms = config_duration(&delivery, "heartbeat_timeout", SECOND, MINUTE, 2 * SECOND, DAY);
	if (c->heartbeat_timeout_ms < 2 * c->heartbeat_ms)
		config_wrong(&delivery, "heartbeat_timeout", config_end(&delivery),
			     "a single heartbeat that is late would end the session; at least twice the heartbeat is "
			     "expected; correct one of them");
	c->handshakes = config_number(&limits, "handshakes", 1, CY_HANDSHAKES_MAX, 64);
	c->handshakes_per_address = config_number(&limits, "handshakes_per_address", 1, CY_HANDSHAKES_MAX, 8);
	c->handshake_timeout_ms = config_duration(&limits, "handshake_timeout", SECOND, 10 * SECOND, SECOND, HOUR);
	c->log_level = NODE_INFO;
	if (t != NULL && (i = config_choice(&log, "level", t, levels)) >= 0)
		c->log_level = level[i];
}

static void load_all(struct config_load *l, cfg_t *root)
{
	struct config *c = l->c;

	c->roles = cy_arena_take(&c->arena, CONFIG_ROLES_MAX * sizeof *c->roles);
	load_law(l, root);
	config_escalation(l, root);
	load_authority(l, root);
	load_store(l, root);
	config_evidence(l, root);
	load_identity(l, root);
	load_listen(l, root);
	load_run_dir(l, root);
	load_local(l, root);
	c->n_clients = cfg_size(root, "client");
	c->clients = cy_arena_take(&c->arena, (c->n_clients + 1) * sizeof *c->clients);
	for (size_t i = 0; i < c->n_clients; i++)
		load_client(l, cfg_getnsec(root, "client", (unsigned)i), &c->clients[i]);
	c->n_peers = cfg_size(root, "peer");
	c->peers = cy_arena_take(&c->arena, (c->n_peers + 1) * sizeof *c->peers);
	for (size_t i = 0; i < c->n_peers; i++)
		load_peer(l, cfg_getnsec(root, "peer", (unsigned)i), &c->peers[i]);
	if (c->n_peers > CY_PEERS_MAX)
		config_problem(l->out, l->path, l->last, NULL,
			       "there are %zu peers; at most %u are expected; remove some", c->n_peers, CY_PEERS_MAX);
	load_numbers(l, root);
}

/* ------------------------------------------------------------------- the file */

#define OPTION(name) config_option(name)
#define LIST(name)   config_list(name)
#define TITLED       (CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)

static const struct config_kind kind = {
	.manual = "comityd.conf(5)",
	.unread = "the configuration",
	.instead = "name another with --config, or start from the commented "
		   "comityd.conf that was installed in share/comity",
};

static cfg_t *parse(const char *path, struct config_problems *out, int *ret_last)
{
	cfg_opt_t authority[] = { OPTION("id"),        OPTION("name"),     OPTION("state"),
				  OPTION("time_zone"), OPTION("calendar"), CFG_END() };
	cfg_opt_t law[] = { OPTION("treaties"), OPTION("calendars"), CFG_END() };
	cfg_opt_t role[] = { OPTION("address"), CFG_END() };
	cfg_opt_t rung[LADDER_RUNG_OPTIONS];

	ladder_rung_options(rung);
	cfg_opt_t escalation[] = { OPTION("hook"), OPTION("hook_timeout"), CFG_SEC("rung", rung, TITLED),
				   CFG_SEC("role", role, TITLED), CFG_END() };
	cfg_opt_t store[] = { OPTION("dir"),          OPTION("key"),           OPTION("orders"),
			      OPTION("keep_events"),  OPTION("keep_keys"),     OPTION("keep_leaves"),
			      OPTION("keep_parcels"), OPTION("keep_rejected"), CFG_END() };
	cfg_opt_t evidence[] = { OPTION("dir"),          OPTION("keep_free"),
				 OPTION("quota_peer"),   OPTION("quota_case"),
				 OPTION("quota_client"), OPTION("keep_sent"),
				 OPTION("check_every"),  OPTION("check_rate"),
				 OPTION("keep_custody"), CFG_END() };
	cfg_opt_t identity[] = { OPTION("tls_certificate"),
				 OPTION("tls_key"),
				 OPTION("signing_certificate"),
				 OPTION("signing_key"),
				 OPTION("own_signing_certificates"),
				 OPTION("own_anchors"),
				 OPTION("own_crl"),
				 CFG_END() };
	cfg_opt_t local[] = { OPTION("path"), OPTION("mode"), OPTION("group"), CFG_END() };
	cfg_opt_t client[] = { OPTION("user"), OPTION("group"), OPTION("role"), OPTION("cases"), CFG_END() };
	cfg_opt_t peer[] = { OPTION("state"),
			     OPTION("time_zone"),
			     OPTION("calendar"),
			     OPTION("dial"),
			     OPTION("anchors"),
			     OPTION("crl"),
			     OPTION("crl_max_age"),
			     OPTION("crl_grace"),
			     LIST("names"),
			     OPTION("tunnel"),
			     OPTION("signing_certificates"),
			     LIST("evidence_rate"),
			     CFG_SEC("role", role, TITLED),
			     CFG_END() };
	cfg_opt_t delivery[] = { OPTION("window"),
				 OPTION("undelivered_after"),
				 OPTION("unread_after"),
				 OPTION("backoff_first"),
				 OPTION("backoff_max"),
				 OPTION("heartbeat"),
				 OPTION("heartbeat_timeout"),
				 CFG_END() };
	cfg_opt_t limits[] = { OPTION("handshakes"), OPTION("handshakes_per_address"), OPTION("handshake_timeout"),
			       CFG_END() };
	cfg_opt_t log[] = { OPTION("level"), CFG_END() };
	cfg_opt_t root[] = { CFG_SEC("authority", authority, CFGF_NONE),
			     CFG_SEC("store", store, CFGF_NONE),
			     CFG_SEC("evidence", evidence, CFGF_NONE),
			     CFG_SEC("identity", identity, CFGF_NONE),
			     LIST("listen"),
			     OPTION("run_dir"),
			     CFG_SEC("local", local, CFGF_NONE),
			     CFG_SEC("client", client, TITLED),
			     CFG_SEC("peer", peer, TITLED),
			     CFG_SEC("law", law, CFGF_NONE),
			     CFG_SEC("escalation", escalation, CFGF_NONE),
			     CFG_SEC("delivery", delivery, CFGF_NONE),
			     CFG_SEC("limits", limits, CFGF_NONE),
			     CFG_SEC("log", log, CFGF_NONE),
			     CFG_END() };

	return config_tree(&kind, path, root, out, ret_last);
}

/* The directory of a file, absolute. To be freed. */
static char *directory_of(const char *path)
{
	char *whole = realpath(path, NULL);
	char *slash = whole == NULL ? NULL : strrchr(whole, '/');

	if (slash != NULL)
		*slash = '\0';
	return whole;
}

int config_load(const char *path, struct config **ret_config, struct config_problems *out)
{
	struct config_load l = { .out = out, .path = path };
	cfg_t *root;
	char *dir;

	*out = (struct config_problems){ 0 };
	root = parse(path, out, &l.last);
	if (root == NULL)
		return CY_ECONFIG;
	dir = directory_of(path);
	if (dir == NULL) {
		config_problem(out, path, 0, NULL,
			       "it is in no directory (%s), and relative paths count from that; name a file with "
			       "--config",
			       strerror(errno));
		cfg_free(root);
		return CY_ECONFIG;
	}
	l.c = calloc(1, sizeof *l.c);
	CY_ASSERT(l.c != NULL);
	l.arena = &l.c->arena;
	l.dir = dir;
	l.c->path = cy_arena_string(&l.c->arena, path);
	l.c->last_line = l.last;
	load_all(&l, root);
	config_distinct(l.c, out);
	cfg_free(root);
	free(dir);
	if (out->n > 0) {
		config_free(l.c);
		return CY_ECONFIG;
	}
	*ret_config = l.c;
	return CY_OK;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	cy_arena_free(&c->arena);
	free(c);
}
