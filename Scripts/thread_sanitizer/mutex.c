// Makes the thread sanitizer see Synchronization.Mutex (Swift 6.3, Linux). The lock's quick path is compiled into its
// users, so the tool sees it; its slow path, for contended locks, is in a library that nothing instruments, so that
// whoever waited for a lock seems to race with whoever held it. Loaded before that library (LD_PRELOAD, sanitize.sh),
// this stands in front of the three functions of the slow path and says what they order.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#define SWIFT_METHOD __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

void __tsan_acquire(void *) __attribute__((weak));
void __tsan_release(void *) __attribute__((weak));

SWIFT_METHOD void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT_METHOD bool try_lock_slow(SELF void *mutex) __asm__(TRY_LOCK_SLOW);
SWIFT_METHOD void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);

static SWIFT_METHOD void (*next_lock)(uint32_t, SELF void *);
static SWIFT_METHOD bool (*next_try_lock)(SELF void *);
static SWIFT_METHOD void (*next_unlock)(SELF void *);

__attribute__((constructor)) static void find_next(void) {
  *(void **)&next_lock = dlsym(RTLD_NEXT, LOCK_SLOW);
  *(void **)&next_try_lock = dlsym(RTLD_NEXT, TRY_LOCK_SLOW);
  *(void **)&next_unlock = dlsym(RTLD_NEXT, UNLOCK_SLOW);
}

SWIFT_METHOD void lock_slow(uint32_t thread, SELF void *mutex) {
  next_lock(thread, mutex);
  if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT_METHOD bool try_lock_slow(SELF void *mutex) {
  bool taken = next_try_lock(mutex);
  if (taken && __tsan_acquire) __tsan_acquire(mutex);
  return taken;
}

SWIFT_METHOD void unlock_slow(SELF void *mutex) {
  if (__tsan_release) __tsan_release(mutex);
  next_unlock(mutex);
}
