#define KERNEL(name) name##_scalar
#include "kernels_isa.inc"
