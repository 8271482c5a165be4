#if defined(__x86_64__)
#include "DVLACKernels.h"
#include "Vectors.h"
#pragma clang attribute push( \
    __attribute__((target("avx2,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), \
    apply_to = function)
#define DVLA_SUFFIX avx512
#define DVLA_HAS_F16_CONVERSION 1
#include "Bodies/Kernels.inc"
#pragma clang attribute pop
#else
typedef int dvla_no_avx512;
#endif
