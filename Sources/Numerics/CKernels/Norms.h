// Included once for every instruction set.

DVLA_INLINE double K(sum_of)(const uint8_t *row, size_t columns) {
  size_t whole = columns & ~(size_t)15;
  f64x16 sums = {0};
  for (size_t index = 0; index < whole; index += 16) sums += K(widen)(K(load)(row + index * 4));
  if (whole < columns) sums += K(widen)(K(load_last)(row + whole * 4, columns - whole));
  return K(add_lanes)(sums);
}

/// The sum of (x - mean)^2.
DVLA_INLINE double K(squares_around)(const uint8_t *row, size_t columns, double mean) {
  size_t whole = columns & ~(size_t)15;
  f64x16 sums = {0};
  for (size_t index = 0; index < whole; index += 16) {
    f64x16 deviation = K(widen)(K(load)(row + index * 4)) - mean;
    sums += deviation * deviation;
  }
  if (whole < columns) {
    f64x16 all = K(widen)(K(load_last)(row + whole * 4, columns - whole)) - mean;
    f64x16 deviation = {0};
    DVLA_COPY(&deviation, &all, (columns - whole) * 8);
    sums += deviation * deviation;
  }
  return K(add_lanes)(sums);
}

DVLA_INLINE f32x16 K(normalise)(f32x16 x, double mean, double factor, f32x16 weight, f32x16 bias) {
  return K(narrow)((K(widen)(x) - mean) * factor * K(widen)(weight) + K(widen)(bias));
}

static void K(layer_norm)(
    const void *source, dvla_matrix shape, const void *weights, const void *biases,
    double epsilon, void *result) {
  const uint8_t *in = source, *weight = weights, *bias = biases;
  uint8_t *out = result;
  size_t columns = shape.columns, whole = columns & ~(size_t)15, rest = columns - whole;
  for (size_t row = 0; row < shape.rows; row++, in += columns * 4, out += columns * 4) {
    double mean = K(sum_of)(in, columns) / (double)columns;
    double variance = K(squares_around)(in, columns, mean) / (double)columns;
    double factor = 1 / __builtin_sqrt(variance + epsilon);
    for (size_t at = 0; at < whole * 4; at += 64) {
      f32x16 y =
          K(normalise)(K(load)(in + at), mean, factor, K(load)(weight + at), K(load)(bias + at));
      DVLA_COPY(out + at, &y, 64);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      f32x16 y = K(normalise)(
          K(load_last)(in + at, rest), mean, factor, K(load_last)(weight + at, rest),
          K(load_last)(bias + at, rest));
      DVLA_COPY(out + at, &y, rest * 4);
    }
  }
}

DVLA_INLINE f32x16 K(rescale)(f32x16 x, double factor, f32x16 weight) {
  return K(narrow)(K(widen)(x) * factor * (1 + K(widen)(weight)));
}

static void K(rms_norm)(
    const void *source, dvla_matrix shape, const void *weights, double epsilon, void *result) {
  const uint8_t *in = source, *weight = weights;
  uint8_t *out = result;
  size_t columns = shape.columns, whole = columns & ~(size_t)15, rest = columns - whole;
  for (size_t row = 0; row < shape.rows; row++, in += columns * 4, out += columns * 4) {
    double mean_square = K(squares_around)(in, columns, 0) / (double)columns;
    double factor = 1 / __builtin_sqrt(mean_square + epsilon);
    for (size_t at = 0; at < whole * 4; at += 64) {
      f32x16 y = K(rescale)(K(load)(in + at), factor, K(load)(weight + at));
      DVLA_COPY(out + at, &y, 64);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      f32x16 y = K(rescale)(K(load_last)(in + at, rest), factor, K(load_last)(weight + at, rest));
      DVLA_COPY(out + at, &y, rest * 4);
    }
  }
}
