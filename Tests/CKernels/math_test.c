// Measures the error of the float functions over all floats (every so many of them), in units in
// the last place of the exact result, and compares the conversions of 16-bit floats with each of
// their values. A function gives the same bits wherever in a tile an argument stands.
#include "kernels_harness.h"

#define COUNT 8192

typedef double (*exact)(double);

static double reciprocal(double x) { return 1 / x; }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double gelu(double x) { return x * (0.5 * erfc(-x * sqrt(0.5))); }
static double gelu_tanh(double x) {
  return x * sigmoid(2 * sqrt(2 / M_PI) * (x + 0.044715 * x * x * x));
}

// The bounds that vector_math.h states.
static const struct {
  const char *name;
  uint16_t op;
  exact function;
  double bound;
} functions[] = {
  {"exp", APUS_OP_EXP_F, exp, 1},
  {"log", APUS_OP_LOG_F, log, 1},
  {"sin", APUS_OP_SIN_F, sin, 1.6},
  {"cos", APUS_OP_COS_F, cos, 1.6},
  {"tanh", APUS_OP_TANH_F, tanh, 1.5},
  {"erf", APUS_OP_ERF_F, erf, 1.5},
  {"sigmoid", APUS_OP_SIGMOID_F, sigmoid, 3},
  {"gelu", APUS_OP_GELU_F, gelu, 9},
  {"gelu_tanh", APUS_OP_GELU_TANH_F, gelu_tanh, 256},
  {"sqrt", APUS_OP_SQRT_F, sqrt, 0.5},
  {"reciprocal", APUS_OP_RECIPROCAL_F, reciprocal, 0.5},
};

static float of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// The error of a result; infinite where NaN, a sign or an infinity is wrong.
static double ulps(float got, double want) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  if (signbit(got) != signbit(want)) return INFINITY;
  double size = fabs(want), near = fabs((double)got);
  if (isinf(want)) return isinf(got) ? 0 : INFINITY;
  if (isinf(got)) near = 0x1p128;
  int exponent;
  frexp(size, &exponent);
  double unit = ldexp(1, exponent - 24 < -149 ? -149 : exponent > 128 ? 104 : exponent - 24);
  if (isinf(got) && size >= 0x1p128) return 0;
  return fabs(near - size) / unit;
}

// result <- op(operand, ...), over one dimension.
typedef struct {
  apus_instruction code[5];
  apus_operand operands[3], results[1];
  apus_elementwise_args args;
} call;

static void make_call(call *c, uint16_t op, uint32_t arguments, uint32_t from, uint32_t to) {
  *c = (call){0};
  uint32_t n = 0;
  for (uint16_t i = 0; i < arguments; i++) {
    c->operands[i] = (apus_operand){1 + i, from, 0, {1}};
    c->code[n++] = (apus_instruction){APUS_OP_LOAD_F, i, i, 0, 0};
  }
  if (op != APUS_OP_LOAD_F) c->code[n++] = (apus_instruction){op, 3, 0, 1, 2};
  c->results[0] = (apus_operand){4, to, 0, {1}};
  c->code[n++] = (apus_instruction){APUS_OP_STORE_F, 0, 0, op == APUS_OP_LOAD_F ? 0 : 3, 0};
  c->args.program = (apus_program){c->code, NULL, c->operands, c->results, n, 0, arguments, 1, 4};
  c->args.rank = 1;
  c->args.scratch = 5;
}

static void run_call(call *c, void **slots, int64_t offset, int64_t count) {
  for (uint32_t i = 0; i < c->args.program.operand_count; i++) c->operands[i].offset = offset;
  c->results[0].offset = offset;
  c->args.extent[0] = count;
  run_chunks(apus_elementwise_run, &c->args, slots, apus_elementwise_chunks(&c->args));
}

// Results of shorter runs, which start and end elsewhere in tiles and vectors.
static void check_places(call *c, void **slots, const char *name) {
  const float *kept = copy_of(slots[4], COUNT * sizeof(float));
  for (int i = 0; i < 40; i++) {
    int64_t first = random_below(COUNT - 300), count = random_between(1, 300);
    run_call(c, slots, first, count);
  }
  const float *got = slots[4];
  for (int64_t i = 0; i < COUNT; i++) {
    if (!same_float(got[i], kept[i]))
      FAIL("%s %s: %.9g or %.9g depending on the place", current_isa, name, (double)kept[i],
           (double)got[i]);
  }
  deallocate(kept);
}

