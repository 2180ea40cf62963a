#include "depthwise_internal.h"

void apus_depthwise_rows_scalar(const apus_depthwise_rows *d) {
  for (int64_t y = 0; y < d->rows; y++) {
    float *output = d->output + y * d->output_row;
    for (int64_t x = 0; x < d->columns; x += 16) {
      float sums[16];
      for (int l = 0; l < 16; l++) sums[l] = d->bias;
      for (int64_t t = 0; t < d->taps; t++) {
        const float *from = d->band + y * d->band_row + d->offset[t] + x;
        for (int l = 0; l < 16; l++) sums[l] += d->weight[t] * from[l];
      }
      for (int64_t l = 0; l < apus_min(16, d->columns - x); l++) {
        float z = sums[l];
        if (d->residual) z += d->residual[y * d->output_row + x + l];
        output[x + l] = apus_bounded(&d->bounds, z);
      }
    }
  }
}

void apus_depthwise_copy_scalar(const apus_depthwise_copy *c) {
  for (int64_t r = 0; r < c->rows; r++)
    for (int64_t x = 0; x < c->columns; x++)
      c->to[r * c->to_row + x] = c->from[r * c->from_row + x * c->step];
}
