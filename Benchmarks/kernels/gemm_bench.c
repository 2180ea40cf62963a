// Times matrix products and convolutions on one thread, against the peak of fused multiply-adds
// that the same run measures. A time is the sum over chunks of the fastest of some repeats, so that
// other work on the machine disturbs little.
//   clang -O2 -I Sources/CApusCPU/include -I Tests/CKernels -lm -o gemm_bench
//     Sources/CApusCPU/*.c Benchmarks/kernels/gemm_bench.c
// Words on the command line: repeats (20), then a variant's index (the machine's best), then a part
// of the names of what to time.
#include "harness.h"
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

static int repeats = 20;
static uint32_t variant;
static double peak;  // GFLOP/s
static const char *wanted = "";

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#if defined(__x86_64__)
#define CHAINS 12
__attribute__((target("avx2,fma"))) static double fma_avx2(int64_t rounds) {
  __m256 x[CHAINS], y = _mm256_set1_ps(0.5f);
  for (int i = 0; i < CHAINS; i++) x[i] = _mm256_set1_ps((float)i);
  double start = now();
  for (int64_t r = 0; r < rounds; r++)
    for (int i = 0; i < CHAINS; i++) x[i] = _mm256_fmadd_ps(x[i], y, y);
  double seconds = now() - start;
  for (int i = 1; i < CHAINS; i++) x[0] = _mm256_add_ps(x[0], x[i]);
  volatile float sink = _mm256_cvtss_f32(x[0]);
  (void)sink;
  return (double)rounds * CHAINS * 16 / seconds * 1e-9;
}

__attribute__((target("avx512f"))) static double fma_avx512(int64_t rounds) {
  __m512 x[CHAINS], y = _mm512_set1_ps(0.5f);
  for (int i = 0; i < CHAINS; i++) x[i] = _mm512_set1_ps((float)i);
  double start = now();
  for (int64_t r = 0; r < rounds; r++)
    for (int i = 0; i < CHAINS; i++) x[i] = _mm512_fmadd_ps(x[i], y, y);
  double seconds = now() - start;
  for (int i = 1; i < CHAINS; i++) x[0] = _mm512_add_ps(x[0], x[i]);
  volatile float sink = _mm512_cvtss_f32(x[0]);
  (void)sink;
  return (double)rounds * CHAINS * 32 / seconds * 1e-9;
}
#endif

static void measure_peak(void) {
  for (int i = 0; i < 300; i++) {
#if defined(__x86_64__)
    apus_isa isa = apus_cpu_isa();
    if (isa == APUS_ISA_AVX512) peak = fmax(peak, fma_avx512(50000));
    else if (isa == APUS_ISA_AVX2) peak = fmax(peak, fma_avx2(50000));
#endif
  }
}

static void report(const char *name, double seconds, double flops, double bytes, uint32_t chunks) {
  printf("%-34s %9.1f us %7.1f GFLOP/s %5.1f %% %6.1f GB/s %4u chunks\n", name, seconds * 1e6,
         flops / seconds * 1e-9, peak > 0 ? flops / seconds * 1e-7 / peak : 0,
         bytes / seconds * 1e-9, chunks);
}

typedef void (*kernel)(const void *, void *const *, uint32_t, uint32_t);

// Adds up the fastest time of each chunk. All chunks run in order in each repeat.
static double time_of(kernel run, const void *args, void *const *slots, uint32_t chunks) {
  double *best = allocate((chunks + 1) * sizeof(double)), sum = 0;
  for (uint32_t c = 0; c < chunks; c++) best[c] = INFINITY;
  for (int i = 0; i < repeats; i++)
    for (uint32_t c = 0; c < chunks; c++) {
      double start = now();
      run(args, slots, c, 0);
      best[c] = fmin(best[c], now() - start);
    }
  for (uint32_t c = 0; c < chunks; c++) sum += best[c];
  deallocate(best);
  return sum;
}

typedef enum { PACKED_B, ROWS_OF_B, COLUMNS_OF_B } b_form;

