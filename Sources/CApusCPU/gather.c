#include "apus_gather.h"
#include "kernel_common.h"

#include <string.h>

// The index at a position, wrapped; -1 where it is out of range, which is reported.
static int64_t index_at(void *const *slots, apus_buffer indices, int64_t position,
                        int64_t extent) {
  int64_t index;
  if (indices.element == APUS_I32) {
    index = *(const int32_t *)apus_at(slots, indices.slot, indices.offset + position, 4);
  } else {
    index = *(const int64_t *)apus_at(slots, indices.slot, indices.offset + position, 8);
  }
  int64_t wrapped = index < 0 ? index + extent : index;
  if (wrapped >= 0 && wrapped < extent) return wrapped;
  apus_refuse(slots, APUS_INDEX_OUT_OF_RANGE, index, extent);
  return -1;
}

static void move(void *const *slots, apus_buffer source, int64_t from, apus_buffer target,
                 int64_t to, int64_t count, uint32_t size, bool zero) {
  char *y = apus_at(slots, target.slot, target.offset + to, size);
  if (zero) {
    memset(y, 0, (size_t)count * size);
  } else {
    memcpy(y, apus_at(slots, source.slot, source.offset + from, size), (size_t)count * size);
  }
}

uint32_t apus_gather_chunks(const apus_gather_args *args) {
  int64_t rows = args->outer * args->count;
  if (rows <= 0 || args->inner <= 0) return 0;
  return (uint32_t)apus_ceiling(rows, apus_rows_per_chunk(args->inner));
}

void apus_gather_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_gather_args *args = arguments;
  int64_t per = apus_rows_per_chunk(args->inner);
  int64_t end = apus_least(args->outer * args->count, (chunk + 1) * per);
  for (int64_t row = chunk * per; row < end; row++) {
    int64_t outer = row / args->count;
    int64_t index = index_at(slots, args->indices, row % args->count, args->axis);
    move(slots, args->source, (outer * args->axis + index) * args->inner, args->target,
         row * args->inner, args->inner, args->element_size, index < 0);
  }
}

static int64_t element_chunk(void) { return APUS_CHUNK_ELEMENTS / 4; }

uint32_t apus_gather_elements_chunks(const apus_gather_elements_args *args) {
  return (uint32_t)apus_ceiling(apus_most(0, apus_product(args->extent, args->rank)),
                                element_chunk());
}

void apus_gather_elements_run(const void *arguments, void *const *slots, uint32_t chunk,
                              uint32_t worker) {
  (void)worker;
  const apus_gather_elements_args *args = arguments;
  uint32_t rank = args->rank, size = args->element_size;
  int64_t position = chunk * element_chunk();
  int64_t end = apus_least(apus_product(args->extent, rank), position + element_chunk());
  int64_t at[APUS_MAX_RANK] = {0};
  apus_coordinates(position, args->extent, rank, at);
  int64_t axis_stride = args->source_stride[args->axis];
  const char *source = apus_at(slots, args->source.slot, args->source.offset, size);
  char *target = apus_at(slots, args->target.slot, args->target.offset, size);
  while (position < end) {
    // A run along the last dimension shares all other coordinates.
    int64_t count = apus_least(args->extent[rank - 1] - at[rank - 1], end - position);
    int64_t base = apus_dot(at, args->source_stride, rank) - at[args->axis] * axis_stride;
    int64_t step = args->axis == rank - 1 ? 0 : args->source_stride[rank - 1];
    for (int64_t i = 0; i < count; i++) {
      int64_t index = index_at(slots, args->indices, position + i, args->axis_extent);
      char *to = target + (position + i) * size;
      const char *from = source + (base + i * step + (index < 0 ? 0 : index) * axis_stride) * size;
      if (index < 0) {
        memset(to, 0, size);
      } else if (size == 4) {
        memcpy(to, from, 4);
      } else if (size == 8) {
        memcpy(to, from, 8);
      } else {
        memcpy(to, from, size);
      }
    }
    position += count;
    at[rank - 1] += count - 1;
    apus_advance(args->extent, rank, at);
  }
}

uint32_t apus_gather_nd_chunks(const apus_gather_nd_args *args) {
  int64_t rows = args->batches * args->count;
  if (rows <= 0 || args->slice <= 0) return 0;
  return (uint32_t)apus_ceiling(rows, apus_rows_per_chunk(args->slice));
}

void apus_gather_nd_run(const void *arguments, void *const *slots, uint32_t chunk,
                        uint32_t worker) {
  (void)worker;
  const apus_gather_nd_args *args = arguments;
  int64_t per = apus_rows_per_chunk(args->slice);
  int64_t end = apus_least(args->batches * args->count, (chunk + 1) * per);
  int64_t batch_size = apus_product(args->extent, args->depth) * args->slice;
  for (int64_t row = chunk * per; row < end; row++) {
    int64_t offset = 0;
    bool refused = false;
    for (uint32_t d = 0; d < args->depth; d++) {
      int64_t index = index_at(slots, args->indices, row * args->depth + d, args->extent[d]);
      refused |= index < 0;
      offset = offset * args->extent[d] + (index < 0 ? 0 : index);
    }
    move(slots, args->source, row / args->count * batch_size + offset * args->slice, args->target,
         row * args->slice, args->slice, args->element_size, refused);
  }
}
