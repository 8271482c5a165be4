import DVLADiagnostics
import DVLAJSON

/// The members for the stages of a backbone that the head uses: `out_indices`, which may count from
/// the end, or `out_features` by name. They are reconciled as in transformers 5.24
/// (`backbone_utils.py`, `BackboneConfigMixin`). Stage 0 is the stem, and stage i the output of
/// layer i.
struct StageMembers {
  /// The stages, counted from the stem.
  let indices: [Int]
  let isStated: Bool
  /// The member that states them.
  let path: String
  /// The members that are present.
  let members: [(path: String, value: JSONValue)]

  private static let names = ["out_indices", "out_features"]
  /// `Dinov2Config.num_hidden_layers`.
  private static let defaultLayerCount = 12

  /// - Parameter place: the document and the path of the object, for messages.
  /// - Throws: `document.setting` for stages that the backbone does not have, and for members that
  ///   contradict each other.
  init(_ object: JSONObject, at place: String) throws(WeightsError) {
    members = Self.names.compactMap { name in object[name].map { (name, $0) } }
    let layers: Int
    switch object["num_hidden_layers"] {
    case nil: layers = Self.defaultLayerCount
    case let value?:
      guard let count = value.integer, (1...10_000).contains(count) else {
        throw WeightsError(
          .documentSetting,
          "\(place)num_hidden_layers: expected a number of layers, found \(KeyEntry.shortened(value))"
        )
      }
      layers = count
    }
    let byIndex = try Self.list(object, "out_indices", place) { value in
      value.integer.map { $0 < 0 ? $0 + layers + 1 : $0 }
    }
    let byName = try Self.list(object, "out_features", place) { value in
      if value == "stem" { return 0 }
      guard let text = value.string, text.hasPrefix("stage") else { return nil }
      // The library does not accept "stage07".
      return Int(text.dropFirst(5)).flatMap { "stage\($0)" == text ? $0 : nil }
    }
    for (name, found) in [("out_indices", byIndex), ("out_features", byName)] {
      guard let found else { continue }
      guard found.allSatisfy({ (0...layers).contains($0) }), found == Array(Set(found)).sorted()
      else {
        throw WeightsError(
          .documentSetting,
          "\(place)\(name) is \(KeyEntry.shortened(object[name] ?? .null)); expected different stages "
            + "of a backbone of \(layers) layers, in order")
      }
    }
    if let byIndex, let byName, byIndex != byName {
      throw WeightsError(
        .documentSetting,
        "\(place)out_indices is \(KeyEntry.shortened(object["out_indices"] ?? .null)), but "
          + "\(place)out_features is \(KeyEntry.shortened(object["out_features"] ?? .null))")
    }
    indices = byIndex ?? byName ?? [layers]
    isStated = byIndex != nil || byName != nil
    path = byIndex == nil && byName != nil ? "out_features" : "out_indices"
  }

  private static func list(
    _ object: JSONObject, _ name: String, _ place: String, _ stage: (JSONValue) -> Int?
  ) throws(WeightsError) -> [Int]? {
    guard let value = object[name], value != .null else { return nil }
    let stages = value.array?.map(stage)
    guard let stages, stages.allSatisfy({ $0 != nil }) else {
      throw WeightsError(
        .documentSetting,
        "\(place)\(name): expected a list of stages, found \(KeyEntry.shortened(value))")
    }
    return stages.compactMap(\.self)
  }
}
