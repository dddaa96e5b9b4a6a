#include "comityctl/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "comityctl/meter.h"
#include "comityctl/out.h"

#define PATIENCE_MS (10 * 60 * 1000) /* a slow disk, and the flush of all of it at the end */

struct uploading {
	struct ctl *ctl;
	const char *file, *name;
	int fd;
	struct stat st;
	bool whole;    /* a regular file, from its beginning */
	uint64_t size; /* 0: not known */
	bool keyed;    /* the same command finds the upload again */
	char key[CY_KEY_MAX + 1];
	struct meter meter;
	uint64_t correlation;
};

static const char *called(const char *file)
{
	return strcmp(file, "-") == 0 ? "standard input" : file;
}

int upload_open(const char *file)
{
	int fd = strcmp(file, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
					: open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 && errno == EACCES)
		ctl_fail(CTL_BAD_FILE, "%s: no permission to read it; repeat as a user that may, or ask its owner",
			 file);
	else if (fd < 0)
		ctl_fail(CTL_BAD_FILE, "%s: %s", called(file), strerror(errno));
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		ctl_fail(CTL_BAD_FILE,
			 "%s: a directory is not evidence; pack it, as in: tar -C %s -c . | comityctl evidence put - "
			 "--name NAME.tar",
			 file, file);
		close(fd);
		return -1;
	}
	return fd;
}

ssize_t upload_read(int fd, const char *file, uint8_t *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ctl_fail(CTL_BAD_FILE, "%s: %s", called(file), strerror(errno));
			return -1;
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* The same file as it is now has the same key; another way of handing it over has another. */
static int make_key(struct uploading *u, const struct upload_options *o, const char *way)
{
	unsigned char raw[16];
	char text[256], hex[CY_SHA256_HEX];
	struct cy_digest d;

	u->keyed = true;
	if (o->key != NULL) {
		if (!cy_name_valid(o->key, CY_KEY_MAX))
			return ctl_usage("evidence put", "--key requires 1 to %u printable ASCII characters",
					 CY_KEY_MAX);
		snprintf(u->key, sizeof u->key, "%s", o->key);
		return CTL_DONE;
	}
	if (u->whole) {
		snprintf(text, sizeof text, "%llu %llu %lld %lld.%09ld", (unsigned long long)u->st.st_dev,
			 (unsigned long long)u->st.st_ino, (long long)u->st.st_size, (long long)u->st.st_mtim.tv_sec,
			 u->st.st_mtim.tv_nsec);
		d = cy_sha256(cy_bytes(text, strlen(text)));
		cy_digest_hex(&d, hex);
		snprintf(u->key, sizeof u->key, "%s-%.32s", way, hex);
		return CTL_DONE;
	}
	if (getrandom(raw, sizeof raw, 0) != (ssize_t)sizeof raw)
		return ctl_fail(CTL_REFUSED, "the system gives no random bytes; state a key with --key");
	cy_hex(raw, sizeof raw, hex);
	snprintf(u->key, sizeof u->key, "pipe-%.32s", hex);
	u->keyed = false;
	return CTL_DONE;
}

/* Reports a failure; the rest of the sentence says what to do. */
static int failed(struct uploading *u, const struct cy_error *e)
{
	bool lost = client_refusal(u->ctl->conn) == NULL;
	int r;

	meter_end(&u->meter);
	r = ctl_report(u->ctl, e);
	if (lost && u->keyed)
		fprintf(stderr, "Repeat the same command: it goes on where it was interrupted.\n");
	else if (lost)
		fprintf(stderr, "A pipe begins again from its first byte; with --key KEY it would go on.\n");
	return r;
}

/* ------------------------------------------------------------- by an open file */

/* Answers until the content is stored. */
static int wait_stored(struct uploading *u, CyServerFrame **ret_reply)
{
	struct cy_error e = { 0 };
	CyServerFrame *reply;

	for (;;) {
		int r = client_answer(u->ctl->conn, u->correlation, PATIENCE_MS, &reply, &e);

		if (r == CY_EAGAIN && client_refusal(u->ctl->conn) == NULL)
			cy_fail(&e, CY_EIO,
				"the daemon says nothing more about this upload; 'comityctl status' shows "
				"whether its disk is full or slow");
		if (r != CY_OK)
			return failed(u, &e);
		if (reply->kind_case == CY_SERVER_FRAME__KIND_EVIDENCE_STORED) {
			*ret_reply = reply;
			return CTL_DONE;
		}
		if (reply->kind_case == CY_SERVER_FRAME__KIND_UPLOAD_STATE)
			meter_at(&u->meter, reply->upload_state->offset);
		cy_server_frame__free_unpacked(reply, NULL);
	}
}

static int by_file(struct uploading *u, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyUploadFile file = CY_UPLOAD_FILE__INIT;
	struct cy_error e = { 0 };

	file.key = u->key;
	frame.kind_case = CY_CLIENT_FRAME__KIND_UPLOAD_FILE;
	frame.upload_file = &file;
	if (client_post(u->ctl->conn, &frame, u->fd, &e) != CY_OK)
		return failed(u, &e);
	u->correlation = frame.correlation;
	return wait_stored(u, ret_reply);
}

/* -------------------------------------------------------------------- a stream */

static int begin(struct uploading *u, uint64_t *ret_offset)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyOpenUpload open = CY_OPEN_UPLOAD__INIT;
	CyServerFrame *reply;
	struct cy_error e = { 0 };

	open.key = u->key;
	if (u->size) {
		open._size_case = CY_OPEN_UPLOAD___SIZE_SIZE;
		open.size = u->size;
	}
	frame.kind_case = CY_CLIENT_FRAME__KIND_OPEN_UPLOAD;
	frame.open_upload = &open;
	if (client_call(u->ctl->conn, &frame, CY_SERVER_FRAME__KIND_UPLOAD_STATE, &reply, &e) != CY_OK)
		return failed(u, &e);
	*ret_offset = reply->upload_state->offset;
	cy_server_frame__free_unpacked(reply, NULL);
	return CTL_DONE;
}

