#ifndef APUS_NUMBER_H
#define APUS_NUMBER_H
#include <stdbool.h>
#include <stddef.h>

// Text of numbers, in the "C" locale whatever the process has set.

// The double nearest to the decimal or hexadecimal number that fills the whole text ("inf" and
// "nan" included). false when it is none, or longer than 1023 bytes.
bool apus_parse_double(const char *text, size_t length, double *value);

// Write "%.17g", or the shortest decimal form that reads back as the same value, with a NUL.
// They return the length without it; a capacity of 32 always suffices, 0 is returned when short.
size_t apus_format_double(double value, char *text, size_t capacity);
size_t apus_format_double_shortest(double value, char *text, size_t capacity);
size_t apus_format_float_shortest(float value, char *text, size_t capacity);

// Writes "%.<decimals>f"; a capacity of 336 suffices for up to 20 decimals.
size_t apus_format_double_fixed(double value, unsigned decimals, char *text, size_t capacity);

#endif
