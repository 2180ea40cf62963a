#include "gemm_internal.h"
#include <string.h>

static const apus_variant variants[] = {
    {{"4x16", APUS_ISA_SCALAR, 4, 16}, 8, &apus_tile_kernels_scalar},
#if defined(__x86_64__)
    {{"avx2 6x16", APUS_ISA_AVX2, 6, 16}, 8, &apus_tile_kernels_avx2},
    {{"avx512 14x32", APUS_ISA_AVX512, 14, 32}, 16, &apus_tile_kernels_avx512},
#endif
};

uint32_t apus_gemm_variant_count(void) { return sizeof variants / sizeof *variants; }

const apus_variant *apus_variant_of(uint32_t index) {
  return &variants[index < apus_gemm_variant_count() ? index : 0];
}

const apus_gemm_variant *apus_gemm_variant_at(uint32_t index) {
  return index < apus_gemm_variant_count() ? &variants[index].shape : NULL;
}

size_t apus_gemm_packed_a_bytes(uint32_t variant, int64_t m, int64_t k) {
  (void)variant;
  return apus_round_64((size_t)m * (size_t)k * sizeof(float));
}

size_t apus_gemm_packed_b_bytes(uint32_t variant, int64_t k, int64_t n) {
  int64_t nr = apus_variant_of(variant)->shape.nr;
  return (size_t)(apus_ceil_div(n, nr) * nr) * (size_t)k * sizeof(float);
}

void apus_pack_transposed_portable(int64_t k, int64_t columns, const float *b, int64_t column,
                                   int64_t nr, float *panel) {
  for (int64_t p = 0; p < k; p++) {
    for (int64_t j = 0; j < columns; j++) panel[p * nr + j] = b[p + j * column];
    for (int64_t j = columns; j < nr; j++) panel[p * nr + j] = 0.0f;
  }
}

void apus_pack_tile(int64_t rows, int64_t k, const float *a, int64_t row, int64_t column,
                    float *packed) {
  for (int64_t p = 0; p < k; p++)
    for (int64_t i = 0; i < rows; i++) packed[p * rows + i] = a[i * row + p * column];
}

// The width of a panel is one of a few constants, so that a row of it becomes a few moves.
static inline __attribute__((always_inline)) void copy_rows(int64_t k, const float *b, int64_t row,
                                                            size_t width, float *panel) {
  for (int64_t p = 0; p < k; p++)
    memcpy(panel + p * (int64_t)width, b + p * row, width * sizeof(float));
}

void apus_pack_panel(const apus_variant *variant, int64_t k, int64_t columns, const float *b,
                     int64_t row, int64_t column, float *panel) {
  int64_t nr = variant->shape.nr;
  if (column == 1 && columns == nr && nr == 16) return copy_rows(k, b, row, 16, panel);
  if (column == 1 && columns == nr && nr == 32) return copy_rows(k, b, row, 32, panel);
  if (row == 1 && column != 1)
    return variant->kernels->pack_transposed(k, columns, b, column, nr, panel);
  for (int64_t p = 0; p < k; p++) {
    for (int64_t j = 0; j < columns; j++) panel[p * nr + j] = b[p * row + j * column];
    for (int64_t j = columns; j < nr; j++) panel[p * nr + j] = 0.0f;
  }
}

void apus_gemm_pack_a(uint32_t variant, int64_t m, int64_t k, const float *a, int64_t row,
                      int64_t column, float *packed) {
  int64_t tiles = apus_tiles_of(m, apus_variant_of(variant)->shape.mr);
  for (int64_t t = 0; t < tiles; t++) {
    int64_t start = apus_tile_start(m, tiles, t), end = apus_tile_start(m, tiles, t + 1);
    apus_pack_tile(end - start, k, a + start * row, row, column, packed + start * k);
  }
}

void apus_gemm_pack_b(uint32_t variant, int64_t k, int64_t n, const float *b, int64_t row,
                      int64_t column, float *packed) {
  const apus_variant *v = apus_variant_of(variant);
  int64_t nr = v->shape.nr;
  for (int64_t j = 0; j < n; j += nr)
    apus_pack_panel(v, k, apus_min(nr, n - j), b + j * column, row, column, packed + j * k);
}
