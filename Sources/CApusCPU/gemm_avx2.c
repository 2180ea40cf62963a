#include "gemm_internal.h"
#if defined(__x86_64__)
#include "vector_avx2.inc"

#define ROWS 6
#define ACCUMULATORS 12
#define UNROLLED 12

#include "gemm_kernel.inc"

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

INLINE void transpose_8x8(const float *b, int64_t column, float *panel, int64_t nr) {
  __m256 r[8], t[8];
  UNROLL for (int i = 0; i < 8; i++) r[i] = LOAD(b + i * column);
  UNROLL for (int i = 0; i < 8; i += 2) {
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  }
  UNROLL for (int i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    STORE(panel + i * nr, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    STORE(panel + (i + 4) * nr, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}

KERNEL_TARGET void apus_pack_transposed_avx2(int64_t k, int64_t columns, const float *b,
                                             int64_t column, int64_t nr, float *panel) {
  int64_t whole = k & ~(int64_t)7, j = 0;
  for (; j + 8 <= columns; j += 8)
    for (int64_t p = 0; p < whole; p += 8)
      transpose_8x8(b + j * column + p, column, panel + p * nr + j, nr);
  if (whole < k && j)
    apus_pack_transposed_portable(k - whole, j, b + whole, column, nr, panel + whole * nr);
  if (j < nr) {
    for (int64_t p = 0; p < k; p++) {
      int64_t c = j;
      for (; c < columns; c++) panel[p * nr + c] = b[c * column + p];
      for (; c < nr; c++) panel[p * nr + c] = 0.0f;
    }
  }
}

INLINE float sum_lanes(__m256 x) {
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

INLINE void dot_columns(int64_t k, const float *a, const float *b, int64_t b_column, float *c,
                        const int columns) {
  __m256 acc[4][2];
  UNROLL for (int j = 0; j < columns; j++) acc[j][0] = acc[j][1] = _mm256_setzero_ps();
  int64_t p = 0;
  for (; p + 16 <= k; p += 16) {
    __m256 x = LOAD(a + p), y = LOAD(a + p + 8);
    UNROLL for (int j = 0; j < columns; j++) {
      acc[j][0] = FMA(x, LOAD(b + j * b_column + p), acc[j][0]);
      acc[j][1] = FMA(y, LOAD(b + j * b_column + p + 8), acc[j][1]);
    }
  }
  for (; p < k; p += 8) {
    __m256 x = LOAD_N(a + p, k - p);
    UNROLL for (int j = 0; j < columns; j++)
      acc[j][0] = FMA(x, LOAD_N(b + j * b_column + p, k - p), acc[j][0]);
  }
  UNROLL for (int j = 0; j < columns; j++) c[j] = sum_lanes(ADD(acc[j][0], acc[j][1]));
}

KERNEL_TARGET void apus_dot_avx2(int64_t rows, int64_t columns, int64_t k, const float *a,
                                 int64_t a_row, const float *b, int64_t b_column, float *c,
                                 int64_t c_row) {
  int64_t j = 0;
  for (; j + 4 <= columns; j += 4)
    for (int64_t i = 0; i < rows; i++)
      dot_columns(k, a + i * a_row, b + j * b_column, b_column, c + i * c_row + j, 4);
  for (; j < columns; j++)
    for (int64_t i = 0; i < rows; i++)
      dot_columns(k, a + i * a_row, b + j * b_column, b_column, c + i * c_row + j, 1);
}

const apus_tile_kernels apus_tile_kernels_avx2 = {
    .packed = {[1] = PACKED(1), PACKED(2), PACKED(3), PACKED(4), PACKED(5), PACKED(6)},
    .strided = {[1] = STRIDED(1), STRIDED(2), STRIDED(3), STRIDED(4), STRIDED(5), STRIDED(6)},
    .pack_transposed = apus_pack_transposed_avx2,
    .dot = apus_dot_avx2,
};

#endif
