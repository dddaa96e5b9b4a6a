/* What the files of this sub-room share about the bytes that local clients hand over (upload.c) and get (download.c).
 */
#ifndef CY_NODE_EVIDENCE_UPLOADS_H
#define CY_NODE_EVIDENCE_UPLOADS_H

#include "node/evidence/tickets.h"

#define UPLOADS_MAX       64u /* open uploads in memory; and one of each client */
#define UPLOADS_OF_CLIENT 16u /* of them of one client */
#define UPLOADS_LEFT_MAX  64u /* of one client, with which nobody goes on */
#define UPLOAD_WAITS_MAX  4u  /* frames of a client that are not written yet */

enum upload_state {
	UPLOAD_OPENING,
	UPLOAD_READY,
	UPLOAD_COPYING,
	UPLOAD_FINISHING
};

/* A frame of data that the blobs port had no room for. */
struct upload_late {
	struct upload_late *next;
	uint64_t correlation, offset;
	struct blob_bytes data;
};

struct upload {
	struct upload *next;
	uint32_t id;
	char client[CY_CLIENT_MAX + 1], key[CY_KEY_MAX + 1];
	char part[BLOB_NAME_MAX + 1];
	uint64_t conn;        /* who feeds it; 0: the client has gone */
	uint64_t correlation; /* of the frame that has opened it */
	enum upload_state state;
	uint64_t taken, stored, told; /* bytes: taken over, written, told as written */
	uint64_t size;                /* 0: not known */
	uint64_t stored_before; /* bytes that the client had handed over and not attached, when that was read last */
	uint64_t before;        /* bytes of all its other uploads: those, open ones and left ones */
	unsigned waits;         /* frames that are not written yet */
	struct upload_late *late, **last_late;
	struct {
		bool asked;
		uint64_t correlation, size;
		struct cy_digest sha256;
		bool stated;
	} finish;
};

void upload_free(struct node *n);
void upload_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
void upload_retry(struct node *n);
/* Its part is thrown away, and with it this upload, if it is open (NULL: it is not). */
void upload_throw_away(struct node *n, struct upload *u, const char *part);
/* The part that it is put into. */
void upload_part(const char *client, const char *key, char ret[static BLOB_NAME_MAX + 1]);
/* Bytes that it may have in all, by the quota of its client and what else that has: `before`. */
uint64_t upload_quota(struct node *n, struct upload *u);
/* Uploads of the same client with which nobody goes on. */
size_t upload_left(const struct node *n, const struct upload *u);

/* Why an attachment that no disk has spoilt cannot be had; NULL: it can. */
const char *download_not_here(const struct store_evidence *row);
void download_done(struct node *n, struct blob_ticket *t, struct blob_result *r);
/* The client is told that what it reads cannot be read: after download_done(), which has recorded why. */
void download_refuse(struct node *n, const struct blob_ticket *t, int code);
void download_retry(struct node *n);

#endif
