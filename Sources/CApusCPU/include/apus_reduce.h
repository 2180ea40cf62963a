#ifndef APUS_REDUCE_H
#define APUS_REDUCE_H
#include "apus_buffer.h"
#include "apus_program.h"

typedef enum {
  APUS_REDUCE_SUM = 0,
  APUS_REDUCE_MEAN,         // f32 only
  APUS_REDUCE_MAX,          // NaN if any is NaN; of nothing: -inf or INT64_MIN
  APUS_REDUCE_MIN,          // of nothing: inf or INT64_MAX
  APUS_REDUCE_PRODUCT,
  APUS_REDUCE_SUM_SQUARES,
  APUS_REDUCE_L1,
  APUS_REDUCE_L2            // f32 only
} apus_reduce_kind;

// output[o] = reduction over r of input[o, r]. Kept and reduced dimensions are listed apart, in any
// order (best: as in memory, the innermost last, merged where strides allow it). f32 or i64, input
// and output alike; i64 wraps.
typedef struct {
  apus_buffer input, output;
  uint32_t kind;  // apus_reduce_kind
  uint32_t kept_rank, reduced_rank;
  uint32_t reserved;
  int64_t kept_extent[APUS_MAX_RANK], kept_stride[APUS_MAX_RANK], output_stride[APUS_MAX_RANK];
  int64_t reduced_extent[APUS_MAX_RANK], reduced_stride[APUS_MAX_RANK];
} apus_reduce_args;

uint32_t apus_reduce_chunks(const apus_reduce_args *args);
void apus_reduce_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
