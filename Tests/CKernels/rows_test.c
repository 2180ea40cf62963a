// Compares norms, softmax and reductions with loops in double precision.
#include "kernels_harness.h"

enum { INPUT = 1, OUTPUT, RESIDUAL, SUM, SCALE, BIAS, MEAN, DEVIATION, SCRATCH, SLOTS };

static void release(void **slots) {
  for (int i = 1; i < SLOTS; i++) deallocate(slots[i]), slots[i] = NULL;
}

static float *floats_at(void *const *slots, apus_buffer b) {
  return (float *)slots[b.slot] + b.offset;
}

static char context[100];

static void close_to(float got, double want, double tolerance, const char *what, int64_t i) {
  if (isnan(want) ? isnan(got) : (double)got == want || fabs((double)got - want) <= tolerance) return;
  FAIL("%s %s (%s): got %.9g, expected %.9g at %ld", current_isa, what, context, (double)got, want,
       (long)i);
}

// Runs the chunks twice, in orders of their own; results must have the same bits.
static void run_twice(void (*run)(const void *, void *const *, uint32_t, uint32_t), const void *args,
                      void **slots, uint32_t chunks, const size_t *sizes) {
  void *before[SLOTS] = {0}, *first[SLOTS] = {0};
  for (int i = 1; i < SCRATCH; i++) before[i] = slots[i] ? copy_of(slots[i], sizes[i]) : NULL;
  run_chunks(run, args, slots, chunks);
  for (int i = 1; i < SCRATCH; i++) {
    if (!slots[i]) continue;
    first[i] = copy_of(slots[i], sizes[i]);
    memcpy(slots[i], before[i], sizes[i]);
  }
  run_chunks(run, args, slots, chunks);
  for (int i = 1; i < SCRATCH; i++) {
    if (slots[i] && memcmp(slots[i], first[i], sizes[i]))
      FAIL("%s: other bits in another order", current_isa);
    deallocate(before[i]), deallocate(first[i]);
  }
}

static void make_buffer(apus_buffer *b, uint32_t slot, int64_t count, void **slots, size_t *sizes) {
  *b = (apus_buffer){slot, APUS_F32, random_below(4)};
  sizes[slot] = (size_t)(count + b->offset) * sizeof(float);
  slots[slot] = random_floats(count + b->offset);
}

static int64_t random_row(void) {
  return random_below(20) ? random_between(1, 200) : random_between(1, 40000);
}

