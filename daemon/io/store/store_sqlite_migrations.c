/* The schema, as the migrations that make it, one after the other. */
#include "io/store/store_sqlite_internal.h"
#include "law/clock.h"

/* Numbers of sides, transports and so on are those of the enums in store.h and
 * of the schema. Integers are 64 bits of store.h's uint64_t, bit for bit. */
static const char migration_001[] =
	"CREATE TABLE meta ("
	" one INTEGER PRIMARY KEY CHECK (one = 1),"
	" epoch INTEGER NOT NULL, audit_size INTEGER NOT NULL, frontier BLOB NOT NULL,"
	" wall_mark INTEGER NOT NULL) STRICT;"
	"INSERT INTO meta VALUES (1, 0, 0, x'', 0);"

	/* A known text under the store key: tells a wrong key. */
	"CREATE TABLE key_check ("
	" one INTEGER PRIMARY KEY CHECK (one = 1), wrapped BLOB NOT NULL) STRICT;"

	"CREATE TABLE stream ("
	" peer TEXT PRIMARY KEY,"
	" out_sequence INTEGER NOT NULL, out_receipted INTEGER NOT NULL,"
	" in_epoch INTEGER NOT NULL, in_held INTEGER NOT NULL,"
	" reconciling INTEGER NOT NULL, last_receipt INTEGER NOT NULL,"
	" head_size INTEGER NOT NULL, head_root BLOB NOT NULL,"
	" head_text BLOB NOT NULL, head_signature BLOB NOT NULL) STRICT;"

	/* A case's number here and its key, wrapped by the store key. Erased: wrapped
	 * is NULL. A message that comes afterwards takes a new key, of the next
	 * generation; what was sealed under an older one stays unreadable. */
	"CREATE TABLE case_key ("
	" no INTEGER PRIMARY KEY,"
	" peer TEXT NOT NULL, case_id TEXT NOT NULL,"
	" generation INTEGER NOT NULL, wrapped BLOB,"
	" UNIQUE (peer, case_id)) STRICT;"

	"CREATE TABLE cases ("
	" no INTEGER PRIMARY KEY REFERENCES case_key,"
	" peer TEXT NOT NULL, case_id TEXT NOT NULL, side INTEGER NOT NULL,"
	" own_reference TEXT NOT NULL, peer_reference TEXT NOT NULL,"
	" client TEXT NOT NULL, instrument TEXT NOT NULL,"
	" opened INTEGER NOT NULL, changed INTEGER NOT NULL,"
	" state TEXT NOT NULL, closed INTEGER NOT NULL,"
	" own_number INTEGER NOT NULL, peer_number INTEGER NOT NULL, messages INTEGER NOT NULL,"
	" title_generation INTEGER, title_nonce BLOB, title BLOB,"
	" UNIQUE (peer, case_id)) STRICT;"
	"CREATE INDEX cases_by_id ON cases (case_id);"
	"CREATE INDEX cases_by_own_reference ON cases (own_reference);"
	"CREATE INDEX cases_by_peer_reference ON cases (peer_reference);"
	"CREATE INDEX cases_by_client ON cases (client, case_id);"
	"CREATE INDEX cases_open ON cases (case_id) WHERE closed = 0;"

	"CREATE TABLE message ("
	" no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
	" peer TEXT NOT NULL, case_no INTEGER NOT NULL REFERENCES case_key,"
	" author INTEGER NOT NULL, number INTEGER NOT NULL, seen INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, priority INTEGER NOT NULL, created INTEGER NOT NULL,"
	" digest BLOB NOT NULL, size INTEGER NOT NULL, transport INTEGER NOT NULL,"
	" void_code INTEGER NOT NULL, void_reason TEXT NOT NULL, client TEXT NOT NULL,"
	" epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, place INTEGER NOT NULL,"
	" fact BLOB NOT NULL) STRICT;"
	"CREATE UNIQUE INDEX message_of_case ON message (case_no, author, number) WHERE number > 0;"
	"CREATE INDEX message_by_case ON message (case_no, author, number);"
	"CREATE INDEX message_waiting ON message (peer, priority DESC) WHERE author = 0 AND transport = 0;"
	"CREATE INDEX message_oldest ON message (peer, created) WHERE author = 0 AND transport = 0;"
	"CREATE INDEX message_undelivered ON message (created) WHERE author = 0 AND transport <= 1;"
	"CREATE INDEX message_of_parcel ON message (peer, author, epoch, sequence, place) WHERE sequence <> 0;"

	/* Signed bytes, sealed under the key of the case: ciphertext and tag. */
	"CREATE TABLE payload ("
	" message INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,"
	" generation INTEGER NOT NULL, nonce BLOB NOT NULL, sealed BLOB NOT NULL) STRICT;"

	"CREATE TABLE parcel ("
	" no INTEGER PRIMARY KEY, peer TEXT NOT NULL, author INTEGER NOT NULL,"
	" epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,"
	" manifest BLOB NOT NULL, signature BLOB NOT NULL, digest BLOB NOT NULL,"
	" receipt BLOB, receipt_signature BLOB,"
	" made INTEGER NOT NULL, messages INTEGER NOT NULL,"
	" UNIQUE (peer, author, epoch, sequence)) STRICT;"
	"CREATE INDEX parcel_in_flight ON parcel (peer, epoch) WHERE author = 0 AND receipt IS NULL;"

	"CREATE TABLE event ("
	" position INTEGER PRIMARY KEY AUTOINCREMENT,"
	" type INTEGER NOT NULL, at INTEGER NOT NULL, peer TEXT NOT NULL, case_id TEXT NOT NULL,"
	" message_id TEXT NOT NULL, client TEXT NOT NULL, own_reference TEXT NOT NULL,"
	" kind INTEGER NOT NULL, number INTEGER NOT NULL, code INTEGER NOT NULL,"
	" text TEXT NOT NULL, case_state TEXT NOT NULL) STRICT;"
	"CREATE INDEX event_by_client ON event (client);"

	"CREATE TABLE cursor ("
	" client TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL,"
	" PRIMARY KEY (client, name)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE submission_key ("
	" client TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, message_id TEXT NOT NULL,"
	" PRIMARY KEY (client, key)) STRICT, WITHOUT ROWID;"

	"CREATE TABLE leaf ("
	" position INTEGER PRIMARY KEY, hash BLOB NOT NULL, data BLOB NOT NULL) STRICT;"

	"CREATE TABLE statement ("
	" no INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES message,"
	" text BLOB NOT NULL, signature BLOB NOT NULL) STRICT;"
	"CREATE INDEX statement_of_message ON statement (message);"

	/* Status asks often, and counting millions of rows takes long. */
	"CREATE TABLE counter (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"INSERT INTO counter VALUES ('cases', 0), ('messages', 0);"
	"CREATE TABLE waiting (peer TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER case_added AFTER INSERT ON cases BEGIN"
	" UPDATE counter SET n = n + 1 WHERE name = 'cases'; END;"
	"CREATE TRIGGER case_removed AFTER DELETE ON cases BEGIN"
	" UPDATE counter SET n = n - 1 WHERE name = 'cases'; END;"
	"CREATE TRIGGER message_added AFTER INSERT ON message BEGIN"
	" UPDATE counter SET n = n + 1 WHERE name = 'messages'; END;"
	"CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN"
	" UPDATE counter SET n = n - 1 WHERE name = 'messages'; END;"
	"CREATE TRIGGER waiting_added AFTER INSERT ON message WHEN new.author = 0 AND new.transport = 0 BEGIN"
	" INSERT INTO waiting VALUES (new.peer, 1) ON CONFLICT (peer) DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER waiting_again AFTER UPDATE OF transport ON message"
	" WHEN new.author = 0 AND new.transport = 0 AND old.transport <> 0 BEGIN"
	" INSERT INTO waiting VALUES (new.peer, 1) ON CONFLICT (peer) DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER waiting_no_more AFTER UPDATE OF transport ON message"
	" WHEN new.author = 0 AND new.transport <> 0 AND old.transport = 0 BEGIN"
	" UPDATE waiting SET n = n - 1 WHERE peer = new.peer; END;"
	"CREATE TRIGGER waiting_removed AFTER DELETE ON message WHEN old.author = 0 AND old.transport = 0 BEGIN"
	" UPDATE waiting SET n = n - 1 WHERE peer = old.peer; END;";

