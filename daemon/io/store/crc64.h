/* CRC-64/XZ: polynomial of ECMA-182, reflected. It finds every run of damage of up to 64 bits, and
 * other damage but for one case in 2^64. No protection against a forger. */
#ifndef CY_IO_STORE_CRC64_H
#define CY_IO_STORE_CRC64_H

#include <stddef.h>
#include <stdint.h>

/* Of several pieces one after the other: `crc` is what the piece before gave, 0 for the first. */
uint64_t crc64(uint64_t crc, const void *data, size_t len);

#endif
