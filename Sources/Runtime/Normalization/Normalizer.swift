public import DVLADiagnostics

/// Turns a vector in the robot's units into the model's, and back, in upstream's order of steps and
/// in upstream's arithmetic: double for openpi; for lerobot and transformers float32, to which
/// statistics and values are rounded first, so that a value that never changed in training meets
/// itself exactly.
///
/// With `x` in the robot's units and `y` in the model's:
///
/// | method | origin | `y` | `x` |
/// | --- | --- | --- | --- |
/// | mean-std | openpi | `(x - mean) / (std + 1e-6)` | `y (std + 1e-6) + mean` |
/// | mean-std | lerobot | `(x - mean) / (std + 1e-8)` | `y std + mean` |
/// | mean-std | transformers | `(x - mean) / (std + 1e-8)` | `y (std + 1e-8) + mean` |
/// | quantile | openpi | `(x - q01) / (q99 - q01 + 1e-6) 2 - 1` |
/// `(y + 1) / 2 (q99 - q01 + 1e-6) + q01` |
/// | quantile | lerobot | `2 (x - q01) / d - 1`, `d = q99 - q01` | `(y + 1) d / 2 + q01` |
/// | quantile10 | lerobot | as quantile, from q10 to q90 | as quantile |
/// | min-max | lerobot | `2 (x - min) / d - 1`, `d = max - min` | `(y + 1) / 2 d + min` |
/// | min-max | early lerobot | `(x - min) / (max - min + 1e-8) 2 - 1` |
/// `(y + 1) / 2 (max - min) + min` |
///
/// Where lerobot's `d` is 0 it is 1e-8 instead. Early is lerobot until October 2025.
///
/// Source: openpi, `src/openpi/transforms.py`, `Normalize` and `Unnormalize`; lerobot,
/// `src/lerobot/processor/normalize_processor.py`, and `policies/normalize.py` before.
public struct Normalizer: Sendable, Hashable {
  public let method: NormalizationMethod
  public let origin: PolicyStatistics.Origin
  /// The dimensions of the robot's vectors: those of the statistics, less the padding at the end
  /// that openpi's older files have.
  public let width: Int
  /// The dimensions of the statistics.
  private let statisticsWidth: Int
  private let arithmetic: Arithmetic

  private enum Arithmetic: Hashable {
    case identity
    case double(Terms<Double>)
    case float(Terms<Float>)
  }

  /// - Parameters:
  ///   - isEarly: whether lerobot's statistics are used as lerobot did until October 2025.
  ///   - modelWidth: the dimensions of the model's vectors. openpi's older files were computed on
  ///     vectors already filled up to it with zeros: in statistics of that very width, dimensions
  ///     at the end that are 0 in every field are none of the robot's. Where nil, and in statistics
  ///     of another width, all are.
  /// - Throws: `statistics.missing` without the fields of the method; `statistics.deviation` where
  ///   a standard deviation is negative; `statistics.order` where an upper
  ///   bound is below its lower one; `statistics.method` for min-max of openpi;
  ///   `statistics.overflow` for lerobot's statistics that float32 cannot hold. The errors do not
  ///   name the file or the feature.
  public init(
    _ statistics: FeatureStatistics, method: NormalizationMethod = .meanStd,
    origin: PolicyStatistics.Origin, isEarly: Bool = false, modelWidth: Int? = nil
  ) throws(WeightsError) {
    self.method = method
    self.origin = origin
    statisticsWidth = statistics.width
    width =
      origin == .openpi && statistics.width == modelWidth
      ? statistics.widthWithoutPadding : statistics.width
    arithmetic =
      switch origin {
      case .openpi:
        try Terms(statistics, method, origin, isEarly: false).map(Arithmetic.double) ?? .identity
      case .lerobot, .transformers:
        try Terms(statistics, method, origin, isEarly: isEarly).map(Arithmetic.float) ?? .identity
      }
  }

  /// A state or an action in the model's units.
  ///
  /// openpi cuts statistics that are wider than the vector; lerobot needs the very width.
  ///
  /// - Throws: `statistics.width` for a vector that is wider than the statistics, or, with lerobot,
  ///   narrower; `statistics.overflow` for a result, or with lerobot a value, that float32 cannot
  ///   hold.
  public func normalize(_ values: [Double]) throws(WeightsError) -> [Double] {
    let values = try rounded(values)
    switch arithmetic {
    case .identity: return values
    case .double(let terms):
      guard values.count <= statisticsWidth else {
        throw widthError("at most \(statisticsWidth)", values)
      }
      return try checked(values.indices.map { terms.normalize(values[$0], $0) })
    case .float(let terms):
      guard values.count == statisticsWidth else { throw widthError("\(statisticsWidth)", values) }
      return try checked(
        values.indices.map { Double(terms.normalize(Float(values[$0]), $0)) })
    }
  }

  /// A state or an action in the robot's units.
  ///
  /// openpi's statistics may be narrower than the vector, which is as wide as the model: with
  /// mean-std the rest is multiplied by `1 + 1e-6`, with quantiles it stays. Nothing in the rest
  /// means anything to the robot. lerobot cuts the vector to the robot's width first.
  ///
  /// - Parameter isSingle: whether the values are float32, as a model's actions are: then openpi,
  ///   through NumPy's rules, takes the first steps of a range in float32.
  /// - Throws: `statistics.width` for a vector that is narrower than the statistics, or, with
  ///   lerobot, wider; `statistics.overflow` as ``normalize(_:)``.
  public func undo(
    _ values: [Double], isSingle: Bool = false
  ) throws(WeightsError) -> [Double] {
    let values = try rounded(values)
    switch arithmetic {
    case .identity: return values
    case .double(let terms):
      guard values.count >= statisticsWidth else {
        throw widthError("at least \(statisticsWidth)", values)
      }
      let factorOfRest = terms.form == .deviation ? 1 + origin.epsilon : 1
      return try checked(
        values.indices.map { index in
          let value = values[index]
          guard index < statisticsWidth else { return value * factorOfRest }
          return isSingle && terms.form == .openpiRange
            ? Double((Float(value) + 1) / 2) * terms.factor[index] + terms.offset[index]
            : terms.undo(value, index)
        })
    case .float(let terms):
      guard values.count == statisticsWidth else { throw widthError("\(statisticsWidth)", values) }
      return try checked(values.indices.map { Double(terms.undo(Float(values[$0]), $0)) })
    }
  }

  /// As upstream takes them: lerobot's are float32 before anything else.
  private func rounded(_ values: [Double]) throws(WeightsError) -> [Double] {
    switch (origin, method) {
    case (.lerobot, _), (.transformers, _): try checked(values).map { Double(Float($0)) }
    case (.openpi, .identity): try checked(values)
    case (.openpi, _): values
    }
  }

  private func widthError(_ expected: String, _ values: [Double]) -> WeightsError {
    WeightsError(
      .statisticsWidth,
      "expected \(expected) values, as many as the statistics have, found \(values.count)")
  }

  private func checked(_ values: [Double]) throws(WeightsError) -> [Double] {
    if let index = values.firstIndex(where: { !Float($0).isFinite }) {
      throw WeightsError(
        .statisticsOverflow,
        "dimension \(index): expected a value in the range of float32, found \(values[index])")
    }
    return values
  }
}
