#ifndef APUS_CONV_H
#define APUS_CONV_H
#include "apus_gemm.h"

// Convolution of f32 images, NCHW (1-D: heights of 1). Elements of a channel are contiguous rows of
// `width`; channels and batch items have strides. Padding is zeros; what lies right and below
// follows from the output's extents.
// The program of the epilogue iterates over (batch, output channel, output_height * output_width).
typedef struct {
  apus_buffer input, weight, output;  // weight: packed, see below
  uint32_t variant;                   // of apus_gemm_variant_at
  uint32_t scratch_slot;
  uint32_t patches_slot;  // apus_conv_patches_bytes, 64-byte aligned, lives from prepare to run
  uint32_t reserved;
  int64_t batch, groups;
  int64_t input_channels, output_channels;  // of all groups together
  int64_t input_batch_stride, input_channel_stride;
  int64_t output_batch_stride, output_channel_stride;
  int64_t height, width, output_height, output_width;
  int64_t kernel_height, kernel_width, stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_left;
  apus_epilogue epilogue;
} apus_conv_args;

// Implicit product: two steps, `prepare` and then `run`. Where prepare has 0 chunks it is left out.
size_t apus_conv_patches_bytes(const apus_conv_args *args);  // shared by all workers
uint32_t apus_conv_prepare_chunks(const apus_conv_args *args);
void apus_conv_prepare_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);
uint32_t apus_conv_chunks(const apus_conv_args *args);
void apus_conv_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);
size_t apus_conv_scratch_bytes(const apus_conv_args *args);  // per worker, of both steps

// Packs contiguous weights [output_channels, input_channels / groups, kernel_height, kernel_width].
size_t apus_conv_packed_weight_bytes(const apus_conv_args *args);
void apus_conv_pack_weight(const apus_conv_args *args, const float *weight, float *packed);

// Depth-wise convolution: groups == input_channels, any multiplier. `weight` is contiguous
// [output_channels, 1, kernel_height, kernel_width] as it is; `patches_slot` is not used and of
// `variant` only the instruction set counts.
uint32_t apus_depthwise_chunks(const apus_conv_args *args);
void apus_depthwise_run(const void *args, void *const *slots, uint32_t chunk, uint32_t worker);
size_t apus_depthwise_scratch_bytes(const apus_conv_args *args);

#endif
