#ifndef DVLA_PRODUCTS_H
#define DVLA_PRODUCTS_H

#include "../CKernels/Vectors.h"
#include "DVLACProducts.h"

// Inputs are processed in stages of at most the kernels' `stage_inputs`: one block, or several
// narrower ones. A stage of 64 rows of weights is arranged in units of 32 bits, each a few
// neighbouring inputs of a row, and stays in the first-level cache while all tokens of the tile
// pass by:
//
//   weights  [vectors][units][16 rows] units
//   tokens   [tokens][units] words, of one or two units
//
// so that an instruction multiplies a word of one token, the same in every lane, with 16 rows.
enum {
  DVLA_BF16_STAGE = 256,
  DVLA_INT8_STAGE = 512,
  DVLA_LANES = 16,
  DVLA_VECTORS = DVLA_TILE_OUTPUTS / DVLA_LANES,
};

typedef struct dvla_stage {
  size_t blocks;   // of equal width
  size_t units;    // of all blocks
  size_t vectors;  // of 16 rows: 1, 2 or 4
} dvla_stage;

struct dvla_product_kernels {
  size_t element_bytes;  // of the weights
  size_t stage_inputs;   // at most
  size_t unit_inputs;    // inputs in a unit
  size_t word_bytes;     // of a token's word
  /// The scale of a token; null for bfloat16.
  float (*_Nullable scale)(const float *_Nonnull x, size_t count);
  /// A stage of one token, filled up with zeros.
  void (*_Nonnull arrange_token)(
      const float *_Nonnull x, size_t count, float scale, void *_Nonnull words);
  /// A stage of 16 rows, filled up with zeros.
  void (*_Nonnull arrange_rows)(
      const uint8_t *_Nonnull const *_Nonnull rows, size_t count, uint32_t *_Nonnull units);
  /// sums[t][64] += the products of the stage.
  ///
  /// - scales: [blocks][64], for INT8, and as much room again for what a path derives from weights.
  void (*_Nonnull multiply)(
      dvla_stage stage, const void *_Nonnull words, size_t tokens,
      const uint32_t *_Nonnull weights, float *_Nonnull scales, float *_Nonnull sums);
};

#endif
