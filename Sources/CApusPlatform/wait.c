#define _GNU_SOURCE
#include "wait.h"
#include <limits.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

void apus_wait(atomic_uint *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void apus_wake(atomic_uint *word, uint32_t count) {
  int most = count > INT_MAX ? INT_MAX : (int)count;
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, most, NULL, NULL, 0);
}

#else
#include <pthread.h>

// One queue for all words: wake-ups are broadcast and sleepers look at their word again.
static pthread_mutex_t queue_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t queue_condition = PTHREAD_COND_INITIALIZER;

void apus_wait(atomic_uint *word, uint32_t expected) {
  pthread_mutex_lock(&queue_mutex);
  while (atomic_load(word) == expected) pthread_cond_wait(&queue_condition, &queue_mutex);
  pthread_mutex_unlock(&queue_mutex);
}

void apus_wake(atomic_uint *word, uint32_t count) {
  (void)word;
  (void)count;
  pthread_mutex_lock(&queue_mutex);
  pthread_cond_broadcast(&queue_condition);
  pthread_mutex_unlock(&queue_mutex);
}
#endif
