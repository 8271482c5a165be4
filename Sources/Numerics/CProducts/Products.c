#include "Products.h"

/// The stage that starts at input `first`, and how many inputs it has.
static dvla_stage stage_at(
    const dvla_product_kernels *kernels, dvla_product_shape shape, size_t first, size_t *count) {
  dvla_stage stage = {
      .blocks = 1, .vectors = DVLA_VECTORS, .word_stride = DVLA_FLOAT_STAGE,
      .sum_stride = DVLA_TILE_OUTPUTS, .adds = first > 0};
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

/// Bytes of a token of a stage.
static size_t token_bytes(const dvla_product_kernels *kernels, dvla_stage stage) {
  if (kernels->token_bytes) return kernels->token_bytes;
  return stage.units * kernels->token_unit_bytes + stage.blocks * kernels->head_bytes;
}

size_t dvla_arranged_bytes(const dvla_product_kernels *kernels, dvla_product_shape shape) {
  size_t bytes = 0, count;
  for (size_t first = 0; first < shape.inputs; first += count) {
    bytes += token_bytes(kernels, stage_at(kernels, shape, first, &count));
  }
  return shape.tokens * bytes;
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
      size_t bytes = token_bytes(kernels, stage);
      kernels->arrange_token(
          row + input, inputs, stage.blocks, scale, stage_start + token * bytes);
      stage_start += shape.tokens * bytes;
    }
  }
}

// A tile's scratch: a stage of weights of 64 outputs, its scales, sums [groups][tokens][64].
enum {
  WEIGHT_UNITS = DVLA_TILE_OUTPUTS * DVLA_INT8_STAGE / 2,
  SCALES = 2 * DVLA_TILE_OUTPUTS * DVLA_INT8_STAGE / DVLA_LANES,
};

size_t dvla_tile_scratch_bytes(size_t tokens, size_t outputs) {
  return (dvla_groups_of(outputs) * tokens * DVLA_TILE_OUTPUTS + WEIGHT_UNITS + SCALES) * 4;
}

/// Arranges the stage's weights for the tile, and derives from 16 rows what the path needs of them
/// while they are in the nearest cache.
static void arrange_weights(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, dvla_stage stage, size_t input, size_t inputs, uint32_t *weights,
    float *scales) {
  size_t row_bytes = shape.inputs * kernels->element_bytes;
  const uint8_t *start = (const uint8_t *)operands.weights + tile.first_output * row_bytes
                         + input * kernels->element_bytes;
  for (size_t vector = 0; vector < stage.vectors; vector++) {
    const uint8_t *rows[DVLA_LANES];
    for (size_t lane = 0; lane < DVLA_LANES; lane++) {
      size_t row = vector * DVLA_LANES + lane;
      rows[lane] = row < tile.outputs ? start + row * row_bytes : dvla_zeros;
    }
    kernels->arrange_rows(rows, inputs, weights);
    if (kernels->prepare) kernels->prepare(stage, weights, scales + vector * DVLA_LANES);
    weights += stage.units * kernels->unit_words * DVLA_LANES;
  }
}

/// Has the cache fetch a part of the weights that come next, the tile's from input `input` on or
/// the first ones of the next tile, while `count` tokens from `token` on are multiplied: all of
/// them have fetched the whole stage.
static void fetch_ahead(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, size_t input, size_t token, size_t count) {
  if (input == shape.inputs) {
    size_t rest = shape.outputs - tile.next_output;
    input = 0;
    tile.first_output = tile.next_output;
    tile.outputs = rest < DVLA_TILE_OUTPUTS ? rest : DVLA_TILE_OUTPUTS;
  }
  size_t inputs;
  stage_at(kernels, shape, input, &inputs);
  size_t row_bytes = shape.inputs * kernels->element_bytes;
  const uint8_t *start = (const uint8_t *)operands.weights + tile.first_output * row_bytes
                         + input * kernels->element_bytes;
  size_t row = tile.outputs * token / tile.tokens;
  size_t end = tile.outputs * (token + count) / tile.tokens;
  for (; row < end; row++) {
    for (size_t at = 0; at < inputs * kernels->element_bytes; at += 64) {
      __builtin_prefetch(start + row * row_bytes + at, 0, 2);
    }
  }
}

