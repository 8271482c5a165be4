// arm64: 8-bit integers by SDOT, a token's 16-bit integers as two signed bytes; BF16 by BFDOT.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "Tiles.h"
#define DVLA_SUFFIX neon
#define DVLA_DIGIT_OFFSET 0
#include "Bodies/Arrangement.inc"

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

/// The digits' totals of 4 rows of some tokens, then T = 256 high + low.
DVLA_INLINE void int8_quarter(dvla_strip strip, size_t column, const int tokens) {
  size_t units = strip.stage.units, width = units / strip.stage.blocks, unit = 0;
  const uint32_t *weights = strip.weights + column / DVLA_LANES * units * DVLA_LANES
                            + column % DVLA_LANES;
  for (size_t block = 0; block < strip.stage.blocks; block++) {
    int32x4_t high[6], low[6];
    DVLA_UNROLL for (int t = 0; t < tokens; t++) high[t] = low[t] = vdupq_n_s32(0);
    for (size_t end = unit + width; unit < end; unit++) {
      int8x16_t w = vreinterpretq_s8_u32(vld1q_u32(weights + unit * DVLA_LANES));
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        const uint8_t *word = strip.words + ((size_t)t * units + unit) * 8;
        int8x8_t digits = vld1_s8((const int8_t *)word);
        high[t] = vdotq_lane_s32(high[t], w, digits, 0);
        low[t] = vdotq_lane_s32(low[t], w, digits, 1);
      }
    }
    float32x4_t scale = vld1q_f32(strip.scales + block * DVLA_TILE_OUTPUTS + column);
    DVLA_UNROLL for (int t = 0; t < tokens; t++) {
      int32x4_t total = vaddq_s32(vshlq_n_s32(high[t], 8), low[t]);
      float *sum = strip.sums + (size_t)t * DVLA_TILE_OUTPUTS + column;
      vst1q_f32(sum, vaddq_f32(vld1q_f32(sum), vmulq_f32(vcvtq_f32_s32(total), scale)));
    }
  }
}

DVLA_INLINE void int8_strip(dvla_strip strip, const int tokens, const int vectors) {
  for (size_t column = 0; column < (size_t)vectors * DVLA_LANES; column += 4) {
    int8_quarter(strip, column, tokens);
  }
}

DVLA_DEFINE_MULTIPLY(int8_multiply, int8_strip, 6, 8, 0)

const dvla_product_kernels dvla_int8_neon_dot = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 1,
    .token_unit_bytes = 8, .strip_tokens = 6,
    .scale = K(int16_scale),
    .arrange_token = K(digit_token),
    .arrange_rows = K(byte_rows),
    .multiply = int8_multiply,
};
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("bf16"))), apply_to = function)

/// Sixteen rows of some tokens. BFDOT adds a pair's products to each other first.
DVLA_INLINE void bf16_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units;
  for (size_t v = 0; v < (size_t)vectors; v++) {
    const uint32_t *weights = strip.weights + v * units * DVLA_LANES;
    float32x4_t sums[6][4];
    DVLA_UNROLL for (int t = 0; t < tokens; t++) {
      DVLA_UNROLL for (int i = 0; i < 4; i++) {
        sums[t][i] = vld1q_f32(
            strip.sums + (size_t)t * DVLA_TILE_OUTPUTS + v * DVLA_LANES + (size_t)i * 4);
      }
    }
    for (size_t unit = 0; unit < units; unit++) {
      bfloat16x8_t w[4];
      DVLA_UNROLL for (int i = 0; i < 4; i++) {
        w[i] = vreinterpretq_bf16_u32(vld1q_u32(weights + unit * DVLA_LANES + (size_t)i * 4));
      }
      DVLA_UNROLL for (int t = 0; t < tokens; t++) {
        bfloat16x8_t x = vreinterpretq_bf16_u32(
            vdupq_n_u32(((const uint32_t *)strip.words)[(size_t)t * units + unit]));
        DVLA_UNROLL for (int i = 0; i < 4; i++) {
          sums[t][i] = vbfdotq_f32(sums[t][i], w[i], x);
        }
      }
    }
    DVLA_UNROLL for (int t = 0; t < tokens; t++) {
      DVLA_UNROLL for (int i = 0; i < 4; i++) {
        vst1q_f32(
            strip.sums + (size_t)t * DVLA_TILE_OUTPUTS + v * DVLA_LANES + (size_t)i * 4,
            sums[t][i]);
      }
    }
  }
}

DVLA_DEFINE_MULTIPLY(bf16_multiply, bf16_strip, 6, 4, 0)

const dvla_product_kernels dvla_bf16_neon = {
    .element_bytes = 2, .stage_inputs = DVLA_BF16_STAGE, .unit_inputs = 2, .unit_words = 1,
    .token_unit_bytes = 4, .strip_tokens = 6,
    .arrange_token = K(bf16_token),
    .arrange_rows = K(bf16_rows),
    .multiply = bf16_multiply,
};
#pragma clang attribute pop
#else
typedef int dvla_no_neon;
#endif