_Static_assert(STORE_OWN == 0 && STORE_QUEUED == 0 && STORE_TRANSMITTED == 1, "the indices name these numbers");

/* The messages of a parcel are found by the ids of its manifest. */
static const char migration_002[] = "DROP INDEX message_of_parcel;";

static const char migration_003[] =
	"ALTER TABLE cases ADD COLUMN terms BLOB NOT NULL DEFAULT x'';"

	"CREATE TABLE clock ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT, case_no INTEGER NOT NULL REFERENCES case_key,"
	" name TEXT NOT NULL, measure INTEGER NOT NULL, notice INTEGER NOT NULL,"
	" ours INTEGER NOT NULL, state INTEGER NOT NULL,"
	" start INTEGER NOT NULL, due INTEGER NOT NULL, ended INTEGER NOT NULL, lapsed INTEGER NOT NULL,"
	" round INTEGER NOT NULL, rungs INTEGER NOT NULL, next INTEGER NOT NULL,"
	" stated_start INTEGER NOT NULL, start_by INTEGER NOT NULL,"
	" stated_due INTEGER NOT NULL, due_by INTEGER NOT NULL,"
	" difference TEXT NOT NULL, how TEXT NOT NULL,"
	" UNIQUE (case_no, name, measure, notice)) STRICT;"
	"CREATE INDEX clock_next ON clock (next) WHERE next > 0;"
	"CREATE INDEX clock_due ON clock (due) WHERE state IN (1, 2);"

	/* Commands to be run: at least once, in order. */
	"CREATE TABLE hook ("
	" no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, environment BLOB NOT NULL) STRICT;"

	"CREATE TABLE peer_profile ("
	" peer TEXT NOT NULL, instrument TEXT NOT NULL, version TEXT NOT NULL,"
	" digest BLOB NOT NULL, text BLOB NOT NULL, PRIMARY KEY (peer, instrument, version)) STRICT;";

_Static_assert(LAW_CLOCK_RUNNING == 1 && LAW_CLOCK_SUSPENDED == 2, "an index names these numbers");

static const char migration_004[] =
	"ALTER TABLE clock ADD COLUMN breach INTEGER NOT NULL DEFAULT 1;"

	/* For statistics: all of it follows from the facts of the case. */
	"CREATE TABLE measure ("
	" case_no INTEGER NOT NULL REFERENCES case_key, measure INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, type INTEGER NOT NULL, outcome INTEGER NOT NULL, ground INTEGER NOT NULL,"
	" sent INTEGER NOT NULL, acknowledged INTEGER NOT NULL, decided INTEGER NOT NULL, ended INTEGER NOT NULL,"
	" rounds INTEGER NOT NULL, relied INTEGER NOT NULL, repeated INTEGER NOT NULL,"
	" PRIMARY KEY (case_no, measure)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX measure_sent ON measure (sent, case_no, measure);";

/* The client is that of the case, so that a client's page is an index scan. Names of
 * files are in the sealed message only. */
