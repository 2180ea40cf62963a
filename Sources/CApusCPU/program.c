#include "apus_elementwise.h"
#include "kernel_table.h"
#include <string.h>

// Which of a, b and c an instruction reads as registers: bits 1, 2, 4.
static unsigned reads(uint32_t op) {
  if (op <= APUS_OP_LOAD_B || (op >= APUS_OP_CONST_F && op <= APUS_OP_CONST_B)) return 0;
  if (op <= APUS_OP_STORE_B) return 2;
  if (op == APUS_OP_FMA_F || (op >= APUS_OP_SELECT_F && op <= APUS_OP_SELECT_B)) return 7;
  bool unary = (op >= APUS_OP_NEG_F && op <= APUS_OP_GELU_TANH_F) || op == APUS_OP_NEG_I ||
               op == APUS_OP_ABS_I || op == APUS_OP_SIGN_I || op == APUS_OP_NOT_B ||
               op >= APUS_OP_I_TO_F;
  return unary ? 1 : 3;
}

static bool is_store(uint32_t op) { return op >= APUS_OP_STORE_F && op <= APUS_OP_STORE_B; }

static bool is_integer(uint32_t op) {
  return op == APUS_OP_LOAD_I || op == APUS_OP_CONST_I || op == APUS_OP_SELECT_I ||
         op == APUS_OP_F_TO_I || op == APUS_OP_B_TO_I;
}

static bool gives_float(uint32_t op) {
  return (op >= APUS_OP_ADD_F && op <= APUS_OP_GELU_TANH_F) || op == APUS_OP_SELECT_F ||
         op == APUS_OP_I_TO_F || op == APUS_OP_B_TO_F;
}

// Integer registers come from few instructions; a program without them has registers half as wide.
static size_t register_bytes(const apus_program *program) {
  for (uint32_t i = 0; i < program->instruction_count; i++) {
    if (is_integer(program->instructions[i].op)) return APUS_TILE * sizeof(int64_t);
  }
  return APUS_TILE * sizeof(float);
}

static size_t cursor_bytes(const apus_program *program) {
  return apus_round_up(sizeof(apus_cursor) *
                       ((size_t)program->operand_count + program->result_count));
}

size_t apus_program_scratch_bytes(const apus_program *program) {
  return (program->register_count + (size_t)1) * register_bytes(program) + cursor_bytes(program) +
         apus_round_up(program->instruction_count);
}

// Whether the result is as wide as operand a (and b, where it is a plain operand).
static bool keeps_width(uint32_t op) {
  if (op == APUS_OP_SELECT_F || op == APUS_OP_SELECT_I) return false;
  return !(op >= APUS_OP_EQ_F && op <= APUS_OP_LE_F) &&
         !(op >= APUS_OP_EQ_I && op <= APUS_OP_LE_I) && op < APUS_OP_I_TO_F;
}

static bool may_alias(const apus_program *program, const apus_instruction *in) {
  uint32_t element = program->operands[in->a].element;
  return (in->op == APUS_OP_LOAD_F && element == APUS_F32) ||
         (in->op == APUS_OP_LOAD_I && element == APUS_I64);
}

