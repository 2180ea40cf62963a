// Compares matrix products with a naive reference in double precision.
#include "harness.h"

enum { A = 1, B, C, COLUMN_BIAS, ROW_BIAS, RESIDUAL, OTHER, SCRATCH, SLOTS };

typedef struct {
  apus_gemm_args args;
  int64_t batches, c_size;
  float *a, *b;                  // unpacked
  apus_gemm_matrix a_at, b_at;   // where their elements lie
} problem;

static int64_t random_extent(void) {
  static const int64_t some[] = {1, 2, 3, 5, 6, 7, 13, 14, 16, 17, 31, 32, 33, 48, 64, 97, 131};
  switch (random_below(12)) {
    case 0: return 0;
    case 1: return random_between(1, 400);
    default: return some[random_below(sizeof some / sizeof *some)];
  }
}

// Gives a matrix random strides and returns the elements it spans.
static int64_t lay_out(apus_gemm_matrix *x, int64_t rows, int64_t columns, const problem *p,
                       int kind, bool broadcast) {
  const int64_t gap = random_below(3);
  switch (kind) {
    case 0: x->column = 1; x->row = columns + gap; break;
    case 1: x->row = 1; x->column = rows + gap; break;
    default: x->column = 2; x->row = 2 * columns + gap; break;
  }
  int64_t span = rows && columns ? (rows - 1) * x->row + (columns - 1) * x->column + 1 : 0;
  int64_t stride = span;
  for (uint32_t i = p->args.batch_rank; i-- > 0;) {
    if (broadcast && random_below(3) == 0) continue;
    x->batch[i] = stride;
    if (p->args.batch[i] > 0) stride *= p->args.batch[i];
  }
  x->buffer.offset = random_below(5);
  return stride + x->buffer.offset;
}

static int64_t place(const apus_gemm_matrix *x, const problem *p, int64_t batch, int64_t row,
                     int64_t column) {
  int64_t at = x->buffer.offset + row * x->row + column * x->column;
  for (uint32_t i = p->args.batch_rank; i-- > 0;) {
    at += batch % p->args.batch[i] * x->batch[i];
    batch /= p->args.batch[i];
  }
  return at;
}

// Packs each matrix of a batch; broadcast dimensions stay broadcast.
static void *pack(problem *p, apus_gemm_matrix *x, const apus_gemm_matrix *from, const float *data,
                  bool is_a) {
  apus_gemm_args *g = &p->args;
  size_t bytes = is_a ? apus_gemm_packed_a_bytes(g->variant, g->m, g->k)
                      : apus_gemm_packed_b_bytes(g->variant, g->k, g->n);
  int64_t each = (int64_t)(bytes / sizeof(float)), count = each;
  for (uint32_t i = g->batch_rank; i-- > 0;) {
    x->batch[i] = from->batch[i] ? count : 0;
    if (from->batch[i]) count *= g->batch[i];
  }
  float *packed = aligned_bytes((size_t)count * sizeof(float));
  x->layout = APUS_GEMM_PACKED;
  x->buffer.offset = 0;
  x->row = x->column = 0;
  for (int64_t batch = 0; batch < p->batches; batch++) {
    const float *source = data + place(from, p, batch, 0, 0);
    float *target = packed + place(x, p, batch, 0, 0);
    if (is_a) apus_gemm_pack_a(g->variant, g->m, g->k, source, from->row, from->column, target);
    else apus_gemm_pack_b(g->variant, g->k, g->n, source, from->row, from->column, target);
  }
  return packed;
}

