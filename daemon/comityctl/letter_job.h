/* What the files of the command `letter` share: the words, treaties and letterhead that were read, and the letter that
 * is being written. */
#ifndef CY_COMITYCTL_LETTER_JOB_H
#define CY_COMITYCTL_LETTER_JOB_H

#include "comityctl/ctl.h"
#include "comityctl/treaties.h"
#include "comityctl/words.h"
#include "config/letterhead_confuse.h"
#include "letter/fill.h"
#include "letter/letter.h"

struct letter_job {
	struct ctl *ctl;
	struct words words;
	struct treaties treaties;
	struct law_data law;
	struct letterhead head; /* office NULL: none was given */
	struct cy_arena arena;  /* forms; the letter has its own */
	struct letter letter;
	const struct form **forms; /* all that went into the letter */
	size_t n_forms, room;
	/* Of a draft: what was not filled in. */
	size_t n_unread;
	bool more_unread;
	struct form_unread unread[LAW_FAULTS_MAX];
};

/* Read the words, treaties and letterhead, each NULL where the option was not given, into a job of zeros, whose `ctl`
 * is set; and begin a letter. `command` is for the messages. CTL_DONE, or the reason is printed; letter_unload() either
 * way. */
int letter_load(struct letter_job *j, const char *command, const char *language, const char *treaties,
		const char *letterhead);
void letter_unload(struct letter_job *j);

/* A draft; the faults of the file stand in the letter. CTL_DONE, or the reason is printed. */
int letter_draft(struct letter_job *j, const char *file);

/* A message, as the daemon shows it; `v` may be NULL: the view of its case. */
int letter_message(struct letter_job *j, const CyMessageView *m, const CyCaseView *v);

/* A whole case, each of its messages asked for. */
int letter_case(struct letter_job *j, const CyCaseView *v);

/* Ask for a message. The second returns CTL_DONE and NULL where there is none of this id. */
int letter_show(struct letter_job *j, const char *id, CyServerFrame **ret_reply);
int letter_show_if(struct letter_job *j, const char *id, CyServerFrame **ret_reply);

/* The form of a submission or a message; it is remembered for the caveats. The day is that on which it was made; year
 * 0: today. */
const struct form *letter_form(struct letter_job *j, const ProtobufCMessage *m, struct cy_date day, bool judge);

/* The letterhead, if it is that of this authority ("": of whoever runs the program); else `office` and `lines`. */
void letter_head(struct letter_job *j, const char *authority, const CyAuthority *office);

/* The time zone of the letter is that of this authority ("": of whoever runs the program), and stands in it: by its
 * letterhead, its office, the daemon or its time limits in the case `v`; where none says it, UTC. `office` and `v` may
 * be NULL. Called before anything is written. */
void letter_zone(struct letter_job *j, const char *authority, const CyAuthority *office, const CyCaseView *v);
void letter_say_zone(struct letter_job *j);

/* Shorthands: a sentence in the language, a field with its label in the language, unless it is empty. */
const char *letter_say(struct letter_job *j, const char *english);
void letter_pair(struct letter_job *j, const char *label, const char *text);

/* The instrument of a case on the day on which it was opened; NULL: it is not among the treaties. */
const struct law_profile *letter_instrument(const struct letter_job *j, const CyCaseSummary *s);

/* The kind of a message in the language, by its name in Content. */
const char *letter_kind(struct letter_job *j, const char *kind);

/* A word that the daemon says, such as a state, in the language: PARTIALLY_EXECUTED is partially executed. */
const char *letter_word(struct letter_job *j, const char *text);

/* An instant (0: a dash), a number, and the label of a value, in the language. */
const char *letter_instant(struct letter_job *j, int64_t ms);
const char *letter_number(struct letter_job *j, uint64_t n);
const char *letter_enum(struct letter_job *j, const ProtobufCEnumDescriptor *d, int value);

/* When a time limit is due, in the zone of the side that owes it; and its article, with a star where nobody has
 * compared it with the primary text. */
const char *letter_due(struct letter_job *j, const CyClockView *k);
const char *letter_clock_article(struct letter_job *j, const CyClockView *k);

/* Write the letter as PDF or HTML, by the end of the name; what was written is told. CTL_DONE, or the reason is
 * printed. */
int letter_write(struct letter_job *j, const char *output);

/* How a message is known again and verified: its id, digest and parcel, and the commands. */
void letter_proof(struct letter_job *j, const CyMessageView *m);
/* `id` NULL: the commands are for any message. */
void letter_commands(struct letter_job *j, const char *id, bool receipt);

#endif
