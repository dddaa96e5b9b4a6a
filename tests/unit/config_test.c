/* The configuration file: what each option becomes, and that each mistake is told
 * with file, line and remedy. Run from the root of the tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_confuse.h"

static char dir[] = "/tmp/comity-config-XXXXXX";
static char conf[64];

static void put(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	remove(path); /* it may be read-only */
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static int load(const char *text, struct config **ret_c, struct config_problems *p)
{
	put("c.conf", text, 0600);
	return config_load(conf, ret_c, p);
}

static struct config *good(const char *text)
{
	struct config_problems p;
	struct config *c = NULL;

	if (load(text, &c, &p) != CY_OK)
		fail_msg("%s", p.n > 0 ? p.list[0].text : "no memory");
	assert_int_equal(p.n, 0);
	config_problems_free(&p);
	return c;
}

static void in_dir_is(const char *path, const char *name)
{
	char whole[128];

	snprintf(whole, sizeof whole, "%s/%s", dir, name);
	assert_string_equal(path, whole);
}

/* The smallest file, six lines; more goes behind it from line 7 on. */
#define LEAST                                                        \
	"authority { id = \"US-OIA\"\n name = \"Office\" }\n"        \
	"store { dir = \"store\" }\n"                                \
	"identity { tls_certificate = tls.pem\n tls_key = tls.key\n" \
	" signing_certificate = sign.pem signing_key = sign.key }\n"
#define PEER_REST "anchors = ca.pem names = {\"dns:ie.comity.invalid\"} signing_certificates = sign.pem }\n"

/* With these lines behind the smallest file there is exactly this one problem. */
static void problem(const char *more, const char *where, const char *what, const char *remedy)
{
	char text[4096], start[256];
	struct config_problems p;
	struct config *c = NULL;

	snprintf(text, sizeof text, LEAST "%s", more);
	assert_int_equal(load(text, &c, &p), CY_ECONFIG);
	assert_null(c);
	for (size_t i = 1; i < p.n; i++)
		print_error("more than one: %s\n", p.list[i].text);
	if (p.n != 1)
		fail_msg("%s", p.list[0].text);
	snprintf(start, sizeof start, "%s:%s: ", conf, where);
	if (strncmp(p.list[0].text, start, strlen(start)) != 0 || strstr(p.list[0].text, what) == NULL ||
	    strstr(p.list[0].text, remedy) == NULL)
		fail_msg("expected '%s' '%s' '%s' in: %s", start, what, remedy, p.list[0].text);
	assert_true(cy_utf8_valid(p.list[0].text, strlen(p.list[0].text)));
	config_problems_free(&p);
}

static void a_file_of_another_program_is_taken(void **state)
{
	struct config_problems p;
	struct config *c = good("\xef\xbb\xbf" LEAST "\r\nlog { level = debug }\r\n");

	(void)state;
	assert_string_equal(c->id, "US-OIA");
	config_free(c);
	put("c.conf", "\xff\xfe" LEAST, 0600);
	assert_int_equal(config_load(conf, &c, &p), CY_ECONFIG);
	assert_non_null(strstr(p.list[0].text, "it is UTF-16; save it anew as plain text in UTF-8"));
	config_problems_free(&p);
}

