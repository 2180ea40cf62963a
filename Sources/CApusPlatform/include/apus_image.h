#ifndef APUS_IMAGE_H
#define APUS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

// Decoding of pictures by libraries of the system, opened at the first call.

#define APUS_IMAGE_NO_LIBRARY (-1)
#define APUS_IMAGE_DAMAGED (-2)

// 0 and the size of a WebP picture, or one of the errors.
int apus_webp_size(const uint8_t *data, size_t size, int *width, int *height);

// Decodes to red, green, blue; `stride` are the bytes from row to row.
int apus_webp_decode(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, int stride);

#endif
