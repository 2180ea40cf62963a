#if defined(__x86_64__)
#include "kernel_table.h"
#include <math.h>
#include <string.h>
#define KERNEL(name) name##_avx512
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#include "kernels_isa.inc"
#pragma clang attribute pop
#else
typedef int apus_no_avx512;
#endif
