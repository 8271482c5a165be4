import DVLADiagnostics
import DVLAJSON

extension PolicyStatistics {
  typealias Parsed = (origin: Origin, state: FeatureStatistics?, action: FeatureStatistics?)

  static func parse(_ contents: [UInt8]) throws(WeightsError) -> Parsed {
    guard contents.count <= maximumByteCount else {
      throw WeightsError(
        .statisticsFormat,
        "expected a file of statistics of at most \(maximumByteCount) bytes, found "
          + "\(contents.count)")
    }
    // JSON has no NUL; the length that a safetensors file starts with always has one.
    return contents.prefix(8).contains(0)
      ? try parseSafetensors(contents) : try parseJSON(contents)
  }

  private static func parseJSON(_ contents: [UInt8]) throws(WeightsError) -> Parsed {
    let root = try JSONReader(
      StrictJSON.parse(
        contents, limits: JSONLimits(maximumDepth: 16, maximumValueCount: 500_000))
    ).object()
    if let parsed = try processor(root), parsed.state != nil || parsed.action != nil {
      return parsed
    } else if let statistics = try root.optional(OpenPIKey.root)?.object() {
      let state = try feature(statistics.optional(OpenPIKey.state))
      let action = try feature(statistics.optional(OpenPIKey.action))
      if state != nil || action != nil { return (.openpi, state, action) }
    } else {
      let state = try feature(root.optional(LeRobotKey.state))
      let action = try feature(root.optional(LeRobotKey.action))
      if state != nil || action != nil { return (.lerobot, state, action) }
    }
    throw WeightsError(
      .statisticsFormat,
      "expected openpi's \"norm_stats\" with \"state\" and \"actions\", or lerobot's "
        + "\"observation.state\" and \"action\", found neither")
  }

  static func parseProcessor(_ contents: [UInt8]) throws(WeightsError) -> Parsed? {
    try processor(JSONReader(StrictJSON.parse(contents, limits: .document)).object())
  }

  /// The fields of transformers' `PI0Processor`; nil for another document.
  private static func processor(_ root: JSONObjectReader) throws(WeightsError) -> Parsed? {
    guard root.optional("processor_class")?.value.string == TransformersKey.type else { return nil }
    func feature(_ name: String) throws(WeightsError) -> FeatureStatistics? {
      var fields: [FeatureStatistics.Field: [Double]] = [:]
      for field in [FeatureStatistics.Field.mean, .std] {
        guard let member = root.optional("\(name)_\(field.rawValue)"), !member.isNull else {
          continue
        }
        fields[field] = try member.array().map { (element) throws(WeightsError) in
          try element.number()
        }
      }
      if fields.isEmpty { return nil }
      guard fields.count == 2 else {
        throw WeightsError(
          .statisticsMissing, "expected both \(name)_mean and \(name)_std, found one")
      }
      do throws(WeightsError) { return try FeatureStatistics(fields) } catch {
        throw WeightsError(error.code, error.kind, "\(name), \(error.message)")
      }
    }
    return (
      .transformers, try feature(TransformersKey.state), try feature(TransformersKey.action)
    )
  }

  private static func feature(
    _ reader: JSONReader?
  ) throws(WeightsError) -> FeatureStatistics? {
    guard let reader else { return nil }
    let object = try reader.object()
    var fields: [FeatureStatistics.Field: [Double]] = [:]
    for field in FeatureStatistics.Field.allCases {
      guard let member = object.optional(field.rawValue), !member.isNull else { continue }
      var values: [Double] = []
      for element in try member.array() { values.append(try element.number()) }
      fields[field] = values
    }
    do throws(WeightsError) {
      return try FeatureStatistics(fields)
    } catch {
      throw WeightsError(error.code, error.kind, "\(object.path), \(error.message)")
    }
  }
}