static const char migration_005[] =
	"CREATE TABLE evidence ("
	" message_id TEXT NOT NULL REFERENCES message (id), attachment INTEGER NOT NULL,"
	" peer TEXT NOT NULL, case_no INTEGER NOT NULL REFERENCES case_key, client TEXT NOT NULL,"
	" author INTEGER NOT NULL, number INTEGER NOT NULL, priority INTEGER NOT NULL,"
	" size INTEGER NOT NULL, sha256 BLOB NOT NULL, root BLOB NOT NULL, send_always INTEGER NOT NULL,"
	" state INTEGER NOT NULL, reason TEXT NOT NULL, verdict INTEGER NOT NULL, arrived INTEGER NOT NULL,"
	" retain_until INTEGER NOT NULL, hold INTEGER NOT NULL, retrieved INTEGER NOT NULL,"
	" unstated INTEGER NOT NULL,"
	" held INTEGER NOT NULL AS (iif(author = 1 AND state IN (1, 2), size, 0)),"
	" PRIMARY KEY (message_id, attachment)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX evidence_by_case ON evidence (case_no);"
	"CREATE INDEX evidence_by_client ON evidence (client);"
	"CREATE INDEX evidence_by_peer ON evidence (peer);"
	"CREATE INDEX evidence_by_content ON evidence (sha256);"
	"CREATE INDEX evidence_waiting ON evidence (peer, priority DESC) WHERE author = 1 AND state = 1;"
	"CREATE INDEX evidence_offered ON evidence (peer) WHERE author = 0 AND state = 0;"
	"CREATE INDEX evidence_overdue ON evidence (retain_until)"
	" WHERE author = 1 AND state = 2 AND hold = 0 AND retain_until > 0 AND retrieved = 1 AND verdict <> 2;"
	"CREATE INDEX evidence_unstated ON evidence (case_no) WHERE author = 1 AND unstated = 1;"
	"CREATE INDEX evidence_held_back ON evidence (message_id, attachment) WHERE author = 1 AND state = 3;"
	"CREATE TRIGGER evidence_of_case AFTER INSERT ON cases BEGIN"
	" UPDATE evidence SET client = new.client WHERE case_no = new.no; END;"
	"CREATE TRIGGER evidence_of_client AFTER UPDATE OF client ON cases WHEN new.client <> old.client BEGIN"
	" UPDATE evidence SET client = new.client WHERE case_no = new.no; END;"

	/* Sums for the quotas: of a case, and with case_no 0 of the peer. In two parts, the
	 * high one of 2^32 bytes: what peers announce may be more than 63 bits hold. */
	"CREATE TABLE evidence_held ("
	" peer TEXT NOT NULL, case_no INTEGER NOT NULL, high INTEGER NOT NULL, low INTEGER NOT NULL,"
	" PRIMARY KEY (peer, case_no)) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER evidence_added AFTER INSERT ON evidence WHEN new.author = 1 BEGIN"
	" INSERT INTO evidence_held VALUES (new.peer, 0, new.held >> 32, new.held & 0xffffffff),"
	" (new.peer, new.case_no, new.held >> 32, new.held & 0xffffffff)"
	" ON CONFLICT (peer, case_no) DO UPDATE SET high = high + excluded.high, low = low + excluded.low; END;"
	"CREATE TRIGGER evidence_changed AFTER UPDATE ON evidence WHEN new.held <> old.held BEGIN"
	" UPDATE evidence_held SET high = high + (new.held >> 32) - (old.held >> 32),"
	" low = low + (new.held & 0xffffffff) - (old.held & 0xffffffff)"
	" WHERE peer = new.peer AND case_no IN (0, new.case_no); END;"

	"CREATE TABLE upload ("
	" client TEXT NOT NULL, sha256 BLOB NOT NULL, root BLOB NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL,"
	" PRIMARY KEY (client, sha256)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX upload_by_content ON upload (sha256, at);"
	"CREATE INDEX upload_by_age ON upload (at);"
	"CREATE TABLE upload_held (client TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER upload_added AFTER INSERT ON upload BEGIN"
	" INSERT INTO upload_held VALUES (new.client, new.size) ON CONFLICT (client) DO UPDATE SET n = n + new.size; "
	"END;"
	"CREATE TRIGGER upload_changed AFTER UPDATE ON upload BEGIN"
	" UPDATE upload_held SET n = n + new.size - old.size WHERE client = new.client; END;"
	"CREATE TRIGGER upload_removed AFTER DELETE ON upload BEGIN"
	" UPDATE upload_held SET n = n - old.size WHERE client = old.client; END;"

	/* The text, where there is one, is sealed under the key of the case. */
	"CREATE TABLE custody ("
	" no INTEGER PRIMARY KEY, message_id TEXT NOT NULL REFERENCES message (id), attachment INTEGER NOT NULL,"
	" at INTEGER NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL, proof TEXT NOT NULL, leaf INTEGER NOT NULL,"
	" generation INTEGER, nonce BLOB, sealed BLOB) STRICT;"
	"CREATE INDEX custody_of_evidence ON custody (message_id, attachment);";

/* Own copies that need not be kept. */
static const char migration_006[] =
	"ALTER TABLE evidence ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE evidence ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;"
	"UPDATE evidence SET settled = max(arrived, 1) WHERE author = 0 AND (verdict = 1 OR state = 5);"
	"CREATE INDEX evidence_spent ON evidence (settled)"
	" WHERE author = 0 AND state IN (2, 5) AND hold = 0 AND deleted = 0 AND verdict <> 2 AND settled > 0;";

_Static_assert(STORE_EVIDENCE_OFFERED == 0 && STORE_EVIDENCE_WAITING == 1 && STORE_EVIDENCE_HERE == 2 &&
		       STORE_EVIDENCE_HELD_BACK == 3 && STORE_EVIDENCE_DESTROYED == 5 &&
		       CY_EVIDENCE_STATE__VERIFIED == 1 && CY_EVIDENCE_STATE__REJECTED == 2 && STORE_OWN == 0 &&
		       STORE_PEER == 1,
	       "indices and sums name these numbers");

