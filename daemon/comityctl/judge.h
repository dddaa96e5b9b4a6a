/* What an operator has to look at: the state of the service judged against
 * thresholds. `status` and `health` say the same about it. */
#ifndef CY_COMITYCTL_JUDGE_H
#define CY_COMITYCTL_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "comity/v1/local.pb-c.h"

/* Also the exit codes of a Nagios plugin. X(name) */
#define JUDGE_VERDICTS(X) \
	X(OK)             \
	X(WARNING)        \
	X(CRITICAL)       \
	X(UNKNOWN)

enum verdict {
#define X(name) JUDGE_##name,
	JUDGE_VERDICTS(X)
#undef X
};

const char *judge_word(enum verdict v);

/* Thresholds: X(name, option, unit, warning, critical, below, what). Times are in
 * seconds; `below`: it is the low values that are bad. comityctl(1) has the same. */
#define JUDGE_LIMITS(X)                                                                                \
	X(AGE, "age", JUDGE_TIME, 1800, 14400, false, "the oldest message without a receipt is older") \
	X(DOWN, "down", JUDGE_TIME, 900, 14400, false, "a peer has not been connected for longer")     \
	X(FLAPS, "flaps", JUDGE_NUMBER, 6, 30, false, "sessions with a peer ended in an hour, more")   \
	X(SKEW, "skew", JUDGE_TIME, 10, 300, false, "a peer's clock differs from ours by more")        \
	X(CERT, "cert-days", JUDGE_NUMBER, 30, 7, true, "a certificate, ours or a peer's, has fewer")  \
	X(CRL, "crl-days", JUDGE_NUMBER, 3, 1, true, "a newer CRL of our own CA is due in fewer days") \
	X(DISK, "disk", JUDGE_NUMBER, 10, 5, true, "less of the store's file system is free, percent") \
	X(FILES, "files", JUDGE_NUMBER, 80, 95, false, "more of the descriptors are in use, percent")

enum judge_limit {
#define X(name, option, unit, warning, critical, below, what) JUDGE_##name,
	JUDGE_LIMITS(X)
#undef X
	JUDGE_LIMIT_N
};

enum judge_unit {
	JUDGE_TIME,
	JUDGE_NUMBER
};

struct judge_limits {
	int64_t at[JUDGE_LIMIT_N][JUDGE_CRITICAL + 1]; /* [.][JUDGE_WARNING] and [.][JUDGE_CRITICAL] */
};

extern const struct judge_limits judge_defaults;

/* Things of our own. X(name, label) */
#define JUDGE_OWN(X)                    \
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

enum judge_own {
#define X(name, label) JUDGE_OWN_##name,
	JUDGE_OWN(X)
#undef X
	JUDGE_OWN_N
};

const char *judge_own_label(enum judge_own i);

/* `text` describes the thing; of a peer, or of the configuration, it is empty when there is nothing to remark. */
struct judged {
	enum verdict verdict;
	char text[4352];
};

/* What a monitor draws: the worst over all peers and certificates. */
struct judge_sums {
	uint64_t connected, waiting;
	uint32_t unread;
	int64_t unread_s; /* 0: nothing is unread */
	int64_t flaps;
	int64_t oldest_s, down_s, skew_s, round_trip_ms, cert_days, crl_days, disk_free, files; /* -1: unknown */
};

struct judgement {
	enum verdict worst;
	struct judged own[JUDGE_OWN_N];
	struct judged *peers; /* as in the status */
	struct judge_sums sums;
};

void judge(const CyStatus *s, const struct judge_limits *limits, struct judgement *ret_judgement);
void judge_free(struct judgement *j);

/* Does the peer exchange messages with us? */
bool judge_connected(const CyPeerStatus *p);

#endif
