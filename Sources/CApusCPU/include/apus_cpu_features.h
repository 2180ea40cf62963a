#ifndef APUS_CPU_FEATURES_H
#define APUS_CPU_FEATURES_H

// Levels of instruction sets that kernels are written for. A machine of one level runs the kernels
// of all lower ones.
typedef enum {
  APUS_ISA_SCALAR = 0,  // portable C
  APUS_ISA_AVX2 = 1,    // AVX2, FMA
  APUS_ISA_AVX512 = 2   // AVX-512 F, BW, DQ, VL besides AVX2, FMA
} apus_isa;

// The highest level of this machine. The environment is not consulted.
apus_isa apus_cpu_isa(void);

const char *apus_isa_name(apus_isa isa);

// Names of all features of this machine that kernels may care about, separated by spaces; for
// diagnostics and for cache keys.
const char *apus_cpu_features(void);

#endif
