// Included once for every instruction set.

/// Output `counter` of SplitMix64 (Steele, Lea and Flood 2014), whose state is `key` at counter 0.
DVLA_INLINE u64x8 K(split_mix)(uint64_t key, u64x8 counter) {
  u64x8 z = key + counter * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/// Eight values: S is the sum of the twelve 16-bit numbers of three outputs.
DVLA_INLINE f32x8 K(irwin_hall_block)(uint64_t key, u64x8 index, double deviation) {
  u64x8 halves = {0};  // two sums of 32 bits
  for (uint64_t draw = 1; draw <= 3; draw++) {
    u64x8 bits = K(split_mix)(key, 3 * index + draw);
    halves += (bits & 0x0000FFFF0000FFFFu) + ((bits >> 16) & 0x0000FFFF0000FFFFu);
  }
  i64x8 sum = (i64x8)((halves & 0xFFFFFFFFu) + (halves >> 32));
  f64x8 value = __builtin_convertvector(2 * sum - 12 * 65535, f64x8);
  return __builtin_convertvector(value * 0x1p-17 * deviation, f32x8);
}

static void K(irwin_hall)(
    uint64_t key, uint64_t first, double deviation, void *result, size_t count) {
  const u64x8 lanes = {0, 1, 2, 3, 4, 5, 6, 7};
  uint8_t *out = result;
  for (size_t index = 0; index < count; index += 8) {
    f32x8 values = K(irwin_hall_block)(key, first + index + lanes, deviation);
    size_t rest = count - index;
    if (rest >= 8) {
      DVLA_COPY(out + index * 4, &values, 32);
    } else {
      DVLA_COPY(out + index * 4, &values, rest * 4);
    }
  }
}