static double expected(const problem *p, void *const *slots, const float *before, int64_t batch,
                       int64_t i, int64_t j, double *tolerance) {
  const apus_gemm_args *g = &p->args;
  const apus_epilogue *e = &g->epilogue;
  double sum = 0, size = 0;
  for (int64_t l = 0; l < g->k; l++) {
    double x = p->a[place(&p->a_at, p, batch, i, l)];
    x *= p->b[place(&p->b_at, p, batch, l, j)];
    sum += x;
    size += fabs(x);
  }
  const int64_t at = place(&g->c, p, batch, i, j);
  if (e->column_bias.slot) sum += ((float *)slots[COLUMN_BIAS])[1 + j * e->column_bias_stride];
  if (e->row_bias.slot) sum += ((float *)slots[ROW_BIAS])[i * e->row_bias_stride];
  if (e->residual.slot == RESIDUAL)
    sum += ((float *)slots[RESIDUAL])[at - g->c.buffer.offset + e->residual.offset];
  if (e->residual.slot == C) sum += before[at];
  if (e->activation == APUS_ACTIVATION_RELU) sum = fmax(sum, 0);
  if (e->activation == APUS_ACTIVATION_CLAMP) sum = fmin(fmax(sum, e->lower), e->upper);
  *tolerance = 1e-6 * (size + 3);
  if (e->activation == APUS_ACTIVATION_GATE) {
    sum *= fmin(fmax(e->scale * sum + e->shift, e->lower), e->upper);
    *tolerance *= 3;
  }
  if (e->program) {
    *tolerance = 3 * *tolerance * (fabs(sum) + 1);
    sum = sum * sum + ((float *)slots[OTHER])[j];
  }
  return sum;
}

static void run_one(uint32_t variant) {
  problem p = {.batches = 1};
  apus_gemm_args *g = &p.args;
  g->variant = variant;
  g->m = random_extent();
  g->n = random_extent();
  g->k = random_below(20) ? random_extent() : random_between(600, 1100);
  g->batch_rank = random_below(2) ? 0 : (uint32_t)random_between(1, 3);
  for (uint32_t i = 0; i < g->batch_rank; i++) {
    g->batch[i] = random_below(30) ? random_between(1, 3) : 0;
    p.batches *= g->batch[i];
  }
  void *slots[SLOTS] = {0};
  apus_status status = {0};
  slots[0] = &status;
  int64_t a_size = lay_out(&p.a_at, g->m, g->k, &p, (int)random_below(3), true);
  int64_t b_size = lay_out(&p.b_at, g->k, g->n, &p, (int)random_below(3), true);
  p.c_size = lay_out(&g->c, g->m, g->n, &p, random_below(2) ? 0 : (int)random_below(3), false);
  slots[A] = p.a = random_floats(a_size);
  slots[B] = p.b = random_floats(b_size);
  slots[C] = random_floats(p.c_size);
  g->a = p.a_at;
  g->b = p.b_at;
  void *packed_a = NULL, *packed_b = NULL;
  if (random_below(2)) slots[A] = packed_a = pack(&p, &g->a, &p.a_at, p.a, true);
  if (random_below(2)) slots[B] = packed_b = pack(&p, &g->b, &p.b_at, p.b, false);
  g->a.buffer.slot = A;
  g->b.buffer.slot = B;
  g->c.buffer.slot = C;

  apus_epilogue *e = &g->epilogue;
  if (random_below(2)) e->column_bias = (apus_buffer){COLUMN_BIAS, 0, 1};
  e->column_bias_stride = random_below(3);
  slots[COLUMN_BIAS] = random_floats(2 + (g->n ? g->n - 1 : 0) * e->column_bias_stride);
  if (random_below(2)) e->row_bias = (apus_buffer){ROW_BIAS, 0, 0};
  e->row_bias_stride = random_below(3);
  slots[ROW_BIAS] = random_floats(1 + (g->m ? g->m - 1 : 0) * e->row_bias_stride);
  if (random_below(3) == 0) e->residual = (apus_buffer){RESIDUAL, 0, g->c.buffer.offset + 2};
  else if (random_below(3) == 0) e->residual = g->c.buffer;
  slots[RESIDUAL] = random_floats(p.c_size + 2);
  e->activation = (uint32_t)random_below(4);
  e->scale = 0.7f;
  e->shift = 0.4f;
  e->lower = -0.5f;
  e->upper = 0.75f;
  square_program square;
  slots[OTHER] = random_floats(g->n);
  if (random_below(3) == 0) {
    apus_operand result = {C, APUS_F32, g->c.buffer.offset, {0}}, other = {OTHER, APUS_F32, 0, {0}};
    for (uint32_t i = 0; i < g->batch_rank; i++) result.stride[i] = g->c.batch[i];
    result.stride[g->batch_rank] = g->c.row;
    result.stride[g->batch_rank + 1] = g->c.column;
    other.stride[g->batch_rank + 1] = 1;
    make_square(&square, result, other);
    e->program = &square.program;
  }
  g->scratch_slot = SCRATCH;
  slots[SCRATCH] = aligned_bytes(3 * apus_gemm_scratch_bytes(g));

  float *before = allocate((size_t)p.c_size * sizeof(float) + 1);
  bool *touched = allocate((size_t)p.c_size + 1);
  memcpy(before, slots[C], (size_t)p.c_size * sizeof(float));
  run_chunks(apus_gemm_run, g, slots, apus_gemm_chunks(g));
  const float *c = slots[C];
  for (int64_t batch = 0; batch < p.batches; batch++)
    for (int64_t i = 0; i < g->m; i++)
      for (int64_t j = 0; j < g->n; j++) {
        double tolerance, want = expected(&p, slots, before, batch, i, j, &tolerance);
        int64_t at = place(&g->c, &p, batch, i, j);
        touched[at] = true;
        if (!(fabs(c[at] - want) <= tolerance))
          fprintf(stderr, "variant %u m %ld n %ld k %ld at %ld %ld\n", variant, (long)g->m,
                  (long)g->n, (long)g->k, (long)i, (long)j);
        check(c[at], want, tolerance, "product");
      }
  for (int64_t i = 0; i < p.c_size; i++)
    if (!touched[i]) check(c[i], before[i], 0, "element outside the product");
  deallocate(p.a);
  deallocate(p.b);
  deallocate(packed_a);
  deallocate(packed_b);
  deallocate(before);
  deallocate(touched);
  for (int i = C; i < SLOTS; i++) deallocate(slots[i]);
}

