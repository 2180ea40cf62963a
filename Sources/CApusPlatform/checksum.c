#include "apus_checksum.h"
#include <string.h>

#define PRIME1 0x9E3779B185EBCA87u
#define PRIME2 0xC2B2AE3D27D4EB4Fu
#define PRIME3 0x165667B19E3779F9u
#define PRIME4 0x85EBCA77C2B2AE63u
#define PRIME5 0x27D4EB2F165667C5u

static uint64_t rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static uint64_t read64(const uint8_t *bytes) {
  uint64_t x;
  memcpy(&x, bytes, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  x = __builtin_bswap64(x);
#endif
  return x;
}

static uint32_t read32(const uint8_t *bytes) {
  uint32_t x;
  memcpy(&x, bytes, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  x = __builtin_bswap32(x);
#endif
  return x;
}

static uint64_t mix(uint64_t lane, uint64_t input) {
  return rotate(lane + input * PRIME2, 31) * PRIME1;
}

static uint64_t merge(uint64_t hash, uint64_t lane) {
  return (hash ^ mix(0, lane)) * PRIME1 + PRIME4;
}

uint64_t apus_checksum64(const void *bytes, size_t size, uint64_t seed) {
  const uint8_t *at = bytes;
  size_t left = size;
  uint64_t hash = seed + PRIME5;
  if (left >= 32) {
    uint64_t a = seed + PRIME1 + PRIME2, b = seed + PRIME2, c = seed, d = seed - PRIME1;
    for (; left >= 32; left -= 32, at += 32) {
      a = mix(a, read64(at));
      b = mix(b, read64(at + 8));
      c = mix(c, read64(at + 16));
      d = mix(d, read64(at + 24));
    }
    hash = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    hash = merge(merge(merge(merge(hash, a), b), c), d);
  }
  hash += size;
  for (; left >= 8; left -= 8, at += 8) {
    hash = rotate(hash ^ mix(0, read64(at)), 27) * PRIME1 + PRIME4;
  }
  if (left >= 4) {
    hash = rotate(hash ^ read32(at) * PRIME1, 23) * PRIME2 + PRIME3;
    left -= 4;
    at += 4;
  }
  for (; left > 0; left--, at++) hash = rotate(hash ^ *at * PRIME5, 11) * PRIME1;
  hash = (hash ^ (hash >> 33)) * PRIME2;
  hash = (hash ^ (hash >> 29)) * PRIME3;
  return hash ^ (hash >> 32);
}
