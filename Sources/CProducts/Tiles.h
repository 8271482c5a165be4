#ifndef DVLA_TILES_H
#define DVLA_TILES_H

#include "Products.h"

/// Operands of some tokens of a stage.
typedef struct dvla_strip {
  dvla_stage stage;
  const uint8_t *words;
  const uint32_t *weights;
  const float *scales;
  float *sums;
} dvla_strip;

// Defines `name`, the `multiply` of a path, from `rows`: an inlined function of a strip, of how many
// tokens it has (1 to 6) and of how many vectors of 16 rows. It is given both as constants, so that
// sums stay in registers.
#define DVLA_REST(rows, tokens, vectors) \
  case tokens:                           \
    rows(strip, tokens, vectors);        \
    break;

#define DVLA_STRIPS(rows, vectors)                        \
  for (; tokens >= 6; tokens -= 6) {                      \
    rows(strip, 6, vectors);                              \
    strip.words += 6 * token_bytes;                       \
    strip.sums += 6 * DVLA_TILE_OUTPUTS;                  \
  }                                                       \
  switch (tokens) {                                       \
    DVLA_REST(rows, 1, vectors)                           \
    DVLA_REST(rows, 2, vectors)                           \
    DVLA_REST(rows, 3, vectors)                           \
    DVLA_REST(rows, 4, vectors)                           \
    DVLA_REST(rows, 5, vectors)                           \
  }

#define DVLA_DEFINE_MULTIPLY(name, rows, word_bytes)                                      \
  static void name(                                                                       \
      dvla_stage stage, const void *words, size_t tokens, const uint32_t *weights,        \
      const float *scales, float *sums) {                                                 \
    dvla_strip strip = {stage, words, weights, scales, sums};                             \
    size_t token_bytes = stage.units * word_bytes;                                        \
    switch (stage.vectors) {                                                              \
      case 1:                                                                             \
        DVLA_STRIPS(rows, 1)                                                              \
        break;                                                                            \
      case 2:                                                                             \
        DVLA_STRIPS(rows, 2)                                                              \
        break;                                                                            \
      default:                                                                            \
        DVLA_STRIPS(rows, 4)                                                              \
    }                                                                                     \
  }

#endif
