/* A message as people see it: sections of fields, each with its label, help, what the instrument says of it, and, where
 * there is a draft, what was written, what is wrong and what is still empty. The form, the letter, the template, the
 * check and the screen show this one model; none of them looks at the schema itself.
 *
 * The fields are those of the schema, by reflection: one that is added appears by itself. What stands beside the schema
 * is data: the words in a catalogue (form/words.h, config/locale), sections and controls in a layout (form/layout.h,
 * config/form.conf), and what the instrument asks for in its treaty profile. */
#ifndef CY_FORM_FORM_H
#define CY_FORM_FORM_H

#include "base/arena.h"
#include "form/layout.h"
#include "form/words.h"
#include "law/treaty.h"

/* What the instrument says of a field. Texts are those of the profile, in the language of the form as far as its
 * catalogue has them. */
struct form_guide {
	const char *text;      /* what to fill in and why */
	law_measures measures; /* holds for these; 0: always */
	bool asked;            /* the instrument asks for the field */
	const char *instrument, *article;
	bool verified; /* against the primary text; otherwise `note` says what was not, or "" */
	const char *note;
};

/* A value that a field may have, or of an open list one that it often has. */
struct form_choice {
	const char *value; /* as JSON has it: the name in the schema, a code */
	const char *label, *help;
	const char *ask; /* of a type of measure: what the description of such a measure says; "" */
};

/* What a value must look like, as the law says it: a browser can hold what is typed against it. */
struct form_shape {
	size_t most_bytes; /* of a text, in UTF-8; 0: no text */
	uint64_t least;    /* of an instant, in milliseconds since 1970: before it lies no instant that anybody means */
	uint64_t most;     /* of a number; 0: what its type holds */
	const char *pattern; /* a regular expression of ECMAScript that holds for the whole text; NULL: none */
	const char *told;    /* the sentence where the pattern does not hold */
	size_t n_only;       /* the values that may stand here; 0: any */
	const char *const *only;
};

/* On which side of the day on which it is sent a date must lie; otherwise people are warned. */
enum form_day {
	FORM_ANY_DAY,
	FORM_NOT_LATER,
	FORM_NOT_EARLIER
};

enum form_need {
	FORM_OPTIONAL,
	FORM_SOMETIMES, /* mandatory where `why` says so */
	FORM_MANDATORY, /* wherever the part that it belongs to is there */
	FORM_NOT_HERE   /* nobody writes it here: the program fills it in, or it must stay empty */
};

/* One value, or one element of a list, that a draft or a message has. Of a control with choices the text is the label,
 * of a date the day in the words of the language. Control characters, bytes that are no UTF-8 and marks that turn
 * the direction of writing stand in it as \x1b and \u{202e}; lines end with \n. */
struct form_item {
	const char *path; /* content.request.measures[0].type */
	const char *text; /* "" of a part: look at its fields */
	const char *raw;  /* as JSON has it without quotes; not harmless. "" of a part */
	bool marked;      /* something was replaced in `text`, which people are told */
	size_t n_fields;
	struct form_field *fields; /* of a part */
};

/* A field of the schema: a value, a part with fields of its own, or a list of either. */
struct form_field {
	const char *path; /* within the message: content.request.measures[].type; below an item with its number */
	const char *name; /* in JSON */
	const char *key;  /* in the schema: Measure.type; the context of its words in the catalogue */
	const char *label, *help, *example; /* help and example may be "" */
	const char *element;                /* label of one element of a list: Measure; else that of the field */
	enum form_control control;
	bool list;
	size_t most;         /* elements of a list; 1 */
	enum form_need need; /* of an item's field, for this very item */
	/* Of FORM_SOMETIMES: the measures for which it is mandatory, by the law or the profile; 0: it does not depend
	 * on the type of the measure alone. */
	law_measures mandatory_for;
	const char *why; /* why it is mandatory, where, or that it may stay empty: a sentence */
	/* Of FORM_SOMETIMES: it is mandatory where the field `must_where` of the same part has the value `must_is`;
	 * "": it does not depend on that alone. */
	const char *must_where, *must_is;
	struct form_shape shape;
	enum form_day day;
	bool fixed; /* whoever made the form has said it, and it is not changed in it */
	/* It has a sense only where the field `where` of the same part has one of the values `is`; NULL: always. */
	const char *where;
	size_t n_is;
	const char *const *is;
	const char *when;    /* the same in words; "" */
	const char *instead; /* a field of the same part that does for it, by its name of the schema; "" */
	bool usual;          /* most drafts have it although it may stay empty */
	const char *preset;  /* what to begin with, as in JSON; "" */
	size_t n_guides;
	const struct form_guide *guides;
	size_t n_choices;
	const struct form_choice *choices;
	size_t n_fields;
	struct form_field *fields; /* of a part, as it is before anything is written in it */
	size_t n_items;
	struct form_item *items;
	bool empty; /* mandatory here, and nothing is written */
	size_t n_faults;
	const struct form_fault *const *faults; /* of the field itself, and of its items that are values */
};

