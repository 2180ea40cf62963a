// Times norms, softmax, reductions and element-wise functions on one thread. A time is the sum over
// chunks of the fastest of some repeats, so that other work on the machine disturbs little.
//   clang -O2 -I Sources/CApusCPU/include -I Tests/CKernels -lm -o rows_bench
//     Sources/CApusCPU/*.c Benchmarks/kernels/rows_bench.c
// Words on the command line: repeats (200), then a part of the names of what to time.
#include "apus_elementwise.h"
#include "apus_norm.h"
#include "apus_reduce.h"
#include "apus_softmax.h"
#include "harness.h"
#include <time.h>

static int repeats = 200;
static const char *wanted = "";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef void (*kernel)(const void *, void *const *, uint32_t, uint32_t);

static void report(const char *name, kernel run, const void *args, void *const *slots,
                   uint32_t chunks, int64_t elements) {
  double sum = 0;
  for (uint32_t c = 0; c < chunks; c++) {
    double best = INFINITY;
    for (int i = 0; i < repeats; i++) {
      double start = now();
      run(args, slots, c, 0);
      best = fmin(best, now() - start);
    }
    sum += best;
  }
  printf("%-28s %9.2f us %7.3f ns/element\n", name, sum * 1e6, sum / (double)elements * 1e9);
}

static void norm(const char *name, int64_t rows, int64_t length, bool plain) {
  if (!strstr(name, wanted)) return;
  apus_norm_args a = {.input = {1, APUS_F32, 0}, .output = {2, APUS_F32, 0},
                      .scale = {3, APUS_F32, 0}, .bias = {4, APUS_F32, 0},
                      .rows = rows, .length = length, .input_stride = length,
                      .output_stride = length, .parameter_rows = 1, .epsilon = 1e-5,
                      .root_mean_square = !plain};
  void *slots[5] = {NULL, random_floats(rows * length), random_floats(rows * length),
                    random_floats(length), random_floats(length)};
  report(name, apus_norm_run, &a, slots, apus_norm_chunks(&a), rows * length);
  for (int i = 1; i < 5; i++) deallocate(slots[i]);
}

static void softmax(const char *name, int64_t outer, int64_t axis, int64_t inner, bool logarithm) {
  if (!strstr(name, wanted)) return;
  apus_softmax_args a = {.input = {1, APUS_F32, 0}, .output = {2, APUS_F32, 0}, .outer = outer,
                         .axis = axis, .inner = inner, .logarithm = logarithm, .scratch = 3,
                         .input_stride = {axis * inner, inner, 1},
                         .output_stride = {axis * inner, inner, 1}};
  const int64_t count = outer * axis * inner;
  void *slots[4] = {NULL, random_floats(count), random_floats(count),
                    aligned_bytes(apus_softmax_scratch_bytes(&a))};
  report(name, apus_softmax_run, &a, slots, apus_softmax_chunks(&a), count);
  for (int i = 1; i < 4; i++) deallocate(slots[i]);
}

static void reduce(const char *name, uint32_t kind, int64_t outer, int64_t axis, int64_t inner) {
  if (!strstr(name, wanted)) return;
  apus_reduce_args a = {.input = {1, APUS_F32, 0}, .output = {2, APUS_F32, 0}, .kind = kind,
                        .kept_rank = 2, .reduced_rank = 1, .kept_extent = {outer, inner},
                        .kept_stride = {axis * inner, 1}, .reduced_extent = {axis},
                        .reduced_stride = {inner}, .output_stride = {inner, 1}};
  void *slots[3] = {NULL, random_floats(outer * axis * inner), random_floats(outer * inner)};
  report(name, apus_reduce_run, &a, slots, apus_reduce_chunks(&a), outer * axis * inner);
  for (int i = 1; i < 3; i++) deallocate(slots[i]);
}

static void function(const char *name, uint16_t op, int64_t count) {
  if (!strstr(name, wanted)) return;
  apus_instruction code[3] = {{APUS_OP_LOAD_F, 0, 0, 0, 0}, {op, 1, 0, 0, 0},
                              {APUS_OP_STORE_F, 0, 0, 1, 0}};
  apus_operand from = {1, APUS_F32, 0, {1}}, to = {2, APUS_F32, 0, {1}};
  apus_elementwise_args a = {.program = {code, NULL, &from, &to, 3, 0, 1, 1, 2}, .rank = 1,
                             .scratch = 3, .extent = {count}};
  void *slots[4] = {NULL, random_floats(count), random_floats(count),
                    aligned_bytes(apus_elementwise_scratch_bytes(&a))};
  report(name, apus_elementwise_run, &a, slots, apus_elementwise_chunks(&a), count);
  for (int i = 1; i < 4; i++) deallocate(slots[i]);
}

int main(int count, char **words) {
  if (count > 1) repeats = atoi(words[1]);
  if (count > 2) wanted = words[2];
  norm("layer norm 128x768", 128, 768, true);
  norm("layer norm 32x4096", 32, 4096, true);
  norm("layer norm 512x64", 512, 64, true);
  norm("RMS norm 128x768", 128, 768, false);
  softmax("softmax 12x128 rows of 128", 1536, 128, 1, false);
  softmax("softmax rows of 7", 1536, 7, 1, false);
  softmax("softmax rows of 65", 1536, 65, 1, false);
  softmax("softmax rows of 1000", 16, 1000, 1, false);
  softmax("softmax rows of 50257", 1, 50257, 1, false);
  softmax("softmax columns 19 of 3136", 1, 19, 3136, false);
  softmax("log-softmax rows of 1000", 16, 1000, 1, true);
  reduce("mean of 49, 960 rows", APUS_REDUCE_MEAN, 960, 49, 1);
  reduce("mean of 784, 120 rows", APUS_REDUCE_MEAN, 120, 784, 1);
  reduce("mean of 12544, 32 rows", APUS_REDUCE_MEAN, 32, 12544, 1);
  reduce("maximum of 1000, 64 rows", APUS_REDUCE_MAX, 64, 1000, 1);
  reduce("minimum of 1000, 64 rows", APUS_REDUCE_MIN, 64, 1000, 1);
  reduce("L1 of 1000, 64 rows", APUS_REDUCE_L1, 64, 1000, 1);
  reduce("mean of 128, 768 columns", APUS_REDUCE_MEAN, 1, 128, 768);
  reduce("mean of 8, 16 x 64 columns", APUS_REDUCE_MEAN, 16, 8, 64);
  reduce("maximum of 128, 768 columns", APUS_REDUCE_MAX, 1, 128, 768);
  function("exp", APUS_OP_EXP_F, 8192);
  function("tanh", APUS_OP_TANH_F, 8192);
  function("sigmoid", APUS_OP_SIGMOID_F, 8192);
  function("gelu", APUS_OP_GELU_F, 8192);
  function("gelu_tanh", APUS_OP_GELU_TANH_F, 8192);
  function("erf", APUS_OP_ERF_F, 8192);
  function("log", APUS_OP_LOG_F, 8192);
  function("sin", APUS_OP_SIN_F, 8192);
  function("relu", APUS_OP_RELU_F, 8192);
  return 0;
}
