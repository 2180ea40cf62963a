// Compares element-wise programs with an interpreter of one element at a time: random programs of
// exact operations bit by bit.
#include "kernels_harness.h"

typedef union {
  float f;
  int64_t i;
  uint8_t b;
} value;

// Classes of the result and of the arguments; functions that round are tested in math_test.c.
static const char *const signatures[APUS_OP_COUNT] = {
  [APUS_OP_ADD_F] = "fff", [APUS_OP_SUB_F] = "fff", [APUS_OP_MUL_F] = "fff",
  [APUS_OP_DIV_F] = "fff", [APUS_OP_MIN_F] = "fff", [APUS_OP_MAX_F] = "fff",
  [APUS_OP_POW_F] = "fff", [APUS_OP_FMOD_F] = "fff", [APUS_OP_NEG_F] = "ff",
  [APUS_OP_ABS_F] = "ff", [APUS_OP_SQRT_F] = "ff", [APUS_OP_RECIPROCAL_F] = "ff",
  [APUS_OP_RELU_F] = "ff", [APUS_OP_FLOOR_F] = "ff", [APUS_OP_CEIL_F] = "ff",
  [APUS_OP_ROUND_F] = "ff", [APUS_OP_SIGN_F] = "ff", [APUS_OP_EQ_F] = "bff",
  [APUS_OP_LT_F] = "bff", [APUS_OP_LE_F] = "bff", [APUS_OP_ADD_I] = "iii",
  [APUS_OP_SUB_I] = "iii", [APUS_OP_MUL_I] = "iii", [APUS_OP_DIV_I] = "iii",
  [APUS_OP_MIN_I] = "iii", [APUS_OP_MAX_I] = "iii", [APUS_OP_NEG_I] = "ii",
  [APUS_OP_ABS_I] = "ii", [APUS_OP_SIGN_I] = "ii", [APUS_OP_EQ_I] = "bii",
  [APUS_OP_LT_I] = "bii", [APUS_OP_LE_I] = "bii", [APUS_OP_AND_B] = "bbb",
  [APUS_OP_OR_B] = "bbb", [APUS_OP_XOR_B] = "bbb", [APUS_OP_NOT_B] = "bb",
  [APUS_OP_EQ_B] = "bbb", [APUS_OP_SELECT_F] = "fbff", [APUS_OP_SELECT_I] = "ibii",
  [APUS_OP_SELECT_B] = "bbbb", [APUS_OP_I_TO_F] = "fi", [APUS_OP_F_TO_I] = "if",
  [APUS_OP_B_TO_F] = "fb", [APUS_OP_B_TO_I] = "ib", [APUS_OP_F_TO_B] = "bf",
  [APUS_OP_I_TO_B] = "bi",
};

static int64_t truncated(long double x, long double low, long double high) {
  if (isnan(x)) return 0;
  x = truncl(x);
  return (int64_t)(x < low ? low : x > high ? high : x);
}

static int64_t to_int64(long double x) {
  return x >= 0x1p63L ? INT64_MAX : truncated(x, -0x1p63L, 0x1p63L);
}

// The nearest 16-bit float, found by bisection over all of them.
static uint16_t to_narrow(float x, int fraction_bits) {
  const uint16_t infinity = (uint16_t)(((1 << (15 - fraction_bits)) - 1) << fraction_bits);
  const uint16_t sign = signbit(x) ? 0x8000 : 0;
  if (isnan(x)) return infinity | 1;
  if (isinf(x)) return infinity | sign;
  uint16_t low = 0, high = infinity;
  while (high - low > 1) {
    uint16_t middle = (uint16_t)((low + high) / 2);
    if ((double)from_narrow(middle, fraction_bits) <= fabs((double)x)) low = middle;
    else high = middle;
  }
  double a = (double)from_narrow(low, fraction_bits), size = fabs((double)x);
  double b = high < infinity ? (double)from_narrow(high, fraction_bits)
                             : 2 * a - (double)from_narrow(low - 1, fraction_bits);
  bool up = size - a > b - size || (size - a == b - size && (low & 1));
  return (up ? high : low) | sign;
}

