#include "apus_pool.h"
#include "apus_memory.h"
#include "apus_system.h"
#include "wait.h"
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

// `state` says which job is on offer: its number in the high half, then whether it is closed, then
// how many workers have joined it. A worker joins by adding one while the job is open; the caller
// closes the job when no chunk is left and waits only for those that joined, so a worker that the
// system has not scheduled delays nobody.
#define STATE_CLOSED 0x80000000u
#define STATE_JOINED 0x7fffffffu
#define SPIN_NANOSECONDS 30000
#define MOST_THREADS 1024

typedef struct {
  apus_pool *pool;
  pthread_t thread;
  uint32_t index;
} pool_worker;

struct apus_pool {
  uint32_t threads;
  pool_worker *workers;
  // The job on offer; written while `busy` is held and no worker has joined.
  apus_kernel_fn run;
  const void *args;
  void *const *slots;
  uint32_t chunks;
  _Alignas(64) atomic_ullong state;
  _Alignas(64) atomic_ullong next;   // chunk
  _Alignas(64) atomic_uint offered;  // changes with every job; idle workers sleep on it
  atomic_uint sleepers;
  atomic_uint stop;
  _Alignas(64) atomic_uint finished;  // changes when the last worker leaves a closed job
  atomic_uint caller_sleeps;
  _Alignas(64) atomic_uint busy;
};

void apus_flag_raise(apus_flag *flag) { __atomic_store_n(&flag->value, 1, __ATOMIC_RELEASE); }
void apus_flag_lower(apus_flag *flag) { __atomic_store_n(&flag->value, 0, __ATOMIC_RELEASE); }
bool apus_flag_is_raised(const apus_flag *flag) {
  return __atomic_load_n(&flag->value, __ATOMIC_ACQUIRE) != 0;
}

static void run_chunks(apus_pool *pool, uint32_t worker) {
  for (;;) {
    uint64_t chunk = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (chunk >= pool->chunks) return;
    pool->run(pool->args, pool->slots, (uint32_t)chunk, worker);
  }
}

// Joins the open job unless it is number `last`. Returns the state joined, or 0.
static uint64_t join_job(apus_pool *pool, uint32_t last) {
  unsigned long long state = atomic_load(&pool->state);
  while (!(state & STATE_CLOSED) && (uint32_t)(state >> 32) != last) {
    if (atomic_compare_exchange_weak(&pool->state, &state, state + 1)) return state + 1;
  }
  return 0;
}

static void leave_job(apus_pool *pool) {
  uint32_t state = (uint32_t)(atomic_fetch_sub(&pool->state, 1) - 1);
  if (state != STATE_CLOSED) return;
  atomic_fetch_add(&pool->finished, 1);
  if (atomic_load(&pool->caller_sleeps)) apus_wake(&pool->finished, 1);
}

static uint64_t wait_for_job(apus_pool *pool, uint32_t last) {
  uint64_t start = apus_clock_monotonic();
  do {
    for (int i = 0; i < 16; i++) {
      uint64_t state = join_job(pool, last);
      if (state) return state;
      if (atomic_load_explicit(&pool->stop, memory_order_relaxed)) return 0;
      apus_pause();
    }
  } while (apus_clock_monotonic() - start < SPIN_NANOSECONDS);
  for (;;) {
    uint32_t offered = atomic_load(&pool->offered);
    atomic_fetch_add(&pool->sleepers, 1);
    uint64_t state = join_job(pool, last);
    uint32_t stop = atomic_load(&pool->stop);
    if (!state && !stop) apus_wait(&pool->offered, offered);
    atomic_fetch_sub(&pool->sleepers, 1);
    if (state || stop) return state;
  }
}

static void *worker_main(void *context) {
  pool_worker *worker = context;
  apus_pool *pool = worker->pool;
  uint32_t last = 0;
  for (;;) {
    uint64_t state = wait_for_job(pool, last);
    if (!state) return NULL;
    last = (uint32_t)(state >> 32);
    run_chunks(pool, worker->index);
    leave_job(pool);
  }
}

