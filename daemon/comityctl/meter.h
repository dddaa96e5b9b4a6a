/* How far a long transfer is: a bar on standard error where that is a terminal, lines
 * where they are asked for, nothing otherwise. */
#ifndef CY_COMITYCTL_METER_H
#define CY_COMITYCTL_METER_H

#include <stdbool.h>
#include <stdint.h>

struct meter {
	bool bar, lines;
	char name[64];   /* harmless for a terminal */
	uint64_t total;  /* bytes; 0: not known */
	uint64_t done;   /* bytes */
	uint64_t shown;  /* of them when the rate was last measured */
	int64_t at_ms;   /* when that was */
	double rate;     /* bytes a second, smoothed; 0: not known yet */
	int64_t said_ms; /* when it was last printed */
};

/* `total` 0: not known. */
void meter_begin(struct meter *m, const char *name, uint64_t total, bool lines);
/* So much is there already and need not be moved: the rate is that of what follows. */
void meter_skip(struct meter *m, uint64_t done);
void meter_at(struct meter *m, uint64_t done);
/* The last word: a bar disappears, a line says how far it came. */
void meter_end(struct meter *m);
/* Something else is about to be printed: a bar that stands there goes. */
void meter_clear(void);

#endif
