#ifndef APUS_WAIT_H
#define APUS_WAIT_H
#include <stdatomic.h>
#include <stdint.h>

// Sleeping on the value of a word, for threads of one process.

// Sleeps while `*word == expected`; may return early.
void apus_wait(atomic_uint *word, uint32_t expected);
// Wakes up to `count` threads that sleep on the word.
void apus_wake(atomic_uint *word, uint32_t count);

static inline void apus_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" ::: "memory");
#endif
}

#endif
