// Included once for every instruction set.
//
// Functions of float32 elements, in float64: each is off by less than 2e-10 of its value, so that
// rounding to float32 is the only error to speak of. A NaN stays a NaN.

DVLA_INLINE f64x16 K(widen)(f32x16 values) { return __builtin_convertvector(values, f64x16); }

DVLA_INLINE f32x16 K(narrow)(f64x16 values) { return __builtin_convertvector(values, f32x16); }

DVLA_INLINE f64x16 K(select)(i64x16 mask, f64x16 yes, f64x16 no) {
  return (f64x16)((mask & (i64x16)yes) | (~mask & (i64x16)no));
}

/// max(x, least), with NaN kept.
DVLA_INLINE f64x16 K(at_least)(f64x16 x, double least) {
  f64x16 bound = least - (f64x16){0};
  return K(select)(x < bound, bound, x);
}

/// min(x, most), with NaN kept.
DVLA_INLINE f64x16 K(at_most)(f64x16 x, double most) {
  f64x16 bound = most - (f64x16){0};
  return K(select)(x > bound, bound, x);
}

/// exp(x), for x between -700 and 700 and as if x were the nearer bound elsewhere: to float32,
/// exp(-700) is 0 and exp(700) infinity.
///
/// 2^t = 2^n 2^f, n being the integer next to t = x / ln 2. Of 2^f, |f| <= 1/2, the polynomial
/// has the least relative error for its degree, 4.0e-11: Fixtures/kernels/fit_polynomials.py.
DVLA_INLINE f64x16 K(exp)(f64x16 x) {
  f64x16 t = K(at_most)(K(at_least)(x, -700), 700) * 0x1.71547652b82fep0;
  // 1.5 * 2^52: the sum has no bits left for a fraction, and its lowest are those of n. Of a NaN
  // that was a float32 they are zero.
  f64x16 shifted = t + 0x1.8p52;
  f64x16 f = t - (shifted - 0x1.8p52);
  f64x16 p = f * 0.000015201919788401491566 + 0.00015469291138532881862;
  p = p * f + 0.0013333922572207293941;
  p = p * f + 0.0096180272537098960883;
  p = p * f + 0.055504103534361405721;
  p = p * f + 0.24022651198156725644;
  p = p * f + 0.69314718072845090543;
  p = p * f + 0.99999999996168229096;
  return (f64x16)((i64x16)p + ((i64x16)shifted << 52));
}

/// The normal distribution's upper tail, 1 - Phi(a) = erfc(a / sqrt 2) / 2, for a from 0 to 15 and
/// as if a were 15 above.
///
/// exp(-a^2 / 2) times Mills' ratio, of which the rational function has the least relative error
/// for its degrees, 8.9e-11: Fixtures/kernels/fit_polynomials.py.
DVLA_INLINE f64x16 K(upper_tail)(f64x16 a) {
  a = K(at_most)(a, 15);
  f64x16 n = a * 0.00089701986512139892579 + 0.01171488393796516044;
  n = n * a + 0.071625436541989114844;
  n = n * a + 0.25131822019468927638;
  n = n * a + 0.50837367237347434903;
  n = n * a + 0.49999999995538134609;
  f64x16 d = a * 0.0022484979500814630914 + 0.02936468250184869368;
  d = d * a + 0.18179219702006409723;
  d = d * a + 0.65922988633892164203;
  d = d * a + 1.4505033452067122762;
  d = d * a + 1.814631897031882141;
  d = d * a + 1.0;
  return K(exp)(a * a * -0.5) * (n / d);
}
