#include "apus_pool.h"
#include "apus_memory.h"
#include "apus_system.h"
#include "wait.h"
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Every caller has a lane of its own, so that several sessions compute at the same time, and the
// workers help in any lane. A lane's `state` says which job is on offer: its number in the high
// half, then whether it is closed, then how many workers have joined it. A worker joins by adding
// one while the job is open; the caller closes the job when no chunk is left and waits only for
// those that joined, so a worker that the system has not scheduled delays nobody.
//
// Callers compute, too: for each beyond the first one worker sleeps, so that no more threads run
// than the pool has.
#define STATE_CLOSED 0x80000000u
#define STATE_JOINED 0x7fffffffu
#define SPIN_NANOSECONDS 30000
#define MOST_THREADS 1024
#define LANES 16

typedef struct {
  // The job on offer; written by the lane's caller while no worker has joined.
  apus_kernel_fn run;
  const void *args;
  void *const *slots;
  uint32_t chunks;
  _Alignas(64) atomic_ullong state;
  _Alignas(64) atomic_ullong next;    // chunk
  _Alignas(64) atomic_uint finished;  // changes when the last worker leaves a closed job
  atomic_uint caller_sleeps;
  atomic_uint taken;
} pool_lane;

typedef struct {
  apus_pool *pool;
  pthread_t thread;
  uint32_t index;
  uint32_t turn;         // the lane to look at first
  uint32_t last[LANES];  // the job seen last in each lane
} pool_worker;

struct apus_pool {
  uint32_t threads;
  pool_worker *workers;
  _Alignas(64) atomic_uint offered;  // changes with every job; idle workers sleep on it
  atomic_uint sleepers;
  atomic_uint stop;
  _Alignas(64) atomic_uint callers;
  atomic_uint lanes;  // lanes taken so far; workers look no further
  pool_lane lane[LANES];
};

void apus_flag_raise(apus_flag *flag) { __atomic_store_n(&flag->value, 1, __ATOMIC_RELEASE); }
void apus_flag_lower(apus_flag *flag) { __atomic_store_n(&flag->value, 0, __ATOMIC_RELEASE); }
bool apus_flag_is_raised(const apus_flag *flag) {
  return __atomic_load_n(&flag->value, __ATOMIC_ACQUIRE) != 0;
}

static void run_chunks(pool_lane *lane, uint32_t worker) {
  for (;;) {
    uint64_t chunk = atomic_fetch_add_explicit(&lane->next, 1, memory_order_relaxed);
    if (chunk >= lane->chunks) return;
    lane->run(lane->args, lane->slots, (uint32_t)chunk, worker);
  }
}

// Joins the lane's open job unless it is number `last`. Returns the state joined, or 0.
static uint64_t join_job(pool_lane *lane, uint32_t last) {
  unsigned long long state = atomic_load(&lane->state);
  while (!(state & STATE_CLOSED) && (uint32_t)(state >> 32) != last) {
    if (atomic_compare_exchange_weak(&lane->state, &state, state + 1)) return state + 1;
  }
  return 0;
}

// Joins an open job of any lane, lanes taking turns. Returns the lane, or NULL.
static pool_lane *join_any(pool_worker *worker) {
  apus_pool *pool = worker->pool;
  uint32_t lanes = atomic_load_explicit(&pool->lanes, memory_order_acquire);
  for (uint32_t i = 0; i < lanes; i++) {
    uint32_t index = (worker->turn + i) % lanes;
    uint64_t state = join_job(&pool->lane[index], worker->last[index]);
    if (!state) continue;
    worker->last[index] = (uint32_t)(state >> 32);
    worker->turn = index + 1;
    return &pool->lane[index];
  }
  return NULL;
}

static void leave_job(pool_lane *lane) {
  uint32_t state = (uint32_t)(atomic_fetch_sub(&lane->state, 1) - 1);
  if (state != STATE_CLOSED) return;
  atomic_fetch_add(&lane->finished, 1);
  if (atomic_load(&lane->caller_sleeps)) apus_wake(&lane->finished, 1);
}

// Sleeping workers that callers stand in for.
static uint32_t replaced(apus_pool *pool) {
  uint32_t callers = atomic_load_explicit(&pool->callers, memory_order_relaxed);
  return callers > 1 ? callers - 1 : 0;
}

static pool_lane *wait_for_job(pool_worker *worker) {
  apus_pool *pool = worker->pool;
  uint64_t start = apus_clock_monotonic();
  do {
    for (int i = 0; i < 16; i++) {
      if (atomic_load_explicit(&pool->stop, memory_order_relaxed)) return NULL;
      if (atomic_load_explicit(&pool->sleepers, memory_order_relaxed) < replaced(pool)) goto sleep;
      pool_lane *lane = join_any(worker);
      if (lane) return lane;
      apus_pause();
    }
  } while (apus_clock_monotonic() - start < SPIN_NANOSECONDS);
sleep:
  for (;;) {
    uint32_t offered = atomic_load(&pool->offered);
    uint32_t sleepers = atomic_fetch_add(&pool->sleepers, 1);
    pool_lane *lane = sleepers >= replaced(pool) ? join_any(worker) : NULL;
    uint32_t stop = atomic_load(&pool->stop);
    if (!lane && !stop) apus_wait(&pool->offered, offered);
    atomic_fetch_sub(&pool->sleepers, 1);
    if (lane || stop) return lane;
  }
}

