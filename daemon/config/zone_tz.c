#include "config/zone_tz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S         INT64_C(86400)
#define HEADER        44u
#define FILE_MAX      (256u * 1024u) /* the largest of tzdata has less than 4 KiB */
#define ZONE_NAME_MAX 64u
#define OFFSET_MAX    (26 * 3600) /* RFC 8536 3.2 */
#define EXPECTED      "a zone of the IANA database such as Europe/Dublin is expected"

/* The file that is being read, and the zone that it becomes. */
struct tz {
	const char *name, *path;
	const uint8_t *data;
	size_t len;
	struct law_offset *offsets;
	size_t n, cap;
	struct cy_error *e;
};

static int damaged(const struct tz *z, const char *what)
{
	return cy_fail_at(z->e, CY_EPARSE, z->path, "the zone %s cannot be read: %s; install the package tzdata anew",
			  z->name, what);
}

/* Big-endian, two's complement. */
static uint32_t u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t i64(const uint8_t *p)
{
	return (int64_t)((uint64_t)u32(p) << 32 | u32(p + 4));
}

/* ------------------------------------------------- what the file lists */
struct block {
	size_t utc, std, leap, times, types, chars; /* counts of the header */
	const uint8_t *at;                          /* after the header */
	size_t size;
};

static int block(const struct tz *z, size_t at, size_t time_size, struct block *ret)
{
	const uint8_t *h = z->data + at;
	struct block b;

	if (at > z->len || z->len - at < HEADER || memcmp(h, "TZif", 4) != 0)
		return damaged(z, "it is no TZif file, or ends early");
	b = (struct block){ .utc = u32(h + 20),
			    .std = u32(h + 24),
			    .leap = u32(h + 28),
			    .times = u32(h + 32),
			    .types = u32(h + 36),
			    .chars = u32(h + 40),
			    .at = h + HEADER };
	/* Each is smaller than the file, so that the sum cannot overflow. */
	if (b.utc > z->len || b.std > z->len || b.leap > z->len || b.times > z->len || b.types > z->len ||
	    b.chars > z->len)
		return damaged(z, "a count is larger than the file");
	b.size = b.times * (time_size + 1) + b.types * 6 + b.chars + b.leap * (time_size + 4) + b.std + b.utc;
	if (b.types == 0 || b.types > 256 || b.size > z->len - at - HEADER)
		return damaged(z, "it ends early, or has no kind of time");
	*ret = b;
	return CY_OK;
}

static int add(struct tz *z, int64_t from_s, int32_t seconds)
{
	if (z->n > 0 && z->offsets[z->n - 1].seconds == seconds)
		return CY_OK; /* another name, or only the flag of summer time */
	if (seconds < -OFFSET_MAX || seconds > OFFSET_MAX)
		return damaged(z, "an offset of more than 26 hours");
	if (z->n > 0 && from_s * 1000 < z->offsets[z->n - 1].from_ms)
		return damaged(z, "changes of the offset out of order");
	if (z->n > 0 && from_s * 1000 == z->offsets[z->n - 1].from_ms)
		z->n--; /* summer time that ends as the next one begins */
	if (z->n > 0 && z->offsets[z->n - 1].seconds == seconds)
		return CY_OK;
	CY_ASSERT(z->n < z->cap);
	z->offsets[z->n++] = (struct law_offset){ .from_ms = from_s * 1000, .seconds = seconds };
	return CY_OK;
}

/* The first offset of the zone is the one that holds when 1970 begins. */
static int list(struct tz *z, const struct block *b, int64_t *ret_last)
{
	const uint8_t *index = b->at + b->times * 8, *types = index + b->times;
	int32_t before = (int32_t)u32(types); /* type 0: before the first change */
	int64_t last = INT64_MIN;
	size_t i = 0;
	int rc;

	for (size_t t = 0; t < b->times; t++)
		if (index[t] >= b->types)
			return damaged(z, "a change to a kind of time that there is not");
	for (; i < b->times && i64(b->at + i * 8) <= 0; i++)
		before = (int32_t)u32(types + index[i] * 6);
	rc = add(z, 0, before);
	for (size_t t = 0; t < b->times; t++) {
		int64_t at = i64(b->at + t * 8);

		if (t > 0 && at <= last)
			return damaged(z, "changes of the offset out of order");
		last = at;
		if (rc == CY_OK && t >= i && at < INT64_C(253402300800))
			rc = add(z, at, (int32_t)u32(types + index[t] * 6));
	}
	*ret_last = last;
	return rc;
}

/* --------------------------------- the rule at the end (POSIX TZ, RFC 8536 3.3.1) */
/* When a change happens, in a year. */
struct change {
	enum {
		JULIAN,
		ZERO_BASED,
		MONTH_WEEK_DAY
	} kind;
	int day, month, week;
	int32_t time; /* seconds after midnight, also negative or of later days */
};

