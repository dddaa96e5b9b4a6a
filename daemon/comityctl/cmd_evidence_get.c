/* evidence get: takes an attachment out, verified against the signed message. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/harmless.h"
#include "comityctl/attach.h"
#include "comityctl/file.h"
#include "comityctl/meter.h"
#include "comityctl/out.h"
#include "comityctl/upload.h"

#define PATIENCE_MS (5 * 60 * 1000)
#define BUFFER      (1024u * 1024u)

static const char help[] = "usage: comityctl evidence get MESSAGE-ID/N [--output FILE|DIR|-] [--descriptor] [--force]\n"
			   "                              [--progress]\n"
			   "\n"
			   "Writes an attachment into a file, verified against the digest in the signed message as\n"
			   "it is written. Until all of it is there and synced it lies beside that under a name of\n"
			   "its own, .comityctl-MESSAGE-ID-N.part; the same command goes on with that after an\n"
			   "interruption. It is recorded in the chain of custody.\n"
			   "\n"
			   "  --output FILE|DIR|-  where (default: the name in the message, in this directory);\n"
			   "                       '-' is standard output: what was written is to be believed only\n"
			   "                       if the exit code is 0\n"
			   "  --descriptor         by an open file of the daemon's instead of frames: quicker\n"
			   "  --force              overwrite a file of yours that is there; nothing else is\n"
			   "  --progress           tell by lines how far it is, where there is no terminal\n";

struct getting {
	struct ctl *ctl;
	struct attach_ref ref;
	const CyAttachment *what;
	char path[4096], part[4096];
	int fd;
	uint64_t offset; /* bytes that are written */
	struct cy_sha256_stream hash;
	struct meter meter;
	bool resumed, force, to_stdout;
};

static int problem(const char *file)
{
	return ctl_fail(CTL_BAD_FILE, "%s: %s", file, strerror(errno));
}

/* -------------------------------------------------------------------- where to */

/* The name is the other side's: nothing that surprises whoever lists the directory. */
static bool name_is_plain(const char *name)
{
	struct cy_buf b = CY_BUF(4096);
	bool plain = attach_name_valid(name) && name[0] != '.' && name[0] != '-' &&
		     cy_harmless(&b, name, strlen(name), false, NULL) == CY_OK &&
		     strcmp((const char *)b.data, name) == 0;

	cy_buf_free(&b);
	return plain;
}

/* In the same directory, under a name of this command's own, which no attachment has: those that begin with a dot are
 * not taken. The same attachment has the same one each time. */
static int choose_part(struct getting *g)
{
	const char *slash = strrchr(g->path, '/');
	int n = snprintf(g->part, sizeof g->part, "%.*s.comityctl-%s-%u.part",
			 slash != NULL ? (int)(slash - g->path) + 1 : 0, g->path, g->ref.message_id, g->ref.attachment);

	return n < (int)sizeof g->part ? 0 : -1;
}

static int choose_path(struct getting *g, const char *output)
{
	const char *name = g->what->name;
	struct stat st;
	int n;

	g->to_stdout = output != NULL && strcmp(output, "-") == 0;
	if (g->to_stdout)
		return CTL_DONE;
	if (output != NULL && (stat(output, &st) < 0 || !S_ISDIR(st.st_mode)))
		n = snprintf(g->path, sizeof g->path, "%s", output);
	else if (!name_is_plain(name))
		return ctl_fail(CTL_BAD_FILE, "'%s' is not a plain name for a file; say one with --output FILE", name);
	else
		n = snprintf(g->path, sizeof g->path, "%s%s%s", output != NULL ? output : "", output != NULL ? "/" : "",
			     name);
	if (n >= (int)sizeof g->path || choose_part(g) < 0)
		return ctl_fail(CTL_BAD_FILE, "the path is too long; say a shorter one with --output FILE");
	if (file_may_replace(g->path, "--output") != CTL_DONE)
		return CTL_BAD_FILE;
	if (!g->force && lstat(g->path, &st) == 0)
		return ctl_fail(CTL_BAD_FILE,
				"%s: it is there already; name another with --output FILE, or use --force", g->path);
	return CTL_DONE;
}

