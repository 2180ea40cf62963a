#ifndef APUS_GATHER_H
#define APUS_GATHER_H
#include "apus_buffer.h"
#include "apus_program.h"

// Reads at indices of i64 or i32. A negative index counts from the end, once. An index out of range
// sets the status to APUS_INDEX_OUT_OF_RANGE with the index and the extent, and zeros are written.
// Elements have 1, 2, 4, 8 or 16 bytes. Buffers are contiguous where no stride is given; the
// `element` of source and target is not looked at.

// target[o, k, i] = source[o, indices[k], i]
typedef struct {
  apus_buffer source, target, indices;
  uint32_t element_size;
  uint32_t reserved;
  int64_t outer, axis, inner;
  int64_t count;  // of indices
} apus_gather_args;

uint32_t apus_gather_chunks(const apus_gather_args *args);
void apus_gather_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

// target[i0 .. in] = source[i0 .. indices[i0 .. in] .. in], the index standing at `axis`.
typedef struct {
  apus_buffer source, target, indices;
  uint32_t element_size;
  uint32_t rank;  // at least 1
  uint32_t axis;
  uint32_t reserved;
  int64_t extent[APUS_MAX_RANK];  // of indices and target
  int64_t source_stride[APUS_MAX_RANK];
  int64_t axis_extent;            // of the source
} apus_gather_elements_args;

uint32_t apus_gather_elements_chunks(const apus_gather_elements_args *args);
void apus_gather_elements_run(const void *args, void *const *slots, uint32_t chunk,
                              uint32_t worker);

// target[b, k, :] = source[b, indices[b, k, 0], .., indices[b, k, depth - 1], :]
typedef struct {
  apus_buffer source, target, indices;
  uint32_t element_size;
  uint32_t depth;  // at most APUS_MAX_RANK
  int64_t batches, count;          // index tuples in each batch
  int64_t extent[APUS_MAX_RANK];   // of the indexed source dimensions
  int64_t slice;                   // elements that one tuple selects
} apus_gather_nd_args;

uint32_t apus_gather_nd_chunks(const apus_gather_nd_args *args);
void apus_gather_nd_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);

#endif
