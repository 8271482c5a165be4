/// Lines over the same steps, drawn over each other as SVG.
///
/// They differ in dashes and width, not in colour alone: the first is solid and broad, the second
/// dashed and narrow or of dots, so that both are seen where they agree.
public struct LineChart: Sendable {
  public enum Stroke: String, Sendable, CaseIterable {
    case solid, dashed, dotted
    /// A dot for each value and no line, to be seen on another.
    case points

    var name: Markup {
      switch self {
      case .solid: "solid"
      case .dashed: "dashed"
      case .dotted: "dotted"
      case .points: "points"
      }
    }
  }

  public struct Line: Sendable {
    public let name: String
    public let stroke: Stroke
    /// One for each step; nil where there is none, infinite where it is beyond any axis: drawn as
    /// a ring at that end.
    public let values: [Double?]

    public init(_ name: String, _ stroke: Stroke, _ values: [Double?]) {
      self.name = name
      self.stroke = stroke
      self.values = values
    }
  }

  /// A step with a word at it.
  public struct Mark: Sendable {
    public let step: Int
    public let label: String

    public init(step: Int, _ label: String) {
      self.step = step
      self.label = label
    }
  }

  public let title: String
  /// What it shows, for people who do not see it.
  public let description: String
  public let unit: String
  public let stepName: String
  /// The number of the first step.
  public let firstStep: Int
  public let lines: [Line]
  public let mark: Mark?
  /// Whether the axis begins at zero.
  public let hasZero: Bool
  /// Whether each value has a dot that says it when pointed at.
  public let hasDots: Bool
  /// Below the title.
  public let note: Markup?

  /// What the axis covers; nil: what the lines need.
  public let span: ClosedRange<Double>?

  /// - Precondition: all lines have the same number of values, at least one.
  public init(
    title: String, description: String, unit: String, stepName: String, firstStep: Int = 0,
    lines: [Line], mark: Mark? = nil, hasZero: Bool = false, hasDots: Bool = false,
    note: Markup? = nil, span: ClosedRange<Double>? = nil
  ) {
    precondition(Set(lines.map(\.values.count)).count == 1 && !lines[0].values.isEmpty)
    self.title = title
    self.description = description
    self.unit = unit
    self.stepName = stepName
    self.firstStep = firstStep
    self.lines = lines
    self.mark = mark
    self.hasZero = hasZero
    self.hasDots = hasDots
    self.note = note
    self.span = span
  }

  private static let size = (width: 360.0, height: 210.0)
  private static let (top, bottom, right) = (26.0, 170.0, 350.0)
  /// Of a digit of the labels.
  private static let digitWidth = 7.0

  private var stepCount: Int { lines[0].values.count }

  public var markup: Markup {
    let finite = lines.flatMap(\.values).compactMap(\.self).filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    let ticks = Ticks(
      covering: span ?? (hasZero ? min(low, 0)...max(high, 0) : low...high), atMost: 6)
    let left = 12 + Self.digitWidth * Double(ticks.labels.map(\.count).max() ?? 1)
    let plot = Plot(
      left: left, right: Self.right, top: Self.top, bottom: Self.bottom, steps: stepCount,
      range: ticks.range)
    var svg: Markup = "<svg class=\"chart\" viewBox=\"0 0 \(at: Self.size.width) "
    svg += "\(at: Self.size.height)\" role=\"img\" aria-label=\"\(title): \(description)\">\n"
    svg += "<title>\(title)</title>\n<desc>\(description)</desc>\n"
    svg += "<text class=\"unit\" x=\"2\" y=\"12\">\(unit)</text>\n"
    for (value, label) in zip(ticks.values, ticks.labels) {
      let y = plot.y(value)
      svg += "<line class=\"\(value == 0 ? "zero" : "grid")\" x1=\"\(at: left)\" y1=\"\(at: y)\" "
      svg += "x2=\"\(at: Self.right)\" y2=\"\(at: y)\"/>"
      svg += "<text class=\"y\" x=\"\(at: left - 5)\" y=\"\(at: y + 4)\">\(label)</text>\n"
    }
    svg += steps(plot)
    if let mark { svg += drawn(mark, plot) }
    for line in lines { svg += drawn(line, plot) }
    svg += "</svg>\n"
    var caption: Markup = "<figcaption>\(title)"
    if let note { caption += "<small>\(note)</small>" }
    return "<figure>\n\(caption)</figcaption>\n\(svg)</figure>\n"
  }