// NaN and infinity reach the result through every activation.
static void run_nan(uint32_t variant) {
  float a = NAN, b = 1, c = 0;
  apus_status status = {0};
  void *slots[SLOTS] = {&status, &a, &b, &c};
  slots[SCRATCH] = aligned_bytes(1 << 16);
  apus_gemm_args g = {.variant = variant, .m = 1, .n = 1, .k = 1, .scratch_slot = SCRATCH};
  g.a.row = g.a.column = g.b.row = g.b.column = g.c.row = g.c.column = 1;
  g.a.buffer.slot = A;
  g.b.buffer.slot = B;
  g.c.buffer.slot = C;
  for (uint32_t activation = 0; activation < 4; activation++) {
    g.epilogue.activation = activation;
    run_chunks(apus_gemm_run, &g, slots, apus_gemm_chunks(&g));
    if (!isnan(c)) abort();
  }
  deallocate(slots[SCRATCH]);
}

int main(int count, char **words) {
  int rounds = rounds_of(count, words);
  printf("%s: %s\n", apus_isa_name(apus_cpu_isa()), apus_cpu_features());
  for (uint32_t v = 0; v < apus_gemm_variant_count(); v++) {
    const apus_gemm_variant *variant = apus_gemm_variant_at(v);
    if (variant->isa > apus_cpu_isa()) continue;
    random_state = random_seed;
    for (int i = 0; i < rounds; i++) run_one(v);
    run_nan(v);
    printf("products %s: %d problems fine\n", variant->name, rounds);
  }
  return 0;
}
