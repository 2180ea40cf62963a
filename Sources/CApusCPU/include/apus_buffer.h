#ifndef APUS_BUFFER_H
#define APUS_BUFFER_H
#include <stdint.h>

// A struct whose pointers only the kernels follow, so that Swift may fill it in without `unsafe`.
#if defined(__clang__)
#define APUS_SWIFT_SAFE __attribute__((swift_attr("safe")))
#else
#define APUS_SWIFT_SAFE
#endif

// A buffer of a kernel: an entry of the slot table and where in it element 0 lies. Slot 0 holds the
// status, so as an optional buffer it means "absent".
typedef struct {
  uint32_t slot;
  uint32_t element;  // apus_element
  int64_t offset;    // in elements
} apus_buffer;

// What holds for every kernel `apus_X`:
// - apus_X_chunks depends on the problem alone; the chunks may run in any order and at once, and
//   give the same bits however they are spread over threads. An empty problem has 0 chunks.
// - Scratch, where a kernel needs it, is one slot of threads * apus_X_scratch_bytes(args) bytes,
//   64-byte aligned; it is not kept between calls.
// - Strides and offsets count elements.
// - Results must not overlap operands unless the kernel says so.

#endif
