#include "io/signer/signer_der.h"

#include "base/limits.h"

/* X.680: numbers of the universal types that have a rule of their own. */
enum {
	END_OF_CONTENTS = 0,
	BOOLEAN = 1,
	INTEGER = 2,
	BIT_STRING = 3,
	NUL = 5,
	OBJECT = 6,
	ENUMERATED = 10,
	SEQUENCE = 16,
	SET = 17,
	UTC_TIME = 23,
	GENERALIZED_TIME = 24,
	LONG_TAG = 31 /* the number follows: no type of CMS or X.509 has one */
};

#define CLASS         0xc0u
#define CONSTRUCTED   0x20u
#define NUMBER        0x1fu
#define LONG_LENGTH   0x80u
#define LENGTH_MOST   4u /* bytes of a length */
#define UTC_LEN       13 /* YYMMDDhhmmssZ */
#define GENERAL_LEAST 15 /* YYYYMMDDhhmmssZ, then fractions of a second */

/* 8.3.2: the first nine bits are not all alike. */
static bool shortest_integer(struct cy_bytes c)
{
	if (c.len < 2)
		return c.len == 1;
	return !(c.data[0] == 0x00 && c.data[1] < 0x80) && !(c.data[0] == 0xff && c.data[1] >= 0x80);
}

/* 11.2: unused bits are zero. */
static bool good_bits(struct cy_bytes c)
{
	if (c.len == 0 || c.data[0] > 7 || (c.len == 1 && c.data[0] != 0))
		return false;
	return c.len == 1 || (c.data[c.len - 1] & ((1u << c.data[0]) - 1)) == 0;
}

/* 8.19.2: no part begins with a zero digit, and the last one ends. */
static bool good_object(struct cy_bytes c)
{
	bool first = true;

	for (size_t i = 0; i < c.len; i++) {
		if (first && c.data[i] == 0x80)
			return false;
		first = c.data[i] < 0x80;
	}
	return c.len > 0 && first;
}

static bool good_content(unsigned number, struct cy_bytes c)
{
	switch (number) {
	case END_OF_CONTENTS:
	case SEQUENCE: /* it is primitive here */
	case SET:
		return false;
	case BOOLEAN:
		return c.len == 1 && (c.data[0] == 0x00 || c.data[0] == 0xff);
	case INTEGER:
	case ENUMERATED:
		return shortest_integer(c);
	case BIT_STRING:
		return good_bits(c);
	case NUL:
		return c.len == 0;
	case OBJECT:
		return good_object(c);
	case UTC_TIME:
		return c.len == UTC_LEN && c.data[c.len - 1] == 'Z';
	case GENERALIZED_TIME:
		return c.len >= GENERAL_LEAST && c.data[c.len - 1] == 'Z';
	default:
		return true;
	}
}

/* 10.1: definite, in the fewest bytes. */
static bool take_length(struct cy_bytes *in, size_t *ret_len)
{
	const unsigned first = in->data[0], n = first & ~LONG_LENGTH;
	size_t len = first;

	*in = cy_bytes(in->data + 1, in->len - 1);
	if (first >= LONG_LENGTH) {
		if (n == 0 || n > LENGTH_MOST || n > in->len || in->data[0] == 0)
			return false;
		len = 0;
		for (unsigned i = 0; i < n; i++)
			len = len << 8 | in->data[i];
		if (len < LONG_LENGTH)
			return false;
		*in = cy_bytes(in->data + n, in->len - n);
	}
	*ret_len = len;
	return len <= in->len;
}

static bool values(struct cy_bytes in, unsigned depth);

/* The first value of `in`, which then begins behind it. */
static bool take_value(struct cy_bytes *in, unsigned depth)
{
	struct cy_bytes content;
	unsigned tag;
	size_t len;

	if (in->len < 2)
		return false;
	tag = in->data[0];
	*in = cy_bytes(in->data + 1, in->len - 1);
	if ((tag & NUMBER) == LONG_TAG || !take_length(in, &len))
		return false;
	content = cy_bytes(in->data, len);
	*in = cy_bytes(in->data + len, in->len - len);
	if ((tag & CONSTRUCTED) == 0)
		return (tag & CLASS) != 0 || good_content(tag & NUMBER, content);
	/* 10.2: a string is not in pieces. */
	if ((tag & CLASS) == 0 && (tag & NUMBER) != SEQUENCE && (tag & NUMBER) != SET)
		return false;
	return values(content, depth + 1);
}

static bool values(struct cy_bytes in, unsigned depth)
{
	if (depth > CY_DER_DEPTH_MAX)
		return false;
	while (in.len > 0)
		if (!take_value(&in, depth))
			return false;
	return true;
}

bool signer_der_strict(struct cy_bytes data)
{
	return take_value(&data, 0) && data.len == 0;
}
