#include "conv_internal.h"

void apus_pieces_portable(const float *plane, int64_t channel_stride, int64_t channels,
                          const apus_piece *pieces, int count, int64_t step, float *packed,
                          int64_t nr) {
  for (int64_t c = 0; c < channels; c++, plane += channel_stride, packed += nr) {
    for (int l = 0; l < 8; l++) packed[l] = 0.0f;
    for (int i = 0; i < count; i++)
      for (int l = pieces[i].first; l < pieces[i].last; l++)
        packed[l] = plane[pieces[i].offset + l * step];
  }
}

// Adjacent columns of one output row within a vector; `x` and `y` are where the kernel's first
// element would fall for lane 0.
typedef struct {
  int64_t x, y;
  int32_t first, last;
} stretch;

// Cuts the 8 columns from `column` on into stretches and returns how many there are.
static int stretches_of(const apus_conv_args *args, int64_t column, int64_t columns,
                        stretch *stretches) {
  const int width = (int)apus_min(8, columns - column);
  int64_t y = column / args->output_width, x = column % args->output_width;
  int count = 0;
  for (int l = 0; l < width;) {
    const int last = (int)apus_min(width, l + args->output_width - x);
    stretches[count++] = (stretch){(x - l) * args->stride_width - args->pad_left,
                                   y * args->stride_height - args->pad_top, l, last};
    l = last;
    x = 0;
    y++;
  }
  return count;
}

// Quotients that round up, of a divisor that is mostly 1 or 2.
static int64_t quotient_up(int64_t a, int64_t b) {
  if (b == 1) return a;
  if (b == 2) return (a + 1) >> 1;
  return a > 0 ? (a + b - 1) / b : -(-a / b);
}

// Shifts stretches by one position of the kernel and clips them to the image.
static int pieces_of(const apus_conv_args *args, const stretch *stretches, int count, int64_t dx,
                     int64_t dy, apus_piece *pieces) {
  const int64_t step = args->stride_width;
  int kept = 0;
  for (int i = 0; i < count; i++) {
    const int64_t y = stretches[i].y + dy, x = stretches[i].x + dx;
    if (y < 0 || y >= args->height) continue;
    const int64_t first = apus_max(stretches[i].first, quotient_up(-x, step));
    const int64_t last = apus_min(stretches[i].last, quotient_up(args->width - x, step));
    if (first >= last) continue;
    pieces[kept++] = (apus_piece){y * args->width + x, (int32_t)first, (int32_t)last};
  }
  return kept;
}

void apus_patches_panel(const void *context, int64_t k0, int64_t k, int64_t panel, float *packed) {
  const apus_patches *p = context;
  const apus_conv_args *args = p->args;
  const int64_t nr = p->variant->shape.nr, stride = args->input_channel_stride;
  if (p->plain) {
    const float *from = p->image + k0 * stride + panel * nr;
    apus_pack_panel(p->variant, k, apus_min(nr, p->columns - panel * nr), from, stride, 1, packed);
    return;
  }
  apus_pieces_fn fill = apus_pieces_portable;
#if defined(__x86_64__)
  if (p->variant->shape.isa >= APUS_ISA_AVX2 && args->stride_width <= 2) fill = apus_pieces_avx2;
#endif
  stretch stretches[APUS_MAX_NR / 8][8];
  int counts[APUS_MAX_NR / 8];
  for (int64_t v = 0; v < nr / 8; v++) {
    const int64_t column = panel * nr + v * 8;
    counts[v] = column < p->columns ? stretches_of(args, column, p->columns, stretches[v]) : 0;
  }
  int64_t tap = k ? k0 / p->channels : 0, channel = k0 - tap * p->channels;
  while (k > 0) {
    const int64_t channels = apus_min(p->channels - channel, k);
    const int64_t dx = tap % args->kernel_width * args->dilation_width;
    const int64_t dy = tap / args->kernel_width * args->dilation_height;
    for (int64_t v = 0; v < nr / 8; v++) {
      apus_piece pieces[8];
      const int count = pieces_of(args, stretches[v], counts[v], dx, dy, pieces);
      fill(p->image + channel * stride, stride, channels, pieces, count, args->stride_width,
           packed + v * 8, nr);
    }
    packed += channels * nr;
    k -= channels;
    channel = 0;
    tap++;
  }
}
