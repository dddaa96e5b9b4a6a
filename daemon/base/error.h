/* Error codes and the sentence for people.
 *
 * Every function that can fail returns CY_OK (0) or one of the negative codes.
 * Outputs named ret_x are untouched on failure. Outer floors also fill a
 * struct cy_error; callers that do not want the sentence pass NULL. */
#ifndef CY_BASE_ERROR_H
#define CY_BASE_ERROR_H

#include <stddef.h>

/* X(name, code, what it means) */
#define CY_ERRORS(X)                                                  \
	X(OK, 0, "success")                                           \
	X(ENOMEM, -1, "out of memory")                                \
	X(EINVAL, -2, "a value is missing or wrong")                  \
	X(ELIMIT, -3, "a limit would be exceeded")                    \
	X(EPARSE, -4, "it does not parse")                            \
	X(ENOENT, -5, "there is no such thing")                       \
	X(EEXIST, -6, "it exists already")                            \
	X(ESTATE, -7, "the state does not allow it")                  \
	X(ESIGN, -8, "a signature cannot be made or does not verify") \
	X(ESTORE, -9, "the store failed")                             \
	X(EIO, -10, "input or output failed")                         \
	X(EAGAIN, -11, "not now, try again later")                    \
	X(EDENIED, -12, "not allowed")                                \
	X(EPROTO, -13, "the other side breaks the protocol")          \
	X(ECONFIG, -14, "the configuration is wrong")                 \
	X(EDAMAGED, -15, "it is damaged: a backup has to be restored")

enum cy_code {
#define CY_X(name, code, text) CY_##name = (code),
	CY_ERRORS(CY_X)
#undef CY_X
};

/* A failure told to people: which field (or file and line), and a sentence.
 * Both are NUL-terminated and cut, never overrun. */
struct cy_error {
	int code;
	char field[128];
	char text[1024];
};

/* The meaning of a code; never NULL. */
const char *cy_strerror(int code);

/* Fill `e` (may be NULL) and return `code`. */
int cy_fail(struct cy_error *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same, naming the field, or file and line, that is wrong. */
int cy_fail_at(struct cy_error *e, int code, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* An assertion that stays on in production: a broken invariant ends the
 * process before it can do harm. */
#define CY_ASSERT(cond) ((cond) ? (void)0 : cy_assert_failed(#cond, __FILE__, __LINE__))
/* The attribute, and not _Noreturn, which newer versions of cppcheck do not see. */
__attribute__((noreturn)) void cy_assert_failed(const char *cond, const char *file, int line);

#endif