static void test_functions(int rounds) {
  const uint64_t step = (uint64_t)(0x1p32 / (2000.0 * rounds + COUNT)) | 1;
  for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
    call c;
    make_call(&c, functions[f].op, 1, APUS_F32, APUS_F32);
    void *slots[6] = {NULL, allocate(COUNT * sizeof(float)), NULL, NULL,
                      allocate(COUNT * sizeof(float)),
                      aligned_bytes(3 * apus_elementwise_scratch_bytes(&c.args))};
    apus_status status = {0};
    slots[0] = &status;
    double worst = 0;
    float where = 0, result = 0;
    float *x = slots[1];
    const float *y = slots[4];
    uint64_t next = 0;
    for (int block = 0; next < 0x100000000u; block++) {
      for (int64_t i = 0; i < COUNT; i++) {
        // Ends and powers of two first, then all floats in steps, in pieces of mixed sizes.
        if (block == 0) x[i] = of_bits((uint32_t)((uint64_t)(i / 8) << 23) + (uint32_t)(i % 8) - 4);
        else x[i] = of_bits((uint32_t)next * 2654435761u), next += step;
      }
      run_call(&c, slots, 0, COUNT);
      for (int64_t i = 0; i < COUNT; i++) {
        double error = ulps(y[i], functions[f].function((double)x[i]));
        if (error > worst) worst = error, where = x[i], result = y[i];
      }
      if (block < 50) check_places(&c, slots, functions[f].name);
    }
    printf("%s %s: %.3f ulp at %a\n", functions[f].name, current_isa, worst, (double)where);
    if (worst > functions[f].bound)
      FAIL("%s %s(%a) = %a, expected %a", current_isa, functions[f].name, (double)where,
           (double)result, functions[f].function((double)where));
    deallocate(slots[1]), deallocate(slots[4]), deallocate(slots[5]);
  }
}

static double remainder_of(double x, double y) { return fmod(x, y); }

static void test_pairs(int rounds) {
  static const struct {
    const char *name;
    uint16_t op;
    double (*function)(double, double);
    double bound;
  } pairs[] = {{"pow", APUS_OP_POW_F, pow, 1}, {"fmod", APUS_OP_FMOD_F, remainder_of, 0}};
  static const float special[] = {0, -0.0f, 1, -1, 2, -2, 0.5f, 3, INFINITY, -INFINITY, NAN,
                                  1e-45f, -1e-45f, 3.4e38f, 1e-38f, 16777215};
  for (size_t f = 0; f < sizeof pairs / sizeof *pairs; f++) {
    call c;
    make_call(&c, pairs[f].op, 2, APUS_F32, APUS_F32);
    apus_status status = {0};
    void *slots[6] = {&status, allocate(COUNT * sizeof(float)), allocate(COUNT * sizeof(float)), NULL,
                      allocate(COUNT * sizeof(float)),
                      aligned_bytes(3 * apus_elementwise_scratch_bytes(&c.args))};
    float *x = slots[1], *y = slots[2], *z = slots[4];
    double worst = 0;
    for (int block = 0; block < rounds / 20 + 1; block++) {
      for (int64_t i = 0; i < COUNT; i++) {
        x[i] = block ? of_bits((uint32_t)random_bits()) : special[i % 16];
        y[i] = block ? random_float() * (random_below(2) ? 10 : 100) : special[i / 16 % 16];
        if (block % 3 == 2) x[i] = random_float() * 4;
        if (block % 3 == 2 && random_below(2)) y[i] = rintf(y[i]);
      }
      run_call(&c, slots, 0, COUNT);
      for (int64_t i = 0; i < COUNT; i++) {
        double want = pairs[f].function((double)x[i], (double)y[i]), error = ulps(z[i], want);
        if (error > pairs[f].bound)
          FAIL("%s %s(%a, %a) = %a, expected %a", current_isa, pairs[f].name, (double)x[i],
               (double)y[i], (double)z[i], want);
        worst = fmax(worst, error);
      }
      check_places(&c, slots, pairs[f].name);
    }
    printf("%s %s: %.3f ulp\n", pairs[f].name, current_isa, worst);
    deallocate(slots[1]), deallocate(slots[2]), deallocate(slots[4]), deallocate(slots[5]);
  }
}

