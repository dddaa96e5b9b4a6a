#include "io/store/crc64.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0xc96c5795d7870f42u /* of ECMA-182, bits reflected */
#define STRIDE     8

/* table[k][b]: what byte b contributes when k bytes follow it. */
static uint64_t table[STRIDE][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_table(void)
{
	for (unsigned b = 0; b < 256; b++) {
		uint64_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][b] = crc;
	}
	for (unsigned b = 0; b < 256; b++)
		for (int k = 1; k < STRIDE; k++)
			table[k][b] = table[k - 1][b] >> 8 ^ table[0][table[k - 1][b] & 0xff];
}

uint64_t crc64(uint64_t crc, const void *data, size_t len)
{
	const uint8_t *at = data;

	pthread_once(&once, make_table);
	crc = ~crc;
	for (; len >= STRIDE; at += STRIDE, len -= STRIDE) {
		uint64_t word;

		memcpy(&word, at, sizeof word);
		word = le64toh(word) ^ crc;
		/* In two halves, so that the processor looks them up side by side. */
		crc = table[7][word & 0xff] ^ table[6][word >> 8 & 0xff] ^ table[5][word >> 16 & 0xff] ^
		      table[4][word >> 24 & 0xff];
		crc ^= table[3][word >> 32 & 0xff] ^ table[2][word >> 40 & 0xff] ^ table[1][word >> 48 & 0xff] ^
		       table[0][word >> 56];
	}
	for (; len > 0; at++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *at) & 0xff];
	return ~crc;
}
