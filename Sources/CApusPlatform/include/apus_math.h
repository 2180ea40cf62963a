#ifndef APUS_MATH_H
#define APUS_MATH_H
#include <math.h>

// libm under names that need no other module.

#define APUS_MATH_UNARY(name) \
  static inline double apus_##name(double x) { return name(x); } \
  static inline float apus_##name##f(float x) { return name##f(x); }
#define APUS_MATH_BINARY(name) \
  static inline double apus_##name(double x, double y) { return name(x, y); } \
  static inline float apus_##name##f(float x, float y) { return name##f(x, y); }

APUS_MATH_UNARY(exp)
APUS_MATH_UNARY(exp2)
APUS_MATH_UNARY(expm1)
APUS_MATH_UNARY(log)
APUS_MATH_UNARY(log2)
APUS_MATH_UNARY(log10)
APUS_MATH_UNARY(log1p)
APUS_MATH_UNARY(sin)
APUS_MATH_UNARY(cos)
APUS_MATH_UNARY(tan)
APUS_MATH_UNARY(asin)
APUS_MATH_UNARY(acos)
APUS_MATH_UNARY(atan)
APUS_MATH_UNARY(sinh)
APUS_MATH_UNARY(cosh)
APUS_MATH_UNARY(tanh)
APUS_MATH_UNARY(asinh)
APUS_MATH_UNARY(acosh)
APUS_MATH_UNARY(atanh)
APUS_MATH_UNARY(erf)
APUS_MATH_UNARY(erfc)
APUS_MATH_UNARY(tgamma)
APUS_MATH_UNARY(sqrt)
APUS_MATH_UNARY(cbrt)
APUS_MATH_UNARY(floor)
APUS_MATH_UNARY(ceil)
APUS_MATH_UNARY(trunc)
APUS_MATH_UNARY(round)
APUS_MATH_UNARY(rint)
APUS_MATH_UNARY(fabs)
APUS_MATH_BINARY(pow)
APUS_MATH_BINARY(fmod)
APUS_MATH_BINARY(remainder)
APUS_MATH_BINARY(atan2)
APUS_MATH_BINARY(hypot)
APUS_MATH_BINARY(copysign)
APUS_MATH_BINARY(nextafter)

static inline double apus_fma(double x, double y, double z) { return fma(x, y, z); }
static inline double apus_ldexp(double x, int exponent) { return ldexp(x, exponent); }
static inline double apus_frexp(double x, int *exponent) { return frexp(x, exponent); }

// log |gamma(x)|; libm's own writes a global sign, this does not.
double apus_lgamma(double x);

#undef APUS_MATH_UNARY
#undef APUS_MATH_BINARY
#endif
