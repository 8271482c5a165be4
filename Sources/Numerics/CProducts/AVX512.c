// AVX-512: BF16 by VDPBF16PS; 8-bit integers in two ways. VPDPBUSD, once for each byte of a token's
// 16-bit integers, is two multiplications for 64 products, with weights half as wide in the cache.
// VPDPWSSD by Winograd's inner product is one, and two additions: less time where a processor adds
// on more ports than it multiplies on.
#if defined(__x86_64__)
#include <immintrin.h>

#include "Tiles.h"
#define DVLA_AVX512 "avx2,avx512f,avx512bw,avx512dq,avx512vl"
#pragma clang attribute push(__attribute__((target(DVLA_AVX512))), apply_to = function)
#define DVLA_SUFFIX avx512
#define DVLA_DIGIT_OFFSET 128
#include "Bodies/Arrangement.inc"
#include "Bodies/InnerProducts.inc"

/// Sixteen words of sixteen rows change places: word j of all rows becomes vector j.
DVLA_INLINE void transpose(__m512i rows[16]) {
  __m512i a[16], b[16];
  DVLA_UNROLL for (int i = 0; i < 16; i += 2) {
    a[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    a[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  // b[4 q + j]: of rows 4 q to 4 q + 3, words j, j + 4, j + 8 and j + 12.
  DVLA_UNROLL for (int q = 0; q < 16; q += 4) {
    b[q] = _mm512_unpacklo_epi64(a[q], a[q + 2]);
    b[q + 1] = _mm512_unpackhi_epi64(a[q], a[q + 2]);
    b[q + 2] = _mm512_unpacklo_epi64(a[q + 1], a[q + 3]);
    b[q + 3] = _mm512_unpackhi_epi64(a[q + 1], a[q + 3]);
  }
  DVLA_UNROLL for (int j = 0; j < 4; j++) {
    __m512i even_low = _mm512_shuffle_i32x4(b[j], b[4 + j], 0x88);
    __m512i even_high = _mm512_shuffle_i32x4(b[8 + j], b[12 + j], 0x88);
    __m512i odd_low = _mm512_shuffle_i32x4(b[j], b[4 + j], 0xDD);
    __m512i odd_high = _mm512_shuffle_i32x4(b[8 + j], b[12 + j], 0xDD);
    rows[j] = _mm512_shuffle_i32x4(even_low, even_high, 0x88);
    rows[4 + j] = _mm512_shuffle_i32x4(odd_low, odd_high, 0x88);
    rows[8 + j] = _mm512_shuffle_i32x4(even_low, even_high, 0xDD);
    rows[12 + j] = _mm512_shuffle_i32x4(odd_low, odd_high, 0xDD);
  }
}

/// Words of the last bytes of each row, fewer than 64 from byte `at` on, then zeros.
DVLA_INLINE void load_rest(
    const uint8_t *const *rows, size_t at, size_t end, __m512i words[16]) {
  __mmask64 mask = ((__mmask64)1 << (end - at)) - 1;
  DVLA_UNROLL for (int i = 0; i < 16; i++) {
    words[i] = _mm512_maskz_loadu_epi8(mask, rows[i] + at);
  }
  transpose(words);
}

DVLA_INLINE void load_words(const uint8_t *const *rows, size_t at, __m512i words[16]) {
  DVLA_UNROLL for (int i = 0; i < 16; i++) words[i] = _mm512_loadu_si512(rows[i] + at);
  transpose(words);
}

static void word_rows(const uint8_t *const *rows, size_t bytes, uint32_t *units) {
  size_t at = 0;
  __m512i words[16];
  for (; bytes - at >= 64; at += 64) {
    load_words(rows, at, words);
    DVLA_UNROLL for (int i = 0; i < 16; i++, units += DVLA_LANES) {
      _mm512_store_si512(units, words[i]);
    }
  }
  if (at == bytes) return;
  load_rest(rows, at, bytes, words);
  for (size_t i = 0; at < bytes; i++, at += 4, units += DVLA_LANES) {
    _mm512_store_si512(units, words[i]);
  }
}

static void bf16_rows_fast(const uint8_t *const *rows, size_t count, uint32_t *units) {
  word_rows(rows, count * 2, units);
}

/// Four 8-bit weights of each row, widened to 16.
DVLA_INLINE void store_widened(uint32_t *unit, __m512i fours) {
  // The bytes of each pair, above zeros that the shift removes.
  const __m512i low = _mm512_add_epi8(
      _mm512_set1_epi64((long long)0x0580048001800080),
      _mm512_maskz_set1_epi8(0xFF00FF00FF00FF00, 8));
  const __m512i high = _mm512_add_epi8(low, _mm512_set1_epi16(0x0200));
  _mm512_store_si512(unit, _mm512_srai_epi16(_mm512_shuffle_epi8(fours, low), 8));
  _mm512_store_si512(unit + DVLA_LANES, _mm512_srai_epi16(_mm512_shuffle_epi8(fours, high), 8));
}

static void int16_rows_fast(const uint8_t *const *rows, size_t count, uint32_t *units) {
  size_t at = 0;
  __m512i words[16];
  for (; count - at >= 64; at += 64) {
    load_words(rows, at, words);
    DVLA_UNROLL for (int i = 0; i < 16; i++, units += 2 * DVLA_LANES) {
      store_widened(units, words[i]);
    }
  }
  if (at == count) return;
  load_rest(rows, at, count, words);
  for (size_t i = 0; at < count; i++, at += 4, units += 2 * DVLA_LANES) {
    store_widened(units, words[i]);
  }
}
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target(DVLA_AVX512 ",avx512bf16"))), apply_to = function)