static void product(const char *name, int64_t batch, int64_t m, int64_t n, int64_t k, b_form form) {
  if (!strstr(name, wanted)) return;
  apus_gemm_args g = {.variant = variant, .batch_rank = 1, .m = m, .n = n, .k = k,
                      .scratch_slot = 5};
  g.batch[0] = batch;
  g.a = (apus_gemm_matrix){{1, 0, 0}, 0, 0, k, 1, {m * k}};
  g.b = (apus_gemm_matrix){{2, 0, 0}, 0, 0, n, 1, {k * n}};
  g.c = (apus_gemm_matrix){{3, 0, 0}, 0, 0, n, 1, {m * n}};
  g.epilogue.column_bias.slot = 4;
  g.epilogue.column_bias_stride = 1;
  void *slots[6] = {NULL, random_floats(batch * m * k), random_floats(batch * k * n),
                    random_floats(batch * m * n), random_floats(n)};
  if (form == COLUMNS_OF_B) {
    g.b.row = 1;
    g.b.column = k;
  }
  if (form == PACKED_B) {
    float *packed = aligned_bytes(apus_gemm_packed_b_bytes(variant, k, n));
    apus_gemm_pack_b(variant, k, n, slots[2], n, 1, packed);
    deallocate(slots[2]);
    slots[2] = packed;
    g.b.layout = APUS_GEMM_PACKED;
    g.b.batch[0] = 0;
  }
  slots[5] = aligned_bytes(apus_gemm_scratch_bytes(&g));
  double best = time_of(apus_gemm_run, &g, slots, apus_gemm_chunks(&g));
  report(name, best, 2.0 * (double)(batch * m * n * k),
         4.0 * (double)(batch * (m * k + k * n + m * n)), apus_gemm_chunks(&g));
  for (int i = 1; i < 6; i++) deallocate(slots[i]);
}

typedef enum { RELU, HARD_SWISH, SILU } activation;

// result <- f(result), f as importers write it.
typedef struct {
  apus_instruction code[11];
  apus_constant constants[4];
  apus_operand result;
  apus_program program;
} epilogue;

static void make_epilogue(epilogue *e, activation kind, apus_operand result) {
  const apus_instruction head[] = {{APUS_OP_LOAD_F, 2, 0, 0, 0}};
  const apus_instruction silu[] = {{APUS_OP_SIGMOID_F, 0, 2, 0, 0},
                                   {APUS_OP_MUL_F, 1, 2, 0, 0},
                                   {APUS_OP_STORE_F, 0, 0, 1, 0}};
  const apus_instruction swish[] = {
    {APUS_OP_CONST_F, 0, 0, 0, 0}, {APUS_OP_MUL_F, 1, 2, 0, 0},   {APUS_OP_CONST_F, 3, 1, 0, 0},
    {APUS_OP_ADD_F, 4, 1, 3, 0},   {APUS_OP_CONST_F, 5, 2, 0, 0}, {APUS_OP_CONST_F, 6, 3, 0, 0}, {APUS_OP_MAX_F, 1, 4, 5, 0},
    {APUS_OP_MIN_F, 4, 1, 6, 0},   {APUS_OP_MUL_F, 1, 2, 4, 0},   {APUS_OP_STORE_F, 0, 0, 1, 0}};
  *e = (epilogue){.constants = {{1.0 / 6}, {0.5}, {0}, {1}}, .result = result};
  memcpy(e->code, head, sizeof head);
  if (kind == SILU) memcpy(e->code + 1, silu, sizeof silu);
  else memcpy(e->code + 1, swish, sizeof swish);
  e->program = (apus_program){e->code, e->constants, &e->result, &e->result,
                              kind == SILU ? 4 : 11, 4, 1, 1, 7};
}

