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
  int64_t band_rows;         // output rows of a band
  int64_t input_rows;        // rows of its input
  int64_t planes, per_chunk; // planes of input; a chunk has some whole ones
  int64_t parts, chunks;     // or a part of the rows of one
} depthwise_shape;

static int64_t input_rows_of(const apus_conv_args *args, int64_t rows) {
  return (rows - 1) * args->stride_height + (args->kernel_height - 1) * args->dilation_height + 1;
}

// Elements that kernels read of a row of `columns`: whole tiles of 4, 2 or 1 vectors.
static int64_t columns_read(const apus_conv_args *args, int64_t columns) {
  const apus_variant *variant = apus_variant_of(args->variant);
  const int64_t lanes = variant->shape.isa == APUS_ISA_SCALAR ? 16 : variant->lanes;
  const int64_t rest = columns % (4 * lanes), whole = columns - rest;
  if (rest == 0) return whole;
  return whole + (rest > 2 * lanes ? 4 * lanes : rest > lanes ? 2 * lanes : lanes);
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
  s.pitch = (columns_read(args, args->output_width) + reach + 7) / 8 * 8;
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

// Copies the input of `rows` output rows from `row` on, with zeros around it.
static void fill_band(const apus_conv_args *args, const depthwise_shape *s, const float *plane,
                      int64_t row, int64_t rows, float *band) {
  const int64_t step = args->stride_width, width = args->width;
  const int64_t top = row * args->stride_height - args->pad_top;
  for (int64_t i = 0; i < input_rows_of(args, rows); i++, band += s->row) {
    const int64_t y = top + i;
    if (y < 0 || y >= args->height) {
      memset(band, 0, (size_t)s->row * sizeof(float));
      continue;
    }
    for (int64_t phase = 0; phase < step; phase++) {
      // Element e of the phase is column e * step + phase - pad_left.
      float *to = band + phase * s->pitch;
      const int64_t shift = phase - args->pad_left;
      const int64_t first = apus_min(shift >= 0 ? 0 : (-shift + step - 1) / step, s->pitch);
      const int64_t end = width - shift;
      const int64_t last =
          apus_max(apus_min(end > 0 ? (end + step - 1) / step : 0, s->pitch), first);
      const float *from = plane + y * width + shift;
      for (int64_t e = 0; e < first; e++) to[e] = 0.0f;
      if (step == 1) memcpy(to + first, from + first, (size_t)(last - first) * sizeof(float));
      else if (step == 2)
        for (int64_t e = first; e < last; e++) to[e] = from[2 * e];
      else
        for (int64_t e = first; e < last; e++) to[e] = from[e * step];
      memset(to + last, 0, (size_t)(s->pitch - last) * sizeof(float));
    }
  }
}

static apus_depthwise_fn kernel_of(const apus_conv_args *args) {
#if defined(__x86_64__)
  switch (apus_variant_of(args->variant)->shape.isa) {
    case APUS_ISA_AVX512: return apus_depthwise_rows_avx512;
    case APUS_ISA_AVX2: return apus_depthwise_rows_avx2;
    case APUS_ISA_SCALAR: break;
  }
#else
  (void)args;
#endif
  return apus_depthwise_rows_scalar;
}

// A bias per column is rare: it is added, with what follows it, to the finished sums.
static void add_column_bias(const apus_conv_args *args, const apus_block *block,
                            const apus_depthwise_rows *d, const float *residual, int64_t column) {
  for (int64_t i = 0; i < d->rows * d->columns; i++) {
    float x = d->output[i] + block->column_bias[(column + i) * block->column_bias_stride];
    if (residual) x += residual[i];
    if (args->epilogue.activation != APUS_ACTIVATION_NONE) {
      x = x < block->lower ? block->lower : x;
      x = x > block->upper ? block->upper : x;
    }
    d->output[i] = x;
  }
}

void apus_depthwise_run(const void *arguments, void *const *slots, uint32_t chunk,
                        uint32_t worker) {
  const apus_conv_args *args = arguments;
  const depthwise_shape s = shape_of(args);
  const apus_depthwise_fn kernel = kernel_of(args);
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
      fill_band(args, &s, image, row, rows, band);
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
                                 .lower = block.lower,
                                 .upper = block.upper,
                                 .clamp = block.clamp && !late};
        if (block.row_bias) d.bias = block.row_bias[channel * block.row_bias_stride];
        if (late && residual != d.output) d.residual = NULL;
        kernel(&d);
        if (late)
          add_column_bias(args, &block, &d, residual == d.output ? NULL : residual, column);
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
