// Convolutions of 3 x 3 pixels by Winograd's minimal filtering: transforms, one source for every
// instruction set, around the products of a float32 path.
//
// Tiles are taken some at a time, so that what they are transformed to stays in a cache:
//
//   weights  [16 entries][stages][vectors of 16 outputs][channels of the stage][16]
//   pixels   [16 entries][tiles][a stage]
//   sums     [16 entries][groups of 64 outputs][tiles][64]
#include "Products.h"
#include "include/DVLAConvolutions.h"

typedef struct dvla_winograd_transforms {
  void (*filters)(const uint32_t *filters, size_t units, uint32_t *entries, size_t stride);
  void (*pixels)(
      const float *const pixels[16], size_t channels, float *entries, size_t stride);
  void (*results)(
      const float *entries, size_t stride, const float *bias, size_t outputs,
      float *const pixels[4]);
} dvla_winograd_transforms;

#define DVLA_SUFFIX portable
#include "Bodies/Winograd.inc"

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define DVLA_SUFFIX avx2
#include "Bodies/Winograd.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#define DVLA_SUFFIX avx512
#include "Bodies/Winograd.inc"
#pragma clang attribute pop
#endif

enum {
  ENTRIES = 16,
  TAPS = 9,
  FILTER_UNITS = 32,
  // Floats between the entries of a tile beside what they take: else all 16 would be in one set of
  // lines of the nearest cache.
  SKEW = 64,
};

static const dvla_winograd_transforms *transforms_of(dvla_product_path path) {
  switch (path) {
    case DVLA_F32_PORTABLE:
      return &dvla_winograd_portable;
#if defined(__x86_64__)
    case DVLA_F32_AVX2:
      return &dvla_winograd_avx2;
    case DVLA_F32_AVX512:
      return &dvla_winograd_avx512;
#endif
    default:
      return 0;
  }
}

_Bool dvla_has_convolutions(dvla_product_path path, dvla_weight_type weights) {
  return transforms_of(path) && weights != DVLA_INT8_WEIGHTS
         && dvla_product_kernels_for(path, weights);
}

/// Words of an entry of all weights.
static size_t weight_words(dvla_convolution_shape shape) {
  return dvla_vectors_of(shape.outputs) * shape.channels * DVLA_LANES;
}

size_t dvla_convolution_weight_bytes(dvla_convolution_shape shape) {
  return ENTRIES * weight_words(shape) * 4;
}

size_t dvla_convolution_weight_parts(dvla_convolution_shape shape) { return dvla_vectors_of(shape.outputs); }

void dvla_convolution_arrange_weights(
    dvla_product_path path, dvla_weight_type type, dvla_convolution_shape shape,
    const void *weights, size_t part, void *arranged) {
  const dvla_product_kernels *product = dvla_product_kernels_for(path, type);
  size_t width = product->element_bytes, stride = weight_words(shape);
  uint32_t filters[TAPS][FILTER_UNITS * DVLA_LANES];
  for (size_t first = 0, stage; first < shape.channels; first += stage) {
    stage = dvla_float_stage_inputs(shape.channels, first);
    // The stages before it hold all vectors, and this one those of the parts before.
    uint32_t *entries =
        (uint32_t *)arranged + (dvla_vectors_of(shape.outputs) * first + part * stage) * DVLA_LANES;
    for (size_t at = 0, units; at < stage; at += units) {
      units = stage - at < FILTER_UNITS ? stage - at : FILTER_UNITS;
      for (size_t tap = 0; tap < TAPS; tap++) {
        const uint8_t *rows[DVLA_LANES];
        for (size_t lane = 0; lane < DVLA_LANES; lane++) {
          size_t output = part * DVLA_LANES + lane;
          size_t element = (output * TAPS + tap) * shape.channels + first + at;
          rows[lane] =
              output < shape.outputs ? (const uint8_t *)weights + element * width : dvla_zeros;
        }
        product->arrange_rows(rows, units, filters[0] + tap * units * DVLA_LANES);
      }
      transforms_of(path)->filters(filters[0], units, entries + at * DVLA_LANES, stride);
    }
  }
}

/// Floats of an entry of so many tiles' pixels.
static size_t pixel_stride(size_t tiles) { return tiles * DVLA_FLOAT_STAGE + SKEW; }

/// Floats of an entry of so many tiles' sums.
static size_t sum_stride(dvla_convolution_shape shape, size_t tiles) {
  return dvla_groups_of(shape.outputs) * tiles * DVLA_TILE_OUTPUTS + SKEW;
}