/* What a peer understands is asked of it also while it is not connected. */
static const char migration_007[] = "ALTER TABLE stream ADD COLUMN features INTEGER NOT NULL DEFAULT 0;";

static const char migration_008[] = "ALTER TABLE stream ADD COLUMN rejected INTEGER NOT NULL DEFAULT 0;";

/* An epoch for each stream of ours: until then the one of meta was that of all. Parcels
 * that are never sent again. */
static const char migration_009[] =
	"ALTER TABLE stream ADD COLUMN out_epoch INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE stream ADD COLUMN receipted_epoch INTEGER NOT NULL DEFAULT 0;"
	"UPDATE stream SET out_epoch = (SELECT epoch FROM meta), receipted_epoch = (SELECT epoch FROM meta);"
	"ALTER TABLE parcel ADD COLUMN dissolved INTEGER NOT NULL DEFAULT 0;";

/* Whoever names one digest in thousands of attachments has each looked up at once. */
static const char migration_010[] =
	"CREATE INDEX evidence_delivered ON evidence (sha256, peer) WHERE author = 1 AND state = 2;";

/* What an order, or a retention, has erased. */
static const char migration_011[] = "ALTER TABLE message ADD COLUMN erasure INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE message ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE cases ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE cases ADD COLUMN erased_by TEXT NOT NULL DEFAULT '';"
				    "ALTER TABLE cases ADD COLUMN erased_reason TEXT NOT NULL DEFAULT '';";

/* The list of orders (port/orders.h), as far as it was obeyed. */
static const char migration_012[] =
	"CREATE TABLE orders ("
	" number INTEGER PRIMARY KEY, line TEXT NOT NULL, peer TEXT NOT NULL, case_id TEXT NOT NULL,"
	" message_id TEXT NOT NULL, attachment INTEGER NOT NULL) STRICT;"
	"CREATE INDEX order_about ON orders (case_id, message_id, attachment);";

/* Ages, by which what is over is found (node/clients/prune.h). When the rows of before were written nobody
 * knows: none of them is older than what their message, or the store, last saw. */
static const char migration_013[] =
	"ALTER TABLE submission_key ADD COLUMN at INTEGER NOT NULL DEFAULT 0;"
	"UPDATE submission_key SET at = max(1, ifnull((SELECT created FROM message WHERE id = message_id),"
	" (SELECT wall_mark FROM meta)));"
	"CREATE INDEX submission_key_by_age ON submission_key (at) WHERE at > 0;"
	"ALTER TABLE leaf ADD COLUMN at INTEGER NOT NULL DEFAULT 0;"
	"UPDATE leaf SET at = (SELECT wall_mark FROM meta);"
	"CREATE INDEX leaf_text ON leaf (position) WHERE data <> x'';"
	"CREATE INDEX parcel_dissolved ON parcel (made, peer, epoch, sequence) WHERE dissolved = 1;"
	"CREATE INDEX custody_by_age ON custody (at);";

/* After which place receipts are asked for again. */
static const char migration_014[] = "ALTER TABLE stream ADD COLUMN asks INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE stream ADD COLUMN asks_epoch INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE stream ADD COLUMN asks_sequence INTEGER NOT NULL DEFAULT 0;";

/* What is fetched again is destroyed in time as well. */
static const char migration_015[] =
	"DROP INDEX evidence_overdue;"
	"CREATE INDEX evidence_overdue ON evidence (retain_until)"
	" WHERE author = 1 AND state IN (1, 2) AND hold = 0 AND retain_until > 0 AND retrieved = 1 AND verdict <> 2;";

/* Erasing a message spends its key. */
static const char migration_016[] =
	"CREATE INDEX submission_key_of_message ON submission_key (message_id) WHERE message_id <> '';";

/* Whether the store is known as restored; what is over is asked for by peer. */
static const char migration_017[] =
	"ALTER TABLE meta ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;"
	"DROP INDEX evidence_overdue;"
	"CREATE INDEX evidence_overdue ON evidence (peer, retain_until)"
	" WHERE author = 1 AND state IN (1, 2) AND hold = 0 AND retain_until > 0 AND retrieved = 1 AND verdict <> 2;"
	"DROP INDEX evidence_spent;"
	"CREATE INDEX evidence_spent ON evidence (peer, settled)"
	" WHERE author = 0 AND state IN (2, 5) AND hold = 0 AND deleted = 0 AND verdict <> 2 AND settled > 0;";

/* What migrations 3 and 4 made room for was never computed for the cases that were there. */
static const char migration_018[] =
	"ALTER TABLE cases ADD COLUMN stale INTEGER NOT NULL DEFAULT 0;"
	"UPDATE cases SET stale = 1 WHERE case_id <> '' AND messages > 0 AND no NOT IN (SELECT case_no FROM measure);"
	"CREATE INDEX case_stale ON cases (case_id, peer) WHERE stale = 1;";

/* Where a message of ours stands in the queue, if that is before its row: it came back after what
 * follows it in its case. */
static const char migration_019[] =
	"ALTER TABLE message ADD COLUMN turn INTEGER;"
	"UPDATE message SET turn = (SELECT min(o.no) FROM message o WHERE o.case_no = message.case_no AND o.author = 0"
	" AND o.number > message.number) WHERE author = 0 AND number > 0 AND EXISTS (SELECT 1 FROM message o"
	" WHERE o.case_no = message.case_no AND o.author = 0 AND o.number > message.number AND o.no < message.no);"
	"DROP INDEX message_waiting;"
	"CREATE INDEX message_waiting ON message (peer, priority DESC, ifnull(turn, no), number)"
	" WHERE author = 0 AND transport = 0;";

