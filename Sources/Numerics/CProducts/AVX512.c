// AVX-512: BF16 by VDPBF16PS; 8-bit integers by VPDPBUSD, once for each byte of a token's 16-bit
// integers. VPDPWSSD would take as many instructions, and weights twice as wide in the cache.
#if defined(__x86_64__)
#include <immintrin.h>

#include "Tiles.h"
#define DVLA_AVX512 "avx2,avx512f,avx512bw,avx512dq,avx512vl"
#pragma clang attribute push(__attribute__((target(DVLA_AVX512))), apply_to = function)
#define DVLA_SUFFIX avx512
#define DVLA_DIGIT_OFFSET 128
#include "Bodies/Arrangement.inc"

/// Writes the first `count` units of 16 rows: a transposition of 16 x 16 words.
DVLA_INLINE void transpose(__m512i rows[16], size_t count, uint32_t *units) {
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
    __m512i word[4] = {
        _mm512_shuffle_i32x4(even_low, even_high, 0x88),
        _mm512_shuffle_i32x4(odd_low, odd_high, 0x88),
        _mm512_shuffle_i32x4(even_low, even_high, 0xDD),
        _mm512_shuffle_i32x4(odd_low, odd_high, 0xDD),
    };
    DVLA_UNROLL for (int i = 0; i < 4; i++) {
      size_t unit = (size_t)(4 * i + j);
      if (unit < count) _mm512_store_si512(units + unit * DVLA_LANES, word[i]);
    }
  }
}

static void bf16_rows_fast(const uint8_t *const *rows, size_t count, uint32_t *units) {
  for (size_t at = 0; at < count; at += 32, units += 16 * DVLA_LANES) {
    __m512i lines[16];
    size_t rest = count - at;
    if (rest >= 32) {
      DVLA_UNROLL for (int i = 0; i < 16; i++) lines[i] = _mm512_loadu_si512(rows[i] + at * 2);
      transpose(lines, 16, units);
    } else {
      __mmask32 mask = ((__mmask32)1 << rest) - 1;
      DVLA_UNROLL for (int i = 0; i < 16; i++) {
        lines[i] = _mm512_maskz_loadu_epi16(mask, rows[i] + at * 2);
      }
      transpose(lines, (rest + 1) / 2, units);
    }
  }
}

static void byte_rows_fast(const uint8_t *const *rows, size_t count, uint32_t *units) {
  for (size_t at = 0; at < count; at += 64, units += 16 * DVLA_LANES) {
    __m512i lines[16];
    size_t rest = count - at;
    if (rest >= 64) {
      DVLA_UNROLL for (int i = 0; i < 16; i++) lines[i] = _mm512_loadu_si512(rows[i] + at);
      transpose(lines, 16, units);
    } else {
      __mmask64 mask = ((__mmask64)1 << rest) - 1;
      DVLA_UNROLL for (int i = 0; i < 16; i++) {
        lines[i] = _mm512_maskz_loadu_epi8(mask, rows[i] + at);
      }
      transpose(lines, (rest + 3) / 4, units);
    }
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

DVLA_DEFINE_MULTIPLY(bf16_multiply, bf16_strip, 6, 4)

const dvla_product_kernels dvla_bf16_avx512 = {
    .element_bytes = 2, .stage_inputs = DVLA_BF16_STAGE, .unit_inputs = 2, .word_bytes = 4,
    .arrange_token = K(bf16_token),
    .arrange_rows = bf16_rows_fast,
    .multiply = bf16_multiply,
};
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target(DVLA_AVX512 ",avx512vnni"))), apply_to = function)

DVLA_INLINE void int8_strip(dvla_strip strip, const int tokens, const int vectors) {
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
        __m512 product = _mm512_mul_ps(_mm512_cvtepi32_ps(total), scale);
        _mm512_store_ps(sum, _mm512_add_ps(_mm512_load_ps(sum), product));
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(int8_strips, int8_strip, 3, 8)

/// Tokens' bytes are 128 too large, so sums begin 128 times the weights' own sum lower.
static void int8_multiply(
    dvla_stage stage, const void *words, size_t tokens, const uint32_t *weights, float *scales,
    float *sums) {
  float *starts = scales + stage.blocks * DVLA_TILE_OUTPUTS;
  size_t width = stage.units / stage.blocks;
  for (size_t vector = 0; vector < stage.vectors; vector++) {
    const uint32_t *units = weights + vector * stage.units * DVLA_LANES;
    for (size_t block = 0; block < stage.blocks; block++) {
      __m512i excess = _mm512_setzero_si512();
      for (size_t unit = 0; unit < width; unit++, units += DVLA_LANES) {
        excess = _mm512_dpbusd_epi32(
            excess, _mm512_set1_epi8((char)128), _mm512_load_si512(units));
      }
      _mm512_store_si512(
          starts + block * DVLA_TILE_OUTPUTS + vector * DVLA_LANES,
          _mm512_sub_epi32(_mm512_setzero_si512(), excess));
    }
  }
  int8_strips(stage, words, tokens, weights, scales, sums);
}

const dvla_product_kernels dvla_int8_avx512_vnni = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .word_bytes = 8,
    .scale = K(int16_scale),
    .arrange_token = K(digit_token),
    .arrange_rows = byte_rows_fast,
    .multiply = int8_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_avx512;
#endif