static void norm(void) {
  apus_norm_args a = {.length = random_row(), .epsilon = random_below(2) ? 1e-5 : 1e-12};
  a.rows = random_below(30) ? random_between(1, apus_most(1, 3000 / a.length)) : 0;
  a.root_mean_square = (uint32_t)random_below(2);
  void *slots[SLOTS] = {0};
  size_t sizes[SLOTS] = {0};
  apus_status status = {0};
  slots[0] = &status;
  a.input_stride = a.length + random_below(3);
  a.output_stride = a.length + random_below(3);
  a.residual_stride = random_below(4) ? a.length : 0;
  a.sum_stride = a.length + random_below(3);
  make_buffer(&a.input, INPUT, a.rows * a.input_stride, slots, sizes);
  // All apart, or results over operands.
  const bool in_place = random_below(3) == 0;
  if (in_place) a.output = a.input, a.output_stride = a.input_stride;
  else make_buffer(&a.output, OUTPUT, a.rows * a.output_stride, slots, sizes);
  if (random_below(2)) {
    if (random_below(3) == 0) a.residual = a.input, a.residual_stride = a.input_stride;
    else make_buffer(&a.residual, RESIDUAL, a.rows * a.length, slots, sizes);
    const int64_t sum = random_below(4);
    if (sum == 1 && !in_place) a.sum = a.input, a.sum_stride = a.input_stride;
    else if (sum == 2 && a.residual.slot == RESIDUAL && a.residual_stride)
      a.sum = a.residual, a.sum_stride = a.residual_stride;
    else if (sum) make_buffer(&a.sum, SUM, a.rows * a.sum_stride, slots, sizes);
  }
  a.parameter_rows = random_below(2) ? 1 : random_between(1, 5);
  a.parameter_block = random_below(2) ? 1 : random_between(1, a.length);
  const int64_t entries = apus_ceiling(a.length, a.parameter_block);
  if (random_below(4)) make_buffer(&a.scale, SCALE, a.parameter_rows * entries, slots, sizes);
  if (random_below(4)) make_buffer(&a.bias, BIAS, a.parameter_rows * entries, slots, sizes);
  if (random_below(3) == 0) make_buffer(&a.mean, MEAN, a.rows, slots, sizes);
  if (random_below(3) == 0) make_buffer(&a.inverse_deviation, DEVIATION, a.rows, slots, sizes);
  float *input = floats_at(slots, a.input);
  const float shift = random_below(3) ? 0 : random_float() * 100;
  for (int64_t i = 0; i < a.rows * a.input_stride; i++) input[i] += shift;
  if (a.rows && random_below(10) == 0) input[random_below(a.rows * a.input_stride)] = NAN;

  float *x = copy_of(input, (size_t)(a.rows * a.input_stride) * sizeof(float));
  const size_t residual_size = sizes[a.residual.slot];
  float *residual = a.residual.slot ? copy_of(slots[a.residual.slot], residual_size) : NULL;
  snprintf(context, sizeof context, "rows %ld length %ld", (long)a.rows, (long)a.length);
  run_twice(apus_norm_run, &a, slots, apus_norm_chunks(&a), sizes);
  const float *y = floats_at(slots, a.output);
  for (int64_t r = 0; r < a.rows; r++) {
    double *v = allocate((size_t)a.length * sizeof(double)), sum = 0, squares = 0, largest = 0;
    for (int64_t i = 0; i < a.length; i++) {
      float value = x[r * a.input_stride + i];
      if (residual) value += residual[a.residual.offset + r * a.residual_stride + i];
      if (a.sum.slot && !(a.sum.slot == a.output.slot))
        close_to(floats_at(slots, a.sum)[r * a.sum_stride + i], value, 0, "sum", i);
      v[i] = value;
      sum += v[i];
      largest = fmax(largest, fabs(v[i]));
    }
    const double mean = a.root_mean_square ? 0 : sum / (double)a.length;
    for (int64_t i = 0; i < a.length; i++) squares += (v[i] - mean) * (v[i] - mean);
    const double d = 1 / sqrt(squares / (double)a.length + a.epsilon);
    // A relative error of the deviation, and one of the mean, which d makes larger.
    const double wrong = 2e-7 * largest * d;
    for (int64_t i = 0; i < a.length; i++) {
      double scale = 1, bias = 0;
      const int64_t entry = r % a.parameter_rows * entries + i / a.parameter_block;
      if (a.scale.slot) scale = floats_at(slots, a.scale)[entry];
      if (a.bias.slot) bias = floats_at(slots, a.bias)[entry];
      const double z = (v[i] - mean) * d;
      close_to(y[r * a.output_stride + i], z * scale + bias,
               fabs(scale) * (wrong + fabs(z) * (1e-6 + wrong * wrong)) + 2e-7 * fabs(bias), "norm", i);
    }
    if (a.mean.slot && !a.root_mean_square)
      close_to(floats_at(slots, a.mean)[r], mean, 2e-7 * largest, "mean", r);
    if (a.inverse_deviation.slot)
      close_to(floats_at(slots, a.inverse_deviation)[r], d, d * (1e-6 + wrong * wrong), "deviation", r);
    deallocate(v);
  }
  deallocate(x), deallocate(residual);
  release(slots);
}