static void every_option_becomes_its_value(void **state)
{
	struct config *c =
		good("# comment\n/* and\n another */ authority { id = \"US-OIA\"  name = \"Office \\\"of\\\" Affairs\" "
		     "state = US time_zone = \"America/New_York\" calendar = US }\n"
		     "law { treaties = open calendars = \"open\" }\n"
		     "store { dir = \"store\" key = \"/etc/store.key\" }\n"
		     "identity { tls_certificate = \"tls.pem\" tls_key = \"file:tls.key\" signing_certificate = "
		     "\"sign.pem\"\n"
		     " signing_key = \"pkcs11:token=comity;object=sign\" own_signing_certificates = \"sign.pem\" "
		     "own_anchors = "
		     "\"ca.pem\" }\n"
		     "listen = {\"127.0.0.1:1\", \"[::1]:65535\"}\n"
		     "run_dir = \"run\"\n"
		     "local { path = \"l.sock\" mode = 0600 group = \"daemon\" }\n"
		     "client registry { user = \"daemon\" role = submitter cases = own }\n"
		     "client \"ops desk\" { group = \"daemon\" role = operator cases = all }\n"
		     "client boss { user = \"root\" group = \"root\" role = administrator }\n"
		     "peer IE { state = IE time_zone = \"Europe/Dublin\" calendar = IE dial = \"mla.example.ie:5671\" "
		     "anchors = ca.pem crl = crl.pem crl_max_age = 48 crl_grace = "
		     "90m\n"
		     " names = {\"dns:ie.comity.invalid\", \"uri:urn:mla:ie\"} signing_certificates = sign.pem }\n"
		     "peer FR { state = FR anchors = ca.pem names = \"dns:fr.comity.invalid\" signing_certificates = "
		     "sign.pem }\n"
		     "delivery { window = 16 undelivered_after = 20s backoff_first = 2 backoff_max = 1h heartbeat = 30 "
		     "heartbeat_timeout = 5m }\n"
		     "limits { handshakes = 10 handshakes_per_address = 2 handshake_timeout = 5 }\n"
		     "log { level = debug }\n");

	(void)state;
	assert_string_equal(c->id, "US-OIA");
	assert_string_equal(c->name, "Office \"of\" Affairs");
	in_dir_is(c->store_dir, "store");
	assert_string_equal(c->store_key, "/etc/store.key");
	in_dir_is(c->tls_certificate, "tls.pem");
	in_dir_is(c->tls_key, "tls.key");
	in_dir_is(c->signing_certificate, "sign.pem");
	assert_string_equal(c->signing_key, "pkcs11:token=comity;object=sign");
	in_dir_is(c->own_signing_certificates, "sign.pem");
	in_dir_is(c->own_anchors, "ca.pem");
	assert_string_equal(c->place.names.state, "US");
	assert_string_equal(c->place.names.zone, "America/New_York");
	assert_string_equal(c->place.names.calendar, "US");
	in_dir_is(c->treaties, "open");
	in_dir_is(c->calendars, "open");
	assert_string_equal(c->peers[0].place.names.state, "IE");
	assert_string_equal(c->peers[0].place.names.zone, "Europe/Dublin");
	assert_string_equal(c->peers[0].place.names.calendar, "IE");
	assert_string_equal(c->peers[1].place.names.state, "FR");
	assert_string_equal(c->peers[1].place.names.zone, "");
	assert_int_equal(c->n_listen, 2);
	assert_string_equal(c->listen[0].host, "127.0.0.1");
	assert_int_equal(c->listen[0].port, 1);
	assert_string_equal(c->listen[1].text, "[::1]:65535");
	assert_string_equal(c->listen[1].host, "::1");
	assert_int_equal(c->listen[1].port, 65535);
	in_dir_is(c->run_dir, "run");
	in_dir_is(c->local_path, "l.sock");
	assert_int_equal(c->local_mode, 0600);
	assert_int_equal(c->local_gid, 1);
	assert_int_equal(c->n_clients, 3);
	assert_string_equal(c->clients[0].name, "registry");
	assert_int_equal(c->clients[0].uid, 1);
	assert_int_equal(c->clients[0].gid, -1);
	assert_int_equal(c->clients[0].role, CY_ROLE__SUBMITTER);
	assert_false(c->clients[0].sees_all);
	assert_string_equal(c->clients[1].name, "ops desk");
	assert_int_equal(c->clients[1].uid, -1);
	assert_int_equal(c->clients[1].gid, 1);
	assert_int_equal(c->clients[1].role, CY_ROLE__OPERATOR);
	assert_true(c->clients[1].sees_all);
	assert_int_equal(c->clients[2].uid, 0);
	assert_int_equal(c->clients[2].role, CY_ROLE__ADMINISTRATOR);
	assert_int_equal(c->n_peers, 2);
	assert_string_equal(c->peers[0].id, "IE");
	assert_string_equal(c->peers[0].dial.host, "mla.example.ie");
	assert_int_equal(c->peers[0].dial.port, 5671);
	in_dir_is(c->peers[0].anchors, "ca.pem");
	in_dir_is(c->peers[0].crl, "crl.pem");
	assert_int_equal(c->peers[0].crl_max_age_ms, 48 * 3600000);
	assert_int_equal(c->peers[0].crl_grace_ms, 90 * 60000);
	assert_int_equal(c->peers[0].n_names, 2);
	assert_string_equal(c->peers[0].names[1], "uri:urn:mla:ie");
	in_dir_is(c->peers[0].signing_certificates, "sign.pem");
	assert_null(c->peers[1].dial.text);
	assert_null(c->peers[1].crl);
	assert_string_equal(c->peers[1].names[0], "dns:fr.comity.invalid");
	assert_int_equal(c->window, 16);
	assert_int_equal(c->undelivered_ms, 20000);
	assert_int_equal(c->backoff_first_ms, 2000);
	assert_int_equal(c->backoff_max_ms, 3600000);
	assert_int_equal(c->heartbeat_ms, 30000);
	assert_int_equal(c->heartbeat_timeout_ms, 300000);
	assert_int_equal(c->handshakes, 10);
	assert_int_equal(c->handshakes_per_address, 2);
	assert_int_equal(c->handshake_timeout_ms, 5000);
	assert_int_equal(c->log_level, NODE_DEBUG);
	config_free(c);
}

