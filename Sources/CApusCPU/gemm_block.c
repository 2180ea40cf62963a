#include "gemm_internal.h"
#include <math.h>

// Of the panels of a group, which share the first-level cache with the results.
#define GROUP_FLOATS 4096
#define MOST_PANELS 16

void apus_block_set_epilogue(apus_block *block, const apus_epilogue *epilogue,
                             void *const *slots) {
  block->column_bias = apus_float_buffer(&epilogue->column_bias, slots);
  block->row_bias = apus_float_buffer(&epilogue->row_bias, slots);
  block->residual = apus_float_buffer(&epilogue->residual, slots);
  block->column_bias_stride = epilogue->column_bias_stride;
  block->row_bias_stride = epilogue->row_bias_stride;
  const bool relu = epilogue->activation == APUS_ACTIVATION_RELU;
  block->bounds = (apus_bounds){.lower = relu ? 0.0f : epilogue->lower,
                                .upper = relu ? INFINITY : epilogue->upper,
                                .scale = epilogue->scale,
                                .shift = epilogue->shift,
                                .clamp = epilogue->activation != APUS_ACTIVATION_NONE,
                                .gate = epilogue->activation == APUS_ACTIVATION_GATE};
}

int64_t apus_block_a_floats(int64_t rows, int64_t k_step) { return (rows * k_step + 15) & ~15; }

// Panels that are made and used together: where k is small, rows of results that go on over several
// panels are written in longer pieces.
static int64_t group_of(const apus_variant *variant, int64_t k_step) {
  const int64_t floats = apus_max(variant->shape.nr * k_step, 1);
  return apus_max(apus_min(GROUP_FLOATS / floats, MOST_PANELS), 1);
}

int64_t apus_block_b_floats(const apus_variant *variant, int64_t k_step) {
  return variant->shape.nr * k_step * group_of(variant, k_step);
}

void apus_block_finish(const apus_block *block, int64_t row, int64_t rows, int64_t column,
                       int64_t columns, const float *values, int64_t values_row, bool accumulate,
                       bool last) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      const int64_t at = (row + i) * block->c_row + (column + j) * block->c_column;
      float x = values[i * values_row + j];
      if (accumulate) x += block->c[at];
      if (last) {
        if (block->column_bias) x += block->column_bias[(column + j) * block->column_bias_stride];
        if (block->row_bias) x += block->row_bias[(row + i) * block->row_bias_stride];
        if (block->residual && block->residual != block->c) x += block->residual[at];
        x = apus_bounded(&block->bounds, x);
      }
      block->c[at] = x;
    }
  }
}

// Computes one tile and puts it where its columns are not adjacent.
static void run_scattered(const apus_block *block, apus_tile_fn kernel, const apus_tile *tile,
                          int64_t row, int64_t rows, int64_t column, bool last) {
  float values[APUS_MAX_MR * APUS_MAX_NR];
  apus_tile plain = {.k = tile->k,
                     .a = tile->a,
                     .a_row = tile->a_row,
                     .b = tile->b,
                     .b_row = tile->b_row,
                     .c = values,
                     .c_row = APUS_MAX_NR,
                     .columns = tile->columns};
  kernel(&plain);
  apus_block_finish(block, row, rows, column, tile->columns, values, APUS_MAX_NR,
                    tile->accumulate, last);
}

// The panels of a group: a tile of each, without its rows.
typedef struct {
  int64_t count, column;
  apus_tile tile[MOST_PANELS];
  float column_bias[MOST_PANELS][APUS_MAX_NR];
} panel_group;

