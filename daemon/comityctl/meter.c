#include "comityctl/meter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/harmless.h"
#include "comityctl/out.h"

#define BAR_EVERY_MS  200
#define LINE_EVERY_MS 5000
#define RATE_EVERY_MS 500
#define NAME_SHOWN    24
#define BAR_MIN       10
#define BAR_MAX       40
#define WIDTH_DEFAULT 80

static bool drawn;

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* At most NAME_SHOWN characters. */
static void set_name(struct meter *m, const char *name)
{
	struct cy_buf b = CY_BUF(4096);
	size_t shown = 0, len = 0;

	if (cy_harmless(&b, name, strlen(name), false, NULL) == CY_OK && b.data != NULL)
		while (b.data[len] && len < sizeof m->name - 4) {
			shown += (b.data[len] & 0xc0) != 0x80;
			if (shown > NAME_SHOWN)
				break;
			len++;
		}
	while (len && b.data[len] && (b.data[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(m->name, b.data, len);
	m->name[len] = 0;
	cy_buf_free(&b);
}

static void measure(struct meter *m, int64_t now)
{
	int64_t ms = now - m->at_ms;
	double rate;

	if (ms < RATE_EVERY_MS || m->done < m->shown)
		return;
	rate = (double)(m->done - m->shown) * 1000 / (double)ms;
	m->rate = m->rate > 0 ? 0.7 * m->rate + 0.3 * rate : rate;
	m->shown = m->done;
	m->at_ms = now;
}

/* `1.2 GiB of 3.0 GiB  40 %  210 MiB/s  8s left`, as far as it is known. */
static int figures(const struct meter *m, char *out, size_t size)
{
	int n = snprintf(out, size, "%s", out_size(m->done));

	if (m->total)
		n += snprintf(out + n, size - (size_t)n, " of %s  %u %%", out_size(m->total),
			      (unsigned)((double)m->done * 100 / (double)m->total));
	if (m->rate >= 1)
		n += snprintf(out + n, size - (size_t)n, "  %s/s", out_size((uint64_t)m->rate));
	if (m->rate >= 1 && m->total > m->done)
		n += snprintf(out + n, size - (size_t)n, "  %s left",
			      out_age((int64_t)((double)(m->total - m->done) * 1000 / m->rate)));
	return n;
}

static int columns(void)
{
	const size_t n = out_columns(STDERR_FILENO);

	return n ? (int)n : WIDTH_DEFAULT;
}

static void draw(const struct meter *m)
{
	char text[256], bar[BAR_MAX + 1];
	int n = figures(m, text, sizeof text), room;

	/* The last column stays free: some terminals wrap when it is written. */
	drawn = true;
	room = columns() - 1 - NAME_SHOWN - 2 - n - 4;
	if (!m->total || room < BAR_MIN) {
		fprintf(stderr, "\r%.*s\033[K", columns() - 1, text);
		return;
	}
	room = room > BAR_MAX ? BAR_MAX : room;
	memset(bar, '.', sizeof bar);
	memset(bar, '#', (size_t)((double)room * (double)m->done / (double)m->total));
	bar[room] = 0;
	fprintf(stderr, "\r%s  [%s]  %s\033[K", m->name, bar, text);
}

static void say(const struct meter *m)
{
	char text[256];

	figures(m, text, sizeof text);
	fprintf(stderr, "%s  %s\n", m->name, text);
}

void meter_begin(struct meter *m, const char *name, uint64_t total, bool lines)
{
	*m = (struct meter){ .lines = lines, .bar = !lines && isatty(STDERR_FILENO), .total = total };
	set_name(m, name);
	m->at_ms = m->said_ms = now_ms();
	if (m->bar)
		draw(m);
}

void meter_skip(struct meter *m, uint64_t done)
{
	m->done = m->shown = done;
	m->at_ms = now_ms();
	m->rate = 0;
}

void meter_at(struct meter *m, uint64_t done)
{
	int64_t now = now_ms();

	m->done = m->total && done > m->total ? m->total : done;
	measure(m, now);
	if (now - m->said_ms < (m->bar ? BAR_EVERY_MS : LINE_EVERY_MS))
		return;
	m->said_ms = now;
	if (m->bar)
		draw(m);
	else if (m->lines)
		say(m);
}

void meter_clear(void)
{
	if (drawn)
		fputs("\r\033[K", stderr);
	drawn = false;
}

void meter_end(struct meter *m)
{
	if (m->bar)
		meter_clear();
	else if (m->lines)
		say(m);
	m->bar = m->lines = false;
}
