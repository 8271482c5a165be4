#ifndef DVLA_CKERNELS_H
#define DVLA_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The loops over weights and activations; the formula, domain and error bound of each family of
// kernels is at the beginning of its file in Bodies. Element buffers are little-endian, may start
// at any address, and must not overlap. Every table below gives the same bits for the same input.

typedef enum dvla_instruction_set {
  DVLA_PORTABLE = 0,
  DVLA_AVX2 = 1,
  DVLA_AVX512 = 2,
  DVLA_NEON = 3,
} dvla_instruction_set;

/// How two float32 rows differ, x being the first and y the second. Element i of a row is added
/// to accumulator i % 16; the sixteen are then added pairwise.
typedef struct dvla_row_sums {
  double squared_error;   // sum of (x - y)^2
  double squared_source;  // sum of x^2
  double squared_result;  // sum of y^2
  double product;         // sum of x y
  double maximum_error;   // max |x - y|
  size_t skipped;         // pairs with a NaN or an infinity, left out of all sums
} dvla_row_sums;

typedef struct dvla_scan_result {
  size_t nan_count;
  size_t infinity_count;
  ptrdiff_t first;  // index of the first NaN or infinity, or -1
} dvla_scan_result;

typedef struct dvla_int8_rows {
  size_t rows;
  size_t columns;
  size_t group;       // elements that share a scale: divides columns; columns, or a multiple of 16
  int least_squares;  // 0: the largest magnitude decides the scale; else the squared error
  int float_scales;   // 0: scales are bfloat16; else float32, which are read and never written
} dvla_int8_rows;

typedef struct dvla_matrix {
  size_t rows;
  size_t columns;
} dvla_matrix;

typedef struct dvla_kernels {
  void (*bf16_from_f32)(const void *source, void *result, size_t count);
  void (*f32_from_bf16)(const void *source, void *result, size_t count);
  void (*f32_from_f16)(const void *source, void *result, size_t count);
  void (*bf16_from_f16)(const void *source, void *result, size_t count);

  // `count` words of 16 or 32 bits, and the same bytes as planes one after the other.
  void (*split16)(const void *words, void *planes, size_t count);
  void (*merge16)(const void *planes, void *words, size_t count);
  void (*split32)(const void *words, void *planes, size_t count);
  void (*merge32)(const void *planes, void *words, size_t count);
  // The same with a window of the exponent in the first plane.
  void (*window_split16)(const void *words, void *planes, size_t count);
  void (*window_merge16)(const void *planes, void *words, size_t count);
  void (*window_split32)(const void *words, void *planes, size_t count);
  void (*window_merge32)(const void *planes, void *words, size_t count);

  void (*scan_f32)(const void *source, size_t count, dvla_scan_result *result);
  void (*scan_bf16)(const void *source, size_t count, dvla_scan_result *result);
  void (*scan_f16)(const void *source, size_t count, dvla_scan_result *result);

  void (*compare_rows)(
      const void *first, const void *second, size_t rows, size_t columns, dvla_row_sums *sums);

  /// Float32 rows to int8 values, one bf16 scale a group and one `sums` a row. Returns the index
  /// of the first NaN or infinity, at whose row it stopped, or -1.
  ptrdiff_t (*quantize_rows)(
      const void *source, dvla_int8_rows shape, void *values, void *scales, dvla_row_sums *sums);
  /// The same for bfloat16 rows.
  ptrdiff_t (*quantize_bf16_rows)(
      const void *source, dvla_int8_rows shape, void *values, void *scales, dvla_row_sums *sums);
  void (*dequantize_rows)(
      const void *values, const void *scales, dvla_int8_rows shape, void *result);

  // Sixteen rows, column by column: float32 weights and scales, and a factor for each pair of
  // columns; steps are signed bytes up to `limit`.
  void (*compensate)(
      void *weights, const void *scales, const void *factors, size_t columns, int limit,
      void *steps);

  /// Float32 values `first`, `first + 1`, … of a sequence: (2 S - 12 * 65535) * 2^-17 * deviation,
  /// with S the sum of the twelve 16-bit numbers in outputs 3 i + 1 to 3 i + 3 of SplitMix64.
  void (*irwin_hall)(
      uint64_t key, uint64_t first, double deviation, void *result, size_t count);

  // Below, all elements are float32, and `values` are changed in place.

  /// x = f(x), or f(x) times a factor for each.
  void (*gelu_erf)(void *values, const void *_Nullable factors, size_t count);
  void (*gelu_tanh)(void *values, const void *_Nullable factors, size_t count);
  void (*silu)(void *values, const void *_Nullable factors, size_t count);
  void (*relu)(void *values, const void *_Nullable factors, size_t count);
  void (*sigmoid)(void *values, const void *_Nullable factors, size_t count);

  // Weights, biases and scales have an element for each column.
  void (*layer_norm)(
      const void *source, dvla_matrix shape, const void *weights, const void *biases,
      double epsilon, void *result);
  void (*rms_norm)(
      const void *source, dvla_matrix shape, const void *weights, double epsilon, void *result);
  void (*softmax_rows)(void *values, dvla_matrix shape, float scale);
  void (*add)(void *values, const void *addends, size_t count);
  void (*add_scaled)(
      void *values, dvla_matrix shape, const void *addends, const void *scales);
  void (*multiply)(void *values, size_t count, float factor);
  /// Heads of twice `half` elements, and `half` cosines and sines.
  void (*rotate)(
      void *values, size_t heads, size_t half, const void *cosines, const void *sines);
} dvla_kernels;

/// The kernels for an instruction set, or null where this processor or its operating system
/// lacks it.
const dvla_kernels *_Nullable dvla_kernels_for(dvla_instruction_set set);

#pragma clang assume_nonnull end

#endif