// a * b + c, rounded once or twice as the instruction set has it.
static void test_fma(int rounds) {
  call c;
  make_call(&c, APUS_OP_FMA_F, 3, APUS_F32, APUS_F32);
  apus_status status = {0};
  void *slots[6] = {&status, allocate(COUNT * sizeof(float)), allocate(COUNT * sizeof(float)),
                    allocate(COUNT * sizeof(float)), allocate(COUNT * sizeof(float)),
                    aligned_bytes(3 * apus_elementwise_scratch_bytes(&c.args))};
  float *x = slots[1], *y = slots[2], *z = slots[3], *d = slots[4];
  for (int block = 0; block < rounds / 200 + 1; block++) {
    for (int64_t i = 0; i < COUNT; i++) {
      x[i] = random_float(), y[i] = random_float() * 100, z[i] = random_float();
    }
    run_call(&c, slots, 0, COUNT);
    for (int64_t i = 0; i < COUNT; i++) {
      float once = fmaf(x[i], y[i], z[i]);
      volatile float product = x[i] * y[i];
      if (d[i] != once && d[i] != product + z[i]) FAIL("%s fma", current_isa);
    }
    check_places(&c, slots, "fma");
  }
  for (int s = 1; s < 6; s++) deallocate(slots[s]);
}

// Each 16-bit float becomes the float of its value, and a float the nearest 16-bit float, which
// decides at the middle between neighbours.
static void test_narrow(uint32_t element, int fraction_bits) {
  call widen, narrow;
  make_call(&widen, APUS_OP_LOAD_F, 1, element, APUS_F32);
  make_call(&narrow, APUS_OP_LOAD_F, 1, APUS_F32, element);
  apus_status status = {0};
  const uint32_t infinity = (uint32_t)((1 << (15 - fraction_bits)) - 1) << fraction_bits;
  const int64_t count = 65536 * 3;
  uint16_t *half = allocate((size_t)count * 2), *back = allocate((size_t)count * 2);
  float *x = allocate((size_t)count * sizeof(float)), *y = allocate((size_t)count * sizeof(float));
  void *scratch = aligned_bytes(3 * apus_elementwise_scratch_bytes(&widen.args) + 4096);
  for (int64_t i = 0; i < 65536; i++) half[i] = (uint16_t)i;
  void *to_wide[6] = {&status, half, NULL, NULL, x, scratch};
  run_call(&widen, to_wide, 0, 65536);
  const int bias = (1 << (14 - fraction_bits)) - 1;
  for (uint32_t i = 0; i < 65536; i++) {
    const float want = from_narrow((uint16_t)i, fraction_bits);
    if (!same_float(x[i], want))
      FAIL("%s element %u: %#x became %a, expected %a", current_isa, element, i, (double)x[i],
           (double)want);
  }
  // The value, and the two floats around the middle between it and the next; and the middle.
  for (uint32_t i = 0; i < 65536; i++) {
    uint32_t rest = i & 0x7fff;
    double sign = i >> 15 ? -1 : 1, low = fabs((double)x[i]);
    double high = rest < infinity - 1 ? fabs((double)x[i + 1]) : ldexp(1, bias + 1);
    bool edge = rest >= infinity;
    float middle = edge ? x[i] : (float)((low + high) / 2 * sign);
    y[3 * i] = edge ? x[i] : nextafterf(middle, 0);
    y[3 * i + 1] = middle;
    y[3 * i + 2] = edge ? x[i] : nextafterf(middle, (float)(INFINITY * sign));
  }
  void *to_narrow[6] = {&status, y, NULL, NULL, back, scratch};
  run_call(&narrow, to_narrow, 0, count);
  for (uint32_t i = 0; i < 65536; i++) {
    uint32_t rest = i & 0x7fff;
    for (uint32_t k = 0; k < 3; k++) {
      uint16_t got = back[3 * i + k];
      uint32_t up = k == 2 || (k == 1 && (rest & 1));
      bool fine = rest > infinity ? (got & 0x7fff) > infinity
                  : rest == infinity ? got == i
                                     : got == i + up;
      if (!fine)
        FAIL("%s element %u: %a became %#x", current_isa, element, (double)y[3 * i + k], got);
    }
  }
  deallocate(half), deallocate(back), deallocate(x), deallocate(y), deallocate(scratch);
}

static void test(int rounds) {
  test_functions(rounds);
  test_pairs(rounds);
  test_fma(rounds);
  test_narrow(APUS_F16, 10);
  test_narrow(APUS_BF16, 7);
  printf("functions %s: fine\n", current_isa);
}

int main(int count, char **words) {
  for_every_isa(test, rounds_of(count, words));
  return 0;
}