static value load(const void *bytes, uint32_t element, int64_t at, char class) {
  long double x = 0;
  uint64_t integer = 0;
  bool is_float = false;
  switch (element) {
    case APUS_F32: x = ((const float *)bytes)[at], is_float = true; break;
    case APUS_F64: x = ((const double *)bytes)[at], is_float = true; break;
    case APUS_F16: x = from_narrow(((const uint16_t *)bytes)[at], 10), is_float = true; break;
    case APUS_BF16: x = from_narrow(((const uint16_t *)bytes)[at], 7), is_float = true; break;
    case APUS_I8: integer = (uint64_t)((const int8_t *)bytes)[at]; break;
    case APUS_I16: integer = (uint64_t)((const int16_t *)bytes)[at]; break;
    case APUS_I32: integer = (uint64_t)((const int32_t *)bytes)[at]; break;
    case APUS_U8: integer = ((const uint8_t *)bytes)[at]; break;
    case APUS_U16: integer = ((const uint16_t *)bytes)[at]; break;
    case APUS_U32: integer = ((const uint32_t *)bytes)[at]; break;
    case APUS_BOOL: integer = ((const uint8_t *)bytes)[at] != 0; break;
    default: integer = ((const uint64_t *)bytes)[at]; break;
  }
  if (!is_float) x = element == APUS_U64 ? (long double)integer : (long double)(int64_t)integer;
  value v = {0};
  if (class == 'f') v.f = (float)x;
  else if (class == 'i') v.i = is_float ? to_int64(x) : (int64_t)integer;
  else v.b = x != 0;
  return v;
}

static void store(void *bytes, uint32_t element, int64_t at, char class, value v) {
  uint64_t raw = class == 'i' ? (uint64_t)v.i : v.b;
  float x = class == 'f' ? v.f : class == 'i' ? (float)v.i : (float)v.b;
  if (class == 'f') {
    const long double f = v.f;
    switch (element) {
      case APUS_I8: raw = (uint64_t)truncated(f, -0x1p7L, 0x1p7L - 1); break;
      case APUS_I16: raw = (uint64_t)truncated(f, -0x1p15L, 0x1p15L - 1); break;
      case APUS_I32: raw = (uint64_t)truncated(f, -0x1p31L, 0x1p31L - 1); break;
      case APUS_U8: raw = (uint64_t)truncated(f, 0, 0x1p8L - 1); break;
      case APUS_U16: raw = (uint64_t)truncated(f, 0, 0x1p16L - 1); break;
      case APUS_U32: raw = (uint64_t)truncated(f, 0, 0x1p32L - 1); break;
      case APUS_I64: raw = (uint64_t)to_int64(f); break;
      default: raw = !(f > 0) ? 0 : f >= 0x1p64L ? UINT64_MAX : (uint64_t)f; break;
    }
  }
  switch (element) {
    case APUS_F32: ((float *)bytes)[at] = x; break;
    case APUS_F64: ((double *)bytes)[at] = class == 'i' ? (double)v.i : (double)x; break;
    case APUS_F16: ((uint16_t *)bytes)[at] = to_narrow(x, 10); break;
    case APUS_BF16: ((uint16_t *)bytes)[at] = to_narrow(x, 7); break;
    case APUS_BOOL:
      ((uint8_t *)bytes)[at] = class == 'f' ? v.f != 0 : raw != 0;
      break;
    default: memcpy((char *)bytes + at * (int64_t)sizes_of_elements[element], &raw,
                    sizes_of_elements[element]);
  }
}

