import Glibc

/// Sines, then cosines, of a time at geometrically spaced periods.
///
/// Source: openpi `models_pytorch/pi0_pytorch.py`, `create_sinusoidal_pos_embedding`. The time is
/// multiplied by up to 2π / minPeriod, 1571 for pi0, so it is kept in double precision throughout.
enum TimeEmbedding {
  /// - Precondition: `width` is even.
  static func values(
    at time: Double, width: Int, minPeriod: Double, maxPeriod: Double
  ) -> [Float] {
    let half = width / 2
    let angles = (0..<half).map { index in
      let fraction = half > 1 ? Double(index) / Double(half - 1) : 0
      let period = minPeriod * pow(maxPeriod / minPeriod, fraction)
      return time * (2 * .pi / period)
    }
    return angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
  }
}
