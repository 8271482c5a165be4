public import TensorCore

extension Collection<TensorName> {
  /// The names with runs of indices folded: `layers.0.x`, `layers.1.x`, `layers.2.x` become
  /// `layers.{0-2}.x`. In order of first appearance.
  public func folded() -> [String] {
    var order: [[String]] = []
    var values: [[String]: [[Int]]] = [:]
    for name in self {
      var indices: [Int] = []
      let key = name.string.split(separator: ".", omittingEmptySubsequences: false).map {
        part -> String in
        guard let index = Int(part), part.utf8.count < 8 else { return String(part) }
        indices.append(index)
        return "#"
      }
      if values[key] == nil { order.append(key) }
      values[key, default: []].append(indices)
    }
    return order.flatMap { key -> [String] in
      let rows = values[key] ?? []
      // Only one varying index folds; names that vary at two keep their outer index written out.
      let groups = Dictionary(grouping: rows) { Array($0.dropFirst()) }
      let isPlain = groups.count == 1
      let folded = isPlain ? [rows] : rows.map { [$0] }
      return folded.map { Self.render(key, $0) }
    }
  }

  private static func render(_ key: [String], _ rows: [[Int]]) -> String {
    var position = 0
    let parts = key.map { part -> String in
      guard part == "#" else { return part }
      defer { position += 1 }
      let column = rows.map { $0[position] }
      guard position == 0, column.count > 1 else { return String(column[0]) }
      return "{" + ranges(column.sorted()) + "}"
    }
    return parts.joined(separator: ".")
  }

  private static func ranges(_ values: [Int]) -> String {
    var parts: [String] = []
    var start = values[0]
    var end = start
    func close() -> String { start == end ? "\(start)" : "\(start)-\(end)" }
    for value in values.dropFirst() {
      if value == end + 1 {
        end = value
      } else {
        parts.append(close())
        start = value
        end = value
      }
    }
    parts.append(close())
    return parts.joined(separator: ",")
  }
}
