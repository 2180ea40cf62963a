#ifndef KERNELS_HARNESS_H
#define KERNELS_HARNESS_H
#include "apus_cpu_features.h"
#include "apus_kernels.h"
#include "harness.h"
#include "kernel_table.h"

// Shared by the tests of the table-driven kernels: layouts, element access, a run for every ISA.

// Where the elements of a buffer lie; `size` is exact, so that sanitizers see each step outside.
typedef struct {
  int64_t offset, size;
  int64_t stride[APUS_MAX_RANK];
} layout;

// Random strides. `distinct`: no two elements share a place (results); else broadcasts occur too.
static inline layout random_layout(const int64_t *extent, uint32_t rank, bool distinct) {
  layout l = {0};
  uint32_t order[APUS_MAX_RANK];
  for (uint32_t d = 0; d < rank; d++) order[d] = d;
  if (random_below(2)) {
    for (uint32_t d = rank; d > 1; d--) {
      uint32_t other = (uint32_t)random_below(d), kept = order[d - 1];
      order[d - 1] = order[other];
      order[other] = kept;
    }
  }
  int64_t step = random_below(4) ? 1 : 2, low = 0, high = 0;
  bool gaps = random_below(3) == 0;
  for (uint32_t d = rank; d-- > 0;) {
    int64_t n = extent[order[d]], s = step;
    if (!distinct && random_below(4) == 0) s = 0;
    if (random_below(8) == 0) s = -s;
    l.stride[order[d]] = s;
    if (s && n > 0) step = step * n + (gaps ? random_below(3) : 0);
    if (n > 0) *(s < 0 ? &low : &high) += s * (n - 1);
  }
  l.offset = random_below(4) - low;
  l.size = l.offset + high + 1;
  return l;
}

static inline int64_t place_of(const layout *l, const int64_t *at, uint32_t rank) {
  return l->offset + apus_dot(at, l->stride, rank);
}

static const size_t sizes_of_elements[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1};

static inline void *random_bytes(size_t bytes) {
  uint8_t *p = allocate(bytes);
  for (size_t i = 0; i < bytes; i++) p[i] = (uint8_t)(random_bits() >> 24);
  return p;
}

static inline void *copy_of(const void *bytes, size_t size) {
  void *copy = allocate(size);
  memcpy(copy, bytes, size);
  return copy;
}

// An extent for loops: often small, at times zero.
static inline int64_t random_length(int64_t most) {
  switch (random_below(12)) {
    case 0: return 0;
    case 1: case 2: return 1;
    case 3: case 4: return random_between(1, most);
    default: return random_between(1, most < 40 ? most : 40);
  }
}

// The value of a 16-bit float with this many bits of fraction.
static inline float from_narrow(uint16_t bits, int fraction_bits) {
  int exponent_bits = 15 - fraction_bits, bias = (1 << (exponent_bits - 1)) - 1;
  int exponent = (bits & 0x7fff) >> fraction_bits, fraction = bits & ((1 << fraction_bits) - 1);
  double x;
  if (exponent == (1 << exponent_bits) - 1) x = fraction ? (double)NAN : (double)INFINITY;
  else if (exponent == 0) x = ldexp(fraction, 1 - bias - fraction_bits);
  else x = ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
  return (float)copysign(x, bits & 0x8000 ? -1.0 : 1.0);
}

static inline bool same_float(float a, float b) {
  return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

#define FAIL(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), abort())

static const char *current_isa = "";

// Calls `test` with the kernels of every ISA that this machine has.
static inline void for_every_isa(void (*test)(int rounds), int rounds) {
  static const apus_kernel_table *tables[] = {
    &apus_kernels_scalar,
#if defined(__x86_64__)
    &apus_kernels_avx2, &apus_kernels_avx512,
#endif
  };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if ((int)i > (int)apus_cpu_isa()) continue;
    apus_kernels_forced = tables[i];
    current_isa = apus_isa_name((apus_isa)i);
    random_state = random_seed;
    test(rounds);
  }
  apus_kernels_forced = NULL;
}

#endif
