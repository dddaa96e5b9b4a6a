/* Attachments: the options that describe them, what a message holds of them, and where
 * they are written. */
#ifndef CY_COMITYCTL_ATTACH_H
#define CY_COMITYCTL_ATTACH_H

#include "base/limits.h"
#include "base/sha256.h"
#include "comityctl/ctl.h"

/* The options that apply to all files of a command. */
struct attach_options {
	const char *media_type, *category, *exhibit, *use_limits, *retain;
	bool always;
	struct ctl_list atoms, custody;
};

/* Entries of a list of struct ctl_option. */
#define ATTACH_OPTIONS(a)                                                                                           \
	{ .name = "media-type", .value = &(a)->media_type }, { .name = "category", .value = &(a)->category },       \
		{ .name = "exhibit", .value = &(a)->exhibit }, { .name = "use-limits", .value = &(a)->use_limits }, \
		{ .name = "retain-until", .value = &(a)->retain }, { .name = "send-always", .flag = &(a)->always }, \
		{ .name = "atom", .list = &(a)->atoms },                                                            \
	{                                                                                                           \
		.name = "custody", .list = &(a)->custody                                                            \
	}

#define ATTACH_HELP                                                                            \
	"  --media-type TYPE    such as application/pdf (default: application/octet-stream)\n" \
	"  --category TEXT      category of data, as the instrument names it\n"                \
	"  --exhibit NUMBER     exhibit number\n"                                              \
	"  --atom ATOM          data atom that it answers, such as login_ip_log; may be\n"     \
	"                       repeated\n"                                                    \
	"  --use-limits TEXT    limits on its use\n"                                           \
	"  --retain-until DATE  last day on which the receiver may keep it, YYYY-MM-DD\n"      \
	"  --custody RECORD     a link of the chain of custody so far, in order; may be\n"     \
	"                       repeated: 'HOLDER;ACTION;TOOL;TIME', as in\n"                  \
	"                       'J. Roe;acquired;FTK Imager 4.7;2026-11-23T10:00:00Z'; the\n"  \
	"                       tool may be empty\n"                                           \
	"  --send-always        the receiver fetches it even where it holds the same content\n"

/* CTL_USAGE with the sentence, or CTL_DONE. */
int attach_check(const char *command, const struct attach_options *o);

/* The name under which a file is attached: `given`, or the last part of its path; NULL with the
 * sentence printed where that is no name for an attachment. */
const char *attach_name(const char *file, const char *given);

/* Is it one (law/check_evidence.c)? */
bool attach_name_valid(const char *name);

/* Made of checked options; freed with cy_attachment__free_unpacked(.., NULL). */
CyAttachment *attach_new(const struct attach_options *o, const char *name, uint64_t size,
			 const struct cy_digest *sha256);

/* Print it for people, without what is empty. */
void attach_print(const CyAttachment *a);

/* The message inside of what is said; NULL: nothing is said. */
ProtobufCMessage *attach_body(const CyContent *content);
/* Can this kind of message have attachments? */
bool attach_possible(const ProtobufCMessageDescriptor *d);
/* Its attachments. */
CyAttachment **attach_list(const ProtobufCMessage *body, size_t *ret_n);
/* Put one more at the end; taken over. One that is listed already by its name, without the bytes, becomes that: what
 * the list says of it stays. CTL_DONE, or CTL_BAD_FILE with the sentence printed where its digest is another. */
int attach_add(ProtobufCMessage *body, CyAttachment *a);

/* Append to the attachments of a file as `submit` and `send` take it; a file that is not there is
 * made. CTL_DONE, or CTL_BAD_FILE with the sentence printed. */
int attach_write(const char *file, CyAttachment *const *list, size_t n);

/* Parse MESSAGE-ID/N; CTL_USAGE with the sentence. */
struct attach_ref {
	char message_id[CY_UUID_LEN + 1];
	uint32_t attachment;
};
int attach_ref(const char *command, const char *text, struct attach_ref *ret);

/* The signed message with this id; freed with cy_server_frame__free_unpacked(.., NULL). */
int attach_message(struct ctl *ctl, const char *message_id, CyServerFrame **ret_reply);

#endif
