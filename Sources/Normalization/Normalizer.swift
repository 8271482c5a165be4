public import Diagnostics

/// Turns a vector in the robot's units into the model's, and back. All arithmetic is in double,
/// in upstream's order.
///
/// With `x` in the robot's units and `y` in the model's:
///
/// | method | origin | `y` | `x` |
/// | --- | --- | --- | --- |
/// | mean-std | openpi | `(x - mean) / (std + 1e-6)` | `y (std + 1e-6) + mean` |
/// | mean-std | lerobot | `(x - mean) / (std + 1e-8)` | `y std + mean` |
/// | quantile | openpi | `(x - q01) / (q99 - q01 + 1e-6) 2 - 1` | `(y + 1) / 2 (q99 - q01 + 1e-6) + q01` |
/// | quantile | lerobot | `2 (x - q01) / d - 1`, `d = q99 - q01` | `(y + 1) d / 2 + q01` |
/// | min-max | lerobot | `2 (x - min) / d - 1`, `d = max - min` | `(y + 1) / 2 d + min` |
///
/// Where lerobot's `d` is 0 it is 1e-8 instead.
///
/// Source: openpi, `src/openpi/transforms.py`, `Normalize` and `Unnormalize`; lerobot,
/// `src/lerobot/processor/normalize_processor.py`.
public struct Normalizer: Sendable, Hashable {
  public let method: NormalizationMethod
  public let origin: PolicyStatistics.Origin
  /// The dimensions of the robot's vectors: those of the statistics, less the padding at the end
  /// that openpi's older files have.
  public let width: Int
  /// The dimensions of the statistics.
  private let statisticsWidth: Int
  /// One element per dimension of the statistics; nil for identity.
  private let terms: Terms?

  /// What the formulas have in common: `y = (x - offset) / divisor` and `x = y factor + offset`;
  /// with `isRange`, for a `y` that goes from 0 to 1 instead of from -1 to 1.
  struct Terms: Sendable, Hashable {
    let offset: [Double]
    let divisor: [Double]
    let factor: [Double]
    let isRange: Bool
  }

  /// - Throws: `statistics.missing` without the fields of the method; `statistics.deviation` where
  ///   a standard deviation is negative; `statistics.order` where an upper
  ///   bound is below its lower one; `statistics.method` for min-max of openpi. The errors do not
  ///   name the file or the feature.
  public init(
    _ statistics: FeatureStatistics, method: NormalizationMethod = .meanStd,
    origin: PolicyStatistics.Origin
  ) throws(WeightsError) {
    self.method = method
    self.origin = origin
    statisticsWidth = statistics.width
    width = origin == .openpi ? statistics.widthWithoutPadding : statistics.width
    terms =
      switch method {
      case .identity: nil
      case .meanStd: try Terms(deviationsOf: statistics, origin)
      case .quantile: try Terms(rangeOf: statistics, from: .q01, to: .q99, origin)
      case .minMax: try Terms(rangeOf: statistics, from: .min, to: .max, origin)
      }
  }

  /// A state or an action in the model's units.
  ///
  /// openpi cuts statistics that are wider than the vector; lerobot needs the very width.
  ///
  /// - Throws: `statistics.width` for a vector that is wider than the statistics, or, with lerobot,
  ///   narrower; `statistics.overflow` for a result that float32 cannot hold.
  public func normalize(_ values: [Double]) throws(WeightsError) -> [Double] {
    guard let terms else { return try checked(values) }
    guard
      values.count == statisticsWidth || origin == .openpi && values.count < statisticsWidth
    else {
      throw widthError(
        origin == .openpi ? "at most \(statisticsWidth)" : "\(statisticsWidth)", values)
    }
    return try checked(
      values.indices.map { index in
        let share = (values[index] - terms.offset[index]) / terms.divisor[index]
        return terms.isRange ? share * 2 - 1 : share
      })
  }

  /// A state or an action in the robot's units.
  ///
  /// openpi's statistics may be narrower than the vector, which is as wide as the model: with
  /// mean-std the rest is multiplied by `1 + 1e-6`, with quantiles it stays. Nothing in the rest
  /// means anything to the robot. lerobot cuts the vector to the robot's width first.
  ///
  /// - Throws: `statistics.width` for a vector that is narrower than the statistics, or, with
  ///   lerobot, wider; `statistics.overflow` for a result that float32 cannot hold.
  public func undo(_ values: [Double]) throws(WeightsError) -> [Double] {
    guard let terms else { return try checked(values) }
    guard
      values.count == statisticsWidth || origin == .openpi && values.count > statisticsWidth
    else {
      throw widthError(
        origin == .openpi ? "at least \(statisticsWidth)" : "\(statisticsWidth)", values)
    }
    return try checked(
      values.indices.map { index in
        guard index < statisticsWidth else {
          return terms.isRange ? values[index] : values[index] * (1 + Terms.openpiEpsilon)
        }
        let share = terms.isRange ? (values[index] + 1) / 2 : values[index]
        return share * terms.factor[index] + terms.offset[index]
      })
  }

  private func widthError(_ expected: String, _ values: [Double]) -> WeightsError {
    WeightsError(
      .statisticsWidth, "expected \(expected) values as the statistics, found \(values.count)")
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
