/* The statements of the store, and what its reading and writing files share. */
#ifndef CY_IO_STORE_STORE_SQLITE_SQL_H
#define CY_IO_STORE_STORE_SQLITE_SQL_H

#include "io/store/store_sqlite_internal.h"

/* -------------------------------------------------------------------- writing */

/* One that came back after a restore is known by its digest already. */
#define SPEND_KEYS                                                                                                \
	"UPDATE OR REPLACE submission_key SET key = iif(client = '', key, key_digest(client, key)), client = ''," \
	" request = x'', message_id = '', at = 0 WHERE"

#define LEAVES "length(hashes) / 32" /* of a row */

/* X(name, text) */
#define STORE_WRITE_STATEMENTS(X)                                                                                      \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                                    \
	X(COMMIT, "COMMIT")                                                                                            \
	X(ROLLBACK, "ROLLBACK")                                                                                        \
	X(META, "UPDATE meta SET epoch = ?, audit_size = ?, frontier = ?, wall_mark = ?, restored = ?")                \
	X(STREAM,                                                                                                      \
	  "INSERT INTO stream (peer, out_sequence, out_receipted, in_epoch, in_held, reconciling,"                     \
	  " last_receipt, head_size, head_root, head_text, head_signature, features, rejected, out_epoch,"             \
	  " receipted_epoch, asks, asks_epoch, asks_sequence, forgotten_epoch, forgotten_sequence)"                    \
	  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"        \
	  " ON CONFLICT (peer) DO UPDATE SET out_sequence = ?2, out_receipted = ?3, in_epoch = ?4,"                    \
	  " in_held = ?5, reconciling = ?6, last_receipt = ?7, head_size = ?8, head_root = ?9,"                        \
	  " head_text = ?10, head_signature = ?11, features = ?12, rejected = ?13, out_epoch = ?14,"                   \
	  " receipted_epoch = ?15, asks = ?16, asks_epoch = ?17, asks_sequence = ?18, forgotten_epoch = ?19,"          \
	  " forgotten_sequence = ?20")                                                                                 \
	X(CASE_KEY, "SELECT no, generation, wrapped FROM case_key WHERE peer = ? AND case_id = ?")                     \
	X(ADD_CASE_KEY, "INSERT INTO case_key (peer, case_id, generation, wrapped) VALUES (?, ?, ?, ?)"                \
			" ON CONFLICT (peer, case_id)"                                                                 \
			" DO UPDATE SET generation = excluded.generation, wrapped = excluded.wrapped")                 \
	X(CASE, "INSERT INTO cases (no, peer, case_id, side, own_reference, peer_reference, client, instrument,"       \
		" opened, changed, state, closed, own_number, peer_number, messages, terms, stale)"                    \
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"                 \
		" ON CONFLICT (no) DO UPDATE SET side = ?4, own_reference = ?5, peer_reference = ?6, client = ?7,"     \
		" instrument = ?8, opened = ?9, changed = ?10, state = ?11, closed = ?12, own_number = ?13,"           \
		" peer_number = ?14, messages = ?15, terms = ?16, stale = ?17")                                        \
	X(TITLE, "UPDATE cases SET title_generation = ?, title_nonce = ?, title = ? WHERE no = ?")                     \
	X(FIND_MESSAGE, "SELECT no, peer, case_no, author FROM message WHERE id = ?")                                  \
	X(ADD_MESSAGE, "INSERT INTO message (number, seen, kind, priority, created, digest, size, transport,"          \
		       " void_code, void_reason, client, epoch, sequence, place, fact, erasure, erased,"               \
		       " submission_key, unread, id, peer, case_no, author)"                                           \
		       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                \
	X(CHANGE_MESSAGE, "UPDATE message SET number = ?, seen = ?, kind = ?, priority = ?, created = ?, digest = ?,"  \
			  " size = ?, transport = ?, void_code = ?, void_reason = ?, client = ?, epoch = ?,"           \
			  " sequence = ?, place = ?, fact = ?, erasure = ?, erased = ?, submission_key = ?,"           \
			  " unread = ? WHERE no = ?")                                                                  \
	X(TURN,                                                                                                        \
	  "UPDATE message SET turn = (SELECT min(ifnull(o.turn, o.no)) FROM message o"                                 \
	  " WHERE o.case_no = message.case_no AND o.author = 0 AND o.number > message.number)"                         \
	  " WHERE no = ? AND EXISTS (SELECT 1 FROM message o WHERE o.case_no = message.case_no AND"                    \
	  " o.author = 0 AND o.number > message.number AND ifnull(o.turn, o.no) < ifnull(message.turn, message.no))")  \
	X(PAYLOAD, "INSERT INTO payload (message, generation, nonce, sealed) VALUES (?1, ?2, ?3, ?4)"                  \
		   " ON CONFLICT (message) DO UPDATE SET generation = ?2, nonce = ?3, sealed = ?4")                    \
	X(MARK, "UPDATE message SET transport = ?, void_code = ?, void_reason = ?, epoch = ?, sequence = ?, place = ?" \
		" WHERE id = ?")                                                                                       \
	X(PARCEL, "INSERT INTO parcel (peer, author, epoch, sequence, manifest, signature, digest, receipt,"           \
		  " receipt_signature, made, messages) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"                       \
		  " ON CONFLICT (peer, author, epoch, sequence) DO NOTHING")                                           \
	X(RECEIPT, "UPDATE parcel SET receipt_signature = iif(receipt IS NULL OR author = 1, ?2, receipt_signature),"  \
		   " receipt = iif(receipt IS NULL OR author = 1, ?1, receipt)"                                        \
		   " WHERE peer = ?3 AND author = ?4 AND epoch = ?5 AND sequence = ?6")                                \
	X(DISSOLVE, "UPDATE parcel SET dissolved = 1 WHERE peer = ? AND author = ? AND epoch = ? AND sequence = ?")    \
	X(DROP_PARCEL, "DELETE FROM parcel WHERE peer = ? AND author = ? AND epoch = ? AND sequence = ?"               \
		       " AND dissolved = 1")                                                                           \
	X(MESSAGE_OF_CASE,                                                                                             \
	  "SELECT m.no FROM message m JOIN case_key k ON k.no = m.case_no WHERE m.id = ? AND m.peer = ?"               \
	  " AND k.case_id = ?")                                                                                        \
	X(EVENT, "INSERT INTO event (type, at, message, peer, case_id, message_id, client, own_reference, kind,"       \
		 " number, code, text, case_state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")                    \
	X(CURSOR, "INSERT INTO cursor (client, name, position) VALUES (?1, ?2, ?3)"                                    \
		  " ON CONFLICT (client, name) DO UPDATE SET position = ?3")                                           \
	X(DELIVER, "UPDATE message SET transport = 3 WHERE author = 1 AND transport = 2 AND no IN"                     \
		   " (SELECT ifnull(message, (SELECT m.no FROM message m WHERE m.id = event.message_id))"              \
		   " FROM event WHERE position > ?1 AND position <= ?2 AND type = 5"                                   \
		   " AND (?3 IS NULL OR client = ?3))")                                                                \
	X(DROP_CURSOR, "DELETE FROM cursor WHERE client = ? AND name = ?")                                             \
	X(PRUNE_EVENTS, "DELETE FROM event WHERE position <= ?")                                                       \
	X(KEY, "INSERT INTO submission_key (client, key, request, message_id, at) VALUES (?, ?, ?, ?, ?)")             \
	X(MOVE_KEY, "UPDATE submission_key SET message_id = ? WHERE client = ? AND key = ?")                           \
	X(SPEND_KEY, SPEND_KEYS " client = ?1 AND key = ?2")                                                           \
	X(NEXT_LEAF, "SELECT ifnull((SELECT first + " LEAVES " FROM leaf ORDER BY first DESC LIMIT 1), 0)")            \
	X(LEAVES, "INSERT INTO leaf (first, hashes, texts, at) VALUES (?, ?, ?, ?)")                                   \
	X(LEAVES_WITH_TEXT, "SELECT first, " LEAVES ", texts FROM leaf WHERE texts <> x'' AND first <= ?"              \
			    " ORDER BY first LIMIT 1")                                                                 \
	X(LEAF_TEXTS, "UPDATE leaf SET texts = ?2 WHERE first = ?1")                                                   \
	X(BASE, "UPDATE base SET before = now, now = ?")                                                               \
	X(ORDER,                                                                                                       \
	  "INSERT INTO orders (number, line, peer, case_id, message_id, attachment) SELECT ?1, ?2, ?3, ?4, ?5, ?6"     \
	  " WHERE ?1 = (SELECT ifnull(max(number) + 1, 1) FROM orders)")                                               \
	X(PRUNE_LEAVES,                                                                                                \
	  "UPDATE leaf SET texts = x'' WHERE texts <> x'' AND first <= ?1 AND first + " LEAVES " <= ?1 + 1")           \
	X(STATEMENT, "INSERT INTO statement (message, text, signature) SELECT no, ?2, ?3 FROM message WHERE id = ?1")  \
	X(REQUEUE, "UPDATE message SET transport = 0, epoch = 0, sequence = 0, place = 0"                              \
		   " WHERE peer = ?1 AND author = 0 AND (transport = 1 OR (transport = 5 AND void_code = 0))")         \
	X(RAISE_ALL, "UPDATE message SET priority = c.most FROM (SELECT case_no, max(priority) AS most FROM message"   \
		     " WHERE peer = ?1 AND author = 0 AND transport = 0 GROUP BY case_no) AS c"                        \
		     " WHERE message.case_no = c.case_no AND peer = ?1 AND author = 0 AND transport = 0"               \
		     " AND priority < c.most")                                                                         \
	X(FORGET, "DELETE FROM parcel WHERE peer = ? AND author = 0 AND receipt IS NULL")                              \
	X(LESS_URGENT, "SELECT 1 FROM message INDEXED BY message_waiting WHERE peer = ?2 AND author = 0 AND transport" \
		       " = 0 AND priority < ?1 LIMIT 1")                                                               \
	X(RAISE, "UPDATE message SET priority = ?1 WHERE author = 0 AND transport = 0 AND priority < ?1 AND case_no =" \
		 " (SELECT no FROM case_key WHERE peer = ?2 AND case_id = ?3)")                                        \
	X(CLOCK, "INSERT INTO clock (case_no, name, measure, notice, ours, state, start, due, ended, lapsed, round, "  \
		 "rungs, next, stated_start, start_by, stated_due, due_by, difference, how, breach, excused) VALUES "  \
		 "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)"    \
		 " ON CONFLICT (case_no, name, measure, notice) DO UPDATE SET ours = ?5, state = ?6, start = ?7, due " \
		 "= ?8, ended = ?9, lapsed = ?10, round = ?11, rungs = ?12, next = ?13, stated_start = ?14, start_by " \
		 "= ?15, stated_due = ?16, due_by = ?17, difference = ?18, how = ?19, breach = ?20, "                  \
		 "excused = ?21")                                                                                      \
	X(MEASURE,                                                                                                     \
	  "INSERT INTO measure (case_no, measure, kind, type, outcome, ground, sent, acknowledged, decided, "          \
	  "ended, rounds, relied, repeated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"           \
	  " ON CONFLICT (case_no, measure) DO UPDATE SET kind = ?3, type = ?4, outcome = ?5, ground = ?6,"             \
	  " sent = ?7, acknowledged = ?8, decided = ?9, ended = ?10, rounds = ?11, relied = ?12, repeated = ?13")      \
	X(FOLLOW, "INSERT INTO follow (peer, follows, case_no) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")               \
	X(PUBLISH, "INSERT INTO published (year, statistics) VALUES (?, ?)")                                           \
	X(HOOK, "INSERT INTO hook (id, environment) VALUES (?, ?) ON CONFLICT (id) DO NOTHING")                        \
	X(DROP_HOOK, "DELETE FROM hook WHERE id = ?")                                                                  \
	X(PEER_PROFILE, "INSERT INTO peer_profile (peer, instrument, version, digest, text) VALUES (?1, ?2, ?3, ?4, "  \
			"?5) ON CONFLICT (peer, instrument, version) DO UPDATE SET digest = ?4, text = ?5")            \
	X(EVIDENCE,                                                                                                    \
	  "INSERT INTO evidence (message_id, attachment, peer, case_no, client, author, number, priority, size, "      \
	  "sha256, root, send_always, state, reason, verdict, arrived, retain_until, hold, retrieved, unstated, "      \
	  "settled, deleted, verified, flaw)"                                                                          \
	  " SELECT m.id, ?4, m.peer, m.case_no, ifnull(c.client, ''), m.author, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "  \
	  "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23 FROM message m JOIN case_key k ON k.no = m.case_no"        \
	  " LEFT JOIN cases c ON c.no = m.case_no WHERE m.id = ?1 AND m.peer = ?2 AND k.case_id = ?3"                  \
	  " AND m.author = ?5 ON CONFLICT (message_id, attachment) DO UPDATE SET number = ?6, priority = ?7, "         \
	  "size = ?8, sha256 = ?9, root = ?10, send_always = ?11, state = ?12, reason = ?13, verdict = ?14, "          \
	  "arrived = ?15, retain_until = ?16, hold = ?17, retrieved = ?18, unstated = ?19, settled = ?20, deleted = "  \
	  "?21, verified = ?22, flaw = ?23")                                                                           \
	X(UPLOAD, "INSERT INTO upload (client, sha256, root, size, at) VALUES (?1, ?2, ?3, ?4, ?5)"                    \
		  " ON CONFLICT (client, sha256) DO UPDATE SET root = ?3, size = ?4, at = ?5")                         \
	X(DROP_UPLOAD, "DELETE FROM upload WHERE client = ? AND sha256 = ?")                                           \
	X(CASE_OF_MESSAGE, "SELECT m.peer, k.case_id FROM message m JOIN case_key k ON k.no = m.case_no"               \
			   " WHERE m.id = ?")                                                                          \
	X(CUSTODY,                                                                                                     \
	  "INSERT INTO custody (message_id, attachment, at, action, by, proof, leaf, form, words, from_byte, to_byte," \
	  " count, last, generation, nonce, sealed)"                                                                   \
	  " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16 FROM message WHERE id = ?1")  \
	X(COUNT_CUSTODY, "UPDATE custody SET count = count + 1, last = max(last, ?2) WHERE no = ?1 AND count > 0")     \
	X(ERASE_PAYLOAD, "DELETE FROM payload WHERE message = (SELECT no FROM message WHERE id = ?1)")                 \
	X(ERASE_PAYLOADS, "DELETE FROM payload WHERE message IN (SELECT no FROM message WHERE case_no = ?1"            \
			  " AND created <= ?2)")                                                                       \
	X(ERASE_MESSAGE, "UPDATE message SET void_reason = '', erased = iif(erasure = 0, ?2, erased),"                 \
			 " erasure = iif(erasure = 0, ?3, erasure) WHERE id = ?1")                                     \
	X(ERASE_MESSAGES, "UPDATE message SET void_reason = '', erased = iif(erasure = 0, ?2, erased),"                \
			  " erasure = iif(erasure = 0, ?3, erasure) WHERE case_no = ?1 AND created <= ?4")             \
	X(ERASE_CUSTODY, "UPDATE custody SET generation = NULL, nonce = NULL, sealed = NULL WHERE message_id = ?1")    \
	X(ERASE_CUSTODIES, "UPDATE custody SET generation = NULL, nonce = NULL, sealed = NULL"                         \
			   " WHERE message_id IN (SELECT id FROM message WHERE case_no = ?1)")                         \
	X(ERASE_KEYS, SPEND_KEYS " message_id = ?1 AND message_id <> ''")                                              \
	X(ERASE_ALL_KEYS,                                                                                              \
	  SPEND_KEYS " message_id IN (SELECT id FROM message WHERE case_no = ?1) AND message_id <> ''")                \
	X(ERASE_EVENTS, "UPDATE event SET text = '', own_reference = '' WHERE (text <> '' OR own_reference <> '')"     \
			" AND ((peer = ?1 AND case_id = ?2)"                                                           \
			" OR message IN (SELECT no FROM message WHERE case_no = ?3))")                                 \
	X(ERASE_HOOKS, "DELETE FROM hook WHERE instr(environment, ?1) > 0 AND instr(environment, ?2) > 0")             \
	X(ERASE_CASE,                                                                                                  \
	  "UPDATE cases SET title_generation = NULL, title_nonce = NULL, title = NULL, own_reference = '',"            \
	  " peer_reference = '', erased = ?2, erased_by = ?3, erased_reason = ?4 WHERE no = ?1")                       \
	X(ERASE_CASE_KEY, "UPDATE case_key SET wrapped = NULL WHERE no = ?1 AND NOT EXISTS (SELECT 1 FROM payload p"   \
			  " JOIN message m ON m.no = p.message WHERE m.case_no = ?1)")                                 \
	X(DROP_CUSTODY, "DELETE FROM custody WHERE message_id = ? AND attachment = ?")

enum {
#define X(name, text) W_##name,
	STORE_WRITE_STATEMENTS(X)
#undef X
	W_N
};

/* Audit leaves of a write-set, which are written as one row. */
#define STORE_LEAVES_MAX ((size_t)256 << 20)
struct store_leaves {
	uint64_t first, n;
	struct cy_buf hashes, texts;
	int64_t at;    /* of the first one */
	bool any_text; /* or all of them are empty */
};

/* One write-set: the first failure is explained once. */
struct store_applying {
	struct store_sqlite *st;
	char *why;
	size_t size;
	const struct store_case *waiting_case; /* put, and not yet written: what passes it by is applied before it */
	struct store_leaves leaves;
};

int store_apply_start(struct store_applying *a, int i, struct store_bind *ret_bind);
/* Step a statement that gives no row. */
int store_apply_finish(struct store_applying *a, const struct store_bind *b);
int store_apply_failed(struct store_applying *a, int rc);
/* The statement changed one row, or is refused. */
int store_apply_changed_one(struct store_applying *a, const char *what, const char *id);
int store_apply_refuse(struct store_applying *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Make st->last_case this case; one that is not known gets its key. */
int store_apply_case(struct store_applying *a, const char *peer, const char *case_id);
/* Seal under the key of st->last_case; `what` and `id` name it where that fails. A key that is
 * damaged refuses only what has to be sealed. */
int store_apply_seal(struct store_applying *a, const struct seal_context *context, struct cy_bytes plain,
		     uint8_t ret_nonce[static SEAL_NONCE_LEN], const char *what, const char *id);

/* store_sqlite_event.c */
int store_put_stream(struct store_applying *a, const struct store_stream *s);
int store_put_parcel(struct store_applying *a, const struct store_parcel *p);
int store_put_receipt(struct store_applying *a, const struct store_parcel *p);
int store_dissolve(struct store_applying *a, const struct store_parcel *p);
int store_put_event(struct store_applying *a, const struct store_event *ev);
int store_put_cursor(struct store_applying *a, const struct store_cursor *c);
int store_deliver(struct store_applying *a, const struct store_write *w);

/* store_sqlite_clock.c */
int store_put_clock(struct store_applying *a, const struct store_clock *c);
int store_put_measure(struct store_applying *a, const struct store_measure *m);
int store_publish(struct store_applying *a, const struct store_write *w);
/* Begin the first transaction of a WAL. */
int store_base_renew(struct store_applying *a);
int store_put_order(struct store_applying *a, const struct store_order *o);
/* All orders of the write-set are in the list, on stable storage. */
int store_append_orders(struct store_applying *a, const struct store_writeset *w);
int store_put_hook(struct store_applying *a, const struct store_write *w);
int store_put_peer_profile(struct store_applying *a, const struct store_write *w);

/* store_sqlite_evidence.c */
int store_put_evidence(struct store_applying *a, const struct store_evidence *e);
int store_put_upload(struct store_applying *a, const struct store_upload *u);
int store_drop_upload(struct store_applying *a, const struct store_upload *u);
int store_put_leftover(struct store_applying *a, const struct store_leftover *l);
int store_drop_leftover(struct store_applying *a, const struct store_leftover *l);

/* store_sqlite_custody.c */
int store_put_custody(struct store_applying *a, const struct store_custody *c);
int store_count_custody(struct store_applying *a, const struct store_custody *c);

/* store_sqlite_erase.c */
int store_erase_message(struct store_applying *a, const struct store_write *w);
int store_erase_case(struct store_applying *a, const struct store_write *w);

/* store_sqlite_leaf.c */
int store_put_leaf(struct store_applying *a, const struct store_write *w);
int store_write_leaves(struct store_applying *a);
int store_prune_leaves(struct store_applying *a, uint64_t last);

/* store_sqlite_prune.c: what goes for good. */
int store_prune(struct store_applying *a, const struct store_write *w);

/* -------------------------------------------------------------------- reading */

#define MESSAGE_COLUMNS                                                                                         \
	"m.id, m.peer, k.case_id, m.author, m.number, m.seen, m.kind, m.priority, m.created, m.digest, m.size," \
	" m.transport, m.void_code, m.void_reason, m.client, m.epoch, m.sequence, m.place, m.fact,"             \
	" m.erasure, m.erased, m.submission_key, m.unread"
#define MESSAGE_FROM " FROM message m JOIN case_key k ON k.no = m.case_no"
#define UNREAD_WHERE " WHERE m.unread > 0 AND m.transport = 2 AND m.void_code = 0 AND m.erasure = 0"
#define CASE_SELECT                                                                                                \
	"SELECT c.peer, c.case_id, c.side, c.own_reference, c.peer_reference, c.client, c.instrument, c.opened,"   \
	" c.changed, c.state, c.closed, c.own_number, c.peer_number, c.messages, c.terms,"                         \
	" k.generation, k.wrapped, c.title_generation, c.title_nonce, c.title,"                                    \
	" c.erased, c.erased_by, c.erased_reason, c.stale,"                                                        \
	" ifnull((SELECT m.transport FROM message m WHERE m.case_no = c.no AND m.author = 0 AND m.number = 1), 2)" \
	" FROM cases c JOIN case_key k ON k.no = c.no"
#define FIND(what) " WHERE " what " AND c.case_id <> '' AND (?2 IS NULL OR c.client = ?2) LIMIT 2"
#define PARCEL_SELECT                                                                                          \
	"SELECT peer, author, epoch, sequence, manifest, signature, digest, receipt, receipt_signature, made," \
	" messages, dissolved FROM parcel"
/* However many parcels there ever were. */
#define IN_FLIGHT                                  \
	" FROM parcel INDEXED BY parcel_in_flight" \
	" WHERE peer = ?1 AND author = 0 AND receipt IS NULL AND dissolved = 0"
#define EVENT_SELECT                                                                                              \
	"SELECT e.position, e.type, e.at, ifnull(e.peer, m.peer), ifnull(e.case_id, k.case_id),"                  \
	" ifnull(e.message_id, m.id), e.client, e.own_reference, e.kind, e.number, e.code, e.text, e.case_state," \
	" ifnull((SELECT c.peer_reference FROM cases c WHERE c.no = ifnull(m.case_no, (SELECT o.no FROM case_key" \
	" o WHERE o.peer = e.peer AND o.case_id = e.case_id))), '')"                                              \
	" FROM event e LEFT JOIN message m ON m.no = e.message LEFT JOIN case_key k ON k.no = m.case_no"

#define KEY_SELECT "SELECT client, key, request, message_id, at FROM submission_key WHERE "

/* How far our message has come that starts what the peer owes: number 1, or the notice. */
#define STARTER                                                                                       \
	"ifnull((SELECT o.transport FROM message o WHERE t.ours = 0 AND (t.notice > 0 OR c.side = 1)" \
	" AND o.case_no = t.case_no AND o.author = 0 AND o.number = max(t.notice, 1)), 2)"

#define CLOCK_SELECT                                                                                             \
	"SELECT t.id, c.peer, c.case_id, c.side, c.own_reference, c.peer_reference, c.client, c.terms, t.name, " \
	"t.measure, t.notice, t.ours, t.state, t.start, t.due, t.ended, t.lapsed, t.round, t.rungs, t.next, "    \
	"t.stated_start, t.start_by, t.stated_due, t.due_by, t.difference, t.how, t.breach, t.excused, " STARTER \
	" FROM clock t "                                                                                         \
	"JOIN cases c "                                                                                          \
	"ON c.no = "                                                                                             \
	"t.case_no"

/* How many clocks of a measure, and of the whole request (0), are in time, late, lapsed, and of these excused. */
#define LIMIT(measure, ours, what) \
	", count(*) FILTER (WHERE t.measure = " measure " AND t.ours = " ours " AND t.breach AND " what ")"
#define LATE "(t.state = 3 AND t.due > 0 AND t.ended > t.due)"
/* Nobody misses what is not known to have reached them (store_received). */
#define LAPSED                                                                                            \
	"(t.due > 0 AND ((t.state = 1 AND t.due < ?8) OR (t.state = 4 AND t.due < t.ended)) AND " STARTER \
	" BETWEEN 2 AND 4)"
#define LIMITS(measure, ours)                                                   \
	LIMIT(measure, ours, "t.state = 3 AND (t.due = 0 OR t.ended <= t.due)") \
	LIMIT(measure, ours, LATE)                                              \
	LIMIT(measure, ours, LAPSED)                                            \
	LIMIT(measure, ours, "t.excused > 0 AND (" LATE " OR " LAPSED ")")
#define MEASURE_LIMITS \
	LIMITS("nullif(m.measure, 0)", "0") LIMITS("nullif(m.measure, 0)", "1") LIMITS("0", "0") LIMITS("0", "1")

#define EVIDENCE_SELECT                                                                                            \
	"SELECT e.message_id, e.attachment, e.peer, k.case_id, e.author, e.number, e.priority, e.size, e.sha256, " \
	"e.root, e.send_always, e.state, e.reason, e.verdict, e.arrived, e.retain_until, e.hold, e.retrieved, "    \
	"e.unstated, e.settled, e.deleted, e.verified, e.flaw"                                                     \
	" FROM evidence e JOIN case_key k ON k.no = e.case_no WHERE "
#define EVIDENCE_PAGE(which)                                                              \
	EVIDENCE_SELECT "(e.message_id, e.attachment) > (?1, ?2)" which                   \
			" AND (?4 IS NULL OR e.client = ?4) AND (?5 = '' OR e.peer = ?5)" \
			" ORDER BY e.message_id, e.attachment LIMIT ?3"
#define UPLOAD_SELECT "SELECT client, sha256, root, size, at FROM upload WHERE "

#define CUSTODY_SELECT                                                                                              \
	"SELECT q.message_id, q.attachment, q.at, q.action, q.by, q.proof, q.leaf, k.peer, k.case_id, "             \
	"k.generation, k.wrapped, q.generation, q.nonce, q.sealed, q.no, q.form, q.words, q.from_byte, q.to_byte, " \
	"q.count, q.last, substr(l.hashes, 32 * (q.leaf - l.first) + 1, 32) FROM custody q"                         \
	" JOIN message m ON m.id = q.message_id JOIN case_key k ON k.no = m.case_no"                                \
	" LEFT JOIN leaf l ON l.first = (SELECT max(b.first) FROM leaf b WHERE b.first <= q.leaf)"                  \
	" AND (q.form > 0 OR q.proof = '') WHERE "

/* X(name, text) */
#define STORE_READ_STATEMENTS(X)                                                                                       \
	X(META, "SELECT epoch, audit_size, frontier, wall_mark, restored FROM meta")                                   \
	X(STREAM, "SELECT peer, out_sequence, out_receipted, in_epoch, in_held, reconciling, last_receipt,"            \
		  " head_size, head_root, head_text, head_signature, features, rejected, out_epoch,"                   \
		  " receipted_epoch, asks, asks_epoch, asks_sequence, forgotten_epoch, forgotten_sequence FROM "       \
		  "stream WHERE peer = ?")                                                                             \
	X(STREAMS,                                                                                                     \
	  "SELECT peer, out_sequence, out_receipted, in_epoch, in_held, reconciling, last_receipt,"                    \
	  " head_size, head_root, head_text, head_signature, features, rejected, out_epoch,"                           \
	  " receipted_epoch, asks, asks_epoch, asks_sequence, forgotten_epoch, forgotten_sequence FROM stream")        \
	X(ORDERS, "SELECT number, line, peer, case_id, message_id, attachment FROM orders WHERE number > ? ORDER BY "  \
		  "number LIMIT ?")                                                                                    \
	X(LAST_ORDER, "SELECT ifnull(max(number), 0) FROM orders")                                                     \
	X(ORDER_ABOUT, "SELECT number, line, peer, case_id, message_id, attachment FROM orders WHERE peer = ?"         \
		       " AND case_id = ? AND message_id = ? AND attachment = ? ORDER BY number DESC LIMIT 1")          \
	X(KEY, KEY_SELECT "client = ? AND key = ?")                                                                    \
	X(OLD_KEYS, KEY_SELECT "at > 0 AND at < ? ORDER BY at LIMIT ?")                                                \
	X(CURSOR, "SELECT position FROM cursor WHERE client = ? AND name = ?")                                         \
	X(GET_CASE, CASE_SELECT " WHERE c.peer = ?1 AND c.case_id = ?2")                                               \
	X(FIND_BY_ID, CASE_SELECT FIND("c.case_id = ?1 AND (?3 = '' OR c.peer = ?3)"))                                 \
	X(FIND_BY_OWN, CASE_SELECT FIND("c.own_reference = ?1 AND c.own_reference <> ''"))                             \
	X(FIND_REFERENCE, CASE_SELECT " WHERE c.own_reference = ?1 AND c.own_reference <> '' AND c.case_id <> '' AND " \
				      "(?2 IS NULL OR c.client = ?2)"                                                  \
				      " AND (?3 = '' OR c.peer = ?3) AND c.case_id <> ?4 LIMIT 1")                     \
	X(FIND_BY_PEER, CASE_SELECT FIND("c.peer_reference = ?1 AND c.peer_reference <> ''"))                          \
	X(LIST_CASES, CASE_SELECT " WHERE c.case_id > ?1 AND ?2 = '' AND (?3 = 0 OR c.closed = 0)"                     \
				  " AND (?4 IS NULL OR c.client = ?4) ORDER BY c.case_id, c.peer LIMIT ?5")            \
	X(CASES_OF_PEER, CASE_SELECT " WHERE k.peer = ?2 AND k.case_id > ?1 AND (?3 = 0 OR c.closed = 0)"              \
				     " AND (?4 IS NULL OR c.client = ?4) ORDER BY k.case_id LIMIT ?5")                 \
	X(STALE_CASES, CASE_SELECT " WHERE c.stale = 1 AND (c.case_id, c.peer) > (?, ?)"                               \
				   " ORDER BY c.case_id, c.peer LIMIT ?")                                              \
	X(FOLLOWING, CASE_SELECT " JOIN follow f ON f.case_no = c.no WHERE f.peer = ?1 AND f.follows = ?2"             \
				 " AND c.case_id <> ?2 AND c.side = ?3 AND c.state <> 'VOID' ORDER BY c.no LIMIT ?4")  \
	X(GET_MESSAGE, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM " WHERE m.id = ?")                                       \
	/* By itself: whoever reads many messages gets all others when the content of one is damaged. */               \
	X(CONTENT, "SELECT k.generation, k.wrapped, p.generation, p.nonce, p.sealed" MESSAGE_FROM                      \
		   " JOIN payload p ON p.message = m.no WHERE m.id = ?")                                               \
	X(CASE_MESSAGES,                                                                                               \
	  "SELECT " MESSAGE_COLUMNS MESSAGE_FROM " WHERE k.peer = ? AND k.case_id = ? AND m.author IN (0, 1)"          \
	  " AND m.number > 0 ORDER BY m.author, m.number")                                                             \
	X(WAITING,                                                                                                     \
	  "SELECT " MESSAGE_COLUMNS MESSAGE_FROM " WHERE m.peer = ? AND m.author = 0 AND m.transport = 0 ORDER BY "    \
	  "m.priority DESC, ifnull(m.turn, m.no), m.number LIMIT ?")                                                   \
	X(UNDELIVERED, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM                                                          \
		       " WHERE m.author = 0 AND m.transport <= 1 AND (m.transport = 1 OR m.sequence = 0)"              \
		       " AND m.created < ?1 AND (m.created, m.id) > (?2, ?3) ORDER BY m.created, m.id LIMIT ?4")       \
	X(UNREAD, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM UNREAD_WHERE                                                  \
		  " AND (m.unread, m.id) > (?1, ?2) ORDER BY m.unread, m.id LIMIT ?3")                                 \
	X(GET_PARCEL, PARCEL_SELECT " WHERE peer = ? AND author = ? AND epoch = ? AND sequence = ?")                   \
	X(PARCELS, PARCEL_SELECT " WHERE peer = ?1 AND author = ?2 AND (epoch, sequence) > (?3, ?4)"                   \
				 " AND dissolved = 0 ORDER BY epoch, sequence LIMIT ?5")                               \
	X(PEER_MESSAGES, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM                                                        \
			 " WHERE k.peer = ? AND k.case_id = ? AND m.author = 1 AND m.number > ? ORDER BY m.number")    \
	X(JUDGED, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM " WHERE k.peer = ? AND k.case_id = ? AND m.author = ?"        \
		  " AND (m.author = 1 OR m.transport = 2) AND m.void_code IN (0, 6, 7, 8) ORDER BY m.digest")          \
	X(EVENTS, EVENT_SELECT " WHERE e.position > ?1 ORDER BY e.position LIMIT ?2")                                  \
	X(EVENTS_OF,                                                                                                   \
	  EVENT_SELECT " WHERE e.client = ?3 AND e.client <> '' AND e.position > ?1 ORDER BY e.position LIMIT ?2")     \
	X(LAST_EVENT, "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)")                      \
	X(PRUNED_EVENTS, "SELECT ifnull((SELECT min(position) - 1 FROM event),"                                        \
			 " ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0))")                        \
	X(CURSORS, "SELECT client, name, position FROM cursor ORDER BY client, name")                                  \
	X(LEAF_TEXTS, "SELECT first, " LEAVES ", texts, at FROM leaf WHERE texts <> x'' ORDER BY first LIMIT ?")       \
	X(DISSOLVED, PARCEL_SELECT " WHERE dissolved = 1 AND author = 0 AND made < ?1"                                 \
				   " AND (made, peer, epoch, sequence) > (?2, ?3, ?4, ?5)"                             \
				   " ORDER BY made, peer, epoch, sequence LIMIT ?6")                                   \
	X(REJECTED, "SELECT " MESSAGE_COLUMNS MESSAGE_FROM                                                             \
		    " WHERE m.author = 1 AND m.void_code <> 0 AND m.erasure = 0 AND m.id > ? ORDER BY m.id LIMIT ?")   \
	X(OLD_CUSTODY, "SELECT message_id, attachment, at, no FROM custody WHERE at < ?1 AND (at, no) > (?2, ?3)"      \
		       " ORDER BY at, no LIMIT ?4")                                                                    \
	X(COUNTS,                                                                                                      \
	  "SELECT (SELECT n FROM counter WHERE name = 'cases'), (SELECT n FROM counter WHERE name = 'messages')")      \
	X(PEER_COUNTS,                                                                                                 \
	  "SELECT ifnull((SELECT n FROM waiting WHERE peer = ?1), 0)"                                                  \
	  " + (SELECT ifnull(sum(messages), 0)" IN_FLIGHT "),"                                                         \
	  " ifnull((SELECT min(created) FROM message WHERE peer = ?1 AND author = 0 AND transport <= 1), 0),"          \
	  " (SELECT count(*)" IN_FLIGHT ")")                                                                           \
	X(CASE_CLOCKS, CLOCK_SELECT " WHERE c.peer = ?1 AND c.case_id = ?2 AND (?3 IS NULL OR c.client = ?3) ORDER "   \
				    "BY t.name, t.measure, t.notice")                                                  \
	X(GET_CLOCK, CLOCK_SELECT " WHERE t.id = ?1 AND (?2 IS NULL OR c.client = ?2)")                                \
	X(NEXT_CLOCKS, CLOCK_SELECT " WHERE t.next > 0 AND t.next <= ?1 ORDER BY t.next, t.id LIMIT ?2")               \
	X(NEXT_CLOCK, "SELECT min(next) FROM clock WHERE next > 0")                                                    \
	X(OPEN_CLOCKS,                                                                                                 \
	  CLOCK_SELECT " WHERE t.state IN (1, 2) AND (t.due, t.id) > (?1, ?2) AND t.due <= ?3 AND (?4 = '' OR c.peer " \
		       "= ?4) AND (?5 IS NULL OR c.client = ?5) ORDER BY t.due, t.id LIMIT ?6")                        \
	X(MEASURES, "SELECT m.case_no, c.peer, c.case_id, c.side, m.measure, m.kind, m.type, m.outcome, m.ground,"     \
		    " m.sent, m.acknowledged, m.decided, m.ended, m.rounds, m.relied, m.repeated" MEASURE_LIMITS       \
		    " FROM measure m JOIN cases c ON c.no = m.case_no LEFT JOIN clock t ON t.case_no = m.case_no"      \
		    " WHERE (m.sent, m.case_no, m.measure) > (?1, ?2, ?3) AND m.sent < ?4"                             \
		    " AND (?5 = '' OR c.peer = ?5) AND (?6 = '' OR c.instrument = ?6) AND (?7 = 0 OR m.type = ?7)"     \
		    " AND (?9 IS NULL OR c.client = ?9) GROUP BY m.sent, m.case_no, m.measure"                         \
		    " ORDER BY m.sent, m.case_no, m.measure LIMIT ?10")                                                \
	X(PUBLISHED, "SELECT year, statistics FROM published WHERE year = ?")                                          \
	X(HOOKS, "SELECT id, environment FROM hook ORDER BY no LIMIT ?")                                               \
	X(PEER_PROFILE, "SELECT digest, text FROM peer_profile WHERE peer = ? AND instrument = ? AND version = ?")     \
	X(GET_EVIDENCE, EVIDENCE_SELECT "e.message_id = ? AND e.attachment = ?")                                       \
	X(EVIDENCE, EVIDENCE_PAGE(""))                                                                                 \
	X(EVIDENCE_OF_CASE, EVIDENCE_PAGE(" AND e.case_no = (SELECT no FROM case_key WHERE peer = ?5"                  \
					  " AND case_id = ?6)"))                                                       \
	X(EVIDENCE_OF_CLIENT, EVIDENCE_PAGE(" AND e.client = ?4"))                                                     \
	X(EVIDENCE_OF_PEER, EVIDENCE_PAGE(" AND e.peer = ?5"))                                                         \
	X(WAITING_EVIDENCE, EVIDENCE_SELECT "e.peer = ? AND e.author = 1 AND e.state = 1"                              \
					    " ORDER BY e.priority DESC, e.message_id, e.attachment LIMIT ?")           \
	X(WAITING_AFTER, EVIDENCE_SELECT "e.peer = ? AND e.author = 1 AND e.state = 1 AND e.priority = ?"              \
					 " AND (e.message_id, e.attachment) > (?, ?)"                                  \
					 " ORDER BY e.message_id, e.attachment LIMIT ?")                               \
	X(OFFERED_EVIDENCE, "SELECT EXISTS (SELECT 1 FROM evidence WHERE peer = ? AND author = 0 AND state = 0)")      \
	X(SAME_EVIDENCE, EVIDENCE_SELECT "e.sha256 = ? ORDER BY e.message_id, e.attachment")                           \
	X(SAME_KEYS,                                                                                                   \
	  "SELECT message_id, attachment, 0 FROM evidence WHERE sha256 = ? ORDER BY message_id, attachment")           \
	X(DELIVERED_EVIDENCE, EVIDENCE_SELECT "e.author = 1 AND e.state = 2 AND e.sha256 = ? AND e.peer = ?"           \
					      " ORDER BY e.message_id, e.attachment LIMIT 1")                          \
	X(OVERDUE_EVIDENCE,                                                                                            \
	  EVIDENCE_SELECT "e.peer = ? AND e.author = 1 AND e.state IN (1, 2) AND e.hold = 0 AND e.retain_until > 0"    \
			  " AND e.retrieved = 1 AND e.verdict <> 2 AND e.retain_until < ?"                             \
			  " ORDER BY e.retain_until, e.message_id, e.attachment LIMIT ?")                              \
	X(SPENT_EVIDENCE,                                                                                              \
	  EVIDENCE_SELECT "e.peer = ? AND e.author = 0 AND e.state IN (2, 5) AND e.hold = 0 AND e.deleted = 0"         \
			  " AND e.verdict <> 2 AND e.settled > 0 AND e.settled < ?"                                    \
			  " ORDER BY e.settled, e.message_id, e.attachment LIMIT ?")                                   \
	X(UNSTATED_EVIDENCE, EVIDENCE_SELECT "e.author = 1 AND e.unstated = 1 AND (e.state <> 2 OR e.verified > 0)"    \
					     " AND EXISTS (SELECT 1 FROM stream s"                                     \
					     " WHERE s.peer = e.peer AND s.features <> 0 AND s.reconciling = 0)"       \
					     " ORDER BY e.case_no, e.message_id, e.attachment LIMIT ?")                \
	X(UNVERIFIED_EVIDENCE, "SELECT message_id, attachment, verified FROM evidence"                                 \
			       " WHERE ((author = 0 AND deleted = 0) OR (author = 1 AND state = 2)) AND flaw = 0"      \
			       " AND (verified, message_id, attachment) > (?, ?, ?) AND verified < ?"                  \
			       " ORDER BY verified, message_id, attachment LIMIT ?")                                   \
	X(FLAWED_EVIDENCE, "SELECT message_id, attachment, 0 FROM evidence"                                            \
			   " WHERE flaw <> 0 AND (message_id, attachment) > (?, ?)"                                    \
			   " ORDER BY message_id, attachment LIMIT ?")                                                 \
	X(HELD_BACK_EVIDENCE, EVIDENCE_SELECT "e.author = 1 AND e.state = 3 AND (e.message_id, e.attachment) > (?, ?)" \
					      " ORDER BY e.message_id, e.attachment LIMIT ?")                          \
	X(EVIDENCE_BYTES, "SELECT p.high, p.low, ifnull(c.high, 0), ifnull(c.low, 0) FROM evidence_held p"             \
			  " LEFT JOIN evidence_held c ON c.peer = p.peer AND c.case_no ="                              \
			  " (SELECT no FROM case_key WHERE peer = ?1 AND case_id = ?2)"                                \
			  " WHERE p.peer = ?1 AND p.case_no = 0")                                                      \
	X(GET_UPLOAD, UPLOAD_SELECT "client = ? AND sha256 = ?")                                                       \
	X(UPLOADS, UPLOAD_SELECT "client <> '' AND at >= ?1 AND at < ?2 ORDER BY at, client, sha256 LIMIT ?3")         \
	X(UPLOADS_OF_CONTENT, UPLOAD_SELECT "client <> '' AND sha256 = ?4 AND at >= ?1 AND at < ?2"                    \
					    " ORDER BY at, client LIMIT ?3")                                           \
	X(DISCARDED, UPLOAD_SELECT "at = 1 AND client = '' ORDER BY sha256 LIMIT ?")                                   \
	X(STRAYS, UPLOAD_SELECT "+client = '' AND at > 1 AND at < ? ORDER BY at, client, sha256 LIMIT ?")              \
	X(UPLOAD_BYTES, "SELECT n FROM upload_held WHERE client = ?")                                                  \
	X(CUSTODY, CUSTODY_SELECT "q.message_id = ?1 AND q.attachment = ?2 AND q.no > ?3 ORDER BY q.no LIMIT ?4")      \
	X(READINGS, CUSTODY_SELECT "q.message_id = ?1 AND q.attachment = ?2 AND q.action = ?3 AND q.by = ?4"           \
				   " AND q.at >= ?5 AND q.count > 0 ORDER BY q.at, q.no")

enum {
#define X(name, text) R_##name,
	STORE_READ_STATEMENTS(X)
#undef X
	R_N
};

/* Turns the row that `s` stands on into one of the port's, and calls the caller. */
struct store_reading {
	struct store_sqlite *st;
	void *fn_arg;
	int (*row)(struct store_reading *r, sqlite3_stmt *s);
	union {
		int (*meta)(void *arg, const struct store_meta *row);
		store_stream_fn *stream;
		store_key_fn *key;
		store_cursor_fn *cursor;
		store_case_fn *case_row;
		store_message_fn *message;
		store_parcel_fn *parcel;
		store_event_fn *event;
		store_clock_fn *clock;
		store_measure_fn *measure;
		store_evidence_fn *evidence;
		store_upload_fn *upload;
		store_leftover_fn *leftover;
		store_custody_fn *custody;
		store_order_fn *order;
		store_bytes_fn *bytes;
	} fn;
	bool content; /* of messages; titles of cases */
	bool key;     /* of a case: does it open? */
	bool marks;   /* a damaged message comes, and says that it is */
	size_t rows;
};

int store_read_start(struct store_sqlite *st, int i, struct store_bind *ret_bind);
int store_read_each(struct store_reading *r, int i, struct store_bind *b);
/* One row was asked for. */
int store_read_one(struct store_reading *r, int i, struct store_bind *b);
/* The first `n` numbers of one row. */
int store_read_numbers(struct store_sqlite *st, int i, struct store_bind *b, int64_t *ret, int n);
void store_bind_client(struct store_bind *b, struct store_view view);

const char *store_text_at(sqlite3_stmt *s, int i);
struct cy_bytes store_bytes_at(sqlite3_stmt *s, int i);
uint64_t store_u64_at(sqlite3_stmt *s, int i);
uint32_t store_u32_at(sqlite3_stmt *s, int i);
struct cy_wall store_wall_at(sqlite3_stmt *s, int i);
int store_digest_at(sqlite3_stmt *s, int i, struct cy_digest *ret);
/* Open what was sealed in this context. `at` is the first of generation, wrapped key,
 * generation of the text, nonce, sealed text. Erased: NULL. To be given back with seal_forget(). */
int store_unseal_at(struct store_sqlite *st, sqlite3_stmt *s, int at, const struct seal_context *context,
		    uint8_t **ret_plain, size_t *ret_len);

void store_clock_port(struct store_port *port);
void store_measure_port(struct store_port *port);
void store_orders_port(struct store_port *port);
void store_evidence_port(struct store_port *port);
void store_custody_port(struct store_port *port);
void store_event_port(struct store_port *port);
void store_prune_port(struct store_port *port);
void store_leaf_port(struct store_port *port);

int store_key_row(struct store_reading *r, sqlite3_stmt *s);
int store_parcel_row(struct store_reading *r, sqlite3_stmt *s);
int store_message_row(struct store_reading *r, sqlite3_stmt *s);

#endif