// Runs all tiles of the panels of a group for one step of k.
static void run_group(const apus_block *block, panel_group *group, int64_t tile0, int64_t tile1,
                      int64_t k0, bool last) {
  const apus_tile_kernels *kernels = block->variant->kernels;
  const int64_t lanes = block->variant->lanes, nr = block->variant->shape.nr;
  const int64_t base = apus_tile_start(block->m, block->tiles, tile0);
  const int64_t height = block->m / block->tiles, taller = block->m % block->tiles;
  const bool packed = block->a_packed || block->a_column != 1;
  const bool adds_residual = last && block->residual && block->residual != block->c;
  float row_bias[APUS_MAX_MR];
  for (int64_t t = tile0, row = base, rows; t < tile1; t++, row += rows) {
    rows = height + (t < taller);
    const float *a = block->a + row * block->a_row + k0;
    if (block->a_packed) a = block->a + row * block->k + k0 * rows;
    else if (packed) a = block->a_scratch + (row - base) * group->tile[0].k;
    for (int64_t i = 0; last && block->row_bias && i < rows; i++)
      row_bias[i] = block->row_bias[(row + i) * block->row_bias_stride];
    for (int64_t p = 0; p < group->count; p++) {
      apus_tile *tile = &group->tile[p];
      const int64_t column = group->column + p * nr;
      const int vectors = tile->columns > lanes;
      const apus_tile_fn kernel =
          packed ? kernels->packed[rows][vectors] : kernels->strided[rows][vectors];
      tile->a = a;
      if (block->c_column != 1) {
        run_scattered(block, kernel, tile, row, rows, column, last);
        continue;
      }
      tile->c = block->c + row * block->c_row + column;
      if (adds_residual) tile->residual = block->residual + row * block->c_row + column;
      if (last && block->row_bias) tile->row_bias = row_bias;
      kernel(tile);
    }
  }
}

// Makes the panel'th tile of a group, at `column`, and its panel of B where there is none.
static void make_panel(const apus_block *block, panel_group *group, int64_t p, bool single,
                       int64_t k0, int64_t k, bool last) {
  const int64_t nr = block->variant->shape.nr, lanes = block->variant->lanes;
  const int64_t column = group->column + p * nr;
  apus_tile *tile = &group->tile[p];
  // A residual in the result's own place is what the first step adds to.
  *tile = (apus_tile){.k = k,
                      .a_row = block->a_row,
                      .b_row = nr,
                      .c_row = block->c_row,
                      .columns = apus_min(nr, block->n - column),
                      .bounds = block->bounds,
                      .accumulate = k0 > 0 || block->residual == block->c};
  tile->bounds.clamp &= last;
  if (block->b) {
    tile->b = block->b + column * block->k + k0 * nr;
  } else if (block->b_rows && single && tile->columns % lanes == 0) {
    tile->b = block->b_rows + k0 * block->b_row + column;
    tile->b_row = block->b_row;
  } else {
    float *panel = block->b_scratch + p * nr * k;
    block->panel(block->panel_context, k0, k, column / nr, panel);
    tile->b = panel;
  }
  if (!last || !block->column_bias) return;
  const float *bias = block->column_bias + column * block->column_bias_stride;
  tile->column_bias = bias;
  if (block->column_bias_stride == 1 && tile->columns % lanes == 0) return;
  for (int64_t j = 0; j < nr; j++)
    group->column_bias[p][j] = j < tile->columns ? bias[j * block->column_bias_stride] : 0;
  tile->column_bias = group->column_bias[p];
}

static void pack_rows(const apus_block *block, int64_t tile0, int64_t tile1, int64_t k0,
                      int64_t k) {
  const int64_t base = apus_tile_start(block->m, block->tiles, tile0);
  for (int64_t t = tile0; t < tile1; t++) {
    const int64_t row = apus_tile_start(block->m, block->tiles, t);
    const int64_t rows = apus_tile_start(block->m, block->tiles, t + 1) - row;
    apus_pack_tile(rows, k, block->a + row * block->a_row + k0 * block->a_column, block->a_row,
                   block->a_column, block->a_scratch + (row - base) * k);
  }
}

void apus_block_run(const apus_block *block, int64_t tile0, int64_t tile1, int64_t panel0,
                    int64_t panel1) {
  const int64_t most = group_of(block->variant, block->k_step);
  int64_t k0 = 0;
  do {
    const int64_t k = apus_min(block->k_step, block->k - k0);
    const bool last = k0 + k == block->k;
    if (!block->a_packed && block->a_column != 1) pack_rows(block, tile0, tile1, k0, k);
    for (int64_t panel = panel0; panel < panel1; panel += most) {
      panel_group group;
      group.count = apus_min(most, panel1 - panel);
      group.column = panel * block->variant->shape.nr;
      for (int64_t p = 0; p < group.count; p++)
        make_panel(block, &group, p, tile1 - tile0 == 1, k0, k, last);
      run_group(block, &group, tile0, tile1, k0, last);
    }
    k0 += k;
  } while (k0 < block->k);
}
