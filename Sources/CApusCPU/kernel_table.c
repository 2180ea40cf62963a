#include "kernel_table.h"
#include "apus_cpu_features.h"

const apus_kernel_table *apus_kernels_forced;

const apus_kernel_table *apus_kernels(void) {
  if (apus_kernels_forced) return apus_kernels_forced;
  switch (apus_cpu_isa()) {
#if defined(__x86_64__)
    case APUS_ISA_AVX512: return &apus_kernels_avx512;
    case APUS_ISA_AVX2: return &apus_kernels_avx2;
#endif
    default: return &apus_kernels_scalar;
  }
}
