#define _GNU_SOURCE
#include "apus_memory.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#define HUGE_BLOCK ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define MAPPED_BLOCK (4 << 20)
#define KEPT_BY_ARENA (8 << 20)

/* Whether the machine could hold so much at all. The kernel may promise more and end the process when
 * it is written. */
static bool fits(size_t bytes) {
  if (bytes < HUGE_BLOCK) return true;
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages <= 0 || page <= 0 || bytes / (size_t)page < (size_t)pages;
}

void *apus_memory_allocate(size_t bytes, size_t alignment) {
  void *memory = NULL;
  if (!fits(bytes)) return NULL;
  if (alignment < sizeof(void *)) alignment = sizeof(void *);
  if (posix_memalign(&memory, alignment, bytes ? bytes : 1)) return NULL;
  return memory;
}

void *apus_memory_allocate_zero(size_t bytes, size_t alignment) {
  void *memory = apus_memory_allocate(bytes, alignment);
  if (memory) memset(memory, 0, bytes);
  return memory;
}

void *apus_memory_allocate_huge(size_t bytes, size_t alignment) {
  if (bytes < HUGE_BLOCK) return apus_memory_allocate(bytes, alignment);
  if (alignment < HUGE_PAGE) alignment = HUGE_PAGE;
  void *memory = apus_memory_allocate(bytes, alignment);
#ifdef MADV_HUGEPAGE
  if (memory) madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return memory;
}

void apus_memory_free(void *memory) { free(memory); }

void apus_memory_trim(void) {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

void apus_memory_keep_little(void) {
#if defined(__GLIBC__)
  /* Blocks from the first size on are mapped, and go back to the system at once. By itself the allocator raises both
   * bounds with the blocks that it sees freed, to 32 and 64 MiB, and malloc_trim does not shrink
   * the end of a thread's arena. */
  mallopt(M_MMAP_THRESHOLD, MAPPED_BLOCK);
  mallopt(M_TRIM_THRESHOLD, KEPT_BY_ARENA);
#endif
}
