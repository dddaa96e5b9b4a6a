/* What the driver of RabbitMQ and NATS (rival.c) asks of each of them. Whatever fails ends the program with a sentence.
 */
#ifndef TESTS_BENCH_RIVAL_H
#define TESTS_BENCH_RIVAL_H

#include <stddef.h>
#include <stdint.h>

/* The sender's and the receiver's functions are called by a thread each. */
struct rival {
	const char *name;
	void (*connect_sender)(int port);
	/* May wait in a buffer until confirmed() is called. */
	void (*send)(uint64_t number, const void *data, size_t len);
	/* Waits so long, and tells which messages the broker holds. */
	void (*confirmed)(int ms, void (*on)(uint64_t number));
	void (*connect_receiver)(int port);
	/* The next message, valid until the next call; len 0: none came in that time. */
	const void *(*receive)(int ms, size_t *ret_len);
	/* The message that was received last is dealt with. */
	void (*acknowledge)(void);
};
extern const struct rival rival_amqp, rival_nats;

#define RIVAL_QUEUE "bench"
void rival_die(const char *what, const char *why) __attribute__((noreturn));

#endif
