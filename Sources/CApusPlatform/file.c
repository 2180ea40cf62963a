#define _GNU_SOURCE
#include "apus_file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_file(const char *path, int *descriptor) {
  do {
    *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (*descriptor < 0 && errno == EINTR);
  return *descriptor < 0 ? errno : 0;
}

// The size of an open regular file.
static int regular_size(int descriptor, uint64_t *size) {
  struct stat info;
  if (fstat(descriptor, &info)) return errno;
  if (S_ISDIR(info.st_mode)) return EISDIR;
  if (!S_ISREG(info.st_mode)) return EINVAL;
  *size = (uint64_t)info.st_size;
  return 0;
}

int apus_file_map(const char *path, apus_map_mode mode, apus_mapping *mapping) {
  static char nothing[1];
  int descriptor;
  uint64_t size = 0;
  memset(mapping, 0, sizeof *mapping);
  int error = open_file(path, &descriptor);
  if (error) return error;
  error = regular_size(descriptor, &size);
  if (!error && size > SIZE_MAX) error = EFBIG;
  if (!error && size > 0) {
    int protection = mode == APUS_MAP_PRIVATE ? PROT_READ | PROT_WRITE : PROT_READ;
    int flags = mode == APUS_MAP_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
    mapping->bytes = mmap(NULL, (size_t)size, protection, flags, descriptor, 0);
    if (mapping->bytes == MAP_FAILED) {
      error = errno;
      mapping->bytes = NULL;
    } else {
      mapping->size = mapping->mapped = size;
    }
  } else if (!error) {
    mapping->bytes = nothing;
  }
  close(descriptor);
  return error;
}

int apus_file_advise(const apus_mapping *mapping, uint64_t offset, uint64_t size,
                     apus_advice advice) {
  static const int kinds[] = {MADV_NORMAL, MADV_SEQUENTIAL, MADV_RANDOM, MADV_WILLNEED,
                              MADV_DONTNEED};
  if ((unsigned)advice >= sizeof kinds / sizeof *kinds) return EINVAL;
  if (offset >= mapping->mapped) return 0;
  if (size > mapping->mapped - offset) size = mapping->mapped - offset;
  uint64_t before = offset % (uint64_t)sysconf(_SC_PAGESIZE);
  char *start = (char *)mapping->bytes + (offset - before);
  return madvise(start, (size_t)(size + before), kinds[advice]) ? errno : 0;
}

void apus_file_unmap(apus_mapping *mapping) {
  if (mapping->mapped) munmap(mapping->bytes, (size_t)mapping->mapped);
  memset(mapping, 0, sizeof *mapping);
}

int apus_file_read(const char *path, uint64_t offset, void *bytes, size_t capacity,
                   size_t *count) {
  int descriptor;
  *count = 0;
  int error = open_file(path, &descriptor);
  if (error) return error;
  uint64_t size;
  error = regular_size(descriptor, &size);
  while (!error && *count < capacity) {
    if (offset > INT64_MAX - *count) break;
    ssize_t got = pread(descriptor, (char *)bytes + *count, capacity - *count,
                        (off_t)(offset + *count));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    *count += (size_t)got;
  }
  close(descriptor);
  return error;
}

// Copies through a buffer, from where both descriptors stand.
static int copy_rest(int source, int target) {
  size_t capacity = (size_t)1 << 20;
  char *buffer = malloc(capacity);
  if (!buffer) return ENOMEM;
  int error = 0;
  for (;;) {
    ssize_t got = read(source, buffer, capacity);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    for (ssize_t done = 0; done < got && !error;) {
      ssize_t put = write(target, buffer + done, (size_t)(got - done));
      if (put < 0 && errno != EINTR) error = errno;
      if (put > 0) done += put;
    }
    if (error) break;
  }
  free(buffer);
  return error;
}

int apus_file_copy(const char *from, const char *to) {
  int source;
  int error = open_file(from, &source);
  if (error) return error;
  uint64_t size;
  error = regular_size(source, &size);
  int target = error ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (!error && target < 0) error = errno;
  if (!error) {
#if defined(__linux__)
    while (copy_file_range(source, NULL, target, NULL, (size_t)1 << 30, 0) > 0) continue;
#endif
    // What the kernel could not copy, or all.
    error = copy_rest(source, target);
  }
  if (target >= 0 && close(target) && !error) error = errno;
  close(source);
  if (error && target >= 0) unlink(to);
  return error;
}

bool apus_file_exists(const char *path) {
  struct stat info;
  return stat(path, &info) == 0;
}

bool apus_file_is_directory(const char *path) {
  struct stat info;
  return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

int apus_file_size(const char *path, uint64_t *size) {
  struct stat info;
  if (stat(path, &info)) return errno;
  if (S_ISDIR(info.st_mode)) return EISDIR;
  if (!S_ISREG(info.st_mode)) return EINVAL;
  *size = (uint64_t)info.st_size;
  return 0;
}

int apus_file_stamp(const char *path, uint64_t *changed, uint64_t *size) {
  struct stat info;
  if (stat(path, &info)) return errno;
#if defined(__APPLE__)
  struct timespec time = info.st_mtimespec;
#else
  struct timespec time = info.st_mtim;
#endif
  *changed = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
  *size = (uint64_t)info.st_size;
  return 0;
}

int apus_file_remove(const char *path) { return unlink(path) ? errno : 0; }

int apus_file_resolve(const char *path, char *resolved, size_t capacity) {
  char *whole = realpath(path, NULL);
  if (!whole) return errno;
  size_t length = strlen(whole);
  bool fits = length < capacity;
  if (fits) memcpy(resolved, whole, length + 1);
  free(whole);
  return fits ? 0 : ENAMETOOLONG;
}

void apus_error_text(int error, char *text, size_t capacity) {
  char buffer[128];
  if (capacity > 0) {
    snprintf(text, capacity, "%s", strerror_r(error, buffer, sizeof buffer));
  }
}
