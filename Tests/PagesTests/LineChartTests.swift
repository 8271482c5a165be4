import DVLAPages
import Foundation
import Testing

/// The paper is 360 by 210; the plot is from 26 to 170 downwards and ends at 350. Its left end is
/// 12 and 7 for each digit of the longest label of the axis.
struct LineChartTests {
  private func chart(
    _ lines: [LineChart.Line], mark: LineChart.Mark? = nil, hasDots: Bool = false
  ) -> String {
    LineChart(
      title: "T <1>", description: "D", unit: "dB", stepName: "layer", lines: lines, mark: mark,
      hasDots: hasDots
    ).markup.html
  }

  /// An axis from 0 to 10 with "10" as its longest label begins at 26. Half of it is 188, and a
  /// quarter of the height above the bottom is 170 - 0.25 * 144 = 134.
  @Test func valuesLieWhereArithmeticPutsThem() {
    let html = chart([
      LineChart.Line("a", .solid, [0, 10, 2.5]), LineChart.Line("b", .dashed, [10, 5, nil]),
    ])
    #expect(html.contains("<path class=\"solid\" d=\"M26 170 L188 26 L350 134\"/>"))
    #expect(html.contains("<path class=\"dashed\" d=\"M26 26 L188 98\"/>"))
    #expect(html.contains("<text class=\"y\" x=\"21\" y=\"174\">0</text>"))
    #expect(html.contains("<text class=\"y\" x=\"21\" y=\"30\">10</text>"))
    for (x, label) in [("26", "0"), ("188", "1"), ("350", "2")] {
      #expect(html.contains("<text class=\"x\" x=\"\(x)\" y=\"187\">\(label)</text>"))
    }
  }

  @Test func whatIsBeyondTheAxisIsARingAndAGapInTheLine() {
    let html = chart([LineChart.Line("a", .solid, [0, .infinity, 10, nil, 0, 10])])
    #expect(html.contains("<path class=\"solid\" d=\"M26 170 M155.6 26 M285.2 170 L350 26\"/>"))
    #expect(html.contains("<circle class=\"ring solid\" cx=\"90.8\" cy=\"26\" r=\"3\">"))
    // A value without neighbours has no line, so that a dot shows it.
    #expect(html.contains("<circle class=\"dot solid\" cx=\"155.6\" cy=\"26\" r=\"3.5\">"))
    #expect(!html.contains("cx=\"350\""))
  }

  @Test func linesWithoutAnyNumberAreDrawnToo() {
    for values in [[nil, nil], [.infinity, .infinity], [Double.nan, 1]] as [[Double?]] {
      #expect(chart([LineChart.Line("a", .solid, values)]).contains("</svg>"))
    }
    #expect(chart([LineChart.Line("a", .solid, [5])]).contains("cx=\"184.5\""))
  }

  @Test func peopleWhoDoNotSeeItAreTold() {
    let html = chart([LineChart.Line("a", .solid, [1, 2])], hasDots: true)
    #expect(html.contains("role=\"img\" aria-label=\"T &lt;1&gt;: D\""))
    #expect(html.contains("<title>T &lt;1&gt;</title>\n<desc>D</desc>"))
    #expect(html.contains("<title>layer 1, a: 2</title>"))
  }

  @Test func aMarkStandsAtItsStepWithWordsOnTheRoomierSide() {
    let line = LineChart.Line("a", .solid, [0, 10, 0])
    let left = chart([line], mark: LineChart.Mark(step: 0, "first"))
    #expect(left.contains("<text class=\"mark start\" x=\"30\" y=\"12\">first</text>"))
    let right = chart([line], mark: LineChart.Mark(step: 2, "first"))
    #expect(right.contains("<text class=\"mark end\" x=\"346\" y=\"12\">first</text>"))
  }

  @Test func oneLegendNamesEachLineOnce() {
    let line = { LineChart.Line("reference", .solid, [$0, 1]) }
    let chart = { (value: Double) in
      LineChart(title: "", description: "", unit: "", stepName: "", lines: [line(value)])
    }
    let html = Charts([chart(0), chart(2)]).markup.html
    #expect(html.components(separatedBy: "</svg>reference</li>").count == 2)
    #expect(!html.contains("no difference"))
    #expect(Charts([chart(.infinity)]).markup.html.contains("no difference"))
    #expect(Charts([]).markup.html == "")
  }

  @Test func pointsAreDotsWithoutALine() {
    let chart = LineChart(
      title: "", description: "", unit: "", stepName: "step",
      lines: [LineChart.Line("candidate", .points, [0, 1, 2])])
    #expect(chart.markup.html.components(separatedBy: "<circle class=\"dot points\"").count == 4)
    #expect(!chart.markup.html.contains("<path"))
    #expect(Charts([chart]).markup.html.contains("r=\"2.2\"/></svg>candidate</li>"))
  }

  @Test func aGivenSpanIsTheAxisOfEveryChart() {
    let chart = LineChart(
      title: "", description: "", unit: "", stepName: "",
      lines: [LineChart.Line("a", .solid, [1, 2])], span: 0...50)
    #expect(chart.markup.html.contains(">50</text>"))
  }
}

struct LimitBarTests {
  /// From 4 to 146; a tenth of the span is room: 4 + 142 * 1 / 2.2 = 68.5 and 133.1 for twice that.
  @Test func barAndLimitShareAnAxis() {
    let html = LimitBar(
      found: 1, limit: 2, interval: 0.5...1.5, passed: true, label: "L"
    ).markup.html
    #expect(html.contains("<rect class=\"good\" x=\"4\" y=\"6\" width=\"64.5\" height=\"9\"/>"))
    #expect(html.contains("<path class=\"limit\" d=\"M133.1 1 L133.1 19\"/>"))
    #expect(html.contains("M36.3 7.5 L36.3 13.5 M36.3 10.5 L100.8 10.5"))
  }

  @Test func aNegativeFindingGoesToTheLeftOfZero() {
    // From -1 to 1 with a tenth of room: zero is at 4 + 142 / 2.2.
    let html = LimitBar(found: -1, limit: 1, interval: nil, passed: true, label: "").markup.html
    #expect(html.contains("x=\"4\" y=\"6\" width=\"64.5\""))
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func whatHasNoPlaceIsNotDrawn(value: Double) {
    let bar = LimitBar(found: value, limit: 1, interval: nil, passed: false, label: "")
    #expect(bar.markup.html == "")
    #expect(
      LimitBar(found: 0, limit: 0, interval: nil, passed: true, label: "").markup.html == "")
  }

  /// The axis of 0 to 2 with a tenth of room: the limit 1 is at 4 + 142 / 2.2.
  @Test func theForbiddenSideIsShaded() {
    func bar(isLeast: Bool) -> String {
      LimitBar(
        found: 2, limit: 1, isLeast: isLeast, interval: nil, passed: isLeast, label: ""
      ).markup.html
    }
    #expect(bar(isLeast: false).contains("points=\"68.5,3 146,3 146,18 68.5,18\""))
    #expect(bar(isLeast: true).contains("points=\"4,3 68.5,3 68.5,18 4,18\""))
  }
}
