// Included once for every instruction set.

/// Fewer than sixteen float32 values; the lanes past the end are -infinity.
DVLA_INLINE f32x16 K(load_last_of_maximum)(const uint8_t *source, size_t count) {
  f32x16 values = (f32x16){0} - __builtin_inff();
  DVLA_COPY(&values, source, count * 4);
  return values;
}

DVLA_INLINE f32x16 K(larger)(f32x16 largest, f32x16 x) {
  i32x16 mask = x > largest;
  return (f32x16)((mask & (i32x16)x) | (~mask & (i32x16)largest));
}

/// The largest element that is not NaN, or -infinity.
DVLA_INLINE float K(largest_of)(const uint8_t *row, size_t whole, size_t rest) {
  f32x16 lanes = (f32x16){0} - __builtin_inff();
  for (size_t index = 0; index < whole; index += 16) {
    lanes = K(larger)(lanes, K(load)(row + index * 4));
  }
  if (rest > 0) lanes = K(larger)(lanes, K(load_last_of_maximum)(row + whole * 4, rest));
  float largest = lanes[0];
  for (int lane = 1; lane < 16; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  return largest;
}

/// exp(scale (x - largest)). Of -infinity it is exp(-700), which is 0 to float32, and to a sum of
/// which another term is 1.
DVLA_INLINE f64x16 K(exponential)(f32x16 x, double largest, double scale) {
  return K(exp)((K(widen)(x) - largest) * scale);
}

static void K(softmax_rows)(void *values, dvla_matrix shape, float scale) {
  uint8_t *row = values;
  size_t columns = shape.columns, whole = columns & ~(size_t)15, rest = columns - whole;
  for (size_t index = 0; index < shape.rows; index++, row += columns * 4) {
    double largest = K(largest_of)(row, whole, rest);
    // A row of -infinity alone then gives float32 zeros over a sum that is not 0.
    if (largest == -__builtin_inf()) largest = 0;
    f64x16 sums = {0};
    for (size_t at = 0; at < whole * 4; at += 64) {
      f64x16 y = K(exponential)(K(load)(row + at), largest, scale);
      f32x16 rounded = K(narrow)(y);
      sums += y;
      DVLA_COPY(row + at, &rounded, 64);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      f64x16 y = K(exponential)(K(load_last_of_maximum)(row + at, rest), largest, scale);
      f32x16 rounded = K(narrow)(y);
      sums += y;
      DVLA_COPY(row + at, &rounded, rest * 4);
    }
    double factor = 1 / K(add_lanes)(sums);
    for (size_t at = 0; at < whole * 4; at += 64) {
      f32x16 y = K(narrow)(K(widen)(K(load)(row + at)) * factor);
      DVLA_COPY(row + at, &y, 64);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      f32x16 y = K(narrow)(K(widen)(K(load_last)(row + at, rest)) * factor);
      DVLA_COPY(row + at, &y, rest * 4);
    }
  }
}
