#ifndef APUS_ELEMENTWISE_H
#define APUS_ELEMENTWISE_H
#include "apus_buffer.h"
#include "apus_program.h"

// Runs a program over an iteration space of `rank` dimensions, the last innermost. Best with
// dimensions merged where all strides allow it. A result may be the same buffer as an operand with
// the same strides. A result must not have stride 0 over an extent above 1.
typedef struct APUS_SWIFT_SAFE {
  apus_program program;
  uint32_t rank;     // at most APUS_MAX_RANK; 0 is one element
  uint32_t scratch;  // slot
  int64_t extent[APUS_MAX_RANK];
} apus_elementwise_args;

uint32_t apus_elementwise_chunks(const apus_elementwise_args *args);
size_t apus_elementwise_scratch_bytes(const apus_elementwise_args *args);
void apus_elementwise_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
