import DVLADiagnostics

extension Normalizer {
  /// What the formulas have in common, one element per dimension, in the type that upstream
  /// computes with: `y = (x - offset) / divisor` and `x = y factor + offset`; of a range for a `y`
  /// that goes from 0 to 1 instead of from -1 to 1.
  struct Terms<Scalar: BinaryFloatingPoint & Sendable>: Sendable, Hashable {
    let form: Form
    let offset: [Scalar]
    let divisor: [Scalar]
    let factor: [Scalar]

    /// A deviation or a range, and in which order upstream takes the steps. Orders differ where
    /// a step leaves the normal numbers of the type.
    enum Form: Hashable {
      case deviation, openpiRange, lerobotQuantiles, lerobotBounds
    }

    func normalize(_ x: Scalar, _ index: Int) -> Scalar {
      let distance = x - offset[index]
      return switch form {
      case .deviation: distance / divisor[index]
      case .openpiRange: distance / divisor[index] * 2 - 1
      case .lerobotQuantiles, .lerobotBounds: 2 * distance / divisor[index] - 1
      }
    }

    func undo(_ y: Scalar, _ index: Int) -> Scalar {
      switch form {
      case .deviation: y * factor[index] + offset[index]
      case .openpiRange, .lerobotBounds: (y + 1) / 2 * factor[index] + offset[index]
      case .lerobotQuantiles: (y + 1) * factor[index] / 2 + offset[index]
      }
    }
  }
}

extension Normalizer.Terms {
  /// - Throws: as ``Normalizer/init(_:method:origin:isEarly:modelWidth:)``.
  init?(
    _ statistics: FeatureStatistics, _ method: NormalizationMethod,
    _ origin: PolicyStatistics.Origin, isEarly: Bool
  ) throws(WeightsError) {
    switch method {
    case .identity: return nil
    case .meanStd: try self.init(deviationsOf: statistics, origin)
    case .quantile:
      try self.init(rangeOf: statistics, from: .q01, to: .q99, origin, isEarly: isEarly)
    case .quantile10:
      try self.init(rangeOf: statistics, from: .q10, to: .q90, origin, isEarly: isEarly)
    case .minMax:
      try self.init(rangeOf: statistics, from: .min, to: .max, origin, isEarly: isEarly)
    }
  }

  /// A deviation of 0 is a dimension that never changed in training: upstream divides by its
  /// epsilon then, and so do we.
  ///
  /// - Throws: `statistics.missing`, `statistics.deviation`, `statistics.overflow`.
  private init(
    deviationsOf statistics: FeatureStatistics, _ origin: PolicyStatistics.Origin
  ) throws(WeightsError) {
    form = .deviation
    offset = try statistics.required(.mean)
    let std: [Scalar] = try statistics.required(.std)
    if let index = std.indices.first(where: { std[$0] < 0 }) {
      throw WeightsError(
        .statisticsDeviation,
        "std, dimension \(index): expected 0 or more, found \(std[index])")
    }
    divisor = std.map { $0 + Scalar(origin.epsilon) }
    // transformers leaves the way back to the user: it is the inverse here.
    factor = origin == .lerobot ? std : divisor
  }

  /// - Throws: `statistics.missing`, `statistics.order`, `statistics.method`,
  ///   `statistics.overflow`.
  private init(
    rangeOf statistics: FeatureStatistics, from lower: FeatureStatistics.Field,
    to upper: FeatureStatistics.Field, _ origin: PolicyStatistics.Origin, isEarly: Bool
  ) throws(WeightsError) {
    guard origin != .transformers else {
      throw WeightsError(
        .statisticsMethod, .usage,
        "transformers has no normalisation from \(lower.rawValue) to \(upper.rawValue): expected "
          + "identity or mean-std")
    }
    guard origin == .lerobot || lower == .q01 else {
      throw WeightsError(
        .statisticsMethod, .usage,
        "openpi has no normalisation from \(lower.rawValue) to \(upper.rawValue): expected "
          + "identity, mean-std or quantile")
    }
    guard !isEarly || lower == .min else {
      throw WeightsError(
        .statisticsMethod,
        "lerobot before October 2025 has no normalisation from \(lower.rawValue) to "
          + "\(upper.rawValue): expected identity, mean-std or min-max")
    }
    let lows: [Scalar] = try statistics.required(lower)
    let highs: [Scalar] = try statistics.required(upper)
    if let index = lows.indices.first(where: { highs[$0] < lows[$0] }) {
      throw WeightsError(
        .statisticsOrder,
        "dimension \(index): expected \(upper.rawValue) of at least \(lower.rawValue), found "
          + "\(highs[index]) and \(lows[index])")
    }
    offset = lows
    let epsilon = Scalar(origin.epsilon)
    divisor = zip(lows, highs).map { low, high in
      switch origin {
      case .openpi: high - low + epsilon
      case .lerobot, .transformers:
        if isEarly { high - low + epsilon } else { high == low ? epsilon : high - low }
      }
    }
    factor = isEarly ? zip(lows, highs).map { low, high in high - low } : divisor
    form =
      switch origin {
      case .openpi: .openpiRange
      case .lerobot where isEarly: .openpiRange
      case .lerobot, .transformers: lower == .min ? .lerobotBounds : .lerobotQuantiles
      }
  }
}

extension PolicyStatistics.Origin {
  /// What keeps a division from being one by zero.
  var epsilon: Double {
    switch self {
    case .openpi: 1e-6
    case .lerobot, .transformers: 1e-8
    }
  }
}

extension FeatureStatistics {
  /// Rounded to the type that is computed with, before anything else.
  ///
  /// - Throws: `statistics.missing`, `statistics.overflow`.
  fileprivate func required<Scalar: BinaryFloatingPoint>(
    _ field: Field
  ) throws(WeightsError) -> [Scalar] {
    let values =
      switch field {
      case .mean: mean
      case .std: std
      case .q01: q01
      case .q99: q99
      case .min: min
      case .max: max
      case .q10: q10
      case .q90: q90
      }
    guard let values else {
      throw WeightsError(.statisticsMissing, "expected the field \(field.rawValue), found none")
    }
    let rounded = values.map { Scalar($0) }
    if let index = rounded.firstIndex(where: { !$0.isFinite }) {
      throw WeightsError(
        .statisticsOverflow,
        "\(field.rawValue), dimension \(index): expected a value in the range of float32, found "
          + "\(values[index])")
    }
    return rounded
  }
}
