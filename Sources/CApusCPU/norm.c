#include "apus_norm.h"
#include "kernel_table.h"

#include <math.h>

uint32_t apus_norm_chunks(const apus_norm_args *args) {
  if (args->rows <= 0 || args->length <= 0) return 0;
  return (uint32_t)apus_ceiling(args->rows, apus_rows_per_chunk(args->length));
}

static float *row_of(void *const *slots, apus_buffer buffer, int64_t row, int64_t stride) {
  if (buffer.slot == 0) return NULL;
  return apus_at(slots, buffer.slot, buffer.offset + row * stride, sizeof(float));
}

// One value per block of the row.
static void blocked(float *y, int64_t length, int64_t block, const float *scale,
                    const float *bias) {
  for (int64_t i = 0; i < length; i++) {
    if (scale) y[i] *= scale[i / block];
    if (bias) y[i] += bias[i / block];
  }
}

void apus_norm_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_norm_args *args = arguments;
  const apus_kernel_table *kernels = apus_kernels();
  int64_t per = apus_rows_per_chunk(args->length), length = args->length;
  int64_t end = apus_least(args->rows, (chunk + 1) * per);
  int64_t entries = apus_ceiling(length, apus_most(1, args->parameter_block));
  for (int64_t row = chunk * per; row < end; row++) {
    const float *x = row_of(slots, args->input, row, args->input_stride);
    float *y = row_of(slots, args->output, row, args->output_stride);
    const float *residual = row_of(slots, args->residual, row, args->residual_stride);
    float *sum = row_of(slots, args->sum, row, args->sum_stride);
    if (residual) {
      float *target = sum ? sum : y;
      kernels->row_add(x, residual, target, length);
      x = target;
    }
    float mean = 0;
    if (!args->root_mean_square) mean = (float)(kernels->row_sum(x, length) / (double)length);
    double variance = kernels->row_deviation(x, length, mean) / (double)length;
    float inverse = (float)(1.0 / sqrt(variance + args->epsilon));
    kernels->row_scale(x, y, length, mean, inverse);
    int64_t first = args->parameter_rows > 1 ? row % args->parameter_rows * entries : 0;
    const float *scale = row_of(slots, args->scale, first, 1);
    const float *bias = row_of(slots, args->bias, first, 1);
    if (args->parameter_block > 1) {
      blocked(y, length, args->parameter_block, scale, bias);
    } else {
      kernels->row_affine(y, length, scale, bias);
    }
    float *means = row_of(slots, args->mean, row, 1);
    float *deviations = row_of(slots, args->inverse_deviation, row, 1);
    if (means && !args->root_mean_square) *means = mean;
    if (deviations) *deviations = inverse;
  }
}
