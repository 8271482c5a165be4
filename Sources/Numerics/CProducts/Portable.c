// What every processor has. Bfloat16 instructions are imitated: the products of two bfloat16
// numbers are exact in float32.
#include "Tiles.h"
#define DVLA_SUFFIX portable
#define DVLA_DIGIT_OFFSET 0
#include "Bodies/Arrangement.inc"

DVLA_INLINE void bf16_strip(dvla_strip strip, const int tokens, const int vectors) {
  size_t units = strip.stage.units;
  for (int v = 0; v < vectors; v++) {
    const uint32_t *weights = strip.weights + (size_t)v * units * DVLA_LANES;
    for (int t = 0; t < tokens; t++) {
      const uint32_t *words = (const uint32_t *)strip.words + (size_t)t * units;
      float *to = strip.sums + t * DVLA_TILE_OUTPUTS + v * DVLA_LANES;
      f32x16 sums;
      DVLA_COPY(&sums, to, 64);
      for (size_t unit = 0; unit < units; unit++) {
        u32x16 w, x = (u32x16){0} + words[unit];
        DVLA_COPY(&w, weights + unit * DVLA_LANES, 64);
        sums = sums + (f32x16)(x & 0xFFFF0000) * (f32x16)(w & 0xFFFF0000);
        sums = sums + (f32x16)(x << 16) * (f32x16)(w << 16);
      }
      DVLA_COPY(to, &sums, 64);
    }
  }
}

#include "Bodies/Int8Pairs.inc"

DVLA_DEFINE_MULTIPLY(bf16_multiply, bf16_strip, 6, 4, 0)
DVLA_DEFINE_MULTIPLY(int8_multiply, K(int8_strip), 6, 8, 0)

const dvla_product_kernels dvla_bf16_portable = {
    .element_bytes = 2, .stage_inputs = DVLA_BF16_STAGE, .unit_inputs = 2, .unit_words = 1,
    .token_unit_bytes = 4, .strip_tokens = 6,
    .arrange_token = K(bf16_token),
    .arrange_rows = K(bf16_rows),
    .multiply = bf16_multiply,
};

const dvla_product_kernels dvla_int8_portable = {
    .element_bytes = 1, .stage_inputs = DVLA_INT8_STAGE, .unit_inputs = 4, .unit_words = 2,
    .token_unit_bytes = 8, .strip_tokens = 6,
    .scale = K(int16_scale),
    .arrange_token = K(int16_token),
    .arrange_rows = K(int16_rows),
    .multiply = int8_multiply,
};
