#define _GNU_SOURCE
#include "apus_file.h"
#include "wait.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REGISTERED_FILES 32
#define LONGEST_PATH 1024
#define NOT_REGISTERED UINT_MAX

// Paths that the signal handler unlinks. An entry is free, being filled, or in use.
enum { ENTRY_FREE, ENTRY_FILLING, ENTRY_USED };
static struct {
  atomic_uint state;
  char path[LONGEST_PATH];
} registry[REGISTERED_FILES];

struct apus_writer {
  int descriptor;
  bool direct;     // a device or a pipe, which nothing may replace
  uint32_t entry;  // of the registry
  uint64_t position;
  char *path, *temporary;
};

static uint32_t register_file(const char *path) {
  size_t bytes = strlen(path) + 1;
  if (bytes > LONGEST_PATH) return NOT_REGISTERED;
  for (uint32_t i = 0; i < REGISTERED_FILES; i++) {
    unsigned int state = ENTRY_FREE;
    if (!atomic_compare_exchange_strong(&registry[i].state, &state, ENTRY_FILLING)) continue;
    memcpy(registry[i].path, path, bytes);
    atomic_store(&registry[i].state, ENTRY_USED);
    return i;
  }
  return NOT_REGISTERED;
}

static void unregister_file(uint32_t entry) {
  if (entry != NOT_REGISTERED) atomic_store(&registry[entry].state, ENTRY_FREE);
}

void apus_writer_remove_all_temporary(void) {
  for (uint32_t i = 0; i < REGISTERED_FILES; i++) {
    if (atomic_load(&registry[i].state) == ENTRY_USED) unlink(registry[i].path);
  }
}

static void clean_up_and_die(int signal_number) {
  int saved = errno;
  apus_writer_remove_all_temporary();
  errno = saved;
  raise(signal_number);  // delivered on return, by now with the default action
}

int apus_install_interrupt_cleanup(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = clean_up_and_die;
  action.sa_flags = (int)SA_RESETHAND;
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGINT, &action, NULL)) return errno;
  return sigaction(SIGTERM, &action, NULL) ? errno : 0;
}

static void free_writer(apus_writer *writer) {
  free(writer->path);
  free(writer->temporary);
  free(writer);
}

// The name of a temporary file beside `path`, unused so far by this process.
static char *temporary_name(const char *path) {
  static atomic_uint counter;
  char *name;
  unsigned int number = atomic_fetch_add(&counter, 1);
  if (asprintf(&name, "%s.%ld.%u.partial", path, (long)getpid(), number) < 0) return NULL;
  return name;
}

// What is no regular file is written in place; a directory is refused.
static apus_writer *open_direct(apus_writer *writer, const char *path, const struct stat *old,
                                int *error) {
  writer->direct = true;
  writer->entry = NOT_REGISTERED;
  if (S_ISDIR(old->st_mode)) {
    *error = EISDIR;
  } else {
    do {
      writer->descriptor = open(path, O_WRONLY | O_CLOEXEC);
    } while (writer->descriptor < 0 && errno == EINTR);
    *error = writer->descriptor < 0 ? errno : 0;
  }
  if (!*error) return writer;
  free_writer(writer);
  return NULL;
}

apus_writer *apus_writer_open(const char *path, int *error) {
  apus_writer *writer = calloc(1, sizeof *writer);
  *error = ENOMEM;
  if (!writer) return NULL;
  struct stat old;
  if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) return open_direct(writer, path, &old, error);
  writer->path = strdup(path);
  writer->temporary = temporary_name(path);
  if (!writer->path || !writer->temporary) {
    free_writer(writer);
    return NULL;
  }
  // Registered before it exists, so that no signal finds it unknown.
  writer->entry = register_file(writer->temporary);
  do {
    writer->descriptor = open(writer->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  } while (writer->descriptor < 0 && errno == EINTR);
  if (writer->descriptor < 0) {
    *error = errno;
    unregister_file(writer->entry);
    free_writer(writer);
    return NULL;
  }
  *error = 0;
  return writer;
}

int apus_writer_write_at(apus_writer *writer, uint64_t offset, const void *bytes, size_t size) {
  const char *at = bytes;
  if (offset > INT64_MAX || size > INT64_MAX - offset) return EFBIG;
  if (writer->direct && offset != writer->position) return ESPIPE;
  while (size > 0) {
    ssize_t count = writer->direct ? write(writer->descriptor, at, size)
                                   : pwrite(writer->descriptor, at, size, (off_t)offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    if (count == 0) return EIO;
    at += count;
    size -= (size_t)count;
    offset += (uint64_t)count;
  }
  return 0;
}

int apus_writer_append(apus_writer *writer, const void *bytes, size_t size) {
  int error = apus_writer_write_at(writer, writer->position, bytes, size);
  if (!error) writer->position += size;
  return error;
}

uint64_t apus_writer_position(const apus_writer *writer) { return writer->position; }

static void remove_temporary(apus_writer *writer) {
  if (!writer->direct) unlink(writer->temporary);
  unregister_file(writer->entry);
  free_writer(writer);
}

void apus_writer_abandon(apus_writer *writer) {
  if (!writer) return;
  close(writer->descriptor);
  remove_temporary(writer);
}

// Makes the rename durable; a file system that cannot is none of the caller's concern.
static void synchronise_directory(const char *path) {
  char *copy = strdup(path);
  if (!copy) return;
  char *slash = strrchr(copy, '/');
  if (slash) slash[slash == copy] = 0;
  int descriptor = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    fsync(descriptor);
    close(descriptor);
  }
  free(copy);
}

int apus_writer_commit(apus_writer *writer, bool durable) {
  struct stat old;
  int error = 0;
  if (writer->direct) {
    if (close(writer->descriptor) && errno != EINTR) error = errno;
    free_writer(writer);
    return error;
  }
  if (stat(writer->path, &old) == 0 && S_ISREG(old.st_mode)) {
    (void)fchmod(writer->descriptor, old.st_mode & 0777);
  }
  while (durable && fsync(writer->descriptor)) {
    if (errno == EINTR) continue;
    error = errno;
    break;
  }
  if (close(writer->descriptor) && !error && errno != EINTR) error = errno;
  if (!error && rename(writer->temporary, writer->path)) error = errno;
  if (error) {
    remove_temporary(writer);
    return error;
  }
  unregister_file(writer->entry);
  if (durable) synchronise_directory(writer->path);
  free_writer(writer);
  return 0;
}

int apus_file_write(const char *path, const void *bytes, size_t size, bool durable) {
  int error;
  apus_writer *writer = apus_writer_open(path, &error);
  if (!writer) return error;
  error = apus_writer_append(writer, bytes, size);
  if (!error) return apus_writer_commit(writer, durable);
  apus_writer_abandon(writer);
  return error;
}
