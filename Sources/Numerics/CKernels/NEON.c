#if defined(__aarch64__)
// As the portable table, with the conversion from half precision that arm64 always has.
#include "DVLACKernels.h"
#include "Vectors.h"
#define DVLA_SUFFIX neon
#define DVLA_HAS_F16_CONVERSION 1
#include "Bodies/Kernels.inc"
#else
typedef int dvla_no_neon;
#endif
