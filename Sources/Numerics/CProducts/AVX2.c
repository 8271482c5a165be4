// INT8 by VPMADDWD: exact sums of two 16-bit products, where VPMADDUBSW would saturate. Of four
// operations of 256 bits one multiplies, and together they are worth 32 products: as much as the
// two multiplications and an addition that activations of 8 bits would need.
#if defined(__x86_64__)
#include <immintrin.h>

#include "Tiles.h"
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define DVLA_SUFFIX avx2
#define DVLA_DIGIT_OFFSET 0
#include "Bodies/Arrangement.inc"
#include "Bodies/InnerProducts.inc"
#include "Bodies/Lanes256.inc"

/// total += (first + w_last) (last + w_first), of eight rows.
DVLA_INLINE __m256i add_products(
    __m256i total, __m256i first, __m256i last, __m256i w_first, __m256i w_last) {
  __m256i products =
      _mm256_madd_epi16(_mm256_add_epi16(first, w_last), _mm256_add_epi16(last, w_first));
  return _mm256_add_epi32(total, products);
}

/// Sixteen rows at a time: eight totals, four vectors of weights, two words and two sums fill the
/// registers.
DVLA_INLINE void int8_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units, blocks = strip.stage.blocks, width = units / blocks;
  size_t token_words = units * 2 + blocks;
  const int32_t *words = (const int32_t *)strip.words;
  const uint8_t *next = strip.words + (size_t)tokens * token_words * 4;
  for (size_t v = 0; v < (size_t)vectors; v++) {
    const __m256i *w = (const __m256i *)(strip.weights + v * units * 2 * DVLA_LANES);
    const float *scale = strip.scales + v * DVLA_LANES;
    float *sums = strip.sums + v * DVLA_LANES;
    size_t unit = 0;
    for (size_t block = 0; block < blocks; block++, scale += DVLA_TILE_OUTPUTS) {
      const __m256i *starts = (const __m256i *)(scale + blocks * DVLA_TILE_OUTPUTS);
      __m256i start_low = _mm256_load_si256(starts), start_high = _mm256_load_si256(starts + 1);
      __m256i low[4], high[4];
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        __m256i head = _mm256_set1_epi32(words[(size_t)t * token_words + units * 2 + block]);
        low[t] = _mm256_add_epi32(start_low, head);
        high[t] = _mm256_add_epi32(start_high, head);
      }
      for (size_t end = unit + width; unit < end;) {
        next = fetch_lines(next, 1);
        for (size_t stop = end - unit < 8 ? end : unit + 8; unit < stop; unit++, w += 4) {
          __m256i first_low = _mm256_load_si256(w), first_high = _mm256_load_si256(w + 1);
          __m256i last_low = _mm256_load_si256(w + 2), last_high = _mm256_load_si256(w + 3);
          DVLA_UNROLL for (int t = 0; t < tokens; t++) {
            const int32_t *word = words + (size_t)t * token_words + unit * 2;
            __m256i first = _mm256_set1_epi32(word[0]), last = _mm256_set1_epi32(word[1]);
            low[t] = add_products(low[t], first, last, first_low, last_low);
            high[t] = add_products(high[t], first, last, first_high, last_high);
          }
        }
      }
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        float *sum = sums + t * DVLA_TILE_OUTPUTS;
        K(add_scaled)(sum, low[t], scale);
        K(add_scaled)(sum + 8, high[t], scale + 8);
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(int8_multiply, int8_strip, 4, 8, 4)

/// Minus each row's sum of w0 w2 + w1 w3 in each block, behind the scales.
static void int8_prepare(dvla_stage stage, uint32_t *units, float *scales) {
  float *start = scales + stage.blocks * DVLA_TILE_OUTPUTS;
  const __m256i *w = (const __m256i *)units;
  for (size_t block = 0; block < stage.blocks; block++, start += DVLA_TILE_OUTPUTS) {
    __m256i low = _mm256_setzero_si256(), high = low;
    for (size_t unit = 0; unit < stage.units / stage.blocks; unit++, w += 4) {
      low = _mm256_sub_epi32(low, _mm256_madd_epi16(w[0], w[2]));
      high = _mm256_sub_epi32(high, _mm256_madd_epi16(w[1], w[3]));
    }
    _mm256_store_si256((__m256i *)start, low);
    _mm256_store_si256((__m256i *)start + 1, high);
  }
}

const dvla_product_kernels dvla_int8_avx2 = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 2,
    .token_unit_bytes = 8, .head_bytes = 4, .strip_tokens = 4,
    .scale = K(int16_scale),
    .arrange_token = K(inner_token),
    .arrange_rows = K(int16_rows_fast),
    .prepare = int8_prepare,
    .multiply = int8_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_avx2;
#endif
