// Compares copies, fills, gathers, scans with loops, bit by bit, and pooling in double precision.
// These kernels have no floating-point order of their own, so that all results are exact but the
// averages.
#include "kernels_harness.h"

enum { SOURCE = 1, TARGET, INDICES, SLOTS };

static const uint32_t sizes[] = {1, 2, 4, 8, 16};

static void check_bytes(const void *got, const void *want, size_t size, const char *what) {
  for (size_t i = 0; i < size; i++) {
    if (((const uint8_t *)got)[i] != ((const uint8_t *)want)[i])
      FAIL("%s %s: byte %zu of %zu differs", current_isa, what, i, size);
  }
}

static void release(void **slots, void *wanted) {
  for (int i = 1; i < SLOTS; i++) deallocate(slots[i]);
  deallocate(wanted);
}

static uint32_t random_extents(int64_t *extent) {
  const uint32_t rank = (uint32_t)random_below(random_below(2) ? 4 : APUS_MAX_RANK + 1);
  int64_t room = random_below(40) ? 4000 : 300000;
  for (uint32_t d = 0; d < rank; d++) {
    extent[d] = apus_least(room, random_length(random_below(3) ? 20 : apus_most(1, room)));
    room = apus_most(1, room / apus_most(1, extent[d]));
  }
  return rank;
}

static void copy(void) {
  apus_copy_args a = {.source = SOURCE, .target = TARGET, .element_size = sizes[random_below(5)]};
  a.rank = random_extents(a.extent);
  layout in = random_layout(a.extent, a.rank, false), out = random_layout(a.extent, a.rank, true);
  memcpy(a.source_stride, in.stride, sizeof in.stride);
  memcpy(a.target_stride, out.stride, sizeof out.stride);
  a.source_offset = in.offset, a.target_offset = out.offset;
  apus_status status = {0};
  const size_t size = a.element_size, bytes = (size_t)out.size * size;
  void *slots[SLOTS] = {&status, random_bytes((size_t)in.size * size), random_bytes(bytes)};
  char *want = copy_of(slots[TARGET], bytes);
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t i = apus_product(a.extent, a.rank); i > 0; i--, apus_advance(a.extent, a.rank, at)) {
    memcpy(want + place_of(&out, at, a.rank) * (int64_t)size,
           (char *)slots[SOURCE] + place_of(&in, at, a.rank) * (int64_t)size, size);
  }
  run_chunks(apus_copy_run, &a, slots, apus_copy_chunks(&a));
  check_bytes(slots[TARGET], want, bytes, "copy");
  release(slots, want);
}

static void fill(void) {
  apus_fill_args a = {.target = TARGET, .element_size = sizes[random_below(5)]};
  a.rank = random_extents(a.extent);
  layout out = random_layout(a.extent, a.rank, true);
  memcpy(a.target_stride, out.stride, sizeof out.stride);
  a.target_offset = out.offset;
  for (int i = 0; i < 16; i++) a.pattern[i] = (uint8_t)random_bits();
  apus_status status = {0};
  const size_t size = a.element_size, bytes = (size_t)out.size * size;
  void *slots[SLOTS] = {&status, NULL, random_bytes(bytes)};
  char *want = copy_of(slots[TARGET], bytes);
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t i = apus_product(a.extent, a.rank); i > 0; i--, apus_advance(a.extent, a.rank, at)) {
    memcpy(want + place_of(&out, at, a.rank) * (int64_t)size, a.pattern, size);
  }
  run_chunks(apus_fill_run, &a, slots, apus_fill_chunks(&a));
  check_bytes(slots[TARGET], want, bytes, "fill");
  release(slots, want);
}

// Indices of either type; `broken`: the last one out of range.
static apus_buffer random_indices(void **slots, int64_t count, const int64_t *limits,
                                  int64_t period, int64_t *broken) {
  const bool narrow = random_below(2);
  apus_buffer b = {INDICES, narrow ? APUS_I32 : APUS_I64, random_below(3)};
  slots[INDICES] = random_bytes((size_t)(count + b.offset) * 8);
  *broken = 0;
  const bool breaks = random_below(6) == 0;
  for (int64_t i = 0; i < count; i++) {
    const int64_t limit = limits[i % period];
    int64_t index = limit > 0 ? random_between(-limit, limit - 1) : 0;
    const bool wrong = limit == 0 || (breaks && random_below(count) == 0);
    if (wrong) {
      static const int64_t far[] = {0, 1, 1000, 0x7fffffff};
      index = random_below(2) ? limit + far[random_below(3)] : -limit - 1 - far[random_below(4)];
      if (!narrow && random_below(3) == 0) index = random_below(2) ? INT64_MAX : INT64_MIN;
      if (narrow && index < INT32_MIN) index = INT32_MIN;
      ++*broken;
    }
    if (narrow) ((int32_t *)slots[INDICES])[i + b.offset] = (int32_t)index;
    else ((int64_t *)slots[INDICES])[i + b.offset] = index;
  }
  return b;
}

