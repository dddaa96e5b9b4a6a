#include "io/service/service_systemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <time.h>
#include <unistd.h>

/* How long a start may go on after it was last said to. */
#define STARTING_MS 60000

/* contrib/systemd/comity.catalog says what to do about each. They never change. */
static const char *const message_ids[NODE_EVENT_NONE] = {
	[NODE_EVENT_READY] = "82b1b874ee1c453995785476cb741f0c",
	[NODE_EVENT_STOPPING] = "1c951e6a67d942cdb38f00b9d2ac9546",
	[NODE_EVENT_RELOADED] = "2c821883a1ca40a3a1543b46a03037ab",
	[NODE_EVENT_RELOAD_REFUSED] = "22c9e8dbe42748f89a63e9f7c871d7a3",
	[NODE_EVENT_RESTART_NEEDED] = "eb61fe036a7940de87959b89e07ca7ce",
	[NODE_EVENT_START_FAILED] = "a105ed42f18742b38d9854e7d448f325",
	[NODE_EVENT_PEER_UP] = "441d84b6e38747b6b4a38a90e2f0723b",
	[NODE_EVENT_PEER_DOWN] = "9d592ba6292d4e8c8bd796adced34474",
	[NODE_EVENT_PEER_UNREACHABLE] = "4f32f22ed59244309ac36b589d4c194a",
	[NODE_EVENT_PEER_TRUST] = "a0db7339890b482b89a68a2eee59b6f7",
	[NODE_EVENT_PEER_FAULT] = "00fbf8ccf22842c2899d0ae38e566968",
	[NODE_EVENT_SIGNED_TIME] = "f4dfbb1242104a85910be019e44652c0",
	[NODE_EVENT_CALLER_REFUSED] = "02d904bed2db442a8be62308748ffc5c",
	[NODE_EVENT_REJECTED] = "980cf481a3bc4d5e9d3be1f89c9e715d",
	[NODE_EVENT_UNREAD] = "8d0f3a6c51f94e0ab7c2d94e6b1f7a35",
	[NODE_EVENT_UNDELIVERED] = "44780466092b46b6ad6383a7486f761c",
	[NODE_EVENT_RESTORED] = "4e09b21222494dfdb6eea0cfebf3774a",
	[NODE_EVENT_STORE] = "5e18a6c2aede40b3a240f509e01fbebe",
	[NODE_EVENT_SIGNING] = "b8f10b4bb79b44279c1ca0663c9e1e6c",
	[NODE_EVENT_CLOCK] = "fd07aa1458304bb1ac3ac9cba1004cef",
	[NODE_EVENT_ESCALATION] = "5f0c1d7be9c94f6b8a5f4c6f1f0f3a52",
	[NODE_EVENT_HOOK] = "0d1f6b0e6d0c4a7a9f4b8a35c2a1be77",
	[NODE_EVENT_EVIDENCE] = "70c90848ee6f44eb8532e900c8495b47",
};

/* ----------------------------------------------------------------- sockets */

int service_take_sockets(struct service_sockets *ret_sockets, struct cy_error *e)
{
	const int n = sd_listen_fds(1);

	*ret_sockets = (struct service_sockets){ .local = -1 };
	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++) {
		const bool tls =
			sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) > 0 || sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) > 0;

		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, NULL, 0) > 0 && ret_sockets->local < 0)
			ret_sockets->local = fd;
		else if (tls && ret_sockets->n_tls < SERVICE_LISTEN_MAX)
			ret_sockets->tls[ret_sockets->n_tls++] = fd;
		else
			return cy_fail(
				e, CY_ECONFIG,
				"a socket was passed in that has no use here; one unix and at most %d TCP stream "
				"sockets are expected; correct the ListenStream= lines of the socket unit",
				SERVICE_LISTEN_MAX);
	}
	return CY_OK;
}

/* ------------------------------------------------------------------- state */

void service_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_starting(const char *status)
{
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu\nSTATUS=%s", STARTING_MS * 1000ull, status);
}

void service_reloading(void)
{
	struct timespec t;

	CY_ASSERT(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=Reading the configuration again",
		   (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u);
}

void service_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

void service_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=Saying goodbye to peers");
}

void service_alive(void)
{
	sd_notify(0, "WATCHDOG=1");
}

int64_t service_watchdog_ms(void)
{
	uint64_t usec = 0;

	return sd_watchdog_enabled(0, &usec) > 0 ? (int64_t)(usec / 1000) : 0;
}

/* ----------------------------------------------------------------- journal */

/* JOURNAL_STREAM names the stream that the journal gave us, systemd.exec(5). */
static bool stderr_is_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (known >= 0)
		return known;
	known = 0;
	if (stream != NULL && fstat(STDERR_FILENO, &st) == 0) {
		snprintf(mine, sizeof mine, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
		known = strcmp(mine, stream) == 0;
	}
	return known;
}

void service_log(enum node_level level, enum node_event event, const char *authority, const char *peer,
		 const char *text)
{
	static const char *const words[] = { "debug", "info", "warning", "ALARM" };
	static const int priorities[] = { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ALERT };
	char field[5][700];
	struct iovec iov[5];
	int n = 0;

	if (!stderr_is_journal()) {
		fprintf(stderr, "%s: %s\n", words[level], text);
		return;
	}
	snprintf(field[n++], sizeof field[0], "MESSAGE=%s", text);
	snprintf(field[n++], sizeof field[0], "PRIORITY=%d", priorities[level]);
	if (event != NODE_EVENT_NONE)
		snprintf(field[n++], sizeof field[0], "MESSAGE_ID=%s", message_ids[event]);
	if (authority[0] != '\0')
		snprintf(field[n++], sizeof field[0], "COMITY_AUTHORITY=%s", authority);
	if (peer[0] != '\0')
		snprintf(field[n++], sizeof field[0], "COMITY_PEER=%s", peer);
	for (int i = 0; i < n; i++)
		iov[i] = (struct iovec){ field[i], strlen(field[i]) };
	sd_journal_sendv(iov, n);
}
