/// Metrics in the text format of Prometheus, version 0.0.4.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusPage {
  enum Kind: String { case counter, gauge, histogram }

  private(set) var text = ""

  mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
    add(name, kind, help, [(labels: [], value: value)])
  }

  /// One line for each label's value, in their order.
  mutating func add(
    _ name: String, _ kind: Kind, _ help: String, _ values: [String: Int], label: String = "code"
  ) {
    let rows = values.sorted { $0.key < $1.key }
      .map { (labels: [(label: label, value: $0.key)], value: $0.value) }
    add(name, kind, help, rows)
  }

  mutating func add(
    _ name: String, _ kind: Kind, _ help: String,
    _ rows: [(labels: [(label: String, value: String)], value: Int)]
  ) {
    head(name, kind, help)
    for row in rows {
      let labels = row.labels.map { "\($0.label)=\"\(Self.escaped($0.value))\"" }
      let braces = labels.isEmpty ? "" : "{" + labels.joined(separator: ",") + "}"
      text += "\(name)\(braces) \(row.value)\n"
    }
  }

  mutating func add(_ name: String, _ help: String, _ histogram: Histogram) {
    head(name, .histogram, help)
    for line in histogram.lines(name) { text += line + "\n" }
  }

  private mutating func head(_ name: String, _ kind: Kind, _ help: String) {
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
  }

  private static func escaped(_ value: String) -> String {
    var result = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\"": result += "\\\""
      case "\n": result += "\\n"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
