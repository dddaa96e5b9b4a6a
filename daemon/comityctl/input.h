/* Reading the JSON of a message from a file, for people to write: comments, and
 * every fault with file, path and expectation. */
#ifndef CY_COMITYCTL_INPUT_H
#define CY_COMITYCTL_INPUT_H

#include <protobuf-c/protobuf-c.h>

#include "base/bytes.h"
#include "comity/v1/local.pb-c.h"

/* Templates leave this text where something is to be filled in. */
#define INPUT_FILL_IN "FILL IN"

/* The whole of a file ("-": standard input), at most 4 MiB. A byte order mark becomes blanks. Lines that begin
 * with optional blanks and `//` are emptied, so that lines keep their numbers.
 * CTL_DONE, or CTL_BAD_FILE with the sentence printed. */
int input_read(const char *file, struct cy_buf *ret_text);

/* Parse the proto3 JSON form of a message; freed with
 * protobuf_c_message_free_unpacked(.., NULL). `file` is for the sentences.
 * CTL_DONE, or CTL_BAD_FILE with a sentence printed for each fault. */
int input_parse(const char *file, struct cy_bytes text, const ProtobufCMessageDescriptor *d,
		ProtobufCMessage **ret_message);

/* Told a fault: the path of its field as the file has it, or "", and the sentence. */
typedef void input_fault(void *arg, const char *field, const char *text);

/* Both for a submission; freed with cy_submission__free_unpacked(.., NULL). With `fault` each fault is told and nothing
 * of it printed, and the rest of the submission is returned; what cannot be read at all is CTL_BAD_FILE and printed, as
 * without. */
int input_submission(const char *file, input_fault *fault, void *arg, CySubmission **ret_submission);

/* A fault for each text that still says FILL IN: told, or printed, and then CTL_BAD_FILE. */
int input_filled(const char *file, const ProtobufCMessage *m, input_fault *fault, void *arg);

#endif