/* Bytes that an earlier run has left are hashed again: they count only if they are right. */
static int rehash(struct getting *g)
{
	uint8_t *data = malloc(BUFFER);
	int r = CTL_DONE;

	CY_ASSERT(data != NULL);
	for (;;) {
		ssize_t n = upload_read(g->fd, g->part, data, BUFFER);

		if (n < 0)
			r = CTL_BAD_FILE;
		if (n <= 0)
			break;
		cy_sha256_update(&g->hash, cy_bytes(data, (size_t)n));
		g->offset += (uint64_t)n;
		meter_at(&g->meter, g->offset);
	}
	free(data);
	g->resumed = g->offset > 0;
	return r;
}

static int open_part(struct getting *g)
{
	struct stat st;

	if (g->to_stdout) {
		g->fd = STDOUT_FILENO;
		return CTL_DONE;
	}
	if (file_may_replace(g->part, "--output") != CTL_DONE)
		return CTL_BAD_FILE;
	g->fd = open(g->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (g->fd < 0)
		return problem(g->part);
	if (fstat(g->fd, &st) < 0)
		return problem(g->part);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
		return ctl_fail(CTL_BAD_FILE,
				"%s: it is not a file of this command; remove it, or name another with --output",
				g->part);
	if (flock(g->fd, LOCK_EX | LOCK_NB) < 0)
		return ctl_fail(CTL_BAD_FILE, "%s: another command is writing it; wait for that one", g->part);
	if ((uint64_t)st.st_size > g->what->size) {
		if (ftruncate(g->fd, 0) < 0)
			return problem(g->part);
		st.st_size = 0;
	}
	return st.st_size ? rehash(g) : CTL_DONE;
}

static int put(struct getting *g, const uint8_t *data, size_t len)
{
	struct pollfd room = { .fd = g->fd, .events = POLLOUT };
	size_t done = 0;

	cy_sha256_update(&g->hash, cy_bytes(data, len));
	while (done < len) {
		ssize_t n = write(g->fd, data + done, len - done);

		if (n < 0 && (errno == EINTR || (errno == EAGAIN && poll(&room, 1, -1) >= 0)))
			continue;
		if (n < 0 && !g->to_stdout && (errno == ENOSPC || errno == EDQUOT))
			return ctl_fail(CTL_BAD_FILE,
					"%s: %s; %s are missing. Make room and repeat the command: it goes on", g->part,
					strerror(errno), out_size(g->what->size - g->offset - done));
		if (n < 0)
			return problem(g->to_stdout ? "standard output" : g->part);
		done += (size_t)n;
	}
	g->offset += len;
	meter_at(&g->meter, g->offset);
	return CTL_DONE;
}

/* ------------------------------------------------------------------- the bytes */

static int failed(struct getting *g, const struct cy_error *e)
{
	bool lost = client_refusal(g->ctl->conn) == NULL;
	int r;

	meter_end(&g->meter);
	r = ctl_report(g->ctl, e);
	if (lost && !g->to_stdout)
		fprintf(stderr, "Repeat the same command: it goes on where it was interrupted.\n");
	return r;
}

static int ask(struct getting *g, bool descriptor, uint64_t *ret_correlation)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyGetEvidence get = CY_GET_EVIDENCE__INIT;
	CyEvidenceRef item = CY_EVIDENCE_REF__INIT;
	struct cy_error e = { 0 };

	item.message_id = g->ref.message_id;
	item.attachment = g->ref.attachment;
	get.item = &item;
	get.offset = g->offset;
	get.as_file = descriptor;
	frame.kind_case = CY_CLIENT_FRAME__KIND_GET_EVIDENCE;
	frame.get_evidence = &get;
	if (client_post(g->ctl->conn, &frame, -1, &e) != CY_OK)
		return failed(g, &e);
	*ret_correlation = frame.correlation;
	return CTL_DONE;
}

