#ifndef APUS_FLOAT_H
#define APUS_FLOAT_H
#include <stdint.h>
#include <string.h>

// Bits of 16-bit floats. Conversions round to nearest, ties to even; NaN stays NaN.

static inline uint32_t apus_float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float apus_float_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float apus_bfloat16_to_float(uint16_t bits) {
  return apus_float_from_bits((uint32_t)bits << 16);
}

static inline uint16_t apus_float_to_bfloat16(float value) {
  uint32_t bits = apus_float_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

static inline float apus_half_to_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = (uint32_t)(half & 0x7fffu) << 13;
  if (rest >= 0x0f800000u) return apus_float_from_bits(sign | rest | 0x7f800000u);
  // The exponent bias grows by 112; the product also normalises subnormal halves.
  float magnitude = apus_float_from_bits(rest) * apus_float_from_bits(0x77800000u);
  return apus_float_from_bits(sign | apus_float_bits(magnitude));
}

static inline uint16_t apus_float_to_half(float value) {
  uint32_t bits = apus_float_bits(value), sign = (bits >> 16) & 0x8000u;
  uint32_t rest = bits & 0x7fffffffu;
  if (rest > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((rest >> 13) & 0x3ffu));
  if (rest >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);
  if (rest < 0x38800000u) {  // below the least normal half: let an addition round
    float shifted = apus_float_from_bits(rest) + 0.5f;
    return (uint16_t)(sign | (apus_float_bits(shifted) - 0x3f000000u));
  }
  return (uint16_t)(sign | ((rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13));
}

// A double rounds once, straight to the narrow format.
uint16_t apus_double_to_half(double value);
uint16_t apus_double_to_bfloat16(double value);

#endif
