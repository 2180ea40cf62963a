#ifndef HARNESS_H
#define HARNESS_H
#include "apus_conv.h"
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// Shared by the tests of the C kernels: random numbers, buffers.

static uint64_t random_state = 1, random_seed = 88172645463325252u;

// Reads the words of a test's command line: rounds, then a seed.
static inline int rounds_of(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count > 2) random_seed = strtoull(words[2], NULL, 10);
  if (random_seed == 0) random_seed = 1;
  printf("seed %llu\n", (unsigned long long)random_seed);
  return count > 1 ? atoi(words[1]) : 2000;
}

static inline uint64_t random_bits(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

static inline int64_t random_below(int64_t n) { return (int64_t)(random_bits() % (uint64_t)n); }
static inline int64_t random_between(int64_t a, int64_t b) { return a + random_below(b - a + 1); }
static inline float random_float(void) { return (float)(random_bits() % 2001) / 1000.0f - 1.0f; }

// Zeroed bytes, exactly as many as asked for, whose end is the end of a page before one that may not
// be touched: reading or writing beyond them ends the test. Sanitizers watch both ends themselves.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
static inline void *allocate(size_t bytes) { return calloc(bytes ? bytes : 1, 1); }
static inline void deallocate(const void *p) { free((void *)(uintptr_t)p); }
#else
typedef struct {
  void *base;
  size_t length;
} mapping;

static inline void *allocate(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t room = (bytes + sizeof(mapping) + page - 1) / page * page;
  mapping m = {NULL, room + page};
  m.base = mmap(NULL, m.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (m.base == MAP_FAILED || mprotect((char *)m.base + room, page, PROT_NONE)) abort();
  char *p = (char *)m.base + room - bytes;
  memcpy(p - sizeof m, &m, sizeof m);
  return p;
}

static inline void deallocate(const void *p) {
  if (!p) return;
  mapping m;
  memcpy(&m, (const char *)p - sizeof m, sizeof m);
  munmap(m.base, m.length);
}
#endif

static inline float *random_floats(int64_t count) {
  float *x = allocate((size_t)count * sizeof(float));
  for (int64_t i = 0; i < count; i++) x[i] = random_float();
  return x;
}

static inline void *aligned_bytes(size_t bytes) {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
  void *p = NULL;
  if (posix_memalign(&p, 64, bytes ? bytes : 64)) abort();
#else
  void *p = allocate((bytes + 63) / 64 * 64);
#endif
  memset(p, 0xff, bytes);
  return p;
}

static inline void check(double got, double want, double tolerance, const char *what) {
  if (fabs(got - want) <= tolerance) return;
  fprintf(stderr, "%s: got %g, expected %g\n", what, got, want);
  abort();
}

// result <- result * result + other, the program of the tests.
typedef struct {
  apus_instruction instructions[5];
  apus_operand operands[2], results[1];
  apus_program program;
} square_program;

static inline void make_square(square_program *s, apus_operand result, apus_operand other) {
  const apus_instruction code[5] = {{APUS_OP_LOAD_F, 0, 0, 0, 0},
                                    {APUS_OP_LOAD_F, 1, 1, 0, 0},
                                    {APUS_OP_MUL_F, 0, 0, 0, 0},
                                    {APUS_OP_ADD_F, 0, 0, 1, 0},
                                    {APUS_OP_STORE_F, 0, 0, 0, 0}};
  memcpy(s->instructions, code, sizeof code);
  s->operands[0] = s->results[0] = result;
  s->operands[1] = other;
  s->program = (apus_program){s->instructions, NULL, s->operands, s->results, 5, 0, 2, 1, 2};
}

// Runs chunks in a random order on three workers' scratch.
static inline void run_chunks(void (*run)(const void *, void *const *, uint32_t, uint32_t),
                              const void *args, void *const *slots, uint32_t chunks) {
  uint32_t shift = chunks ? (uint32_t)random_below(chunks) : 0;
  for (uint32_t i = 0; i < chunks; i++) run(args, slots, (i + shift) % chunks, i % 3);
}

#endif
