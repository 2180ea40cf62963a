#ifndef APUS_KERNEL_COMMON_H
#define APUS_KERNEL_COMMON_H
#include "apus_buffer.h"
#include "apus_program.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Elements that make a chunk worth a hand-over between threads.
#define APUS_CHUNK_ELEMENTS 16384

static inline int64_t apus_least(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t apus_most(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t apus_ceiling(int64_t a, int64_t b) { return a / b + (a % b != 0); }

static inline int64_t apus_product(const int64_t *extent, uint32_t rank) {
  int64_t product = 1;
  for (uint32_t d = 0; d < rank; d++) product *= extent[d];
  return product;
}

// How many rows of `length` elements (of work) make a chunk.
static inline int64_t apus_rows_per_chunk(int64_t length) {
  return apus_most(1, APUS_CHUNK_ELEMENTS / apus_most(1, length));
}

static inline size_t apus_round_up(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

static inline void *apus_at(void *const *slots, uint32_t slot, int64_t offset, size_t size) {
  return (char *)slots[slot] + offset * (int64_t)size;
}

// Splits `index` into coordinates; the last dimension varies fastest.
static inline void apus_coordinates(int64_t index, const int64_t *extent, uint32_t rank,
                                    int64_t *at) {
  for (uint32_t d = rank; d-- > 0;) {
    at[d] = index % extent[d];
    index /= extent[d];
  }
}

// Steps to the next coordinates in row order.
static inline void apus_advance(const int64_t *extent, uint32_t rank, int64_t *at) {
  for (uint32_t d = rank; d-- > 0;) {
    if (++at[d] < extent[d]) return;
    at[d] = 0;
  }
}

static inline int64_t apus_dot(const int64_t *at, const int64_t *stride, uint32_t rank) {
  int64_t offset = 0;
  for (uint32_t d = 0; d < rank; d++) offset += at[d] * stride[d];
  return offset;
}

// Records a refusal unless one is recorded.
static inline void apus_refuse(void *const *slots, int32_t code, int64_t value, int64_t limit) {
  apus_status *status = slots[0];
  int32_t fine = APUS_OK;
  if (__atomic_compare_exchange_n(&status->code, &fine, code, false, __ATOMIC_RELAXED,
                                  __ATOMIC_RELAXED)) {
    status->value = value;
    status->limit = limit;
  }
}

#endif