// The index as it counts from the start, -1 where it is out of range.
static int64_t index_of(void *const *slots, apus_buffer b, int64_t i, int64_t limit) {
  int64_t index = b.element == APUS_I32 ? ((int32_t *)slots[INDICES])[i + b.offset]
                                        : ((int64_t *)slots[INDICES])[i + b.offset];
  if (index < 0) index += limit;
  return index >= 0 && index < limit ? index : -1;
}

static void check_status(const apus_status *status, int64_t broken) {
  if ((status->code == APUS_INDEX_OUT_OF_RANGE) != (broken > 0)) FAIL("status %d", status->code);
  if (broken && status->value >= -status->limit && status->value < status->limit)
    FAIL("status names %ld of %ld", (long)status->value, (long)status->limit);
}

static void gather(void) {
  apus_gather_args a = {.element_size = sizes[random_below(5)]};
  a.outer = random_below(20) ? random_between(1, 8) : 0;
  a.axis = random_below(20) ? random_between(1, 30) : 0;
  a.inner = random_below(20) ? random_between(1, random_below(20) ? 40 : 20000) : 0;
  a.count = random_below(20) ? random_between(1, random_below(20) || a.inner > 99 ? 20 : 9000) : 0;
  a.source = (apus_buffer){SOURCE, 0, random_below(3)};
  a.target = (apus_buffer){TARGET, 0, random_below(3)};
  apus_status status = {0};
  const int64_t size = a.element_size, bytes = (a.target.offset + a.outer * a.count * a.inner) * size;
  void *slots[SLOTS] = {&status};
  slots[SOURCE] = random_bytes((size_t)((a.source.offset + a.outer * a.axis * a.inner) * size));
  slots[TARGET] = random_bytes((size_t)bytes);
  int64_t broken;
  a.indices = random_indices(slots, a.count, &a.axis, 1, &broken);
  if (a.outer == 0 || a.inner == 0) broken = 0;
  char *want = copy_of(slots[TARGET], (size_t)bytes);
  for (int64_t o = 0; o < a.outer; o++)
    for (int64_t k = 0; k < a.count; k++) {
      const int64_t index = index_of(slots, a.indices, k, a.axis);
      char *to = want + (a.target.offset + (o * a.count + k) * a.inner) * size;
      const char *from =
        (char *)slots[SOURCE] + (a.source.offset + (o * a.axis + index) * a.inner) * size;
      if (index < 0) memset(to, 0, (size_t)(a.inner * size));
      else memcpy(to, from, (size_t)(a.inner * size));
    }
  run_chunks(apus_gather_run, &a, slots, apus_gather_chunks(&a));
  check_bytes(slots[TARGET], want, (size_t)bytes, "gather");
  check_status(&status, broken);
  release(slots, want);
}

static void gather_elements(void) {
  apus_gather_elements_args a = {.element_size = sizes[random_below(5)]};
  while (a.rank == 0) a.rank = random_extents(a.extent);
  a.axis = (uint32_t)random_below(a.rank);
  a.axis_extent = random_below(20) ? random_between(1, 30) : 0;
  int64_t extent[APUS_MAX_RANK];
  memcpy(extent, a.extent, sizeof extent);
  extent[a.axis] = a.axis_extent;
  layout in = random_layout(extent, a.rank, false);
  memcpy(a.source_stride, in.stride, sizeof in.stride);
  a.source = (apus_buffer){SOURCE, 0, in.offset};
  a.target = (apus_buffer){TARGET, 0, random_below(3)};
  apus_status status = {0};
  const int64_t size = a.element_size, count = apus_product(a.extent, a.rank);
  const int64_t bytes = (a.target.offset + count) * size;
  void *slots[SLOTS] = {&status, random_bytes((size_t)(in.size * size)), random_bytes((size_t)bytes)};
  int64_t broken;
  a.indices = random_indices(slots, count, &a.axis_extent, 1, &broken);
  char *want = copy_of(slots[TARGET], (size_t)bytes);
  int64_t at[APUS_MAX_RANK] = {0};
  for (int64_t i = 0; i < count; i++, apus_advance(a.extent, a.rank, at)) {
    int64_t from[APUS_MAX_RANK];
    memcpy(from, at, sizeof at);
    from[a.axis] = index_of(slots, a.indices, i, a.axis_extent);
    char *to = want + (a.target.offset + i) * size;
    if (from[a.axis] < 0) memset(to, 0, (size_t)size);
    else memcpy(to, (char *)slots[SOURCE] + place_of(&in, from, a.rank) * size, (size_t)size);
  }
  run_chunks(apus_gather_elements_run, &a, slots, apus_gather_elements_chunks(&a));
  check_bytes(slots[TARGET], want, (size_t)bytes, "gather elements");
  check_status(&status, broken);
  release(slots, want);
}

