#if defined(__x86_64__)
// The headers of the intrinsics first: their own functions keep their own targets.
#include <immintrin.h>
#include <stdlib.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define XXH_VECTOR 2
#define DVLA_NAME dvla_xxh3_64_avx2
#include "parts.inc"
#pragma clang attribute pop
#else
typedef int dvla_no_avx2;
#endif
