// Included once for every instruction set.

static void K(add)(void *values, const void *addends, size_t count) {
  uint8_t *x = values;
  const uint8_t *y = addends;
  size_t whole = count & ~(size_t)15, rest = count - whole;
  for (size_t at = 0; at < whole * 4; at += 64) {
    f32x16 sum = K(load)(x + at) + K(load)(y + at);
    DVLA_COPY(x + at, &sum, 64);
  }
  if (rest > 0) {
    size_t at = whole * 4;
    f32x16 sum = K(load_last)(x + at, rest) + K(load_last)(y + at, rest);
    DVLA_COPY(x + at, &sum, rest * 4);
  }
}

static void K(add_bias)(void *values, dvla_matrix shape, const void *bias) {
  uint8_t *row = values;
  for (size_t index = 0; index < shape.rows; index++, row += shape.columns * 4) {
    K(add)(row, bias, shape.columns);
  }
}

DVLA_INLINE f32x16 K(sum_with_scaled)(f32x16 x, f32x16 y, f32x16 scale) {
  return K(narrow)(K(widen)(x) + K(widen)(y) * K(widen)(scale));
}

static void K(add_scaled)(
    void *values, dvla_matrix shape, const void *addends, const void *scales) {
  uint8_t *x = values;
  const uint8_t *y = addends, *scale = scales;
  size_t columns = shape.columns, whole = columns & ~(size_t)15, rest = columns - whole;
  for (size_t row = 0; row < shape.rows; row++, x += columns * 4, y += columns * 4) {
    for (size_t at = 0; at < whole * 4; at += 64) {
      f32x16 sum = K(sum_with_scaled)(K(load)(x + at), K(load)(y + at), K(load)(scale + at));
      DVLA_COPY(x + at, &sum, 64);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      f32x16 sum = K(sum_with_scaled)(
          K(load_last)(x + at, rest), K(load_last)(y + at, rest), K(load_last)(scale + at, rest));
      DVLA_COPY(x + at, &sum, rest * 4);
    }
  }
}

static void K(multiply)(void *values, size_t count, float factor) {
  uint8_t *x = values;
  size_t whole = count & ~(size_t)15, rest = count - whole;
  for (size_t at = 0; at < whole * 4; at += 64) {
    f32x16 product = K(load)(x + at) * factor;
    DVLA_COPY(x + at, &product, 64);
  }
  if (rest > 0) {
    f32x16 product = K(load_last)(x + whole * 4, rest) * factor;
    DVLA_COPY(x + whole * 4, &product, rest * 4);
  }
}

DVLA_INLINE void K(rotate_lanes)(uint8_t *a, uint8_t *b, f32x16 cosine, f32x16 sine, size_t count) {
  f64x16 x = K(widen)(K(load_last)(a, count)), y = K(widen)(K(load_last)(b, count));
  f64x16 c = K(widen)(cosine), s = K(widen)(sine);
  f32x16 first = K(narrow)(x * c - y * s), second = K(narrow)(y * c + x * s);
  DVLA_COPY(a, &first, count * 4);
  DVLA_COPY(b, &second, count * 4);
}

static void K(rotate)(
    void *values, size_t heads, size_t half, const void *cosines, const void *sines) {
  uint8_t *a = values;
  const uint8_t *cosine = cosines, *sine = sines;
  size_t whole = half & ~(size_t)15, rest = half - whole;
  for (size_t head = 0; head < heads; head++, a += half * 8) {
    uint8_t *b = a + half * 4;
    for (size_t at = 0; at < whole * 4; at += 64) {
      K(rotate_lanes)(a + at, b + at, K(load)(cosine + at), K(load)(sine + at), 16);
    }
    if (rest > 0) {
      size_t at = whole * 4;
      K(rotate_lanes)(
          a + at, b + at, K(load_last)(cosine + at, rest), K(load_last)(sine + at, rest), rest);
    }
  }
}