static void gather_nd(void) {
  apus_gather_nd_args a = {.element_size = sizes[random_below(5)],
                           .depth = (uint32_t)random_below(4)};
  a.batches = random_below(20) ? random_between(1, 5) : 0;
  a.count = random_below(20) ? random_between(1, random_below(20) ? 30 : 9000) : 0;
  a.slice = random_below(20) ? random_between(1, 40) : 0;
  for (uint32_t d = 0; d < a.depth; d++) a.extent[d] = random_below(30) ? random_between(1, 6) : 0;
  a.source = (apus_buffer){SOURCE, 0, random_below(3)};
  a.target = (apus_buffer){TARGET, 0, random_below(3)};
  const int64_t size = a.element_size, batch = apus_product(a.extent, a.depth) * a.slice;
  const int64_t bytes = (a.target.offset + a.batches * a.count * a.slice) * size;
  apus_status status = {0};
  void *slots[SLOTS] = {&status};
  slots[SOURCE] = random_bytes((size_t)((a.source.offset + a.batches * batch) * size));
  slots[TARGET] = random_bytes((size_t)bytes);
  int64_t broken;
  const int64_t tuples = a.batches * a.count;
  a.indices = random_indices(slots, tuples * a.depth, a.extent, a.depth, &broken);
  if (a.slice == 0) broken = 0;
  char *want = copy_of(slots[TARGET], (size_t)bytes);
  for (int64_t t = 0; t < tuples; t++) {
    int64_t offset = 0;
    bool refused = false;
    for (uint32_t d = 0; d < a.depth; d++) {
      int64_t index = index_of(slots, a.indices, t * a.depth + d, a.extent[d]);
      refused |= index < 0;
      offset = offset * a.extent[d] + index;
    }
    char *to = want + (a.target.offset + t * a.slice) * size;
    const size_t part = (size_t)(a.slice * size);
    if (refused) memset(to, 0, part);
    else memcpy(to, (char *)slots[SOURCE] +
                        (a.source.offset + t / a.count * batch + offset * a.slice) * size, part);
  }
  run_chunks(apus_gather_nd_run, &a, slots, apus_gather_nd_chunks(&a));
  check_bytes(slots[TARGET], want, (size_t)bytes, "gather nd");
  check_status(&status, broken);
  release(slots, want);
}

static void scan(void) {
  apus_scan_args a = {.exclusive = (uint32_t)random_below(2), .reverse = (uint32_t)random_below(2)};
  const bool integers = random_below(2);
  a.outer = random_below(20) ? random_between(1, random_below(20) ? 6 : 20000) : 0;
  a.length = random_below(20) ? random_between(1, 40) : 0;
  a.inner = random_below(20) ? random_between(1, random_below(2) ? 1 : 9) : 0;
  const int64_t count = a.outer * a.length * a.inner;
  a.input = (apus_buffer){SOURCE, integers ? APUS_I64 : APUS_F32, random_below(3)};
  a.output = (apus_buffer){TARGET, a.input.element, random_below(3)};
  if (random_below(3) == 0) a.output = a.input;
  const size_t size = integers ? 8 : 4, bytes = (size_t)(count + a.output.offset) * size;
  apus_status status = {0};
  void *slots[SLOTS] = {&status};
  slots[SOURCE] = integers ? random_bytes((size_t)(count + 3) * size) : random_floats(count + 3);
  slots[TARGET] = random_bytes(bytes);
  char *want = copy_of(slots[a.output.slot], bytes);
  for (int64_t line = 0; line < a.outer * (a.length ? a.inner : 0); line++) {
    const int64_t base = line / a.inner * a.length * a.inner + line % a.inner;
    double sum = 0;
    uint64_t total = 0;
    for (int64_t i = 0; i < a.length; i++) {
      const int64_t at = base + (a.reverse ? a.length - 1 - i : i) * a.inner;
      const double before = sum;
      const uint64_t earlier = total;
      if (integers) total += ((uint64_t *)slots[SOURCE])[at + a.input.offset];
      else sum += (double)((float *)slots[SOURCE])[at + a.input.offset];
      if (integers) ((uint64_t *)(void *)want)[at + a.output.offset] = a.exclusive ? earlier : total;
      else ((float *)(void *)want)[at + a.output.offset] = (float)(a.exclusive ? before : sum);
    }
  }
  run_chunks(apus_scan_run, &a, slots, apus_scan_chunks(&a));
  check_bytes(slots[a.output.slot], want, bytes, "scan");
  release(slots, want);
}

