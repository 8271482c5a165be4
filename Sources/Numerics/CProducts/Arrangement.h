// How tokens and weights are brought into units: included once for every instruction set.

/// The first `count` of 16 values, then zeros.
DVLA_INLINE f32x16 K(load_floats)(const float *x, size_t count) {
  f32x16 value = {0};
  if (count >= 16) {
    DVLA_COPY(&value, x, 64);
  } else {
    DVLA_COPY(&value, x, count * 4);
  }
  return value;
}

/// Tokens in bfloat16, to nearest, ties to even, by integer arithmetic: VCVTNEPS2BF16 flushes
/// subnormals. NaN is 0xFFFF.
static __attribute__((unused)) void K(bf16_token)(
    const float *x, size_t count, float scale, void *words) {
  (void)scale;
  uint8_t *out = words;
  size_t padded = (count + 1) & ~(size_t)1;
  for (size_t at = 0; at < padded; at += 16) {
    u32x16 bits = (u32x16)K(load_floats)(x + at, count - at);
    u32x16 rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
    rounded |= (u32x16)((i32x16)(bits & 0x7FFFFFFF) > 0x7F800000);
    u16x16 half = __builtin_convertvector(rounded & 0xFFFF, u16x16);
    size_t rest = padded - at;
    DVLA_COPY(out + at * 2, &half, (rest < 16 ? rest : 16) * 2);
  }
}

/// max |x| / 32639, or NaN where there is a NaN or an infinity.
static __attribute__((unused)) float K(int16_scale)(const float *x, size_t count) {
  // Magnitudes compare as their bits do, NaN above infinity.
  i32x16 lanes = {0};
  for (size_t at = 0; at < count; at += 16) {
    i32x16 bits = (i32x16)K(load_floats)(x + at, count - at) & 0x7FFFFFFF;
    lanes = __builtin_elementwise_max(lanes, bits);
  }
  int32_t largest = __builtin_reduce_max(lanes);
  if (largest >= 0x7F800000) return __builtin_nanf("");
  float magnitude;
  DVLA_COPY(&magnitude, &largest, 4);
  return magnitude / 32639.0f;
}

/// x / scale to nearest, ties to even, within 32639; zeros where the scale is 0 or NaN.
///
/// A scale below 2^-100, of which the reciprocal would overflow, is brought up first, exactly.
typedef struct K(steps) {
  float up;
  float reciprocal;
} K(steps);

DVLA_INLINE K(steps) K(steps_of)(float scale) {
  K(steps) steps = {.up = scale < 0x1p-100f ? 0x1p60f : 1, .reciprocal = 0};
  if (scale > 0) steps.reciprocal = 1 / (scale * steps.up);
  return steps;
}

DVLA_INLINE i32x16 K(to_steps)(f32x16 value, K(steps) steps) {
  const float limit = 32639;
  f32x16 quotient = value * steps.up * steps.reciprocal;
  f32x16 high = (f32x16){0} + limit;
  quotient = __builtin_elementwise_min(__builtin_elementwise_max(quotient, -high), high);
  // 1.5 * 2^23: the sum has no bits left for a fraction.
  quotient = (quotient + 12582912.0f) - 12582912.0f;
  return __builtin_convertvector(quotient, i32x16);
}

static __attribute__((unused)) void K(int16_token)(
    const float *x, size_t count, float scale, void *words) {
  uint8_t *out = words;
  size_t padded = (count + 1) & ~(size_t)1;
  K(steps) steps = K(steps_of)(scale);
  for (size_t at = 0; at < padded; at += 16) {
    i16x16 value = {0};
    if (steps.reciprocal > 0) {
      i32x16 whole = K(to_steps)(K(load_floats)(x + at, count - at), steps);
      value = __builtin_convertvector(whole, i16x16);
    }
    size_t rest = padded - at;
    DVLA_COPY(out + at * 2, &value, (rest < 16 ? rest : 16) * 2);
  }
}

static __attribute__((unused)) void K(bf16_rows)(
    const uint8_t *const *rows, size_t count, uint32_t *units) {
  for (size_t lane = 0; lane < DVLA_LANES; lane++) {
    const uint8_t *row = rows[lane];
    for (size_t at = 0; at < count; at += 2) {
      uint32_t unit = 0;
      DVLA_COPY(&unit, row + at * 2, count - at < 2 ? 2 : 4);
      units[at / 2 * DVLA_LANES + lane] = unit;
    }
  }
}

/// Each 8-bit weight widened to 16.
static __attribute__((unused)) void K(int16_rows)(
    const uint8_t *const *rows, size_t count, uint32_t *units) {
  for (size_t lane = 0; lane < DVLA_LANES; lane++) {
    const int8_t *row = (const int8_t *)rows[lane];
    for (size_t at = 0; at < count; at += 2) {
      uint32_t first = (uint16_t)row[at], second = at + 1 < count ? (uint16_t)row[at + 1] : 0;
      units[at / 2 * DVLA_LANES + lane] = first | second << 16;
    }
  }
}

/// Units of four weights of a row.
static __attribute__((unused)) void K(byte_rows)(const uint8_t *const *rows, size_t count, uint32_t *units) {
  for (size_t lane = 0; lane < DVLA_LANES; lane++) {
    for (size_t at = 0; at < count; at += 4) {
      uint32_t unit = 0;
      size_t rest = count - at;
      if (rest >= 4) {
        DVLA_COPY(&unit, rows[lane] + at, 4);
      } else {
        DVLA_COPY(&unit, rows[lane] + at, rest);
      }
      units[at / 4 * DVLA_LANES + lane] = unit;
    }
  }
}

/// Words of eight bytes: q = 256 high + low of four inputs, the four high bytes first. Both are
/// signed bytes since |q| is at most 32639. Where DVLA_DIGIT_OFFSET is 128 they are brought up to
/// unsigned ones.
static __attribute__((unused)) void K(digit_token)(
    const float *x, size_t count, float scale, void *words) {
  uint8_t *out = words;
  size_t padded = (count + 3) & ~(size_t)3;
  K(steps) steps = K(steps_of)(scale);
  for (size_t at = 0; at < padded; at += 16) {
    i32x16 whole = {0};
    if (steps.reciprocal > 0) whole = K(to_steps)(K(load_floats)(x + at, count - at), steps);
    i32x16 low = whole << 24 >> 24;
    i8x16 bytes[2] = {
        __builtin_convertvector(((whole - low) >> 8) + DVLA_DIGIT_OFFSET, i8x16),
        __builtin_convertvector(low + DVLA_DIGIT_OFFSET, i8x16),
    };
    uint8_t interleaved[32];
    DVLA_UNROLL for (int unit = 0; unit < 4; unit++) {
      DVLA_COPY(interleaved + unit * 8, (const uint8_t *)&bytes[0] + unit * 4, 4);
      DVLA_COPY(interleaved + unit * 8 + 4, (const uint8_t *)&bytes[1] + unit * 4, 4);
    }
    size_t rest = padded - at;
    DVLA_COPY(out + at * 2, interleaved, (rest < 16 ? rest : 16) * 2);
  }
}
