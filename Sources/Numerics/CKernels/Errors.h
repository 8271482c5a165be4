// Included once for every instruction set.

typedef struct {
  f64x16 squared_error, squared_source, squared_result, product;
} K(error_lanes);

DVLA_INLINE double K(add_lanes)(f64x16 lanes) {
  double sums[16];
  DVLA_COPY(sums, &lanes, sizeof sums);
  for (int width = 8; width > 0; width /= 2) {
    for (int lane = 0; lane < width; lane++) sums[lane] += sums[lane + width];
  }
  return sums[0];
}

/// Sixteen elements more; returns x - y. Products of two float32 values are exact in float64.
DVLA_INLINE f64x16 K(add_errors)(K(error_lanes) *lanes, f32x16 source, f32x16 result) {
  f64x16 x = __builtin_convertvector(source, f64x16);
  f64x16 y = __builtin_convertvector(result, f64x16);
  f64x16 error = x - y;
  lanes->squared_error += error * error;
  lanes->squared_source += x * x;
  lanes->squared_result += y * y;
  lanes->product += x * y;
  return error;
}

DVLA_INLINE void K(store_errors)(
    const K(error_lanes) *lanes, double maximum_error, dvla_row_sums *sums) {
  sums->squared_error = K(add_lanes)(lanes->squared_error);
  sums->squared_source = K(add_lanes)(lanes->squared_source);
  sums->squared_result = K(add_lanes)(lanes->squared_result);
  sums->product = K(add_lanes)(lanes->product);
  sums->maximum_error = maximum_error;
  sums->skipped = 0;
}

DVLA_INLINE f32x16 K(load)(const uint8_t *source) {
  f32x16 values;
  DVLA_COPY(&values, source, 64);
  return values;
}

/// Fewer than sixteen float32 values; the lanes past the end are zero, which changes no sum.
DVLA_INLINE f32x16 K(load_last)(const uint8_t *source, size_t count) {
  f32x16 values = {0};
  DVLA_COPY(&values, source, count * 4);
  return values;
}

/// What `compare_rows` keeps of a row. The bits of numbers that are not negative have the order
/// of the numbers: the largest error is an integer, whose maximum needs no care for NaN.
typedef struct {
  K(error_lanes) errors;
  i64x16 largest_error;
  i32x16 skipped;
} K(row_lanes);

DVLA_INLINE void K(compare)(K(row_lanes) *lanes, f32x16 source, f32x16 result) {
  u32x16 x = (u32x16)source, y = (u32x16)result;
  u32x16 special = (u32x16)((i32x16)(x & 0x7FFFFFFF) >= 0x7F800000)
                   | (u32x16)((i32x16)(y & 0x7FFFFFFF) >= 0x7F800000);
  f64x16 error =
      K(add_errors)(&lanes->errors, (f32x16)(x & ~special), (f32x16)(y & ~special));
  lanes->largest_error = __builtin_elementwise_max(
      lanes->largest_error, (i64x16)__builtin_elementwise_abs(error));
  lanes->skipped -= (i32x16)special;
}

static void K(compare_rows)(
    const void *first, const void *second, size_t rows, size_t columns, dvla_row_sums *sums) {
  const uint8_t *a = first, *b = second;
  size_t whole = columns & ~(size_t)15;
  for (size_t row = 0; row < rows; row++, a += columns * 4, b += columns * 4) {
    K(row_lanes) lanes = {0};
    for (size_t index = 0; index < whole; index += 16) {
      K(compare)(&lanes, K(load)(a + index * 4), K(load)(b + index * 4));
    }
    if (whole < columns) {
      K(compare)(
          &lanes, K(load_last)(a + whole * 4, columns - whole),
          K(load_last)(b + whole * 4, columns - whole));
    }
    int64_t largest_bits = __builtin_reduce_max(lanes.largest_error);
    double largest;
    DVLA_COPY(&largest, &largest_bits, 8);
    K(store_errors)(&lanes.errors, largest, &sums[row]);
    for (int lane = 0; lane < 16; lane++) sums[row].skipped += (size_t)lanes.skipped[lane];
  }
}