size_t dvla_convolution_scratch_bytes(dvla_convolution_shape shape, size_t tiles) {
  return ENTRIES * (pixel_stride(tiles) + sum_stride(shape, tiles)) * 4;
}

/// Where a tile is.
typedef struct tile_place {
  size_t row, column;  // of its first pixel in the result, and in the image with its padding
} tile_place;

static tile_place place_of(dvla_convolution_shape shape, size_t tile) {
  size_t across = (shape.width + 2 * shape.padding - 1) / 2;
  return (tile_place){tile / across * 2, tile % across * 2};
}

/// The 4 x 4 pixels that a tile needs, from channel `first` on.
static void find_pixels(
    dvla_convolution_shape shape, const float *image, tile_place place, size_t first,
    const float *pixels[16]) {
  for (size_t i = 0; i < 4; i++) {
    for (size_t j = 0; j < 4; j++) {
      // Beyond the upper or left edge the difference is far beyond the lower or right one.
      size_t row = place.row + i - shape.padding, column = place.column + j - shape.padding;
      pixels[4 * i + j] = row < shape.height && column < shape.width
                              ? image + (row * shape.width + column) * shape.channels + first
                              : (const float *)(const void *)dvla_zeros;
    }
  }
}

/// The 2 x 2 pixels that a tile becomes, from output `first` on; null where there is none. The
/// result is there from row `top` on.
static void find_results(
    dvla_convolution_shape shape, float *result, size_t top, tile_place place, size_t first,
    float *pixels[4]) {
  size_t height = shape.height + 2 * shape.padding - 2, width = shape.width + 2 * shape.padding - 2;
  for (size_t i = 0; i < 2; i++) {
    for (size_t j = 0; j < 2; j++) {
      size_t row = place.row + i, column = place.column + j;
      pixels[2 * i + j] = row < height && column < width
                              ? result + ((row - top) * width + column) * shape.outputs + first
                              : 0;
    }
  }
}

void dvla_convolve_tiles(
    dvla_product_path path, dvla_convolution_shape shape, const void *image, const void *arranged,
    const void *bias, size_t first_tile, size_t tiles, void *scratch, void *result) {
  // The weights are float32 now, however they are stored.
  const dvla_product_kernels *product = dvla_product_kernels_for(path, DVLA_F32_WEIGHTS);
  const dvla_winograd_transforms *transforms = transforms_of(path);
  size_t words_stride = pixel_stride(tiles), sums_stride = sum_stride(shape, tiles);
  size_t vectors = dvla_vectors_of(shape.outputs), groups = dvla_groups_of(shape.outputs);
  float *words = scratch, *sums = words + ENTRIES * words_stride;
  for (size_t first = 0, channels; first < shape.channels; first += channels) {
    channels = dvla_float_stage_inputs(shape.channels, first);
    for (size_t tile = 0; tile < tiles; tile++) {
      const float *pixels[16];
      find_pixels(shape, image, place_of(shape, first_tile + tile), first, pixels);
      transforms->pixels(pixels, channels, words + tile * DVLA_FLOAT_STAGE, words_stride);
    }
    for (size_t entry = 0; entry < ENTRIES; entry++) {
      const uint32_t *weights = (const uint32_t *)arranged + entry * weight_words(shape)
                                + vectors * first * DVLA_LANES;
      dvla_stage stage = {
          .blocks = 1, .units = channels, .word_stride = DVLA_FLOAT_STAGE,
          .sum_stride = DVLA_TILE_OUTPUTS, .adds = first > 0};
      for (size_t group = 0; group < groups; group++) {
        dvla_multiply_floats(
            product, stage, words + entry * words_stride, tiles, weights, group * DVLA_VECTORS,
            vectors, sums + entry * sums_stride + group * tiles * DVLA_TILE_OUTPUTS);
      }
    }
  }
  for (size_t tile = 0; tile < tiles; tile++) {
    tile_place place = place_of(shape, first_tile + tile);
    for (size_t group = 0; group < groups; group++) {
      size_t first = group * DVLA_TILE_OUTPUTS, rest = shape.outputs - first;
      float *pixels[4];
      find_results(shape, result, place_of(shape, first_tile).row, place, first, pixels);
      transforms->results(
          sums + (group * tiles + tile) * DVLA_TILE_OUTPUTS, sums_stride,
          bias ? (const float *)bias + first : 0,
          rest < DVLA_TILE_OUTPUTS ? rest : DVLA_TILE_OUTPUTS, pixels);
    }
  }
}
