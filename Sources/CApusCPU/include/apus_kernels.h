#ifndef APUS_KERNELS_H
#define APUS_KERNELS_H
// All kernels but matrix product and convolution.
#include "apus_buffer.h"
#include "apus_copy.h"
#include "apus_elementwise.h"
#include "apus_gather.h"
#include "apus_norm.h"
#include "apus_pooling.h"
#include "apus_reduce.h"
#include "apus_scan.h"
#include "apus_softmax.h"
#endif
