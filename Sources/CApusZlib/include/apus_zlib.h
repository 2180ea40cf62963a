#ifndef APUS_ZLIB_H
#define APUS_ZLIB_H
// Only the server needs it: builds without the trait go on where the header is missing.
#if __has_include(<zlib.h>)
#include <zlib.h>
#endif
#endif
