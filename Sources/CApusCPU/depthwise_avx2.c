#include "depthwise_internal.h"
#if defined(__x86_64__)
#include "vector_avx2.inc"

#define DEPTHWISE_ROWS apus_depthwise_rows_avx2
#define DEPTHWISE_COPY apus_depthwise_copy_avx2

#include "depthwise_kernel.inc"

#endif