struct form_section {
	const char *name; /* in the layout, such as measures */
	const char *label, *help;
	size_t n_fields;
	struct form_field *fields;
};

/* What is wrong with a draft, or ought to be known of it. */
struct form_fault {
	const char *path;    /* within the message, under the names of the schema: content.request.measures[0].type */
	const char *label;   /* of the field, with those around it: Measures 1 › Type; "": no field of the form */
	const char *text;    /* a sentence */
	const char *article; /* with its instrument; "" */
	bool unread;         /* the file says something there that the schema does not know */
	bool warning;        /* no fault */
};

struct form {
	const char *language;              /* of the words, ISO 639-1 */
	bool reviewed;                     /* the catalogue was reviewed by a lawyer; what is not is to say so */
	const char *unreviewed;            /* the sentence that says so */
	uint32_t kind;                     /* of the message; law/kinds.h; 0: none yet */
	const char *title;                 /* such as Request, or Request for mutual legal assistance */
	const struct law_profile *profile; /* NULL: none */
	size_t n_measures;
	const struct form_choice *measures; /* chosen; those that may be are the choices of Measure.type */
	size_t n_sections;
	struct form_section *sections;
	size_t n_faults; /* faults and warnings, in the order of the fields */
	const struct form_fault *faults;
	bool more_faults, more_warnings; /* than are told */
	size_t n_empty;                  /* mandatory fields in which nothing is written */
	size_t n_unknown;                /* fields of a later version of the schema, which nobody here can show */
	struct law_atom_warnings atoms;  /* terms that differ, each with who has acknowledged it */
};

/* What a form is made of. */
struct form_ask {
	struct form_words words;
	const struct form_layout *layout;
	const struct law_data *legal_data; /* NULL: nothing is held against a treaty */
	const struct law_profile *profile; /* NULL: that which the message names, if the legal data has it */
	struct law_between between;        /* states "" : as the message says */
	uint32_t kind;                     /* of a form that is empty; 0: as the message says */
	size_t n_measures;                 /* chosen; 0: those of the message */
	const CyMeasureType *measures;
	/* A Submission (a draft) or a Message; NULL: an empty form for a Submission. */
	const ProtobufCMessage *message;
	/* Faults of reading, in paths of the message as the file has them (wire_json_read). */
	size_t n_unread;
	const struct form_unread {
		const char *path, *text;
	} * unread;
	bool more_unread;
	bool judge; /* look for faults: law_validate(), law_treaty_check(), law_warnings() */
};

/* The form; all of it lives in the arena, or as long as what the question points to. A draft that has no kind yet has
 * the sections around it alone. CY_EINVAL: there is no message of this kind, or none is asked for. */
int form_make(const struct form_ask *ask, struct cy_arena *arena, struct form **ret);

/* The field of a path, with or without places: that of the item where the path has its place; NULL: none. */
const struct form_field *form_find(const struct form *f, const char *path);

/* Does anything stand in the field? A part counts where something stands in it. */
bool form_filled(const struct form_field *f);

/* The field has a sense beside what stands in `siblings`, the fields of the same part (where, is), or is filled all the
 * same: nothing that was written is hidden. */
bool form_shown(const struct form_field *f, const struct form_field *siblings, size_t n);

#endif
