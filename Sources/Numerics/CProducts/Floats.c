// Products in float32, one source for every instruction set: the compiler splits vectors of 16 into
// registers. A strip's totals fill them, with room for its weights and a token: 12 x 32 on 32
// registers of 512 bits, 6 x 16 on 16 of 256 bits and on 32 of 128 bits.
#include "Tiles.h"

// By fmaf where the target has no instruction: the same bits, and slow.
#define DVLA_SUFFIX portable
#define DVLA_HAS_F16_CONVERSION 0
#define DVLA_STRIP_TOKENS 6
#define DVLA_STRIP_VECTORS 1
#include "Bodies/Floats.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define DVLA_SUFFIX avx2
#define DVLA_HAS_F16_CONVERSION 1
#define DVLA_STRIP_TOKENS 6
#define DVLA_STRIP_VECTORS 1
#include "Bodies/Floats.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#define DVLA_SUFFIX avx512
#define DVLA_HAS_F16_CONVERSION 1
#define DVLA_STRIP_TOKENS 12
#define DVLA_STRIP_VECTORS 2
#include "Bodies/Floats.inc"
#pragma clang attribute pop
#endif
