#include "wire/raw.h"

/* A varint of at most `max` bytes; false if it is longer or cut off. */
static bool varint(struct cy_bytes *in, size_t max, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < max && i < in->len; i++) {
		value |= (uint64_t)(in->data[i] & 0x7f) << (7 * i);
		if (i == 9 && in->data[i] > 1)
			return false;
		if ((in->data[i] & 0x80) == 0) {
			in->data += i + 1;
			in->len -= i + 1;
			*ret = value;
			return true;
		}
	}
	return false;
}

const char *wire_raw_tag(struct cy_bytes *in, struct wire_raw *f)
{
	uint64_t tag;

	if (!varint(in, 5, &tag) || tag > UINT32_MAX || tag >> 3 == 0)
		return "a field has no proper number";
	f->number = (uint32_t)(tag >> 3);
	f->wire = (ProtobufCWireType)(tag & 7);
	return NULL;
}

const char *wire_raw_value(struct cy_bytes *in, struct wire_raw *f)
{
	uint64_t len;

	switch (f->wire) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return varint(in, WIRE_VARINT_MAX, &f->value) ? NULL : "a number is cut off or too long";
	case PROTOBUF_C_WIRE_TYPE_64BIT:
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		len = f->wire == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4;
		break;
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		if (!varint(in, 5, &len))
			return "a length is cut off or too long";
		break;
	default:
		return "groups and unknown wire types are not allowed";
	}
	if (len > in->len)
		return "a value is longer than the message that holds it";
	f->bytes = cy_bytes(in->data, (size_t)len);
	in->data += len;
	in->len -= (size_t)len;
	return NULL;
}

size_t wire_raw_put(uint8_t out[static WIRE_VARINT_MAX], uint64_t value)
{
	size_t n = 0;

	while (value > 0x7f) {
		out[n++] = (uint8_t)((value & 0x7f) | 0x80);
		value >>= 7;
	}
	out[n++] = (uint8_t)value;
	return n;
}
