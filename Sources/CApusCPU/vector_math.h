// Elementary functions of float without branches, for loops that the compiler vectorises. Errors
// are a few units in the last place; infinities, NaN, signed zeros and subnormals come out right.
// No include guard: every ISA compiles its own copy.
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifndef APUS_VECTOR_MATH_LIMITS
#define APUS_VECTOR_MATH_LIMITS
#define VM_INLINE static inline __attribute__((always_inline, unused))
#define VM_TRIGONOMETRY_LIMIT 500000.0f  // beyond it the reduction of sin and cos loses bits
#endif

VM_INLINE uint32_t vm_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

VM_INLINE float vm_float(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

VM_INLINE float vm_abs(float x) { return vm_float(vm_bits(x) & 0x7fffffffu); }
VM_INLINE float vm_copysign(float magnitude, float sign) {
  return vm_float(vm_bits(magnitude) | (vm_bits(sign) & 0x80000000u));
}

// e^(x + low), where low is small against x: n = rint(x / ln 2), e^x = 2^n e^r. The power of two is
// applied in two halves, so that results overflow and become subnormal as they should.
VM_INLINE float vm_exp_sum(float x, float low) {
  const float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves the integer in the low bits
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  float shifted = (x + low) * 1.44269504f + round;
  float n = shifted - round;
  float r = x - n * 0.693359375f;
  r = r + n * 2.12194440e-4f;
  r = r + low;
  float p = 1.38140947e-3f;
  p = p * r + 8.36895965e-3f;
  p = p * r + 4.16684113e-2f;
  p = p * r + 1.66665182e-1f;
  p = p * r + 4.99999940e-1f;
  float e = 1.0f + (p * (r * r) + r);
  int32_t k = (int32_t)(vm_bits(shifted) - 0x4b400000u);
  int32_t half = k >> 1;
  uint32_t rest = (uint32_t)k - (uint32_t)half;
  return e * vm_float(((uint32_t)half + 127u) << 23) * vm_float((rest + 127u) << 23);
}

// Adding -0 changes nothing, so that compilers leave it out.
VM_INLINE float vm_exp(float x) { return vm_exp_sum(x, -0.0f); }

VM_INLINE float vm_log(float x) {
  float scaled = x < 1.17549435e-38f ? x * 8388608.0f : x;
  float less = x < 1.17549435e-38f ? 23.0f : 0.0f;
  // x = 2^k m, m between sqrt(1/2) and sqrt 2
  int32_t k = (int32_t)(vm_bits(scaled) - 0x3f3504f3u) >> 23;
  float f = vm_float(vm_bits(scaled) - ((uint32_t)k << 23)) - 1.0f;
  float n = (float)k - less, z = f * f;
  float q = -7.65485391e-2f;
  q = q * f + 1.27783820e-1f;
  q = q * f - 1.31607473e-1f;
  q = q * f + 1.41995698e-1f;
  q = q * f - 1.66230798e-1f;
  q = q * f + 2.00013086e-1f;
  q = q * f - 2.50008315e-1f;
  q = q * f + 3.33333313e-1f;
  float y = q * (f * z);
  y = y - n * 2.12194440e-4f;
  y = y - 0.5f * z;
  float r = (f + y) + n * 0.693359375f;
  r = x == HUGE_VALF ? x : r;
  float edge = x == 0.0f ? -HUGE_VALF : NAN;
  return x > 0.0f ? r : edge;
}

VM_INLINE float vm_sigmoid(float x) {
  float e = vm_exp(-vm_abs(x));
  float s = 1.0f / (1.0f + e);
  return x < 0.0f ? e * s : s;
}

VM_INLINE float vm_tanh(float x) {
  float a = vm_abs(x), z = a * a;
  float p = -5.51516796e-3f;
  p = p * z + 2.04694234e-2f;
  p = p * z - 5.36880232e-2f;
  p = p * z + 1.33308306e-1f;
  p = p * z - 3.33332598e-1f;
  float small = p * z * a + a;
  float large = 1.0f - 2.0f / (vm_exp(a + a) + 1.0f);
  return vm_copysign(a < 0.625f ? small : large, x);
}

// Near zero x + x P(x^2), else 1 - e^P(|x|).
VM_INLINE float vm_erf(float x) {
  float a = vm_abs(x), z = a * a;
  float p = 7.85387674e-5f;
  p = p * z - 8.01019836e-4f;
  p = p * z + 5.18832821e-3f;
  p = p * z - 2.68538129e-2f;
  p = p * z + 1.12835854e-1f;
  p = p * z - 3.76126260e-1f;
  p = p * z + 1.28379166e-1f;
  float small = p * a + a;
  float t = a > 4.0f ? 4.0f : a;
  float q = -2.14456031e-5f;
  q = q * t + 4.38530347e-4f;
  q = q * t - 4.19085752e-3f;
  q = q * t + 2.51718145e-2f;
  q = q * t - 1.08361557e-1f;
  q = q * t - 6.33272409e-1f;
  q = q * t - 1.12955201e+0f;
  q = q * t + 1.82460804e-4f;
  float large = 1.0f - vm_exp(q);
  return vm_copysign(a < 0.97f ? small : large, x);
}

// x Phi(x), where Phi(-t) = e^(-t^2 / 2) G(1 / (1 + t / 4)) keeps its digits in the tail; t^2 is taken
// in two parts, of which the first is exact.
VM_INLINE float vm_gelu(float x) {
  float t = vm_abs(x);
  t = t > 14.5f ? 14.5f : t;
  float q = 1.0f / (1.0f + 0.25f * t);
  float g = 3.34250852e-2f;
  g = g * q - 1.93375766e-1f;
  g = g * q + 3.88483793e-1f;
  g = g * q - 3.24863046e-1f;
  g = g * q + 2.97390491e-1f;
  g = g * q - 1.66006424e-2f;
  g = g * q + 1.20265506e-1f;
  g = g * q + 9.50991064e-2f;
  g = g * q + 1.00195326e-1f;
  g = g * q - 1.98536964e-5f;
  float high = vm_float(vm_bits(t) & 0xfffff000u), low = t - high;
  float tail = g * vm_exp_sum(-0.5f * high * high, -0.5f * low * (t + high));
  return x * (x < 0.0f ? tail : 1.0f - tail);
}

// 0.5 x (1 + tanh u) = x sigmoid(2 u)
VM_INLINE float vm_gelu_tanh(float x) {
  float u = x * (0.0713548163f * (x * x) + 1.59576912f);
  return x * vm_sigmoid(u);
}

// sin(x + quarters * pi / 2) for |x| <= VM_TRIGONOMETRY_LIMIT; the reduction is done in double.
VM_INLINE float vm_sin_quarters(float x, uint32_t quarters) {
  const double round = 6755399441055744.0;  // 1.5 * 2^52
  double shifted = (double)x * 0.63661977236758134308 + round;
  double n = shifted - round;
  double reduced = (double)x - n * 1.57079632673412561417;  // 33 bits of pi / 2: exact products
  float r = (float)(reduced - n * 6.07710050650619224932e-11);
  uint64_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  uint32_t quadrant = (uint32_t)bits + quarters;
  float z = r * r;
  float s = 2.71806516e-6f;
  s = s * z - 1.98393071e-4f;
  s = s * z + 8.33332911e-3f;
  s = s * z - 1.66666672e-1f;
  float sine = vm_copysign(vm_abs(s * z * r + r), r);  // keeps -0
  float c = 2.44325856e-5f;
  c = c * z - 1.38873118e-3f;
  c = c * z + 4.16666456e-2f;
  float cosine = c * (z * z) + (1.0f - 0.5f * z);
  float value = (quadrant & 1u) ? cosine : sine;
  return vm_float(vm_bits(value) ^ ((quadrant & 2u) << 30));
}

VM_INLINE float vm_min(float a, float b) {
  float least = a < b ? a : b;
  return a != a ? a : least;
}
VM_INLINE float vm_max(float a, float b) {
  float most = a > b ? a : b;
  return a != a ? a : most;
}
VM_INLINE float vm_sign(float x) { return x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x); }
VM_INLINE float vm_relu(float x) { return x < 0.0f ? 0.0f : x; }

