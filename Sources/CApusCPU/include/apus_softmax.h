#ifndef APUS_SOFTMAX_H
#define APUS_SOFTMAX_H
#include "apus_buffer.h"
#include "apus_program.h"

// y = exp(x - max x) / sum exp(x - max x) along the axis, or its logarithm, over f32.
// Input and output may be the same buffer with the same strides.
//
// With a program (instruction_count > 0; axis innermost: inner 1 and stride 1) each row is computed
// first: the program runs over the `rank` dimensions of `extent`, whose last is the axis and whose
// others multiply to `outer`; its result 0 must be the output buffer as described by `output` and
// `output_stride`, its last store; `input` is not read.
typedef struct APUS_SWIFT_SAFE {
  apus_buffer input, output;
  int64_t outer, axis, inner;
  int64_t input_stride[3], output_stride[3];  // of outer, axis, inner
  uint32_t logarithm;                         // 1: log-softmax
  uint32_t scratch;                           // slot; needed with a program or inner > 1
  uint32_t rank;
  uint32_t reserved;
  int64_t extent[APUS_MAX_RANK];
  apus_program program;
} apus_softmax_args;

uint32_t apus_softmax_chunks(const apus_softmax_args *args);
size_t apus_softmax_scratch_bytes(const apus_softmax_args *args);
void apus_softmax_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