static void convolution(const char *name, int64_t from, int64_t to, int64_t size, int64_t kernel,
                        int64_t stride, bool depthwise, activation kind) {
  if (!strstr(name, wanted)) return;
  const int64_t pad = kernel / 2, out = (size + 2 * pad - kernel) / stride + 1;
  apus_conv_args a = {.input = {1, 0, 0}, .weight = {2, 0, 0}, .output = {3, 0, 0},
                      .variant = variant, .scratch_slot = 5, .patches_slot = 6, .batch = 1,
                      .groups = depthwise ? from : 1, .input_channels = from,
                      .output_channels = to, .input_batch_stride = from * size * size,
                      .input_channel_stride = size * size, .output_batch_stride = to * out * out,
                      .output_channel_stride = out * out, .height = size, .width = size,
                      .output_height = out, .output_width = out, .kernel_height = kernel,
                      .kernel_width = kernel, .stride_height = stride, .stride_width = stride,
                      .dilation_height = 1, .dilation_width = 1, .pad_top = pad, .pad_left = pad};
  epilogue program;
  a.epilogue.row_bias.slot = 4;
  a.epilogue.row_bias_stride = 1;
  if (kind == RELU) {
    a.epilogue.activation = APUS_ACTIVATION_RELU;
  } else if (kind == HARD_SWISH) {
    a.epilogue.activation = APUS_ACTIVATION_GATE;
    a.epilogue.scale = 1.0f / 6;
    a.epilogue.shift = 0.5f;
    a.epilogue.upper = 1;
  } else {
    make_epilogue(&program, kind, (apus_operand){3, APUS_F32, 0, {0, out * out, 1}});
    a.epilogue.program = &program.program;
  }
  const int64_t per = depthwise ? 1 : from;
  float *weight = random_floats(to * per * kernel * kernel);
  void *slots[7] = {NULL, random_floats(from * size * size), weight,
                    random_floats(to * out * out), random_floats(to)};
  uint32_t prepare = 0, chunks;
  if (depthwise) {
    chunks = apus_depthwise_chunks(&a);
    slots[5] = aligned_bytes(apus_depthwise_scratch_bytes(&a));
  } else {
    prepare = apus_conv_prepare_chunks(&a);
    chunks = apus_conv_chunks(&a);
    slots[2] = aligned_bytes(apus_conv_packed_weight_bytes(&a));
    apus_conv_pack_weight(&a, weight, slots[2]);
    deallocate(weight);
    slots[5] = aligned_bytes(apus_conv_scratch_bytes(&a));
    slots[6] = aligned_bytes(apus_conv_patches_bytes(&a));
  }
  double preparing = time_of(apus_conv_prepare_run, &a, slots, prepare);
  double running = time_of(depthwise ? apus_depthwise_run : apus_conv_run, &a, slots, chunks);
  report(name, preparing + running, 2.0 * (double)(to * out * out * per * kernel * kernel),
         4.0 * (double)(from * size * size + to * out * out), chunks);
  if (prepare)
    printf("%-34s %9.1f us in %u chunks\n", "  of it prepare", preparing * 1e6, prepare);
  for (int i = 1; i < 7; i++) deallocate(slots[i]);
}