/* Bytes that the daemon has already are only hashed. */
static int skip(struct uploading *u, uint64_t offset, struct cy_sha256_stream *hash, uint8_t *data)
{
	for (uint64_t at = 0; at < offset;) {
		size_t want = offset - at < CY_UPLOAD_DATA_MAX ? (size_t)(offset - at) : CY_UPLOAD_DATA_MAX;
		ssize_t n = upload_read(u->fd, u->file, data, want);

		if (n < 0)
			return CTL_BAD_FILE;
		if ((size_t)n < want)
			return ctl_fail(CTL_BAD_FILE,
					"%s has %llu bytes, but %llu are there already under the key %s: it is not the "
					"same content; use another --key",
					called(u->file), (unsigned long long)at + (unsigned long long)n,
					(unsigned long long)offset, u->key);
		cy_sha256_update(hash, cy_bytes(data, want));
		at += want;
	}
	return CTL_DONE;
}

/* The answers of the daemon so far. */
static int listen_to(struct uploading *u)
{
	struct cy_error e = { 0 };
	CyServerFrame *reply;
	int r;

	while ((r = client_answer(u->ctl->conn, u->correlation, 0, &reply, &e)) == CY_OK)
		cy_server_frame__free_unpacked(reply, NULL);
	return r == CY_EAGAIN && client_refusal(u->ctl->conn) == NULL ? CTL_DONE : failed(u, &e);
}

static int flow(struct uploading *u, uint64_t *offset, struct cy_sha256_stream *hash, uint8_t *data)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyUploadData part = CY_UPLOAD_DATA__INIT;
	struct cy_error e = { 0 };

	part.key = u->key;
	part.data.data = data;
	frame.kind_case = CY_CLIENT_FRAME__KIND_UPLOAD_DATA;
	frame.upload_data = &part;
	for (;;) {
		ssize_t n = upload_read(u->fd, u->file, data, CY_UPLOAD_DATA_MAX);
		int r;

		if (n < 0)
			return CTL_BAD_FILE;
		if (n == 0)
			break;
		cy_sha256_update(hash, cy_bytes(data, (size_t)n));
		part.offset = *offset;
		part.data.len = (size_t)n;
		if (client_post(u->ctl->conn, &frame, -1, &e) != CY_OK)
			return failed(u, &e);
		u->correlation = frame.correlation;
		*offset += (uint64_t)n;
		meter_at(&u->meter, *offset);
		r = listen_to(u);
		if (r != CTL_DONE)
			return r;
	}
	return CTL_DONE;
}

/* Under the correlation of the data: an error about it is the answer to this as well. */
static int finish(struct uploading *u, uint64_t size, const struct cy_digest *sha256, CyServerFrame **ret_reply)
{
	CyClientFrame frame = CY_CLIENT_FRAME__INIT;
	CyFinishUpload end = CY_FINISH_UPLOAD__INIT;
	struct cy_digest digest = *sha256;
	struct cy_error e = { 0 };

	end.key = u->key;
	end.size = size;
	end.sha256 = (ProtobufCBinaryData){ .data = digest.b, .len = CY_SHA256_LEN };
	frame.correlation = u->correlation;
	frame.kind_case = CY_CLIENT_FRAME__KIND_FINISH_UPLOAD;
	frame.finish_upload = &end;
	if (client_post(u->ctl->conn, &frame, -1, &e) != CY_OK)
		return failed(u, &e);
	u->correlation = frame.correlation;
	return wait_stored(u, ret_reply);
}

static int by_stream(struct uploading *u, CyServerFrame **ret_reply)
{
	struct cy_sha256_stream hash;
	struct cy_digest sha256;
	uint8_t *data = malloc(CY_UPLOAD_DATA_MAX);
	uint64_t offset = 0;
	int r;

	CY_ASSERT(data != NULL);
	cy_sha256_begin(&hash);
	r = begin(u, &offset);
	if (r == CTL_DONE)
		r = skip(u, offset, &hash, data);
	if (r == CTL_DONE) {
		meter_skip(&u->meter, offset);
		r = flow(u, &offset, &hash, data);
	}
	sha256 = cy_sha256_end(&hash);
	if (r == CTL_DONE)
		r = finish(u, offset, &sha256, ret_reply);
	free(data);
	return r;
}

