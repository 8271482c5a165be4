import DVLAPages

/// The signal-to-noise ratio along the layers of each part of a model, a chart for each.
struct NoiseCharts<Item> {
  let groups: [LayerGroups<Item>.Group]
  /// Lines, each with what it takes of the items of a layer; infinite where nothing differs.
  let lines:
    [(name: String, stroke: LineChart.Stroke, value: ([(name: String, item: Item)]) -> Double?)]
  /// A name whose layer is marked.
  var marked: (name: String, label: String)?

  var markup: Markup {
    let drawn = groups.map { group in (group, lines(of: group)) }
    let all = drawn.flatMap(\.1).flatMap(\.values).compactMap(\.self).filter(\.isFinite)
    let range = (all.min() ?? 0)...(all.max() ?? 1)
    return Charts(drawn.map { chart($0.0, of: $0.1, over: range) }).markup
  }

  private func lines(of group: LayerGroups<Item>.Group) -> [LineChart.Line] {
    lines.map { line in
      LineChart.Line(line.name, line.stroke, group.layers.map { $0.isEmpty ? nil : line.value($0) })
    }
  }

  private func chart(
    _ group: LayerGroups<Item>.Group, of drawn: [LineChart.Line], over range: ClosedRange<Double>
  ) -> LineChart {
    let finite = drawn.flatMap { line in
      line.values.enumerated().compactMap { step, value in
        value.flatMap { $0.isFinite ? (step: step, value: $0) : nil }
      }
    }
    let stepName = group.prefix == "step" ? "step" : "layer"
    var description = "no \(stepName) differs"
    if let least = finite.min(by: { $0.value < $1.value }) {
      description =
        "lowest \(Digits.decibels(least.value)) dB, in \(stepName) \(least.step + group.firstNumber)"
    }
    return LineChart(
      title: PartNames.title(ofSeries: group.prefix), description: description, unit: "dB",
      stepName: stepName, firstStep: group.firstNumber,
      lines: drawn,
      mark: marked.flatMap { marked in
        group.step(of: marked.name).map { LineChart.Mark(step: $0, marked.label) }
      }, hasDots: group.layers.count <= 64,
      note: Markup(text: description), span: range)
  }

  /// What the charts mean, in a sentence.
  static var explanation: Markup {
    """
    SQNR says in decibels how much larger the numbers are than their error: 20 dB is an error of a \
    tenth, 40 dB of a hundredth. Higher is better.
    """
  }
}
