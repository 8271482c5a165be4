// INT8 by VPMADDWD: exact sums of two 16-bit products, where VPMADDUBSW would saturate.
#if defined(__x86_64__)
#include <immintrin.h>

#include "Tiles.h"
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define DVLA_SUFFIX avx2
#define DVLA_DIGIT_OFFSET 0
#include "Bodies/Arrangement.inc"

DVLA_INLINE __m256i K(add_products)(__m256i total, __m256i x, __m256i weights) {
  return _mm256_add_epi32(total, _mm256_madd_epi16(x, weights));
}

#include "Bodies/PairStrips.inc"

DVLA_DEFINE_MULTIPLY(int8_multiply, K(int8_strip), 6, 4)

const dvla_product_kernels dvla_int8_avx2 = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 2, .word_bytes = 4,
    .scale = K(int16_scale),
    .arrange_token = K(int16_token),
    .arrange_rows = K(int16_rows),
    .multiply = int8_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_avx2;
#endif