static void the_smallest_file_has_the_documented_defaults(void **state)
{
	struct config *c = good(LEAST);

	(void)state;
	in_dir_is(c->store_key, "store/store.key");
	assert_int_equal(c->n_listen, 2);
	assert_string_equal(c->listen[1].host, "::");
	assert_int_equal(c->listen[1].port, 5671);
	assert_string_equal(c->run_dir, "/run/comity/link");
	assert_string_equal(c->local_path, "/run/comity/comity.sock");
	assert_int_equal(c->local_mode, 0660);
	assert_int_equal(c->local_gid, -1);
	assert_int_equal(c->n_clients, 0);
	assert_int_equal(c->window, 4);
	assert_int_equal(c->undelivered_ms, INT64_C(30) * 86400000);
	assert_int_equal(c->backoff_first_ms, 1000);
	assert_int_equal(c->backoff_max_ms, 300000);
	assert_int_equal(c->heartbeat_ms, 15000);
	assert_int_equal(c->heartbeat_timeout_ms, 60000);
	assert_int_equal(c->handshakes, 64);
	assert_int_equal(c->handshakes_per_address, 8);
	assert_int_equal(c->handshake_timeout_ms, 10000);
	assert_int_equal(c->log_level, NODE_INFO);
	assert_null(c->own_anchors);
	assert_null(c->treaties);
	assert_null(c->calendars);
	assert_string_equal(c->place.names.state, "");
	assert_string_equal(c->place.names.zone, "");
	assert_string_equal(c->place.names.calendar, "");
	config_free(c);

	c = good(LEAST "listen = {}\npeer IE { " PEER_REST);
	assert_int_equal(c->n_listen, 0);
	assert_int_equal(c->peers[0].crl_max_age_ms, 0);
	assert_int_equal(c->peers[0].crl_grace_ms, 24 * 3600000);
	config_free(c);
}