struct footer {
	int32_t std, dst; /* east of UTC */
	bool has_dst;
	struct change start, end;
};

static bool number(const char **p, int max, int *ret)
{
	int value = 0, digits = 0;

	for (; **p >= '0' && **p <= '9' && digits < 4; ++*p, digits++)
		value = value * 10 + (**p - '0');
	*ret = value;
	return digits > 0 && value <= max;
}

/* A name: letters, or anything in < >. */
static bool designation(const char **p)
{
	const char *from = *p;

	if (*from == '<') {
		*p = strchr(from, '>');
		return *p != NULL && (*p)++ - from > 3;
	}
	while ((**p >= 'A' && **p <= 'Z') || (**p >= 'a' && **p <= 'z'))
		++*p;
	return *p - from >= 3;
}

/* [+-]hh[:mm[:ss]] as seconds. */
static bool clock_time(const char **p, int max_hours, int32_t *ret)
{
	int h, m = 0, s = 0, sign = 1;

	if (**p == '+' || **p == '-')
		sign = *(*p)++ == '-' ? -1 : 1;
	if (!number(p, max_hours, &h))
		return false;
	if (**p == ':') {
		++*p;
		if (!number(p, 59, &m))
			return false;
	}
	if (**p == ':') {
		++*p;
		if (!number(p, 59, &s))
			return false;
	}
	*ret = sign * (h * 3600 + m * 60 + s);
	return true;
}

static bool rule_date(const char **p, struct change *c)
{
	bool ok;

	c->time = 2 * 3600;
	if (**p == 'M') {
		c->kind = MONTH_WEEK_DAY;
		++*p;
		ok = number(p, 12, &c->month) && c->month >= 1 && *(*p)++ == '.' && number(p, 5, &c->week) &&
		     c->week >= 1 && *(*p)++ == '.' && number(p, 6, &c->day);
	} else if (**p == 'J') {
		c->kind = JULIAN;
		++*p;
		ok = number(p, 365, &c->day) && c->day >= 1;
	} else {
		c->kind = ZERO_BASED;
		ok = number(p, 365, &c->day);
	}
	if (ok && **p == '/') {
		++*p;
		ok = clock_time(p, 167, &c->time);
	}
	return ok;
}

static bool footer(const char *text, struct footer *ret)
{
	struct footer f = { 0 };
	const char *p = text;
	int32_t west;

	if (!designation(&p) || !clock_time(&p, 24, &west))
		return false;
	f.std = -west;
	f.dst = f.std + 3600;
	f.has_dst = *p != '\0';
	if (f.has_dst) {
		if (!designation(&p))
			return false;
		if (*p != ',') {
			if (!clock_time(&p, 24, &west))
				return false;
			f.dst = -west;
		}
		if (*p++ != ',' || !rule_date(&p, &f.start) || *p++ != ',' || !rule_date(&p, &f.end) || *p != '\0')
			return false;
	}
	*ret = f;
	return true;
}

/* Days since 1970-01-01 of a change in a year. */
static int64_t change_day(const struct change *c, int year)
{
	int64_t first = cy_date_days((struct cy_date){ year, 1, 1 }), day, next;
	bool leap = cy_date_days((struct cy_date){ year + 1, 1, 1 }) - first == 366;

	if (c->kind == ZERO_BASED)
		return first + c->day;
	if (c->kind == JULIAN) /* 29 February has no number */
		return first + c->day - 1 + (leap && c->day >= 60);
	first = cy_date_days((struct cy_date){ year, c->month, 1 });
	next = cy_date_days((struct cy_date){ year + c->month / 12, c->month % 12 + 1, 1 });
	/* 0 Sunday ... 6 Saturday; 1970-01-01 was a Thursday. */
	day = first + (c->day - (first + 4) % 7 + 7) % 7 + (c->week - 1) * 7;
	return day < next ? day : day - 7; /* week 5 is the last one */
}

/* Go on by the rule from the last listed change to the last year. */
static int go_on(struct tz *z, const struct footer *f, int64_t last)
{
	int rc = CY_OK;

	if (!f->has_dst) /* it is what the last change led to */
		return CY_OK;
	/* From the year before, so that the offset is known with which 1970 begins. */
	for (int year = ZONE_FIRST_YEAR - 1; year <= ZONE_LAST_YEAR && rc == CY_OK; year++) {
		int64_t start = change_day(&f->start, year) * DAY_S + f->start.time - f->std,
			end = change_day(&f->end, year) * DAY_S + f->end.time - f->dst;
		bool start_first = start < end;

		for (int half = 0; half < 2 && rc == CY_OK; half++) {
			bool to_dst = (half == 0) == start_first;
			int64_t at = to_dst ? start : end;
			int32_t seconds = to_dst ? f->dst : f->std;

			if (at > last && at > 0)
				rc = add(z, at, seconds);
			else if (at > last)
				z->offsets[0].seconds = seconds;
		}
	}
	return rc;
}