/* Rejected content whose time is over. */
static const char migration_020[] =
	"CREATE INDEX message_rejected ON message (id) WHERE author = 1 AND void_code <> 0 AND erasure = 0;";

/* Which WAL belongs to which file (store_sqlite_base.c). */
static const char migration_021[] =
	"CREATE TABLE base ("
	" one INTEGER PRIMARY KEY CHECK (one = 1), before BLOB NOT NULL, now BLOB NOT NULL) STRICT;"
	"INSERT INTO base VALUES (1, randomblob(16), randomblob(16));";

/* When the bytes of evidence were last verified, and what was found. Theirs were when they arrived. */
static const char migration_022[] =
	"ALTER TABLE evidence ADD COLUMN verified INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE evidence ADD COLUMN flaw INTEGER NOT NULL DEFAULT 0;"
	"UPDATE evidence SET verified = arrived WHERE author = 1 AND state = 2;"
	"CREATE INDEX evidence_unverified ON evidence (verified)"
	" WHERE ((author = 0 AND deleted = 0) OR (author = 1 AND state = 2)) AND flaw = 0;"
	"CREATE INDEX evidence_flawed ON evidence (message_id, attachment) WHERE flaw <> 0;";

/* What a tombstone says under which key a message was handed in. */
static const char migration_023[] = "ALTER TABLE message ADD COLUMN submission_key BLOB NOT NULL DEFAULT x'';";

/* What would have extended or suspended a time limit and was said after its end; all are counted anew, since by older
 * versions it did. */
static const char migration_024[] = "ALTER TABLE clock ADD COLUMN excused INTEGER NOT NULL DEFAULT 0;"
				    "UPDATE cases SET stale = 1 WHERE no IN (SELECT case_no FROM clock);";

/* What the leaf of a link of custody says (audit/custody.h), and readings that are counted. The links of before have
 * leaves of the first form, or none. */
static const char migration_025[] =
	"ALTER TABLE custody ADD COLUMN form INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE custody ADD COLUMN words BLOB NOT NULL DEFAULT x'';"
	"ALTER TABLE custody ADD COLUMN from_byte INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE custody ADD COLUMN to_byte INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE custody ADD COLUMN count INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE custody ADD COLUMN last INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX custody_readings ON custody (message_id, attachment, action, by, at) WHERE count > 0;";

/* Which cases follow which; older versions read no links. */
static const char migration_026[] =
	"CREATE TABLE follow ("
	" peer TEXT NOT NULL, follows TEXT NOT NULL, case_no INTEGER NOT NULL REFERENCES case_key,"
	" PRIMARY KEY (peer, follows, case_no)) STRICT, WITHOUT ROWID;"
	"UPDATE cases SET stale = 1 WHERE terms <> x'';";

/* The oldest message without a receipt, whether it has left or not. */
static const char migration_027[] = "DROP INDEX IF EXISTS message_oldest;"
				    "CREATE INDEX IF NOT EXISTS message_unreceipted ON message (peer, created)"
				    " WHERE author = 0 AND transport <= 1;";

/* Of these alone the keys are read of what is to be verified: what is damaged of a row hides no other one. */
static const char migration_028[] =
	"DROP INDEX evidence_unverified; DROP INDEX evidence_flawed;"
	"CREATE INDEX evidence_unverified ON evidence (verified, message_id, attachment, author, deleted, state, flaw)"
	" WHERE ((author = 0 AND deleted = 0) OR (author = 1 AND state = 2)) AND flaw = 0;"
	"CREATE INDEX evidence_flawed ON evidence (message_id, attachment, flaw) WHERE flaw <> 0;";

/* What a restored side has dealt with is no news to it after a restart. */
static const char migration_029[] = "ALTER TABLE stream ADD COLUMN forgotten_epoch INTEGER NOT NULL DEFAULT 0;"
				    "ALTER TABLE stream ADD COLUMN forgotten_sequence INTEGER NOT NULL DEFAULT 0;";

/* What no client has fetched; what came before may have been read in ways that were not noted. */
static const char migration_030[] = "ALTER TABLE message ADD COLUMN unread INTEGER NOT NULL DEFAULT 0;"
				    "CREATE INDEX message_unread ON message (unread, id)"
				    " WHERE unread > 0 AND transport = 2 AND void_code = 0 AND erasure = 0;";

/* The table of statistics of a year, as it was published. */
static const char migration_031[] =
	"CREATE TABLE published (year TEXT NOT NULL PRIMARY KEY, statistics BLOB NOT NULL) STRICT;";

/* Each entry of an index costs as much as a row: those that no statement goes by are gone, two of messages are one,
 * and what is empty is in none. A number that is none, 0, may be given twice. */
static const char migration_032[] =
	"DROP INDEX cases_by_client; DROP INDEX cases_open; DROP INDEX statement_of_message;"
	"DROP INDEX message_of_case; DROP INDEX message_by_case;"
	"CREATE UNIQUE INDEX message_of_case ON message (case_no, author, number, iif(number > 0, 0, NULL));"
	"DROP INDEX cases_by_own_reference; DROP INDEX cases_by_peer_reference;"
	"CREATE INDEX cases_by_own_reference ON cases (own_reference) WHERE own_reference <> '';"
	"CREATE INDEX cases_by_peer_reference ON cases (peer_reference) WHERE peer_reference <> '';"
	"DROP INDEX event_by_client;"
	"CREATE INDEX event_by_client ON event (client) WHERE client <> '';"
	"DROP INDEX parcel_in_flight;"
	"CREATE INDEX parcel_in_flight ON parcel (peer, messages)"
	" WHERE author = 0 AND receipt IS NULL AND dissolved = 0;";