DVLA_INLINE void bf16_strip(dvla_strip strip, const int tokens, const int vectors) {
  __m512 sums[6][4];
  DVLA_UNROLL for (int t = 0; t < tokens; t++) {
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      sums[t][v] = _mm512_load_ps(strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES);
    }
  }
  size_t units = strip.stage.units;
  for (size_t unit = 0; unit < units; unit++) {
    __m512bh weights[4];
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      weights[v] = (__m512bh)_mm512_load_si512(
          strip.weights + ((size_t)v * units + unit) * DVLA_LANES);
    }
    DVLA_UNROLL for (int t = 0; t < tokens; t++) {
      __m512bh x = (__m512bh)_mm512_set1_epi32(
          ((const int32_t *)strip.words)[(size_t)t * units + unit]);
      DVLA_UNROLL for (int v = 0; v < vectors; v++) {
        sums[t][v] = _mm512_dpbf16_ps(sums[t][v], x, weights[v]);
      }
    }
  }
  DVLA_UNROLL for (int t = 0; t < tokens; t++) {
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      _mm512_store_ps(strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES, sums[t][v]);
    }
  }
}

DVLA_DEFINE_MULTIPLY(bf16_multiply, bf16_strip, 6, 4, 0)

const dvla_product_kernels dvla_bf16_avx512 = {
    .element_bytes = 2, .stage_inputs = DVLA_BF16_STAGE, .unit_inputs = 2, .unit_words = 1,
    .token_unit_bytes = 4, .strip_tokens = 6,
    .arrange_token = K(bf16_token),
    .arrange_rows = bf16_rows_fast,
    .multiply = bf16_multiply,
};
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target(DVLA_AVX512 ",avx512vnni"))), apply_to = function)

/// sum += total * scale, rounded at each step.
DVLA_INLINE void add_scaled(float *sum, __m512i total, __m512 scale) {
  __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(total), scale);
  _mm512_store_ps(sum, _mm512_add_ps(_mm512_load_ps(sum), product));
}

DVLA_INLINE void digit_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units, width = units / strip.stage.blocks, unit = 0;
  for (size_t block = 0; block < strip.stage.blocks; block++) {
    const float *scales = strip.scales + block * DVLA_TILE_OUTPUTS;
    const float *starts = scales + strip.stage.blocks * DVLA_TILE_OUTPUTS;
    // Of each token the high bytes, then the low ones.
    __m512i totals[6][4];
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      __m512i start = _mm512_load_si512(starts + v * DVLA_LANES);
      DVLA_UNROLL for (int d = 0; d < 2 * tokens; d++) totals[d][v] = start;
    }
    for (size_t end = unit + width; unit < end; unit++) {
      __m512i weights[4];
      DVLA_UNROLL for (int v = 0; v < vectors; v++) {
        weights[v] =
            _mm512_load_si512(strip.weights + ((size_t)v * units + unit) * DVLA_LANES);
      }
      DVLA_UNROLL for (int d = 0; d < 2 * tokens; d++) {
        size_t word = ((size_t)(d / 2) * units + unit) * 2 + (size_t)(d % 2);
        __m512i x = _mm512_set1_epi32(((const int32_t *)strip.words)[word]);
        DVLA_UNROLL for (int v = 0; v < vectors; v++) {
          totals[d][v] = _mm512_dpbusd_epi32(totals[d][v], x, weights[v]);
        }
      }
    }
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      __m512 scale = _mm512_load_ps(scales + v * DVLA_LANES);
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        float *sum = strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES;
        __m512i total =
            _mm512_add_epi32(_mm512_slli_epi32(totals[2 * t][v], 8), totals[2 * t + 1][v]);
        add_scaled(sum, total, scale);
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(digit_multiply, digit_strip, 3, 8, 0)

