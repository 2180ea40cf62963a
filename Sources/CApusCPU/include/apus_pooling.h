#ifndef APUS_POOLING_H
#define APUS_POOLING_H
#include "apus_buffer.h"

typedef enum { APUS_POOL_MAX = 0, APUS_POOL_AVERAGE = 1 } apus_pooling_kind;

// Pools contiguous f32 planes of height x width (1-D: height, kernel height and output height 1).
// Padding never wins a maximum (NaN does); a window of padding alone gives -inf or 0. An average
// divides by the number of input elements in the window, or with count_include_pad by the number of
// elements of input and padding; positions beyond the padding count never.
typedef struct {
  apus_buffer input, output;
  uint32_t kind;  // apus_pooling_kind
  uint32_t count_include_pad;
  int64_t planes;  // N * C
  int64_t height, width, output_height, output_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left, pad_bottom, pad_right;
} apus_pooling_args;

uint32_t apus_pooling_chunks(const apus_pooling_args *args);
void apus_pooling_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
