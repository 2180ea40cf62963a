#define _GNU_SOURCE
#include "apus_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  apus_thread_body body;
  void *context;
  char name[16];
} start;

static void *enter(void *argument) {
  start given = *(start *)argument;
  free(argument);
#if defined(__linux__)
  pthread_setname_np(pthread_self(), given.name);
#elif defined(__APPLE__)
  pthread_setname_np(given.name);
#endif
  given.body(given.context);
  return NULL;
}

int apus_thread_start(const char *name, apus_thread_body body, void *context) {
  start *given = malloc(sizeof *given);
  if (!given) return ENOMEM;
  given->body = body;
  given->context = context;
  size_t length = strlen(name) < sizeof given->name ? strlen(name) : sizeof given->name - 1;
  memcpy(given->name, name, length);
  given->name[length] = 0;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (!error) {
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    // Some models recurse deeply when they are imported.
    pthread_attr_setstacksize(&attributes, 8u << 20);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, enter, given);
    pthread_attr_destroy(&attributes);
  }
  if (error) free(given);
  return error;
}

struct apus_monitor {
  pthread_mutex_t mutex;
  pthread_cond_t condition;
};

apus_monitor *apus_monitor_create(void) {
  apus_monitor *monitor = malloc(sizeof *monitor);
  if (!monitor) return NULL;
  pthread_mutex_init(&monitor->mutex, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
#endif
  pthread_cond_init(&monitor->condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return monitor;
}

void apus_monitor_destroy(apus_monitor *monitor) {
  pthread_cond_destroy(&monitor->condition);
  pthread_mutex_destroy(&monitor->mutex);
  free(monitor);
}

void apus_monitor_lock(apus_monitor *monitor) { pthread_mutex_lock(&monitor->mutex); }
void apus_monitor_unlock(apus_monitor *monitor) { pthread_mutex_unlock(&monitor->mutex); }

void apus_monitor_wait(apus_monitor *monitor, uint64_t deadline) {
  if (deadline == UINT64_MAX) {
    pthread_cond_wait(&monitor->condition, &monitor->mutex);
    return;
  }
#if defined(__APPLE__)
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t current = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
  uint64_t rest = deadline > current ? deadline - current : 0;
  struct timespec span = {(time_t)(rest / 1000000000u), (long)(rest % 1000000000u)};
  pthread_cond_timedwait_relative_np(&monitor->condition, &monitor->mutex, &span);
#else
  struct timespec until = {(time_t)(deadline / 1000000000u), (long)(deadline % 1000000000u)};
  pthread_cond_timedwait(&monitor->condition, &monitor->mutex, &until);
#endif
}

void apus_monitor_signal(apus_monitor *monitor) { pthread_cond_signal(&monitor->condition); }
void apus_monitor_broadcast(apus_monitor *monitor) { pthread_cond_broadcast(&monitor->condition); }

static _Thread_local void *thread_value;

void *apus_thread_value(void) { return thread_value; }

void apus_thread_set_value(void *value) { thread_value = value; }
