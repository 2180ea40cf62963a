#define _GNU_SOURCE
#include "apus_file.h"
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int make_one(const char *path) {
  if (mkdir(path, 0777) == 0) return 0;
  int error = errno;
  return error == EEXIST && apus_file_is_directory(path) ? 0 : error;
}

int apus_directory_make(const char *path, bool parents) {
  if (!parents || apus_file_is_directory(path)) return make_one(path);
  char *copy = strdup(path);
  if (!copy) return ENOMEM;
  int error = 0;
  for (char *at = copy; *at && !error; at++) {
    if (*at != '/' || at == copy) continue;
    *at = 0;
    if (!apus_file_is_directory(copy)) error = make_one(copy);
    *at = '/';
  }
  free(copy);
  return error ? error : make_one(path);
}

int apus_directory_make_temporary(const char *prefix, char *path, size_t capacity) {
  int length = snprintf(path, capacity, "%sXXXXXX", prefix);
  if (length < 0 || (size_t)length >= capacity) return ENAMETOOLONG;
  return mkdtemp(path) ? 0 : errno;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk) {
  (void)info, (void)kind, (void)walk;
  return remove(path) ? errno : 0;
}

int apus_directory_remove(const char *path) {
  int result = nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  return result < 0 ? errno : result;
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count) {
  for (size_t i = 0; i < count; i++) free(names[i]);
  free(names);
}

// Reads all names; on failure none are left behind.
static int read_names(DIR *directory, uint32_t limit, char ***names, size_t *count) {
  size_t capacity = 0;
  int error = 0;
  for (;;) {
    errno = 0;
    struct dirent *entry = readdir(directory);
    if (!entry) {
      error = errno;
      break;
    }
    const char *name = entry->d_name;
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    if (*count >= limit) {
      error = EOVERFLOW;
      break;
    }
    if (*count == capacity) {
      capacity = capacity ? capacity * 2 : 64;
      char **more = realloc(*names, capacity * sizeof *more);
      if (!more) {
        error = ENOMEM;
        break;
      }
      *names = more;
    }
    if (!((*names)[*count] = strdup(name))) {
      error = ENOMEM;
      break;
    }
    ++*count;
  }
  return error;
}

int apus_directory_list(const char *path, uint32_t limit, apus_listing *listing) {
  memset(listing, 0, sizeof *listing);
  DIR *directory = opendir(path);
  if (!directory) return errno;
  char **names = NULL;
  size_t count = 0, bytes = 0;
  int error = read_names(directory, limit, &names, &count);
  closedir(directory);
  if (!error) {
    if (count) qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
    listing->names = malloc(bytes ? bytes : 1);
    if (!listing->names) error = ENOMEM;
  }
  if (!error) {
    char *at = listing->names;
    for (size_t i = 0; i < count; i++) at = stpcpy(at, names[i]) + 1;
    listing->bytes = bytes;
    listing->count = (uint32_t)count;
  }
  free_names(names, count);
  return error;
}

void apus_listing_free(apus_listing *listing) {
  free(listing->names);
  memset(listing, 0, sizeof *listing);
}
