#include "conv_internal.h"
#if defined(__x86_64__)
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline, target("avx2,fma")))

typedef struct {
  __m256i low, high;  // high: of step 2 alone
} lane_mask;

// With step 2 every other element of 16 is wanted.
INLINE lane_mask mask_of(apus_piece piece, const int step) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  const __m256i first = _mm256_set1_epi32(piece.first - 1), last = _mm256_set1_epi32(piece.last);
  __m256i mask =
      _mm256_and_si256(_mm256_cmpgt_epi32(lane, first), _mm256_cmpgt_epi32(last, lane));
  if (step == 1) return (lane_mask){mask, mask};
  return (lane_mask){_mm256_cvtepu32_epi64(_mm256_castsi256_si128(mask)),
                     _mm256_cvtepu32_epi64(_mm256_extracti128_si256(mask, 1))};
}

INLINE __m256 load_piece(const float *from, lane_mask mask, const int step) {
  __m256 low = _mm256_maskload_ps(from, mask.low);
  if (step == 1) return low;
  __m256 high = _mm256_maskload_ps(from + 8, mask.high);
  __m256d mixed = _mm256_castps_pd(_mm256_shuffle_ps(low, high, 0x88));
  return _mm256_castpd_ps(_mm256_permute4x64_pd(mixed, 0xd8));
}

INLINE void fill(const float *plane, int64_t channel_stride, int64_t channels,
                 const apus_piece *pieces, const int count, const int step, float *packed,
                 int64_t nr) {
  lane_mask masks[8];
  for (int i = 0; i < count; i++) masks[i] = mask_of(pieces[i], step);
  for (int64_t c = 0; c < channels; c++, plane += channel_stride, packed += nr) {
    __m256 x = _mm256_setzero_ps();
    for (int i = 0; i < count; i++)
      x = _mm256_or_ps(x, load_piece(plane + pieces[i].offset, masks[i], step));
    _mm256_storeu_ps(packed, x);
  }
}

INLINE void fill_step(const float *plane, int64_t channel_stride, int64_t channels,
                      const apus_piece *pieces, int count, const int step, float *packed,
                      int64_t nr) {
  switch (count) {
    case 0: fill(plane, channel_stride, channels, pieces, 0, step, packed, nr); break;
    case 1: fill(plane, channel_stride, channels, pieces, 1, step, packed, nr); break;
    case 2: fill(plane, channel_stride, channels, pieces, 2, step, packed, nr); break;
    default: fill(plane, channel_stride, channels, pieces, count, step, packed, nr); break;
  }
}

__attribute__((target("avx2,fma"))) void apus_pieces_avx2(const float *plane,
                                                          int64_t channel_stride,
                                                          int64_t channels,
                                                          const apus_piece *pieces, int count,
                                                          int64_t step, float *packed,
                                                          int64_t nr) {
  if (step == 2) {
    fill_step(plane, channel_stride, channels, pieces, count, 2, packed, nr);
  } else if (count == 1 && pieces->first == 0 && pieces->last == 8) {
    plane += pieces->offset;
    for (int64_t c = 0; c < channels; c++, plane += channel_stride, packed += nr)
      _mm256_storeu_ps(packed, _mm256_loadu_ps(plane));
  } else {
    fill_step(plane, channel_stride, channels, pieces, count, 1, packed, nr);
  }
}

#endif