static value apply(uint16_t op, value a, value b, value c, bool *divided_by_zero) {
  const uint64_t x = (uint64_t)a.i, y = (uint64_t)b.i;
  value d = {0};
  switch (op) {
    case APUS_OP_ADD_F: d.f = a.f + b.f; break;
    case APUS_OP_SUB_F: d.f = a.f - b.f; break;
    case APUS_OP_MUL_F: d.f = a.f * b.f; break;
    case APUS_OP_DIV_F: d.f = a.f / b.f; break;
    case APUS_OP_MIN_F: d.f = isnan(a.f) || a.f < b.f ? a.f : b.f; break;
    case APUS_OP_MAX_F: d.f = isnan(a.f) || a.f > b.f ? a.f : b.f; break;
    case APUS_OP_POW_F: d.f = powf(a.f, b.f); break;
    case APUS_OP_FMOD_F: d.f = fmodf(a.f, b.f); break;
    case APUS_OP_NEG_F: d.f = -a.f; break;
    case APUS_OP_ABS_F: d.f = fabsf(a.f); break;
    case APUS_OP_SQRT_F: d.f = sqrtf(a.f); break;
    case APUS_OP_RECIPROCAL_F: d.f = 1 / a.f; break;
    case APUS_OP_RELU_F: d.f = a.f < 0 ? 0 : a.f; break;
    case APUS_OP_FLOOR_F: d.f = floorf(a.f); break;
    case APUS_OP_CEIL_F: d.f = ceilf(a.f); break;
    case APUS_OP_ROUND_F: d.f = rintf(a.f); break;
    case APUS_OP_SIGN_F: d.f = a.f > 0 ? 1 : a.f < 0 ? -1 : a.f; break;
    case APUS_OP_EQ_F: d.b = a.f == b.f; break;
    case APUS_OP_LT_F: d.b = a.f < b.f; break;
    case APUS_OP_LE_F: d.b = a.f <= b.f; break;
    case APUS_OP_ADD_I: d.i = (int64_t)(x + y); break;
    case APUS_OP_SUB_I: d.i = (int64_t)(x - y); break;
    case APUS_OP_MUL_I: d.i = (int64_t)(x * y); break;
    case APUS_OP_DIV_I:
      *divided_by_zero |= y == 0;
      d.i = y == 0 ? 0 : b.i == -1 ? (int64_t)(0 - x) : a.i / b.i;
      break;
    case APUS_OP_MIN_I: d.i = a.i < b.i ? a.i : b.i; break;
    case APUS_OP_MAX_I: d.i = a.i < b.i ? b.i : a.i; break;
    case APUS_OP_NEG_I: d.i = (int64_t)(0 - x); break;
    case APUS_OP_ABS_I: d.i = (int64_t)(a.i < 0 ? 0 - x : x); break;
    case APUS_OP_SIGN_I: d.i = (a.i > 0) - (a.i < 0); break;
    case APUS_OP_EQ_I: d.b = a.i == b.i; break;
    case APUS_OP_LT_I: d.b = a.i < b.i; break;
    case APUS_OP_LE_I: d.b = a.i <= b.i; break;
    case APUS_OP_AND_B: d.b = a.b && b.b; break;
    case APUS_OP_OR_B: d.b = a.b || b.b; break;
    case APUS_OP_XOR_B: d.b = a.b != b.b; break;
    case APUS_OP_NOT_B: d.b = !a.b; break;
    case APUS_OP_EQ_B: d.b = a.b == b.b; break;
    case APUS_OP_SELECT_F: d.f = a.b ? b.f : c.f; break;
    case APUS_OP_SELECT_I: d.i = a.b ? b.i : c.i; break;
    case APUS_OP_SELECT_B: d.b = a.b ? b.b : c.b; break;
    case APUS_OP_I_TO_F: d.f = (float)a.i; break;
    case APUS_OP_F_TO_I: d.i = to_int64((long double)a.f); break;
    case APUS_OP_B_TO_F: d.f = a.b; break;
    case APUS_OP_B_TO_I: d.i = a.b; break;
    case APUS_OP_F_TO_B: d.b = a.f != 0; break;
    case APUS_OP_I_TO_B: d.b = a.i != 0; break;
    default: FAIL("no reference of opcode %u", op);
  }
  return d;
}

