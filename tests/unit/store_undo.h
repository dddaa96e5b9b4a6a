/* What makes a store of today one of version 31 again, as SQL for a connection of SQLite's own. By editing the schema:
 * of most tables the types of columns alone have changed. */
#ifndef CY_TESTS_STORE_UNDO_H
#define CY_TESTS_STORE_UNDO_H

/* An id as text. */
#define ID_HEX(id) "substr(hex(" id "), 1, 8), substr(hex(" id "), 9, 4), substr(hex(" id "), 13, 4)"
#define ID_END(id) "substr(hex(" id "), 17, 4), substr(hex(" id "), 21)"
#define ID_TEXT(id) \
	"iif(typeof(" id ") = 'blob', lower(printf('%s-%s-%s-%s-%s', " ID_HEX(id) ", " ID_END(id) ")), " id ")"

#define RETYPE(table, before) \
	"UPDATE sqlite_schema SET sql = replace(sql, '" before " ANY', '" before " TEXT') WHERE name = '" table "';"
#define AS_TEXT(table, column) \
	"UPDATE " table " SET " column " = " ID_TEXT(column) ";" RETYPE(table, " " column) RETYPE(table, "(" column)

#define IDS_AS_TEXT                       \
	AS_TEXT("case_key", "case_id")    \
	AS_TEXT("cases", "case_id")       \
	AS_TEXT("message", "id")          \
	AS_TEXT("evidence", "message_id") \
	AS_TEXT("custody", "message_id") AS_TEXT("follow", "follows") AS_TEXT("submission_key", "message_id")
#define KEYS_AS_TEXT "UPDATE submission_key SET key = lower(hex(key)) WHERE typeof(key) = 'blob';"
#define CASES_BY_PEER                                                                                     \
	"UPDATE sqlite_schema SET sql = replace(sql, 'UNIQUE (case_id, peer)', 'UNIQUE (peer, case_id)')" \
	" WHERE name = 'cases';"
#define WIDE_EVENTS                                                                                           \
	"CREATE TABLE event_old (position INTEGER PRIMARY KEY AUTOINCREMENT, type INTEGER NOT NULL,"          \
	" at INTEGER NOT NULL, peer TEXT NOT NULL, case_id TEXT NOT NULL, message_id TEXT NOT NULL,"          \
	" client TEXT NOT NULL, own_reference TEXT NOT NULL, kind INTEGER NOT NULL, number INTEGER NOT NULL," \
	" code INTEGER NOT NULL, text TEXT NOT NULL, case_state TEXT NOT NULL) STRICT;"
#define EVENT_IDS "ifnull(" ID_TEXT("e.case_id") ", k.case_id), ifnull(" ID_TEXT("e.message_id") ", m.id)"
#define FILL_EVENTS                                                                                 \
	"INSERT INTO event_old SELECT e.position, e.type, e.at, ifnull(e.peer, m.peer), " EVENT_IDS \
	", e.client, e.own_reference, e.kind, e.number, e.code, e.text, e.case_state FROM event e"  \
	" LEFT JOIN message m ON m.no = e.message LEFT JOIN case_key k ON k.no = m.case_no;"        \
	"DROP TABLE event; ALTER TABLE event_old RENAME TO event;"                                  \
	"CREATE INDEX event_by_client ON event (client) WHERE client <> '';"
#define BEFORE_BYTES                                                                                         \
	BEFORE_PACKING                                                                                       \
	"PRAGMA writable_schema = ON;" WIDE_EVENTS IDS_AS_TEXT KEYS_AS_TEXT RETYPE("submission_key", " key") \
		CASES_BY_PEER FILL_EVENTS                                                                    \
		"CREATE INDEX cases_by_id ON cases (case_id); PRAGMA writable_schema = RESET; REINDEX;"
/* Of rows of one leaf each, with a text of less than 128 bytes or none. */
#define BEFORE_PACKING                                                                            \
	"CREATE TABLE leaf_old (position INTEGER PRIMARY KEY, hash BLOB NOT NULL,"                \
	" data BLOB NOT NULL, at INTEGER NOT NULL DEFAULT 0) STRICT;"                             \
	"INSERT INTO leaf_old SELECT first, hashes, ifnull(substr(texts, 3), x''), at FROM leaf;" \
	"DROP TABLE leaf; ALTER TABLE leaf_old RENAME TO leaf;"                                   \
	"CREATE INDEX leaf_text ON leaf (position) WHERE data <> x'';"
#define BEFORE_FEWER_INDICES                                                                                 \
	BEFORE_BYTES                                                                                         \
	"DROP INDEX message_of_case; DROP INDEX cases_by_own_reference; DROP INDEX cases_by_peer_reference;" \
	"DROP INDEX event_by_client; DROP INDEX parcel_in_flight;"                                           \
	"CREATE UNIQUE INDEX message_of_case ON message (case_no, author, number) WHERE number > 0;"         \
	"CREATE INDEX message_by_case ON message (case_no, author, number);"                                 \
	"CREATE INDEX cases_by_own_reference ON cases (own_reference);"                                      \
	"CREATE INDEX cases_by_peer_reference ON cases (peer_reference);"                                    \
	"CREATE INDEX cases_by_client ON cases (client, case_id);"                                           \
	"CREATE INDEX cases_open ON cases (case_id) WHERE closed = 0;"                                       \
	"CREATE INDEX event_by_client ON event (client);"                                                    \
	"CREATE INDEX statement_of_message ON statement (message);"                                          \
	"CREATE INDEX parcel_in_flight ON parcel (peer, epoch) WHERE author = 0 AND receipt IS NULL;"

#endif
