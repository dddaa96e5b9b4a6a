/* The health of the service: its status compared with thresholds, as findings that an operator
 * has to look at. The commands `status` and `health` both show it. */
#ifndef CY_COMITYCTL_HEALTH_H
#define CY_COMITYCTL_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "comity/v1/local.pb-c.h"

/* Also the exit codes of a Nagios plugin. X(name) */
#define HEALTH_LEVELS(X) \
	X(OK)            \
	X(WARNING)       \
	X(CRITICAL)      \
	X(UNKNOWN)

enum health_level {
#define X(name) HEALTH_##name,
	HEALTH_LEVELS(X)
#undef X
};

const char *health_word(enum health_level v);

/* Thresholds: X(name, option, unit, warning, critical, below, what). Times are in
 * seconds; `below`: it is the low values that are bad. comityctl(1) has the same. */
#define HEALTH_LIMITS(X)                                                                                \
	X(AGE, "age", HEALTH_TIME, 1800, 14400, false, "the oldest message without a receipt is older") \
	X(DOWN, "down", HEALTH_TIME, 900, 14400, false, "a peer has not been connected for longer")     \
	X(FLAPS, "flaps", HEALTH_NUMBER, 6, 30, false, "sessions with a peer ended in an hour, more")   \
	X(SKEW, "skew", HEALTH_TIME, 10, 300, false, "a peer's clock differs from ours by more")        \
	X(CERT, "cert-days", HEALTH_NUMBER, 30, 7, true, "a certificate, ours or a peer's, has fewer")  \
	X(CRL, "crl-days", HEALTH_NUMBER, 3, 1, true, "a newer CRL of our own CA is due in fewer days") \
	X(DISK, "disk", HEALTH_NUMBER, 10, 5, true, "less of the store's file system is free, percent") \
	X(FILES, "files", HEALTH_NUMBER, 80, 95, false, "more of the descriptors are in use, percent")

enum health_limit {
#define X(name, option, unit, warning, critical, below, what) HEALTH_##name,
	HEALTH_LIMITS(X)
#undef X
	HEALTH_LIMIT_N
};

enum health_unit {
	HEALTH_TIME,
	HEALTH_NUMBER
};

struct health_limits {
	int64_t at[HEALTH_LIMIT_N][HEALTH_CRITICAL + 1]; /* [.][HEALTH_WARNING] and [.][HEALTH_CRITICAL] */
};

extern const struct health_limits health_defaults;

/* Things of our own. X(name, label) */
#define HEALTH_OWN(X)                   \
	X(STORE, "Store")               \
	X(DISK_FREE, "Disk")            \
	X(CLOCK, "Clock")               \
	X(CERTIFICATES, "Certificates") \
	X(SIGNING, "Signing")           \
	X(PROCESS, "Process")           \
	X(CONFIG, "Configuration")      \
	X(TREATIES, "Treaties")         \
	X(EVIDENCE, "Evidence")         \
	X(INCOMING, "Incoming")

enum health_own {
#define X(name, label) HEALTH_OWN_##name,
	HEALTH_OWN(X)
#undef X
	HEALTH_OWN_N
};

const char *health_own_label(enum health_own i);

/* `text` describes the thing; of a peer, or of the configuration, it is empty when there is nothing to remark. */
struct health_finding {
	enum health_level level;
	char text[4352];
};

/* Figures for a monitor: the worst values over all peers and certificates. */
struct health_sums {
	uint64_t connected, waiting;
	uint32_t unread;
	int64_t unread_s; /* 0: nothing is unread */
	int64_t flaps;
	int64_t oldest_s, down_s, skew_s, round_trip_ms, cert_days, crl_days, disk_free, files; /* -1: unknown */
};

struct health {
	enum health_level worst;
	struct health_finding own[HEALTH_OWN_N];
	struct health_finding *peers; /* as in the status */
	struct health_sums sums;
};

void health_assess(const CyStatus *s, const struct health_limits *limits, struct health *ret_health);
void health_free(struct health *h);

/* Does the peer exchange messages with us? */
bool health_connected(const CyPeerStatus *p);

#endif
