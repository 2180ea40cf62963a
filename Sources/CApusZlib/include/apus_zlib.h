#ifndef APUS_ZLIB_H
#define APUS_ZLIB_H
#include <stddef.h>

// Streams of the system's zlib, for the compression of HTTP bodies (RFC 1950, 1952).

typedef struct apus_zlib apus_zlib;

enum apus_zlib_result {
  APUS_ZLIB_MORE = 0,      // output is full, or all input is used up
  APUS_ZLIB_END = 1,       // the stream is complete
  APUS_ZLIB_DAMAGED = -1,  // the input is no such stream
  APUS_ZLIB_MEMORY = -2,
};

// gzip where `gzip` is not 0, zlib ("deflate" of HTTP) otherwise. NULL without memory.
apus_zlib *apus_zlib_inflate(int gzip);
apus_zlib *apus_zlib_deflate(int gzip, int level);
void apus_zlib_close(apus_zlib *stream);

// Works from `input` into `output` and moves both ranges past what was used. A deflating stream is
// completed by its last input. A gzip body of several members is read through to its end.
int apus_zlib_run(
    apus_zlib *stream, const unsigned char **input, size_t *input_size, unsigned char **output,
    size_t *output_size);

#endif
