/* One change in an unpacked protobuf-c message, chosen by the input. Memory is as
 * protobuf-c leaves it: everything can be freed with the message. */
#include <stdlib.h>
#include <string.h>

#include "base/reflect.h"
#include "fuzz.h"

static void *must(void *p)
{
	CY_ASSERT(p != NULL);
	return p;
}

static uint64_t number(struct fuzz_in *in)
{
	static const uint64_t edges[] = { 0,
					  1,
					  2,
					  UINT32_MAX,
					  (uint64_t)INT32_MAX + 1,
					  INT64_MAX,
					  (uint64_t)INT64_MAX + 1,
					  UINT64_MAX,
					  UINT64_C(253402300800000) };
	uint8_t how = fuzz_u8(in);

	if (how < 128)
		return edges[how % (sizeof edges / sizeof edges[0])] - (how > 64);
	return fuzz_u64(in, how % 9);
}

/* Nothing is left behind: the field is to be made anew, or lost. */
static void free_value(const ProtobufCFieldDescriptor *f, void *at)
{
	char **s = at;
	ProtobufCBinaryData *b = at;
	ProtobufCMessage **m = at;

	if (f->type == PROTOBUF_C_TYPE_STRING && *s != (const char *)f->default_value)
		free(*s);
	if (f->type == PROTOBUF_C_TYPE_BYTES)
		free(b->data);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE && *m != NULL)
		protobuf_c_message_free_unpacked(*m, NULL);
	memset(at, 0, cy_value_size(f->type));
}

/* Where nothing is: a new value. */
static void make_value(const ProtobufCFieldDescriptor *f, void *at, struct fuzz_in *in)
{
	char *s;
	uint64_t v;

	switch (f->type) {
	case PROTOBUF_C_TYPE_STRING: {
		struct cy_bytes b = fuzz_take(in, fuzz_u8(in));

		s = must(calloc(b.len + 1, 1));
		if (b.len > 0)
			memcpy(s, b.data, b.len);
		*(char **)at = s;
		return;
	}
	case PROTOBUF_C_TYPE_BYTES: {
		struct cy_bytes b = fuzz_take(in, fuzz_u8(in));
		ProtobufCBinaryData *to = at;

		to->len = b.len;
		to->data = must(malloc(b.len + 1));
		if (b.len > 0)
			memcpy(to->data, b.data, b.len);
		return;
	}
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessageDescriptor *d = f->descriptor;
		ProtobufCMessage *m = must(calloc(1, d->sizeof_message));

		protobuf_c_message_init(d, m);
		*(ProtobufCMessage **)at = m;
		return;
	}
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)at = fuzz_u8(in) & 1;
		return;
	default:
		v = number(in);
		memcpy(at, &v, cy_value_size(f->type));
	}
}

static void copy_value(const ProtobufCFieldDescriptor *f, void *to, const void *from)
{
	memcpy(to, from, cy_value_size(f->type));
	if (f->type == PROTOBUF_C_TYPE_STRING) {
		*(char **)to = must(strdup(*(char *const *)from));
	} else if (f->type == PROTOBUF_C_TYPE_BYTES) {
		const ProtobufCBinaryData *b = from;
		uint8_t *data = must(malloc(b->len + 1));

		if (b->len > 0)
			memcpy(data, b->data, b->len);
		((ProtobufCBinaryData *)to)->data = data;
	} else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
		const ProtobufCMessage *m = *(ProtobufCMessage *const *)from;
		size_t len = protobuf_c_message_get_packed_size(m);
		uint8_t *packed = must(malloc(len + 1));

		protobuf_c_message_pack(m, packed);
		*(ProtobufCMessage **)to = must(protobuf_c_message_unpack(m->descriptor, NULL, len, packed));
		free(packed);
	}
}

static void repeated(const ProtobufCFieldDescriptor *f, ProtobufCMessage *m, struct fuzz_in *in)
{
	size_t *n = (size_t *)((uint8_t *)m + f->quantifier_offset), size = cy_value_size(f->type);
	uint8_t **list = (uint8_t **)((uint8_t *)m + f->offset), how = fuzz_u8(in);
	size_t more = how % 4 == 0 ? 1 : how % 4 == 1 ? how : 0;

	if (more > 0) { /* one more, or many of the last */
		uint8_t *grown = must(calloc(*n + more, size));

		if (*n > 0)
			memcpy(grown, *list, *n * size);
		free(*list);
		*list = grown;
		for (; more > 0; more--, ++*n) {
			if (*n > 0)
				copy_value(f, grown + *n * size, grown + (*n - 1) * size);
			else
				make_value(f, grown, in);
		}
	} else if (*n > 0 && how % 4 == 2) {
		--*n;
		free_value(f, *list + *n * size);
	} else if (*n > 0) {
		uint8_t *at = *list + fuzz_u8(in) % *n * size;

		if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
			fuzz_mutate(*(ProtobufCMessage **)at, in);
		} else {
			free_value(f, at);
			make_value(f, at, in);
		}
	}
}

/* The member of the oneof that is set is taken away. */
static void clear_oneof(const ProtobufCMessage *m, const ProtobufCFieldDescriptor *f)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	uint32_t *chosen = (uint32_t *)((uint8_t *)m + f->quantifier_offset);

	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *o = &d->fields[i];
		void *at = (uint8_t *)m + o->offset;

		if (!(o->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) || o->quantifier_offset != f->quantifier_offset ||
		    o->id != *chosen)
			continue;
		free_value(o, at);
	}
	/* What is left of a shorter member would be read as part of a longer one. */
	memset((uint8_t *)m + f->offset, 0, cy_value_size(f->type));
	*chosen = 0;
}

void fuzz_mutate(ProtobufCMessage *m, struct fuzz_in *in)
{
	const ProtobufCMessageDescriptor *d = m->descriptor;
	const ProtobufCFieldDescriptor *f;
	void *at;

	if (d->n_fields == 0)
		return;
	f = &d->fields[fuzz_u8(in) % d->n_fields];
	at = (uint8_t *)m + f->offset;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		repeated(f, m, in);
		return;
	}
	if (f->type == PROTOBUF_C_TYPE_MESSAGE && cy_field_set(m, f) && fuzz_u8(in) % 8 != 0) {
		fuzz_mutate(*(ProtobufCMessage **)at, in);
		return;
	}
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		clear_oneof(m, f);
		if (fuzz_u8(in) % 8 == 0)
			return;
		*(uint32_t *)((uint8_t *)m + f->quantifier_offset) = f->id;
	} else {
		bool was = cy_field_set(m, f);

		free_value(f, at);
		if (f->type == PROTOBUF_C_TYPE_MESSAGE && was)
			return;
	}
	make_value(f, at, in);
}
