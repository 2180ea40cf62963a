#include "apus_library.h"

#include <dlfcn.h>
#include <stdio.h>

void *apus_library_open(const char *path, bool whole, char *message, size_t capacity) {
  void *library = dlopen(path, (whole ? RTLD_NOW : RTLD_LAZY) | RTLD_LOCAL);
  if (!library && message) {
    const char *reason = dlerror();
    snprintf(message, capacity, "%s", reason ? reason : "it cannot be opened");
  }
  return library;
}

void *apus_library_symbol(void *library, const char *name) { return dlsym(library, name); }

void apus_library_close(void *library) { dlclose(library); }
