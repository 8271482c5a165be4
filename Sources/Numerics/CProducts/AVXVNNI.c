// INT8 by the VPDPWSSD of AVX-VNNI: processors with VNNI and without AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#include "Tiles.h"
#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)
#define DVLA_SUFFIX avx_vnni
#define DVLA_DIGIT_OFFSET 0
#include "Bodies/Arrangement.inc"
#include "Bodies/Lanes256.inc"

/// A whole vector of rows at a time: twelve totals and two vectors of weights fill the registers.
DVLA_INLINE void int8_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t pairs = strip.stage.units * 2, width = pairs / strip.stage.blocks;
  for (int v = 0; v < vectors; v++) {
    const uint32_t *weights = strip.weights + (size_t)v * pairs * DVLA_LANES;
    size_t column = (size_t)v * DVLA_LANES, pair = 0;
    for (size_t block = 0; block < strip.stage.blocks; block++) {
      __m256i low[6], high[6];
      DVLA_UNROLL for (int t = 0; t < tokens; t++) low[t] = high[t] = _mm256_setzero_si256();
      for (size_t end = pair + width; pair < end; pair++) {
        const __m256i *w = (const __m256i *)(weights + pair * DVLA_LANES);
        __m256i w_low = _mm256_load_si256(w), w_high = _mm256_load_si256(w + 1);
        DVLA_UNROLL for (int t = 0; t < tokens; t++) {
          __m256i x =
              _mm256_set1_epi32(((const int32_t *)strip.words)[(size_t)t * pairs + pair]);
          low[t] = _mm256_dpwssd_avx_epi32(low[t], x, w_low);
          high[t] = _mm256_dpwssd_avx_epi32(high[t], x, w_high);
        }
      }
      const float *scale = strip.scales + block * DVLA_TILE_OUTPUTS + column;
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        float *sum = strip.sums + (size_t)t * DVLA_TILE_OUTPUTS + column;
        K(add_scaled)(sum, low[t], scale);
        K(add_scaled)(sum + 8, high[t], scale + 8);
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(int8_multiply, int8_strip, 6, 8, 0)

const dvla_product_kernels dvla_int8_avx_vnni = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 2,
    .token_unit_bytes = 8, .strip_tokens = 6,
    .scale = K(int16_scale),
    .arrange_token = K(int16_token),
    .arrange_rows = K(int16_rows_fast),
    .multiply = int8_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_avx_vnni;
#endif
