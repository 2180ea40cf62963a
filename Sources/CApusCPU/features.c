#include "apus_cpu_features.h"
#include <stdatomic.h>
#include <string.h>

const char *apus_isa_name(apus_isa isa) {
  switch (isa) {
    case APUS_ISA_SCALAR: return "scalar";
    case APUS_ISA_AVX2: return "avx2";
    case APUS_ISA_AVX512: return "avx512";
  }
  return "unknown";
}

#if defined(__x86_64__)

apus_isa apus_cpu_isa(void) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return APUS_ISA_SCALAR;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return APUS_ISA_AVX512;
  return APUS_ISA_AVX2;
}

static void append(char *list, const char *name, int supported) {
  if (!supported) return;
  if (list[0]) strcat(list, " ");
  strcat(list, name);
}

#define FEATURE(name) append(list, name, __builtin_cpu_supports(name) != 0)

static void list_features(char *list) {
  __builtin_cpu_init();
  FEATURE("sse4.2");
  FEATURE("avx");
  FEATURE("avx2");
  FEATURE("fma");
  FEATURE("f16c");
  FEATURE("avx512f");
  FEATURE("avx512bw");
  FEATURE("avx512dq");
  FEATURE("avx512vl");
  FEATURE("avx512vnni");
  FEATURE("avx512bf16");
  FEATURE("avx512fp16");
  FEATURE("avxvnni");
  FEATURE("amx-tile");
  FEATURE("amx-int8");
  FEATURE("amx-bf16");
}

#else

apus_isa apus_cpu_isa(void) { return APUS_ISA_SCALAR; }

static void list_features(char *list) {
#if defined(__aarch64__)
  strcpy(list, "neon");
#else
  list[0] = 0;
#endif
}

#endif

const char *apus_cpu_features(void) {
  // Filled by whoever comes first; others that come meanwhile wait the moment it takes.
  static char list[256];
  static atomic_int state;
  int expected = 0;
  if (atomic_load_explicit(&state, memory_order_acquire) == 2) return list;
  if (atomic_compare_exchange_strong(&state, &expected, 1)) {
    list_features(list);
    atomic_store_explicit(&state, 2, memory_order_release);
  }
  while (atomic_load_explicit(&state, memory_order_acquire) != 2) {
  }
  return list;
}