static void wrong_values_are_told_with_line_and_remedy(void **state)
{
	(void)state;
	problem("\nlisten = {\"127.0.0.1:1\",\n\"example.org:5671\"}\n", "9", "option 'listen': 'example.org:5671' is",
		"correct it");
	problem("listen = \"[::1:5671\"\n", "7", "is not an address", "[::]:5671");
	problem("listen = \"0.0.0.0:65536\"\n", "7", "no valid port; a port from 1 to 65535", "correct it");
	problem("listen = \"0.0.0.0:0\"\n", "7", "no valid port", "correct it");
	problem("run_dir = \"open\"\n", "7", "option 'run_dir': ", "chmod 0700");
	problem("run_dir = \"ca.pem\"\n", "7", "is not a directory", "name another");
	problem("run_dir = \"/run/0123456789012345678901234567890123456789012345678901234567890123456789\"\n", "7",
		"too long", "shorter");
	problem("local { mode = 999 }\n", "7", "option 'local.mode': '999'", "0660");
	problem("local { group = nobody-here }\n", "7", "there is no group 'nobody-here'", "groupadd");
	problem("delivery { window = 17 }\n", "7", "option 'delivery.window': '17' is out of range", "1 to 16");
	problem("delivery { window = -1 }\n", "7", "out of range", "correct it");
	problem("delivery { undelivered_after = 3w }\n", "7", "'3w' is not a time", "45m");
	problem("delivery { undelivered_after = 0 }\n", "7", "'0' is not a time", "number of days");
	problem("delivery { undelivered_after = 99999999999999999999 }\n", "7", "is not a time", "3650 d");
	problem("delivery { undelivered_after = \"\" }\n", "7", "is not a time", "45m");
	problem("delivery {\nbackoff_first = 1h\n}\n", "9", "shorter than backoff_first", "correct one");
	problem("delivery { backoff_max = 2d }\n", "7", "'2d' is not a time from 1 s to 86400 s", "correct it");
	problem("delivery { heartbeat = 0 }\n", "7", "'0' is not a time from 1 s to 3600 s", "correct it");
	problem("delivery { heartbeat = 2h }\n", "7", "'2h' is not a time from 1 s to 3600 s", "correct it");
	problem("delivery {\nheartbeat = 31\n}\n", "9", "option 'delivery.heartbeat_timeout'", "at least twice");
	problem("limits { handshake_timeout = 2h }\n", "7", "'2h' is not a time from 1 s to 3600 s", "correct it");
	problem("limits { handshakes = many }\n", "7", "option 'limits.handshakes'", "1 to 4096");
	problem("log { level = loud }\n", "7", "'loud' is not known", "debug, info, warning, alarm");
	problem("identity { own_anchors = \"absent.pem\" }\n", "7", "No such file", "comity-pki");
	problem("identity { own_anchors = \"open\" }\n", "7", "is not a file", "comity-pki");
	problem("identity { own_anchors = \"pkcs11:x\" }\n", "7", "is not a file", "comity-pki");
	problem("store { key = \"loose.key\" }\n", "7", "option 'store.key': the key", "chmod 0600");
}

static void wrong_peers_and_clients_are_told(void **state)
{
	(void)state;
	problem("client a { user = daemon }\n", "7", "option 'client a.role': it is missing", "administrator");
	problem("client a { role = operator }\n", "7", "option 'client a.user': nobody", "add one");
	problem("client a { user = nobody-here role = operator }\n", "7", "there is no user 'nobody-here'", "useradd");
	/* The name is shown cut short, and ends with a whole character. */
	problem("client xéééééééééééééééééééééééééééééé { user = daemon role = operator }\n", "7",
		"its name is not valid", "correct it");
	problem("client a { user = daemon role = king }\n", "7", "'king' is not known", "submitter, operator");
	problem("client a { user = daemon role = operator cases = some }\n", "7", "'some'", "own, all");
	problem("client \" a\" { user = daemon role = operator }\n", "7", "its name is not valid", "correct it");
	problem("client a { user = daemon role = operator }\n\nclient a { user = root role = king }\n", "9",
		"of this name is there already", "merge them");

	problem("peer ie { " PEER_REST, "7", "'ie' is not an authority id", "A-Z, 0-9");
	problem("peer US-OIA { " PEER_REST, "7", "this is the own id", "remove the section");
	problem("peer IE { " PEER_REST "peer \"IE\"\n{ " PEER_REST, "9", "of this name is there already, in line 7;",
		"correct the name of a copied one");
	problem("peer IE { dial = \"ie\" " PEER_REST, "7", "option 'peer IE.dial': 'ie' is not an address",
		"host with a port");
	problem("peer IE { dial = \"ie.example:0\" " PEER_REST, "7", "no valid port", "1 to 65535");
	problem("peer IE { crl_max_age = 4 " PEER_REST, "7", "no CRL that could age", "add crl");
	problem("peer IE { anchors = ca.pem signing_certificates = sign.pem }\n", "7", "option 'peer IE.names'", "ask");
	problem("peer IE { anchors = ca.pem names = {} signing_certificates = sign.pem }\n", "7", "missing or empty",
		"ask the peer");
	problem("peer IE { anchors = ca.pem names = {\"ie.example\"} signing_certificates = sign.pem }\n", "7",
		"'ie.example' is not a name of a certificate", "dns:HOST");
	problem("peer IE { names = {\"dns:ie.example\"} signing_certificates = sign.pem\n}\n", "8",
		"option 'peer IE.anchors': it is missing", "add it");
}