/// Has the cache fetch the lines that the tile's results of `count` tokens from `token` on will go
/// to, each token's a page or more from the last one's.
static void fetch_result(
    dvla_product_shape shape, dvla_product_tile tile, const float *result, size_t token,
    size_t count) {
  for (size_t end = token + count; token < end; token++) {
    const float *row = result + token * shape.outputs;
    for (size_t at = 0; at < tile.outputs; at += 16) __builtin_prefetch(row + at, 1, 3);
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

/// The outputs of a tile that one stage of weights serves.
static dvla_product_tile group_of(dvla_product_tile tile, size_t group) {
  size_t done = group * DVLA_TILE_OUTPUTS;
  tile.first_output += done;
  tile.outputs -= done;
  if (tile.outputs > DVLA_TILE_OUTPUTS) tile.outputs = DVLA_TILE_OUTPUTS;
  return tile;
}

/// A token's result from its sums.
static void finish(
    const float *sums, float scale, const float *bias, size_t outputs, float *result) {
  if (bias) {
    for (size_t row = 0; row < outputs; row++) result[row] = sums[row] * scale + bias[row];
  } else {
    for (size_t row = 0; row < outputs; row++) result[row] = sums[row] * scale;
  }
}

/// The result from the sums, a token's neighbouring outputs one after the other.
static void finish_tile(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, const float *sums, float *result) {
  for (size_t token = 0; token < tile.tokens; token++, result += shape.outputs) {
    float scale =
        kernels->scale ? ((const float *)operands.scales)[tile.first_token + token] : 1;
    for (size_t group = 0; group < dvla_groups_of(tile.outputs); group++) {
      dvla_product_tile part = group_of(tile, group);
      finish(
          sums + (group * tile.tokens + token) * DVLA_TILE_OUTPUTS, scale,
          operands.bias ? (const float *)operands.bias + part.first_output : 0, part.outputs,
          result + group * DVLA_TILE_OUTPUTS);
    }
  }
}

void dvla_multiply_tile(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, void *scratch, void *result) {
  uint32_t *weights = scratch;
  float *scales = (float *)(weights + WEIGHT_UNITS);
  float *all_sums = scales + SCALES;
  size_t groups = dvla_groups_of(tile.outputs);
  if (!kernels->sets_sums) {
    __builtin_memset(all_sums, 0, groups * tile.tokens * DVLA_TILE_OUTPUTS * 4);
  }
  const uint8_t *words = operands.arranged;
  size_t inputs;
  for (size_t input = 0; input < shape.inputs; input += inputs) {
    dvla_stage stage = stage_at(kernels, shape, input, &inputs);
    size_t bytes = token_bytes(kernels, stage);
    for (size_t group = 0; group < groups; group++) {
      dvla_product_tile part = group_of(tile, group);
      // Whose weights are next: the next group's, then the first one's of the next stage.
      _Bool is_last = group + 1 == groups;
      dvla_product_tile next = group_of(tile, is_last ? 0 : group + 1);
      size_t next_input = is_last ? input + inputs : input;
      float *sums = all_sums + group * tile.tokens * DVLA_TILE_OUTPUTS;
      size_t vectors = (part.outputs + DVLA_LANES - 1) / DVLA_LANES;
      stage.vectors = vectors == 3 ? 4 : vectors;
      if (operands.weight_scales) {
        arrange_scales(shape, operands, part, stage, input, scales);
      }
      arrange_weights(kernels, shape, operands, part, stage, input, inputs, weights, scales);
      for (size_t token = 0, count; token < tile.tokens; token += count) {
        size_t rest = tile.tokens - token;
        count = rest < kernels->strip_tokens ? rest : kernels->strip_tokens;
        fetch_ahead(kernels, shape, operands, next, next_input, token, count);
        if (input + inputs == shape.inputs) {
          fetch_result(shape, part, (const float *)result + group * DVLA_TILE_OUTPUTS, token, count);
        }
        kernels->multiply(
            stage, words + (tile.first_token + token) * bytes, count, weights, scales,
            sums + token * DVLA_TILE_OUTPUTS);
      }
    }
    words += shape.tokens * bytes;
  }
  finish_tile(kernels, shape, operands, tile, all_sums, result);
}
