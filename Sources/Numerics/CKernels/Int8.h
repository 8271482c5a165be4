// Included once for every instruction set.

// `width` is that of a source element, 4 (float32) or 2 (bfloat16): a constant where the functions
// are inlined.

/// Sixteen elements from `index` on, as float32.
DVLA_INLINE f32x16 K(load_source)(const uint8_t *source, size_t index, size_t width) {
  if (width == 4) return K(load)(source + index * 4);
  u16x16 halves;
  DVLA_COPY(&halves, source + index * 2, 32);
  return (f32x16)(__builtin_convertvector(halves, u32x16) << 16);
}

/// Fewer than sixteen; the lanes past the end are zero.
DVLA_INLINE f32x16 K(load_last_source)(
    const uint8_t *source, size_t index, size_t count, size_t width) {
  if (width == 4) return K(load_last)(source + index * 4, count);
  u16x16 halves = {0};
  DVLA_COPY(&halves, source + index * 2, count * 2);
  return (f32x16)(__builtin_convertvector(halves, u32x16) << 16);
}

/// The bits of the largest magnitude. NaN and infinity compare above every number.
DVLA_INLINE uint32_t K(largest_magnitude)(const uint8_t *source, size_t count, size_t width) {
  size_t whole = count & ~(size_t)15;
  i32x16 lanes = {0};
  for (size_t index = 0; index < whole; index += 16) {
    i32x16 bits = (i32x16)K(load_source)(source, index, width) & 0x7FFFFFFF;
    lanes = __builtin_elementwise_max(lanes, bits);
  }
  if (whole < count) {
    i32x16 bits = (i32x16)K(load_last_source)(source, whole, count - whole, width) & 0x7FFFFFFF;
    lanes = __builtin_elementwise_max(lanes, bits);
  }
  return (uint32_t)__builtin_reduce_max(lanes);
}

DVLA_INLINE float K(float_from_bf16)(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  DVLA_COPY(&value, &bits, 4);
  return value;
}

/// A scale in bfloat16 nearest to `value`, positive even where that rounds to zero. For the
/// largest float32 over 127 it rounds down, so that 127 steps of any such scale are finite.
DVLA_INLINE uint16_t K(scale_near)(float value) {
  uint32_t bits;
  DVLA_COPY(&bits, &value, 4);
  uint16_t half = (uint16_t)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  return half > 0 ? half : 1;
}

/// Whether a scale is positive and 127 steps of it are finite.
DVLA_INLINE int K(is_scale)(uint16_t half) {
  return half > 0 && 127.0f * K(float_from_bf16)(half) <= 0x1.fffffep127f;
}

/// The nearest multiples of the scale, as whole numbers in [-127, 127], ties to even.
///
/// The scale has eight significant bits, so no float32 quotient falls on a tie that the exact
/// one misses.
DVLA_INLINE f32x16 K(steps)(f32x16 source, float scale) {
  f32x16 limit = {127, 127, 127, 127, 127, 127, 127, 127,
                  127, 127, 127, 127, 127, 127, 127, 127};
  f32x16 quotient = source / scale;
  quotient = __builtin_elementwise_min(__builtin_elementwise_max(quotient, -limit), limit);
  // 1.5 * 2^23: the sum has no bits left for a fraction.
  return (quotient + 12582912.0f) - 12582912.0f;
}

DVLA_INLINE f64x16 K(squared_errors)(f32x16 value, float scale) {
  f64x16 error = __builtin_convertvector(value - K(steps)(value, scale) * scale, f64x16);
  return error * error;
}

DVLA_INLINE double K(squared_error)(
    const uint8_t *source, size_t count, size_t width, uint16_t half) {
  size_t whole = count & ~(size_t)15;
  float scale = K(float_from_bf16)(half);
  f64x16 lanes = {0};
  for (size_t index = 0; index < whole; index += 16) {
    lanes += K(squared_errors)(K(load_source)(source, index, width), scale);
  }
  if (whole < count) {
    lanes += K(squared_errors)(K(load_last_source)(source, whole, count - whole, width), scale);
  }
  return K(add_lanes)(lanes);
}

/// The best scale that is reached from `start` downwards or upwards, one bfloat16 at a time, for
/// as long as the squared error falls.
///
/// The textbook refit s = sum(x q) / sum(q q) moves a scale by less than bfloat16 can show: it
/// comes back to the same one.
DVLA_INLINE uint16_t K(least_squares_scale)(
    const uint8_t *source, size_t count, size_t width, uint16_t start) {
  uint16_t best = start;
  double least = K(squared_error)(source, count, width, start);
  for (int direction = -1; direction <= 1; direction += 2) {
    uint16_t scale = (uint16_t)(start + direction);
    while (K(is_scale)(scale)) {
      double error = K(squared_error)(source, count, width, scale);
      if (!(error < least)) break;
      least = error;
      best = scale;
      scale = (uint16_t)(scale + direction);
    }
  }
  return best;
}

/// What quantizing did to a row. Here x - y is exact in float32, since y is zero, or within a
/// factor of two of x, or both are multiples of a unit no smaller than 2^-24 |x|.
typedef struct {
  K(error_lanes) errors;
  i32x16 largest_error;
} K(quantized_lanes);

