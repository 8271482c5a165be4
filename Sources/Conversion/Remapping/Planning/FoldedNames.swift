public import DVLATensors

extension Collection<TensorName> {
  /// The names with runs of indices folded: `layers.0.x`, `layers.1.x`, `layers.2.x` become
  /// `layers.{0-2}.x`. They are in order of first appearance, each once. In names that vary at
  /// several indices, the index with the most values is folded.
  public func folded() -> [String] {
    var order: [NameTemplate] = []
    var rows: [NameTemplate: [[Int]]] = [:]
    for name in self {
      let (template, indices) = NameTemplate.parse(name)
      if rows[template] == nil { order.append(template) }
      rows[template, default: []].append(indices)
    }
    return order.flatMap { $0.names(rows[$0] ?? []) }
  }
}

/// A name without its indices.
private struct NameTemplate: Hashable {
  /// The components; nil for an index.
  let parts: [String?]

  static func parse(_ name: TensorName) -> (NameTemplate, indices: [Int]) {
    let parts = NameComponents(name).parts
    let indices = parts.map(NamePattern.index)
    let texts = zip(parts, indices).map { part, index in index == nil ? String(part) : nil }
    return (NameTemplate(parts: texts), indices.compactMap(\.self))
  }

  func names(_ rows: [[Int]]) -> [String] {
    guard let width = rows.first?.count, width > 0 else { return [name([])] }
    let variety = (0..<width).map { column in Set(rows.map { $0[column] }).count }
    let folding = variety.firstIndex(of: variety.max() ?? 0) ?? 0
    var order: [[Int]] = []
    var values: [[Int]: Set<Int>] = [:]
    for row in rows {
      var rest = row
      rest[folding] = 0
      if values[rest] == nil { order.append(rest) }
      values[rest, default: []].insert(row[folding])
    }
    return order.map { rest in
      var texts = rest.map(String.init)
      texts[folding] = Self.text((values[rest] ?? []).sorted())
      return name(texts)
    }
  }

  private func name(_ indices: [String]) -> String {
    var indices = indices[...]
    return parts.map { $0 ?? indices.popFirst() ?? "" }.joined(separator: ".")
  }

  private static func text(_ values: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for value in values {
      if let last = runs.last, last.upperBound + 1 == value {
        runs[runs.count - 1] = last.lowerBound...value
      } else {
        runs.append(value...value)
      }
    }
    let texts = runs.map { run in
      run.count == 1 ? "\(run.lowerBound)" : "\(run.lowerBound)-\(run.upperBound)"
    }
    return values.count == 1 ? texts[0] : "{" + texts.joined(separator: ",") + "}"
  }
}
