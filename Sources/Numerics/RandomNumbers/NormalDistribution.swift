/// The normal distribution of mean 0 and variance 1, by IEEE 754 operations that are rounded
/// correctly everywhere (`+ - * /` and the square root): the C library's logarithm differs in its
/// last bit between versions.
public enum NormalDistribution {
  /// The value that a share `p` of the distribution lies below, to about 16 digits.
  ///
  /// Source: Wichura: Algorithm AS 241, Applied Statistics 37 (1988), the routine PPND16.
  ///
  /// - Precondition: `p` is above 0 and below 1.
  public static func quantile(_ p: Double) -> Double {
    precondition(p > 0 && p < 1, "a share")
    let q = p - 0.5
    if q.magnitude <= 0.425 { return centre.value(at: 0.180625 - q * q, times: q) }
    let tail = q < 0 ? p : 1 - p
    let r = (-naturalLogarithm(tail)).squareRoot()
    let value = r <= 5 ? middle.value(at: r - 1.6) : far.value(at: r - 5)
    return q < 0 ? -value : value
  }

  /// The logarithm of a normal number: `x = m · 2^e` with `m` from √½ to √2, and
  /// `ln m = 2 (s + s³/3 + s⁵/5 + …)` with `s = (m - 1) / (m + 1)`, as far as doubles see it.
  static func naturalLogarithm(_ x: Double) -> Double {
    var mantissa = x.significand
    var exponent = Double(x.exponent)
    if mantissa > 1.414_213_562_373_095_1 {
      mantissa *= 0.5
      exponent += 1
    }
    let s = (mantissa - 1) / (mantissa + 1)
    let square = s * s
    var series = 0.0
    for odd in stride(from: 23.0, through: 3, by: -2) { series = (series + 1 / odd) * square }
    // ln 2 in two parts, the upper with 20 zero bits at its end: its product is exact.
    return exponent * 0x1.62e42feep-1
      + (2 * s + (2 * s * series + exponent * 0x1.a39ef35793c76p-33))
  }
}

extension NormalDistribution {
  /// A quotient of two polynomials, coefficients of the lowest power first.
  private struct Quotient {
    let numerator: [Double]
    let denominator: [Double]

    func value(at x: Double, times factor: Double = 1) -> Double {
      Self.polynomial(numerator, x) * factor / Self.polynomial(denominator, x)
    }

    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
      coefficients.reversed().reduce(0) { $0 * x + $1 }
    }
  }

  /// `p` within 0.425 of 1/2, in `0.180625 - (p - 1/2)²`.
  private static let centre = Quotient(
    numerator: [
      3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
      3.3430575583588128105e4, 2.5090809287301226727e3,
    ],
    denominator: [
      1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
      5.2264952788528545610e3,
    ])

  /// Tails down to `e^-25`, in `√(-ln tail) - 1.6`.
  private static let middle = Quotient(
    numerator: [
      1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
      3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ],
    denominator: [
      1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9,
    ])

  /// Tails beyond, in `√(-ln tail) - 5`.
  private static let far = Quotient(
    numerator: [
      6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    denominator: [
      1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15,
    ])
}