enum { OPERANDS = 4, RESULTS = 3, INSTRUCTIONS = 24, REGISTERS = 9, SCRATCH = 8, SLOTS };

typedef struct {
  apus_elementwise_args args;
  apus_instruction code[INSTRUCTIONS];
  apus_constant constants[INSTRUCTIONS];
  apus_operand operands[OPERANDS], results[RESULTS];
  char classes[REGISTERS];  // of what a register holds, 0 at first
  size_t bytes[SLOTS];
} problem;

static apus_operand random_operand(problem *p, uint32_t slot, bool is_result) {
  layout l = random_layout(p->args.extent, p->args.rank, is_result);
  apus_operand operand = {.slot = slot, .offset = l.offset};
  operand.element = random_below(2) ? APUS_F32 : (uint32_t)random_below(13);
  memcpy(operand.stride, l.stride, sizeof operand.stride);
  p->bytes[slot] = (size_t)l.size * sizes_of_elements[operand.element];
  return operand;
}

// A register of the class, or -1.
static int holder(const problem *p, char class) {
  int start = (int)random_below(REGISTERS);
  for (int k = 0; k < REGISTERS; k++) {
    if (p->classes[(start + k) % REGISTERS] == class) return (start + k) % REGISTERS;
  }
  return -1;
}

static bool random_instruction(problem *p, apus_instruction *in) {
  apus_program *program = &p->args.program;
  in->op = (uint16_t)random_below(APUS_OP_COUNT);
  in->dst = (uint16_t)random_below(REGISTERS);
  char class = "fib"[in->op % 3];
  if (in->op <= APUS_OP_LOAD_B) {
    in->a = (uint16_t)random_below(program->operand_count);
  } else if (in->op >= APUS_OP_CONST_F && in->op <= APUS_OP_CONST_B) {
    apus_constant *constant = &p->constants[program->constant_count];
    in->a = (uint16_t)program->constant_count++;
    if (in->op == APUS_OP_CONST_F) constant->real = (double)random_float() * 3;
    else constant->integer = in->op == APUS_OP_CONST_B ? random_below(2) : random_between(-9, 9);
  } else {
    const char *signature = signatures[in->op];
    if (!signature) return false;
    uint16_t *arguments[] = {&in->a, &in->b, &in->c};
    for (int k = 0; signature[k + 1]; k++) {
      int found = holder(p, signature[k + 1]);
      // The target may be an argument only where both are of one class.
      if (found < 0 || (found == in->dst && signature[k + 1] != signature[0])) return false;
      *arguments[k] = (uint16_t)found;
    }
    class = signature[0];
  }
  p->classes[in->dst] = class;
  return true;
}

static void random_program(problem *p) {
  apus_program *program = &p->args.program;
  *program = (apus_program){.instructions = p->code, .constants = p->constants,
                            .operands = p->operands, .results = p->results,
                            .operand_count = (uint32_t)random_between(1, OPERANDS),
                            .result_count = random_below(3) ? 1 : (uint32_t)random_between(1, RESULTS),
                            .register_count = REGISTERS};
  for (uint32_t i = 0; i < program->operand_count; i++) {
    p->operands[i] = random_operand(p, 1 + i, false);
  }
  for (uint32_t i = 0; i < program->result_count; i++) {
    p->results[i] = random_operand(p, 1 + OPERANDS + i, true);
  }
  // Now and then a result takes the place of an operand.
  if (random_below(3) == 0) {
    uint32_t slot = p->operands[0].slot;
    p->bytes[slot] = p->bytes[p->results[0].slot];
    p->results[0].slot = slot;
    p->operands[0] = p->results[0];
  }
  int length = (int)random_between(1, INSTRUCTIONS - RESULTS);
  uint32_t count = 0;
  p->code[count++] = (apus_instruction){APUS_OP_LOAD_F, 0, 0, 0, 0};
  p->classes[0] = 'f';
  while ((int)count < length) count += random_instruction(p, &p->code[count]);
  for (uint16_t i = 0; i < program->result_count; i++) {
    // Mostly what was computed last, that it can be computed in place.
    int from = i == 0 && random_below(3) ? p->code[count - 1].dst : -1;
    while (from < 0 || !p->classes[from]) from = (int)random_below(REGISTERS);
    const char class = p->classes[from];
    uint16_t op = class == 'f' ? APUS_OP_STORE_F : class == 'i' ? APUS_OP_STORE_I : APUS_OP_STORE_B;
    p->code[count++] = (apus_instruction){op, 0, i, (uint16_t)from, 0};
  }
  program->instruction_count = count;
}

