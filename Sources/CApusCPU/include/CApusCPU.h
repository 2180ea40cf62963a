#ifndef CAPUSCPU_H
#define CAPUSCPU_H
// CPU micro-kernels of Apus. One header a kernel family.
#include "apus_buffer.h"
#include "apus_conv.h"
#include "apus_copy.h"
#include "apus_cpu_features.h"
#include "apus_elementwise.h"
#include "apus_epilogue.h"
#include "apus_gather.h"
#include "apus_gemm.h"
#include "apus_kernels.h"
#include "apus_norm.h"
#include "apus_pooling.h"
#include "apus_program.h"
#include "apus_reduce.h"
#include "apus_scan.h"
#include "apus_softmax.h"
#endif
