public import DVLAAccounting
public import DVLADiagnostics
public import DVLAJSON
import DVLASafetensors
import DVLATensors

// The forms of files of statistics, and the accounts of their keys.

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
      return try named(name, fields)
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
    return try named(object.path, fields)
  }

  /// Statistics from their fields; an error says which feature they are of.
  private static func named(
    _ feature: String, _ fields: [FeatureStatistics.Field: [Double]]
  ) throws(WeightsError) -> FeatureStatistics {
    do throws(WeightsError) { return try FeatureStatistics(fields) } catch {
      throw error.prefixed("\(feature), ")
    }
  }
}

extension PolicyStatistics {
  /// The tensors of lerobot's normaliser, `FEATURE.FIELD`.
  private static func parseSafetensors(_ contents: [UInt8]) throws(WeightsError) -> Parsed {
    let header = try SafetensorsHeader.parse(file: contents)
    let state = try feature(LeRobotKey.state, header, contents)
    let action = try feature(LeRobotKey.action, header, contents)
    guard state != nil || action != nil else {
      throw WeightsError(
        .statisticsFormat,
        "expected tensors such as \"\(LeRobotKey.state).mean\" and \"\(LeRobotKey.action).mean\", "
          + "found none")
    }
    return (.lerobot, state, action)
  }

  private static func feature(
    _ name: String, _ header: SafetensorsHeader, _ contents: [UInt8]
  ) throws(WeightsError) -> FeatureStatistics? {
    var fields: [FeatureStatistics.Field: [Double]] = [:]
    for field in FeatureStatistics.Field.allCases {
      let tensor = "\(name).\(field.rawValue)"
      guard let entry = header.entries.first(where: { $0.info.name.string == tensor }) else {
        continue
      }
      let range =
        header.dataStart + entry.range.lowerBound..<header.dataStart + entry.range.upperBound
      guard entry.info.shape.rank == 1, let values = entry.info.dtype.doubles(contents[range])
      else {
        throw WeightsError(
          .statisticsTensor, tensor: tensor,
          "expected F32 or F64 of one axis, found \(entry.info.dtype.rawValue) "
            + "\(entry.info.shape)")
      }
      fields[field] = values
    }
    if fields.isEmpty { return nil }
    return try named(name, fields)
  }
}

extension PolicyStatistics {
  /// The keys of a file of statistics in JSON, and what became of each.
  ///
  /// - Throws: `json.*`, `document.too-many-keys`.
  public static func account(
    of document: JSONValue, named file: String
  ) throws(WeightsError) -> KeyAccount {
    var account = KeyAccount(document: file)
    guard let root = document.object else { return account }
    for (key, value) in root.members {
      if key == OpenPIKey.root, let features = value.object {
        for (name, feature) in features.members {
          try add(
            feature, at: key + "." + name,
            isRead: [OpenPIKey.state, OpenPIKey.action].contains(name),
            reason: nil, &account)
        }
      } else {
        try add(
          value, at: key, isRead: [LeRobotKey.state, LeRobotKey.action].contains(key),
          reason: Self.reason(forLeRobots: key), &account)
      }
    }
    return account
  }

  /// Why a policy does not read a feature of a data set; nil where that is unknown.
  private static func reason(forLeRobots feature: String) -> String? {
    let bookkeeping = [
      "timestamp", "frame_index", "episode_index", "index", "task_index", "next.reward",
      "next.done", "next.success",
    ]
    if bookkeeping.contains(feature) { return "bookkeeping of the data set" }
    return feature.hasPrefix("observation.image")
      ? "pictures are not normalised by statistics" : nil
  }

  private static func add(
    _ feature: JSONValue, at path: String, isRead: Bool, reason: String?,
    _ account: inout KeyAccount
  ) throws(WeightsError) {
    guard isRead, let fields = feature.object else {
      try account.add(path, feature, reason.map { .neutral($0) } ?? .unknown)
      return
    }
    for (field, values) in fields.members {
      let fate: KeyFate =
        if FeatureStatistics.Field(rawValue: field) != nil {
          .used("statistics")
        } else if ["count", "q50"].contains(field) {
          .neutral("no way to normalise goes by it")
        } else {
          .unknown
        }
      try account.add(path + "." + field, values, fate)
    }
  }
}
