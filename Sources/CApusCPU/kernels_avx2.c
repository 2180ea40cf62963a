#if defined(__x86_64__)
#include "kernel_table.h"
#include <math.h>
#include <string.h>
#define KERNEL(name) name##_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "kernels_isa.inc"
#pragma clang attribute pop
#else
typedef int apus_no_avx2;
#endif
