#define _GNU_SOURCE
#include "apus_number.h"
#include "apus_float.h"
#include "apus_math.h"
#include <ctype.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#define LONGEST_TEXT 1023

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;
static void make_c_locale(void) { c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

// Switches this thread to the "C" locale; give the result back to leave_c_locale.
static locale_t enter_c_locale(void) {
  pthread_once(&c_locale_once, make_c_locale);
  return uselocale(c_locale);
}
static void leave_c_locale(locale_t previous) { uselocale(previous); }

bool apus_parse_double(const char *text, size_t length, double *value) {
  char copy[LONGEST_TEXT + 1];
  if (length == 0 || length > LONGEST_TEXT || isspace((unsigned char)text[0])) return false;
  memcpy(copy, text, length);
  copy[length] = 0;
  char *end;
  locale_t previous = enter_c_locale();
  double result = strtod(copy, &end);
  leave_c_locale(previous);
  if (end != copy + length) return false;
  *value = result;
  return true;
}

// Prints with the given digits; 0 when the text does not fit.
static size_t print(double value, int digits, char *text, size_t capacity) {
  locale_t previous = enter_c_locale();
  int length = snprintf(text, capacity, "%.*g", digits, value);
  leave_c_locale(previous);
  return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

static double read_back(const char *text) {
  locale_t previous = enter_c_locale();
  double value = strtod(text, NULL);
  leave_c_locale(previous);
  return value;
}

static float read_back_float(const char *text) {
  locale_t previous = enter_c_locale();
  float value = strtof(text, NULL);
  leave_c_locale(previous);
  return value;
}

size_t apus_format_double(double value, char *text, size_t capacity) {
  return print(value, 17, text, capacity);
}

size_t apus_format_double_fixed(double value, unsigned decimals, char *text, size_t capacity) {
  locale_t previous = enter_c_locale();
  int length = snprintf(text, capacity, "%.*f", (int)decimals, value);
  leave_c_locale(previous);
  return length > 0 && (size_t)length < capacity ? (size_t)length : 0;
}

size_t apus_format_double_shortest(double value, char *text, size_t capacity) {
  size_t length = 0;
  for (int digits = 1; digits <= 17; digits++) {
    length = print(value, digits, text, capacity);
    if (!length || value != value || read_back(text) == value) break;
  }
  return length;
}

size_t apus_format_float_shortest(float value, char *text, size_t capacity) {
  size_t length = 0;
  for (int digits = 1; digits <= 9; digits++) {
    length = print((double)value, digits, text, capacity);
    if (!length || value != value || read_back_float(text) == value) break;
  }
  return length;
}

double apus_lgamma(double x) {
#if defined(__linux__) || defined(__APPLE__)
  int sign;
  return lgamma_r(x, &sign);
#else
  return lgamma(x);
#endif
}

// Rounds to odd at float: what was lost stays visible in the last bit, so that rounding again to
// less than half the digits gives what one rounding gives.
static float narrow_to_odd(double value) {
  float nearest = (float)value;
  double back = (double)nearest;
  uint32_t bits = apus_float_bits(nearest);
  if (value != value || back == value || (bits & 1u)) return nearest;
  bool away = fabs(back) > fabs(value);
  return apus_float_from_bits(away ? bits - 1 : bits + 1);
}

uint16_t apus_double_to_half(double value) { return apus_float_to_half(narrow_to_odd(value)); }
uint16_t apus_double_to_bfloat16(double value) {
  return apus_float_to_bfloat16(narrow_to_odd(value));
}
