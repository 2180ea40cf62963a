#include "conv_internal.h"

// Elements of a chunk of `prepare`, and the chunks that there should be.
#define PREPARE_ELEMENTS 65536
#define PREPARE_CHUNKS 16
// Patches that would take more than this many bytes are made where they are used, again and again.
#define MOST_PATCHES ((int64_t)1 << 28)

typedef struct {
  const apus_variant *variant;
  int64_t m, n, k, batches;
  int64_t weight_stride;  // between the packed weights of groups
  bool prepared;          // patches come from memory
  apus_plan plan;
} conv_shape;

static conv_shape shape_of(const apus_conv_args *args) {
  conv_shape s = {.variant = apus_variant_of(args->variant)};
  const int64_t groups = apus_max(args->groups, 1);
  s.m = args->output_channels / groups;
  s.n = args->output_height * args->output_width;
  s.k = args->input_channels / groups * args->kernel_height * args->kernel_width;
  s.batches = args->batch * groups;
  s.weight_stride = (int64_t)(apus_gemm_packed_a_bytes(args->variant, s.m, s.k) / sizeof(float));
  const int64_t nr = s.variant->shape.nr, panels = apus_ceil_div(s.n, nr);
  const int64_t wanted = apus_chunks_wanted(s.batches, s.m, s.n, s.k);
  // Where columns alone make too few chunks, or a block of weights outgrows the cache, rows are
  // split too, and patches are better made once.
  const bool few = s.batches * (panels / 2) < wanted || s.m > 384;
  const int64_t bytes = s.batches * panels * nr * s.k * (int64_t)sizeof(float);
  s.prepared = wanted > 1 && few && s.m > 2 * s.variant->shape.mr && bytes <= MOST_PATCHES;
  s.plan = apus_plan_make(s.variant, s.batches, s.m, s.n, s.k,
                          s.prepared ? APUS_PLAN_EVEN : APUS_PLAN_WHOLE_ROWS,
                          args->epilogue.program != NULL);
  return s;
}

static apus_patches patches_of(const apus_conv_args *args, const conv_shape *s, void *const *slots,
                               int64_t batch) {
  const int64_t groups = apus_max(args->groups, 1);
  const int64_t channels = args->input_channels / groups;
  const float *input = (const float *)slots[args->input.slot] + args->input.offset;
  const bool plain = args->kernel_height == 1 && args->kernel_width == 1 &&
                     args->stride_height == 1 && args->stride_width == 1 && args->pad_top == 0 &&
                     args->pad_left == 0 && args->output_width == args->width &&
                     args->output_height <= args->height;
  return (apus_patches){args, s->variant,
                        input + batch / groups * args->input_batch_stride +
                            batch % groups * channels * args->input_channel_stride,
                        channels, s->n, plain};
}

size_t apus_conv_packed_weight_bytes(const apus_conv_args *args) {
  const conv_shape s = shape_of(args);
  return (size_t)(s.weight_stride * apus_max(args->groups, 1)) * sizeof(float);
}

void apus_conv_pack_weight(const apus_conv_args *args, const float *weight, float *packed) {
  const conv_shape s = shape_of(args);
  const int64_t taps = args->kernel_height * args->kernel_width;
  const int64_t channels = taps ? s.k / taps : 0;
  for (int64_t g = 0; g < apus_max(args->groups, 1); g++) {
    for (int64_t t = 0; t < s.plan.tiles; t++) {
      const int64_t row = apus_tile_start(s.m, s.plan.tiles, t);
      const int64_t rows = apus_tile_start(s.m, s.plan.tiles, t + 1) - row;
      float *tile = packed + g * s.weight_stride + row * s.k;
      for (int64_t tap = 0; tap < taps; tap++)
        apus_pack_tile(rows, channels, weight + (g * s.m + row) * s.k + tap, s.k, taps,
                       tile + tap * channels * rows);
    }
  }
}

size_t apus_conv_patches_bytes(const apus_conv_args *args) {
  const conv_shape s = shape_of(args);
  if (!s.prepared) return 0;
  return (size_t)(s.batches * s.plan.panels * s.variant->shape.nr * s.k) * sizeof(float);
}

// Panels are dealt to chunks whole, several, or in parts of k.
typedef struct {
  int64_t panels, per_chunk, parts, chunks;
} prepare_plan;

static prepare_plan prepare_of(const conv_shape *s) {
  prepare_plan plan = {.panels = s->batches * s->plan.panels, .per_chunk = 1, .parts = 1};
  if (!s->prepared) return plan;
  const int64_t each = s->k * s->variant->shape.nr;
  plan.per_chunk = apus_max(PREPARE_ELEMENTS / apus_max(each, 1), 1);
  if (plan.per_chunk == 1) {
    plan.parts = apus_ceil_div(PREPARE_CHUNKS, plan.panels);
    plan.parts = apus_max(apus_min(plan.parts, 4 * each / PREPARE_ELEMENTS), 1);
  }
  plan.chunks = apus_ceil_div(plan.panels, plan.per_chunk) * plan.parts;
  return plan;
}

