#include "gemm_internal.h"

// Rows up to which products with the rows of a transposed B are taken instead of packing it.
#define DOT_ROWS 6

static int64_t batches_of(const apus_gemm_args *args) {
  int64_t batches = 1;
  for (uint32_t i = 0; i < args->batch_rank; i++) batches *= args->batch[i];
  return batches;
}

static bool takes_dots(const apus_gemm_args *args) {
  if (args->epilogue.residual.slot == args->c.buffer.slot) return false;
  return apus_variant_of(args->variant)->kernels->dot && args->m <= DOT_ROWS && args->k > 0 &&
         args->a.layout == APUS_GEMM_STRIDED && args->a.column == 1 &&
         args->b.layout == APUS_GEMM_STRIDED && args->b.row == 1 && args->b.column != 1 &&
         args->c.column == 1;
}

static apus_plan plan_of(const apus_gemm_args *args) {
  const bool packed = args->b.layout == APUS_GEMM_PACKED;
  apus_plan plan = apus_plan_make(apus_variant_of(args->variant), batches_of(args), args->m,
                                  args->n, args->k, packed ? APUS_PLAN_EVEN : APUS_PLAN_KEEP_ROWS,
                                  args->epilogue.program != NULL);
  // One tile reads each panel once: nothing is gained by staying in the first-level cache.
  if (packed && plan.tiles == 1) plan.k_step = apus_max(args->k, 1);
  return plan;
}

typedef struct {
  size_t a, b, program;  // bytes
} scratch_parts;

static scratch_parts scratch_of(const apus_gemm_args *args, const apus_plan *plan) {
  scratch_parts parts = {0, 0, 0};
  const apus_variant *variant = apus_variant_of(args->variant);
  if (args->a.layout == APUS_GEMM_STRIDED && args->a.column != 1) {
    int64_t tiles = apus_ceil_div(plan->tiles, plan->row_blocks);
    int64_t rows = apus_min(tiles * variant->shape.mr, args->m);
    parts.a = (size_t)apus_block_a_floats(rows, apus_min(plan->k_step, args->k)) * sizeof(float);
  }
  if (args->b.layout == APUS_GEMM_STRIDED && !takes_dots(args))
    parts.b = (size_t)apus_block_b_floats(variant, plan->k_step) * sizeof(float);
  if (args->epilogue.program)
    parts.program = apus_round_64(apus_program_scratch_bytes(args->epilogue.program));
  return parts;
}

size_t apus_gemm_scratch_bytes(const apus_gemm_args *args) {
  apus_plan plan = plan_of(args);
  scratch_parts parts = scratch_of(args, &plan);
  return apus_round_64(parts.a + parts.b + parts.program);
}

uint32_t apus_gemm_chunks(const apus_gemm_args *args) { return (uint32_t)plan_of(args).chunks; }

typedef struct {
  const apus_variant *variant;
  const float *b;
  int64_t row, column, n;
} strided_b;

static void make_panel(const void *context, int64_t k0, int64_t k, int64_t panel, float *packed) {
  const strided_b *from = context;
  const int64_t nr = from->variant->shape.nr, column = panel * nr;
  apus_pack_panel(from->variant, k, apus_min(nr, from->n - column),
                  from->b + k0 * from->row + column * from->column, from->row, from->column,
                  packed);
}

static void run_dots(const apus_gemm_args *args, const apus_block *block, const float *b,
                     int64_t column0, int64_t column1) {
  float *c = block->c + column0;
  block->variant->kernels->dot(args->m, column1 - column0, args->k, block->a, block->a_row,
                               b + column0 * args->b.column, args->b.column, c, block->c_row);
  if (block->column_bias || block->row_bias || block->residual || block->bounds.clamp)
    apus_block_finish(block, 0, args->m, column0, column1 - column0, c, block->c_row, false, true);
}

