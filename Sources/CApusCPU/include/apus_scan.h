#ifndef APUS_SCAN_H
#define APUS_SCAN_H
#include "apus_buffer.h"

// Cumulative sum along the middle dimension of a contiguous [outer, length, inner] buffer of f32
// (summed in double) or i64 (wrapping). Input and output may be the same buffer.
typedef struct {
  apus_buffer input, output;
  int64_t outer, length, inner;
  uint32_t exclusive, reverse;
} apus_scan_args;

uint32_t apus_scan_chunks(const apus_scan_args *args);
void apus_scan_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