uint32_t apus_conv_prepare_chunks(const apus_conv_args *args) {
  const conv_shape s = shape_of(args);
  return (uint32_t)prepare_of(&s).chunks;
}

void apus_conv_prepare_run(const void *arguments, void *const *slots, uint32_t chunk,
                           uint32_t worker) {
  (void)worker;
  const apus_conv_args *args = arguments;
  const conv_shape s = shape_of(args);
  const prepare_plan plan = prepare_of(&s);
  const int64_t nr = s.variant->shape.nr, part = chunk % plan.parts;
  const int64_t k0 = apus_part_start(s.k, plan.parts, part);
  const int64_t k1 = apus_part_start(s.k, plan.parts, part + 1);
  const int64_t first = chunk / plan.parts * plan.per_chunk;
  const int64_t last = apus_min(first + plan.per_chunk, plan.panels);
  for (int64_t at = first; at < last; at++) {
    const apus_patches patches = patches_of(args, &s, slots, at / s.plan.panels);
    float *packed = (float *)slots[args->patches_slot] + (at * s.k + k0) * nr;
    apus_patches_panel(&patches, k0, k1 - k0, at % s.plan.panels, packed);
  }
}

uint32_t apus_conv_chunks(const apus_conv_args *args) {
  return (uint32_t)shape_of(args).plan.chunks;
}

static size_t panel_bytes(const conv_shape *s) {
  if (s->prepared) return 0;
  return apus_round_64((size_t)apus_block_b_floats(s->variant, s->plan.k_step) * sizeof(float));
}

static size_t scratch_bytes(const apus_conv_args *args, const conv_shape *s) {
  const apus_program *program = args->epilogue.program;
  return panel_bytes(s) + (program ? apus_round_64(apus_program_scratch_bytes(program)) : 0);
}

size_t apus_conv_scratch_bytes(const apus_conv_args *args) {
  const conv_shape s = shape_of(args);
  return scratch_bytes(args, &s);
}

void apus_conv_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  const apus_conv_args *args = arguments;
  const conv_shape s = shape_of(args);
  const apus_plan *plan = &s.plan;
  const int64_t groups = apus_max(args->groups, 1), nr = s.variant->shape.nr;
  const size_t bytes = scratch_bytes(args, &s);
  char *scratch = bytes ? (char *)slots[args->scratch_slot] + worker * bytes : NULL;

  int64_t first = chunk, row_block = 0, column_block = 0;
  if (plan->per_chunk == 1) {
    row_block = first % plan->row_blocks;
    first /= plan->row_blocks;
    column_block = first % plan->column_blocks;
    first /= plan->column_blocks;
  }
  first *= plan->per_chunk;
  const int64_t tile0 = apus_part_start(plan->tiles, plan->row_blocks, row_block);
  const int64_t tile1 = apus_part_start(plan->tiles, plan->row_blocks, row_block + 1);
  const int64_t panel0 = apus_part_start(plan->panels, plan->column_blocks, column_block);
  const int64_t panel1 = apus_part_start(plan->panels, plan->column_blocks, column_block + 1);
  const int64_t column0 = panel0 * nr, column1 = apus_min(panel1 * nr, s.n);

  const float *weight = (const float *)slots[args->weight.slot] + args->weight.offset;
  float *output = (float *)slots[args->output.slot] + args->output.offset;
  void *program = scratch ? scratch + panel_bytes(&s) : NULL;
  if (args->epilogue.program) apus_program_begin(args->epilogue.program, slots, program);
  const int64_t end = apus_min(first + plan->per_chunk, s.batches);
  for (int64_t batch = first; batch < end; batch++) {
    const int64_t channel = batch % groups * s.m;
    const int64_t at_c =
        batch / groups * args->output_batch_stride + channel * args->output_channel_stride;
    const apus_patches patches = patches_of(args, &s, slots, batch);
    apus_block block = {.variant = s.variant,
                        .m = s.m,
                        .n = s.n,
                        .k = s.k,
                        .k_step = plan->k_step,
                        .tiles = plan->tiles,
                        .a = weight + batch % groups * s.weight_stride,
                        .a_packed = true,
                        .panel = apus_patches_panel,
                        .panel_context = &patches,
                        .c = output + at_c,
                        .c_row = args->output_channel_stride,
                        .c_column = 1,
                        .b_scratch = (float *)scratch};
    if (s.prepared)
      block.b = (const float *)slots[args->patches_slot] + batch * plan->panels * nr * s.k;
    apus_block_set_epilogue(&block, &args->epilogue, slots);
    if (block.row_bias) block.row_bias += channel * block.row_bias_stride;
    if (block.residual) block.residual += at_c;
    apus_block_run(&block, tile0, tile1, panel0, panel1);
    if (!args->epilogue.program) continue;
    const int64_t row0 = apus_tile_start(s.m, plan->tiles, tile0);
    const int64_t row1 = apus_tile_start(s.m, plan->tiles, tile1);
    const int64_t at[3] = {batch / groups, channel + row0, column0};
    apus_program_run_rows(program, at, 3, row1 - row0, column1 - column0);
  }
}
