/* Whole numbers in JSON: a number, a real without fraction, or decimal text. */
#ifndef CY_WIRE_JSON_NUMBER_H
#define CY_WIRE_JSON_NUMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* False if it is no whole number of that kind, or out of range. */
bool wire_json_signed(const json_t *j, int64_t min, int64_t max, int64_t *ret);
bool wire_json_unsigned(const json_t *j, uint64_t max, uint64_t *ret);

#endif