static int64_t windows(int64_t input, int64_t kernel, int64_t stride, int64_t dilation,
                       int64_t pads) {
  const int64_t room = input + pads - (kernel - 1) * dilation - 1;
  return room < 0 ? 0 : room / stride + 1 + (random_below(4) == 0);  // at times rounded up
}

static void pooling(void) {
  apus_pooling_args a = {.kind = (uint32_t)random_below(2),
                         .count_include_pad = (uint32_t)random_below(2)};
  const bool flat = random_below(5) == 0;
  a.planes = random_below(30) ? random_between(1, 9) : 0;
  a.height = flat ? 1 : random_between(1, 20);
  a.width = random_between(1, random_below(3) ? 20 : 90);
  a.kernel_height = flat ? 1 : random_between(1, 5), a.kernel_width = random_between(1, 5);
  a.stride_height = random_between(1, 3), a.stride_width = random_between(1, 3);
  a.dilation_height = random_between(1, 2), a.dilation_width = random_between(1, 2);
  if (random_below(2)) {
    a.pad_top = flat ? 0 : random_between(0, 4), a.pad_bottom = flat ? 0 : random_between(0, 4);
    a.pad_left = random_between(0, 4), a.pad_right = random_between(0, 4);
  }
  a.output_height = flat ? 1 : windows(a.height, a.kernel_height, a.stride_height,
                                       a.dilation_height, a.pad_top + a.pad_bottom);
  a.output_width = windows(a.width, a.kernel_width, a.stride_width, a.dilation_width,
                           a.pad_left + a.pad_right);
  a.input = (apus_buffer){SOURCE, APUS_F32, random_below(3)};
  a.output = (apus_buffer){TARGET, APUS_F32, random_below(3)};
  const int64_t in = a.height * a.width, out = a.output_height * a.output_width;
  apus_status status = {0};
  void *slots[SLOTS] = {&status, random_floats(a.input.offset + a.planes * in),
                        random_floats(a.output.offset + a.planes * out)};
  float *input = (float *)slots[SOURCE] + a.input.offset;
  if (a.planes && random_below(10) == 0) input[random_below(a.planes * in)] = NAN;
  run_chunks(apus_pooling_run, &a, slots, apus_pooling_chunks(&a));
  const float *output = (const float *)slots[TARGET] + a.output.offset;
  for (int64_t i = 0; i < a.planes * out; i++) {
    const float *plane = input + i / out * in;
    double largest = -INFINITY, sum = 0;
    int64_t elements = 0, padded = 0;
    for (int64_t v = 0; v < a.kernel_height; v++)
      for (int64_t u = 0; u < a.kernel_width; u++) {
        int64_t y = i % out / a.output_width * a.stride_height - a.pad_top + v * a.dilation_height;
        int64_t x = i % a.output_width * a.stride_width - a.pad_left + u * a.dilation_width;
        padded += y < a.height + a.pad_bottom && x < a.width + a.pad_right;
        if (y < 0 || y >= a.height || x < 0 || x >= a.width) continue;
        const double value = (double)plane[y * a.width + x];
        elements++;
        sum += value;
        largest = isnan(largest) || isnan(value) ? NAN : fmax(largest, value);
      }
    const int64_t count = a.count_include_pad ? padded : elements;
    double want = a.kind == APUS_POOL_MAX ? largest : count ? sum / (double)count : 0;
    double tolerance = a.kind == APUS_POOL_MAX ? 0 : 2e-6;
    const double got = (double)output[i];
    if (isnan(want) ? !isnan(got) : !(got == want || fabs(got - want) <= tolerance))
      FAIL("%s pooling: got %g, expected %g", current_isa, got, want);
  }
  release(slots, NULL);
}

static void test(int rounds) {
  static void (*const problems[])(void) = {copy, fill, gather, gather_elements, gather_nd, scan,
                                           pooling};
  for (size_t p = 0; p < sizeof problems / sizeof *problems; p++) {
    for (int i = 0; i < rounds; i++) problems[p]();
  }
  printf("copies, fills, gathers, scans, pooling %s: 7 x %d problems fine\n", current_isa, rounds);
}

int main(int count, char **words) {
  for_every_isa(test, rounds_of(count, words));
  return 0;
}
