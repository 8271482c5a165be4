#include "Products.h"

/// The stage that starts at input `first`, and how many inputs it has.
static dvla_stage stage_at(
    const dvla_product_kernels *kernels, dvla_product_shape shape, size_t first, size_t *count) {
  dvla_stage stage = {.blocks = 1, .vectors = DVLA_VECTORS};
  size_t limit = kernels->stage_inputs;
  if (shape.group >= limit) {
    size_t rest = shape.group - first % shape.group;
    *count = rest < limit ? rest : limit;
  } else {
    size_t rest = (shape.inputs - first) / shape.group;
    stage.blocks = limit / shape.group;
    if (rest < stage.blocks) stage.blocks = rest;
    *count = stage.blocks * shape.group;
  }
  stage.units = (*count + kernels->unit_inputs - 1) / kernels->unit_inputs;
  return stage;
}

size_t dvla_arranged_bytes(const dvla_product_kernels *kernels, dvla_product_shape shape) {
  size_t words = 0, count;
  for (size_t first = 0; first < shape.inputs; first += count) {
    words += stage_at(kernels, shape, first, &count).units;
  }
  return shape.tokens * words * kernels->word_bytes;
}

void dvla_arrange_tokens(
    const dvla_product_kernels *kernels, dvla_product_shape shape, const void *x, size_t first,
    size_t count, void *arranged, void *scales) {
  for (size_t token = first; token < first + count; token++) {
    const float *row = (const float *)x + token * shape.inputs;
    float scale = 1;
    if (kernels->scale) {
      scale = kernels->scale(row, shape.inputs);
      ((float *)scales)[token] = scale;
    }
    uint8_t *stage_start = arranged;
    size_t inputs;
    for (size_t input = 0; input < shape.inputs; input += inputs) {
      dvla_stage stage = stage_at(kernels, shape, input, &inputs);
      size_t bytes = stage.units * kernels->word_bytes;
      kernels->arrange_token(row + input, inputs, scale, stage_start + token * bytes);
      stage_start += shape.tokens * bytes;
    }
  }
}

// A tile's scratch: sums [tokens][64], a stage of weights, its scales.
enum {
  WEIGHT_UNITS = DVLA_TILE_OUTPUTS * DVLA_INT8_STAGE / 2,
  SCALES = 2 * DVLA_TILE_OUTPUTS * DVLA_INT8_STAGE / DVLA_LANES,
};

size_t dvla_tile_scratch_bytes(size_t tokens) {
  return (tokens * DVLA_TILE_OUTPUTS + WEIGHT_UNITS + SCALES) * 4;
}

/// Stands in for rows beyond the last output.
static const uint8_t zeros[2 * DVLA_BF16_STAGE];

/// Arranges the stage's weights for the tile.
static void arrange_weights(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, dvla_stage stage, size_t input, size_t inputs, uint32_t *weights) {
  size_t row_bytes = shape.inputs * kernels->element_bytes;
  const uint8_t *start = (const uint8_t *)operands.weights + tile.first_output * row_bytes
                         + input * kernels->element_bytes;
  for (size_t vector = 0; vector < stage.vectors; vector++) {
    const uint8_t *rows[DVLA_LANES];
    for (size_t lane = 0; lane < DVLA_LANES; lane++) {
      size_t row = vector * DVLA_LANES + lane;
      rows[lane] = row < tile.outputs ? start + row * row_bytes : zeros;
    }
    kernels->arrange_rows(rows, inputs, weights + vector * stage.units * DVLA_LANES);
  }
}

/// The weights' scales [blocks][64].
static void arrange_scales(
    dvla_product_shape shape, dvla_product_operands operands, dvla_product_tile tile,
    dvla_stage stage, size_t input, float *scales) {
  const uint8_t *stored = operands.weight_scales;
  size_t groups = shape.inputs / shape.group, first = input / shape.group;
  for (size_t block = 0; block < stage.blocks; block++) {
    for (size_t row = 0; row < DVLA_TILE_OUTPUTS; row++) {
      uint32_t bits = 0;
      if (row < tile.outputs) {
        size_t index = (tile.first_output + row) * groups + first + block;
        if (operands.float_weight_scales) {
          DVLA_COPY(&bits, stored + index * 4, 4);
        } else {
          uint16_t half;
          DVLA_COPY(&half, stored + index * 2, 2);
          bits = (uint32_t)half << 16;
        }
      }
      DVLA_COPY(scales + block * DVLA_TILE_OUTPUTS + row, &bits, 4);
    }
  }
}

/// The result from the sums.
static void finish(
    dvla_product_shape shape, dvla_product_operands operands, dvla_product_tile tile,
    const float *sums, float *result) {
  const float *bias = operands.bias ? (const float *)operands.bias + tile.first_output : 0;
  for (size_t token = 0; token < tile.tokens; token++) {
    const float *from = sums + token * DVLA_TILE_OUTPUTS;
    float *to = result + token * shape.outputs;
    float scale =
        operands.weight_scales ? ((const float *)operands.scales)[tile.first_token + token] : 1;
    if (bias) {
      for (size_t row = 0; row < tile.outputs; row++) to[row] = from[row] * scale + bias[row];
    } else {
      for (size_t row = 0; row < tile.outputs; row++) to[row] = from[row] * scale;
    }
  }
}

void dvla_multiply_tile(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, void *scratch, void *result) {
  float *sums = scratch;
  uint32_t *weights = (uint32_t *)scratch + tile.tokens * DVLA_TILE_OUTPUTS;
  float *scales = (float *)(weights + WEIGHT_UNITS);
  size_t vectors = (tile.outputs + DVLA_LANES - 1) / DVLA_LANES;
  __builtin_memset(sums, 0, tile.tokens * DVLA_TILE_OUTPUTS * 4);
  const uint8_t *words = operands.arranged;
  size_t inputs;
  for (size_t input = 0; input < shape.inputs; input += inputs) {
    dvla_stage stage = stage_at(kernels, shape, input, &inputs);
    stage.vectors = vectors == 3 ? 4 : vectors;
    arrange_weights(kernels, shape, operands, tile, stage, input, inputs, weights);
    if (operands.weight_scales) {
      arrange_scales(shape, operands, tile, stage, input, scales);
    }
    size_t bytes = stage.units * kernels->word_bytes;
    kernels->multiply(
        stage, words + tile.first_token * bytes, tile.tokens, weights, scales, sums);
    words += shape.tokens * bytes;
  }
  finish(shape, operands, tile, sums, result);
}
