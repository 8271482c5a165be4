public import DVLAAccounting
public import DVLADiagnostics
public import DVLAJSON

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

  /// Why a feature of a data set is nothing that a policy reads; nil where that is not known.
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