/* ---------------------------------------------------------------- the zone */
/* Version 1 has 32-bit times and no rule; what follows it in version 2 has both. */
static int parse(struct tz *z, struct cy_arena *arena)
{
	const char *end;
	char text[128];
	struct footer f;
	struct block b;
	int64_t last = INT64_MIN;
	size_t at, len;
	int rc = block(z, 0, 4, &b);

	if (rc < 0)
		return rc;
	if (z->data[4] < '2')
		return damaged(z, "it is of version 1, which ends with the year 2037");
	rc = block(z, HEADER + b.size, 8, &b);
	if (rc < 0)
		return rc;
	if (b.leap > 0)
		return damaged(z, "it counts leap seconds (a zone of \"right\"), which civil time does not");
	at = (size_t)(b.at - z->data) + b.size;
	end = z->len - at >= 2 && z->data[at] == '\n' ? memchr(z->data + at + 1, '\n', z->len - at - 1) : NULL;
	len = end ? (size_t)((const uint8_t *)end - z->data) - at - 1 : sizeof text;
	if (len >= sizeof text || memchr(z->data + at + 1, '\0', len))
		return damaged(z, "its last line has no rule");
	memcpy(text, z->data + at + 1, len);
	text[len] = '\0';
	z->cap = b.times + 2 + 2 * (ZONE_LAST_YEAR - ZONE_FIRST_YEAR + 2);
	z->offsets = cy_arena_take(arena, z->cap * sizeof *z->offsets);
	rc = list(z, &b, &last);
	if (rc < 0 || text[0] == '\0') /* no rule: nothing is known to change */
		return rc;
	if (!footer(text, &f))
		return damaged(z, "the rule of its last line does not parse");
	return go_on(z, &f, last);
}

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/' || strstr(name, "//") ||
	    name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] != '\0')
		return false; /* without a dot no name leads out of the directory */
	return strncmp(name, "right/", 6) != 0;
}

static struct cy_digest digest(const struct law_zone *zone)
{
	struct cy_buf text = CY_BUF(256u * 1024u);
	struct cy_digest d;
	int rc = cy_buf_addf(&text, "zone %s\n", zone->name);

	for (size_t i = 0; i < zone->n && rc == CY_OK; i++)
		rc = cy_buf_addf(&text, "%lld %d\n", (long long)zone->offsets[i].from_ms, zone->offsets[i].seconds);
	CY_ASSERT(rc == CY_OK);
	d = cy_sha256(cy_buf_view(&text));
	cy_buf_free(&text);
	return d;
}

/* The whole of a regular file; -1 with errno. */
static ssize_t slurp(const char *path, uint8_t *out, size_t size)
{
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EISDIR;
		return -1;
	}
	while (len < size && (n = read(fd, out + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	return n < 0 ? -1 : (ssize_t)len;
}

int zone_load(const char *dir, const char *name, struct cy_arena *arena, const struct law_zone **ret,
	      struct cy_error *e)
{
	char path[4096], shown[80];
	struct law_zone *zone;
	struct tz z;
	uint8_t *data;
	ssize_t len;
	int rc;

	cy_line(shown, sizeof shown, name);
	if (!name_valid(name))
		return cy_fail_at(e, CY_EINVAL, "time_zone", "'%s' is not a time zone; " EXPECTED, shown);
	if (snprintf(path, sizeof path, "%s/%s", dir ? dir : ZONE_DIR, name) >= (int)sizeof path)
		return cy_fail_at(e, CY_EINVAL, "time_zone", "the path of the time zones is too long");
	data = malloc(FILE_MAX);
	CY_ASSERT(data);
	len = slurp(path, data, FILE_MAX);
	if (len < 0) {
		free(data);
		if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR)
			return cy_fail_at(e, CY_ENOENT, "time_zone",
					  "there is no time zone '%s' in %s; " EXPECTED
					  " (the package tzdata has them)",
					  shown, dir ? dir : ZONE_DIR);
		return cy_fail_at(e, CY_EIO, "time_zone", "%s cannot be read: %s", path, strerror(errno));
	}
	zone = cy_arena_take(arena, sizeof *zone);
	z = (struct tz){ .name = shown, .path = path, .data = data, .len = (size_t)len, .e = e };
	rc = parse(&z, arena);
	free(data);
	if (rc < 0)
		return rc;
	*zone = (struct law_zone){ .name = cy_arena_string(arena, name), .n = z.n, .offsets = z.offsets };
	zone->digest = digest(zone);
	*ret = zone;
	return CY_OK;
}
