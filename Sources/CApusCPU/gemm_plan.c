#include "gemm_internal.h"

// A chunk should take some 20 microseconds or more; more chunks than this add nothing.
#define CHUNK_WORK 1e6
#define CHUNKS_WANTED 48
// Blocks beyond this would leave the second-level cache.
#define MOST_ROWS 192
#define MOST_COLUMNS 256

static int64_t split(int64_t parts, int64_t wanted, int64_t extent, int64_t smallest,
                     int64_t units) {
  int64_t most = apus_min(apus_max(extent / smallest, 1), units);
  return apus_max(parts, apus_min(wanted, most));
}

static int64_t k_step_of(const apus_variant *variant, int64_t k) {
  // A panel of B and a tile of A share the first-level cache.
  int64_t most = variant->shape.nr > 16 ? 256 : 320;
  int64_t parts = apus_max(apus_ceil_div(k, most), 1);
  return (apus_ceil_div(k, parts) + 7) / 8 * 8;
}

// Few rows are bound by the reading of B, as slow as some 12 rows.
static double work_of(int64_t m, int64_t n, int64_t k) {
  return (double)apus_max(m, 12) * (double)n * (double)apus_max(k, 16);
}

int64_t apus_chunks_wanted(int64_t batches, int64_t m, int64_t n, int64_t k) {
  double total = work_of(m, n, k) * (double)batches / CHUNK_WORK;
  return total < 1 ? 1 : total < CHUNKS_WANTED ? (int64_t)total : CHUNKS_WANTED;
}

apus_plan apus_plan_make(const apus_variant *variant, int64_t batches, int64_t m, int64_t n,
                         int64_t k, apus_plan_taste taste, bool program) {
  const int64_t mr = variant->shape.mr, nr = variant->shape.nr;
  apus_plan plan = {.batches = batches,
                    .per_chunk = 1,
                    .tiles = apus_tiles_of(m, mr),
                    .panels = apus_ceil_div(n, nr),
                    .row_blocks = 1,
                    .column_blocks = 1,
                    .k_step = k_step_of(variant, k)};
  if (batches <= 0 || m <= 0 || n <= 0) return plan;

  const double each = work_of(m, n, k);
  const int64_t wanted = apus_chunks_wanted(batches, m, n, k);
  int64_t together = each < CHUNK_WORK ? (int64_t)(CHUNK_WORK / each) : 1;
  plan.per_chunk = apus_max(apus_min(together, batches / wanted), 1);
  if (plan.per_chunk > 1) {
    plan.chunks = apus_ceil_div(batches, plan.per_chunk);
    return plan;
  }

  const bool keep = taste != APUS_PLAN_EVEN, whole = taste == APUS_PLAN_WHOLE_ROWS;
  int64_t rows = apus_min(apus_ceil_div(m, keep ? 2 * MOST_ROWS : MOST_ROWS), plan.tiles);
  if (whole) rows = 1;
  int64_t columns = apus_min(apus_ceil_div(n, MOST_COLUMNS), plan.panels);
  int64_t blocks = apus_ceil_div(wanted, batches);
  // Rows of an epilogue program should be long; else blocks stay near to squares.
  const int64_t narrow = keep && !program ? 2 * nr : 64;
  const bool lines = program && !whole && n <= 512;
  if (!lines) columns = split(columns, apus_ceil_div(blocks, rows), n, narrow, plan.panels);
  else columns = 1;
  if (!whole) rows = split(rows, apus_ceil_div(blocks, columns), m, keep ? 96 : 48, plan.tiles);
  columns = split(columns, apus_ceil_div(blocks, rows), n, program ? 64 : nr, plan.panels);
  if (!whole) rows = split(rows, apus_ceil_div(blocks, columns), m, 2 * mr, plan.tiles);
  plan.row_blocks = rows;
  plan.column_blocks = columns;
  plan.chunks = batches * rows * columns;
  return plan;
}
