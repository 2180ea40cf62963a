#include "kernel_table.h"

#define KERNEL(name) scalar_##name
#define TABLE apus_kernels_scalar
#include "vector_math.h"
#include "program_tile.inc"
#include "rows.inc"
