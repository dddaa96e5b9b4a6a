/* How the fields of the schema are set out: sections, order, controls, and which fields have a sense only beside
 * others. It is data (config/form.conf), and says nothing of the law. A field that it does not name stands at the end
 * of its part, in the order of the schema, with the control that its type gives. */
#ifndef CY_FORM_LAYOUT_H
#define CY_FORM_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

/* X(NAME, word): the word in the layout and in JSON. */
#define FORM_CONTROLS(X)                                                     \
	X(AUTO, "auto")           /* not said: by the type */                \
	X(PART, "part")           /* fields of its own */                    \
	X(LINE, "line")           /* text of one line */                     \
	X(TEXT, "text")           /* text of several lines */                \
	X(CHOICE, "choice")       /* one of the choices */                   \
	X(OPEN, "open")           /* text; the choices are often meant */    \
	X(STATE, "state")         /* ISO 3166-1 alpha-2; open */             \
	X(LANGUAGE, "language")   /* ISO 639-1; open */                      \
	X(LANGUAGES, "languages") /* several of these, blanks between */     \
	X(DATE, "date")           /* YYYY-MM-DD */                           \
	X(INSTANT, "instant")     /* RFC 3339; milliseconds in the schema */ \
	X(NUMBER, "number")       /* whole, not negative */                  \
	X(SIZE, "size")           /* bytes */                                \
	X(MEASURE, "measure")     /* number of a measure */                  \
	X(SWITCH, "switch")       /* true or not */                          \
	X(YES_NO, "yes_no")       /* true, false, or not stated */           \
	X(BYTES, "bytes")         /* base64 in JSON, hexadecimal as text */  \
	X(FILE, "file")           /* a part that describes a file */

enum form_control {
#define FORM_X(NAME, word) FORM_##NAME,
	FORM_CONTROLS(FORM_X)
#undef FORM_X
	FORM_CONTROLS_N
};

const char *form_control_name(enum form_control c);

/* What is said of one field. */
struct form_rule {
	const char *field; /* Measure.type */
	enum form_control control;
	bool usual;        /* begun in an empty form although it may stay empty */
	bool ours;         /* the program fills it in */
	const char *where; /* a field of the same part, by its name of the schema; NULL: it always has a sense */
	size_t n_is;
	const char *const *is; /* values of that field */
	size_t n_often;
	const char *const *often; /* values that it often has */
	const char *instead;      /* a field of the same part that does for it; NULL */
	const char *preset;       /* what to begin with; NULL */
	size_t n_preset_for;
	const char *const *preset_for; /* MEASURE=VALUE: what to begin with where this is the one measure */
};

/* What is said of the fields of a type of message. Of a kind of message and of what is around it these are sections. */
struct form_group {
	const char *part; /* Request */
	const char *name; /* of the section; "" : only an order */
	size_t n_fields;
	const char *const *fields; /* names of the schema, in order */
};

struct form_layout {
	size_t n_rules;
	const struct form_rule *rules;
	size_t n_groups;
	const struct form_group *groups; /* in order */
};

#endif
