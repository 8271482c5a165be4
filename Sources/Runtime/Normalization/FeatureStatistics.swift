public import DVLADiagnostics

/// The statistics of a data set about one feature, the state or the actions: one value per
/// dimension, in the robot's own units.
public struct FeatureStatistics: Sendable, Hashable {
  public let mean: [Double]?
  /// Standard deviation.
  public let std: [Double]?
  /// The first percentile.
  public let q01: [Double]?
  /// The 99th percentile.
  public let q99: [Double]?
  public let min: [Double]?
  public let max: [Double]?
  /// The tenth percentile.
  public let q10: [Double]?
  /// The 90th percentile.
  public let q90: [Double]?
  /// The number of dimensions; every field that is present has as many values.
  public let width: Int

  /// - Throws: `statistics.missing` without any field; `statistics.empty`, `statistics.width`,
  ///   `statistics.not-finite`.
  public init(
    mean: [Double]? = nil, std: [Double]? = nil, q01: [Double]? = nil, q99: [Double]? = nil,
    min: [Double]? = nil, max: [Double]? = nil, q10: [Double]? = nil, q90: [Double]? = nil
  ) throws(WeightsError) {
    (self.mean, self.std, self.q01, self.q99) = (mean, std, q01, q99)
    (self.min, self.max) = (min, max)
    (self.q10, self.q90) = (q10, q90)
    let fields = [
      (Field.mean, mean), (.std, std), (.q01, q01), (.q99, q99), (.min, min), (.max, max),
      (.q10, q10), (.q90, q90),
    ].compactMap { field, values in values.map { (field, $0) } }
    guard let (first, values) = fields.first else {
      throw WeightsError(
        .statisticsMissing,
        "expected one of " + Field.allCases.map(\.rawValue).joined(separator: ", ")
          + ", found none")
    }
    width = values.count
    for (field, values) in fields {
      guard !values.isEmpty else {
        throw WeightsError(.statisticsEmpty, "\(field.rawValue): expected values, found none")
      }
      guard values.count == width else {
        throw WeightsError(
          .statisticsWidth,
          "\(field.rawValue): expected \(width) values as in \(first.rawValue), found "
            + "\(values.count)")
      }
      if let index = values.firstIndex(where: { !$0.isFinite }) {
        throw WeightsError(
          .statisticsNotFinite,
          "\(field.rawValue), dimension \(index): expected a finite number, found \(values[index])")
      }
    }
  }

  /// The fields, under the names that openpi and lerobot share.
  enum Field: String, CaseIterable {
    case mean, std, q01, q99, min, max, q10, q90
  }

  /// - Throws: as ``init(mean:std:q01:q99:min:max:q10:q90:)``.
  init(_ fields: [Field: [Double]]) throws(WeightsError) {
    try self.init(
      mean: fields[.mean], std: fields[.std], q01: fields[.q01], q99: fields[.q99],
      min: fields[.min], max: fields[.max], q10: fields[.q10], q90: fields[.q90])
  }

  /// The dimensions before those at the end that are 0 in every field; all, where all are 0.
  var widthWithoutPadding: Int {
    let fields = [mean, std, q01, q99, min, max, q10, q90].compactMap(\.self)
    return (0..<width).last { index in fields.contains { $0[index] != 0 } }.map { $0 + 1 } ?? width
  }
}