static void softmax(void) {
  apus_softmax_args a = {.logarithm = (uint32_t)random_below(2), .scratch = SCRATCH};
  const bool rows = random_below(2);
  a.axis = random_below(40) ? random_row() : 0;
  a.inner = rows ? 1 : random_below(3) ? random_between(1, 40) : random_between(1, 700);
  if (!rows && a.axis > 300) a.axis = random_between(1, 300);
  a.outer = random_below(40) ? random_between(1, apus_most(1, 4000 / (a.inner * apus_most(a.axis, 1)))) : 0;
  const int64_t extent[3] = {a.outer, a.axis, a.inner};
  layout in = random_layout(extent, 3, true), out = random_layout(extent, 3, true);
  const bool in_place = random_below(3) == 0;
  if (in_place) in = out;
  memcpy(a.input_stride, in.stride, sizeof a.input_stride);
  memcpy(a.output_stride, out.stride, sizeof a.output_stride);
  if (rows && random_below(2)) {  // as most often: contiguous rows
    in = out = (layout){0, a.outer * a.axis, {a.axis, 1, 1}};
    memcpy(a.input_stride, in.stride, sizeof a.input_stride);
    memcpy(a.output_stride, out.stride, sizeof a.output_stride);
  }
  void *slots[SLOTS] = {0};
  size_t sizes[SLOTS] = {[INPUT] = (size_t)in.size * 4, [OUTPUT] = (size_t)out.size * 4};
  apus_status status = {0};
  slots[0] = &status;
  slots[INPUT] = random_floats(in.size);
  slots[OUTPUT] = random_floats(out.size);
  a.input = (apus_buffer){in_place ? OUTPUT : INPUT, APUS_F32, in.offset};
  a.output = (apus_buffer){OUTPUT, APUS_F32, out.offset};
  float *x = slots[a.input.slot];
  const float factor = random_below(2) ? 1 : 60;
  for (int64_t i = 0; i < in.size; i++) {
    x[i] *= factor;
    if (random_below(200) == 0) x[i] = -INFINITY;
  }
  if (in.size && random_below(20) == 0) x[random_below(in.size)] = random_below(2) ? NAN : INFINITY;
  if (random_below(20) == 0) for (int64_t i = 0; i < in.size; i++) x[i] = -INFINITY;
  float *before = copy_of(x, (size_t)in.size * sizeof(float));
  float *outside = copy_of(slots[OUTPUT], sizes[OUTPUT]);
  bool *touched = allocate((size_t)out.size + 1);

  // With a program each row is first computed: here y = x * x - z, z one for each row.
  square_program square;
  const bool program = rows && a.input_stride[1] == 1 && a.output_stride[1] == 1 && random_below(2);
  slots[RESIDUAL] = random_floats(a.outer + 1);
  sizes[RESIDUAL] = (size_t)(a.outer + 1) * sizeof(float);
  if (program) {
    apus_operand operand = {a.input.slot, APUS_F32, in.offset, {in.stride[0], 1}};
    apus_operand result = {OUTPUT, APUS_F32, out.offset, {out.stride[0], 1}};
    make_square(&square, result, (apus_operand){RESIDUAL, APUS_F32, 0, {1, 0}});
    square.operands[0] = operand;
    a.program = square.program;
    a.rank = 2;
    a.extent[0] = a.outer;
    a.extent[1] = a.axis;
  }
  slots[SCRATCH] = aligned_bytes(3 * apus_softmax_scratch_bytes(&a));
  snprintf(context, sizeof context, "outer %ld axis %ld inner %ld program %d", (long)a.outer,
           (long)a.axis, (long)a.inner, program);
  run_twice(apus_softmax_run, &a, slots, apus_softmax_chunks(&a), sizes);
  const float *y = slots[OUTPUT];
  for (int64_t o = 0; o < a.outer; o++) {
    for (int64_t n = 0; n < a.inner; n++) {
      double largest = -INFINITY, sum = 0, size = 0;
      double *v = allocate((size_t)(a.axis + 1) * sizeof(double));
      for (int64_t i = 0; i < a.axis; i++) {
        const int64_t at[3] = {o, i, n};
        v[i] = before[place_of(&in, at, 3)];
        if (program) {
          float squared = (float)v[i] * (float)v[i], z = ((float *)slots[RESIDUAL])[o];
          size = fmax(size, isfinite(squared) ? fabs((double)squared) : 0);
          v[i] = v[i] * v[i] + (double)z;
        }
        if (isnan(v[i]) || v[i] > largest || isnan(largest)) largest = isnan(largest) ? largest : v[i];
      }
      for (int64_t i = 0; i < a.axis; i++) sum += exp(v[i] - largest);
      for (int64_t i = 0; i < a.axis; i++) {
        const int64_t at[3] = {o, i, n};
        const double e = exp(v[i] - largest) / sum, l = v[i] - largest - log(sum);
        const double wrong = 2e-6 + 2e-7 * size + 1e-7 * fabs(v[i] - largest);
        const int64_t place = place_of(&out, at, 3);
        touched[place] = true;
        if (a.logarithm)
          close_to(y[place], l, 2e-7 * (fabs(l) + 2 * fabs(largest)) + wrong, "log softmax", i);
        else close_to(y[place], e, e * wrong + 1e-44, "softmax", i);
      }
      deallocate(v);
    }
  }
  for (int64_t i = 0; i < out.size; i++)
    if (!touched[i] && !same_float(y[i], outside[i])) FAIL("%s softmax: outside", current_isa);
  deallocate(before), deallocate(outside), deallocate(touched);
  release(slots);
}

