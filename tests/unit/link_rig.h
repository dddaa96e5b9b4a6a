/* Links on the loopback for link_test.c: what happened to each is counted, and
 * waiting is running the loop until a condition holds. */
#ifndef LINK_RIG_H
#define LINK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/link_zmq.h"

#define DEADLINE_S 60

extern char rig_dir[];
extern struct event_base *rig_base;

/* One authority. Settings stand before node_start(). */
struct node_rig {
	const char *id, *peer;
	const char *certificate, *key, *anchors, *crl, *san; /* NULL: the usual ones */
	int64_t crl_grace_s, crl_max_age_s;
	const char *listen; /* NULL: none */
	char dial[64];      /* empty: not dialled */
	struct link_config config;
	bool loud, echo;

	struct link *link;
	struct link_port port;
	uint64_t session; /* the newest that is up, 0: none */
	unsigned ups, downs, frames, writables, failed, refusals, certificates, alarms;
	uint64_t next_number;
	bool disorder;
	size_t bytes;
	char why[256], refused[256], alarm[256];
};

int node_try(struct node_rig *n, struct cy_error *e);
void node_start(struct node_rig *n);
void node_stop_link(struct node_rig *n);
/* Dial where `to` listens. */
void node_dials(struct node_rig *n, const struct node_rig *to);
/* Send numbered frames of `size` bytes until `count` are out or the queue is full. */
void node_send(struct node_rig *n, uint64_t *number, uint64_t count, size_t size);

const char *rig_path(const char *name);
void rig_turn(void);
uint16_t rig_free_port(void);
/* A raw TCP connection to the node's first listener. */
int rig_tcp(const struct node_rig *to);
/* What a shell command prints, while the loop runs on. */
void rig_shell(const char *command, char *out, size_t size, size_t *ret_len);

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
