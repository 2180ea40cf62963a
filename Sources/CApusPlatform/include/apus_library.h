#pragma once
#include <stdbool.h>
#include <stddef.h>

// Opens a shared library; `whole` binds all its functions at once. NULL, and the reason in `message`
// (which may be NULL), where that fails.
void *apus_library_open(const char *path, bool whole, char *message, size_t capacity);
void *apus_library_symbol(void *library, const char *name);
void apus_library_close(void *library);
