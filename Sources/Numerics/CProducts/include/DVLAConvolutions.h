#ifndef DVLA_CONVOLUTIONS_H
#define DVLA_CONVOLUTIONS_H

#include "DVLACProducts.h"

#pragma clang assume_nonnull begin

// Convolutions of 3 x 3 pixels, one pixel apart, over channels-last images in float32, by Winograd's
// minimal filtering F(2 x 2, 3 x 3): four pixels of the result take 16 products for each channel
// and output instead of 36.
//
//   result = Aᵀ [ (G w Gᵀ) ⊙ (Bᵀ x B) ] A
//
//   Bᵀ = 1  0 -1  0    G = 1    0    0    Aᵀ = 1  1  1  0
//        0  1  1  0        1/2  1/2  1/2       0  1 -1 -1
//        0 -1  1  0        1/2 -1/2  1/2
//        0  1  0 -1        0    0    1
//
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", arXiv 1509.09308,
// section 4.1. x are the 4 x 4 pixels that a tile of 2 x 2 results needs, w a filter. Each entry of
// the 4 x 4 matrices is a product over all channels of its own, summed as those of
// DVLACProducts.h, and the bias is added at the end. Every path gives the same bits.
//
//   Domain: |x| below 2^125 and |w| below 2^124; a NaN or an infinity makes all four pixels of a
//   tile NaN or infinite.
//   Error: at most about that of nine products over the channels, of inputs four times and weights
//   9/4 times as large. Of normal numbers it was 132 dB below the result for 128 to 1024 channels,
//   that of a plain sum in the order of DVLACProducts.h 136 dB, and PyTorch 2.13's 113 to 128 dB.

typedef struct dvla_convolution_shape {
  size_t height, width;  // of the image, without its padding
  size_t channels;
  size_t outputs;
  size_t padding;  // pixels of zeros on each of the four sides
} dvla_convolution_shape;

/// Whether the path has convolutions of such weights: those of float32 have, of float32, half
/// precision and bfloat16, where this processor and its operating system support the path.
_Bool dvla_has_convolutions(dvla_product_path path, dvla_weight_type weights);

/// Bytes of the weights as they are arranged.
size_t dvla_convolution_weight_bytes(dvla_convolution_shape shape);

/// Sixteen outputs each, that is how many parts the weights have.
size_t dvla_convolution_weight_parts(dvla_convolution_shape shape);

/// Transforms a part of the weights. Parts may be arranged by several threads.
///
/// - path, type: which have convolutions; likewise the path below.
/// - weights: [outputs, 3, 3, channels], all of them.
/// - arranged: room for all of them, at a multiple of 64 bytes.
void dvla_convolution_arrange_weights(
    dvla_product_path path, dvla_weight_type type, dvla_convolution_shape shape,
    const void *weights, size_t part, void *arranged);

/// Bytes of scratch memory for so many tiles.
size_t dvla_convolution_scratch_bytes(dvla_convolution_shape shape, size_t tiles);

/// Computes some of the tiles, which are numbered row by row: the first is the upper left corner.
///
/// - image: float32 [height, width, channels].
/// - arranged: all parts of the weights.
/// - bias: float32 [outputs].
/// - scratch: at a multiple of 64 bytes.
/// - result: float32 [height + 2 padding - 2, width + 2 padding - 2, outputs], from the first pixel
///   of the first tile's upper row on. Other tiles' pixels are not touched.
void dvla_convolve_tiles(
    dvla_product_path path, dvla_convolution_shape shape, const void *image, const void *arranged,
    const void *_Nullable bias, size_t first_tile, size_t tiles, void *scratch, void *result);

#pragma clang assume_nonnull end

#endif