// 16-bit floats: to nearest, ties to even; NaN stays NaN.
VM_INLINE float vm_from_bfloat16(uint16_t bits) { return vm_float((uint32_t)bits << 16); }
VM_INLINE uint16_t vm_to_bfloat16(float x) {
  uint32_t bits = vm_bits(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (uint16_t)(x != x ? (bits >> 16) | 0x40u : rounded);
}
VM_INLINE float vm_from_half(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, rest = (uint32_t)(half & 0x7fffu) << 13;
  uint32_t finite = vm_bits(vm_float(rest) * 0x1p112f);
  return vm_float(sign | (rest >= 0x0f800000u ? rest | 0x7f800000u : finite));
}
VM_INLINE uint16_t vm_to_half(float x) {
  uint32_t bits = vm_bits(x), sign = (bits >> 16) & 0x8000u, rest = bits & 0x7fffffffu;
  uint32_t normal = (rest - 0x38000000u + 0xfffu + ((rest >> 13) & 1u)) >> 13;
  uint32_t subnormal = vm_bits(vm_float(rest) + 0.5f) - 0x3f000000u;
  uint32_t half = rest < 0x38800000u ? subnormal : normal;
  half = rest >= 0x477ff000u ? 0x7c00u : half;
  half = rest > 0x7f800000u ? 0x7e00u | ((rest >> 13) & 0x3ffu) : half;
  return (uint16_t)(sign | half);
}

VM_INLINE int64_t vm_to_int64(float x) {
  if (x != x) return 0;
  if (x >= 0x1p63f) return INT64_MAX;
  return x < -0x1p63f ? INT64_MIN : (int64_t)x;
}

VM_INLINE int64_t vm_double_to_int64(double x) {
  if (x != x) return 0;
  if (x >= 9223372036854775808.0) return INT64_MAX;
  if (x <= -9223372036854775808.0) return INT64_MIN;
  return (int64_t)x;
}

VM_INLINE int64_t vm_clamp_to_int64(float x, int64_t low, int64_t high) {
  int64_t value = vm_double_to_int64((double)x);
  return value < low ? low : value > high ? high : value;
}

VM_INLINE uint64_t vm_to_uint64(float x) {
  if (!(x > 0.0f)) return 0;
  return x >= 18446744073709551616.0f ? UINT64_MAX : (uint64_t)x;
}
