#include "apus_cpu_features.h"
#include "apus_elementwise.h"
#include "kernel_table.h"

#include <string.h>

const apus_kernel_table *apus_kernels_forced;

const apus_kernel_table *apus_kernels(void) {
  if (apus_kernels_forced) return apus_kernels_forced;
#if defined(__x86_64__)
  apus_isa isa = apus_cpu_isa();
  if (isa >= APUS_ISA_AVX512) return &apus_kernels_avx512;
  if (isa >= APUS_ISA_AVX2) return &apus_kernels_avx2;
#endif
  return &apus_kernels_scalar;
}

static const uint8_t element_sizes[] = {
  [APUS_F32] = 4, [APUS_F64] = 8, [APUS_F16] = 2, [APUS_BF16] = 2, [APUS_I8] = 1,
  [APUS_I16] = 2, [APUS_I32] = 4, [APUS_I64] = 8, [APUS_U8] = 1,   [APUS_U16] = 2,
  [APUS_U32] = 4, [APUS_U64] = 8, [APUS_BOOL] = 1,
};

static size_t register_bytes(const apus_program *program) {
  for (uint32_t i = 0; i < program->instruction_count; i++) {
    uint16_t op = program->instructions[i].op;
    if (op == APUS_OP_LOAD_I || op == APUS_OP_CONST_I || op == APUS_OP_F_TO_I ||
        op == APUS_OP_B_TO_I) {
      return APUS_TILE * sizeof(int64_t);
    }
  }
  return APUS_TILE * sizeof(float);
}

// Scratch holds the tile, the registers, the cursors and the hints.
static size_t tile_bytes(void) { return apus_round_up(sizeof(apus_tile)); }

static size_t cursor_bytes(const apus_program *program) {
  return apus_round_up((program->operand_count + program->result_count) * sizeof(apus_cursor));
}

size_t apus_program_scratch_bytes(const apus_program *program) {
  return tile_bytes() + program->register_count * register_bytes(program) +
         cursor_bytes(program) + apus_round_up(program->instruction_count);
}

static bool is_load(uint16_t op) { return op <= APUS_OP_LOAD_B; }
static bool is_store(uint16_t op) { return op >= APUS_OP_STORE_F && op <= APUS_OP_STORE_B; }
static bool is_constant(uint16_t op) { return op >= APUS_OP_CONST_F && op <= APUS_OP_CONST_B; }

// How often instructions write a register.
static uint32_t writers(const apus_program *program, uint16_t target) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < program->instruction_count; i++) {
    const apus_instruction *in = &program->instructions[i];
    count += !is_store(in->op) && in->dst == target;
  }
  return count;
}

// A register may stand for memory only where nothing is stored before its last reader.
static uint8_t hint(const apus_program *program, uint32_t at) {
  const apus_instruction *in = &program->instructions[at];
  if (is_constant(in->op)) return writers(program, in->dst) == 1 ? APUS_HINT_ONCE : 0;
  if (program->result_count != 1 || is_store(in->op)) return 0;
  if (is_load(in->op)) {
    uint32_t element = program->operands[in->a].element;
    bool same = (in->op == APUS_OP_LOAD_F && element == APUS_F32) ||
                (in->op == APUS_OP_LOAD_I && element == APUS_I64);
    return same ? APUS_HINT_ALIAS : 0;
  }
  if (at + 2 != program->instruction_count) return 0;
  const apus_instruction *next = in + 1;
  bool direct = next->op == APUS_OP_STORE_F && next->b == in->dst &&
                program->results[next->a].element == APUS_F32;
  return direct ? APUS_HINT_DIRECT : 0;
}

void apus_program_begin(const apus_program *program, void *const *slots, void *scratch) {
  apus_tile *tile = scratch;
  *tile = (apus_tile){.program = program, .slots = slots, .fresh = true};
  tile->register_bytes = register_bytes(program);
  tile->registers = (char *)scratch + tile_bytes();
  char *rest = tile->registers + program->register_count * tile->register_bytes;
  tile->cursors = (apus_cursor *)(void *)rest;
  tile->hints = (uint8_t *)rest + cursor_bytes(program);
  for (uint32_t i = 0; i < program->instruction_count; i++) tile->hints[i] = hint(program, i);
}

// Points all cursors at the coordinates `at`.
static void place(apus_tile *tile, const int64_t *at, uint32_t rank) {
  const apus_program *program = tile->program;
  uint32_t count = program->operand_count + program->result_count;
  for (uint32_t i = 0; i < count; i++) {
    const apus_operand *operand = i < program->operand_count
                                    ? &program->operands[i]
                                    : &program->results[i - program->operand_count];
    int64_t offset = operand->offset + apus_dot(at, operand->stride, rank);
    tile->cursors[i].base =
      apus_at(tile->slots, operand->slot, offset, element_sizes[operand->element]);
    tile->cursors[i].inner = rank ? operand->stride[rank - 1] : 0;
    tile->cursors[i].outer = rank >= 2 ? operand->stride[rank - 2] : 0;
  }
}