DVLA_INLINE i8x16 K(quantize)(K(quantized_lanes) *lanes, f32x16 value, float scale) {
  f32x16 steps = K(steps)(value, scale);
  f32x16 result = steps * scale;
  (void)K(add_errors)(&lanes->errors, value, result);
  lanes->largest_error = __builtin_elementwise_max(
      lanes->largest_error, (i32x16)__builtin_elementwise_abs(value - result));
  return __builtin_convertvector(__builtin_convertvector(steps, i32x16), i8x16);
}

DVLA_INLINE void K(quantize_group)(
    K(quantized_lanes) *lanes, const uint8_t *source, size_t count, size_t width, float scale,
    uint8_t *values) {
  size_t whole = count & ~(size_t)15;
  for (size_t index = 0; index < whole; index += 16) {
    i8x16 bytes = K(quantize)(lanes, K(load_source)(source, index, width), scale);
    DVLA_COPY(values + index, &bytes, 16);
  }
  if (whole < count) {
    i8x16 bytes = K(quantize)(
        lanes, K(load_last_source)(source, whole, count - whole, width), scale);
    DVLA_COPY(values + whole, &bytes, count - whole);
  }
}

/// The scale for a row or group whose largest magnitude has these bits. Zeros get 1.
DVLA_INLINE uint16_t K(choose_scale)(
    const uint8_t *source, size_t count, size_t width, uint32_t largest, int least_squares) {
  if (largest == 0) return 0x3F80;
  float magnitude;
  DVLA_COPY(&magnitude, &largest, 4);
  uint16_t scale = K(scale_near)(magnitude / 127.0f);
  return least_squares ? K(least_squares_scale)(source, count, width, scale) : scale;
}

DVLA_INLINE ptrdiff_t K(quantize_source_rows)(
    const void *source, size_t width, dvla_int8_rows shape, void *values, void *scales,
    dvla_row_sums *sums) {
  const uint8_t *in = source;
  uint8_t *out = values, *scale_out = scales;
  for (size_t row = 0; row < shape.rows; row++) {
    K(quantized_lanes) lanes = {0};
    for (size_t start = 0; start < shape.columns; start += shape.group) {
      uint32_t largest = K(largest_magnitude)(in, shape.group, width);
      if (largest >= 0x7F800000) {
        dvla_scan_result found;
        (width == 4 ? K(scan_f32) : K(scan_bf16))(in, shape.group, &found);
        return (ptrdiff_t)(row * shape.columns + start) + found.first;
      }
      uint16_t scale = K(choose_scale)(in, shape.group, width, largest, shape.least_squares);
      K(quantize_group)(&lanes, in, shape.group, width, K(float_from_bf16)(scale), out);
      DVLA_COPY(scale_out, &scale, 2);
      in += shape.group * width;
      out += shape.group;
      scale_out += 2;
    }
    int32_t largest_bits = __builtin_reduce_max(lanes.largest_error);
    float largest_error;
    DVLA_COPY(&largest_error, &largest_bits, 4);
    K(store_errors)(&lanes.errors, (double)largest_error, &sums[row]);
  }
  return -1;
}

static ptrdiff_t K(quantize_rows)(
    const void *source, dvla_int8_rows shape, void *values, void *scales, dvla_row_sums *sums) {
  return K(quantize_source_rows)(source, 4, shape, values, scales, sums);
}

static ptrdiff_t K(quantize_bf16_rows)(
    const void *source, dvla_int8_rows shape, void *values, void *scales, dvla_row_sums *sums) {
  return K(quantize_source_rows)(source, 2, shape, values, scales, sums);
}

DVLA_INLINE f32x16 K(dequantize)(i8x16 steps, float scale) {
  return __builtin_convertvector(steps, f32x16) * scale;
}

static void K(dequantize_rows)(
    const void *values, const void *scales, dvla_int8_rows shape, void *result) {
  const uint8_t *in = values, *scale_in = scales;
  uint8_t *out = result;
  size_t whole = shape.group & ~(size_t)15, rest = shape.group - whole;
  size_t groups = shape.group == 0 ? 0 : shape.rows * (shape.columns / shape.group);
  size_t width = shape.float_scales ? 4 : 2;
  for (size_t group = 0; group < groups; group++) {
    float scale;
    if (shape.float_scales) {
      DVLA_COPY(&scale, scale_in, 4);
    } else {
      uint16_t half;
      DVLA_COPY(&half, scale_in, 2);
      scale = K(float_from_bf16)(half);
    }
    for (size_t index = 0; index < whole; index += 16) {
      i8x16 steps;
      DVLA_COPY(&steps, in + index, 16);
      f32x16 product = K(dequantize)(steps, scale);
      DVLA_COPY(out + index * 4, &product, 64);
    }
    if (rest > 0) {
      i8x16 steps = {0};
      DVLA_COPY(&steps, in + whole, rest);
      f32x16 product = K(dequantize)(steps, scale);
      DVLA_COPY(out + whole * 4, &product, rest * 4);
    }
    in += shape.group;
    out += shape.group * 4;
    scale_in += width;
  }
}
