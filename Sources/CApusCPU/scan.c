#include "apus_scan.h"
#include "kernel_common.h"

static int64_t lines_per_chunk(const apus_scan_args *args) {
  return apus_rows_per_chunk(args->length);
}

uint32_t apus_scan_chunks(const apus_scan_args *args) {
  int64_t lines = args->outer * args->inner;
  if (lines <= 0 || args->length <= 0) return 0;
  return (uint32_t)apus_ceiling(lines, lines_per_chunk(args));
}

#define SCAN(type, sum_type)                                                     \
  {                                                                              \
    const type *x = apus_at(slots, args->input.slot, base + args->input.offset, sizeof(type)); \
    type *y = apus_at(slots, args->output.slot, base + args->output.offset, sizeof(type));     \
    sum_type sum = 0;                                                            \
    for (int64_t i = 0; i < args->length; i++) {                                 \
      int64_t at = (args->reverse ? args->length - 1 - i : i) * args->inner;     \
      sum_type next = sum + (sum_type)x[at];                                     \
      y[at] = (type)(args->exclusive ? sum : next);                              \
      sum = next;                                                                \
    }                                                                            \
  }

void apus_scan_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_scan_args *args = arguments;
  int64_t per = lines_per_chunk(args);
  int64_t end = apus_least(args->outer * args->inner, (chunk + 1) * per);
  for (int64_t line = chunk * per; line < end; line++) {
    int64_t base = line / args->inner * args->length * args->inner + line % args->inner;
    if (args->input.element == APUS_I64) {
      SCAN(int64_t, uint64_t)
    } else {
      SCAN(float, double)
    }
  }
}