int main(int count, char **words) {
  if (count > 1) repeats = atoi(words[1]);
  variant = count > 2 ? (uint32_t)atoi(words[2]) : (uint32_t)apus_cpu_isa();
  if (count > 3) wanted = words[3];
  measure_peak();
  printf("%s, peak %.1f GFLOP/s\n", apus_gemm_variant_at(variant)->name, peak);
  product("BERT 128x768x768", 1, 128, 768, 768, PACKED_B);
  product("BERT 128x3072x768", 1, 128, 3072, 768, PACKED_B);
  product("BERT 128x768x3072", 1, 128, 768, 3072, PACKED_B);
  product("BERT-large 128x1024x1024", 1, 128, 1024, 1024, PACKED_B);
  product("square 1024", 1, 1024, 1024, 1024, PACKED_B);
  product("square 1024, rows of B", 1, 1024, 1024, 1024, ROWS_OF_B);
  product("tall 4096x64x64", 1, 4096, 64, 64, PACKED_B);
  product("attention 12x 128x128x64, B = K^T", 12, 128, 128, 64, COLUMNS_OF_B);
  product("attention 12x 128x64x128, rows", 12, 128, 64, 128, ROWS_OF_B);
  product("decode 1x768x768", 1, 1, 768, 768, PACKED_B);
  product("decode 1x3072x768", 1, 1, 3072, 768, PACKED_B);
  product("decode 1x50257x768", 1, 1, 50257, 768, PACKED_B);
  product("decode 1x50257x768, columns of B", 1, 1, 50257, 768, COLUMNS_OF_B);
  product("decode 4x50257x768", 1, 4, 50257, 768, PACKED_B);
  product("decode attention 12x 1x512x64 K^T", 12, 1, 512, 64, COLUMNS_OF_B);
  product("decode attention 12x 1x64x512", 12, 1, 64, 512, ROWS_OF_B);
  convolution("stem 7x7 s2 3-64 224", 3, 64, 224, 7, 2, false, RELU);
  convolution("3x3 64-64 56", 64, 64, 56, 3, 1, false, RELU);
  convolution("1x1 64-256 56", 64, 256, 56, 1, 1, false, RELU);
  convolution("1x1 256-64 56", 256, 64, 56, 1, 1, false, RELU);
  convolution("1x1 s2 256-512 56", 256, 512, 56, 1, 2, false, RELU);
  convolution("3x3 128-128 28", 128, 128, 28, 3, 1, false, RELU);
  convolution("3x3 s2 128-128 56", 128, 128, 56, 3, 2, false, RELU);
  convolution("3x3 256-256 14", 256, 256, 14, 3, 1, false, RELU);
  convolution("3x3 512-512 7", 512, 512, 7, 3, 1, false, RELU);
  convolution("1x1 2048-512 7", 2048, 512, 7, 1, 1, false, RELU);
  convolution("1x1 512-2048 7", 512, 2048, 7, 1, 1, false, RELU);
  convolution("depthwise 3x3 32 112", 32, 32, 112, 3, 1, true, RELU);
  convolution("depthwise 3x3 s2 64 112", 64, 64, 112, 3, 2, true, RELU);
  convolution("depthwise 3x3 128 56", 128, 128, 56, 3, 1, true, RELU);
  convolution("depthwise 3x3 512 14", 512, 512, 14, 3, 1, true, RELU);
  convolution("depthwise 5x5 240 28", 240, 240, 28, 5, 1, true, RELU);
  convolution("depthwise 5x5 672 14", 672, 672, 14, 5, 1, true, RELU);
  convolution("depthwise 5x5 960 7", 960, 960, 7, 5, 1, true, RELU);
  convolution("1x1 112-672 14", 112, 672, 14, 1, 1, false, RELU);
  convolution("1x1 112-672 14, hard-swish", 112, 672, 14, 1, 1, false, HARD_SWISH);
  convolution("1x1 112-672 14, silu", 112, 672, 14, 1, 1, false, SILU);
  convolution("1x1 160-960 7, hard-swish", 160, 960, 7, 1, 1, false, HARD_SWISH);
  convolution("1x1 960-160 7", 960, 160, 7, 1, 1, false, RELU);
  convolution("1x1 16-96 112, silu", 16, 96, 112, 1, 1, false, SILU);
  convolution("stem 3x3 s2 3-16 224, hard-swish", 3, 16, 224, 3, 2, false, HARD_SWISH);
  convolution("depthwise 3x3 672 14, hard-swish", 672, 672, 14, 3, 1, true, HARD_SWISH);
  convolution("depthwise 5x5 960 7, hard-swish", 960, 960, 7, 5, 1, true, HARD_SWISH);
  convolution("depthwise 5x5 672 14, silu", 672, 672, 14, 5, 1, true, SILU);
  convolution("1x1 16-64 112", 16, 64, 112, 1, 1, false, RELU);
  convolution("1x1 64-24 56", 64, 24, 56, 1, 1, false, RELU);
  convolution("1x1 40-240 28, hard-swish", 40, 240, 28, 1, 1, false, HARD_SWISH);
  convolution("1x1 200-80 14", 200, 80, 14, 1, 1, false, RELU);
  convolution("squeeze 1x1 960-240 1", 960, 240, 1, 1, 1, false, RELU);
  convolution("squeeze 1x1 240-960 1", 240, 960, 1, 1, 1, false, RELU);
  return 0;
}
