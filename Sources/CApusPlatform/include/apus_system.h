#ifndef APUS_SYSTEM_H
#define APUS_SYSTEM_H
#include <stdbool.h>
#include <stdint.h>

// Nanoseconds on a clock that never goes back.
uint64_t apus_clock_monotonic(void);
// Nanoseconds since 1970, UTC.
uint64_t apus_clock_wall(void);

// Resident bytes of this process, now and at most so far; 0 where the system does not say.
uint64_t apus_resident_bytes(void);
uint64_t apus_peak_resident_bytes(void);

// CPUs this process may use: affinity and control-group quota, at least 1.
uint32_t apus_usable_cpus(void);

// The commit that the build was told by APUS_COMMIT, or "".
const char *apus_build_commit(void);

bool apus_is_terminal(int descriptor);
// Columns of a terminal, or 0.
uint32_t apus_terminal_columns(int descriptor);

#endif
