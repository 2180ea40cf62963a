#ifndef APUS_CONV_INTERNAL_H
#define APUS_CONV_INTERNAL_H
#include "apus_conv.h"
#include "gemm_internal.h"

// Lanes first ..< last of a vector of 8 columns, from one row of the image. Lane 0 would lie at
// `offset` of the plane even where it is not among them.
typedef struct {
  int64_t offset;
  int32_t first, last;
} apus_piece;

// Writes 8 columns of `channels` rows of a panel: the pieces, and zeros between them. Neighbouring
// lanes lie `step` elements apart.
typedef void (*apus_pieces_fn)(const float *plane, int64_t channel_stride, int64_t channels,
                               const apus_piece *pieces, int count, int64_t step, float *packed,
                               int64_t nr);

void apus_pieces_portable(const float *plane, int64_t channel_stride, int64_t channels,
                          const apus_piece *pieces, int count, int64_t step, float *packed,
                          int64_t nr);
#if defined(__x86_64__)
void apus_pieces_avx2(const float *plane, int64_t channel_stride, int64_t channels,
                      const apus_piece *pieces, int count, int64_t step, float *packed,
                      int64_t nr);
#endif

// The patches of one group of one image as the matrix B of a product. Rows are ordered by kernel
// position, then by channel.
typedef struct {
  const apus_conv_args *args;
  const apus_variant *variant;
  const float *image;
  int64_t channels;  // of the group
  int64_t columns;   // output_height * output_width
  bool plain;        // B is the image itself: rows are channels
} apus_patches;

// An apus_panel_fn; `context` is an apus_patches.
void apus_patches_panel(const void *context, int64_t k0, int64_t k, int64_t panel, float *packed);

#endif
