import DVLAPages

/// The signal-to-noise ratio along the layers of each part of a model, a chart for each.
struct NoiseCharts<Item> {
  let groups: [LayerGroups<Item>.Group]
  /// Lines, each with what it takes of the items of a layer; infinite where nothing differs.
  let lines:
    [(name: String, stroke: LineChart.Stroke, value: ([(name: String, item: Item)]) -> Double?)]
  /// A name whose layer is marked.
  var marked: (name: String, label: String)?

  var markup: Markup { Charts(groups.map(chart)).markup }

  private func chart(_ group: LayerGroups<Item>.Group) -> LineChart {
    let drawn = lines.map { line in
      LineChart.Line(line.name, line.stroke, group.layers.map { $0.isEmpty ? nil : line.value($0) })
    }
    let finite = drawn[0].values.enumerated().compactMap { step, value in
      value.flatMap { $0.isFinite ? (step, $0) : nil }
    }
    let stepName = group.prefix == "step" ? "step" : "layer"
    var (note, description): (Markup, String) = ("no layer differs", "no layer differs")
    if let least = finite.min(by: { $0.1 < $1.1 }) {
      let words =
        "lowest \(Units.decibels(least.1)) dB, in \(stepName) \(least.0 + group.firstNumber)"
      (note, description) = (Markup(text: words), words)
    }
    return LineChart(
      title: PartNames.title(ofSeries: group.prefix), description: description, unit: "dB",
      stepName: stepName, firstStep: group.firstNumber,
      lines: drawn,
      mark: marked.flatMap { marked in
        group.step(of: marked.name).map { LineChart.Mark(step: $0, marked.label) }
      }, hasDots: group.layers.count <= 64, note: note)
  }

  /// What the charts mean, in a sentence.
  static var explanation: Markup {
    """
    SQNR says in decibels how much larger the numbers are than their error: 20 dB is an error of a \
    tenth, 40 dB of a hundredth. Higher is better.
    """
  }
}
