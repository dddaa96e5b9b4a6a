/* Is the peer still there?
 *
 * libzmq sends a PING at each heartbeat and answers one, but does not judge, and
 * nor does TCP_USER_TIMEOUT: their clocks run out while a PING, or the
 * acknowledgement of one, waits behind a parcel on a slow line, and the session
 * would be lost at each try. A sign of life is here new data from the peer, or that
 * more of ours was acknowledged than heartbeats are. These are the kernel's counts:
 * what it repeats or gets repeated on a broken path does not count, and what came
 * while the gate itself was held up does. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>

#include "io/gate/gate_tls_internal.h"
#include "io/loop/loop_event.h"

#define LOOKS           8    /* in the time of silence */
#define HEARTBEAT_BYTES 1024 /* more than PING and PONG of a look take, inside TLS */

static bool signs_of_life(struct gate_conn *c)
{
	struct tcp_info now = { 0 };
	socklen_t len = sizeof now;
	uint64_t received, acked;

	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &now, &len) != 0)
		return true;
	/* Behind a hole there may be much that came, and on a slow line it stays long. */
	received = now.tcpi_bytes_received + now.tcpi_rcv_ooopack - c->received;
	acked = now.tcpi_bytes_acked - c->acked;
	c->received += received;
	c->acked += acked;
	if (received > 0 || acked > HEARTBEAT_BYTES)
		return true;
	/* When we take nothing more it cannot speak; but its TCP answers. */
	return c->to_ipc.len > 0 && (acked > 0 || now.tcpi_unacked == 0);
}

static void on_alive_check(evutil_socket_t fd, short what, void *arg)
{
	struct gate_conn *c = arg;
	int64_t now = loop_mono().ms;
	char why[sizeof c->why];

	(void)fd;
	(void)what;
	if (c->state != CONN_PUMP) {
		event_del(c->alive_check);
		return;
	}
	if (signs_of_life(c))
		c->alive = now;
	if (now - c->alive < c->g->config.silence_ms)
		return;
	snprintf(why, sizeof why, "no sign of life for %lld s", (long long)((now - c->alive) / 1000));
	conn_end(c, why, true);
}

void conn_watch_life(struct gate_conn *c)
{
	const int64_t ms = c->g->config.silence_ms / LOOKS;
	const struct timeval tv = { .tv_sec = (time_t)(ms / 1000), .tv_usec = (suseconds_t)(ms % 1000 * 1000) };

	c->alive = loop_mono().ms;
	c->alive_check = event_new(c->g->base, -1, EV_PERSIST, on_alive_check, c);
	CY_ASSERT(c->alive_check && event_add(c->alive_check, &tv) == 0);
}
