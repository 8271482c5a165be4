/// How often durations fell into ranges, as Prometheus counts them.
struct Histogram: Sendable {
  /// The upper ends of the ranges, in seconds; beyond the last one is a range without an end.
  static let bounds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
  ]

  private var counts = [Int](repeating: 0, count: bounds.count + 1)
  private var sum = 0.0

  mutating func add(_ duration: Duration) {
    let seconds = duration / .seconds(1)
    counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
    sum += seconds
  }

  /// The lines of the text format: a cumulative count for each bound, the sum, the count.
  func lines(_ name: String) -> [String] {
    var total = 0
    var lines: [String] = []
    for (bound, count) in zip(Self.bounds.map { "\($0)" } + ["+Inf"], counts) {
      total += count
      lines.append("\(name)_bucket{le=\"\(bound)\"} \(total)")
    }
    return lines + ["\(name)_sum \(sum)", "\(name)_count \(total)"]
  }
}