static void start_job(apus_pool *pool, uint32_t chunks) {
  uint32_t number = (uint32_t)(atomic_load_explicit(&pool->state, memory_order_relaxed) >> 32) + 1;
  if (number == 0) number = 1;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  atomic_store(&pool->state, (unsigned long long)number << 32);
  atomic_fetch_add(&pool->offered, 1);
  if (!atomic_load(&pool->sleepers)) return;
  uint32_t wanted = chunks - 1 < pool->threads - 1 ? chunks - 1 : pool->threads - 1;
  apus_wake(&pool->offered, wanted);
}

static void finish_job(apus_pool *pool) {
  uint32_t state = (uint32_t)atomic_fetch_or(&pool->state, STATE_CLOSED);
  if (!(state & STATE_JOINED)) return;
  uint64_t start = apus_clock_monotonic();
  do {
    for (int i = 0; i < 16; i++) {
      if (!(atomic_load(&pool->state) & STATE_JOINED)) return;
      apus_pause();
    }
  } while (apus_clock_monotonic() - start < SPIN_NANOSECONDS);
  atomic_store(&pool->caller_sleeps, 1);
  for (;;) {
    uint32_t finished = atomic_load(&pool->finished);
    if (!(atomic_load(&pool->state) & STATE_JOINED)) break;
    apus_wait(&pool->finished, finished);
  }
  atomic_store(&pool->caller_sleeps, 0);
}

void apus_pool_run(apus_pool *pool, apus_kernel_fn run, const void *args, void *const *slots,
                   uint32_t chunks) {
  unsigned int idle = 0;
  if (chunks <= 1 || !pool || pool->threads <= 1 ||
      !atomic_compare_exchange_strong(&pool->busy, &idle, 1)) {
    for (uint32_t chunk = 0; chunk < chunks; chunk++) run(args, slots, chunk, 0);
    return;
  }
  pool->run = run;
  pool->args = args;
  pool->slots = slots;
  pool->chunks = chunks;
  start_job(pool, chunks);
  run_chunks(pool, 0);
  finish_job(pool);
  atomic_store(&pool->busy, 0);
}

// The status begins with its code.
static bool refused(void *const *slots) {
  return slots && slots[0] && __atomic_load_n((const int32_t *)slots[0], __ATOMIC_RELAXED) != 0;
}

uint32_t apus_pool_run_steps(apus_pool *pool, const apus_step *steps, uint32_t count,
                             void *const *slots, const apus_flag *cancel, uint64_t *nanoseconds) {
  uint64_t before = nanoseconds ? apus_clock_monotonic() : 0;
  for (uint32_t i = 0; i < count; i++) {
    if (cancel && apus_flag_is_raised(cancel)) return i;
    const apus_step *step = &steps[i];
    apus_pool_run(pool, step->run, step->args, slots, step->chunks);
    if (nanoseconds) {
      uint64_t now = apus_clock_monotonic();
      nanoseconds[i] = now - before;
      before = now;
    }
    if (refused(slots)) return i;
  }
  return count;
}

apus_pool *apus_pool_create(uint32_t threads) {
  if (threads == 0) threads = 1;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  apus_pool *pool = apus_memory_allocate_zero(sizeof *pool, 64);
  if (!pool) return NULL;
  pool->workers = calloc(threads, sizeof *pool->workers);
  if (!pool->workers) {
    apus_memory_free(pool);
    return NULL;
  }
  atomic_store(&pool->state, STATE_CLOSED);
  uint32_t started = 1;
  for (; started < threads; started++) {
    pool_worker *worker = &pool->workers[started];
    worker->pool = pool;
    worker->index = started;
    if (pthread_create(&worker->thread, NULL, worker_main, worker)) break;
  }
  pool->threads = started;
  return pool;
}

void apus_pool_destroy(apus_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->stop, 1);
  atomic_fetch_add(&pool->offered, 1);
  apus_wake(&pool->offered, pool->threads);
  for (uint32_t i = 1; i < pool->threads; i++) pthread_join(pool->workers[i].thread, NULL);
  free(pool->workers);
  apus_memory_free(pool);
}

uint32_t apus_pool_threads(const apus_pool *pool) { return pool ? pool->threads : 1; }