static int answer(struct getting *g, uint64_t correlation, CyServerFrame__KindCase expected, CyServerFrame **ret_reply)
{
	struct cy_error e = { 0 };
	CyServerFrame *reply;
	int r = client_answer(g->ctl->conn, correlation, PATIENCE_MS, &reply, &e);

	if (r == CY_EAGAIN && client_refusal(g->ctl->conn) == NULL)
		cy_fail(&e, CY_EIO, "the daemon sends nothing more of it");
	if (r != CY_OK)
		return failed(g, &e);
	if (reply->kind_case == expected) {
		*ret_reply = reply;
		return CTL_DONE;
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return ctl_fail(CTL_UNREACHABLE, "the daemon answers something else than what was asked");
}

static int by_frames(struct getting *g)
{
	uint64_t correlation = 0;
	bool last = false;
	int r = ask(g, false, &correlation);

	while (r == CTL_DONE && !last) {
		CyServerFrame *reply;
		const CyEvidenceData *d;

		r = answer(g, correlation, CY_SERVER_FRAME__KIND_EVIDENCE_DATA, &reply);
		if (r != CTL_DONE)
			break;
		d = reply->evidence_data;
		last = d->last;
		if (d->offset != g->offset || d->data.len > g->what->size - g->offset)
			r = ctl_fail(CTL_UNREACHABLE, "the daemon sends other bytes than were asked for");
		else
			r = put(g, d->data.data, d->data.len);
		cy_server_frame__free_unpacked(reply, NULL);
	}
	return r;
}

static int copy_from(struct getting *g, int fd)
{
	uint8_t *data = malloc(BUFFER);
	int r = CTL_DONE;

	CY_ASSERT(data != NULL);
	while (r == CTL_DONE && g->offset < g->what->size) {
		uint64_t left = g->what->size - g->offset;
		ssize_t n = pread(fd, data, left < BUFFER ? (size_t)left : BUFFER, (off_t)g->offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = problem("the daemon's file");
		else if (n == 0)
			r = ctl_fail(CTL_UNREACHABLE, "the daemon's file ends after %llu bytes",
				     (unsigned long long)g->offset);
		else
			r = put(g, data, (size_t)n);
	}
	free(data);
	return r;
}

static int by_descriptor(struct getting *g)
{
	CyServerFrame *reply;
	uint64_t correlation = 0;
	struct stat st;
	int fd, r = ask(g, true, &correlation);

	if (r == CTL_DONE)
		r = answer(g, correlation, CY_SERVER_FRAME__KIND_EVIDENCE_FILE, &reply);
	if (r != CTL_DONE)
		return r;
	cy_server_frame__free_unpacked(reply, NULL);
	fd = client_take_file(g->ctl->conn);
	if (fd < 0)
		return ctl_fail(CTL_UNREACHABLE, "no descriptor came with the daemon's answer");
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		r = ctl_fail(
			CTL_UNREACHABLE,
			"what the daemon handed over is not a regular file; repeat the command without --descriptor");
	else
		r = copy_from(g, fd);
	close(fd);
	return r;
}

/* ------------------------------------------------------------------------- end */

/* Checks that the content is what the signed message states. */
static int verify(struct getting *g)
{
	struct cy_digest sha256 = cy_sha256_end(&g->hash);

	if (g->offset == g->what->size && g->what->sha256.len == CY_SHA256_LEN &&
	    memcmp(sha256.b, g->what->sha256.data, CY_SHA256_LEN) == 0)
		return CTL_DONE;
	if (g->to_stdout)
		return ctl_fail(CTL_REFUSED, "what was written is not what the message states: do not use it");
	unlink(g->part);
	return ctl_fail(CTL_REFUSED, "what came is not what the message states, and was thrown away%s",
			g->resumed ? "; it went on with an older file: repeat the command" : "");
}

static int sync_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char dir[4096] = ".";
	int fd, r;

	if (slash != NULL)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash == path ? 1 : slash - path), path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 || fsync(fd) < 0 ? problem(dir) : CTL_DONE;
	if (fd >= 0)
		close(fd);
	return r;
}

/* It gets its name when it is whole; a file that has come there meanwhile stays. */
static int give_name(struct getting *g)
{
	int r;

	if (fsync(g->fd) < 0)
		return problem(g->part);
	if (g->force && file_may_replace(g->path, "--output") != CTL_DONE)
		return CTL_BAD_FILE;
	r = g->force ? rename(g->part, g->path) : renameat2(AT_FDCWD, g->part, AT_FDCWD, g->path, RENAME_NOREPLACE);
	/* Some file systems cannot rename so; a second name is made only where there is none. */
	if (r < 0 && errno == EINVAL && !g->force)
		r = link(g->part, g->path) < 0 || unlink(g->part) < 0 ? -1 : 0;
	if (r < 0)
		return problem(g->path);
	return sync_directory(g->path);
}

