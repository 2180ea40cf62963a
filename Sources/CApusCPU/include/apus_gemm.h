#ifndef APUS_GEMM_H
#define APUS_GEMM_H
#include "apus_cpu_features.h"
#include "apus_epilogue.h"

// Batched product of f32 matrices: C[m, n] = A[m, k] B[k, n], then an epilogue.
// k = 0 gives zeros. The order of additions depends on variant and shape alone.

#define APUS_GEMM_MAX_BATCH_RANK 6

// The register tiles there are. Packed operands and all arguments name a variant by its index; the
// variant of index i < 3 is the default of apus_isa i.
typedef struct {
  const char *name;
  apus_isa isa;
  uint32_t mr, nr;  // rows and columns of a full tile
} apus_gemm_variant;

uint32_t apus_gemm_variant_count(void);
const apus_gemm_variant *apus_gemm_variant_at(uint32_t index);

typedef enum {
  APUS_GEMM_STRIDED = 0,  // any strides
  APUS_GEMM_PACKED = 1    // by apus_gemm_pack_a or apus_gemm_pack_b; row and column are ignored
} apus_gemm_layout;

typedef struct {
  apus_buffer buffer;
  uint32_t layout;  // apus_gemm_layout
  uint32_t reserved;
  int64_t row, column;                      // strides
  int64_t batch[APUS_GEMM_MAX_BATCH_RANK];  // strides, 0 broadcasts; between packed matrices: their
                                            // bytes / 4
} apus_gemm_matrix;

// C must be APUS_GEMM_STRIDED; a column stride of 1 is fast. The epilogue.s program iterates over
// (batch..., m, n).
typedef struct {
  uint32_t variant;
  uint32_t batch_rank;
  uint32_t scratch_slot;
  uint32_t reserved;
  int64_t m, n, k;
  int64_t batch[APUS_GEMM_MAX_BATCH_RANK];  // extents
  apus_gemm_matrix a, b, c;
  apus_epilogue epilogue;
} apus_gemm_args;

// Bytes of scratch per worker, a multiple of 64, may be 0.
size_t apus_gemm_scratch_bytes(const apus_gemm_args *args);
uint32_t apus_gemm_chunks(const apus_gemm_args *args);
void apus_gemm_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

// Packed forms, ready-made for weights; `packed` is 64-byte aligned. Sizes are multiples of 64.
size_t apus_gemm_packed_a_bytes(uint32_t variant, int64_t m, int64_t k);
size_t apus_gemm_packed_b_bytes(uint32_t variant, int64_t k, int64_t n);
void apus_gemm_pack_a(uint32_t variant, int64_t m, int64_t k, const float *a, int64_t row,
                      int64_t column, float *packed);
void apus_gemm_pack_b(uint32_t variant, int64_t k, int64_t n, const float *b, int64_t row,
                      int64_t column, float *packed);

#endif
