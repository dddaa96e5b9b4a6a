/* Numbered messages to broker A, received from broker B: rate, or latency one at a time, as one line of JSON. A broker
 * confirms what it holds; how A and B carry it between them is their configuration (rivals.py). */
#include "rival.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char HELP[] =
	"rival amqp|nats PORT_A PORT_B MESSAGES WINDOW BYTES\n"
	"WINDOW: messages that A has not confirmed, at most; 1: one at a time, until B has given it out\n";

#define STALLED 30 /* s */

static const struct rival *r;
static int port_b;
static uint64_t n;
static double *sent, *took;
static bool *is_confirmed, *has_come;
static _Atomic uint64_t confirmed, come;
static uint64_t twice;
static double last_come;
static sem_t one_came;

void rival_die(const char *what, const char *why)
{
	fprintf(stderr, "rival: %s: %s\n", what, why);
	exit(1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_confirmed(uint64_t number)
{
	if (number < n && !is_confirmed[number]) {
		is_confirmed[number] = true;
		confirmed++;
	}
}

static void *receive_all(void *arg)
{
	double moved = now();

	(void)arg;
	while (come < n) {
		size_t len;
		const void *data = r->receive(100, &len);
		uint64_t number;

		if (now() - moved > STALLED)
			rival_die(r->name, "no message has come for 30 s");
		if (len < sizeof number)
			continue;
		moved = now();
		memcpy(&number, data, sizeof number);
		r->acknowledge();
		if (number >= n)
			continue;
		if (has_come[number]) {
			twice++;
			continue;
		}
		has_come[number] = true;
		took[number] = moved - sent[number];
		last_come = moved;
		come++;
		sem_post(&one_came);
	}
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	uint64_t window, next = 0;
	size_t bytes;
	uint8_t *data;
	double start;
	pthread_t receiver;

	if (argc != 7) {
		fputs(HELP, stderr);
		return 2;
	}
	r = strcmp(argv[1], "amqp") == 0 ? &rival_amqp : &rival_nats;
	port_b = atoi(argv[3]);
	n = strtoull(argv[4], NULL, 10);
	window = strtoull(argv[5], NULL, 10);
	bytes = strtoull(argv[6], NULL, 10);
	data = malloc(bytes);
	sent = calloc(n, sizeof *sent);
	took = calloc(n, sizeof *took);
	is_confirmed = calloc(n, sizeof *is_confirmed);
	has_come = calloc(n, sizeof *has_come);
	if (n == 0 || bytes < sizeof next || data == NULL || sent == NULL || took == NULL || is_confirmed == NULL ||
	    has_come == NULL)
		rival_die("start", "too few bytes, no messages, or no memory");
	memset(data, 'x', bytes);
	r->connect_receiver(port_b);
	r->connect_sender(atoi(argv[2]));
	sem_init(&one_came, 0, 0);
	start = now();
	if (pthread_create(&receiver, NULL, receive_all, NULL) != 0)
		rival_die("start", "no thread");
	while (confirmed < n) {
		while (next < n && next - confirmed < window) {
			memcpy(data, &next, sizeof next);
			sent[next] = now();
			r->send(next++, data, bytes);
			if (next % 64 == 0 || window == 1)
				r->confirmed(0, on_confirmed);
			if (window == 1)
				sem_wait(&one_came);
		}
		r->confirmed(10, on_confirmed);
	}
	pthread_join(receiver, NULL);
	qsort(took, n, sizeof *took, by_size);
	printf("{\"messages\": %llu, \"per_s\": %.1f, \"twice\": %llu, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"p99.9_ms\": %.3f}\n",
	       (unsigned long long)n, (double)n / (last_come - start), (unsigned long long)twice, took[n / 2] * 1e3,
	       took[n * 99 / 100] * 1e3, took[n * 999 / 1000] * 1e3);
	return 0;
}
