#ifndef CAPUSPLATFORM_H
#define CAPUSPLATFORM_H
// What Apus needs from the operating system and from libm. One header a concern.
#include "apus_checksum.h"
#include "apus_file.h"
#include "apus_float.h"
#include "apus_image.h"
#include "apus_library.h"
#include "apus_math.h"
#include "apus_memory.h"
#include "apus_number.h"
#include "apus_pool.h"
#include "apus_shared_memory.h"
#include "apus_system.h"
#include "apus_thread.h"
#endif