static void print_done(const struct getting *g)
{
	if (g->to_stdout || g->ctl->json)
		return;
	out_pair("File", "%s", g->path);
	out_pair("Size", "%llu bytes (%s)", (unsigned long long)g->what->size, out_size(g->what->size));
	out_pair("SHA-256", "%s", out_hex(&g->what->sha256));
	out_pair("Verified", "it is what the signed message states");
}

/* It came to no good end. */
static void leave_part(const struct getting *g)
{
	if (!g->offset)
		unlink(g->part);
	else if (access(g->part, F_OK) == 0)
		fprintf(stderr, "What came so far stays in %s, for the same command to go on with.\n", g->part);
}

static int get(struct getting *g, const char *output, bool descriptor, bool lines)
{
	int r = choose_path(g, output);
	bool opened;

	if (r != CTL_DONE)
		return r;
	cy_sha256_begin(&g->hash);
	meter_begin(&g->meter, g->what->name, g->what->size, lines);
	client_patience(g->ctl->conn, PATIENCE_MS);
	r = open_part(g);
	opened = r == CTL_DONE && !g->to_stdout;
	if (r == CTL_DONE)
		meter_skip(&g->meter, g->offset);
	if (r == CTL_DONE && (g->offset < g->what->size || g->what->size == 0))
		r = descriptor ? by_descriptor(g) : by_frames(g);
	meter_end(&g->meter);
	if (r == CTL_DONE)
		r = verify(g);
	else
		cy_sha256_end(&g->hash);
	if (r == CTL_DONE && !g->to_stdout)
		r = give_name(g);
	if (r != CTL_DONE && opened)
		leave_part(g);
	if (g->fd > STDERR_FILENO)
		close(g->fd);
	if (r == CTL_DONE)
		print_done(g);
	return r;
}

/* An erased message names no attachments any more. */
static int no_such_item(const CyMessageView *v, size_t n)
{
	if (v->summary == NULL || !v->summary->erasure)
		return ctl_fail(CTL_NOT_FOUND, "the message has %zu attachment%s", n, n == 1 ? "" : "s");
	return ctl_fail(CTL_NOT_FOUND, "what the message said is not here any more: %s, %s",
			out_word(&cy_erasure__descriptor, (int)v->summary->erasure), out_time(v->summary->erased_ms));
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	static struct getting g = { .fd = -1 };
	const char *text, *output = NULL;
	bool descriptor = false, lines = false;
	const struct ctl_option options[] = { { .name = "output", .value = &output },
					      { .name = "descriptor", .flag = &descriptor },
					      { .name = "force", .flag = &g.force },
					      { .name = "progress", .flag = &lines } };
	CyServerFrame *reply;
	CyAttachment **list;
	size_t n;
	int r = ctl_parse(ctl, &ctl_evidence_get, argc, argv, options, sizeof options / sizeof options[0], &text, 1, 1,
			  NULL);

	g.ctl = ctl;
	if (r == CTL_DONE)
		r = attach_ref(ctl_evidence_get.name, text, &g.ref);
	if (r == CTL_DONE)
		r = attach_message(ctl, g.ref.message_id, &reply);
	if (r != CTL_DONE)
		return r;
	list = attach_list(
		attach_body(reply->message_view->message != NULL ? reply->message_view->message->content : NULL), &n);
	if (g.ref.attachment > n) {
		r = no_such_item(reply->message_view, n);
	} else {
		g.what = list[g.ref.attachment - 1];
		if (g.what->medium[0])
			r = ctl_fail(CTL_NOT_FOUND,
				     "it travels on a physical medium (%s); 'comityctl evidence confirm' compares that "
				     "with the message",
				     g.what->medium);
		else
			r = get(&g, output, descriptor, lines);
		if (r == CTL_DONE && ctl->json && !g.to_stdout)
			out_json(&g.what->base, 2);
	}
	cy_server_frame__free_unpacked(reply, NULL);
	return r;
}

const struct ctl_command ctl_evidence_get = { "evidence get", "take an attachment out, verified", help, run, NULL };
