// The system's zlib, for the compression of HTTP bodies; only its header is needed here.
#include "apus_zlib.h"
