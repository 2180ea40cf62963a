#include "apus_image.h"

#include <dlfcn.h>
#include <pthread.h>

typedef int (*webp_info)(const uint8_t *, size_t, int *, int *);
typedef uint8_t *(*webp_decode)(const uint8_t *, size_t, uint8_t *, size_t, int);

static pthread_once_t opened = PTHREAD_ONCE_INIT;
static webp_info info;
static webp_decode decode;

static void open_library(void) {
  static const char *const names[] = {"libwebp.so.7", "libwebp.so", "libwebp.7.dylib"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) continue;
    info = (webp_info)dlsym(library, "WebPGetInfo");
    decode = (webp_decode)dlsym(library, "WebPDecodeRGBInto");
    if (info && decode) return;
    info = NULL;
    decode = NULL;
    dlclose(library);
  }
}

int apus_webp_size(const uint8_t *data, size_t size, int *width, int *height) {
  pthread_once(&opened, open_library);
  if (!info) return APUS_IMAGE_NO_LIBRARY;
  return info(data, size, width, height) ? 0 : APUS_IMAGE_DAMAGED;
}

int apus_webp_decode(const uint8_t *data, size_t size, uint8_t *out, size_t out_size, int stride) {
  pthread_once(&opened, open_library);
  if (!decode) return APUS_IMAGE_NO_LIBRARY;
  return decode(data, size, out, out_size, stride) ? 0 : APUS_IMAGE_DAMAGED;
}
