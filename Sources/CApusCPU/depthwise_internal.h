#ifndef APUS_DEPTHWISE_INTERNAL_H
#define APUS_DEPTHWISE_INTERNAL_H
#include "apus_conv.h"
#include "gemm_internal.h"

// Rows of outputs from a band of input that has zeros around it: output[r, x] = sum over taps of
// weight[t] * band[r * band_row + offset[t] + x], then the epilogue. Whole vectors of the band may
// be read.
typedef struct {
  int64_t taps;
  const int64_t *offset;
  const float *weight;
  const float *band;
  int64_t band_row;
  int64_t rows, columns;
  float *output;
  int64_t output_row;
  const float *residual;  // NULL or laid out like the output
  float bias;
  apus_bounds bounds;
} apus_depthwise_rows;

// to[r, x] <- from[r, x * step]. Zeros may follow a row, up to whole vectors.
typedef struct {
  const float *from;
  float *to;
  int64_t from_row, to_row;
  int64_t rows, columns, step;
} apus_depthwise_copy;

typedef struct {
  void (*rows)(const apus_depthwise_rows *rows);
  void (*copy)(const apus_depthwise_copy *copy);
} apus_depthwise_kernels;

void apus_depthwise_rows_scalar(const apus_depthwise_rows *rows);
void apus_depthwise_copy_scalar(const apus_depthwise_copy *copy);
#if defined(__x86_64__)
void apus_depthwise_rows_avx2(const apus_depthwise_rows *rows);
void apus_depthwise_copy_avx2(const apus_depthwise_copy *copy);
void apus_depthwise_rows_avx512(const apus_depthwise_rows *rows);
void apus_depthwise_copy_avx512(const apus_depthwise_copy *copy);
#endif

#endif
