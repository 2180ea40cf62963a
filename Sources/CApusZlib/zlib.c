#include "apus_zlib.h"

// Only the server needs it: builds without the trait go on where the header is missing.
#if __has_include(<zlib.h>)
#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct apus_zlib {
  z_stream stream;
  int inflates;
  int gzip;
};

#define WINDOW_BITS 15
#define GZIP_BITS 16
#define MEMORY_LEVEL 8

apus_zlib *apus_zlib_inflate(int gzip) {
  apus_zlib *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->inflates = 1;
  stream->gzip = gzip;
  if (inflateInit2(&stream->stream, WINDOW_BITS + (gzip ? GZIP_BITS : 0)) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

apus_zlib *apus_zlib_deflate(int gzip, int level) {
  apus_zlib *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  int bits = WINDOW_BITS + (gzip ? GZIP_BITS : 0);
  if (deflateInit2(
          &stream->stream, level, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

void apus_zlib_close(apus_zlib *stream) {
  if (!stream) return;
  if (stream->inflates) inflateEnd(&stream->stream); else deflateEnd(&stream->stream);
  free(stream);
}

static unsigned clamp(size_t size) { return size > UINT_MAX ? UINT_MAX : (unsigned)size; }

static int step(apus_zlib *stream, int is_last) {
  z_stream *z = &stream->stream;
  if (!stream->inflates) {
    int result = deflate(z, is_last ? Z_FINISH : Z_NO_FLUSH);
    if (result == Z_STREAM_END) return APUS_ZLIB_END;
    return result == Z_OK || result == Z_BUF_ERROR ? APUS_ZLIB_MORE : APUS_ZLIB_MEMORY;
  }
  switch (inflate(z, Z_NO_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR: return APUS_ZLIB_MORE;
    case Z_STREAM_END: return APUS_ZLIB_END;
    case Z_MEM_ERROR: return APUS_ZLIB_MEMORY;
    default: return APUS_ZLIB_DAMAGED;
  }
}

int apus_zlib_run(
    apus_zlib *stream, const unsigned char **input, size_t *input_size, unsigned char **output,
    size_t *output_size) {
  z_stream *z = &stream->stream;
  for (;;) {
    unsigned given = clamp(*input_size), room = clamp(*output_size);
    z->next_in = (unsigned char *)*input;
    z->avail_in = given;
    z->next_out = *output;
    z->avail_out = room;
    int result = step(stream, given == *input_size);
    size_t used = given - z->avail_in, made = room - z->avail_out;
    *input += used;
    *input_size -= used;
    *output += made;
    *output_size -= made;
    if (result == APUS_ZLIB_END && stream->inflates) {
      if (*input_size == 0) return APUS_ZLIB_END;
      // Another member may follow in gzip, nothing may in zlib.
      if (!stream->gzip || inflateReset(z) != Z_OK) return APUS_ZLIB_DAMAGED;
      if (*output_size == 0) return APUS_ZLIB_MORE;
      continue;
    }
    if (result != APUS_ZLIB_MORE) return result;
    if (*output_size == 0 || *input_size == 0) return APUS_ZLIB_MORE;
    if (used == 0 && made == 0) return APUS_ZLIB_DAMAGED;
  }
}
#endif
