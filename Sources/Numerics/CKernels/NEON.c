#if defined(__aarch64__)
// As the portable table, with the conversion from half precision that arm64 always has.
#define DVLA_SUFFIX neon
#define DVLA_HAS_F16_CONVERSION 1
#include "Kernels.h"
#else
typedef int dvla_no_neon;
#endif