static void what_is_over_is_kept_for_stated_days(void **state)
{
	const int64_t day = INT64_C(24) * 3600 * 1000;
	struct config *c = good(
		LEAST "store { keep_events = 1 keep_keys = 2 keep_leaves = 3 keep_parcels = 0 keep_rejected = 4 }\n"
		      "evidence { keep_custody = 36500 }\n");

	(void)state;
	assert_int_equal(c->keep.events, day);
	assert_int_equal(c->keep.keys, 2 * day);
	assert_int_equal(c->keep.leaves, 3 * day);
	assert_int_equal(c->keep.parcels, 0);
	assert_int_equal(c->keep.rejected, 4 * day);
	assert_int_equal(c->keep.custody, 36500 * day);
	config_free(c);
	c = good(LEAST);
	assert_int_equal(c->keep.events, 366 * day);
	assert_int_equal(c->keep.keys, 366 * day);
	assert_int_equal(c->keep.leaves, 3660 * day);
	assert_int_equal(c->keep.parcels, 366 * day);
	assert_int_equal(c->keep.rejected, 366 * day);
	assert_int_equal(c->keep.custody, 3660 * day);
	config_free(c);
	problem("store { keep_events = 1d }\n", "7", "option 'store.keep_events'", "0 to 36500");
	problem("evidence { keep_custody = 36501 }\n", "7", "option 'evidence.keep_custody'", "0 to 36500");
}

static void evidence_has_a_place_quotas_and_rates(void **state)
{
	struct config *c = good(LEAST "evidence { dir = open keep_free = 512M quota_peer = 2T quota_case = 1K\n"
				      "quota_client = 7 keep_sent = 90 check_every = 7 check_rate = 1M }\n"
				      "peer IE { evidence_rate = {\"08:00-18:00 2M\", \"18:00-08:00 unlimited\",\n"
				      "\"00:00-24:00 8192\"} " PEER_REST);
	const struct node_rate *r = c->peers[0].rates;

	(void)state;
	in_dir_is(c->evidence_dir, "open");
	assert_int_equal(c->evidence_keep_free, UINT64_C(512) << 20);
	assert_int_equal(c->quota_peer, UINT64_C(2) << 40);
	assert_int_equal(c->quota_case, 1024);
	assert_int_equal(c->quota_client, 7);
	assert_int_equal(c->keep_sent_ms, INT64_C(90) * 24 * 3600 * 1000);
	assert_int_equal(c->check_every_ms, INT64_C(7) * 24 * 3600 * 1000);
	assert_int_equal(c->check_rate, 1 << 20);
	assert_int_equal(c->peers[0].n_rates, 3);
	assert_true(r[0].from == 480 && r[0].until == 1080 && r[0].bytes_per_second == 2 << 20);
	assert_true(r[1].from == 1080 && r[1].until == 480 && r[1].bytes_per_second == 0);
	assert_true(r[2].from == 0 && r[2].until == 1440 && r[2].bytes_per_second == 8192);
	config_free(c);
	c = good(LEAST);
	in_dir_is(c->evidence_dir, "store/evidence");
	assert_int_equal(c->evidence_keep_free, UINT64_C(1) << 30);
	assert_true(c->quota_peer == 0 && c->quota_case == 0 && c->quota_client == 0 && c->keep_sent_ms == 0);
	assert_int_equal(c->check_every_ms, INT64_C(30) * 24 * 3600 * 1000);
	assert_int_equal(c->check_rate, 16 << 20);
	config_free(c);
	problem("evidence { keep_free = 10GB }\n", "7", "option 'evidence.keep_free': '10GB' is not a number of bytes",
		"such as 500G");
	problem("evidence { quota_peer = \"\" }\n", "7", "is not a number of bytes", "correct it");
	problem("evidence { quota_case = 9999999999T }\n", "7", "is not a number of bytes", "correct it");
	problem("evidence { quota_client = -1 }\n", "7", "is not a number of bytes", "correct it");
	problem("evidence { check_every = 1w }\n", "7", "option 'evidence.check_every'", "0 to 36500");
	problem("evidence { check_rate = 100 }\n", "7", "option 'evidence.check_rate': 100 bytes a second",
		"8192 at least");
	problem("evidence { keep_sent = 90d }\n", "7", "option 'evidence.keep_sent'", "0 to 36500");
	problem("evidence { dir = \"ca.pem\" }\n", "7", "is not a directory", "name another");
	problem("peer IE { evidence_rate = \"2M\" " PEER_REST, "7",
		"option 'peer IE.evidence_rate': '2M' is not a rate", "08:00-18:00 2M");
	problem("peer IE { evidence_rate = \"08:00-25:00 2M\" " PEER_REST, "7", "is not a rate", "correct it");
	problem("peer IE { evidence_rate = \"08:60-09:00 2M\" " PEER_REST, "7", "is not a rate", "correct it");
	problem("peer IE { evidence_rate = \"08:00-09:00 0\" " PEER_REST, "7", "is not a rate", "correct it");
	problem("peer IE { evidence_rate = \"08:00-09:00 7K\" " PEER_REST, "7", "is not a rate", "correct it");
}

