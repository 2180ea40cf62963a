#ifndef APUS_MEMORY_H
#define APUS_MEMORY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Uninitialised memory, aligned to `alignment` (a power of two, at least 8); NULL when it cannot be
// had. Zero bytes give a pointer that can be freed.
void *apus_memory_allocate(size_t bytes, size_t alignment);
// The same, all zero.
void *apus_memory_allocate_zero(size_t bytes, size_t alignment);
// As apus_memory_allocate; blocks of at least 4 MiB ask for huge pages.
void *apus_memory_allocate_huge(size_t bytes, size_t alignment);
void apus_memory_free(void *memory);
// Gives free memory that the process holds back to the system, where it can.
void apus_memory_trim(void);
// For servers: blocks of some MiB go back to the system when they are freed, and what the allocator keeps of each arena
// is bounded. For the whole process, from now on.
void apus_memory_keep_little(void);
// Whether two ranges of `size` bytes hold the same.
static inline bool apus_bytes_equal(const void *left, const void *right, size_t size) {
  return size == 0 || memcmp(left, right, size) == 0;
}

#endif
