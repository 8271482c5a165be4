#ifndef DVLA_PRODUCTS_H
#define DVLA_PRODUCTS_H

#include "../CKernels/Vectors.h"
#include "DVLACProducts.h"

// Inputs are processed in stages of at most the kernels' `stage_inputs`: one block, or several
// narrower ones. A stage of 64 rows of weights is arranged in units of a few neighbouring inputs
// of a row, one or two words of 32 bits, and stays in the cache while all tokens of the tile
// pass by:
//
//   weights  [vectors][units][unit_words][16 rows] words of 32 bits
//   tokens   [tokens] of [units] token units, then [blocks] heads
//
// so that an instruction multiplies a word of one token, the same in every lane, with 16 rows.
enum {
  DVLA_BF16_STAGE = 256,
  DVLA_INT8_STAGE = 512,
  DVLA_FLOAT_STAGE = 256,
  DVLA_FLOAT_TOTAL = 128,
  DVLA_LANES = 16,
  DVLA_VECTORS = DVLA_TILE_OUTPUTS / DVLA_LANES,
};

typedef struct dvla_stage {
  size_t blocks;   // of equal width
  size_t units;    // of all blocks
  size_t vectors;  // of 16 rows: 1, 2 or 4
  // Of float32 paths:
  size_t word_stride;  // words from one token to the next
  size_t sum_stride;   // floats from one token's sums to the next one's
  _Bool adds;          // to the sums: otherwise their values before it do not matter
} dvla_stage;

struct dvla_product_kernels {
  size_t element_bytes;  // of the weights
  size_t stage_inputs;   // at most
  size_t unit_inputs;    // inputs in a unit
  size_t unit_words;     // words of a row's unit
  size_t token_bytes;    // of a token in every stage; 0: as many as its units and heads take
  size_t token_unit_bytes;
  size_t head_bytes;     // of what a path derives from a token's block: a word, or nothing
  size_t strip_tokens;   // that are multiplied at a time
  _Bool sets_sums;       // in the first stage; otherwise they are zeros before it
  /// The scale of a token; null for bfloat16.
  float (*_Nullable scale)(const float *_Nonnull x, size_t count);
  /// A stage of one token, filled up with zeros, and its heads.
  void (*_Nonnull arrange_token)(
      const float *_Nonnull x, size_t count, size_t blocks, float scale, void *_Nonnull words);
  /// A stage of 16 rows, filled up with zeros.
  void (*_Nonnull arrange_rows)(
      const uint8_t *_Nonnull const *_Nonnull rows, size_t count, uint32_t *_Nonnull units);
  /// What a path makes of 16 rows of a stage: changes them, or derives something from them, behind
  /// the scales [blocks][64] of all 64, of which the pointer is to the first row's; null where that
  /// is nothing.
  void (*_Nullable prepare)(
      dvla_stage stage, uint32_t *_Nonnull units, float *_Nonnull scales);
  /// sums[t][64] += the products of the stage, or = those of the first one.
  void (*_Nonnull multiply)(
      dvla_stage stage, const void *_Nonnull words, size_t tokens,
      const uint32_t *_Nonnull weights, const float *_Nonnull scales, float *_Nonnull sums);
};

/// Stands in for what lies beyond the last row, or beyond an image: a stage of zeros of any type.
static const uint8_t dvla_zeros[4 * DVLA_FLOAT_STAGE] __attribute__((unused, aligned(64)));

/// Groups of 64 outputs.
DVLA_INLINE size_t dvla_groups_of(size_t outputs) {
  return (outputs + DVLA_TILE_OUTPUTS - 1) / DVLA_TILE_OUTPUTS;
}

/// Vectors of 16 outputs; of the last 64 one, two or four, as products take them.
DVLA_INLINE size_t dvla_vectors_of(size_t outputs) {
  size_t vectors = (outputs + DVLA_LANES - 1) / DVLA_LANES;
  return vectors % DVLA_VECTORS == 3 ? vectors + 1 : vectors;
}

/// How many of `count` inputs the stage of a float32 path has that starts at `first`.
DVLA_INLINE size_t dvla_float_stage_inputs(size_t count, size_t first) {
  size_t rest = count - first;
  return rest < DVLA_FLOAT_STAGE ? rest : DVLA_FLOAT_STAGE;
}

/// Multiplies a stage of float32 tokens with those of its weights, of which all `vectors` are
/// arranged, that start at `first_vector`: up to 64 outputs.
DVLA_INLINE void dvla_multiply_floats(
    const dvla_product_kernels *_Nonnull kernels, dvla_stage stage, const float *_Nonnull words,
    size_t tokens, const uint32_t *_Nonnull weights, size_t first_vector, size_t vectors,
    float *_Nonnull sums) {
  size_t rest = vectors - first_vector;
  stage.vectors = rest < DVLA_VECTORS ? rest : DVLA_VECTORS;
  // Float32 weights have no scales.
  const float none[1] = {0};
  kernels->multiply(
      stage, words, tokens, weights + first_vector * stage.units * DVLA_LANES, none, sums);
}

#endif
