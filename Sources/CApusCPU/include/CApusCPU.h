#ifndef CAPUSCPU_H
#define CAPUSCPU_H
// CPU micro-kernels of Apus. One header a kernel family.
#include "apus_kernels.h"
#include "apus_program.h"
#endif
