#define _GNU_SOURCE
#include "apus_shared_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int apus_shared_memory_open(const char *key, uint64_t *size) {
  char name[NAME_MAX + 2];
  const char *rest = key[0] == '/' ? key + 1 : key;
  if (*rest == 0 || strlen(rest) > NAME_MAX || strchr(rest, '/')) return -EINVAL;
  snprintf(name, sizeof name, "/%s", rest);
  int descriptor = shm_open(name, O_RDWR | O_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  struct stat status;
  if (fstat(descriptor, &status) != 0 || status.st_size < 0) {
    int error = errno;
    close(descriptor);
    return error ? -error : -EIO;
  }
  *size = (uint64_t)status.st_size;
  return descriptor;
}

void apus_shared_memory_close(int descriptor) { close(descriptor); }

int apus_shared_memory_read(int descriptor, uint64_t offset, void *bytes, uint64_t size) {
  for (uint64_t done = 0; done < size;) {
    ssize_t count = pread(descriptor, (char *)bytes + done, size - done, (off_t)(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    done += (uint64_t)count;
  }
  return 0;
}

int apus_shared_memory_write(int descriptor, uint64_t offset, const void *bytes, uint64_t size) {
  struct stat status;
  // Writing past the end would make the client's object larger.
  if (fstat(descriptor, &status) != 0) return errno;
  if (offset > (uint64_t)status.st_size || size > (uint64_t)status.st_size - offset) return EIO;
  for (uint64_t done = 0; done < size;) {
    ssize_t count =
        pwrite(descriptor, (const char *)bytes + done, size - done, (off_t)(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 ? errno : EIO;
    done += (uint64_t)count;
  }
  return 0;
}
