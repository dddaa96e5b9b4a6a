/* AMQP 0-9-1: durable messages, publisher confirms; a consumer that acknowledges many at once. */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include "rival.h"

#define FRAME   131072
#define GRANTED 1000u /* messages that the receiver has not acknowledged */
#define AT_ONCE 100u

static amqp_connection_state_t sender, receiver;
static uint64_t next_tag, done_tag; /* of the sender's channel; number + 1 */
static amqp_envelope_t envelope;
static unsigned unacknowledged;
static int holds;

static void must(amqp_connection_state_t c, const char *what)
{
	if (amqp_get_rpc_reply(c).reply_type != AMQP_RESPONSE_NORMAL)
		rival_die("amqp", what);
}

static amqp_connection_state_t open_connection(int port)
{
	const amqp_connection_state_t c = amqp_new_connection();

	if (amqp_socket_open(amqp_tcp_socket_new(c), "127.0.0.1", port) != AMQP_STATUS_OK)
		rival_die("amqp", "nobody listens");
	if (amqp_login(c, "/", 0, FRAME, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest").reply_type !=
	    AMQP_RESPONSE_NORMAL)
		rival_die("amqp", "the login was refused");
	amqp_channel_open(c, 1);
	must(c, "no channel");
	return c;
}

static void connect_sender(int port)
{
	sender = open_connection(port);
	amqp_confirm_select(sender, 1);
	must(sender, "no confirms");
}

static void send_one(uint64_t number, const void *data, size_t len)
{
	const amqp_basic_properties_t durable = { ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2 };

	next_tag = number + 1;
	if (amqp_basic_publish(sender, 1, amqp_empty_bytes, amqp_cstring_bytes(RIVAL_QUEUE), 1, 0, &durable,
			       (amqp_bytes_t){ len, (void *)(uintptr_t)data }) != AMQP_STATUS_OK)
		rival_die("amqp", "it could not be sent");
}

static void confirmed(int ms, void (*on)(uint64_t number))
{
	struct timeval wait = { 0, ms * 1000 };
	amqp_frame_t f;

	for (;;) {
		const int r = amqp_simple_wait_frame_noblock(sender, &f, &wait);
		const amqp_basic_ack_t *ack = f.payload.method.decoded;

		if (r == AMQP_STATUS_TIMEOUT)
			return;
		if (r != AMQP_STATUS_OK || f.frame_type != AMQP_FRAME_METHOD ||
		    f.payload.method.id != AMQP_BASIC_ACK_METHOD)
			rival_die("amqp", "something else than a confirmation came");
		if (ack->multiple) {
			while (done_tag < ack->delivery_tag)
				on(done_tag++);
		} else {
			on(ack->delivery_tag - 1);
		}
		amqp_maybe_release_buffers(sender);
		wait.tv_usec = 0;
	}
}

static void connect_receiver(int port)
{
	receiver = open_connection(port);
	amqp_basic_qos(receiver, 1, 0, GRANTED, 0);
	must(receiver, "no prefetch");
	amqp_basic_consume(receiver, 1, amqp_cstring_bytes(RIVAL_QUEUE), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
	must(receiver, "no consumer");
}

static void acknowledge_all(void)
{
	if (unacknowledged > 0 && amqp_basic_ack(receiver, 1, envelope.delivery_tag, 1) != AMQP_STATUS_OK)
		rival_die("amqp", "it could not be acknowledged");
	unacknowledged = 0;
}

static const void *receive(int ms, size_t *ret_len)
{
	const struct timeval wait = { 0, ms * 1000 }, none = { 0, 0 };
	amqp_rpc_reply_t reply;

	if (holds)
		amqp_destroy_envelope(&envelope);
	holds = 0;
	*ret_len = 0;
	amqp_maybe_release_buffers(receiver);
	{
		const uint64_t tag = envelope.delivery_tag;

		reply = amqp_consume_message(receiver, &envelope, &none, 0);
		if (reply.reply_type != AMQP_RESPONSE_NORMAL && reply.library_error == AMQP_STATUS_TIMEOUT) {
			envelope.delivery_tag = tag;
			acknowledge_all();
			reply = amqp_consume_message(receiver, &envelope, &wait, 0);
		}
	}
	if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
		if (reply.library_error != AMQP_STATUS_TIMEOUT)
			rival_die("amqp", "the receiver's connection is lost");
		return NULL;
	}
	holds = 1;
	*ret_len = envelope.message.body.len;
	return envelope.message.body.bytes;
}

static void acknowledge(void)
{
	if (++unacknowledged >= AT_ONCE)
		acknowledge_all();
}

const struct rival rival_amqp = { "RabbitMQ",       connect_sender, send_one,   confirmed,
				  connect_receiver, receive,        acknowledge };
