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

struct dvla_convolution_kernels {
  const dvla_winograd_transforms *transforms;
  dvla_product_path path;
  dvla_weight_type weights;
};

#define DVLA_KERNELS_OF(set, path)                             \
  static const dvla_convolution_kernels convolution_##set[] = { \
      {&dvla_winograd_##set, path, DVLA_F32_WEIGHTS},           \
      {&dvla_winograd_##set, path, DVLA_F16_WEIGHTS},           \
      {&dvla_winograd_##set, path, DVLA_BF16_WEIGHTS}};

DVLA_KERNELS_OF(portable, DVLA_F32_PORTABLE)
#if defined(__x86_64__)
DVLA_KERNELS_OF(avx2, DVLA_F32_AVX2)
DVLA_KERNELS_OF(avx512, DVLA_F32_AVX512)
#endif

const dvla_convolution_kernels *dvla_convolution_kernels_for(
    dvla_product_path path, dvla_weight_type weights) {
  if (!dvla_product_kernels_for(path, weights)) return 0;
  const dvla_convolution_kernels *of_path = 0;
  if (path == DVLA_F32_PORTABLE) of_path = convolution_portable;
#if defined(__x86_64__)
  if (path == DVLA_F32_AVX2) of_path = convolution_avx2;
  if (path == DVLA_F32_AVX512) of_path = convolution_avx512;
#endif
  for (size_t i = 0; of_path && i < 3; i++) {
    if (of_path[i].weights == weights) return &of_path[i];
  }
  return 0;
}

/// Vectors of 16 outputs; of the last 64 outputs one, two or four, as products take them.
static size_t vectors_of(dvla_convolution_shape shape) {
  size_t vectors = (shape.outputs + DVLA_LANES - 1) / DVLA_LANES;
  return vectors % DVLA_VECTORS == 3 ? vectors + 1 : vectors;
}

static size_t groups_of(dvla_convolution_shape shape) {
  return (shape.outputs + DVLA_TILE_OUTPUTS - 1) / DVLA_TILE_OUTPUTS;
}

/// Channels of the stage that starts at `first`.
static size_t stage_channels(dvla_convolution_shape shape, size_t first) {
  size_t rest = shape.channels - first;
  return rest < DVLA_FLOAT_STAGE ? rest : DVLA_FLOAT_STAGE;
}

/// Words of an entry of all weights.
static size_t weight_words(dvla_convolution_shape shape) {
  return vectors_of(shape) * shape.channels * DVLA_LANES;
}

size_t dvla_convolution_weight_bytes(dvla_convolution_shape shape) {
  return ENTRIES * weight_words(shape) * 4;
}

size_t dvla_convolution_weight_parts(dvla_convolution_shape shape) { return vectors_of(shape); }

/// Stands in for rows beyond the last output, and for pixels beyond the image.
static const float zeros[DVLA_FLOAT_STAGE];

void dvla_convolution_arrange_weights(
    const dvla_convolution_kernels *kernels, dvla_convolution_shape shape, const void *weights,
    size_t part, void *arranged) {
  const dvla_product_kernels *product = dvla_product_kernels_for(kernels->path, kernels->weights);
  size_t width = product->element_bytes, stride = weight_words(shape);
  uint32_t filters[TAPS][FILTER_UNITS * DVLA_LANES];
  for (size_t first = 0, stage; first < shape.channels; first += stage) {
    stage = stage_channels(shape, first);
    // The stages before it hold all vectors, and this one those of the parts before.
    uint32_t *entries =
        (uint32_t *)arranged + (vectors_of(shape) * first + part * stage) * DVLA_LANES;
    for (size_t at = 0, units; at < stage; at += units) {
      units = stage - at < FILTER_UNITS ? stage - at : FILTER_UNITS;
      for (size_t tap = 0; tap < TAPS; tap++) {
        const uint8_t *rows[DVLA_LANES];
        for (size_t lane = 0; lane < DVLA_LANES; lane++) {
          size_t output = part * DVLA_LANES + lane;
          size_t element = (output * TAPS + tap) * shape.channels + first + at;
          rows[lane] = output < shape.outputs ? (const uint8_t *)weights + element * width
                                              : (const uint8_t *)zeros;
        }
        product->arrange_rows(rows, units, filters[0] + tap * units * DVLA_LANES);
      }
      kernels->transforms->filters(filters[0], units, entries + at * DVLA_LANES, stride);
    }
  }
}

/// Floats of an entry of so many tiles' pixels.
static size_t pixel_stride(size_t tiles) { return tiles * DVLA_FLOAT_STAGE + SKEW; }

/// Floats of an entry of so many tiles' sums.
static size_t sum_stride(dvla_convolution_shape shape, size_t tiles) {
  return groups_of(shape) * tiles * DVLA_TILE_OUTPUTS + SKEW;
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
                              : zeros;
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
    const dvla_convolution_kernels *kernels, dvla_convolution_shape shape, const void *image,
    const void *arranged, const void *bias, size_t first_tile, size_t tiles, void *scratch,
    void *result) {
  const dvla_product_kernels *product = dvla_product_kernels_for(kernels->path, kernels->weights);
  size_t words_stride = pixel_stride(tiles), sums_stride = sum_stride(shape, tiles);
  size_t vectors = vectors_of(shape), groups = groups_of(shape);
  float *words = scratch, *sums = words + ENTRIES * words_stride;
  for (size_t first = 0, channels; first < shape.channels; first += channels) {
    channels = stage_channels(shape, first);
    for (size_t tile = 0; tile < tiles; tile++) {
      const float *pixels[16];
      find_pixels(shape, image, place_of(shape, first_tile + tile), first, pixels);
      kernels->transforms->pixels(pixels, channels, words + tile * DVLA_FLOAT_STAGE, words_stride);
    }
    for (size_t entry = 0; entry < ENTRIES; entry++) {
      const uint32_t *weights = (const uint32_t *)arranged + entry * weight_words(shape)
                                + vectors * first * DVLA_LANES;
      for (size_t group = 0; group < groups; group++) {
        size_t done = group * DVLA_VECTORS, rest = vectors - done;
        dvla_stage stage = {
            .blocks = 1, .units = channels, .vectors = rest < DVLA_VECTORS ? rest : DVLA_VECTORS,
            .word_stride = DVLA_FLOAT_STAGE, .sum_stride = DVLA_TILE_OUTPUTS, .adds = first > 0};
        // Float32 products take no scales.
        static const float none[1];
        product->multiply(
            stage, words + entry * words_stride, tiles, weights + done * channels * DVLA_LANES,
            none, sums + entry * sums_stride + group * tiles * DVLA_TILE_OUTPUTS);
      }
    }
  }
  for (size_t tile = 0; tile < tiles; tile++) {
    tile_place place = place_of(shape, first_tile + tile);
    for (size_t group = 0; group < groups; group++) {
      size_t first = group * DVLA_TILE_OUTPUTS, rest = shape.outputs - first;
      float *pixels[4];
      find_results(shape, result, place_of(shape, first_tile).row, place, first, pixels);
      kernels->transforms->results(
          sums + (group * tiles + tile) * DVLA_TILE_OUTPUTS, sums_stride,
          bias ? (const float *)bias + first : 0,
          rest < DVLA_TILE_OUTPUTS ? rest : DVLA_TILE_OUTPUTS, pixels);
    }
  }
}