static double fold(double a, double x, uint32_t kind) {
  switch (kind) {
    case APUS_REDUCE_MAX: return isnan(a) || isnan(x) ? NAN : fmax(a, x);
    case APUS_REDUCE_MIN: return isnan(a) || isnan(x) ? NAN : fmin(a, x);
    case APUS_REDUCE_PRODUCT: return a * x;
    case APUS_REDUCE_SUM_SQUARES:
    case APUS_REDUCE_L2: return a + x * x;
    case APUS_REDUCE_L1: return a + fabs(x);
    default: return a + x;
  }
}

static int64_t fold_integers(int64_t a, int64_t x, uint32_t kind) {
  const uint64_t u = (uint64_t)a, v = (uint64_t)x;
  switch (kind) {
    case APUS_REDUCE_MAX: return a < x ? x : a;
    case APUS_REDUCE_MIN: return x < a ? x : a;
    case APUS_REDUCE_PRODUCT: return (int64_t)(u * v);
    case APUS_REDUCE_SUM_SQUARES: return (int64_t)(u + v * v);
    case APUS_REDUCE_L1: return (int64_t)(u + (x < 0 ? -v : v));
    default: return (int64_t)(u + v);
  }
}

static void reduce(void) {
  apus_reduce_args a = {.kind = (uint32_t)random_below(8)};
  const bool integers = a.kind != APUS_REDUCE_MEAN && a.kind != APUS_REDUCE_L2 && random_below(4) == 0;
  a.input.element = a.output.element = integers ? APUS_I64 : APUS_F32;
  const uint32_t rank = (uint32_t)random_below(7);
  int64_t room = random_below(20) ? 3000 : 200000, extent[APUS_MAX_RANK] = {0};
  for (uint32_t d = 0; d < rank; d++) {
    extent[d] = apus_least(room, random_length(random_below(3) ? 12 : apus_most(1, room)));
    room = apus_most(1, room / apus_most(1, extent[d]));
  }
  const bool plain = random_below(2);  // contiguous, in order
  layout in = random_layout(extent, rank, random_below(4) != 0);
  if (plain) {
    in = (layout){.size = apus_product(extent, rank)};
    for (uint32_t d = 0; d < rank; d++)
      in.stride[d] = apus_product(extent + d + 1, rank - d - 1);
  }
  uint32_t place[APUS_MAX_RANK] = {0};
  bool kept[APUS_MAX_RANK] = {0};
  for (uint32_t d = 0; d < rank; d++) {
    kept[d] = random_below(2);
    uint32_t *k = kept[d] ? &a.kept_rank : &a.reduced_rank;
    place[d] = *k;
    (kept[d] ? a.kept_extent : a.reduced_extent)[*k] = extent[d];
    (kept[d] ? a.kept_stride : a.reduced_stride)[*k] = in.stride[d];
    ++*k;
  }
  layout out = random_layout(a.kept_extent, a.kept_rank, true);
  if (plain) {
    out = (layout){.size = apus_product(a.kept_extent, a.kept_rank)};
    for (uint32_t d = 0; d < a.kept_rank; d++)
      out.stride[d] = apus_product(a.kept_extent + d + 1, a.kept_rank - d - 1);
  }
  memcpy(a.output_stride, out.stride, sizeof a.output_stride);
  a.input.slot = INPUT, a.input.offset = in.offset;
  a.output.slot = OUTPUT, a.output.offset = out.offset;
  const size_t size = integers ? 8 : 4;
  void *slots[SLOTS] = {0};
  size_t sizes[SLOTS] = {[INPUT] = (size_t)in.size * size, [OUTPUT] = (size_t)out.size * size};
  apus_status status = {0};
  slots[0] = &status;
  slots[INPUT] = integers ? random_bytes(sizes[INPUT]) : random_floats(in.size);
  slots[OUTPUT] = random_bytes(sizes[OUTPUT]);
  float *x = slots[INPUT];
  const int64_t count = apus_product(a.reduced_extent, a.reduced_rank);
  if (!integers) {
    // Products near 1; now and then one value throughout, whose sums round one way.
    const float one = random_below(4) ? 0 : 0.1f;
    for (int64_t i = 0; i < in.size; i++) {
      if (a.kind == APUS_REDUCE_PRODUCT) x[i] = 1 + x[i] / (float)apus_most(1, count);
      else if (one > 0) x[i] = one;
    }
    if (in.size && random_below(10) == 0) x[random_below(in.size)] = random_below(2) ? NAN : INFINITY;
  }
  run_twice(apus_reduce_run, &a, slots, apus_reduce_chunks(&a), sizes);
  snprintf(context, sizeof context, "kind %u count %ld", a.kind, (long)count);
  const int64_t outputs = apus_product(a.kept_extent, a.kept_rank);
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t o = 0; o < outputs; o++, apus_advance(a.kept_extent, a.kept_rank, at)) {
    double value = a.kind == APUS_REDUCE_MAX ? -INFINITY : a.kind == APUS_REDUCE_MIN ? INFINITY
                   : a.kind == APUS_REDUCE_PRODUCT ? 1 : 0;
    int64_t integer = a.kind == APUS_REDUCE_MAX ? INT64_MIN : a.kind == APUS_REDUCE_MIN ? INT64_MAX
                      : a.kind == APUS_REDUCE_PRODUCT ? 1 : 0;
    double magnitude = 0;
    int64_t inside[APUS_MAX_RANK] = {0};
    for (int64_t r = 0; r < count; r++, apus_advance(a.reduced_extent, a.reduced_rank, inside)) {
      int64_t from = in.offset + apus_dot(at, a.kept_stride, a.kept_rank) +
                     apus_dot(inside, a.reduced_stride, a.reduced_rank);
      if (integers) {
        integer = fold_integers(integer, ((int64_t *)slots[INPUT])[from], a.kind);
      } else {
        value = fold(value, (double)x[from], a.kind);
        magnitude += fabs((double)x[from]);
      }
    }
    if (a.kind == APUS_REDUCE_MEAN) value /= (double)count, magnitude /= (double)count;
    if (a.kind == APUS_REDUCE_L2) value = sqrt(value);
    const int64_t to = place_of(&out, at, a.kept_rank);
    if (integers) {
      if (((int64_t *)slots[OUTPUT])[to] != integer) FAIL("%s reduce of integers", current_isa);
      continue;
    }
    double tolerance = 1.2e-6 * (a.kind <= APUS_REDUCE_MEAN ? magnitude : fabs(value));
    if (a.kind == APUS_REDUCE_PRODUCT) tolerance = 1e-7 * (double)(count + 2) * fabs(value);
    if (a.kind == APUS_REDUCE_MAX || a.kind == APUS_REDUCE_MIN) tolerance = 0;
    close_to(((float *)slots[OUTPUT])[to], value, tolerance, "reduce", a.kind);
  }
  (void)place;
  release(slots);
}

static void test(int rounds) {
  for (int i = 0; i < rounds; i++) norm();
  for (int i = 0; i < rounds; i++) softmax();
  for (int i = 0; i < rounds; i++) reduce();
  printf("norms, softmax, reductions %s: 3 x %d problems fine\n", current_isa, rounds);
}

int main(int count, char **words) {
  for_every_isa(test, rounds_of(count, words));
  return 0;
}
