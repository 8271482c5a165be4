// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
#include "DVLACKernels.h"
#include "Vectors.h"
#define DVLA_SUFFIX portable
#define DVLA_HAS_F16_CONVERSION 0
#include "Bodies/Kernels.inc"
