#define _GNU_SOURCE
#include "apus_system.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sched.h>
#endif

static uint64_t read_clock(clockid_t clock) {
  struct timespec now;
  if (clock_gettime(clock, &now)) return 0;
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t apus_clock_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }
uint64_t apus_clock_wall(void) { return read_clock(CLOCK_REALTIME); }

// Reads the start of a small file as text; false when there is none.
static bool read_text(const char *path, char *text, size_t capacity) {
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return false;
  size_t used = 0;
  while (used + 1 < capacity) {
    ssize_t count = read(descriptor, text + used, capacity - 1 - used);
    if (count <= 0) break;
    used += (size_t)count;
  }
  close(descriptor);
  text[used] = 0;
  return used > 0;
}

// The value of a line "name:   123 kB".
static uint64_t status_bytes(const char *name) {
  char text[4096];
  if (!read_text("/proc/self/status", text, sizeof text)) return 0;
  const char *line = strstr(text, name);
  return line ? strtoull(line + strlen(name), NULL, 10) * 1024 : 0;
}

uint64_t apus_resident_bytes(void) { return status_bytes("VmRSS:"); }
uint64_t apus_peak_resident_bytes(void) { return status_bytes("VmHWM:"); }

static uint32_t affinity_cpus(void) {
#if defined(__linux__)
  for (size_t bits = 1024; bits <= 65536; bits *= 4) {
    cpu_set_t *set = CPU_ALLOC(bits);
    if (!set) break;
    size_t bytes = CPU_ALLOC_SIZE(bits);
    int count = sched_getaffinity(0, bytes, set) == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return (uint32_t)count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (uint32_t)online : 1;
}

#if defined(__linux__)
// CPUs that a cpu.max file ("quota period" or "max period") grants, rounded up; 0 for no limit.
static uint32_t quota_cpus(const char *path) {
  char text[128];
  if (!read_text(path, text, sizeof text)) return 0;
  unsigned long long quota, period;
  if (sscanf(text, "%llu %llu", &quota, &period) != 2 || !period) return 0;
  unsigned long long cpus = quota / period + (quota % period != 0);
  if (cpus == 0) return 1;
  return cpus > 65536 ? 65536 : (uint32_t)cpus;
}

// The tightest quota of this process's control group (version 2) and the groups above it.
static uint32_t group_cpus(void) {
  char groups[4096], path[4352];
  uint32_t least = quota_cpus("/sys/fs/cgroup/cpu.max");
  if (!read_text("/proc/self/cgroup", groups, sizeof groups)) return least;
  char *group = strstr(groups, "0::/");
  if (!group) return least;
  group += 3;
  group[strcspn(group, "\n")] = 0;
  while (group[0] == '/' && group[1]) {
    snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
    uint32_t cpus = quota_cpus(path);
    if (cpus && (!least || cpus < least)) least = cpus;
    *strrchr(group, '/') = 0;
  }
  return least;
}
#endif

uint32_t apus_usable_cpus(void) {
  uint32_t cpus = affinity_cpus();
#if defined(__linux__)
  uint32_t quota = group_cpus();
  if (quota && quota < cpus) cpus = quota;
#endif
  return cpus;
}

bool apus_is_terminal(int descriptor) { return isatty(descriptor) == 1; }

uint32_t apus_terminal_columns(int descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size)) return 0;
  return size.ws_col;
}
