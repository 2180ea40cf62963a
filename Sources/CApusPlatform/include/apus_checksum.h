#ifndef APUS_CHECKSUM_H
#define APUS_CHECKSUM_H
#include <stddef.h>
#include <stdint.h>

// XXH64 of `size` bytes, as its specification defines it.
uint64_t apus_checksum64(const void *bytes, size_t size, uint64_t seed);

#endif
