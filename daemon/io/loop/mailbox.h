/* A queue of small letters from one thread to another, with a wake-up of the
 * receiver's event loop: all that the main and the gate thread share, and how results
 * come from the thread of the evidence files. */
#ifndef CY_IO_LOOP_MAILBOX_H
#define CY_IO_LOOP_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct event;
struct event_base;

/* Sender and receiver agree on the meaning of a letter; see gate_tls.h. */
struct mail {
	struct mail *next;
	int what;
	uint64_t conn;
	size_t peer;
	unsigned lane;
	bool dialled;
	bool refused;            /* a certificate was the reason */
	int64_t certificate_end; /* ms since 1970 */
	uint8_t source[16];      /* whom a caller counts as, by its address */
	uint8_t exporter[32];    /* of a connection: its channel binding; SHA-256 of both certificates */
	uint8_t theirs[32], ours[32];
	void *data; /* taken over by the receiver */
	char address[64];
	char text[256];
};

struct mailbox {
	pthread_mutex_t lock;
	struct mail *first, **last;
	size_t n;
	int fd;
	struct event *wake;
	void (*take)(void *ctx, const struct mail *m);
	void *ctx;
};

/* `take` is called in the thread that runs `base`, for each letter in order. */
int mailbox_init(struct mailbox *b, struct event_base *base, void (*take)(void *ctx, const struct mail *m), void *ctx,
		 struct cy_error *e);
/* Any thread. The letter is copied. */
void mailbox_post(struct mailbox *b, const struct mail *m);
/* The same for letters that may get lost: false, and nothing is queued, when
 * `most` letters wait already. */
bool mailbox_post_most(struct mailbox *b, const struct mail *m, size_t most);
/* After the other thread has ended. Letters not taken are thrown away. */
void mailbox_free(struct mailbox *b);

#endif
