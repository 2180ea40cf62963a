#include "apus_plugin.h"

// The header is the interface; this file lets it be a target.
