#ifndef APUS_THREAD_H
#define APUS_THREAD_H
#include <stdbool.h>
#include <stdint.h>

// Threads that may block, and monitors for them to wait on.

typedef void (*apus_thread_body)(void *context);

// Starts a thread that nobody joins. 0 or an errno value; `body` is not called on an error. `name` is
// cut to 15 bytes.
int apus_thread_start(const char *name, apus_thread_body body, void *context);

// A value of the calling thread's own; NULL at first.
void *apus_thread_value(void);
void apus_thread_set_value(void *value);

typedef struct apus_monitor apus_monitor;

// A mutex with a condition. NULL when memory is short.
apus_monitor *apus_monitor_create(void);
void apus_monitor_destroy(apus_monitor *monitor);
void apus_monitor_lock(apus_monitor *monitor);
void apus_monitor_unlock(apus_monitor *monitor);
// Waits, unlocked meanwhile, until it is signalled or the monotonic clock has reached `deadline`
// nanoseconds (UINT64_MAX for never). May return early.
void apus_monitor_wait(apus_monitor *monitor, uint64_t deadline);
void apus_monitor_signal(apus_monitor *monitor);
void apus_monitor_broadcast(apus_monitor *monitor);

#endif
