// The products of attention, by the kernels of a float32 path. As arranged, for one head:
//
//   keys    [stages of the width][vectors of 16 keys][elements of the stage][16]
//   values  [stages of the keys][vectors of 16 elements][keys of the stage][16]
#include "Products.h"
#include "include/DVLAAttention.h"

static size_t key_words(dvla_attention_shape shape) {
  return dvla_vectors_of(shape.keys) * shape.head_dim * DVLA_LANES;
}

size_t dvla_attention_arranged_bytes(dvla_attention_shape shape) {
  return (key_words(shape) + dvla_vectors_of(shape.head_dim) * shape.keys * DVLA_LANES) * 4;
}

static void arrange_keys(
    const dvla_product_kernels *kernels, dvla_attention_shape shape, const float *key,
    size_t first_key, size_t last_key, uint32_t *arranged) {
  size_t vectors = dvla_vectors_of(shape.keys), inputs;
  size_t last = dvla_vectors_of(last_key);
  for (size_t first = 0; first < shape.head_dim; first += inputs) {
    inputs = dvla_float_stage_inputs(shape.head_dim, first);
    for (size_t vector = first_key / DVLA_LANES; vector < last; vector++) {
      const uint8_t *rows[DVLA_LANES];
      for (size_t lane = 0; lane < DVLA_LANES; lane++) {
        size_t index = vector * DVLA_LANES + lane;
        rows[lane] = index < last_key
                       ? (const uint8_t *)(key + index * shape.key_stride + first)
                       : dvla_zeros;
      }
      kernels->arrange_rows(
          rows, inputs, arranged + (vectors * first + vector * inputs) * DVLA_LANES);
    }
  }
}

static void arrange_values(
    dvla_attention_shape shape, const float *value, size_t first_key, size_t last_key,
    uint32_t *arranged) {
  size_t vectors = dvla_vectors_of(shape.head_dim);
  for (size_t key = first_key; key < last_key; key++) {
    size_t stage = key / DVLA_FLOAT_STAGE * DVLA_FLOAT_STAGE;
    size_t inputs = dvla_float_stage_inputs(shape.keys, stage);
    const float *row = value + key * shape.key_stride;
    for (size_t vector = 0; vector < vectors; vector++) {
      uint32_t *to = arranged + (vectors * stage + vector * inputs + key - stage) * DVLA_LANES;
      size_t first = vector * DVLA_LANES;
      size_t rest = first < shape.head_dim ? shape.head_dim - first : 0;
      if (rest >= DVLA_LANES) {
        DVLA_COPY(to, row + first, DVLA_LANES * 4);
      } else {
        __builtin_memset(to, 0, DVLA_LANES * 4);
        DVLA_COPY(to, row + first, rest * 4);
      }
    }
  }
}

void dvla_attention_arrange(
    dvla_product_path path, dvla_attention_shape shape, const void *key, const void *value,
    size_t part, void *arranged) {
  const dvla_product_kernels *kernels = dvla_product_kernels_for(path, DVLA_F32_WEIGHTS);
  size_t first = part * DVLA_ATTENTION_PART, rest = shape.keys - first;
  size_t last = first + (rest < DVLA_ATTENTION_PART ? rest : DVLA_ATTENTION_PART);
  arrange_keys(kernels, shape, key, first, last, arranged);
  arrange_values(shape, value, first, last, (uint32_t *)arranged + key_words(shape));
}

size_t dvla_attention_score_stride(dvla_attention_shape shape) {
  // Not a multiple of a page: else all queries' scores would be in a few lines of a cache.
  return dvla_vectors_of(shape.keys) * DVLA_LANES + DVLA_LANES;
}

/// Floats from one query to the next, as they are arranged.
static size_t query_words(dvla_attention_shape shape) { return shape.head_dim + DVLA_LANES; }

size_t dvla_attention_scratch_bytes(dvla_attention_shape shape, size_t queries) {
  size_t words = query_words(shape);
  return queries * (words < DVLA_TILE_OUTPUTS ? DVLA_TILE_OUTPUTS : words) * 4;
}

void dvla_attention_scores(
    dvla_product_path path, dvla_attention_shape shape, const void *query, size_t queries,
    const void *arranged, void *scratch, void *scores) {
  const dvla_product_kernels *kernels = dvla_product_kernels_for(path, DVLA_F32_WEIGHTS);
  float *words = scratch;
  size_t stride = query_words(shape), vectors = dvla_vectors_of(shape.keys), inputs;
  for (size_t index = 0; index < queries; index++) {
    DVLA_COPY(
        words + index * stride, (const float *)query + index * shape.query_stride,
        shape.head_dim * 4);
  }
  for (size_t first = 0; first < shape.head_dim; first += inputs) {
    inputs = dvla_float_stage_inputs(shape.head_dim, first);
    dvla_stage stage = {
        .blocks = 1, .units = inputs, .word_stride = stride,
        .sum_stride = dvla_attention_score_stride(shape), .adds = first > 0};
    for (size_t vector = 0; vector < vectors; vector += DVLA_VECTORS) {
      dvla_multiply_floats(
          kernels, stage, words + first, queries,
          (const uint32_t *)arranged + vectors * first * DVLA_LANES, vector, vectors,
          (float *)scores + vector * DVLA_LANES);
    }
  }
}

void dvla_attention_values(
    dvla_product_path path, dvla_attention_shape shape, const void *scores, size_t queries,
    const void *arranged, void *scratch, void *result) {
  const dvla_product_kernels *kernels = dvla_product_kernels_for(path, DVLA_F32_WEIGHTS);
  const uint32_t *values = (const uint32_t *)arranged + key_words(shape);
  float *sums = scratch;
  size_t vectors = dvla_vectors_of(shape.head_dim), inputs;
  for (size_t vector = 0; vector < vectors; vector += DVLA_VECTORS) {
    for (size_t first = 0; first < shape.keys; first += inputs) {
      inputs = dvla_float_stage_inputs(shape.keys, first);
      dvla_stage stage = {
          .blocks = 1, .units = inputs, .word_stride = dvla_attention_score_stride(shape),
          .sum_stride = DVLA_TILE_OUTPUTS, .adds = first > 0};
      dvla_multiply_floats(
          kernels, stage, (const float *)scores + first, queries,
          values + vectors * first * DVLA_LANES, vector, vectors, sums);
    }
    size_t done = vector * DVLA_LANES, rest = shape.head_dim - done;
    size_t width = rest < DVLA_TILE_OUTPUTS ? rest : DVLA_TILE_OUTPUTS;
    for (size_t index = 0; index < queries; index++) {
      DVLA_COPY(
          (float *)result + index * shape.query_stride + done, sums + index * DVLA_TILE_OUTPUTS,
          width * 4);
    }
  }
}
