#ifndef APUS_FILE_H
#define APUS_FILE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Files and directories. Functions that return int return 0 or an errno value.

typedef struct {
  void *bytes;      // never NULL after success, also for an empty file
  uint64_t size;
  uint64_t mapped;  // bytes to unmap; 0 for an empty file
} apus_mapping;

typedef enum {
  APUS_MAP_READ_ONLY = 0,
  APUS_MAP_PRIVATE = 1  // writable, changes stay in this process
} apus_map_mode;

typedef enum {
  APUS_ADVISE_NORMAL = 0,
  APUS_ADVISE_SEQUENTIAL,
  APUS_ADVISE_RANDOM,
  APUS_ADVISE_WILL_NEED,
  APUS_ADVISE_DONT_NEED
} apus_advice;

// Maps a regular file. EISDIR or EINVAL for anything else.
int apus_file_map(const char *path, apus_map_mode mode, apus_mapping *mapping);
// `offset` and `size` are widened to whole pages and clipped to the mapping.
int apus_file_advise(const apus_mapping *mapping, uint64_t offset, uint64_t size,
                     apus_advice advice);
void apus_file_unmap(apus_mapping *mapping);

// Reads up to `capacity` bytes from `offset`; `*count` is what was read, less only at the end.
int apus_file_read(const char *path, uint64_t offset, void *bytes, size_t capacity, size_t *count);

bool apus_file_exists(const char *path);
bool apus_file_is_directory(const char *path);
int apus_file_size(const char *path, uint64_t *size);
int apus_file_remove(const char *path);
// Copies a regular file to a new one, sharing blocks where the file system can.
int apus_file_copy(const char *from, const char *to);
// When the file or directory was changed last, in nanoseconds since 1970, and its size.
int apus_file_stamp(const char *path, uint64_t *changed, uint64_t *size);

// The absolute path without symbolic links, ended by a NUL. ENAMETOOLONG when it does not fit.
int apus_file_resolve(const char *path, char *resolved, size_t capacity);

// What an errno value means, in English, ended by a NUL and cut to `capacity`.
void apus_error_text(int error, char *text, size_t capacity);

// Writes a file so that readers see the old content or all of the new: a temporary file in the same
// directory, synchronised and renamed.
typedef struct apus_writer apus_writer;

// NULL on failure, with `*error` set.
apus_writer *apus_writer_open(const char *path, int *error);
int apus_writer_append(apus_writer *writer, const void *bytes, size_t size);
// Overwrites bytes at `offset`, which may lie beyond the end; appends go on where they were.
int apus_writer_write_at(apus_writer *writer, uint64_t offset, const void *bytes, size_t size);
uint64_t apus_writer_position(const apus_writer *writer);
// Both free the writer. A failed commit removes the temporary file. A durable one returns when the
// file would survive a loss of power.
int apus_writer_commit(apus_writer *writer, bool durable);
void apus_writer_abandon(apus_writer *writer);

int apus_file_write(const char *path, const void *bytes, size_t size, bool durable);

// Unlinks the temporary files of all open writers. Async-signal-safe.
void apus_writer_remove_all_temporary(void);
// On SIGINT and SIGTERM: removes temporary files, then lets the default action happen.
int apus_install_interrupt_cleanup(void);

// Makes a directory, and its parents where `parents`; an existing directory is no error.
int apus_directory_make(const char *path, bool parents);

// Makes a directory of a new name that begins with `prefix`; the name, ended by a NUL, goes to `path`.
int apus_directory_make_temporary(const char *prefix, char *path, size_t capacity);
// Removes a directory and everything in it, without following links.
int apus_directory_remove(const char *path);

// Names in a directory, without "." and "..", sorted by bytes, each ended by a NUL, back to back.
typedef struct {
  char *names;
  size_t bytes;
  uint32_t count;
} apus_listing;

// EOVERFLOW when the directory holds more than `limit` names.
int apus_directory_list(const char *path, uint32_t limit, apus_listing *listing);
void apus_listing_free(apus_listing *listing);

#endif
