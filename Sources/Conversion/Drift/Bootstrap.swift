import DVLARandomNumbers

/// Percentile intervals of a mean by the bootstrap (Efron 1979): observations are drawn with
/// replacement, again and again, and the interval holds the middle 95 % of the means.
///
/// The draws are the same on every machine. Draw `i` of resample `b` picks observation
/// `floor(u n / 2^64)`, with `u = mix(mix(seed) + (b n + i + 1) 0x9E3779B97F4A7C15)` modulo 2^64;
/// `mix` is that of the noise (the page Observations).
public enum Bootstrap {
  /// How many resamples are drawn.
  public static let resampleCount = 10_000
  private static let seed: UInt64 = 17

  /// The interval of the mean of values, one for each observation.
  ///
  /// - Returns: the 2.5th and 97.5th percentiles of the means; the value itself, twice, where there
  ///   is only one.
  /// - Precondition: at least one value.
  public static func interval(ofMean values: [Double]) -> (low: Double, high: Double) {
    precondition(!values.isEmpty, "values to average")
    let count = values.count
    let bits = SplitMix64(seed: seed)
    var means: [Double] = []
    means.reserveCapacity(resampleCount)
    var draw: UInt64 = 0
    for _ in 0..<resampleCount {
      var sum = 0.0
      for _ in 0..<count {
        draw += 1
        sum += values[Int(bits[draw].multipliedFullWidth(by: UInt64(count)).high)]
      }
      means.append(sum / Double(count))
    }
    means.sort()
    return (
      Percentile.value(2.5, ofSorted: means), Percentile.value(97.5, ofSorted: means)
    )
  }
}

/// Percentiles with linear interpolation between the two nearest values, as NumPy's `linear`
/// (Hyndman and Fan 1996, definition 7).
public enum Percentile {
  /// - Parameter percent: from 0 to 100.
  /// - Precondition: at least one value, in ascending order.
  public static func value(_ percent: Double, ofSorted values: [Double]) -> Double {
    precondition(!values.isEmpty && (0...100).contains(percent), "values, and a percentage")
    let position = percent / 100 * Double(values.count - 1)
    let lower = Int(position)
    let upper = min(lower + 1, values.count - 1)
    let (a, b) = (values[lower], values[upper])
    return a + (b - a) * (position - Double(lower))
  }
}