static void random_contents(void *bytes, size_t size, uint32_t element) {
  if (element > APUS_F64 && random_below(2)) return;
  for (int64_t i = 0; i < (int64_t)(size / sizes_of_elements[element]); i++) {
    value v = {.f = random_float() * (random_below(2) ? 4 : 300)};
    static const float special[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 1e-41f, 3e38f, 2.5f, 65519};
    if (random_below(9) == 0) v.f = special[random_below(9)];
    store(bytes, element, i, 'f', v);
  }
}

// Runs the program over the whole space, one element after the other.
static bool expect(const problem *p, void *const *slots) {
  const apus_elementwise_args *args = &p->args;
  bool divided_by_zero = false;
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t k = apus_product(args->extent, args->rank); k > 0; k--) {
    value registers[REGISTERS] = {0};
    for (uint32_t i = 0; i < args->program.instruction_count; i++) {
      const apus_instruction *in = &p->code[i];
      value *dst = &registers[in->dst];
      const char class = "fib"[in->op % 3];
      if (in->op <= APUS_OP_LOAD_B || (in->op >= APUS_OP_STORE_F && in->op <= APUS_OP_STORE_B)) {
        const apus_operand *o =
          in->op <= APUS_OP_LOAD_B ? &p->operands[in->a] : &p->results[in->a];
        int64_t place = o->offset + apus_dot(at, o->stride, args->rank);
        if (in->op <= APUS_OP_LOAD_B) *dst = load(slots[o->slot], o->element, place, class);
        else store(slots[o->slot], o->element, place, class, registers[in->b]);
      } else if (in->op == APUS_OP_CONST_F) {
        dst->f = (float)p->constants[in->a].real;
      } else if (in->op == APUS_OP_CONST_I) {
        dst->i = p->constants[in->a].integer;
      } else if (in->op == APUS_OP_CONST_B) {
        *dst = (value){.b = p->constants[in->a].integer != 0};
      } else {
        const char *signature = signatures[in->op];
        size_t arguments = strlen(signature) - 1;
        *dst = apply(in->op, registers[in->a], registers[arguments > 1 ? in->b : in->a],
                     registers[arguments > 2 ? in->c : in->a], &divided_by_zero);
      }
    }
    apus_advance(args->extent, args->rank, at);
  }
  return divided_by_zero;
}

static void compare(const problem *p, const void *got, const void *want, uint32_t slot, int round) {
  uint32_t element = APUS_U8;
  for (uint32_t i = 0; i < p->args.program.result_count; i++) {
    if (p->results[i].slot == slot) element = p->results[i].element;
  }
  const size_t size = sizes_of_elements[element];
  for (int64_t i = 0; i < (int64_t)(p->bytes[slot] / size); i++) {
    const char *a = (const char *)got + i * (int64_t)size, *b = (const char *)want + i * (int64_t)size;
    if (!memcmp(a, b, size)) continue;
    if (element <= APUS_BF16 && isnan(load(got, element, i, 'f').f) &&
        isnan(load(want, element, i, 'f').f)) continue;
    fprintf(stderr, "%s round %d: slot %u element %u at %ld: got %.9g, expected %.9g\n", current_isa,
            round, slot, element, (long)i, (double)load(got, element, i, 'f').f,
            (double)load(want, element, i, 'f').f);
    for (uint32_t k = 0; k < p->args.program.instruction_count; k++) {
      const apus_instruction *in = &p->code[k];
      fprintf(stderr, "  op %u: %u <- %u %u %u\n", in->op, in->dst, in->a, in->b, in->c);
    }
    abort();
  }
}