static void wrong_states_and_directories_of_the_law_are_told(void **state)
{
	(void)state;
	problem("peer IE { state = Ireland " PEER_REST, "7", "option 'peer IE.state': 'Ireland' is not a state",
		"two capital letters");
	problem("peer IE { state = ie " PEER_REST, "7", "'ie' is not a state", "such as IE");
	problem("peer IE { time_zone = \"\" " PEER_REST, "7", "option 'peer IE.time_zone': it is not a name",
		"correct it");
	problem("law { calendars = absent }\n", "7", "option 'law.calendars': ", "No such file");
	problem("\nlaw { calendars = ca.pem }\n", "8", "is not a directory", "name another");
	problem("law { treaties = open }\n", "2", "option 'authority.state': it is missing", "add it");
}

static void a_key_open_to_others_is_an_error(void **state)
{
	struct config_problems p;
	struct config *c = NULL;

	(void)state;
	put("tls.key", "", 0640);
	assert_int_equal(load(LEAST, &c, &p), CY_ECONFIG);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.list[0].line, 5);
	assert_non_null(strstr(p.list[0].text, ":5: option 'identity.tls_key': the key"));
	assert_non_null(strstr(p.list[0].text, "mode 0640"));
	assert_non_null(strstr(p.list[0].text, "chmod 0600"));
	config_problems_free(&p);
	put("tls.key", "", 0600);
}

/* The key of the store as well; and a credential is closed although its group may read it. */
static void one_rule_for_all_files_of_secrets(void **state)
{
	struct config_problems p;
	struct config *c;

	(void)state;
	put("store.key", "", 0640);
	problem("store { key = \"store.key\" }\n", "7", "option 'store.key': the key", "chmod 0600");
	put("sign.key", "", 0440);
	assert_int_equal(load(LEAST, &c, &p), CY_ECONFIG);
	config_problems_free(&p);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	config_free(good(LEAST));
	put("sign.key", "", 0444);
	assert_int_equal(load(LEAST, &c, &p), CY_ECONFIG);
	config_problems_free(&p);
	unsetenv("CREDENTIALS_DIRECTORY");
	put("sign.key", "", 0600);
}

static void a_variable_that_is_not_set_is_an_error(void **state)
{
	struct config *c;

	(void)state;
	unsetenv("COMITY_TEST_UNSET");
	setenv("COMITY_TEST_EMPTY", "", 1);
	setenv("COMITY_TEST_SET", "open", 1);
	problem("\nrun_dir = \"${COMITY_TEST_UNSET}/run\"\n", "8",
		"the environment variable COMITY_TEST_UNSET is not set", "write ${COMITY_TEST_UNSET:-TEXT}");
	problem("run_dir = \"a${COMITY_TEST_SET}${COMITY_TEST_UNSET}\"\n", "7", "COMITY_TEST_UNSET is not set",
		"Environment=");
	problem("run_dir = \"${COMITY_TEST_EMPTY}run\"\n", "7", "COMITY_TEST_EMPTY is empty", "set it");
	problem("listen = {\"127.0.0.1:1\",\n \"${COMITY_TEST_UNSET}:2\"}\n", "8", "COMITY_TEST_UNSET is not set",
		"set it");
	/* libconfuse takes one without quotes too. */
	problem("run_dir = ${COMITY_TEST_UNSET}\n", "7", "COMITY_TEST_UNSET is not set", "set it");
	problem("evidence { dir = ${COMITY_TEST_EMPTY} }\n", "7", "COMITY_TEST_EMPTY is empty", "set it");
	c = good(LEAST "evidence { dir = ${COMITY_TEST_SET} }\nrun_dir = ${COMITY_TEST_UNSET:-run}\n");
	in_dir_is(c->evidence_dir, "open");
	in_dir_is(c->run_dir, "run");
	config_free(c);
	/* What is none, and what is said. */
	c = good(LEAST "# ${COMITY_TEST_UNSET}\nevidence { dir = \"${COMITY_TEST_SET}\" }\n"
		       "run_dir = \"${COMITY_TEST_UNSET:-run}\" local { path = '${COMITY_TEST_UNSET}' }\n");
	in_dir_is(c->evidence_dir, "open");
	in_dir_is(c->run_dir, "run");
	in_dir_is(c->local_path, "${COMITY_TEST_UNSET}");
	config_free(c);
	c = good(LEAST "run_dir = \"\\${COMITY_TEST_UNSET}\"\n");
	in_dir_is(c->run_dir, "${COMITY_TEST_UNSET}");
	config_free(c);
}