// What each instruction may take a short cut with. A load may stand for its operand's memory while
// nothing has been stored, for a result may be the same memory.
static void find_hints(const apus_program *program, uint8_t *hints) {
  uint32_t count = program->instruction_count, first_store = count;
  uint32_t last_use[APUS_MAX_REGISTERS], definitions[APUS_MAX_REGISTERS];
  memset(last_use, 0, sizeof last_use);
  memset(definitions, 0, sizeof definitions);
  for (uint32_t i = count; i-- > 0;) {
    if (is_store(program->instructions[i].op)) first_store = i;
    else definitions[program->instructions[i].dst]++;
  }
  for (uint32_t i = count; i-- > 0;) {
    const apus_instruction *in = &program->instructions[i];
    uint32_t used = reads(in->op);
    hints[i] = 0;
    if (!is_store(in->op)) {
      const apus_instruction *next = i + 1 < count ? in + 1 : NULL;
      uint32_t last = last_use[in->dst];
      if (in->op <= APUS_OP_LOAD_B) {
        if (may_alias(program, in) && last <= first_store) hints[i] = APUS_HINT_ALIAS;
      } else if (in->op >= APUS_OP_CONST_F && in->op <= APUS_OP_CONST_B) {
        if (definitions[in->dst] == 1) hints[i] = APUS_HINT_ONCE;
      } else if (next && next->op == APUS_OP_STORE_F && next->b == in->dst && last == i + 1 &&
                 program->results[next->a].element == APUS_F32 && gives_float(in->op)) {
        hints[i] = APUS_HINT_DIRECT;
      }
      last_use[in->dst] = 0;
      bool overwrites = ((used & 1) && in->a == in->dst) || ((used & 2) && in->b == in->dst);
      if (overwrites && !keeps_width(in->op)) hints[i] |= APUS_HINT_OVERLAP;
    }
    // Walking backwards, the first use met is the last one.
    if ((used & 1) && !last_use[in->a]) last_use[in->a] = i;
    if ((used & 2) && !last_use[in->b]) last_use[in->b] = i;
    if ((used & 4) && !last_use[in->c]) last_use[in->c] = i;
  }
}

static apus_tile prepare(const apus_program *program, void *const *slots, void *scratch) {
  apus_tile tile = {.program = program, .slots = slots, .registers = scratch};
  tile.register_bytes = register_bytes(program);
  char *at = tile.registers + (program->register_count + (size_t)1) * tile.register_bytes;
  tile.cursors = (apus_cursor *)(void *)at;
  tile.hints = (uint8_t *)at + cursor_bytes(program);
  find_hints(program, tile.hints);
  return tile;
}

static int64_t element_bytes(uint32_t element) {
  static const uint8_t bytes[] = {4, 8, 2, 2, 1, 2, 4, 8, 1, 2, 4, 8, 1};
  return element < sizeof bytes ? bytes[element] : 1;
}

static const apus_operand *operand_at(const apus_program *program, uint32_t i) {
  return i < program->operand_count ? &program->operands[i]
                                    : &program->results[i - program->operand_count];
}

// Puts all cursors at some coordinates; `outer` may be APUS_MAX_RANK for none.
static void set_cursors(const apus_tile *tile, const int64_t *at, uint32_t rank, uint32_t inner,
                        uint32_t outer) {
  uint32_t count = tile->program->operand_count + tile->program->result_count;
  for (uint32_t i = 0; i < count; i++) {
    const apus_operand *operand = operand_at(tile->program, i);
    apus_cursor *cursor = &tile->cursors[i];
    int64_t offset = operand->offset + apus_dot(at, operand->stride, rank);
    cursor->base = (char *)tile->slots[operand->slot] + offset * element_bytes(operand->element);
    cursor->inner = inner < rank ? operand->stride[inner] : 0;
    cursor->outer = outer < rank ? operand->stride[outer] : 0;
  }
}

static void move_cursors(const apus_tile *tile, int64_t count) {
  uint32_t all = tile->program->operand_count + tile->program->result_count;
  for (uint32_t i = 0; i < all; i++) {
    apus_cursor *cursor = &tile->cursors[i];
    cursor->base += count * cursor->inner * element_bytes(operand_at(tile->program, i)->element);
  }
}

// Runs `count` elements along the inner dimension from where the cursors are.
static void run_along(const apus_tile *tile, int64_t count, bool first) {
  const apus_kernel_table *kernels = apus_kernels();
  while (count > 0) {
    int64_t now = apus_least(count, APUS_TILE);
    kernels->tile(tile, now, 1, first);
    first = false;
    count -= now;
    if (count > 0) move_cursors(tile, now);
  }
}

void apus_program_run_row(const apus_program *program, void *const *slots, const int64_t *at,
                          uint32_t rank, uint32_t axis, int64_t count, void *registers) {
  if (count <= 0) return;
  apus_tile tile = prepare(program, slots, registers);
  set_cursors(&tile, at, rank, axis, APUS_MAX_RANK);
  run_along(&tile, count, true);
}

