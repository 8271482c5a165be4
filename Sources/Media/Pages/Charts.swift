/// Several charts in one grid, with one legend for all.
public struct Charts: Sendable {
  public let charts: [LineChart]

  public init(_ charts: [LineChart]) { self.charts = charts }

  public var markup: Markup {
    guard !charts.isEmpty else { return "" }
    return legend + "<div class=\"charts\">\n\(Markup.joined(charts.map(\.markup)))</div>\n"
  }

  /// The lines that any of the charts has, each once.
  private var legend: Markup {
    var seen: Set<String> = []
    var items: Markup = ""
    for line in charts.flatMap(\.lines) where seen.insert(line.name).inserted {
      items += "<li><svg class=\"key\" viewBox=\"0 0 36 10\" aria-hidden=\"true\">"
      items += key(of: line.stroke) + "</svg>\(line.name)</li>\n"
    }
    let isEqual = charts.flatMap(\.lines).flatMap(\.values).contains { $0 == .infinity }
    if isEqual {
      items += "<li><svg class=\"key\" viewBox=\"0 0 36 10\" aria-hidden=\"true\">"
      items += "<circle class=\"ring solid\" cx=\"18\" cy=\"5\" r=\"3\"/></svg>no difference</li>\n"
    }
    return "<ul class=\"legend\">\n\(items)</ul>\n"
  }

  private func key(of stroke: LineChart.Stroke) -> Markup {
    guard stroke == .points else {
      return "<path class=\"\(stroke.name)\" d=\"M1 5 L35 5\"/>"
    }
    return .joined(
      [6, 14, 22, 30].map { x -> Markup in
        "<circle class=\"dot points\" cx=\"\(x)\" cy=\"5\" r=\"2.2\"/>"
      })
  }
}