static void the_PIN_in_a_uri_is_not_shown(void **state)
{
	static const char *const texts[] = {
		LEAST "identity { own_anchors = \"pkcs11:token=x?pin-value=739154\" }\n",
		LEAST "peer IE { crl = \"pkcs11:token=x?pin-value=739154\" " PEER_REST,
		LEAST "identity { signing_key = \"pkcs11:token=x?pin-value=7 739154\" }\n",
		LEAST "log { level = \"pkcs11:token=x?pin-value=739154\" }\n",
		LEAST "\"pkcs11:token=x?pin-value=739154\"\n",
	};
	struct config_problems p;
	struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(load(texts[i], &c, &p), CY_ECONFIG);
		assert_true(p.n > 0);
		for (size_t k = 0; k < p.n; k++)
			assert_null(strstr(p.list[k].text, "739154"));
		config_problems_free(&p);
	}
}

static void unknown_options_and_sections_are_errors(void **state)
{
	(void)state;
	problem("speed = 3\n", "7", "option 'speed': there is no such option", "remove it");
	problem("lisen = \"127.0.0.1:1\"\n", "7",
		"option 'lisen': there is no such option or section here: did you mean 'listen'?",
		"See comityd.conf(5); correct or remove it");
	problem("peer IE { state = IE anhcors = ca.pem " PEER_REST, "7", "option 'anhcors': there is no such option",
		"did you mean 'anchors'?");
	problem("\n\nspeed = {3, \"}\", 4}\n", "9", "option 'speed': there is no such option", "remove it");
	problem("delivery { window = 3 speed = \"a } b\" backoff_max = 2m }\n", "7", "option 'speed'", "remove it");
	problem("/* one\n two */ warp { a = 1 b { c = 2 } }\n", "8", "option 'warp'", "remove it");
	problem("warp IE { a = 1\n }\n", "7", "option 'warp'", "remove it");
}

static void an_option_given_twice_is_an_error(void **state)
{
	(void)state;
	problem("delivery { window = 3\n window = 4 }\n", "8", "it is given twice", "remove one");
	problem("run_dir = run\nrun_dir = run\n", "8", "option 'run_dir': it is given twice", "remove one");
	problem("authority { name = Other }\n", "7", "it is given twice", "remove one");
}

static void all_problems_are_told_at_once_in_order_of_lines(void **state)
{
	static const struct {
		int line;
		const char *what;
	} expected[] = {
		{ 1, "authority.id" },         { 2, "option 'sped'" },
		{ 4, "identity.tls_key" },     { 4, "identity.signing_certificate" },
		{ 4, "identity.signing_key" }, { 6, "option 'warp'" },
		{ 7, "option 'FR'" },          { 8, "client a.user" },
		{ 9, "client a.role" },        { 10, "given twice" },
		{ 10, "delivery.window" },
	};
	struct config_problems p;
	struct config *c = NULL;

	(void)state;
	assert_int_equal(load("authority { id = us name = x }\n"
			      "sped = 1\n"
			      "store { dir = store }\n"
			      "identity { tls_certificate = tls.pem }\n"
			      "peer FR { " PEER_REST "warp { x = 1 }\n"
			      "peer FR { " PEER_REST "client a {\tuser = nobody-here\n"
			      "}\n"
			      "delivery { window = 0 window = 99 }\n",
			      &c, &p),
			 CY_ECONFIG);
	for (size_t i = 0; i < p.n && i < sizeof expected / sizeof *expected; i++) {
		if (p.list[i].line != expected[i].line || strstr(p.list[i].text, expected[i].what) == NULL)
			fail_msg("expected line %d '%s' in: %s", expected[i].line, expected[i].what, p.list[i].text);
	}
	assert_int_equal(p.n, sizeof expected / sizeof *expected);
	config_problems_free(&p);
}

