/// Names that differ in a number, such as the layers of an expert: `vlm.layer.0`, `vlm.layer.1`.
struct LayerGroups<Item> {
  struct Group {
    /// What stands before the number, such as `vlm.layer`.
    let prefix: String
    /// From the first number that is there on, without gaps; empty where there is nothing.
    let layers: [[(name: String, item: Item)]]
    let firstNumber: Int

    /// The layer of a name, as a step of the group.
    func step(of name: String) -> Int? {
      guard let parts = numbered(name), parts.prefix == prefix else { return nil }
      let step = parts.number - firstNumber
      return layers.indices.contains(step) ? step : nil
    }
  }

  /// In the order in which their first names came.
  let groups: [Group]

  // More than any model has: names of a checkpoint of no known model may say anything.
  private static var greatestNumber: Int { 1023 }
  private static var greatestCount: Int { 60 }

  /// - Parameter leastCount: of numbers; by default those of one alone are no series.
  init(_ items: some Sequence<Item>, leastCount: Int = 2, name: (Item) -> String) {
    var order: [String] = []
    var members: [String: [Int: [(name: String, item: Item)]]] = [:]
    for item in items {
      let name = name(item)
      guard let (prefix, number) = numbered(name), number <= Self.greatestNumber else { continue }
      if members[prefix] == nil { order.append(prefix) }
      members[prefix, default: [:]][number, default: []].append((name, item))
    }
    let series = order.lazy.filter { (members[$0]?.count ?? 0) >= leastCount }.prefix(
      Self.greatestCount)
    groups = series.compactMap { prefix in
      guard let layers = members[prefix], let first = layers.keys.min(),
        let last = layers.keys.max()
      else { return nil }
      return Group(
        prefix: prefix, layers: (first...last).map { layers[$0] ?? [] }, firstNumber: first)
    }
  }
}

/// What stands before the first number of a dotted name, and the number.
private func numbered(_ name: String) -> (prefix: String, number: Int)? {
  let parts = name.split(separator: ".", omittingEmptySubsequences: false)
  guard let index = parts.firstIndex(where: { Int($0).map { $0 >= 0 } ?? false }), index > 0,
    let number = Int(parts[index])
  else { return nil }
  return (parts[..<index].joined(separator: "."), number)
}

/// Parts of a model as readers call them.
enum PartNames {
  /// By how names of layers, stages and tensors begin; the longest that fits counts.
  private static let titles: [(start: String, title: String)] = [
    ("vlm.vision_tower", "Vision tower"), ("vision.", "Vision tower"), ("siglip.", "Vision tower"),
    ("vlm.", "Language model"), ("depth.encoder", "Depth encoder"), ("depth.", "Depth expert"),
    ("action.", "Action expert"), ("depth_anything.", "Depth Anything"),
    ("backbone.", "Backbone"), ("dinov2.", "DINOv2"),
  ]

  /// The part that a name is of, with the start of the name where several series are of one part.
  static func title(ofSeries prefix: String) -> String {
    switch prefix {
    case "step": return "Steps of the sampling"
    case "layer", "layers": return "Layers"
    default: break
    }
    guard let part = title(of: prefix + ".") else { return prefix }
    let isPlain = prefix.hasSuffix("layer") || prefix.hasSuffix("layers")
    return isPlain ? part : "\(part): \(prefix)"
  }

  /// Nil for a name of no known part.
  static func title(of name: String) -> String? {
    titles.filter { name.hasPrefix($0.start) }.max { $0.start.count < $1.start.count }?.title
  }
}
