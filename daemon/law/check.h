/* Collecting faults: a path that grows and shrinks while the content is walked,
 * and the checks of single values that every kind shares. */
#ifndef CY_LAW_CHECK_H
#define CY_LAW_CHECK_H

#include "law/validate.h"

/* Rules that hold for every message, whatever the instrument, have no article. The articles of the instruments are data
 * of their profiles: law_treaty_check() names them. */
#define LAW_NO_ARTICLE ""
#define LAW_UNVERIFIED " (not verified against the primary text)"

/* Called with each rule in place of checking it, to print the rules (proto/PROTOCOL.md). The content then has an
 * element in each list, and every part. `when` says when the rule applies, or is NULL; `may_be_empty`: the rule applies
 * to values that are not empty. */
typedef void law_telling(void *arg, const char *path, const char *when, bool may_be_empty, const char *text);

struct law_check {
	struct law_faults *faults;
	char path[96];
	size_t len;
	law_telling *tell; /* NULL: faults are collected */
	void *arg;
	const char *when;
};

/* Step into a field (or `field[index]`), and out again after the checks. The value that law_in()
 * returns is given to law_out(). */
size_t law_in(struct law_check *c, const char *field);
size_t law_in_at(struct law_check *c, const char *field, size_t index);
void law_out(struct law_check *c, size_t mark);

/* Adds a fault of `field` below the path (NULL: of the path itself). */
void law_fault(struct law_check *c, const char *field, const char *article, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* A rule: a fault unless it is kept. */
void law_must(struct law_check *c, bool kept, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Returns whether the next rule applies; `when` says in words when it does. */
bool law_where(struct law_check *c, bool applies, const char *when);

/* Each adds a fault unless: a text has more than blanks; a date is empty (unless it is mandatory)
 * or exists; a state or language is empty or has its form; a value is one of the enum and, if
 * `must`, not UNSPECIFIED. */
void law_text(struct law_check *c, const char *field, const char *value);
void law_date(struct law_check *c, const char *field, const char *value);
void law_date_must(struct law_check *c, const char *field, const char *value);
void law_period(struct law_check *c, const char *from_field, const char *from, const char *to_field, const char *to);
void law_state(struct law_check *c, const char *field, const char *value, bool must);
void law_language(struct law_check *c, const char *field, const char *value);
void law_enum(struct law_check *c, const char *field, const ProtobufCEnumDescriptor *d, int value, bool must);
void law_title(struct law_check *c, const char *value, bool must);
void law_texts(struct law_check *c, const char *field, size_t n, char **values);

/* The number of a message that is referred to: not 0. */
void law_number(struct law_check *c, const char *field, uint32_t value);
/* Measure numbers: 1 to 64, each once. `seen` gathers them. */
void law_measure_number(struct law_check *c, const char *field, uint32_t value, uint64_t *seen);
void law_measure_list(struct law_check *c, size_t n, const uint32_t *values);

bool law_blank(const char *text);

/* Returns whether there is a fault already of `field` below `path`. */
bool law_named(const struct law_faults *all, const char *path, const char *field);

/* Calls `look` for a message and for each message in it, with the path of it: first the message itself, then its parts
 * in the order of the fields. */
typedef void law_look(struct law_check *c, void *arg, const ProtobufCMessage *m);
void law_each_part(struct law_check *c, const ProtobufCMessage *m, law_look *look, void *arg);

/* Parts that several kinds share. */
void law_attachments(struct law_check *c, size_t n, CyAttachment **list);
void law_persons(struct law_check *c, size_t n, CyPerson **list);
void law_identifiers(struct law_check *c, const char *field, size_t n, CyIdentifier **list);
void law_legal_basis(struct law_check *c, const CyLegalBasis *b, bool must);
void law_check_statement(struct law_check *c, const CyClockStatement *s);
void law_check_reminder(struct law_check *c, const CyReminder *r);
void law_check_evidence_statement(struct law_check *c, const CyEvidenceStatement *s);
void law_attachment_numbers(struct law_check *c, size_t n, const uint32_t *values); /* from 1, each once */
void law_review(struct law_check *c, const CyReviewAttestation *r);
void law_authority(struct law_check *c, const char *field, const CyAuthority *a, bool must);

/* All rules for a content. */
void law_check_content(struct law_check *c, const CyContent *content);

/* The kinds, by the author's side. */
void law_check_request(struct law_check *c, const CyRequest *r);
void law_check_follow_up(struct law_check *c, const CyContent *content);
void law_check_answer(struct law_check *c, const CyContent *content);

#endif