/* ----------------------------------------------------------------------- whole */

/* Evidence holds still while it is copied. */
static int unchanged(const struct uploading *u, const CyEvidenceStored *s)
{
	struct stat now;

	if (!u->whole)
		return CTL_DONE;
	if (fstat(u->fd, &now) == 0 && now.st_size == u->st.st_size && s->size == (uint64_t)now.st_size &&
	    now.st_mtim.tv_sec == u->st.st_mtim.tv_sec && now.st_mtim.tv_nsec == u->st.st_mtim.tv_nsec)
		return CTL_DONE;
	return ctl_fail(CTL_BAD_FILE,
			"%s: it changed while it was read (%llu bytes were taken); see that nobody writes to it, and "
			"repeat",
			called(u->file), (unsigned long long)s->size);
}

static int attachment_of(const CyEvidenceStored *s, const char *name, const struct attach_options *described,
			 CyAttachment **ret_attachment)
{
	struct cy_digest sha256;
	CyAttachment *a;

	if (s->sha256.len != CY_SHA256_LEN || s->chunk_root.len != CY_SHA256_LEN)
		return ctl_fail(CTL_UNREACHABLE, "the daemon's answer has no digest");
	memcpy(sha256.b, s->sha256.data, CY_SHA256_LEN);
	a = attach_new(described, name, s->size, &sha256);
	a->chunk_bytes = s->chunk_bytes;
	a->chunk_root.data = malloc(CY_SHA256_LEN);
	CY_ASSERT(a->chunk_root.data != NULL);
	memcpy(a->chunk_root.data, s->chunk_root.data, CY_SHA256_LEN);
	a->chunk_root.len = CY_SHA256_LEN;
	*ret_attachment = a;
	return CTL_DONE;
}

static uint64_t size_of(const struct uploading *u)
{
	off_t end;

	if (u->whole)
		return (uint64_t)u->st.st_size;
	if (!S_ISBLK(u->st.st_mode))
		return 0;
	end = lseek(u->fd, 0, SEEK_END);
	return end > 0 && lseek(u->fd, 0, SEEK_SET) == 0 ? (uint64_t)end : 0;
}

int upload(struct ctl *ctl, const char *file, const char *name, const struct upload_options *o,
	   const struct attach_options *described, CyAttachment **ret_attachment)
{
	struct uploading u = { .ctl = ctl, .file = file, .name = name, .fd = upload_open(file) };
	CyServerFrame *reply = NULL;
	bool stream;
	int r = CTL_BAD_FILE;

	if (u.fd < 0)
		return CTL_BAD_FILE;
	if (fstat(u.fd, &u.st) < 0)
		ctl_fail(CTL_BAD_FILE, "%s: %s", called(file), strerror(errno));
	else
		r = CTL_DONE;
	u.whole = S_ISREG(u.st.st_mode) && lseek(u.fd, 0, SEEK_CUR) == 0;
	stream = o->stream || !u.whole;
	u.size = size_of(&u);
	if (r == CTL_DONE)
		r = make_key(&u, o, stream ? "stream" : "file");
	if (r == CTL_DONE)
		r = ctl_connect(ctl);
	if (r == CTL_DONE) {
		client_patience(ctl->conn, PATIENCE_MS);
		meter_begin(&u.meter, name, u.size, o->lines);
		r = stream ? by_stream(&u, &reply) : by_file(&u, &reply);
		if (r == CTL_DONE)
			meter_at(&u.meter, reply->evidence_stored->size);
		meter_end(&u.meter);
	}
	if (r == CTL_DONE)
		r = unchanged(&u, reply->evidence_stored);
	if (r == CTL_DONE)
		r = attachment_of(reply->evidence_stored, name, described, ret_attachment);
	if (reply != NULL)
		cy_server_frame__free_unpacked(reply, NULL);
	close(u.fd);
	return r;
}

int upload_attach(struct ctl *ctl, const char *command, ProtobufCMessage *body, const struct ctl_list *files,
		  const struct attach_options *described)
{
	const struct upload_options o = { 0 };
	int r = attach_check(command, described);

	if (r == CTL_DONE && files->n && (body == NULL || !attach_possible(body->descriptor)))
		r = ctl_usage(command, "this kind of message has no attachments");
	for (size_t i = 0; r == CTL_DONE && i < files->n; i++)
		r = attach_name(files->at[i], NULL) != NULL ? CTL_DONE : CTL_USAGE;
	for (size_t i = 0; r == CTL_DONE && i < files->n; i++) {
		CyAttachment *a;

		r = upload(ctl, files->at[i], attach_name(files->at[i], NULL), &o, described, &a);
		if (r == CTL_DONE)
			r = attach_add(body, a);
	}
	return r;
}
