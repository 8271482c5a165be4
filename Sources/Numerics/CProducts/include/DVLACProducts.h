#ifndef DVLA_CPRODUCTS_H
#define DVLA_CPRODUCTS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// Products of float32 tokens and stored weights:
// result[t, o] = sum over i of x[t, i] w[o, i] + bias[o].
//
// F32, of any weights, which are widened to float32: inputs are taken in stages of up to 256 that,
// for INT8, are whole groups or a part of one, and a stage in up to two parts of 128. A part's
// total starts at zero and goes through its inputs by fused multiply-adds, each rounded to float32;
// then y = the first total, y = y + total for the others in order, and the bias is added at the end. An INT8 weight is
// multiplied with its scale first, rounded to float32. Every path gives the same bits.
//
//   Domain: every float32; a NaN or an infinity spreads as in IEEE 754.
//   Error: at most about (128 + parts) 2^-24 of the sum of all |x w| and |bias|; for INT8 with
//   float32 scales 2^-24 |x w| more for each term.
//
// The other paths multiply weights by instructions for their type.
//
// BF16: tokens are rounded to bfloat16, to nearest, ties to even. A sum starts at zero and goes
// through the inputs in pairs, the second of a pair before the first, each product exact and each
// sum rounded to float32; the last pair of an odd number is filled up with zeros. The bias is added
// at the end. DVLA_BF16_PORTABLE and DVLA_BF16_AVX512 give these bits, except that the instructions
// treat subnormal numbers as zero; arm64's round a pair differently.
//
//   Domain: every float32; a NaN or an infinity among a token's inputs spreads as in IEEE 754.
//   Error: at most 2^-8 |x w| for each term, from rounding x, and about (inputs + 1) 2^-24 of the
//   sum of all |x w| and |bias|, from adding up.
//
// INT8: a token x becomes 16-bit integers q = x (1 / s), each step in float32 and the last to the
// nearest whole number, ties to even, with s = max |x| / 32639. Inputs are summed in blocks that
// share a scale of the weights, at most 512 wide, exactly: T = sum of q w is below 2^31. Then, in
// float32 and rounded at every step, y = y + float(T) * scale over the blocks in order, and the
// result is y * s + bias. Every path gives the same bits.
//
//   Domain: every float32; a token with a NaN or an infinity has s = NaN, and so NaN results.
//   Error: at most 0.51 s |w| for each term, from rounding x, where s is a normal number, and
//   about (blocks + 4) 2^-24 of the sum of all |T scale s| and |bias|, from float32.

typedef enum dvla_weight_type {
  DVLA_F32_WEIGHTS = 0,
  DVLA_BF16_WEIGHTS = 1,
  DVLA_INT8_WEIGHTS = 2,
  DVLA_F16_WEIGHTS = 3,
} dvla_weight_type;

enum { DVLA_WEIGHT_TYPES = 4 };

typedef enum dvla_product_path {
  // Bfloat16.
  DVLA_BF16_PORTABLE = 0,
  DVLA_BF16_AVX512 = 1,
  DVLA_BF16_NEON = 2,
  // 8-bit integers.
  DVLA_INT8_PORTABLE = 3,
  DVLA_INT8_AVX2 = 4,
  DVLA_INT8_AVX_VNNI = 5,
  DVLA_INT8_AVX512_VNNI = 6,
  DVLA_INT8_AVX512_INNER = 7,
  DVLA_INT8_NEON_DOT = 8,
  // Float32.
  DVLA_F32_PORTABLE = 9,
  DVLA_F32_AVX2 = 10,
  DVLA_F32_AVX512 = 11,
} dvla_product_path;

typedef struct dvla_product_kernels dvla_product_kernels;

/// The kernels of a path for weights of that type, or null where it does not multiply those, or
/// this processor or its operating system lacks its instructions.
const dvla_product_kernels *_Nullable dvla_product_kernels_for(
    dvla_product_path path, dvla_weight_type weights);

/// Whether the path's instructions multiply more in a cycle here than those of float32 and of the
/// paths before it.
_Bool dvla_product_path_is_fast(dvla_product_path path);

typedef struct dvla_product_shape {
  size_t tokens;
  size_t inputs;
  size_t outputs;
  size_t group;  // inputs that share a scale: `inputs`, or a multiple of 16 that divides it
} dvla_product_shape;

/// Bytes of all tokens as a path arranges them.
size_t dvla_arranged_bytes(const dvla_product_kernels *kernels, dvla_product_shape shape);

/// Arranges `count` tokens from `first` on. Tokens may be arranged by several threads.
///
/// - x: float32 [tokens, inputs], all of them.
/// - arranged: room for all tokens, at a multiple of 64 bytes.
/// - scales: float32 [tokens]; written for the tokens arranged, by INT8 paths alone.
void dvla_arrange_tokens(
    const dvla_product_kernels *kernels, dvla_product_shape shape, const void *x, size_t first,
    size_t count, void *arranged, void *scales);

/// What a product is made from: all of it, of which a tile reads its part.
typedef struct dvla_product_operands {
  const void *arranged;
  const void *scales;                  // of the tokens
  const void *weights;                 // [outputs, inputs]
  const void *_Nullable weight_scales;  // [outputs, inputs / group], of INT8; null for others
  _Bool float_weight_scales;            // they are float32, else bfloat16
  const void *_Nullable bias;          // float32 [outputs]
} dvla_product_operands;

/// Part of a result: of any size, and best where its tokens' part of a stage stays in a cache while
/// each DVLA_TILE_OUTPUTS outputs pass by.
typedef struct dvla_product_tile {
  size_t first_token, tokens;
  size_t first_output, outputs;
  /// The first output of the tile that the thread is likely to compute next, whose first weights
  /// the cache then fetches; `shape.outputs` where there is none. It changes no result.
  size_t next_output;
} dvla_product_tile;

enum { DVLA_TILE_OUTPUTS = 64 };

/// Bytes of scratch memory that computing a tile needs.
size_t dvla_tile_scratch_bytes(size_t tokens, size_t outputs);

/// Computes a tile.
///
/// - scratch: at a multiple of 64 bytes.
/// - result: float32 of the tile's first token and output; the next token's are shape.outputs
///   further on. What lies between the tile's elements is not touched.
void dvla_multiply_tile(
    const dvla_product_kernels *kernels, dvla_product_shape shape, dvla_product_operands operands,
    dvla_product_tile tile, void *scratch, void *result);

#pragma clang assume_nonnull end

#include "DVLAAttention.h"
#include "DVLAConvolutions.h"

#endif
