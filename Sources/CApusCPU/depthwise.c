#include "depthwise_internal.h"
#include <math.h>
#include <string.h>

// Multiplications of a chunk, and floats of a band, which stays in the first-level cache.
#define CHUNK_WORK 3e5
#define BAND_FLOATS 6144
// Results of whole planes that an epilogue program waits for.
#define PROGRAM_FLOATS 2048

// Each input row is kept as stride_width phases (every stride_width-th element), so that the
// operands of neighbouring outputs are neighbours.
typedef struct {
  int64_t multiplier, taps;
  int64_t pitch, row;        // floats of a phase, of a row of phases
  int64_t columns_end;       // elements of a phase beyond which nothing is read
  int64_t band_rows;         // output rows of a band
  int64_t input_rows;        // rows of its input
  int64_t planes, per_chunk; // planes of input; a chunk has some whole ones
  int64_t parts, chunks;     // or a part of the rows of one
} depthwise_shape;

static int64_t input_rows_of(const apus_conv_args *args, int64_t rows) {
  return (rows - 1) * args->stride_height + (args->kernel_height - 1) * args->dilation_height + 1;
}

// The columns of the image that one phase of a band holds, and where the first of them goes.
// Element e of the phase is column e * step + phase - pad_left.
typedef struct {
  int64_t first, columns, image;
} phase_columns;

static phase_columns phase_of(const apus_conv_args *args, int64_t most, int64_t phase) {
  const int64_t step = args->stride_width, shift = phase - args->pad_left;
  const int64_t end = args->width - shift;
  const int64_t first = apus_min(shift >= 0 ? 0 : (-shift + step - 1) / step, most);
  const int64_t last = apus_min(end > 0 ? (end + step - 1) / step : 0, most);
  return (phase_columns){first, apus_max(last - first, 0), first * step + shift};
}

static depthwise_shape shape_of(const apus_conv_args *args) {
  depthwise_shape s = {.per_chunk = 1, .parts = 1};
  s.taps = args->kernel_height * args->kernel_width;
  s.planes = args->batch * args->input_channels;
  if (s.planes <= 0 || args->output_channels <= 0 || args->output_height <= 0 ||
      args->output_width <= 0)
    return s;
  s.multiplier = args->output_channels / args->input_channels;
  const int64_t reach = (args->kernel_width - 1) * args->dilation_width / args->stride_width;
  const apus_variant *variant = apus_variant_of(args->variant);
  const int64_t lanes = variant->shape.isa == APUS_ISA_SCALAR ? 16 : variant->lanes;
  s.columns_end = apus_ceil_div(args->output_width, lanes) * lanes + reach;
  // Copies of the image write whole vectors, too.
  const int64_t columns =
      apus_min(apus_ceil_div(args->width, args->stride_width), s.columns_end);
  s.pitch = apus_min(apus_ceil_div(args->pad_left, args->stride_width), s.columns_end) +
            apus_ceil_div(columns, lanes) * lanes;
  s.pitch = apus_max(s.pitch, s.columns_end);
  s.pitch = (s.pitch + 7) / 8 * 8;
  s.row = s.pitch * args->stride_width;
  s.band_rows = args->output_height;
  while (s.band_rows > 1 && input_rows_of(args, s.band_rows) * s.row > BAND_FLOATS)
    s.band_rows = (s.band_rows + 1) / 2;
  s.input_rows = input_rows_of(args, s.band_rows);

  const double work = (double)args->output_height * (double)args->output_width *
                      (double)(s.taps * s.multiplier);
  if (work < CHUNK_WORK) s.per_chunk = (int64_t)(CHUNK_WORK / fmax(work, 1)) + 1;
  else if (s.planes < 48)
    s.parts = apus_min((int64_t)(work / CHUNK_WORK),
                       apus_ceil_div(args->output_height, s.band_rows));
  s.chunks = apus_ceil_div(s.planes, s.per_chunk) * s.parts;
  return s;
}

uint32_t apus_depthwise_chunks(const apus_conv_args *args) {
  return (uint32_t)shape_of(args).chunks;
}

static size_t band_bytes(const depthwise_shape *s) {
  return apus_round_64((size_t)(s->input_rows * s->row) * sizeof(float));
}

static size_t offset_bytes(const depthwise_shape *s) {
  return apus_round_64((size_t)s->taps * sizeof(int64_t));
}

static size_t scratch_bytes(const apus_conv_args *args, const depthwise_shape *s) {
  const apus_program *program = args->epilogue.program;
  return band_bytes(s) + offset_bytes(s) +
         (program ? apus_round_64(apus_program_scratch_bytes(program)) : 0);
}

size_t apus_depthwise_scratch_bytes(const apus_conv_args *args) {
  const depthwise_shape s = shape_of(args);
  return scratch_bytes(args, &s);
}

static apus_depthwise_kernels kernels_of(const apus_conv_args *args) {
#if defined(__x86_64__)
  switch (apus_variant_of(args->variant)->shape.isa) {
    case APUS_ISA_AVX512:
      return (apus_depthwise_kernels){apus_depthwise_rows_avx512, apus_depthwise_copy_avx512};
    case APUS_ISA_AVX2:
      return (apus_depthwise_kernels){apus_depthwise_rows_avx2, apus_depthwise_copy_avx2};
    case APUS_ISA_SCALAR: break;
  }
#else
  (void)args;
#endif
  return (apus_depthwise_kernels){apus_depthwise_rows_scalar, apus_depthwise_copy_scalar};
}

