#include "apus_pooling.h"
#include "kernel_table.h"

#include <math.h>

static int64_t planes_per_chunk(const apus_pooling_args *args) {
  int64_t work = args->output_height * args->output_width * args->kernel_height *
                 args->kernel_width;
  return apus_rows_per_chunk(work);
}

uint32_t apus_pooling_chunks(const apus_pooling_args *args) {
  if (args->planes <= 0 || args->output_height <= 0 || args->output_width <= 0) return 0;
  return (uint32_t)apus_ceiling(args->planes, planes_per_chunk(args));
}

// Taps of a window at `start` that fall into [0, limit).
static int64_t taps(int64_t start, int64_t kernel, int64_t dilation, int64_t low, int64_t limit) {
  int64_t count = 0;
  for (int64_t k = 0; k < kernel; k++) {
    int64_t at = start + k * dilation;
    count += at >= low && at < limit;
  }
  return count;
}

static void pool_row(const apus_pooling_args *args, const float *plane, float *y, int64_t row) {
  const apus_kernel_table *kernels = apus_kernels();
  bool maximum = args->kind == APUS_POOL_MAX;
  int64_t columns = args->output_width;
  for (int64_t c = 0; c < columns; c++) y[c] = maximum ? -INFINITY : 0;
  int64_t top = row * args->stride_height - args->pad_top;
  for (int64_t i = 0; i < args->kernel_height; i++) {
    int64_t line = top + i * args->dilation_height;
    if (line < 0 || line >= args->height) continue;
    const float *x = plane + line * args->width;
    for (int64_t j = 0; j < args->kernel_width; j++) {
      // Columns c whose tap c * stride + shift lies in the row.
      int64_t shift = j * args->dilation_width - args->pad_left;
      int64_t first = shift < 0 ? apus_ceiling(-shift, args->stride_width) : 0;
      int64_t last = args->width - 1 - shift;
      if (last < 0) continue;
      int64_t count = apus_least(columns, last / args->stride_width + 1) - first;
      if (count <= 0) continue;
      const float *from = x + first * args->stride_width + shift;
      if (maximum) {
        kernels->pool_max(from, y + first, count, args->stride_width);
      } else {
        kernels->pool_add(from, y + first, count, args->stride_width);
      }
    }
  }
  if (maximum) return;
  bool padded = args->count_include_pad != 0;
  int64_t low_y = padded ? -args->pad_top : 0, low_x = padded ? -args->pad_left : 0;
  int64_t high_y = args->height + (padded ? args->pad_bottom : 0);
  int64_t high_x = args->width + (padded ? args->pad_right : 0);
  int64_t lines = taps(top, args->kernel_height, args->dilation_height, low_y, high_y);
  for (int64_t c = 0; c < columns; c++) {
    int64_t left = c * args->stride_width - args->pad_left;
    int64_t count =
      lines * taps(left, args->kernel_width, args->dilation_width, low_x, high_x);
    y[c] = count ? y[c] / (float)count : 0;
  }
}

void apus_pooling_run(const void *arguments, void *const *slots, uint32_t chunk,
                      uint32_t worker) {
  (void)worker;
  const apus_pooling_args *args = arguments;
  int64_t per = planes_per_chunk(args);
  int64_t end = apus_least(args->planes, (chunk + 1) * per);
  int64_t in = args->height * args->width, out = args->output_height * args->output_width;
  const float *x = apus_at(slots, args->input.slot, args->input.offset, sizeof(float));
  float *y = apus_at(slots, args->output.slot, args->output.offset, sizeof(float));
  for (int64_t plane = chunk * per; plane < end; plane++) {
    for (int64_t row = 0; row < args->output_height; row++) {
      pool_row(args, x + plane * in, y + plane * out + row * args->output_width, row);
    }
  }
}
