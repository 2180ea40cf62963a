#include "apus_reduce.h"
#include "kernel_table.h"

#include <math.h>
#include <string.h>

// Rows of a reduction by columns that are added in float.
#define COLUMN_BLOCK 64

static int64_t kept_of(const apus_reduce_args *args) {
  return apus_product(args->kept_extent, args->kept_rank);
}

static int64_t reduced_of(const apus_reduce_args *args) {
  return apus_product(args->reduced_extent, args->reduced_rank);
}

// Whether neighbouring results read neighbouring elements, so that rows of results can be folded
// together.
static bool is_columns(const apus_reduce_args *args) {
  uint32_t k = args->kept_rank, r = args->reduced_rank;
  return args->input.element == APUS_F32 && k > 0 && args->kept_stride[k - 1] == 1 &&
         args->output_stride[k - 1] == 1 && args->kept_extent[k - 1] >= 8 &&
         (r == 0 || args->reduced_stride[r - 1] != 1);
}

// Results that are computed together.
static int64_t width_of(const apus_reduce_args *args) {
  return is_columns(args) ? apus_least(args->kept_extent[args->kept_rank - 1], APUS_TILE) : 1;
}

static int64_t groups_of(const apus_reduce_args *args) {
  if (!is_columns(args)) return kept_of(args);
  uint32_t last = args->kept_rank - 1;
  return apus_product(args->kept_extent, last) *
         apus_ceiling(args->kept_extent[last], width_of(args));
}

static int64_t groups_per_chunk(const apus_reduce_args *args) {
  return apus_rows_per_chunk(width_of(args) * apus_most(1, reduced_of(args)));
}

uint32_t apus_reduce_chunks(const apus_reduce_args *args) {
  if (kept_of(args) <= 0) return 0;
  return (uint32_t)apus_ceiling(groups_of(args), groups_per_chunk(args));
}

static float identity(uint32_t kind) {
  switch (kind) {
    case APUS_REDUCE_MAX: return -INFINITY;
    case APUS_REDUCE_MIN: return INFINITY;
    case APUS_REDUCE_PRODUCT: return 1;
    default: return 0;
  }
}

static double combine(double a, double b, uint32_t kind) {
  switch (kind) {
    case APUS_REDUCE_MAX: return a != a ? a : b != b ? b : a > b ? a : b;
    case APUS_REDUCE_MIN: return a != a ? a : b != b ? b : a < b ? a : b;
    case APUS_REDUCE_PRODUCT: return a * b;
    default: return a + b;
  }
}

static float finish(double value, int64_t count, uint32_t kind) {
  if (kind == APUS_REDUCE_MEAN) return (float)(value / (double)count);
  return (float)(kind == APUS_REDUCE_L2 ? sqrt(value) : value);
}

static float reduce_one(const apus_reduce_args *args, const float *x) {
  uint32_t rank = args->reduced_rank;
  int64_t count = reduced_of(args);
  double value = (double)identity(args->kind);
  if (count == 0) return finish(value, count, args->kind);
  int64_t inner = rank ? args->reduced_extent[rank - 1] : 1;
  int64_t stride = rank ? args->reduced_stride[rank - 1] : 1;
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t row = 0; row < count / inner; row++) {
    const float *from = x + apus_dot(at, args->reduced_stride, rank ? rank - 1 : 0);
    if (stride == 1) {
      value = combine(value, apus_kernels()->reduce_row(from, inner, args->kind), args->kind);
    } else {
      float gathered[APUS_TILE];
      for (int64_t i = 0; i < inner; i += APUS_TILE) {
        int64_t now = apus_least(inner - i, APUS_TILE);
        for (int64_t k = 0; k < now; k++) gathered[k] = from[(i + k) * stride];
        value = combine(value, apus_kernels()->reduce_row(gathered, now, args->kind), args->kind);
      }
    }
    if (rank > 1) apus_advance(args->reduced_extent, rank - 1, at);
  }
  return finish(value, count, args->kind);
}

