/* What the files of form/ share. */
#ifndef CY_FORM_INTERNAL_H
#define CY_FORM_INTERNAL_H

#include "base/bytes.h"
#include "form/form.h"

#define FORM_PATH_MAX 256u /* bytes of a path; a longer one is cut */

/* A rule that the law tells of a field (law/check.h), for every message. Paths have [] for each element. */
struct form_need_of {
	const char *path;
	bool missing;          /* it is a fault where nothing stands there */
	law_measures measures; /* only in a part of a measure of these types; 0: always */
	const char *when;      /* where it holds, in words; "" */
	const char *text;
};

/* A date or instant that must lie on one side of the day on which it is sent. Paths as above. */
struct form_day_of {
	const char *path;
	enum form_day day;
};

/* One form being made. */
struct form_work {
	const struct form_ask *ask;
	struct cy_arena *arena;
	struct form *form;
	const ProtobufCMessageDescriptor *body; /* of the kind */
	const char *kind;                       /* its name in Content */
	struct law_between between;             /* states as asked, else as the message says */
	law_measures chosen;                    /* 0: none */
	size_t n_needs;
	const struct form_need_of *needs;
	size_t n_days;
	const struct form_day_of *days;
};

const char *form_text(struct cy_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Help for a field or a value by its key, such as Measure.type; "". */
const char *form_help(const struct form_work *w, const char *key);

/* The rule of a field; NULL. `key` is such as Measure.type. */
const struct form_rule *form_rule_of(const struct form_layout *l, const char *key);

/* What the law asks of every message of the kind. */
void form_needs(struct form_work *w);
law_measures form_every_measure(void);

/* need and why of a field, by its path with [], for an item within a measure of type `of` (0: not within one). */
void form_need(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of);

/* What the instrument says of the field: all, or of an item that of its measure. */
void form_guides(const struct form_work *w, struct form_field *f, const char *pattern, CyMeasureType of);

/* The choices of a field. */
void form_choices(const struct form_work *w, struct form_field *f, const ProtobufCFieldDescriptor *d);
/* What a value of the field must look like, and on which side of today a date lies. */
void form_shape(const struct form_work *w, struct form_field *f);
/* What to begin with. */
const char *form_preset(const struct form_work *w, const struct form_field *f, const struct form_rule *rule);

/* The fields of a part in the order of the layout, empty; `skip` is left out (NULL: none). */
struct form_field *form_fields(const struct form_work *w, const ProtobufCMessageDescriptor *d, const char *path,
			       const ProtobufCFieldDescriptor *skip, size_t *ret_n);
/* The field of a part. */
const ProtobufCFieldDescriptor *form_descriptor(const ProtobufCMessageDescriptor *d, const char *name);

/* Put in what the message says; `of` as above. */
void form_items(const struct form_work *w, struct form_field *f, const ProtobufCMessage *m, const char *path,
		CyMeasureType of);

/* Faults of the draft, and at their fields. */
void form_judge(struct form_work *w);

#endif