static void broken_syntax_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "authority {\n id = \n}\n", ":3: syntax: " },
		{ "authority {\n id : 3\n}\n", ":2: syntax: " },
		{ "id = \"US\n", ":1: " },
		{ "authority {\n id = \"US\n}", ":1: syntax: what begins here" },
		{ "authority {\n id = \"US\n name = \"Us\"\n}", ":2: syntax: what is quoted from here on" },
		{ "authority {\n id = 'US\n name = 'Us'\n}", ":2: syntax: what is quoted from here on" },
		{ "peer {\n}\n", ":1: syntax: " },
		{ "}\n", ":1: syntax: " },
		{ "\nauthority {\n\n", ":2: syntax: what begins here is not closed" },
		{ "nothing", ":1: option 'nothing': " },
		{ "\n\n/* peer { }", ":3: syntax: this comment does not end" },
	};
	struct config_problems p;
	struct config *c = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(load(cases[i].text, &c, &p), CY_ECONFIG);
		assert_true(p.n > 0);
		if (strstr(p.list[0].text, cases[i].line) == NULL &&
		    strstr(p.list[p.n - 1].text, cases[i].line) == NULL)
			fail_msg("expected '%s' in: %s", cases[i].line, p.list[0].text);
		config_problems_free(&p);
	}
	assert_int_equal(config_load("/absent/comityd.conf", &c, &p), CY_ECONFIG);
	assert_non_null(strstr(p.list[0].text, "/absent/comityd.conf: the configuration cannot be read: No such file"));
	assert_non_null(strstr(p.list[0].text, "the commented comityd.conf that was installed in share/comity"));
	config_problems_free(&p);
}

/* The shipped file has to be right but for what an installation makes. */
static void the_shipped_file_names_only_options_that_exist(void **state)
{
	struct config_problems p;
	struct config *c = NULL;

	(void)state;
	config_load("config/comityd.conf", &c, &p);
	for (size_t i = 0; i < p.n; i++) {
		if (strstr(p.list[i].text, "No such file") == NULL &&
		    strstr(p.list[i].text, "there is no user") == NULL &&
		    strstr(p.list[i].text, "there is no group") == NULL)
			fail_msg("%s", p.list[i].text);
	}
	config_problems_free(&p);
	config_free(c);
}

static int make_folder(void **state)
{
	char path[64];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(conf, sizeof conf, "%s/c.conf", dir);
	put("ca.pem", "", 0644);
	put("crl.pem", "", 0644);
	put("tls.pem", "", 0644);
	put("sign.pem", "", 0644);
	put("tls.key", "", 0600);
	put("sign.key", "", 0600);
	put("loose.key", "", 0644);
	snprintf(path, sizeof path, "%s/open", dir);
	return mkdir(path, 0755);
}

static int remove_folder(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof line, "rm -rf %s", dir);
	return system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_another_program_is_taken),
		cmocka_unit_test(every_option_becomes_its_value),
		cmocka_unit_test(the_smallest_file_has_the_documented_defaults),
		cmocka_unit_test(wrong_values_are_told_with_line_and_remedy),
		cmocka_unit_test(wrong_peers_and_clients_are_told),
		cmocka_unit_test(what_is_over_is_kept_for_stated_days),
		cmocka_unit_test(evidence_has_a_place_quotas_and_rates),
		cmocka_unit_test(wrong_states_and_directories_of_the_law_are_told),
		cmocka_unit_test(a_key_open_to_others_is_an_error),
		cmocka_unit_test(one_rule_for_all_files_of_secrets),
		cmocka_unit_test(a_variable_that_is_not_set_is_an_error),
		cmocka_unit_test(the_PIN_in_a_uri_is_not_shown),
		cmocka_unit_test(unknown_options_and_sections_are_errors),
		cmocka_unit_test(an_option_given_twice_is_an_error),
		cmocka_unit_test(all_problems_are_told_at_once_in_order_of_lines),
		cmocka_unit_test(broken_syntax_is_told_with_its_line),
		cmocka_unit_test(the_shipped_file_names_only_options_that_exist),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