// How the iteration space is walked: tiles run along `inner`, short ones over several steps of
// `outer` too; `order` lists the other dimensions and then `outer`.
typedef struct {
  uint32_t inner, outer, others;
  uint32_t order[APUS_MAX_RANK];
  int64_t length, steps, rows;     // extents of inner and outer, and of all but inner
  int64_t segments, rows_per_chunk;  // long rows are split in segments
} apus_walk;

static uint32_t longest(const apus_elementwise_args *args, uint32_t except) {
  uint32_t best = APUS_MAX_RANK;
  for (uint32_t d = args->rank; d-- > 0;) {
    if (d != except && (best == APUS_MAX_RANK || args->extent[d] > args->extent[best])) best = d;
  }
  return best;
}

static apus_walk plan_walk(const apus_elementwise_args *args) {
  apus_walk walk = {.inner = APUS_MAX_RANK, .outer = APUS_MAX_RANK, .length = 1, .steps = 1};
  if (args->rank > 0) {
    walk.inner = args->rank - 1;
    if (args->extent[walk.inner] < 16) walk.inner = longest(args, APUS_MAX_RANK);
    walk.length = args->extent[walk.inner];
    walk.outer = longest(args, walk.inner);
    if (walk.outer < args->rank) walk.steps = args->extent[walk.outer];
  }
  walk.rows = walk.steps;
  for (uint32_t d = 0; d < args->rank; d++) {
    if (d == walk.inner || d == walk.outer) continue;
    walk.order[walk.others++] = d;
    walk.rows *= args->extent[d];
  }
  walk.segments = apus_most(1, apus_ceiling(walk.length, APUS_CHUNK_ELEMENTS));
  walk.rows_per_chunk = apus_rows_per_chunk(walk.length);
  return walk;
}

uint32_t apus_elementwise_chunks(const apus_elementwise_args *args) {
  if (apus_product(args->extent, args->rank) <= 0) return 0;
  apus_walk walk = plan_walk(args);
  return (uint32_t)(apus_ceiling(walk.rows, walk.rows_per_chunk) * walk.segments);
}

size_t apus_elementwise_scratch_bytes(const apus_elementwise_args *args) {
  return apus_program_scratch_bytes(&args->program);
}

// The coordinates of a row's start.
static void find_row(const apus_elementwise_args *args, const apus_walk *walk, int64_t row,
                     int64_t *at) {
  memset(at, 0, sizeof(int64_t) * APUS_MAX_RANK);
  if (walk->outer < args->rank) at[walk->outer] = row % walk->steps;
  row /= walk->steps;
  for (uint32_t i = walk->others; i-- > 0;) {
    at[walk->order[i]] = row % args->extent[walk->order[i]];
    row /= args->extent[walk->order[i]];
  }
}

void apus_elementwise_run(const void *arguments, void *const *slots, uint32_t chunk,
                          uint32_t worker) {
  const apus_elementwise_args *args = arguments;
  const apus_kernel_table *kernels = apus_kernels();
  apus_walk walk = plan_walk(args);
  size_t bytes = apus_elementwise_scratch_bytes(args);
  char *scratch = (char *)slots[args->scratch] + worker * bytes;
  apus_tile tile = prepare(&args->program, slots, scratch);
  int64_t at[APUS_MAX_RANK];
  int64_t row = chunk / walk.segments * walk.rows_per_chunk;
  int64_t end = apus_least(row + walk.rows_per_chunk, walk.rows);
  int64_t from = chunk % walk.segments * APUS_CHUNK_ELEMENTS;
  int64_t count = walk.segments > 1 ? apus_least(walk.length - from, APUS_CHUNK_ELEMENTS)
                                    : walk.length;
  int64_t together = apus_most(1, APUS_TILE / apus_most(1, walk.length));
  bool first = true;
  while (row < end) {
    find_row(args, &walk, row, at);
    if (walk.inner < args->rank) at[walk.inner] = from;
    set_cursors(&tile, at, args->rank, walk.inner, walk.outer);
    int64_t rows = apus_least(together, apus_least(end - row, walk.steps - row % walk.steps));
    if (rows > 1) kernels->tile(&tile, walk.length, rows, first);
    else run_along(&tile, count, first), rows = 1;
    first = false;
    row += rows;
  }
}