void apus_gemm_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  const apus_gemm_args *args = arguments;
  const apus_plan plan = plan_of(args);
  const scratch_parts parts = scratch_of(args, &plan);
  const size_t bytes = apus_round_64(parts.a + parts.b + parts.program);
  char *scratch = bytes ? (char *)slots[args->scratch_slot] + worker * bytes : NULL;

  strided_b from = {apus_variant_of(args->variant), NULL, args->b.row, args->b.column, args->n};
  apus_block block = {.variant = from.variant,
                      .m = args->m,
                      .n = args->n,
                      .k = args->k,
                      .k_step = plan.k_step,
                      .tiles = plan.tiles,
                      .a_row = args->a.row,
                      .a_column = args->a.column,
                      .a_packed = args->a.layout == APUS_GEMM_PACKED,
                      .panel = make_panel,
                      .panel_context = &from,
                      .b_row = args->b.row,
                      .c_row = args->c.row,
                      .c_column = args->c.column,
                      .a_scratch = (float *)scratch,
                      .b_scratch = bytes ? (float *)(scratch + parts.a) : NULL};
  apus_block_set_epilogue(&block, &args->epilogue, slots);
  const float *a = (const float *)slots[args->a.buffer.slot] + args->a.buffer.offset;
  const float *b = (const float *)slots[args->b.buffer.slot] + args->b.buffer.offset;
  float *c = (float *)slots[args->c.buffer.slot] + args->c.buffer.offset;
  const float *residual = block.residual;

  // Neighbouring chunks share the same columns, so that B comes from memory once.
  int64_t first = chunk, row_block = 0, column_block = 0;
  if (plan.per_chunk == 1) {
    row_block = first % plan.row_blocks;
    first /= plan.row_blocks;
    column_block = first % plan.column_blocks;
    first /= plan.column_blocks;
  }
  first *= plan.per_chunk;
  const int64_t tile0 = apus_part_start(plan.tiles, plan.row_blocks, row_block);
  const int64_t tile1 = apus_part_start(plan.tiles, plan.row_blocks, row_block + 1);
  const int64_t panel0 = apus_part_start(plan.panels, plan.column_blocks, column_block);
  const int64_t panel1 = apus_part_start(plan.panels, plan.column_blocks, column_block + 1);
  const int64_t nr = from.variant->shape.nr;
  const int64_t column0 = panel0 * nr, column1 = apus_min(panel1 * nr, args->n);

  void *program = scratch ? scratch + parts.a + parts.b : NULL;
  if (args->epilogue.program) apus_program_begin(args->epilogue.program, slots, program);
  const int64_t end = apus_min(first + plan.per_chunk, plan.batches);
  for (int64_t batch = first; batch < end; batch++) {
    int64_t at[APUS_GEMM_MAX_BATCH_RANK + 2], rest = batch, at_a = 0, at_b = 0, at_c = 0;
    for (uint32_t i = args->batch_rank; i-- > 0;) {
      at[i] = rest % args->batch[i];
      rest /= args->batch[i];
      at_a += at[i] * args->a.batch[i];
      at_b += at[i] * args->b.batch[i];
      at_c += at[i] * args->c.batch[i];
    }
    block.a = a + at_a;
    block.c = c + at_c;
    block.residual = residual ? residual + at_c : NULL;
    from.b = b + at_b;
    if (args->b.layout == APUS_GEMM_PACKED) block.b = from.b;
    else if (args->b.column == 1) block.b_rows = from.b;
    if (takes_dots(args)) run_dots(args, &block, from.b, column0, column1);
    else apus_block_run(&block, tile0, tile1, panel0, panel1);
    if (!args->epilogue.program) continue;
    const int64_t row0 = apus_tile_start(args->m, plan.tiles, tile0);
    const int64_t row1 = apus_tile_start(args->m, plan.tiles, tile1);
    at[args->batch_rank] = row0;
    at[args->batch_rank + 1] = column0;
    apus_program_run_rows(program, at, args->batch_rank + 2, row1 - row0, column1 - column0);
  }
}