// Rows are added in float, blocks of them in double.
static void reduce_columns(const apus_reduce_args *args, const float *x, float *y,
                           int64_t width) {
  const apus_kernel_table *kernels = apus_kernels();
  const uint32_t kind = args->kind;
  const int64_t count = reduced_of(args);
  const bool adds = kind != APUS_REDUCE_MAX && kind != APUS_REDUCE_MIN &&
                    kind != APUS_REDUCE_PRODUCT && count > COLUMN_BLOCK;
  float sums[APUS_TILE];
  double totals[APUS_TILE];
  for (int64_t i = 0; i < width; i++) sums[i] = identity(kind);
  for (int64_t i = 0; i < width && adds; i++) totals[i] = 0;
  int64_t at[APUS_MAX_RANK] = {0}, left = COLUMN_BLOCK;
  for (int64_t r = 0; r < count; r++) {
    int64_t offset = apus_dot(at, args->reduced_stride, args->reduced_rank);
    kernels->reduce_columns(x + offset, sums, width, kind);
    apus_advance(args->reduced_extent, args->reduced_rank, at);
    if (!adds || (--left && r + 1 < count)) continue;
    kernels->carry_columns(sums, totals, width);
    left = COLUMN_BLOCK;
  }
  for (int64_t i = 0; i < width; i++)
    y[i] = finish(adds ? totals[i] : (double)sums[i], count, kind);
}

static int64_t reduce_integers(const apus_reduce_args *args, const int64_t *x) {
  int64_t count = reduced_of(args);
  uint64_t value = args->kind == APUS_REDUCE_PRODUCT ? 1
                   : args->kind == APUS_REDUCE_MAX   ? (uint64_t)INT64_MIN
                   : args->kind == APUS_REDUCE_MIN   ? (uint64_t)INT64_MAX
                                                     : 0;
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t r = 0; r < count; r++) {
    uint64_t next = (uint64_t)x[apus_dot(at, args->reduced_stride, args->reduced_rank)];
    switch (args->kind) {
      case APUS_REDUCE_MAX: value = (int64_t)next > (int64_t)value ? next : value; break;
      case APUS_REDUCE_MIN: value = (int64_t)next < (int64_t)value ? next : value; break;
      case APUS_REDUCE_PRODUCT: value *= next; break;
      case APUS_REDUCE_SUM_SQUARES: value += next * next; break;
      case APUS_REDUCE_L1: value += (int64_t)next < 0 ? 0 - next : next; break;
      default: value += next; break;
    }
    apus_advance(args->reduced_extent, args->reduced_rank, at);
  }
  return (int64_t)value;
}

void apus_reduce_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_reduce_args *args = arguments;
  bool columns = is_columns(args), integers = args->input.element == APUS_I64;
  int64_t width = width_of(args), per = groups_per_chunk(args);
  int64_t end = apus_least(groups_of(args), (chunk + 1) * per);
  size_t size = integers ? sizeof(int64_t) : sizeof(float);
  uint32_t rank = args->kept_rank;
  for (int64_t group = chunk * per; group < end; group++) {
    int64_t at[APUS_MAX_RANK] = {0};
    int64_t now = 1;
    if (columns) {
      int64_t blocks = apus_ceiling(args->kept_extent[rank - 1], width);
      apus_coordinates(group / blocks, args->kept_extent, rank - 1, at);
      at[rank - 1] = group % blocks * width;
      now = apus_least(width, args->kept_extent[rank - 1] - at[rank - 1]);
    } else {
      apus_coordinates(group, args->kept_extent, rank, at);
    }
    int64_t from = args->input.offset + apus_dot(at, args->kept_stride, rank);
    int64_t to = args->output.offset + apus_dot(at, args->output_stride, rank);
    const void *x = apus_at(slots, args->input.slot, from, size);
    void *y = apus_at(slots, args->output.slot, to, size);
    if (integers) {
      *(int64_t *)y = reduce_integers(args, x);
    } else if (columns) {
      reduce_columns(args, x, y, now);
    } else {
      *(float *)y = reduce_one(args, x);
    }
  }
}
