#include "gemm_internal.h"
#if defined(__x86_64__)
#include "vector_avx512.inc"

#define ROWS 14
#define ACCUMULATORS 28
#define UNROLLED 12

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
