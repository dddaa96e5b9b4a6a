#include "wire/message.h"

#include "base/num.h"
#include "wire/raw.h"
#include "wire/scan.h"

int wire_unpack(const ProtobufCMessageDescriptor *d, struct cy_bytes data, size_t max, ProtobufCMessage **ret_message,
		struct cy_error *e)
{
	static const uint8_t nothing[1];
	ProtobufCMessage *m;
	int r;

	if (data.len > max)
		return cy_fail(e, CY_ELIMIT, "%zu bytes, but a %s has at most %zu", data.len, d->short_name, max);
	r = wire_scan(d, data, e);
	if (r < 0)
		return r;
	m = protobuf_c_message_unpack(d, NULL, data.len, data.len > 0 ? data.data : nothing);
	if (m == NULL)
		return cy_fail(e, CY_EPARSE, "it is no %s, or memory is short", d->short_name);
	*ret_message = m;
	return CY_OK;
}

int wire_pack(const ProtobufCMessage *m, struct cy_buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(m);
	int r = cy_buf_reserve(out, size);

	if (r < 0)
		return r;
	out->len += protobuf_c_message_pack(m, out->data + out->len);
	out->data[out->len] = 0;
	return CY_OK;
}

int64_t wire_delimited_next(struct cy_bytes data, size_t max, struct cy_bytes *ret_payload)
{
	uint64_t len = 0;
	size_t i = 0;

	for (;; i++) {
		if (i == 5)
			return CY_EPARSE;
		if (i == data.len)
			return 0;
		len |= (uint64_t)(data.data[i] & 0x7f) << (7 * i);
		if ((data.data[i] & 0x80) == 0)
			break;
	}
	i++;
	if (len > max)
		return CY_ELIMIT;
	if (data.len - i < len)
		return 0;
	*ret_payload = cy_bytes(data.data + i, (size_t)len);
	return (int64_t)(i + len);
}

int wire_delimited_pack(const ProtobufCMessage *m, struct cy_buf *out)
{
	size_t size = protobuf_c_message_get_packed_size(m), n, total;
	uint8_t prefix[WIRE_VARINT_MAX];
	int r;

	n = wire_raw_put(prefix, size);
	if (n > 5 || !cy_add_size(size, n, &total))
		return CY_ELIMIT;
	if ((r = cy_buf_reserve(out, total)) < 0)
		return r;
	r = cy_buf_add(out, prefix, n);
	return r < 0 ? r : wire_pack(m, out);
}
