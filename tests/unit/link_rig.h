/* Links on the loopback for link_test.c and link_bulk_test.c: what happened to each is counted, and
 * waiting is running the loop until a condition holds. */
#ifndef LINK_RIG_H
#define LINK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/link/link_zmq.h"

#define DEADLINE_S 60

extern char rig_dir[];
extern struct event_base *rig_base;

/* What happened on the bulk lane. */
struct bulk_rig {
	struct bulk_port port;
	uint64_t session;          /* 0: none is up */
	struct link_connection on; /* of the newest */
	unsigned ups, downs, frames, writables;
	unsigned failed, failed_told; /* attempts to dial; those that the journal shows */
	uint64_t next_number;
	bool disorder;
	char why[256];
};

/* One authority. Settings stand before node_start(). */
struct node_rig {
	const char *id, *peer;
	const char *certificate, *key, *anchors, *crl, *san; /* NULL: the usual ones */
	int64_t crl_grace_s, crl_max_age_s;
	const char *listen; /* NULL: none */
	char dial[64];      /* empty: not dialled */
	struct link_config config;
	bool echo, no_bulk;
	bool unproven;             /* no session is called proven, */
	bool by_frame;             /* but for one on which a frame has come */
	struct link_connection on; /* of the newest session */

	struct link *link;
	struct link_port port;
	uint64_t session; /* the newest that is up, 0: none */
	unsigned ups, downs, frames, writables, failed, refusals, certificates, alarms;
	uint64_t next_number;
	bool disorder;
	char why[256], refused[256], alarm[256];
	struct bulk_rig bulk;
};

int node_try(struct node_rig *n, struct cy_error *e);
void node_start(struct node_rig *n);
void node_stop_link(struct node_rig *n);
/* Dial where `to` listens. */
void node_dials(struct node_rig *n, const struct node_rig *to);
/* Send numbered frames of `size` bytes until `count` are out or the queue is full. */
void node_send(struct node_rig *n, uint64_t *number, uint64_t count, size_t size);

/* US-OIA listens, IE dials; both with what the test has changed. */
void start_pair(struct node_rig *us, struct node_rig *ie);
void stop_pair(struct node_rig *us, struct node_rig *ie);
void start_acceptor(struct node_rig *us);
/* So many messages both ways. */
void exchange(struct node_rig *a, struct node_rig *b, uint64_t count, size_t size);

/* A numbered frame for the bulk lane, and how often each number's was released. */
#define RIG_FRAMES 4096u
extern atomic_uint rig_released[RIG_FRAMES];
struct blob_bytes rig_bulk_frame(uint64_t number, size_t size);

const char *rig_path(const char *name);
void rig_turn(void);
uint16_t rig_free_port(void);
/* A raw TCP connection to the node's first listener. */
int rig_tcp(const struct node_rig *to);
/* openssl s_client with these options against the node's listener. */
void s_client(const struct node_rig *to, const char *options, char *out, size_t size, size_t *ret_len);
/* What a shell command prints, while the loop runs on. */
void rig_shell(const char *command, char *out, size_t size, size_t *ret_len);

int group_setup(void **state);
int group_teardown(void **state);
int test_setup(void **state);
int test_teardown(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, test_setup, test_teardown)

#define RUN_UNTIL(cond)                                                 \
	do {                                                            \
		time_t rig_end = time(NULL) + DEADLINE_S;               \
		while (!(cond)) {                                       \
			rig_turn();                                     \
			if (time(NULL) > rig_end)                       \
				fail_msg("never came true: %s", #cond); \
		}                                                       \
	} while (0)

#endif
