#include "wire/json_number.h"

#include <string.h>

#define TWO_63 9223372036854775808.0
#define TWO_64 18446744073709551616.0

/* Decimal digits with an optional sign. */
static bool magnitude(const char *text, size_t len, bool *ret_negative, uint64_t *ret)
{
	uint64_t value = 0;

	*ret_negative = len > 0 && text[0] == '-';
	if (len > 0 && (text[0] == '-' || text[0] == '+')) {
		text++;
		len--;
	}
	if (len == 0)
		return false;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	*ret = value;
	return true;
}

bool wire_json_signed(const json_t *j, int64_t min, int64_t max, int64_t *ret)
{
	int64_t value;

	if (json_is_integer(j)) {
		value = json_integer_value(j);
	} else if (json_is_real(j)) {
		double d = json_real_value(j);

		if (!(d >= -TWO_63 && d < TWO_63))
			return false;
		value = (int64_t)d;
		if ((double)value != d)
			return false;
	} else if (json_is_string(j)) {
		bool negative;
		uint64_t size;

		if (!magnitude(json_string_value(j), json_string_length(j), &negative, &size) ||
		    size > (uint64_t)INT64_MAX + (negative ? 1 : 0))
			return false;
		value = negative ? (int64_t)(0 - size) : (int64_t)size;
	} else {
		return false;
	}
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}

bool wire_json_unsigned(const json_t *j, uint64_t max, uint64_t *ret)
{
	uint64_t value;

	if (json_is_integer(j)) {
		if (json_integer_value(j) < 0)
			return false;
		value = (uint64_t)json_integer_value(j);
	} else if (json_is_real(j)) {
		double d = json_real_value(j);

		if (!(d >= 0 && d < TWO_64))
			return false;
		value = (uint64_t)d;
		if ((double)value != d)
			return false;
	} else if (json_is_string(j)) {
		bool negative;

		if (!magnitude(json_string_value(j), json_string_length(j), &negative, &value) ||
		    (negative && value > 0))
			return false;
	} else {
		return false;
	}
	if (value > max)
		return false;
	*ret = value;
	return true;
}
