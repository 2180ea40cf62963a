#include "apus_system.h"

// Set by Package.swift from the environment of the build.
#ifndef APUS_COMMIT
#define APUS_COMMIT ""
#endif

const char *apus_build_commit(void) { return APUS_COMMIT; }
