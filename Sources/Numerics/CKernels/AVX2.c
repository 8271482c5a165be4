#if defined(__x86_64__)
#include "DVLACKernels.h"
#include "Vectors.h"
#pragma clang attribute push(__attribute__((target("avx2,f16c"))), apply_to = function)
#define DVLA_SUFFIX avx2
#define DVLA_HAS_F16_CONVERSION 1
#include "Bodies/Kernels.inc"
#pragma clang attribute pop
#else
typedef int dvla_no_avx2;
#endif
