import Diagnostics

extension Normalizer.Terms {
  static let openpiEpsilon = 1e-6
  static let lerobotEpsilon = 1e-8

  /// A deviation of 0 is a dimension that never changed in training: upstream divides by its epsilon
  /// then, and so do we.
  ///
  /// - Throws: `statistics.missing`, `statistics.deviation`.
  init(
    deviationsOf statistics: FeatureStatistics, _ origin: PolicyStatistics.Origin
  ) throws(WeightsError) {
    offset = try statistics.required(.mean)
    let std = try statistics.required(.std)
    if let index = std.indices.first(where: { std[$0] < 0 }) {
      throw WeightsError(
        .statisticsDeviation,
        "std, dimension \(index): expected 0 or more, found \(std[index])")
    }
    isRange = false
    switch origin {
    case .openpi:
      divisor = std.map { $0 + Self.openpiEpsilon }
      factor = divisor
    case .lerobot:
      divisor = std.map { $0 + Self.lerobotEpsilon }
      factor = std
    }
  }

  /// - Throws: `statistics.missing`, `statistics.order`, `statistics.method`.
  init(
    rangeOf statistics: FeatureStatistics, from lower: FeatureStatistics.Field,
    to upper: FeatureStatistics.Field, _ origin: PolicyStatistics.Origin
  ) throws(WeightsError) {
    guard origin == .lerobot || lower == .q01 else {
      throw WeightsError(
        .statisticsMethod, .usage,
        "openpi has no normalisation by least and greatest value: expected identity, mean-std or "
          + "quantile")
    }
    let lows = try statistics.required(lower)
    let highs = try statistics.required(upper)
    if let index = lows.indices.first(where: { highs[$0] < lows[$0] }) {
      throw WeightsError(
        .statisticsOrder,
        "dimension \(index): expected \(upper.rawValue) of at least \(lower.rawValue), found "
          + "\(highs[index]) and \(lows[index])")
    }
    offset = lows
    divisor = zip(lows, highs).map { low, high in
      switch origin {
      case .openpi: high - low + Self.openpiEpsilon
      case .lerobot: high == low ? Self.lerobotEpsilon : high - low
      }
    }
    factor = divisor
    isRange = true
  }
}

extension FeatureStatistics {
  fileprivate func required(_ field: Field) throws(WeightsError) -> [Double] {
    let values =
      switch field {
      case .mean: mean
      case .std: std
      case .q01: q01
      case .q99: q99
      case .min: min
      case .max: max
      }
    guard let values else {
      throw WeightsError(.statisticsMissing, "expected the field \(field.rawValue), found none")
    }
    return values
  }
}
