/* The budget of descriptors. libzmq ends the process if it finds none, so users that can wait are
 * refused before the last descriptors are taken. */
#ifndef CY_IO_LOOP_DESCRIPTORS_H
#define CY_IO_LOOP_DESCRIPTORS_H

#include <stdbool.h>
#include <stddef.h>

/* The descriptors that each level leaves for the levels below. */
#define DESCRIPTORS_STRANGER 64u /* callers without a certificate, and our own dialling */
#define DESCRIPTORS_LOCAL    48u /* local clients */
#define DESCRIPTORS_SESSION  32u /* sessions; each takes four */

/* Are more than `reserve` left? The limit may have changed meanwhile. */
bool descriptors_left(size_t reserve);

/* Does this one, which was just given to us, leave more than `reserve`? */
bool descriptors_spare(int fd, size_t reserve);

#endif