static void step(apus_tile *tile, int64_t count) {
  const apus_program *program = tile->program;
  for (uint32_t i = 0; i < program->operand_count + program->result_count; i++) {
    uint32_t element = i < program->operand_count
                         ? program->operands[i].element
                         : program->results[i - program->operand_count].element;
    tile->cursors[i].base += count * tile->cursors[i].inner * element_sizes[element];
  }
}

static void run_tile(apus_tile *tile, int64_t inner, int64_t outer) {
  apus_kernels()->tile(tile, inner, outer, tile->fresh);
  tile->fresh = false;
}

// Whether rows of `count` elements follow each other without gaps in every buffer.
static bool rows_are_one(const apus_tile *tile, int64_t count) {
  const apus_program *program = tile->program;
  for (uint32_t i = 0; i < program->operand_count + program->result_count; i++)
    if (tile->cursors[i].outer != tile->cursors[i].inner * count) return false;
  return true;
}

void apus_program_run_rows(void *scratch, const int64_t *at, uint32_t rank, int64_t rows,
                           int64_t count) {
  apus_tile *tile = scratch;
  int64_t here[APUS_MAX_RANK] = {0};
  if (count <= 0) return;
  memcpy(here, at, rank * sizeof *at);
  while (rows > 0) {
    place(tile, here, rank);
    int64_t together = 1, length = count;
    if (rows > 1 && rows_are_one(tile, count)) {
      together = rows;
      length = rows * count;
    } else if (count <= APUS_TILE / 2) {
      together = apus_least(rows, APUS_TILE / count);
    }
    if (length == count && together > 1) {
      run_tile(tile, count, together);
    } else {
      for (int64_t now; length > 0; length -= now) {
        now = apus_least(length, APUS_TILE);
        run_tile(tile, now, 1);
        if (length > now) step(tile, now);
      }
    }
    rows -= together;
    if (rows > 0) here[rank - 2] += together;
  }
}

// A chunk is a block of rows, or of columns where rows are long.
typedef struct {
  int64_t rows, row_block, row_blocks, columns, column_block, column_blocks;
} split;

static split split_of(const apus_elementwise_args *args) {
  split s;
  s.columns = args->rank ? args->extent[args->rank - 1] : 1;
  s.rows = args->rank ? apus_product(args->extent, args->rank - 1) : 1;
  s.column_block = apus_most(1, apus_least(s.columns, APUS_CHUNK_ELEMENTS));
  s.column_blocks = apus_ceiling(s.columns, s.column_block);
  s.row_block = apus_rows_per_chunk(s.column_block);
  s.row_blocks = apus_ceiling(s.rows, s.row_block);
  return s;
}

uint32_t apus_elementwise_chunks(const apus_elementwise_args *args) {
  split s = split_of(args);
  return s.rows <= 0 || s.columns <= 0 ? 0 : (uint32_t)(s.row_blocks * s.column_blocks);
}

size_t apus_elementwise_scratch_bytes(const apus_elementwise_args *args) {
  return apus_round_up(apus_program_scratch_bytes(&args->program));
}

void apus_elementwise_run(const void *arguments, void *const *slots, uint32_t chunk,
                          uint32_t worker) {
  const apus_elementwise_args *args = arguments;
  split s = split_of(args);
  uint32_t rank = args->rank;
  char *scratch = (char *)slots[args->scratch] + worker * apus_elementwise_scratch_bytes(args);
  int64_t row = chunk / s.column_blocks * s.row_block;
  int64_t end = apus_least(s.rows, row + s.row_block);
  int64_t column = chunk % s.column_blocks * s.column_block;
  int64_t count = apus_least(s.columns - column, s.column_block);
  int64_t at[APUS_MAX_RANK] = {0};
  if (rank > 0) apus_coordinates(row, args->extent, rank - 1, at);
  if (rank > 0) at[rank - 1] = column;
  apus_program_begin(&args->program, slots, scratch);
  while (row < end) {
    int64_t rows = rank >= 2 ? apus_least(args->extent[rank - 2] - at[rank - 2], end - row) : 1;
    apus_program_run_rows(scratch, at, rank, rows, count);
    row += rows;
    if (rank >= 2) {
      at[rank - 2] += rows - 1;
      apus_advance(args->extent, rank - 1, at);
    }
  }
}
