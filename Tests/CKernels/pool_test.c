// Callers in several threads, each with jobs of its own: every chunk runs once, by a worker that no
// other thread of the call has at the same time, and no more threads compute than the pool has.
#include "apus_pool.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_CHUNKS 64
#define MOST_THREADS 8

typedef struct {
  uint32_t chunks;
  uint32_t work;
  atomic_uint seen[MOST_CHUNKS];
  atomic_uint workers[MOST_THREADS];
} job;

static atomic_uint failures;
static apus_pool *pool;
static uint32_t rounds;

static void kernel(const void *args, void *const *slots, uint32_t chunk, uint32_t worker) {
  (void)slots;
  job *mine = (job *)args;
  if (chunk >= mine->chunks || worker >= apus_pool_threads(pool)) {
    atomic_fetch_add(&failures, 1);
    return;
  }
  if (atomic_fetch_add(&mine->workers[worker], 1) != 0) atomic_fetch_add(&failures, 1);
  atomic_fetch_add(&mine->seen[chunk], 1);
  for (volatile uint32_t i = 0; i < mine->work; i++) {
  }
  atomic_fetch_sub(&mine->workers[worker], 1);
}

static void *caller(void *context) {
  uint64_t random = (uint64_t)(size_t)context * 2654435761u + 1;
  job *jobs = calloc(4, sizeof *jobs);
  for (uint32_t round = 0; round < rounds; round++) {
    apus_step steps[4];
    for (int i = 0; i < 4; i++) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      jobs[i].chunks = (uint32_t)(random % (MOST_CHUNKS + 1));
      jobs[i].work = (uint32_t)(random >> 20) % 300;
      for (int c = 0; c < MOST_CHUNKS; c++) atomic_store(&jobs[i].seen[c], 0);
      steps[i] = (apus_step){.run = kernel, .args = &jobs[i], .chunks = jobs[i].chunks};
    }
    if (apus_pool_run_steps(pool, steps, 4, NULL, NULL, NULL) != 4) atomic_fetch_add(&failures, 1);
    for (int i = 0; i < 4; i++) {
      for (uint32_t c = 0; c < MOST_CHUNKS; c++) {
        if (atomic_load(&jobs[i].seen[c]) != (c < jobs[i].chunks)) atomic_fetch_add(&failures, 1);
      }
    }
  }
  free(jobs);
  return NULL;
}

int main(int count, char **arguments) {
  rounds = count > 1 ? (uint32_t)atoi(arguments[1]) : 1000;
  const uint32_t threads[] = {1, 2, 3, 4, 8};
  const uint32_t callers[] = {1, 2, 3, 5, 20};
  for (int t = 0; t < 5; t++) {
    for (int c = 0; c < 5; c++) {
      pool = apus_pool_create(threads[t]);
      pthread_t running[20];
      for (uint32_t i = 0; i < callers[c]; i++) {
        pthread_create(&running[i], NULL, caller, (void *)(size_t)(i + 1));
      }
      for (uint32_t i = 0; i < callers[c]; i++) pthread_join(running[i], NULL);
      apus_pool_destroy(pool);
    }
  }
  printf("pool: %u failures\n", atomic_load(&failures));
  return atomic_load(&failures) != 0;
}
