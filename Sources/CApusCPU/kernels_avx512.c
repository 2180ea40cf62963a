#include "kernel_table.h"

#if defined(__x86_64__)
#include <math.h>
#include <string.h>
#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#define KERNEL(name) avx512_##name
#define TABLE apus_kernels_avx512
#include "vector_math.h"
#include "program_tile.inc"
#include "rows.inc"
#pragma clang attribute pop
#endif