  private func steps(_ plot: Plot) -> Markup {
    var svg: Markup = ""
    let last = stepCount - 1
    let ticks = Ticks(
      covering: Double(firstStep)...Double(firstStep + max(last, 1)), atMost: 8, isWhole: true)
    for (value, label) in zip(ticks.values, ticks.labels) {
      let step = Int(value) - firstStep
      guard 0...last ~= step else { continue }
      let x = plot.x(step)
      svg += "<line class=\"tick\" x1=\"\(at: x)\" y1=\"\(at: Self.bottom)\" x2=\"\(at: x)\" "
      svg += "y2=\"\(at: Self.bottom + 4)\"/>"
      svg += "<text class=\"x\" x=\"\(at: x)\" y=\"\(at: Self.bottom + 17)\">\(label)</text>\n"
    }
    let middle = (plot.left + plot.right) / 2
    return svg
      + "<text class=\"x name\" x=\"\(at: middle)\" y=\"\(at: Self.bottom + 34)\">\(stepName)</text>\n"
  }

  private func drawn(_ mark: Mark, _ plot: Plot) -> Markup {
    let x = plot.x(mark.step)
    let isLeft = x < (plot.left + plot.right) / 2
    var svg: Markup = "<line class=\"mark\" x1=\"\(at: x)\" y1=\"\(at: Self.top - 6)\" "
    svg += "x2=\"\(at: x)\" y2=\"\(at: Self.bottom)\"/>"
    svg += "<text class=\"mark \(isLeft ? "start" : "end")\" x=\"\(at: x + (isLeft ? 4 : -4))\" "
    return svg + "y=\"12\">\(mark.label)</text>\n"
  }

  private func drawn(_ line: Line, _ plot: Plot) -> Markup {
    var (path, dots): (Markup, Markup) = ("", "")
    var isOpen = false
    for (step, value) in line.values.enumerated() {
      guard let value, !value.isNaN else {
        isOpen = false
        continue
      }
      let x = plot.x(step)
      guard value.isFinite else {
        let y = value > 0 ? Self.top : Self.bottom
        dots +=
          "<circle class=\"ring \(line.stroke.name)\" cx=\"\(at: x)\" cy=\"\(at: y)\" r=\"3\">"
        dots += "<title>\(stepName) \(step + firstStep), \(line.name): equal</title></circle>\n"
        isOpen = false
        continue
      }
      let y = plot.y(value)
      path += isOpen ? " L\(at: x) \(at: y)" : "\(path.html.isEmpty ? "" : " ")M\(at: x) \(at: y)"
      let isAlone = !isOpen && !isFinite(line.values, step + 1)
      isOpen = true
      if hasDots || isAlone || line.stroke == .points {
        dots +=
          "<circle class=\"dot \(line.stroke.name)\" cx=\"\(at: x)\" cy=\"\(at: y)\" r=\"\(at: line.stroke == .solid ? 3.5 : 2.5)\">"
        dots += "<title>\(stepName) \(step + firstStep), \(line.name): \(Digits.three(value))"
        dots += "</title></circle>\n"
      }
    }
    guard !path.html.isEmpty, line.stroke != .points else { return dots }
    return "<path class=\"\(line.stroke.name)\" d=\"\(path)\"/>\n" + dots
  }

  private func isFinite(_ values: [Double?], _ step: Int) -> Bool {
    step < values.count && values[step]?.isFinite == true
  }
}

/// Where values are on the paper.
private struct Plot {
  let left, right, top, bottom: Double
  let steps: Int
  let range: ClosedRange<Double>

  func x(_ step: Int) -> Double {
    steps == 1 ? (left + right) / 2 : left + (right - left) * Double(step) / Double(steps - 1)
  }

  func y(_ value: Double) -> Double {
    // Halved, since the two ends may lie further apart than a number reaches.
    let share =
      (value / 2 - range.lowerBound / 2) / (range.upperBound / 2 - range.lowerBound / 2)
    return bottom - (bottom - top) * share
  }
}
