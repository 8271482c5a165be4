// Included once for every instruction set.

/// x Phi(x) = max(x, 0) - |x| (1 - Phi(|x|)): no difference of nearly equal numbers on either side.
DVLA_INLINE f64x16 K(gelu_erf_of)(f64x16 x) {
  f64x16 a = K(at_most)(__builtin_elementwise_abs(x), 15);
  return K(at_least)(x, 0) - a * K(upper_tail)(a);
}

/// (1 + tanh u) / 2 = 1 / (1 + exp(-2 u)), with u = sqrt(2 / pi) (x + 0.044715 x^3).
DVLA_INLINE f64x16 K(gelu_tanh_of)(f64x16 x) {
  // Below -30 it is 0 to float32, and -infinity times 0 would not be.
  x = K(at_least)(x, -30);
  f64x16 minus_2u = x * (x * x * (0.044715 * -0x1.9884533d43651p0) + -0x1.9884533d43651p0);
  return x / (1 + K(exp)(minus_2u));
}

DVLA_INLINE f64x16 K(silu_of)(f64x16 x) {
  x = K(at_least)(x, -700);
  return x / (1 + K(exp)(-x));
}

DVLA_INLINE f64x16 K(relu_of)(f64x16 x) { return K(at_least)(x, 0); }

DVLA_INLINE f64x16 K(sigmoid_of)(f64x16 x) { return 1 / (1 + K(exp)(-x)); }

#define DVLA_ACTIVATION(name)                                                        \
  static void K(name)(void *values, const void *factors, size_t count) {             \
    uint8_t *x = values;                                                             \
    const uint8_t *up = factors;                                                     \
    size_t whole = count & ~(size_t)15, rest = count - whole;                        \
    for (size_t index = 0; index < whole; index += 16) {                             \
      f64x16 y = K(name##_of)(K(widen)(K(load)(x + index * 4)));                     \
      if (up) y *= K(widen)(K(load)(up + index * 4));                                \
      f32x16 result = K(narrow)(y);                                                  \
      DVLA_COPY(x + index * 4, &result, 64);                                         \
    }                                                                                \
    if (rest > 0) {                                                                  \
      f64x16 y = K(name##_of)(K(widen)(K(load_last)(x + whole * 4, rest)));          \
      if (up) y *= K(widen)(K(load_last)(up + whole * 4, rest));                     \
      f32x16 result = K(narrow)(y);                                                  \
      DVLA_COPY(x + whole * 4, &result, rest * 4);                                   \
    }                                                                                \
  }

DVLA_ACTIVATION(gelu_erf)
DVLA_ACTIVATION(gelu_tanh)
DVLA_ACTIVATION(silu)
DVLA_ACTIVATION(relu)
DVLA_ACTIVATION(sigmoid)
#undef DVLA_ACTIVATION
