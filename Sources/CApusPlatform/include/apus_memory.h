#ifndef APUS_MEMORY_H
#define APUS_MEMORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define APUS_MEMORY_ALIGNMENT 64

// Uninitialised memory, aligned to 64 bytes; NULL when it cannot be had. Blocks from 1 MiB on are mapped.
void *apus_memory_allocate(size_t bytes);
// `bytes` is what was asked for.
void apus_memory_free(void *memory, size_t bytes);
// How many bytes of freed large blocks the process keeps for the next, at first 64 MiB; less than what is kept at the
// moment changes nothing.
void apus_memory_keep(size_t bytes);
// Gives free memory that the process holds back to the system, where it can.
void apus_memory_trim(void);
// Whether two ranges of `size` bytes hold the same.
static inline bool apus_bytes_equal(const void *left, const void *right, size_t size) {
  return size == 0 || memcmp(left, right, size) == 0;
}

#endif
