#ifndef APUS_NORM_H
#define APUS_NORM_H
#include "apus_buffer.h"

// Normalises rows of f32: v = x + residual; y = (v - mean) * d * scale + bias, d = 1 / sqrt(variance
// + epsilon). RMS: y = v * d * scale + bias, d = 1 / sqrt(mean of v^2 + epsilon).
// Rows are contiguous; row r of a buffer starts at r * its row stride. Output, sum, input and
// residual may be the same buffer with the same strides.
//
// Scale and bias hold one value per block of `parameter_block` elements of a row and repeat after
// `parameter_rows` rows: entry (r % parameter_rows) * ceil(length / parameter_block) + i /
// parameter_block. Layer norm: rows 1, block 1. Instance norm: rows C, block length. Group norm with
// G groups: rows G, block H * W.
typedef struct {
  apus_buffer input, output;
  apus_buffer residual, sum;             // optional; sum receives x + residual
  apus_buffer scale, bias;               // optional
  apus_buffer mean, inverse_deviation;   // optional, one value a row; RMS leaves mean alone
  int64_t rows, length;
  int64_t input_stride, output_stride, residual_stride, sum_stride;  // of rows
  int64_t parameter_rows, parameter_block;
  double epsilon;
  uint32_t root_mean_square;  // 1: RMS norm
  uint32_t reserved;
} apus_norm_args;

uint32_t apus_norm_chunks(const apus_norm_args *args);
void apus_norm_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
