/* What a C file of the core includes to have the contract. */
#ifndef SPATIAL_CORE_H
#define SPATIAL_CORE_H

#include <stddef.h>

#include "include/spatial.h"

#endif
