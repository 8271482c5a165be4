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
/// has the least relative error for its degree, 4.1e-11: Fixtures/kernels/fit_polynomials.py.
DVLA_INLINE f64x16 K(exp)(f64x16 x) {
  f64x16 t = K(at_most)(K(at_least)(x, -700), 700) * 0x1.71547652b82fep0;
  // 1.5 * 2^52: the sum has no bits left for a fraction, and its lowest are those of n. Of a NaN
  // that was a float32 they are zero.
  f64x16 shifted = t + 0x1.8p52;
  f64x16 f = t - (shifted - 0x1.8p52);
  f64x16 p = f * 1.5201926039494834149e-5 + 1.5469291870686772927e-4;
  p = p * f + 1.3333922544983621724e-3;
  p = p * f + 9.6180272511325744786e-3;
  p = p * f + 5.5504103534689366634e-2;
  p = p * f + 2.4022651198180350763e-1;
  p = p * f + 6.931471807284446583e-1;
  p = p * f + 9.9999999996167481443e-1;
  return (f64x16)((i64x16)p + ((i64x16)shifted << 52));
}

/// The normal distribution's upper tail, 1 - Phi(a) = erfc(a / sqrt 2) / 2, for a from 0 to 15 and
/// as if a were 15 above.
///
/// exp(-a^2 / 2) times Mills' ratio, of which the rational function has the least relative error
/// for its degrees, 8.9e-11: Fixtures/kernels/fit_polynomials.py.
DVLA_INLINE f64x16 K(upper_tail)(f64x16 a) {
  a = K(at_most)(a, 15);
  f64x16 n = a * 8.9702070025651297849e-4 + 1.1714892405344482283e-2;
  n = n * a + 7.1625474928322442384e-2;
  n = n * a + 2.5131831220449582256e-1;
  n = n * a + 5.0837377078828925809e-1;
  n = n * a + 4.9999999995538217129e-1;
  f64x16 d = a * 2.2485000434371104445e-3 + 2.9364703727449593562e-2;
  d = d * a + 1.817922953079339164e-1;
  d = d * a + 6.5923013856727944648e-1;
  d = d * a + 1.4505036963211107233;
  d = d * a + 1.8146321064621269695;
  d = d * a + 1;
  return K(exp)(a * a * -0.5) * (n / d);
}
