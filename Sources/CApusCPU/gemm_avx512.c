#include "gemm_internal.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define KERNEL_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define VEC __m512
#define LANES 16
#define ROWS 14
#define ACCUMULATORS 28
#define UNROLLED 12
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, x) _mm512_storeu_ps(p, x)
#define SET1(x) _mm512_set1_ps(x)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define AT_LEAST(bound, x) _mm512_max_ps(bound, x)
#define AT_MOST(bound, x) _mm512_min_ps(bound, x)
#define LOAD_N(p, n) _mm512_maskz_loadu_ps(lanes_below(n), p)
#define STORE_N(p, n, x) _mm512_mask_storeu_ps(p, lanes_below(n), x)

KERNEL_TARGET static inline __mmask16 lanes_below(int64_t n) {
  return n <= 0 ? 0 : n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1);
}

#include "gemm_kernel.inc"

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)
TILE(7)
TILE(8)
TILE(9)
TILE(10)
TILE(11)
TILE(12)
TILE(13)
TILE(14)

const apus_tile_kernels apus_tile_kernels_avx512 = {
    .packed = {[1] = PACKED(1), PACKED(2), PACKED(3), PACKED(4), PACKED(5), PACKED(6), PACKED(7),
               PACKED(8), PACKED(9), PACKED(10), PACKED(11), PACKED(12), PACKED(13), PACKED(14)},
    .strided = {[1] = STRIDED(1), STRIDED(2), STRIDED(3), STRIDED(4), STRIDED(5), STRIDED(6),
                STRIDED(7), STRIDED(8), STRIDED(9), STRIDED(10), STRIDED(11), STRIDED(12),
                STRIDED(13), STRIDED(14)},
    .pack_transposed = apus_pack_transposed_avx2,
    .dot = apus_dot_avx2,
};

#endif
