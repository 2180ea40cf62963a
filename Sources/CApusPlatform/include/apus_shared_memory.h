#ifndef APUS_SHARED_MEMORY_H
#define APUS_SHARED_MEMORY_H
#include <stdint.h>

// Objects of POSIX shared memory, read and written through their descriptors: a client that shrinks
// its object while it is in use gets an error, where a mapping would end this process.

// Opens the object `key`, whose leading slash may lack, and tells its size. A descriptor, or a negative
// errno.
int apus_shared_memory_open(const char *key, uint64_t *size);
void apus_shared_memory_close(int descriptor);
// 0 when all bytes were moved; an errno, or EIO where the object ends before.
int apus_shared_memory_read(int descriptor, uint64_t offset, void *bytes, uint64_t size);
int apus_shared_memory_write(int descriptor, uint64_t offset, const void *bytes, uint64_t size);

#endif
