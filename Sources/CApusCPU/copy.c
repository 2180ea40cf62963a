#include "apus_copy.h"
#include "kernel_common.h"

#include <string.h>

typedef struct {
  uint8_t bytes[16];
} wide;

// Rows of the innermost dimension of the widest use; a chunk is a block of rows, or of columns where
// rows are long.
typedef struct {
  int64_t rows, row_block, row_blocks, columns, column_block, column_blocks;
} split;

static split split_of(const int64_t *extent, uint32_t rank) {
  split s;
  s.columns = rank ? extent[rank - 1] : 1;
  s.rows = rank ? apus_product(extent, rank - 1) : 1;
  s.column_block = apus_most(1, apus_least(s.columns, APUS_CHUNK_ELEMENTS * 4));
  s.column_blocks = apus_ceiling(s.columns, s.column_block);
  s.row_block = apus_most(1, APUS_CHUNK_ELEMENTS * 4 / apus_most(1, s.column_block));
  s.row_blocks = apus_ceiling(s.rows, s.row_block);
  return s;
}

static uint32_t chunks_of(const int64_t *extent, uint32_t rank) {
  split s = split_of(extent, rank);
  return s.rows <= 0 || s.columns <= 0 ? 0 : (uint32_t)(s.row_blocks * s.column_blocks);
}

#define COPY_ROW(type)                                                                  \
  {                                                                                     \
    const type *from = (const type *)(const void *)source;                              \
    type *to = (type *)(void *)target;                                                  \
    for (int64_t i = 0; i < count; i++) to[i * target_stride] = from[i * source_stride]; \
  }

static void copy_row(const char *source, char *target, int64_t count, int64_t source_stride,
                     int64_t target_stride, uint32_t size) {
  if (source_stride == 1 && target_stride == 1) {
    memcpy(target, source, (size_t)count * size);
    return;
  }
  switch (size) {
    case 1: COPY_ROW(uint8_t) break;
    case 2: COPY_ROW(uint16_t) break;
    case 4: COPY_ROW(uint32_t) break;
    case 8: COPY_ROW(uint64_t) break;
    default: COPY_ROW(wide) break;
  }
}

uint32_t apus_copy_chunks(const apus_copy_args *args) {
  return chunks_of(args->extent, args->rank);
}

// A transpose of 4-byte elements in blocks that stay in cache, over the two last dimensions.
static void transpose_block(const uint32_t *source, uint32_t *target, int64_t rows,
                            int64_t columns, const apus_copy_args *args) {
  uint32_t r = args->rank;
  int64_t sr = args->source_stride[r - 2], sc = args->source_stride[r - 1];
  int64_t tr = args->target_stride[r - 2], tc = args->target_stride[r - 1];
  for (int64_t i = 0; i < rows; i += 16) {
    int64_t i_end = apus_least(rows, i + 16);
    for (int64_t j = 0; j < columns; j += 16) {
      int64_t j_end = apus_least(columns, j + 16);
      for (int64_t a = i; a < i_end; a++) {
        for (int64_t b = j; b < j_end; b++) target[a * tr + b * tc] = source[a * sr + b * sc];
      }
    }
  }
}

// The rows and columns of a chunk, and the coordinates of its first row.
typedef struct {
  int64_t row, end, column, count;
  bool is_whole;  // it takes in all columns
  int64_t at[APUS_MAX_RANK];
} block;

static block block_of(const int64_t *extent, uint32_t rank, uint32_t chunk) {
  split s = split_of(extent, rank);
  block b = {.row = chunk / s.column_blocks * s.row_block,
             .column = chunk % s.column_blocks * s.column_block,
             .is_whole = s.column_blocks == 1};
  b.end = apus_least(s.rows, b.row + s.row_block);
  b.count = apus_least(s.columns - b.column, s.column_block);
  if (rank > 0) apus_coordinates(b.row, extent, rank - 1, b.at);
  return b;
}

void apus_copy_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_copy_args *args = arguments;
  uint32_t rank = args->rank, size = args->element_size;
  block b = block_of(args->extent, rank, chunk);
  int64_t source_stride = rank ? args->source_stride[rank - 1] : 1;
  int64_t target_stride = rank ? args->target_stride[rank - 1] : 1;
  bool blocked = rank >= 2 && size == 4 && b.is_whole && source_stride != 1;
  while (b.row < b.end) {
    if (rank > 0) b.at[rank - 1] = b.column;
    int64_t from = args->source_offset + apus_dot(b.at, args->source_stride, rank);
    int64_t to = args->target_offset + apus_dot(b.at, args->target_stride, rank);
    const char *source = apus_at(slots, args->source, from, size);
    char *target = apus_at(slots, args->target, to, size);
    int64_t together = 1;
    if (blocked) {
      together = apus_least(args->extent[rank - 2] - b.at[rank - 2], b.end - b.row);
      transpose_block((const uint32_t *)(const void *)source, (uint32_t *)(void *)target, together,
                      b.count, args);
    } else {
      copy_row(source, target, b.count, source_stride, target_stride, size);
    }
    b.row += together;
    if (rank >= 2) {
      b.at[rank - 2] += together - 1;
      apus_advance(args->extent, rank - 1, b.at);
    }
  }
}

uint32_t apus_fill_chunks(const apus_fill_args *args) {
  return chunks_of(args->extent, args->rank);
}

void apus_fill_run(const void *arguments, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)worker;
  const apus_fill_args *args = arguments;
  uint32_t rank = args->rank, size = args->element_size;
  block b = block_of(args->extent, rank, chunk);
  int64_t stride = rank ? args->target_stride[rank - 1] : 1;
  for (; b.row < b.end; b.row++) {
    if (rank > 0) b.at[rank - 1] = b.column;
    int64_t to = args->target_offset + apus_dot(b.at, args->target_stride, rank);
    char *target = apus_at(slots, args->target, to, size);
    for (int64_t i = 0; i < b.count; i++) memcpy(target + i * stride * size, args->pattern, size);
    if (rank >= 2) apus_advance(args->extent, rank - 1, b.at);
  }
}
