/* libsystemd: what the service manager is told, the sockets that it passes, and its
 * journal. Without systemd nothing is told, nothing is passed, and lines go to
 * standard error. Main thread only. */
#ifndef CY_IO_SERVICE_SERVICE_SYSTEMD_H
#define CY_IO_SERVICE_SERVICE_SYSTEMD_H

#include <stdint.h>

#include "base/error.h"
#include "port/ports.h"

#define SERVICE_LISTEN_MAX 16

/* Listening sockets that were passed in, told apart by their family. */
struct service_sockets {
	int local; /* unix; -1: none */
	int tls[SERVICE_LISTEN_MAX];
	size_t n_tls;
};

/* Once. CY_ECONFIG when something else was passed, or too much. */
int service_take_sockets(struct service_sockets *ret_sockets, struct cy_error *e);

/* `status` is a line for people. */
void service_ready(const char *status);
/* It is not ready yet, and goes on for another minute at least: said again and again, it is not given up. */
void service_starting(const char *status);
void service_reloading(void);
void service_status(const char *status);
void service_stopping(void);

/* All that must make progress has: put off the watchdog. */
void service_alive(void);
/* How often that is expected at the latest, ms; 0: nobody watches. */
int64_t service_watchdog_ms(void);

/* One line: to the journal with its fields when standard error is the journal,
 * otherwise as "level: text". `authority` and `peer` may be "". */
void service_log(enum node_level level, enum node_event event, const char *authority, const char *peer,
		 const char *text);

#endif