/// Tokens' bytes are 128 too large, so sums begin 128 times the weights' own sum lower.
static void digit_prepare(dvla_stage stage, uint32_t *units, float *scales) {
  float *start = scales + stage.blocks * DVLA_TILE_OUTPUTS;
  for (size_t block = 0; block < stage.blocks; block++, start += DVLA_TILE_OUTPUTS) {
    __m512i excess = _mm512_setzero_si512();
    for (size_t unit = 0; unit < stage.units / stage.blocks; unit++, units += DVLA_LANES) {
      excess = _mm512_dpbusd_epi32(
          excess, _mm512_set1_epi8((char)128), _mm512_load_si512(units));
    }
    _mm512_store_si512(start, _mm512_sub_epi32(_mm512_setzero_si512(), excess));
  }
}

const dvla_product_kernels dvla_int8_avx512_vnni = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 1,
    .token_unit_bytes = 8, .strip_tokens = 3,
    .scale = K(int16_scale),
    .arrange_token = K(digit_token),
    .arrange_rows = word_rows,
    .prepare = digit_prepare,
    .multiply = digit_multiply,
};

DVLA_INLINE void inner_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units, blocks = strip.stage.blocks, width = units / blocks;
  size_t token_words = units * 2 + blocks, unit = 0;
  const int32_t *words = (const int32_t *)strip.words;
  const uint8_t *next = strip.words + (size_t)tokens * token_words * 4;
  for (size_t block = 0; block < blocks; block++) {
    const float *scales = strip.scales + block * DVLA_TILE_OUTPUTS;
    const float *starts = scales + blocks * DVLA_TILE_OUTPUTS;
    __m512i totals[4][4];
    DVLA_UNROLL for (int t = 0; t < tokens; t++) {
      __m512i head = _mm512_set1_epi32(words[(size_t)t * token_words + units * 2 + block]);
      DVLA_UNROLL for (int v = 0; v < vectors; v++) {
        totals[t][v] = _mm512_add_epi32(_mm512_load_si512(starts + v * DVLA_LANES), head);
      }
    }
    for (size_t end = unit + width; unit < end;) {
      next = fetch_lines(next, tokens);
      for (size_t stop = end - unit < 8 ? end : unit + 8; unit < stop; unit++) {
        __m512i first[4], last[4];
        DVLA_UNROLL for (int v = 0; v < vectors; v++) {
          const uint32_t *w = strip.weights + ((size_t)v * units + unit) * 2 * DVLA_LANES;
          first[v] = _mm512_load_si512(w);
          last[v] = _mm512_load_si512(w + DVLA_LANES);
        }
        DVLA_UNROLL for (int t = 0; t < tokens; t++) {
          const int32_t *word = words + (size_t)t * token_words + unit * 2;
          __m512i x_first = _mm512_set1_epi32(word[0]), x_last = _mm512_set1_epi32(word[1]);
          DVLA_UNROLL for (int v = 0; v < vectors; v++) {
            totals[t][v] = _mm512_dpwssd_epi32(
                totals[t][v], _mm512_add_epi16(x_first, last[v]),
                _mm512_add_epi16(x_last, first[v]));
          }
        }
      }
    }
    DVLA_UNROLL for (int v = 0; v < vectors; v++) {
      __m512 scale = _mm512_load_ps(scales + v * DVLA_LANES);
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        add_scaled(strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES, totals[t][v], scale);
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(inner_multiply, inner_strip, 4, 8, 4)

/// Minus each row's sum of w0 w2 + w1 w3 in each block.
static void inner_prepare(dvla_stage stage, uint32_t *units, float *scales) {
  float *start = scales + stage.blocks * DVLA_TILE_OUTPUTS;
  for (size_t block = 0; block < stage.blocks; block++, start += DVLA_TILE_OUTPUTS) {
    __m512i sum = _mm512_setzero_si512();
    for (size_t unit = 0; unit < stage.units / stage.blocks; unit++, units += 2 * DVLA_LANES) {
      sum = _mm512_dpwssd_epi32(
          sum, _mm512_load_si512(units), _mm512_load_si512(units + DVLA_LANES));
    }
    _mm512_store_si512(start, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
  }
}

const dvla_product_kernels dvla_int8_avx512_inner = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 2,
    .token_unit_bytes = 8, .head_bytes = 4, .strip_tokens = 4,
    .scale = K(int16_scale),
    .arrange_token = K(inner_token),
    .arrange_rows = int16_rows_fast,
    .prepare = inner_prepare,
    .multiply = inner_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_avx512;
#endif
