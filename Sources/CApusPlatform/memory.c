#define _GNU_SOURCE
#include "apus_memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#define LARGE_BLOCK ((size_t)1 << 20)
#define HUGE_BLOCK ((size_t)4 << 20)
#define HUGE_PAGE ((size_t)2 << 20)
#define MOST_KEPT 64

/* Sanitizers follow blocks of the allocator only. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MAPS_BLOCKS false
#elif defined(__has_feature)
#define MAPS_BLOCKS (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define MAPS_BLOCKS true
#endif

/* Whether the machine could hold so much at all. The kernel may promise more and end the process when
 * it is written. */
static bool fits(size_t bytes) {
  if (bytes < HUGE_BLOCK) return true;
  const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  return pages <= 0 || page <= 0 || bytes / (size_t)page < (size_t)pages;
}

/* Large blocks are mapped, and some that were freed are kept for the next of their size. The first write to a page costs
 * more than reading it from the network, and the allocator returns large blocks early, small ones of threads hardly ever. */
typedef struct {
  void *memory;
  size_t bytes;
} kept_block;

static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static kept_block kept[MOST_KEPT];
static size_t kept_count, kept_bytes, most_kept_bytes = (size_t)64 << 20;

static bool is_mapped(size_t bytes) { return MAPS_BLOCKS && bytes >= LARGE_BLOCK; }

/* Eight sizes for each doubling. */
static size_t mapped_size(size_t bytes) {
  const size_t step = (size_t)1 << (8 * sizeof(size_t) - 4 - (size_t)__builtin_clzl(bytes));
  return (bytes + step - 1) & ~(step - 1);
}

/* The caller holds the lock, and unmaps what is to go. */
static kept_block take(size_t place) {
  const kept_block block = kept[place];
  kept_bytes -= block.bytes;
  kept_count--;
  memmove(kept + place, kept + place + 1, (kept_count - place) * sizeof *kept);
  return block;
}

static void *take_kept(size_t bytes) {
  void *memory = NULL;
  pthread_mutex_lock(&kept_lock);
  for (size_t i = kept_count; i-- > 0 && !memory;)
    if (kept[i].bytes == bytes) memory = take(i).memory;
  pthread_mutex_unlock(&kept_lock);
  return memory;
}

static void unmap(const kept_block *blocks, size_t count) {
  for (size_t i = 0; i < count; i++) munmap(blocks[i].memory, blocks[i].bytes);
}

/* Those that were freed first make room: sizes that nobody asks for any more would fill it for good. */
static void keep(kept_block block) {
  kept_block dropped[MOST_KEPT + 1];
  size_t count = 0;
  pthread_mutex_lock(&kept_lock);
  if (block.bytes > most_kept_bytes) {
    dropped[count++] = block;
  } else {
    while (kept_count == MOST_KEPT || kept_bytes + block.bytes > most_kept_bytes)
      dropped[count++] = take(0);
    kept[kept_count++] = block;
    kept_bytes += block.bytes;
  }
  pthread_mutex_unlock(&kept_lock);
  unmap(dropped, count);
}

/* Beginning at a huge page, where the block holds some. */
static void *map(size_t bytes) {
  const size_t slack = bytes < HUGE_BLOCK ? 0 : HUGE_PAGE;
  if (bytes > SIZE_MAX - slack) return NULL;
  char *memory = mmap(NULL, bytes + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
  if (!slack) return memory;
  const size_t lead = (HUGE_PAGE - (size_t)memory % HUGE_PAGE) % HUGE_PAGE;
  if (lead) munmap(memory, lead);
  if (slack > lead) munmap(memory + lead + bytes, slack - lead);
#ifdef MADV_HUGEPAGE
  madvise(memory + lead, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
  return memory + lead;
}

void *apus_memory_allocate(size_t bytes) {
  void *memory = NULL;
  if (!fits(bytes)) return NULL;
  if (!is_mapped(bytes))
    return posix_memalign(&memory, APUS_MEMORY_ALIGNMENT, bytes ? bytes : 1) ? NULL : memory;
  memory = take_kept(mapped_size(bytes));
  return memory ? memory : map(mapped_size(bytes));
}

void apus_memory_free(void *memory, size_t bytes) {
  if (is_mapped(bytes)) keep((kept_block){memory, mapped_size(bytes)});
  else free(memory);
}

void apus_memory_keep(size_t bytes) {
  pthread_mutex_lock(&kept_lock);
  if (bytes >= kept_bytes) most_kept_bytes = bytes;
  pthread_mutex_unlock(&kept_lock);
}

void apus_memory_trim(void) {
  kept_block dropped[MOST_KEPT];
  pthread_mutex_lock(&kept_lock);
  const size_t count = kept_count;
  memcpy(dropped, kept, count * sizeof *kept);
  kept_count = kept_bytes = 0;
  pthread_mutex_unlock(&kept_lock);
  unmap(dropped, count);
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}
