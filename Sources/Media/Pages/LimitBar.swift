/// A number beside its limit, as a bar.
public struct LimitBar: Sendable {
  public let found: Double
  public let limit: Double
  /// Whether less than the limit is forbidden, and not more.
  public let isLeast: Bool
  /// Drawn as a thin line with ends.
  public let interval: ClosedRange<Double>?
  public let passed: Bool
  /// What it shows, for people who do not see it.
  public let label: String

  public init(
    found: Double, limit: Double, isLeast: Bool = false, interval: ClosedRange<Double>?,
    passed: Bool, label: String
  ) {
    self.found = found
    self.limit = limit
    self.isLeast = isLeast
    self.interval = interval
    self.passed = passed
    self.label = label
  }

  private static let (left, right) = (4.0, 146.0)

  /// Nothing where a number is beyond any axis.
  public var markup: Markup {
    let all = [0, found, limit] + (interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
    guard all.allSatisfy(\.isFinite), let low = all.min(), let high = all.max(), low < high else {
      return ""
    }
    // A tenth of room, so that the limit is never the very end.
    let span = (high / 2 - low / 2) * 2.2
    guard span.isFinite else { return "" }
    func x(_ value: Double) -> Double {
      Self.left + (Self.right - Self.left) * (value - low) / span
    }
    let (start, end) = (x(min(0, found)), x(max(0, found)))
    var svg: Markup =
      "<svg class=\"bar\" viewBox=\"0 0 150 20\" role=\"img\" aria-label=\"\(label)\">"
    svg += "<title>\(label)</title>"
    let forbidden = isLeast ? (Self.left, x(limit)) : (x(limit), Self.right)
    svg += "<polygon class=\"forbidden\" points=\"\(at: forbidden.0),3 \(at: forbidden.1),3 "
    svg += "\(at: forbidden.1),18 \(at: forbidden.0),18\"/>"
    svg +=
      "<line class=\"base\" x1=\"\(at: Self.left)\" y1=\"15\" x2=\"\(at: Self.right)\" y2=\"15\"/>"
    svg += "<rect class=\"\(passed ? "good" : "bad")\" x=\"\(at: start)\" y=\"6\" "
    svg += "width=\"\(at: max(end - start, 1))\" height=\"9\"/>"
    if let interval {
      let (from, to) = (x(interval.lowerBound), x(interval.upperBound))
      svg += "<path class=\"interval\" d=\"M\(at: from) 7.5 L\(at: from) 13.5 M\(at: from) 10.5 "
      svg += "L\(at: to) 10.5 M\(at: to) 7.5 L\(at: to) 13.5\"/>"
    }
    svg += "<path class=\"limit\" d=\"M\(at: x(limit)) 1 L\(at: x(limit)) 19\"/>"
    return svg + "</svg>"
  }
}
