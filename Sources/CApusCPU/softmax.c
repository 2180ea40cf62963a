#include "apus_softmax.h"
#include "kernel_table.h"

static bool has_program(const apus_softmax_args *args) {
  return args->program.instruction_count > 0;
}

static bool is_rows(const apus_softmax_args *args) {
  return args->inner == 1 && args->input_stride[1] == 1 && args->output_stride[1] == 1;
}

// Column blocks of one outer item.
static int64_t blocks_of(const apus_softmax_args *args) {
  return is_rows(args) ? 1 : apus_ceiling(args->inner, APUS_TILE);
}

static int64_t items_per_chunk(const apus_softmax_args *args) {
  int64_t width = is_rows(args) ? 1 : apus_least(args->inner, APUS_TILE);
  return apus_most(1, APUS_CHUNK_ELEMENTS / 2 / apus_most(1, args->axis * width));
}

uint32_t apus_softmax_chunks(const apus_softmax_args *args) {
  if (args->outer <= 0 || args->axis <= 0 || args->inner <= 0) return 0;
  return (uint32_t)apus_ceiling(args->outer * blocks_of(args), items_per_chunk(args));
}

size_t apus_softmax_scratch_bytes(const apus_softmax_args *args) {
  size_t program = has_program(args) ? apus_program_scratch_bytes(&args->program) : 0;
  return apus_round_up(program) + APUS_SOFTMAX_SCRATCH * sizeof(float);
}

void apus_softmax_run(const void *arguments, void *const *slots, uint32_t chunk,
                      uint32_t worker) {
  const apus_softmax_args *args = arguments;
  const apus_kernel_table *kernels = apus_kernels();
  char *scratch = (char *)slots[args->scratch] + worker * apus_softmax_scratch_bytes(args);
  int64_t blocks = blocks_of(args), per = items_per_chunk(args);
  int64_t end = apus_least(args->outer * blocks, (chunk + 1) * per);
  if (has_program(args)) apus_program_begin(&args->program, slots, scratch);
  for (int64_t item = chunk * per; item < end; item++) {
    int64_t outer = item / blocks, column = item % blocks * APUS_TILE;
    int64_t to = args->output.offset + outer * args->output_stride[0] +
                 column * args->output_stride[2];
    float *y = apus_at(slots, args->output.slot, to, sizeof(float));
    const float *x = y;
    if (has_program(args)) {
      int64_t at[APUS_MAX_RANK] = {0};
      apus_coordinates(outer, args->extent, args->rank - 1, at);
      apus_program_run_rows(scratch, at, args->rank, 1, args->axis);
    } else {
      int64_t from = args->input.offset + outer * args->input_stride[0] +
                     column * args->input_stride[2];
      x = apus_at(slots, args->input.slot, from, sizeof(float));
    }
    if (is_rows(args)) {
      kernels->softmax_row(x, y, args->axis, args->logarithm != 0);
    } else {
      // Columns that do not lie side by side go one by one.
      int64_t count = apus_least(args->inner - column, APUS_TILE);
      bool adjacent = args->input_stride[2] == 1 && args->output_stride[2] == 1;
      int64_t width = adjacent ? count : 1;
      float *sums = (float *)(void *)(scratch + apus_softmax_scratch_bytes(args) -
                                      APUS_SOFTMAX_SCRATCH * sizeof(float));
      for (int64_t i = 0; i < count; i += width) {
        kernels->softmax_columns(x + i * args->input_stride[2], y + i * args->output_stride[2],
                                 width, args->axis, args->input_stride[1], args->output_stride[1],
                                 args->logarithm != 0, sums);
      }
    }
  }
}
