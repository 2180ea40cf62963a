// Compares convolutions with a naive reference in double precision.
#include "harness.h"

enum { INPUT = 1, WEIGHT, OUTPUT, COLUMN_BIAS, ROW_BIAS, RESIDUAL, OTHER, SCRATCH, PATCHES, SLOTS };

static int64_t extent_of(int64_t input, int64_t kernel, int64_t stride, int64_t dilation,
                         int64_t pads) {
  int64_t room = input + pads - (kernel - 1) * dilation - 1;
  return room < 0 ? 0 : room / stride + 1;
}

static apus_conv_args random_problem(uint32_t variant, bool depthwise) {
  apus_conv_args a = {.variant = variant, .scratch_slot = SCRATCH, .patches_slot = PATCHES};
  a.batch = random_below(40) ? random_between(1, 3) : 0;
  if (depthwise) {
    a.groups = a.input_channels = random_between(1, 9);
    a.output_channels = a.groups * random_between(1, 3);
  } else {
    a.groups = random_below(3) ? 1 : random_between(2, 3);
    a.input_channels = a.groups * random_between(1, random_below(3) ? 8 : 70);
    a.output_channels = a.groups * random_between(1, random_below(3) ? 20 : 150);
  }
  const bool flat = random_below(6) == 0;
  const bool point = random_below(4) == 0;
  a.width = random_between(1, random_below(4) ? 20 : 70);
  a.height = flat ? 1 : random_between(1, 20);
  a.kernel_width = point ? 1 : random_between(1, 5);
  a.kernel_height = flat || point ? 1 : random_between(1, 5);
  a.stride_width = random_below(2) ? 1 : random_between(1, 3);
  a.stride_height = flat ? 1 : random_below(2) ? a.stride_width : random_between(1, 3);
  a.dilation_width = random_below(3) ? 1 : random_between(1, 3);
  a.dilation_height = flat ? 1 : random_between(1, 2);
  a.pad_left = random_below(2) ? 0 : random_between(0, 4);
  a.pad_top = flat || random_below(2) ? 0 : random_between(0, 4);
  a.output_width = extent_of(a.width, a.kernel_width, a.stride_width, a.dilation_width,
                             a.pad_left + (random_below(2) ? 0 : random_between(0, 4)));
  a.output_height = extent_of(a.height, a.kernel_height, a.stride_height, a.dilation_height,
                              a.pad_top + (flat || random_below(2) ? 0 : random_between(0, 4)));
  a.input_channel_stride = a.height * a.width + random_below(3);
  a.input_batch_stride = a.input_channels * a.input_channel_stride + random_below(3);
  a.output_channel_stride = a.output_height * a.output_width + random_below(3);
  a.output_batch_stride = a.output_channels * a.output_channel_stride + random_below(3);
  a.input = (apus_buffer){INPUT, APUS_F32, random_below(3)};
  a.weight.slot = WEIGHT;
  a.output = (apus_buffer){OUTPUT, APUS_F32, random_below(3)};
  return a;
}

static double expected(const apus_conv_args *a, void *const *slots, const float *weight,
                       const float *before, int64_t b, int64_t o, int64_t y, int64_t x,
                       double *tolerance) {
  const float *input = (const float *)slots[INPUT] + a->input.offset;
  const int64_t channels = a->input_channels / a->groups, per = a->output_channels / a->groups;
  double sum = 0, size = 0;
  for (int64_t c = 0; c < channels; c++)
    for (int64_t i = 0; i < a->kernel_height; i++)
      for (int64_t j = 0; j < a->kernel_width; j++) {
        int64_t v = y * a->stride_height - a->pad_top + i * a->dilation_height;
        int64_t u = x * a->stride_width - a->pad_left + j * a->dilation_width;
        if (v < 0 || v >= a->height || u < 0 || u >= a->width) continue;
        double product =
            (double)weight[((o * channels + c) * a->kernel_height + i) * a->kernel_width + j] *
            input[b * a->input_batch_stride + (o / per * channels + c) * a->input_channel_stride +
                  v * a->width + u];
        sum += product;
        size += fabs(product);
      }
  const apus_epilogue *e = &a->epilogue;
  const int64_t column = y * a->output_width + x;
  const int64_t at = b * a->output_batch_stride + o * a->output_channel_stride + column;
  if (e->column_bias.slot) sum += ((float *)slots[COLUMN_BIAS])[column * e->column_bias_stride];
  if (e->row_bias.slot) sum += ((float *)slots[ROW_BIAS])[o * e->row_bias_stride];
  if (e->residual.slot == RESIDUAL) sum += ((float *)slots[RESIDUAL])[at];
  if (e->residual.slot == OUTPUT) sum += before[at + a->output.offset];
  if (e->activation == APUS_ACTIVATION_RELU) sum = fmax(sum, 0);
  if (e->activation == APUS_ACTIVATION_CLAMP) sum = fmin(fmax(sum, e->lower), e->upper);
  *tolerance = 1e-6 * (size + 3);
  if (e->activation == APUS_ACTIVATION_GATE) {
    sum *= fmin(fmax(e->scale * sum + e->shift, e->lower), e->upper);
    *tolerance *= 3;
  }
  if (e->program) {
    *tolerance = 3 * *tolerance * (fabs(sum) + 1);
    sum = sum * sum + ((float *)slots[OTHER])[o];
  }
  return sum;
}

