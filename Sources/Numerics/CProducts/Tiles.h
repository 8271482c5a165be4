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

/// Has the cache fetch some lines of what the next strip needs, and returns what follows them. All
/// at once would hold up the weights that this strip needs.
DVLA_INLINE const uint8_t *fetch_lines(const uint8_t *next, int count) {
  for (int i = 0; i < count; i++, next += 64) __builtin_prefetch(next);
  return next;
}

// Defines `name`, the `multiply` of a path, from `rows`: an inlined function of a strip, its number
// of tokens (up to `step`, at most 6) and its number of vectors of 16 rows. Both numbers are
// constants where it is called, so that sums stay in registers. `unit_bytes` and `head_bytes` are
// those of the path's tokens.
#define DVLA_REST(rows, tokens, vectors) \
  case tokens:                           \
    rows(strip, tokens, vectors);        \
    break;

#define DVLA_STRIPS(rows, vectors, step)                  \
  for (; tokens >= step; tokens -= step) {                \
    rows(strip, step, vectors);                           \
    strip.words += step * token_bytes;                    \
    strip.sums += step * DVLA_TILE_OUTPUTS;               \
  }                                                       \
  switch (tokens) {                                       \
    DVLA_REST(rows, 1, vectors)                           \
    DVLA_REST(rows, 2, vectors)                           \
    DVLA_REST(rows, 3, vectors)                           \
    DVLA_REST(rows, 4, vectors)                           \
    DVLA_REST(rows, 5, vectors)                           \
  }

#define DVLA_DEFINE_MULTIPLY(name, rows, step, unit_bytes, head_bytes)                    \
  static void name(                                                                       \
      dvla_stage stage, const void *words, size_t tokens, const uint32_t *weights,        \
      const float *scales, float *sums) {                                                 \
    dvla_strip strip = {stage, words, weights, scales, sums};                             \
    size_t token_bytes = stage.units * unit_bytes + stage.blocks * head_bytes;            \
    switch (stage.vectors) {                                                              \
      case 1:                                                                             \
        DVLA_STRIPS(rows, 1, step)                                                        \
        break;                                                                            \
      case 2:                                                                             \
        DVLA_STRIPS(rows, 2, step)                                                        \
        break;                                                                            \
      default:                                                                            \
        DVLA_STRIPS(rows, 4, step)                                                        \
    }                                                                                     \
  }

#endif
