// Included once for every instruction set.

/// Round to nearest, ties to even, by integer arithmetic: VCVTNEPS2BF16 flushes subnormals.
/// `nan` is what every NaN becomes.
DVLA_INLINE u16x16 K(round_to_bf16)(u32x16 bits, uint32_t nan) {
  u32x16 rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
  u32x16 is_nan = (u32x16)((i32x16)(bits & 0x7FFFFFFF) > 0x7F800000);
  if (nan == 0xFFFF) {
    rounded |= is_nan;
  } else {
    rounded = (rounded & ~is_nan) | (is_nan & nan);
  }
  return __builtin_convertvector(rounded & 0xFFFF, u16x16);
}

/// Exact; a signalling NaN becomes quiet and keeps its payload, as the F16C and NEON
/// instructions do.
DVLA_INLINE u32x16 K(widen_f16)(u16x16 half) {
#if DVLA_HAS_F16_CONVERSION
  typedef _Float16 f16x16 __attribute__((vector_size(32)));
  return (u32x16) __builtin_convertvector((f16x16)half, f32x16);
#else
  u32x16 bits = __builtin_convertvector(half, u32x16);
  u32x16 sign = (bits & 0x8000) << 16;
  u32x16 magnitude = (bits & 0x7FFF) << 13;
  u32x16 is_subnormal = (u32x16)((i32x16)magnitude < 0x400 << 13);
  u32x16 is_special = (u32x16)((i32x16)magnitude >= 0x7C00 << 13);
  u32x16 is_nan = (u32x16)((i32x16)magnitude > 0x7C00 << 13);
  u32x16 normal = magnitude + (112u << 23);
  u32x16 special = (magnitude | 0x7F800000) | (is_nan & 0x400000);
  // 2^-14 with the subnormal's bits below it, less 2^-14: exact.
  f32x16 offset = (f32x16)(magnitude + (113u << 23));
  u32x16 subnormal = (u32x16)(offset - 0x1p-14f);
  u32x16 value = (normal & ~is_subnormal) | (subnormal & is_subnormal);
  value = (value & ~is_special) | (special & is_special);
  return sign | value;
#endif
}

DVLA_INLINE void K(bf16_from_f32_block)(const uint8_t *source, uint8_t *result) {
  u32x16 bits;
  DVLA_COPY(&bits, source, 64);
  // PyTorch's vectorised cast on x86 gives 0xFFFF for every NaN.
  u16x16 rounded = K(round_to_bf16)(bits, 0xFFFF);
  DVLA_COPY(result, &rounded, 32);
}

DVLA_INLINE void K(f32_from_bf16_block)(const uint8_t *source, uint8_t *result) {
  u16x16 half;
  DVLA_COPY(&half, source, 32);
  u32x16 bits = __builtin_convertvector(half, u32x16) << 16;
  DVLA_COPY(result, &bits, 64);
}

DVLA_INLINE void K(f32_from_f16_block)(const uint8_t *source, uint8_t *result) {
  u16x16 half;
  DVLA_COPY(&half, source, 32);
  u32x16 bits = K(widen_f16)(half);
  DVLA_COPY(result, &bits, 64);
}

DVLA_INLINE void K(bf16_from_f16_block)(const uint8_t *source, uint8_t *result) {
  u16x16 half;
  DVLA_COPY(&half, source, 32);
  // PyTorch has no vectorised cast here, and its scalar one gives 0x7FC0 for every NaN.
  u16x16 rounded = K(round_to_bf16)(K(widen_f16)(half), 0x7FC0);
  DVLA_COPY(result, &rounded, 32);
}

#define DVLA_CONVERSION(name, from, to)                                          \
  static void K(name)(const void *source, void *result, size_t count) {          \
    const uint8_t *in = source;                                                  \
    uint8_t *out = result;                                                       \
    size_t index = 0;                                                            \
    for (; index + 16 <= count; index += 16) {                                   \
      K(name##_block)(in + index * from, out + index * to);                      \
    }                                                                            \
    if (index < count) {                                                         \
      uint8_t last_in[16 * from] = {0}, last_out[16 * to];                       \
      DVLA_COPY(last_in, in + index * from, (count - index) * from);             \
      K(name##_block)(last_in, last_out);                                        \
      DVLA_COPY(out + index * to, last_out, (count - index) * to);               \
    }                                                                            \
  }

DVLA_CONVERSION(bf16_from_f32, 4, 2)
DVLA_CONVERSION(f32_from_bf16, 2, 4)
DVLA_CONVERSION(f32_from_f16, 2, 4)
DVLA_CONVERSION(bf16_from_f16, 2, 2)
#undef DVLA_CONVERSION