/* An id that is a UUID is its 16 bytes, and a key's digest its 32, which are in the same order as the text. An event
 * about a message names it by its number, from which peer, case and id follow. The cases of a peer are listed by their
 * keys. Foreign keys are off meanwhile. */
static const char migration_033[] =
	"DROP TRIGGER evidence_of_case; DROP TRIGGER evidence_of_client;"

	"CREATE TABLE case_key_new (no INTEGER PRIMARY KEY, peer TEXT NOT NULL, case_id ANY NOT NULL,"
	" generation INTEGER NOT NULL, wrapped BLOB, UNIQUE (peer, case_id)) STRICT;"
	"INSERT INTO case_key_new (no, peer, case_id, generation, wrapped) SELECT no, peer,"
	" id_bytes(case_id), generation, wrapped FROM case_key;"
	"DROP TABLE case_key; ALTER TABLE case_key_new RENAME TO case_key;"

	"CREATE TABLE cases_new (no INTEGER PRIMARY KEY REFERENCES case_key, peer TEXT NOT NULL, case_id"
	" ANY NOT NULL, side INTEGER NOT NULL, own_reference TEXT NOT NULL, peer_reference TEXT NOT NULL,"
	" client TEXT NOT NULL, instrument TEXT NOT NULL, opened INTEGER NOT NULL, changed INTEGER NOT"
	" NULL, state TEXT NOT NULL, closed INTEGER NOT NULL, own_number INTEGER NOT NULL, peer_number"
	" INTEGER NOT NULL, messages INTEGER NOT NULL, title_generation INTEGER, title_nonce BLOB, title"
	" BLOB, terms BLOB NOT NULL DEFAULT x'', erased INTEGER NOT NULL DEFAULT 0, erased_by TEXT NOT"
	" NULL DEFAULT '', erased_reason TEXT NOT NULL DEFAULT '', stale INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (case_id, peer)) STRICT;"
	"INSERT INTO cases_new (no, peer, case_id, side, own_reference, peer_reference, client,"
	" instrument, opened, changed, state, closed, own_number, peer_number, messages,"
	" title_generation, title_nonce, title, terms, erased, erased_by, erased_reason, stale) SELECT"
	" no, peer, id_bytes(case_id), side, own_reference, peer_reference, client, instrument, opened,"
	" changed, state, closed, own_number, peer_number, messages, title_generation, title_nonce,"
	" title, terms, erased, erased_by, erased_reason, stale FROM cases;"
	"DROP TABLE cases; ALTER TABLE cases_new RENAME TO cases;"
	"CREATE TRIGGER case_added AFTER INSERT ON cases BEGIN UPDATE counter SET n = n + 1 WHERE name ="
	" 'cases'; END;"
	"CREATE TRIGGER case_removed AFTER DELETE ON cases BEGIN UPDATE counter SET n = n - 1 WHERE name"
	" = 'cases'; END;"
	"CREATE INDEX case_stale ON cases (case_id, peer) WHERE stale = 1;"
	"CREATE INDEX cases_by_own_reference ON cases (own_reference) WHERE own_reference <> '';"
	"CREATE INDEX cases_by_peer_reference ON cases (peer_reference) WHERE peer_reference <> '';"

	"CREATE TABLE message_new (no INTEGER PRIMARY KEY, id ANY NOT NULL UNIQUE, peer TEXT NOT NULL,"
	" case_no INTEGER NOT NULL REFERENCES case_key, author INTEGER NOT NULL, number INTEGER NOT NULL,"
	" seen INTEGER NOT NULL, kind INTEGER NOT NULL, priority INTEGER NOT NULL, created INTEGER NOT"
	" NULL, digest BLOB NOT NULL, size INTEGER NOT NULL, transport INTEGER NOT NULL, void_code"
	" INTEGER NOT NULL, void_reason TEXT NOT NULL, client TEXT NOT NULL, epoch INTEGER NOT NULL,"
	" sequence INTEGER NOT NULL, place INTEGER NOT NULL, fact BLOB NOT NULL, erasure INTEGER NOT NULL"
	" DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0, turn INTEGER, submission_key BLOB NOT NULL"
	" DEFAULT x'', unread INTEGER NOT NULL DEFAULT 0) STRICT;"
	"INSERT INTO message_new (no, id, peer, case_no, author, number, seen, kind, priority, created,"
	" digest, size, transport, void_code, void_reason, client, epoch, sequence, place, fact, erasure,"
	" erased, turn, submission_key, unread) SELECT no, id_bytes(id), peer, case_no, author, number,"
	" seen, kind, priority, created, digest, size, transport, void_code, void_reason, client, epoch,"
	" sequence, place, fact, erasure, erased, turn, submission_key, unread FROM message;"
	"DROP TABLE message; ALTER TABLE message_new RENAME TO message;"
	"CREATE TRIGGER message_added AFTER INSERT ON message BEGIN UPDATE counter SET n = n + 1 WHERE"
	" name = 'messages'; END;"
	"CREATE TRIGGER message_removed AFTER DELETE ON message BEGIN UPDATE counter SET n = n - 1 WHERE"
	" name = 'messages'; END;"
	"CREATE TRIGGER waiting_added AFTER INSERT ON message WHEN new.author = 0 AND new.transport = 0"
	" BEGIN INSERT INTO waiting VALUES (new.peer, 1) ON CONFLICT (peer) DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER waiting_again AFTER UPDATE OF transport ON message WHEN new.author = 0 AND"
	" new.transport = 0 AND old.transport <> 0 BEGIN INSERT INTO waiting VALUES (new.peer, 1) ON"
	" CONFLICT (peer) DO UPDATE SET n = n + 1; END;"
	"CREATE TRIGGER waiting_no_more AFTER UPDATE OF transport ON message WHEN new.author = 0 AND"
	" new.transport <> 0 AND old.transport = 0 BEGIN UPDATE waiting SET n = n - 1 WHERE peer ="
	" new.peer; END;"
	"CREATE TRIGGER waiting_removed AFTER DELETE ON message WHEN old.author = 0 AND old.transport = 0"
	" BEGIN UPDATE waiting SET n = n - 1 WHERE peer = old.peer; END;"
	"CREATE UNIQUE INDEX message_of_case ON message (case_no, author, number, iif(number > 0, 0,"
	" NULL));"
	"CREATE INDEX message_rejected ON message (id) WHERE author = 1 AND void_code <> 0 AND erasure ="
	" 0;"
	"CREATE INDEX message_undelivered ON message (created) WHERE author = 0 AND transport <= 1;"
	"CREATE INDEX message_unread ON message (unread, id) WHERE unread > 0 AND transport = 2 AND"
	" void_code = 0 AND erasure = 0;"
	"CREATE INDEX message_unreceipted ON message (peer, created) WHERE author = 0 AND transport <= 1;"
	"CREATE INDEX message_waiting ON message (peer, priority DESC, ifnull(turn, no), number) WHERE"
	" author = 0 AND transport = 0;"

	"CREATE TABLE evidence_new (message_id ANY NOT NULL REFERENCES message (id), attachment INTEGER"
	" NOT NULL, peer TEXT NOT NULL, case_no INTEGER NOT NULL REFERENCES case_key, client TEXT NOT"
	" NULL, author INTEGER NOT NULL, number INTEGER NOT NULL, priority INTEGER NOT NULL, size INTEGER"
	" NOT NULL, sha256 BLOB NOT NULL, root BLOB NOT NULL, send_always INTEGER NOT NULL, state INTEGER"
	" NOT NULL, reason TEXT NOT NULL, verdict INTEGER NOT NULL, arrived INTEGER NOT NULL,"
	" retain_until INTEGER NOT NULL, hold INTEGER NOT NULL, retrieved INTEGER NOT NULL, unstated"
	" INTEGER NOT NULL, held INTEGER NOT NULL AS (iif(author = 1 AND state IN (1, 2), size, 0)),"
	" settled INTEGER NOT NULL DEFAULT 0, deleted INTEGER NOT NULL DEFAULT 0, verified INTEGER NOT"
	" NULL DEFAULT 0, flaw INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (message_id, attachment)) STRICT,"
	" WITHOUT ROWID;"
	"INSERT INTO evidence_new (message_id, attachment, peer, case_no, client, author, number,"
	" priority, size, sha256, root, send_always, state, reason, verdict, arrived, retain_until, hold,"
	" retrieved, unstated, settled, deleted, verified, flaw) SELECT id_bytes(message_id), attachment,"
	" peer, case_no, client, author, number, priority, size, sha256, root, send_always, state,"
	" reason, verdict, arrived, retain_until, hold, retrieved, unstated, settled, deleted, verified,"
	" flaw FROM evidence;"
	"DROP TABLE evidence; ALTER TABLE evidence_new RENAME TO evidence;"
	"CREATE TRIGGER evidence_added AFTER INSERT ON evidence WHEN new.author = 1 BEGIN INSERT INTO"
	" evidence_held VALUES (new.peer, 0, new.held >> 32, new.held & 0xffffffff), (new.peer,"
	" new.case_no, new.held >> 32, new.held & 0xffffffff) ON CONFLICT (peer, case_no) DO UPDATE SET"
	" high = high + excluded.high, low = low + excluded.low; END;"
	"CREATE TRIGGER evidence_changed AFTER UPDATE ON evidence WHEN new.held <> old.held BEGIN UPDATE"
	" evidence_held SET high = high + (new.held >> 32) - (old.held >> 32), low = low + (new.held &"
	" 0xffffffff) - (old.held & 0xffffffff) WHERE peer = new.peer AND case_no IN (0, new.case_no);"
	" END;"
	"CREATE INDEX evidence_by_case ON evidence (case_no);"
	"CREATE INDEX evidence_by_client ON evidence (client);"
	"CREATE INDEX evidence_by_content ON evidence (sha256);"
	"CREATE INDEX evidence_by_peer ON evidence (peer);"
	"CREATE INDEX evidence_delivered ON evidence (sha256, peer) WHERE author = 1 AND state = 2;"
	"CREATE INDEX evidence_flawed ON evidence (message_id, attachment, flaw) WHERE flaw <> 0;"
	"CREATE INDEX evidence_held_back ON evidence (message_id, attachment) WHERE author = 1 AND state"
	" = 3;"
	"CREATE INDEX evidence_offered ON evidence (peer) WHERE author = 0 AND state = 0;"
	"CREATE INDEX evidence_overdue ON evidence (peer, retain_until) WHERE author = 1 AND state IN (1,"
	" 2) AND hold = 0 AND retain_until > 0 AND retrieved = 1 AND verdict <> 2;"
	"CREATE INDEX evidence_spent ON evidence (peer, settled) WHERE author = 0 AND state IN (2, 5) AND"
	" hold = 0 AND deleted = 0 AND verdict <> 2 AND settled > 0;"
	"CREATE INDEX evidence_unstated ON evidence (case_no) WHERE author = 1 AND unstated = 1;"
	"CREATE INDEX evidence_unverified ON evidence (verified, message_id, attachment, author, deleted,"
	" state, flaw) WHERE ((author = 0 AND deleted = 0) OR (author = 1 AND state = 2)) AND flaw = 0;"
	"CREATE INDEX evidence_waiting ON evidence (peer, priority DESC) WHERE author = 1 AND state = 1;"

	"CREATE TABLE custody_new (no INTEGER PRIMARY KEY, message_id ANY NOT NULL REFERENCES message"
	" (id), attachment INTEGER NOT NULL, at INTEGER NOT NULL, action TEXT NOT NULL, by TEXT NOT NULL,"
	" proof TEXT NOT NULL, leaf INTEGER NOT NULL, generation INTEGER, nonce BLOB, sealed BLOB, form"
	" INTEGER NOT NULL DEFAULT 0, words BLOB NOT NULL DEFAULT x'', from_byte INTEGER NOT NULL DEFAULT"
	" 0, to_byte INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL DEFAULT 0, last INTEGER NOT NULL"
	" DEFAULT 0) STRICT;"
	"INSERT INTO custody_new (no, message_id, attachment, at, action, by, proof, leaf, generation,"
	" nonce, sealed, form, words, from_byte, to_byte, count, last) SELECT no, id_bytes(message_id),"
	" attachment, at, action, by, proof, leaf, generation, nonce, sealed, form, words, from_byte,"
	" to_byte, count, last FROM custody;"
	"DROP TABLE custody; ALTER TABLE custody_new RENAME TO custody;"
	"CREATE INDEX custody_by_age ON custody (at);"
	"CREATE INDEX custody_of_evidence ON custody (message_id, attachment);"
	"CREATE INDEX custody_readings ON custody (message_id, attachment, action, by, at) WHERE count >"
	" 0;"

	"CREATE TABLE follow_new (peer TEXT NOT NULL, follows ANY NOT NULL, case_no INTEGER NOT NULL"
	" REFERENCES case_key, PRIMARY KEY (peer, follows, case_no)) STRICT, WITHOUT ROWID;"
	"INSERT INTO follow_new (peer, follows, case_no) SELECT peer, id_bytes(follows), case_no FROM"
	" follow;"
	"DROP TABLE follow; ALTER TABLE follow_new RENAME TO follow;"

	"CREATE TABLE submission_key_new (client TEXT NOT NULL, key ANY NOT NULL, request BLOB NOT NULL,"
	" message_id ANY NOT NULL, at INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (client, key)) STRICT,"
	" WITHOUT ROWID;"
	"INSERT INTO submission_key_new (client, key, request, message_id, at) SELECT client,"
	" key_bytes(client, key), request, id_bytes(message_id), at FROM submission_key;"
	"DROP TABLE submission_key; ALTER TABLE submission_key_new RENAME TO submission_key;"
	"CREATE INDEX submission_key_by_age ON submission_key (at) WHERE at > 0;"
	"CREATE INDEX submission_key_of_message ON submission_key (message_id) WHERE message_id <> '';"

	"CREATE TABLE event_new (position INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL, at"
	" INTEGER NOT NULL, message INTEGER, peer TEXT, case_id ANY, message_id ANY, client TEXT NOT"
	" NULL, own_reference TEXT NOT NULL, kind INTEGER NOT NULL, number INTEGER NOT NULL, code INTEGER"
	" NOT NULL, text TEXT NOT NULL, case_state TEXT NOT NULL, CHECK ((message IS NULL) = (message_id"
	" IS NOT NULL))) STRICT;"
	"INSERT INTO event_new SELECT e.position, e.type, e.at, m.no, iif(m.no, NULL, e.peer), iif(m.no,"
	" NULL, id_bytes(e.case_id)), iif(m.no, NULL, id_bytes(e.message_id)), e.client, e.own_reference,"
	" e.kind, e.number, e.code, e.text, e.case_state FROM event e LEFT JOIN case_key k ON k.peer ="
	" e.peer AND k.case_id = id_bytes(e.case_id) LEFT JOIN message m ON m.id = id_bytes(e.message_id)"
	" AND m.peer = e.peer AND m.case_no = k.no ORDER BY e.position;"
	"DELETE FROM sqlite_sequence WHERE name = 'event_new'; INSERT INTO sqlite_sequence SELECT"
	" 'event_new', seq FROM sqlite_sequence WHERE name = 'event';"
	"DROP TABLE event; ALTER TABLE event_new RENAME TO event;"
	"CREATE INDEX event_by_client ON event (client) WHERE client <> '';"

	"CREATE TRIGGER evidence_of_case AFTER INSERT ON cases BEGIN UPDATE evidence SET client ="
	" new.client WHERE case_no = new.no; END;"
	"CREATE TRIGGER evidence_of_client AFTER UPDATE OF client ON cases WHEN new.client <> old.client"
	" BEGIN UPDATE evidence SET client = new.client WHERE case_no = new.no; END;";

