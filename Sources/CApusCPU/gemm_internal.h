#ifndef APUS_GEMM_INTERNAL_H
#define APUS_GEMM_INTERNAL_H
#include "apus_gemm.h"
#include <stdbool.h>

// What the product and the convolution share: register tiles, blocks of tiles, the cut into chunks.

#define APUS_MAX_MR 14
#define APUS_MAX_NR 32

// The activation of an epilogue: x <- min(max(x, lower), upper) where `clamp` is set, of scale * x +
// shift, times x, where `gate` is set too.
typedef struct {
  float lower, upper, scale, shift;
  bool clamp, gate;
} apus_bounds;

static inline float apus_bounded(const apus_bounds *bounds, float x) {
  if (!bounds->clamp) return x;
  float y = bounds->gate ? x * bounds->scale + bounds->shift : x;
  y = y < bounds->lower ? bounds->lower : y;
  y = y > bounds->upper ? bounds->upper : y;
  return bounds->gate ? x * y : y;
}

// One register tile: c[i, j] (+)= sum over p of a[i, p] b[p, j], then the epilogue. The row count
// is the kernel's own. `a` is k-major with the rows of p adjacent (packed), or has rows a_row
// apart.
typedef struct {
  int64_t k;
  const float *a;
  int64_t a_row;
  const float *b;  // whole vectors may be read
  int64_t b_row;
  float *c;
  int64_t c_row;
  int64_t columns;           // of c, at most the width of the kernel
  const float *column_bias;  // NULL or whole vectors
  const float *row_bias;     // NULL or one a row
  const float *residual;     // NULL or laid out like c
  apus_bounds bounds;
  bool accumulate;
} apus_tile;

typedef void (*apus_tile_fn)(const apus_tile *tile);

// The kernels of one register tile, by row count and by vectors a row (1, 2) less 1.
typedef struct {
  apus_tile_fn packed[APUS_MAX_MR + 1][2];
  apus_tile_fn strided[APUS_MAX_MR + 1][2];
  // panel[p * nr + j] <- b[p + j * column], p < k, j < columns, zeros up to nr
  void (*pack_transposed)(int64_t k, int64_t columns, const float *b, int64_t column, int64_t nr,
                          float *panel);
  // c[i, j] = sum over p of a[i * a_row + p] b[j * b_column + p], for few rows; or NULL
  void (*dot)(int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_row,
              const float *b, int64_t b_column, float *c, int64_t c_row);
} apus_tile_kernels;

typedef struct {
  apus_gemm_variant shape;
  int64_t lanes;  // of a vector; nr is twice that
  const apus_tile_kernels *kernels;
} apus_variant;

const apus_variant *apus_variant_of(uint32_t index);

extern const apus_tile_kernels apus_tile_kernels_scalar;
#if defined(__x86_64__)
extern const apus_tile_kernels apus_tile_kernels_avx2;
extern const apus_tile_kernels apus_tile_kernels_avx512;
void apus_pack_transposed_avx2(int64_t k, int64_t columns, const float *b, int64_t column,
                               int64_t nr, float *panel);
void apus_dot_avx2(int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_row,
                   const float *b, int64_t b_column, float *c, int64_t c_row);
#endif

void apus_pack_transposed_portable(int64_t k, int64_t columns, const float *b, int64_t column,
                                   int64_t nr, float *panel);

// packed[p * rows + i] <- a[i, p]
void apus_pack_tile(int64_t rows, int64_t k, const float *a, int64_t row, int64_t column,
                    float *packed);
// panel[p * nr + j] <- b[p, j], zeros beyond `columns`
void apus_pack_panel(const apus_variant *variant, int64_t k, int64_t columns, const float *b,
                     int64_t row, int64_t column, float *panel);

// Rows are cut into tiles of nearly equal height, at most mr.
static inline int64_t apus_tiles_of(int64_t m, int64_t mr) { return (m + mr - 1) / mr; }

static inline int64_t apus_tile_start(int64_t m, int64_t tiles, int64_t tile) {
  int64_t height = m / tiles, taller = m % tiles;
  return tile * height + (tile < taller ? tile : taller);
}

// Cuts `count` things into `parts` nearly equal parts.
static inline int64_t apus_part_start(int64_t count, int64_t parts, int64_t part) {
  return count * part / parts;
}

static inline int64_t apus_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t apus_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t apus_ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static inline size_t apus_round_64(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

// How a batch of products is cut. A chunk is `per_chunk` whole products, or one block of one.
typedef struct {
  int64_t batches, per_chunk;
  int64_t tiles, panels;              // of one product
  int64_t row_blocks, column_blocks;  // of one product
  int64_t chunks;
  int64_t k_step;                     // additions done in registers at once
} apus_plan;

// Which operand it is dear to read again.
typedef enum {
  APUS_PLAN_EVEN,        // neither
  APUS_PLAN_KEEP_ROWS,   // B: rows are rather not split
  APUS_PLAN_WHOLE_ROWS   // B, very: rows are never split
} apus_plan_taste;

// Chunks that a problem of this size should have, 1 if it is small.
int64_t apus_chunks_wanted(int64_t batches, int64_t m, int64_t n, int64_t k);

apus_plan apus_plan_make(const apus_variant *variant, int64_t batches, int64_t m, int64_t n,
                         int64_t k, apus_plan_taste taste, bool program);

// Writes rows k0 ..< k0 + k of a panel of nr columns of B.
typedef void (*apus_panel_fn)(const void *context, int64_t k0, int64_t k, int64_t panel,
                              float *packed);

// One product of which blocks are computed.
typedef struct {
  const apus_variant *variant;
  int64_t m, n, k, k_step, tiles;
  const float *a;
  int64_t a_row, a_column;
  bool a_packed;
  const float *b;  // packed panels, or NULL: `panel` makes them
  apus_panel_fn panel;
  const void *panel_context;
  const float *b_rows;  // B in place where its rows are contiguous, else NULL
  int64_t b_row;
  float *c;
  int64_t c_row, c_column;
  const float *column_bias, *row_bias, *residual;  // or NULL
  int64_t column_bias_stride, row_bias_stride;
  apus_bounds bounds;
  float *a_scratch, *b_scratch;
} apus_block;

void apus_block_set_epilogue(apus_block *block, const apus_epilogue *epilogue, void *const *slots);

// Computes tiles tile0 ..< tile1 of panels panel0 ..< panel1.
void apus_block_run(const apus_block *block, int64_t tile0, int64_t tile1, int64_t panel0,
                    int64_t panel1);

// The epilogue of results that no tile kernel stored.
void apus_block_finish(const apus_block *block, int64_t row, int64_t rows, int64_t column,
                       int64_t columns, const float *values, int64_t values_row, bool accumulate,
                       bool last);

// Floats of a_scratch and b_scratch for a chunk of at most `rows` rows.
int64_t apus_block_a_floats(int64_t rows, int64_t k_step);
int64_t apus_block_b_floats(const apus_variant *variant, int64_t k_step);

static inline const float *apus_float_buffer(const apus_buffer *buffer, void *const *slots) {
  return buffer->slot ? (const float *)slots[buffer->slot] + buffer->offset : NULL;
}

#endif
