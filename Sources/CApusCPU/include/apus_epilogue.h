#ifndef APUS_EPILOGUE_H
#define APUS_EPILOGUE_H
#include "apus_buffer.h"
#include "apus_program.h"

typedef enum {
  APUS_ACTIVATION_NONE = 0,
  APUS_ACTIVATION_RELU = 1,
  APUS_ACTIVATION_CLAMP = 2,  // min(max(x, lower), upper)
  APUS_ACTIVATION_GATE = 3    // x * min(max(scale * x + shift, lower), upper)
} apus_activation;

// What happens to the result of a product or convolution before it leaves the cache:
//   c <- activation(c + column_bias[n] + row_bias[m] + residual[batch, m, n])
// and then `program`. All zero bytes: nothing happens. NaN passes every activation.
// Buffers are f32; slot 0 means absent.
typedef struct APUS_SWIFT_SAFE {
  apus_buffer column_bias;  // stride per column n
  apus_buffer row_bias;     // stride per row m; of a convolution: per output channel
  apus_buffer residual;     // laid out like the result; may be the result's own elements
  int64_t column_bias_stride, row_bias_stride;
  uint32_t activation;  // apus_activation
  float lower, upper;   // of APUS_ACTIVATION_CLAMP and _GATE
  float scale, shift;   // of APUS_ACTIVATION_GATE
  uint32_t reserved;
  // May be NULL. Must outlive the arguments. The result is in place when the program runs: the
  // program reads it as an operand and writes it as a result with its slot, offset and strides.
  // Its iteration space is said at each kernel; it is called along the last dimension.
  const apus_program *program;
} apus_epilogue;

#endif
