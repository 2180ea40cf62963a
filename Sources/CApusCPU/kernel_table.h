#ifndef APUS_KERNEL_TABLE_H
#define APUS_KERNEL_TABLE_H
#include "kernel_common.h"

// The inner loops that exist once per ISA.

// Where a program reads or writes one buffer in the current tile; strides in elements.
typedef struct {
  char *base;
  int64_t inner, outer;
} apus_cursor;

// A program made ready to run; see program.c.
typedef struct {
  const apus_program *program;
  apus_cursor *cursors;  // of operands, then of results
  char *registers;
  size_t register_bytes;
  uint8_t *hints;        // one an instruction
  void *const *slots;
  bool fresh;            // nothing ran yet on the registers
} apus_tile;

enum {
  APUS_HINT_ALIAS = 1,   // a load whose register may point into the operand
  APUS_HINT_DIRECT = 2,  // may compute straight into the result that the next instruction stores
  APUS_HINT_ONCE = 4     // a constant that stays in its register
};

// Floats that the softmax of columns works with.
#define APUS_SOFTMAX_SCRATCH (3 * APUS_TILE)

typedef struct {
  // Runs a tile of inner * outer (at most APUS_TILE) elements. `first`: no tile ran before on these
  // registers.
  void (*tile)(const apus_tile *tile, int64_t inner, int64_t outer, bool first);

  // Over one contiguous row.
  void (*softmax_row)(const float *x, float *y, int64_t count, bool logarithm);
  // Over `count` adjacent columns (at most APUS_TILE); scratch holds APUS_SOFTMAX_SCRATCH floats.
  void (*softmax_columns)(const float *x, float *y, int64_t count, int64_t axis, int64_t x_stride,
                          int64_t y_stride, bool logarithm, float *scratch);

  void (*row_add)(const float *a, const float *b, float *y, int64_t count);
  double (*row_sum)(const float *x, int64_t count);
  // Sum of (x - center)^2.
  double (*row_deviation)(const float *x, int64_t count, float center);
  // y = (x - center) * factor
  void (*row_scale)(const float *x, float *y, int64_t count, float center, float factor);
  // y = y * scale + bias; either may be NULL.
  void (*row_affine)(float *y, int64_t count, const float *scale, const float *bias);

  // Folds a contiguous row into one value (kinds of apus_reduce.h; before mean and root).
  double (*reduce_row)(const float *x, int64_t count, uint32_t kind);
  // accumulator[i] = fold(accumulator[i], x[i])
  void (*reduce_columns)(const float *x, float *accumulator, int64_t count, uint32_t kind);

  // totals[i] += sums[i], which become zero
  void (*carry_columns)(float *sums, double *totals, int64_t count);

  // y[i] = max(y[i], x[i * stride]) and y[i] += x[i * stride]
  void (*pool_max)(const float *x, float *y, int64_t count, int64_t stride);
  void (*pool_add)(const float *x, float *y, int64_t count, int64_t stride);
} apus_kernel_table;

extern const apus_kernel_table apus_kernels_scalar;
#if defined(__x86_64__)
extern const apus_kernel_table apus_kernels_avx2, apus_kernels_avx512;
#endif

// The table for this machine, or the one that tests put in its place.
const apus_kernel_table *apus_kernels(void);
extern const apus_kernel_table *apus_kernels_forced;

#endif
