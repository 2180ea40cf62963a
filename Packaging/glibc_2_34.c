// Newer glibc offers these symbols in versions that glibc 2.34 lacks, and the static libraries of the
// tool chain ask for them. Linked into release builds, so that those start on glibc 2.34: RHEL 9,
// Ubuntu 22.04, Amazon Linux 2023.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>

#define LOCAL __attribute__((visibility("hidden")))

// glibc 2.36. Called by Foundation and by the standard library.
LOCAL void arc4random_buf(void *buffer, size_t size) {
  unsigned char *bytes = buffer;
  while (size > 0) {
    // More than 256 bytes at once may be cut short by a signal.
    ssize_t count = getrandom(bytes, size < 256 ? size : 256, 0);
    if (count < 0) {
      if (errno == EINTR) continue;
      abort();
    }
    bytes += count;
    size -= (size_t)count;
  }
}

LOCAL uint32_t arc4random(void) {
  uint32_t value;
  arc4random_buf(&value, sizeof value);
  return value;
}

// glibc 2.35 made them faster; the older ones differ in nothing that is used here.
extern double older_hypot(double, double);
extern float older_hypotf(float, float);
__asm__(".symver older_hypot, hypot@GLIBC_2.2.5");
__asm__(".symver older_hypotf, hypotf@GLIBC_2.2.5");
LOCAL double hypot(double x, double y) { return older_hypot(x, y); }
LOCAL float hypotf(float x, float y) { return older_hypotf(x, y); }

// glibc 2.35. Called by the unwinder of GCC 12 and newer, which has no other way to find the unwind
// tables. Same contract: 0 and the object that holds `address`, or -1.
struct search {
  uintptr_t address;
  struct dl_find_object *result;
};

static int visit(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  struct search *search = context;
  uintptr_t start = UINTPTR_MAX, end = 0;
  void *table = NULL;
  int holds = 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    uintptr_t first = object->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_LOAD) {
      uintptr_t last = first + header->p_memsz;
      if (first < start) start = first;
      if (last > end) end = last;
      if (search->address >= first && search->address < last) holds = 1;
    } else if (header->p_type == PT_GNU_EH_FRAME) {
      table = (void *)first;
    }
  }
  if (!holds || !table) return 0;
  search->result->dlfo_map_start = (void *)start;
  search->result->dlfo_map_end = (void *)end;
  search->result->dlfo_eh_frame = table;
  return 1;
}

LOCAL int _dl_find_object(void *address, struct dl_find_object *result) {
  *result = (struct dl_find_object){0};
  struct search search = {(uintptr_t)address, result};
  return dl_iterate_phdr(visit, &search) == 1 ? 0 : -1;
}
