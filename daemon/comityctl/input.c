#include "comityctl/input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reflect.h"
#include "comityctl/ctl.h"
#include "comityctl/say.h"
#include "wire/json.h"
#include "wire/path.h"

#define FILE_LIMIT (4u * 1024u * 1024u)
#define READ_CHUNK 65536u

static const char *called(const char *file)
{
	return strcmp(file, "-") == 0 ? say("standard input") : file;
}

static int read_all(int fd, const char *file, struct cy_buf *b)
{
	for (;;) {
		ssize_t n;

		if (cy_buf_reserve(b, READ_CHUNK) != CY_OK)
			return ctl_fail(CTL_BAD_FILE, "%s: longer than %u bytes", called(file), FILE_LIMIT);
		n = read(fd, b->data + b->len, READ_CHUNK);
		if (n < 0 && errno != EINTR)
			return ctl_fail(CTL_BAD_FILE, "%s: %s", called(file), say(strerror(errno)));
		if (n == 0) {
			b->data[b->len] = 0;
			return CTL_DONE;
		}
		b->len += n > 0 ? (size_t)n : 0;
	}
}

static void empty_comments(struct cy_buf *b)
{
	uint8_t *p = b->data, *end = b->data + b->len;

	while (p < end) {
		uint8_t *eol = memchr(p, '\n', (size_t)(end - p)), *s = p;

		eol = eol != NULL ? eol : end;
		while (s < eol && (*s == ' ' || *s == '\t'))
			s++;
		if (eol - s >= 2 && s[0] == '/' && s[1] == '/')
			memset(p, ' ', (size_t)(eol - p));
		p = eol + 1;
	}
}

int input_read(const char *file, struct cy_buf *ret_text)
{
	struct cy_buf b = CY_BUF(FILE_LIMIT + READ_CHUNK);
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	size_t mark = 0;
	int r;

	if (fd < 0)
		return ctl_fail(CTL_BAD_FILE, "%s: %s", file, say(strerror(errno)));
	r = read_all(fd, file, &b);
	if (fd != STDIN_FILENO)
		close(fd);
	if (r != CTL_DONE) {
		cy_buf_free(&b);
		return r;
	}
	r = cy_utf8_mark((const char *)b.data, b.len, &mark);
	if (r != CY_OK) {
		cy_buf_free(&b);
		return ctl_fail(CTL_BAD_FILE, "%s: %s", called(file), say(CY_UTF16_TEXT));
	}
	memset(b.data, ' ', mark);
	empty_comments(&b);
	*ret_text = b;
	return CTL_DONE;
}

/* The command under whose name faults of a file are reported. */
struct told {
	const char *file;
	input_fault *fault; /* NULL: they are printed */
	void *arg;
	size_t n;
};

static void tell(struct told *t, const char *field, const char *text)
{
	t->n++;
	if (t->fault != NULL)
		t->fault(t->arg, field, text);
	else
		ctl_fail(CTL_BAD_FILE, "%s: %s%s%s", called(t->file), field, field[0] ? ": " : "", say_heard(text));
}

static void on_fault(void *arg, const struct cy_error *fault)
{
	tell(arg, fault->field, fault->text);
}

static int parse(struct told *t, struct cy_bytes text, const ProtobufCMessageDescriptor *d,
		 ProtobufCMessage **ret_message)
{
	struct cy_error e = { 0 };

	if (wire_json_read(d, text, ret_message, on_fault, t, &e) == CY_OK)
		return CTL_DONE;
	return ctl_fail(CTL_BAD_FILE, "%s: %s%s%s", called(t->file), e.field, e.field[0] ? ": " : "",
			say_heard(e.text));
}

int input_parse(const char *file, struct cy_bytes text, const ProtobufCMessageDescriptor *d,
		ProtobufCMessage **ret_message)
{
	struct told t = { .file = file };
	ProtobufCMessage *m = NULL;
	const int r = parse(&t, text, d, &m);

	if (r == CTL_DONE && t.n == 0) {
		*ret_message = m;
		return r;
	}
	if (m != NULL)
		protobuf_c_message_free_unpacked(m, NULL);
	return CTL_BAD_FILE;
}

struct hunt {
	struct told told;
	struct wire_path path;
};

static void hunt(struct hunt *h, const ProtobufCMessage *m)
{
	for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
		bool many = f->label == PROTOBUF_C_LABEL_REPEATED;
		size_t n = many ? cy_field_count(m, f) : cy_field_set(m, f);
		char json[CY_FIELD_NAME_SIZE];
		size_t name;

		cy_json_name(f, json, sizeof json);
		name = wire_path_name(&h->path, json, strlen(json));

		for (size_t k = 0; k < n; k++) {
			const void *value = cy_field_value(m, f, k);
			size_t index = many ? wire_path_index(&h->path, k) : h->path.len;

			if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
				hunt(h, *(const ProtobufCMessage *const *)value);
			} else if (f->type == PROTOBUF_C_TYPE_STRING &&
				   strstr(*(const char *const *)value, INPUT_FILL_IN) != NULL) {
				tell(&h->told, h->path.s, "this still says '" INPUT_FILL_IN "'");
			}
			wire_path_back(&h->path, index);
		}
		wire_path_back(&h->path, name);
	}
}

int input_filled(const char *file, const ProtobufCMessage *m, input_fault *fault, void *arg)
{
	struct hunt h = { .told = { .file = file, .fault = fault, .arg = arg } };

	hunt(&h, m);
	return h.told.n && fault == NULL ? CTL_BAD_FILE : CTL_DONE;
}

int input_submission(const char *file, input_fault *fault, void *arg, CySubmission **ret_submission)
{
	struct told t = { .file = file, .fault = fault, .arg = arg };
	struct cy_buf text;
	ProtobufCMessage *m = NULL;
	int r = input_read(file, &text);

	if (r != CTL_DONE)
		return r;
	r = fault != NULL ? parse(&t, cy_buf_view(&text), &cy_submission__descriptor, &m)
			  : input_parse(file, cy_buf_view(&text), &cy_submission__descriptor, &m);
	cy_buf_free(&text);
	if (r == CTL_DONE)
		*ret_submission = (CySubmission *)m;
	return r;
}
