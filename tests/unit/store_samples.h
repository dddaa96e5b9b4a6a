/* Rows for tests of a store, with all that a test does not care about. */
#ifndef CY_TESTS_STORE_SAMPLES_H
#define CY_TESTS_STORE_SAMPLES_H

#include "port/store_rows.h"

/* What people wrote. */
#define MARKER "the-marker-that-must-not-be-found"

static inline struct cy_digest sample_digest(char c)
{
	return cy_sha256(cy_bytes(&c, 1));
}

/* A case with IE that we have opened. */
static inline struct store_case sample_case(const char *case_id, const char *client, const char *own, const char *peer)
{
	return (struct store_case){ .peer = "IE",
				    .case_id = case_id,
				    .side = CY_SIDE__REQUESTING,
				    .own_reference = own,
				    .peer_reference = peer,
				    .client = client,
				    .title = MARKER,
				    .instrument = "us-ie-2001",
				    .state = "TRANSMITTED" };
}

/* A message of ours to IE that has not left. */
static inline struct store_message sample_message(const char *case_id, const char *id, uint32_t number,
						  CyPriority priority)
{
	return (struct store_message){ .id = id,
				       .peer = "IE",
				       .case_id = case_id,
				       .author = STORE_OWN,
				       .number = number,
				       .kind = 1,
				       .priority = priority,
				       .created = { 1000 + number },
				       .size = sizeof MARKER - 1,
				       .transport = STORE_QUEUED,
				       .void_reason = "",
				       .client = "desk",
				       .fact = cy_bytes("fact", 4),
				       .content = cy_bytes(MARKER, sizeof MARKER - 1) };
}

static inline struct store_evidence sample_evidence(const char *peer, const char *case_id, const char *message,
						    uint32_t attachment, enum store_author author,
						    enum store_evidence_state state)
{
	return (struct store_evidence){ .message_id = message,
					.attachment = attachment,
					.peer = peer,
					.case_id = case_id,
					.author = author,
					.number = 1,
					.priority = CY_PRIORITY__NORMAL,
					.size = 100,
					.sha256 = sample_digest('x'),
					.root = sample_digest('r'),
					.state = state,
					.reason = "" };
}

#endif