static void run_one(uint32_t variant, bool depthwise) {
  apus_conv_args a = random_problem(variant, depthwise);
  const int64_t columns = a.output_height * a.output_width;
  const int64_t output_size =
      a.batch && columns ? a.output.offset + a.batch * a.output_batch_stride : 0;
  const int64_t weight_size = a.output_channels * (a.input_channels / a.groups) * a.kernel_height *
                              a.kernel_width;
  apus_status status = {0};
  void *slots[SLOTS] = {&status};
  float *weight = random_floats(weight_size);
  slots[INPUT] = random_floats(a.input.offset + a.batch * a.input_batch_stride);
  slots[OUTPUT] = random_floats(output_size);
  slots[RESIDUAL] = random_floats(output_size);

  apus_epilogue *e = &a.epilogue;
  if (random_below(4) == 0) e->column_bias.slot = COLUMN_BIAS;
  e->column_bias_stride = random_below(3);
  slots[COLUMN_BIAS] = random_floats(1 + 2 * columns);
  if (random_below(2)) e->row_bias.slot = ROW_BIAS;
  e->row_bias_stride = random_below(3);
  slots[ROW_BIAS] = random_floats(1 + (a.output_channels - 1) * e->row_bias_stride);
  if (random_below(3) == 0) e->residual.slot = RESIDUAL;
  else if (random_below(3) == 0) e->residual = a.output;
  e->activation = (uint32_t)random_below(4);
  e->scale = 0.7f;
  e->shift = 0.4f;
  e->lower = -0.5f;
  e->upper = 0.75f;
  slots[OTHER] = random_floats(a.output_channels);
  square_program square;
  if (random_below(3) == 0) {
    apus_operand result = {OUTPUT, APUS_F32, a.output.offset,
                           {a.output_batch_stride, a.output_channel_stride, 1}};
    make_square(&square, result, (apus_operand){OTHER, APUS_F32, 0, {0, 1, 0}});
    e->program = &square.program;
  }
  float *before = allocate((size_t)output_size * sizeof(float) + 1);
  bool *touched = allocate((size_t)output_size + 1);
  memcpy(before, slots[OUTPUT], (size_t)output_size * sizeof(float));

  if (depthwise) {
    slots[WEIGHT] = allocate((size_t)weight_size * sizeof(float));
    memcpy(slots[WEIGHT], weight, (size_t)weight_size * sizeof(float));
    slots[SCRATCH] = aligned_bytes(3 * apus_depthwise_scratch_bytes(&a));
    run_chunks(apus_depthwise_run, &a, slots, apus_depthwise_chunks(&a));
  } else {
    slots[WEIGHT] = aligned_bytes(apus_conv_packed_weight_bytes(&a));
    apus_conv_pack_weight(&a, weight, slots[WEIGHT]);
    slots[SCRATCH] = aligned_bytes(3 * apus_conv_scratch_bytes(&a));
    slots[PATCHES] = aligned_bytes(apus_conv_patches_bytes(&a));
    run_chunks(apus_conv_prepare_run, &a, slots, apus_conv_prepare_chunks(&a));
    run_chunks(apus_conv_run, &a, slots, apus_conv_chunks(&a));
  }
  const float *output = slots[OUTPUT];
  for (int64_t b = 0; b < a.batch; b++)
    for (int64_t o = 0; o < a.output_channels; o++)
      for (int64_t column = 0; column < columns; column++) {
        double tolerance;
        double want = expected(&a, slots, weight, before, b, o, column / a.output_width,
                               column % a.output_width, &tolerance);
        int64_t at =
            a.output.offset + b * a.output_batch_stride + o * a.output_channel_stride + column;
        touched[at] = true;
        if (!(fabs(output[at] - want) <= tolerance))
          fprintf(stderr, "variant %u depthwise %d: at image %ld channel %ld column %ld\n", variant,
                  depthwise, (long)b, (long)o, (long)column);
        check(output[at], want, tolerance, "convolution");
      }
  for (int64_t i = 0; i < output_size; i++)
    if (!touched[i]) check(output[i], before[i], 0, "element outside the result");
  deallocate(weight);
  deallocate(before);
  deallocate(touched);
  for (int i = INPUT; i < SLOTS; i++) deallocate(slots[i]);
}

int main(int count, char **words) {
  int rounds = rounds_of(count, words);
  for (uint32_t v = 0; v < apus_gemm_variant_count(); v++) {
    const apus_gemm_variant *variant = apus_gemm_variant_at(v);
    if (variant->isa > apus_cpu_isa()) continue;
    random_state = random_seed;
    for (int i = 0; i < rounds; i++) run_one(v, false);
    for (int i = 0; i < rounds; i++) run_one(v, true);
    printf("convolutions %s: 2 x %d problems fine\n", variant->name, rounds);
  }
  return 0;
}
