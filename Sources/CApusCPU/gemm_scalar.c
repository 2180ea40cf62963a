#include "gemm_internal.h"

// Plain loops over short arrays, which compilers turn into whatever vectors the baseline has.
typedef struct {
  float lane[8];
} vector;

#define KERNEL_TARGET
#define VEC vector
#define LANES 8
#define ROWS 4
#define ACCUMULATORS 8
#define UNROLLED 8
#define LANE_LOOP _Pragma("clang loop unroll(full)") for (int l = 0; l < LANES; l++)

static inline __attribute__((always_inline)) vector load_lanes(const float *p, int64_t n) {
  vector x;
  LANE_LOOP x.lane[l] = l < n ? p[l] : 0.0f;
  return x;
}

static inline __attribute__((always_inline)) void store_lanes(float *p, int64_t n, vector x) {
  LANE_LOOP if (l < n) p[l] = x.lane[l];
}

static inline __attribute__((always_inline)) vector every_lane(float s) {
  vector x;
  LANE_LOOP x.lane[l] = s;
  return x;
}

static inline __attribute__((always_inline)) vector multiply_add(vector a, vector b, vector c) {
  LANE_LOOP c.lane[l] = a.lane[l] * b.lane[l] + c.lane[l];
  return c;
}

static inline __attribute__((always_inline)) vector add(vector a, vector b) {
  LANE_LOOP a.lane[l] += b.lane[l];
  return a;
}

static inline __attribute__((always_inline)) vector multiply(vector a, vector b) {
  LANE_LOOP a.lane[l] *= b.lane[l];
  return a;
}

static inline __attribute__((always_inline)) vector at_least(vector bound, vector x) {
  LANE_LOOP x.lane[l] = x.lane[l] < bound.lane[l] ? bound.lane[l] : x.lane[l];
  return x;
}

static inline __attribute__((always_inline)) vector at_most(vector bound, vector x) {
  LANE_LOOP x.lane[l] = x.lane[l] > bound.lane[l] ? bound.lane[l] : x.lane[l];
  return x;
}

#define LOAD(p) load_lanes(p, LANES)
#define STORE(p, x) store_lanes(p, LANES, x)
#define SET1(x) every_lane(x)
#define FMA(a, b, c) multiply_add(a, b, c)
#define ADD(a, b) add(a, b)
#define MUL(a, b) multiply(a, b)
#define AT_LEAST(bound, x) at_least(bound, x)
#define AT_MOST(bound, x) at_most(bound, x)
#define LOAD_N(p, n) load_lanes(p, n)
#define STORE_N(p, n, x) store_lanes(p, n, x)

#include "gemm_kernel.inc"

TILE(1)
TILE(2)
TILE(3)
TILE(4)

const apus_tile_kernels apus_tile_kernels_scalar = {
    .packed = {[1] = PACKED(1), PACKED(2), PACKED(3), PACKED(4)},
    .strided = {[1] = STRIDED(1), STRIDED(2), STRIDED(3), STRIDED(4)},
    .pack_transposed = apus_pack_transposed_portable,
};
