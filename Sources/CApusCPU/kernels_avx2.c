#include "kernel_table.h"

#if defined(__x86_64__)
#include <math.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define KERNEL(name) avx2_##name
#define TABLE apus_kernels_avx2
#include "vector_math.h"
#include "program_tile.inc"
#include "rows.inc"
#pragma clang attribute pop
#endif
