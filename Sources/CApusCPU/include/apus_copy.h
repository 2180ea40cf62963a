#ifndef APUS_COPY_H
#define APUS_COPY_H
#include "apus_program.h"

// target[target_offset + sum i * target_stride] = source[source_offset + sum i * source_stride] for
// elements of 1, 2, 4, 8 or 16 bytes: transpose, slice, concatenate, expand, tile, split, reverse.
typedef struct {
  uint32_t source, target;  // slots
  uint32_t element_size;
  uint32_t rank;
  int64_t source_offset, target_offset;
  int64_t extent[APUS_MAX_RANK], source_stride[APUS_MAX_RANK], target_stride[APUS_MAX_RANK];
} apus_copy_args;

uint32_t apus_copy_chunks(const apus_copy_args *args);
void apus_copy_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

// Writes one element, the first element_size bytes of `pattern`, everywhere.
typedef struct {
  uint32_t target;  // slot
  uint32_t element_size;
  uint32_t rank;
  uint32_t reserved;
  uint8_t pattern[16];
  int64_t target_offset;
  int64_t extent[APUS_MAX_RANK], target_stride[APUS_MAX_RANK];
} apus_fill_args;

uint32_t apus_fill_chunks(const apus_fill_args *args);
void apus_fill_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