/* Leaves of a batch are one row (store_sqlite_leaf.c); those of before have each its own. */
static const char migration_034[] =
	"CREATE TABLE leaf_new ("
	" first INTEGER PRIMARY KEY, hashes BLOB NOT NULL, texts BLOB NOT NULL, at INTEGER NOT NULL) STRICT;"
	"INSERT INTO leaf_new SELECT position, hash, leaf_text(data), at FROM leaf ORDER BY position;"
	"DROP TABLE leaf; ALTER TABLE leaf_new RENAME TO leaf;"
	"CREATE INDEX leaf_text ON leaf (first) WHERE texts <> x'';";

/* Number n is applied to a store of version n - 1. */
const char *const store_migrations[] = { NULL,          migration_001, migration_002, migration_003, migration_004,
					 migration_005, migration_006, migration_007, migration_008, migration_009,
					 migration_010, migration_011, migration_012, migration_013, migration_014,
					 migration_015, migration_016, migration_017, migration_018, migration_019,
					 migration_020, migration_021, migration_022, migration_023, migration_024,
					 migration_025, migration_026, migration_027, migration_028, migration_029,
					 migration_030, migration_031, migration_032, migration_033, migration_034 };

const int store_schema_newest = (int)(sizeof store_migrations / sizeof store_migrations[0]) - 1;
