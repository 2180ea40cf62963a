#ifndef APUS_POOL_H
#define APUS_POOL_H
#include <stdbool.h>
#include <stdint.h>

// A fork-join pool for kernels. Threads that find nothing to do spin briefly, then sleep.

// Runs chunk `chunk` of a kernel. `worker` is below apus_pool_threads and differs between the
// threads that run chunks of one call at the same time.
typedef void (*apus_kernel_fn)(const void *args, void *const *slots, uint32_t chunk,
                               uint32_t worker);

typedef struct {
  apus_kernel_fn run;
  const void *args;
  uint32_t chunks;
  uint32_t reserved;
} apus_step;

// A flag that one thread raises and others poll.
typedef struct {
  uint32_t value;
} apus_flag;

void apus_flag_raise(apus_flag *flag);
void apus_flag_lower(apus_flag *flag);
bool apus_flag_is_raised(const apus_flag *flag);

typedef struct apus_pool apus_pool;

// A pool of `threads` threads, the calling one included (0 counts as 1). Where the system refuses
// a thread the pool is smaller. NULL when memory is short.
apus_pool *apus_pool_create(uint32_t threads);
// No call on the pool may be running.
void apus_pool_destroy(apus_pool *pool);
uint32_t apus_pool_threads(const apus_pool *pool);

// Runs all chunks and returns when they are done; the caller takes part, as worker 0. Calls from
// several threads at once share the other workers: for each caller beyond the first one of them
// rests, so that no more threads compute than the pool has. A NULL pool has no other workers.
void apus_pool_run(apus_pool *pool, apus_kernel_fn run, const void *args, void *const *slots,
                   uint32_t chunks);

// Runs steps in order and returns `count`, or the index of the step before which `cancel` was found
// raised, or after which the status in slot 0 was not 0. `cancel` may be NULL. Where `nanoseconds`
// is not NULL it receives the time each completed step took.
uint32_t apus_pool_run_steps(apus_pool *pool, const apus_step *steps, uint32_t count,
                             void *const *slots, const apus_flag *cancel, uint64_t *nanoseconds);

#endif
