#include "base/log_limit.h"

#include <stdbool.h>

/* FNV-1a over the line without its numbers, addresses and ids: words that hold
 * a digit and no capital, which leaves the ids of authorities. */
static uint64_t kind_of(const char *line)
{
	uint64_t key = UINT64_C(14695981039346656037);

	while (*line != '\0') {
		const char *word = line;
		bool digit = false, capital = false;

		for (; *line != '\0' && *line != ' '; line++) {
			digit |= *line >= '0' && *line <= '9';
			capital |= *line >= 'A' && *line <= 'Z';
		}
		for (; word < line && (!digit || capital); word++)
			key = (key ^ (uint8_t)*word) * UINT64_C(1099511628211);
		if (*line == ' ')
			line++;
		key = (key ^ ' ') * UINT64_C(1099511628211);
	}
	return key;
}

/* The kind's slot. A new kind takes the oldest slot whose window is over; without one
 * it shares the last slot. */
static struct cy_log_limit_kind *find(struct cy_log_limit *l, uint64_t key, int64_t now)
{
	struct cy_log_limit_kind *oldest = &l->kind[0];

	for (unsigned i = 0; i < CY_LOG_LIMIT_KINDS; i++) {
		struct cy_log_limit_kind *k = &l->kind[i];

		if (k->lines > 0 && k->key == key)
			return k;
		if (k->lines == 0 || k->since < oldest->since)
			oldest = k;
	}
	if (oldest->lines > 0 && now - oldest->since < CY_LOG_LIMIT_WINDOW)
		return &l->kind[CY_LOG_LIMIT_KINDS];
	*oldest = (struct cy_log_limit_kind){ .key = key, .since = now };
	return oldest;
}

enum cy_log_limit_verdict cy_log_limit(struct cy_log_limit *l, struct cy_mono now, const char *line,
				       uint64_t *ret_dropped)
{
	struct cy_log_limit_kind *k = find(l, kind_of(line), now.ms);

	*ret_dropped = 0;
	if (now.ms - k->since >= CY_LOG_LIMIT_WINDOW) {
		*ret_dropped = k->lines > CY_LOG_LIMIT_LINES ? k->lines - CY_LOG_LIMIT_LINES : 0;
		k->since = now.ms;
		k->lines = 0;
	}
	k->lines++;
	return k->lines < CY_LOG_LIMIT_LINES    ? CY_LOG_LIMIT_WRITE
	       : k->lines == CY_LOG_LIMIT_LINES ? CY_LOG_LIMIT_LAST
						: CY_LOG_LIMIT_DROP;
}