// By pieces that are cut at a random row and column.
static void run_in_pieces(const apus_elementwise_args *args, void *const *slots) {
  const uint32_t last = args->rank - 1, outer = args->rank >= 2 ? args->rank - 2 : 0;
  const int64_t rows = args->rank >= 2 ? args->extent[outer] : 1, columns = args->extent[last];
  const int64_t row = random_below(rows + 1), column = random_below(columns + 1);
  int64_t others[APUS_MAX_RANK], at[APUS_MAX_RANK] = {0};
  memcpy(others, args->extent, sizeof others);
  others[outer] = others[outer] != 0;
  others[last] = others[last] != 0;
  apus_program_begin(&args->program, slots, slots[SCRATCH]);
  for (int64_t k = apus_product(others, args->rank); k > 0; k--) {
    for (int piece = 0; piece < 4; piece++) {
      int64_t from[APUS_MAX_RANK];
      memcpy(from, at, sizeof at);
      if (args->rank >= 2) from[outer] = piece / 2 ? row : 0;
      from[last] = piece % 2 ? column : 0;
      if (args->rank < 2 && piece / 2) continue;
      const int64_t count = args->rank < 2 ? 1 : piece / 2 ? rows - row : row;
      apus_program_run_rows(slots[SCRATCH], from, args->rank, count,
                            piece % 2 ? columns - column : column);
    }
    apus_advance(others, args->rank, at);
  }
}

static void run_one(int round) {
  problem p = {0};
  apus_elementwise_args *args = &p.args;
  args->rank = (uint32_t)(random_below(2) ? random_below(3) : random_below(APUS_MAX_RANK + 1));
  int64_t room = random_below(60) ? 4000 : 60000;
  for (uint32_t d = args->rank; d-- > 0;) {
    args->extent[d] = apus_least(room, random_length(apus_most(1, room)));
    if (room >= 60000 && d + 1 == args->rank) args->extent[d] = random_between(10000, 40000);
    room /= apus_most(1, args->extent[d]);
    if (room < 1) room = 1;
  }
  random_program(&p);
  apus_status status = {0};
  void *slots[SLOTS] = {&status}, *wanted[SLOTS] = {&status};
  for (uint32_t s = 1; s < SCRATCH; s++) {
    slots[s] = random_bytes(p.bytes[s]);
    for (uint32_t i = 0; i < args->program.operand_count; i++) {
      if (p.operands[i].slot == s) random_contents(slots[s], p.bytes[s], p.operands[i].element);
    }
    wanted[s] = copy_of(slots[s], p.bytes[s]);
  }
  bool divided_by_zero = expect(&p, wanted);
  args->scratch = SCRATCH;
  slots[SCRATCH] = aligned_bytes(3 * apus_elementwise_scratch_bytes(args));
  if (args->rank && random_below(4) == 0) run_in_pieces(args, slots);
  else run_chunks(apus_elementwise_run, args, slots, apus_elementwise_chunks(args));
  if ((status.code == APUS_DIVISION_BY_ZERO) != divided_by_zero) FAIL("status %d", status.code);
  for (uint32_t s = 1; s < SCRATCH; s++) {
    compare(&p, slots[s], wanted[s], s, round);
    deallocate(slots[s]), deallocate(wanted[s]);
  }
  deallocate(slots[SCRATCH]);
}

static void test(int rounds) {
  for (int i = 0; i < rounds; i++) run_one(i);
  printf("programs %s: %d problems fine\n", current_isa, rounds);
}

int main(int count, char **words) {
  for_every_isa(test, rounds_of(count, words));
  return 0;
}