static void *worker_main(void *context) {
  pool_worker *worker = context;
  for (;;) {
    pool_lane *lane = wait_for_job(worker);
    if (!lane) return NULL;
    run_chunks(lane, worker->index);
    leave_job(lane);
  }
}

static void start_job(apus_pool *pool, pool_lane *lane) {
  uint32_t number = (uint32_t)(atomic_load_explicit(&lane->state, memory_order_relaxed) >> 32) + 1;
  if (number == 0) number = 1;
  atomic_store_explicit(&lane->next, 0, memory_order_relaxed);
  atomic_store(&lane->state, (unsigned long long)number << 32);
  atomic_fetch_add(&pool->offered, 1);
  uint32_t sleepers = atomic_load(&pool->sleepers);
  uint32_t asleep = replaced(pool);
  if (sleepers <= asleep) return;
  uint32_t spare = sleepers - asleep;
  apus_wake(&pool->offered, lane->chunks - 1 < spare ? lane->chunks - 1 : spare);
}

static void finish_job(pool_lane *lane) {
  uint32_t state = (uint32_t)atomic_fetch_or(&lane->state, STATE_CLOSED);
  if (!(state & STATE_JOINED)) return;
  uint64_t start = apus_clock_monotonic();
  do {
    for (int i = 0; i < 16; i++) {
      if (!(atomic_load(&lane->state) & STATE_JOINED)) return;
      apus_pause();
    }
  } while (apus_clock_monotonic() - start < SPIN_NANOSECONDS);
  atomic_store(&lane->caller_sleeps, 1);
  for (;;) {
    uint32_t finished = atomic_load(&lane->finished);
    if (!(atomic_load(&lane->state) & STATE_JOINED)) break;
    apus_wait(&lane->finished, finished);
  }
  atomic_store(&lane->caller_sleeps, 0);
}

// Counts a caller in and gives it a lane, or NULL where all are taken.
static pool_lane *enter(apus_pool *pool) {
  if (!pool || pool->threads <= 1) return NULL;
  atomic_fetch_add(&pool->callers, 1);
  for (uint32_t i = 0; i < LANES; i++) {
    unsigned int idle = 0;
    if (!atomic_compare_exchange_strong(&pool->lane[i].taken, &idle, 1)) continue;
    unsigned int lanes = atomic_load(&pool->lanes);
    while (lanes <= i && !atomic_compare_exchange_weak(&pool->lanes, &lanes, i + 1)) {
    }
    return &pool->lane[i];
  }
  return NULL;
}

static void leave(apus_pool *pool, pool_lane *lane) {
  if (!pool || pool->threads <= 1) return;
  if (lane) atomic_store(&lane->taken, 0);
  atomic_fetch_sub(&pool->callers, 1);
}

static void run_step(apus_pool *pool, pool_lane *lane, const apus_step *step, void *const *slots) {
  // Where callers alone keep every thread busy nobody is asked.
  if (step->chunks <= 1 || !lane ||
      atomic_load_explicit(&pool->callers, memory_order_relaxed) >= pool->threads) {
    for (uint32_t chunk = 0; chunk < step->chunks; chunk++) step->run(step->args, slots, chunk, 0);
    return;
  }
  lane->run = step->run;
  lane->args = step->args;
  lane->slots = slots;
  lane->chunks = step->chunks;
  start_job(pool, lane);
  run_chunks(lane, 0);
  finish_job(lane);
}

void apus_pool_run(apus_pool *pool, apus_kernel_fn run, const void *args, void *const *slots,
                   uint32_t chunks) {
  apus_step step = {.run = run, .args = args, .chunks = chunks};
  pool_lane *lane = enter(pool);
  run_step(pool, lane, &step, slots);
  leave(pool, lane);
}

// The status begins with its code.
static bool refused(void *const *slots) {
  return slots && slots[0] && __atomic_load_n((const int32_t *)slots[0], __ATOMIC_RELAXED) != 0;
}

uint32_t apus_pool_run_steps(apus_pool *pool, const apus_step *steps, uint32_t count,
                             void *const *slots, const apus_flag *cancel, uint64_t *nanoseconds) {
  uint64_t before = nanoseconds ? apus_clock_monotonic() : 0;
  pool_lane *lane = enter(pool);
  uint32_t i = 0;
  for (; i < count; i++) {
    if (cancel && apus_flag_is_raised(cancel)) break;
    run_step(pool, lane, &steps[i], slots);
    if (nanoseconds) {
      uint64_t now = apus_clock_monotonic();
      nanoseconds[i] = now - before;
      before = now;
    }
    if (refused(slots)) break;
  }
  leave(pool, lane);
  return i;
}

apus_pool *apus_pool_create(uint32_t threads) {
  if (threads == 0) threads = 1;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  apus_pool *pool = apus_memory_allocate(sizeof *pool);
  if (!pool) return NULL;
  memset(pool, 0, sizeof *pool);
  pool->workers = calloc(threads, sizeof *pool->workers);
  if (!pool->workers) {
    apus_memory_free(pool, sizeof *pool);
    return NULL;
  }
  for (uint32_t i = 0; i < LANES; i++) atomic_store(&pool->lane[i].state, STATE_CLOSED);
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
  apus_memory_free(pool, sizeof *pool);
}

uint32_t apus_pool_threads(const apus_pool *pool) { return pool ? pool->threads : 1; }