// Copies the input of `rows` output rows from `row` on into a band that is zero wherever the image
// is not.
static void fill_band(const apus_conv_args *args, const depthwise_shape *s,
                      const apus_depthwise_kernels *kernels, const float *plane, int64_t row,
                      int64_t rows, float *band) {
  const int64_t top = row * args->stride_height - args->pad_top;
  const int64_t first = apus_max(top, 0);
  const int64_t last = apus_min(top + input_rows_of(args, rows), args->height);
  for (int64_t phase = 0; phase < args->stride_width && first < last; phase++) {
    const phase_columns p = phase_of(args, s->columns_end, phase);
    if (p.columns == 0) continue;
    const apus_depthwise_copy copy = {.from = plane + first * args->width + p.image,
                                      .to = band + (first - top) * s->row + phase * s->pitch +
                                            p.first,
                                      .from_row = args->width,
                                      .to_row = s->row,
                                      .rows = last - first,
                                      .columns = p.columns,
                                      .step = args->stride_width};
    kernels->copy(&copy);
  }
}

// A bias per column is rare: it is added, with what follows it, to the finished sums.
static void add_column_bias(const apus_block *block, const apus_depthwise_rows *d,
                            const float *residual, int64_t column) {
  for (int64_t i = 0; i < d->rows * d->columns; i++) {
    float x = d->output[i] + block->column_bias[(column + i) * block->column_bias_stride];
    if (residual) x += residual[i];
    d->output[i] = apus_bounded(&block->bounds, x);
  }
}

void apus_depthwise_run(const void *arguments, void *const *slots, uint32_t chunk,
                        uint32_t worker) {
  const apus_conv_args *args = arguments;
  const depthwise_shape s = shape_of(args);
  const apus_depthwise_kernels kernels = kernels_of(args);
  char *scratch = (char *)slots[args->scratch_slot] + worker * scratch_bytes(args, &s);
  float *band = (float *)scratch;
  int64_t *offset = (int64_t *)(scratch + band_bytes(&s));
  void *registers = scratch + band_bytes(&s) + offset_bytes(&s);
  for (int64_t t = 0; t < s.taps; t++) {
    const int64_t x = t % args->kernel_width * args->dilation_width;
    const int64_t y = t / args->kernel_width * args->dilation_height;
    offset[t] = y * s.row + x % args->stride_width * s.pitch + x / args->stride_width;
  }
  const float *input = (const float *)slots[args->input.slot] + args->input.offset;
  const float *weight = (const float *)slots[args->weight.slot] + args->weight.offset;
  float *output = (float *)slots[args->output.slot] + args->output.offset;
  apus_block block = {0};
  apus_block_set_epilogue(&block, &args->epilogue, slots);

  const int64_t first = chunk / s.parts * s.per_chunk, part = chunk % s.parts;
  const int64_t last = apus_min(first + s.per_chunk, s.planes);
  const int64_t row0 = apus_part_start(args->output_height, s.parts, part);
  const int64_t row1 = apus_part_start(args->output_height, s.parts, part + 1);
  const bool whole = s.band_rows >= row1 - row0;
  int64_t waiting = 0;  // channels
  if (args->epilogue.program) apus_program_begin(args->epilogue.program, slots, registers);
  for (int64_t plane = first; plane < last; plane++) {
    const int64_t batch = plane / args->input_channels, from = plane % args->input_channels;
    const int64_t end = apus_min(last, (batch + 1) * args->input_channels);
    const float *image =
        input + batch * args->input_batch_stride + from * args->input_channel_stride;
    for (int64_t row = row0; row < row1; row += s.band_rows) {
      const int64_t rows = apus_min(s.band_rows, row1 - row);
      const int64_t column = row * args->output_width, columns = rows * args->output_width;
      // Where a band is a whole plane, its zeros are in the same places in the next one.
      if (!whole || plane == first) memset(band, 0, band_bytes(&s));
      fill_band(args, &s, &kernels, image, row, rows, band);
      for (int64_t i = 0; i < s.multiplier; i++) {
        const int64_t channel = from * s.multiplier + i;
        const int64_t at =
            batch * args->output_batch_stride + channel * args->output_channel_stride + column;
        const float *residual = block.residual ? block.residual + at : NULL;
        const bool late = block.column_bias != NULL;
        apus_depthwise_rows d = {.taps = s.taps,
                                 .offset = offset,
                                 .weight = weight + channel * s.taps,
                                 .band = band,
                                 .band_row = args->stride_height * s.row,
                                 .rows = rows,
                                 .columns = args->output_width,
                                 .output = output + at,
                                 .output_row = args->output_width,
                                 .residual = residual,
                                 .bounds = block.bounds};
        d.bounds.clamp &= !late;
        if (block.row_bias) d.bias = block.row_bias[channel * block.row_bias_stride];
        if (late && residual != d.output) d.residual = NULL;
        kernels.rows(&d);
        if (late)
          add_column_bias(&block, &d, residual == d.output ? NULL : residual, column);
        waiting++;
        if (!args->epilogue.program || (whole && waiting * columns < PROGRAM_FLOATS &&
                                        !(plane + 1 == end && i + 1 == s.multiplier)))
          continue;
        const int64_t at_program[3] = {batch, channel + 1 - waiting, column};
        apus_program_run_rows(registers, at_program, 3, waiting, columns);
        waiting = 0;
      }
    }
  }
}
