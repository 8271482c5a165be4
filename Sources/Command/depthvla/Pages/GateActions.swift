import DVLADrift
import DVLAGates
import DVLAPages
import DepthVLAWeights

/// The actions of a gate's page: the worst sample drawn, and a line for each dimension over all.
struct GateActions {
  private let report: GateReport

  init(_ report: GateReport) { self.report = report }

  var markup: Markup {
    guard let worst = report.samples.max(by: { Self.badness($0) < Self.badness($1) }),
      let first = worst.reference.first
    else { return "" }
    let dimensions = first.indices
    let differing = dimensions.filter { dimension in
      report.samples.contains {
        $0.drift.maximum.indices.contains(dimension) && $0.drift.maximum[dimension] > 0
      }
    }
    var content: Markup = ""
    if differing.isEmpty {
      content += Section.paragraph("The actions of both models are the same numbers.")
    } else {
      content += Charts(differing.map { chart($0, of: worst) }).markup
      let equal = dimensions.count - differing.count
      if equal > 0 {
        content += Section.note(
          "\(equal == 1 ? "1 dimension is" : "\(equal) dimensions are") the same in all samples and not drawn: "
            + "\(Self.ranges(dimensions.filter { !differing.contains($0) })).")
      }
    }
    let chunk =
      Section.heading("Along the chunk") + Charts([alongChunk(worst)]).markup
      + Section.note(
        """
        How far the actions are from the reference's, step by step: the root mean square over all \
        dimensions. Robots run the first steps of a chunk and ask again.
        """)
    let table = Section.heading("Each dimension, over all samples") + table(dimensions)
    content += differing.isEmpty ? table : Section.pair(chunk, table)
    content += demonstrations
    return Section.part(
      "What the robot would do",
      lead: """
        The sample with the largest drift: \(place(worst)). Each chart is one number of the action, \
        in the robot's own units, over the steps of the chunk. Where the dots of the candidate lie on \
        the line of the reference, the models agree.
        """, content)
  }

  private func place(_ sample: GateReport.Sample) -> Markup {
    guard report.observations.indices.contains(sample.observation) else { return "" }
    let observation = report.observations[sample.observation]
    let noise = sample.seed == 0 ? "the recorded noise" : "noise of seed \(sample.seed)"
    return "<code>\(observation.file)</code>, “\(observation.instruction)”, \(noise)"
  }

  /// The largest error in standard deviations, or of a dimension without one in its own unit; of
  /// equals, all errors of the chunk.
  private static func badness(_ sample: GateReport.Sample) -> (Double, Double) {
    let shares = zip(sample.drift.maximum, sample.drift.deviations).map { error, deviation in
      deviation > 0 ? error / deviation : error
    }
    return (shares.max() ?? 0, sample.drift.alongChunk.reduce(0, +))
  }

  private func name(_ dimension: Int) -> String {
    let isGripper = report.budget.grippers.contains { $0.dimension == dimension }
    return isGripper ? "Dimension \(dimension), gripper" : "Dimension \(dimension)"
  }

  private func chart(_ dimension: Int, of sample: GateReport.Sample) -> LineChart {
    func values(_ actions: [[Double]]) -> [Double?] {
      actions.map { $0.indices.contains(dimension) ? $0[dimension] : nil }
    }
    var lines = [
      LineChart.Line("reference", .solid, values(sample.reference)),
      LineChart.Line("candidate", .points, values(sample.candidate)),
    ]
    if let demonstrated = sample.demonstrated, demonstrated.count == sample.reference.count {
      lines.append(LineChart.Line("demonstrated", .dotted, values(demonstrated)))
    }
    let (drift, deviation) = (sample.drift.maximum[dimension], deviations[dimension])
    let share = deviation > 0 ? ", \(Digits.three(drift / deviation)) std" : ""
    let words = "largest error \(Digits.three(drift))\(share)"
    return LineChart(
      title: name(dimension), description: words, unit: "robot units",
      stepName: "step of the chunk",
      lines: lines, note: Markup(text: words))
  }

  private func alongChunk(_ worst: GateReport.Sample) -> LineChart {
    let all = report.samples.map(\.drift.alongChunk)
    let steps = worst.drift.alongChunk.indices
    let mean = steps.map { step -> Double? in
      let values = all.compactMap { $0.indices.contains(step) ? $0[step] : nil }
      return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    return LineChart(
      title: "Error along the chunk", description: "mean of all samples, and the worst",
      unit: "std",
      stepName: "step of the chunk",
      lines: [
        LineChart.Line("mean of all samples", .solid, mean),
        LineChart.Line("the sample above", .dashed, worst.drift.alongChunk.map(Optional.some)),
      ], hasZero: true)
  }

  /// The first sample says it for all.
  private var deviations: [Double] { report.samples.first?.drift.deviations ?? [] }

  private func table(_ dimensions: Range<Int>) -> Markup {
    func worst(_ values: KeyPath<ActionDrift, [Double]>, _ dimension: Int) -> Double {
      report.samples.map { $0.drift[keyPath: values] }.compactMap {
        $0.indices.contains(dimension) ? $0[dimension] : nil
      }.max() ?? 0
    }
    let rows = dimensions.map { dimension -> Table.Row in
      let deviation = deviations.indices.contains(dimension) ? deviations[dimension] : 0
      func share(_ value: Double) -> String {
        deviation > 0 ? Digits.column(value / deviation) : "–"
      }
      let (maximum, rms) = (worst(\.maximum, dimension), worst(\.rms, dimension))
      let cells = [
        name(dimension), deviation > 0 ? Digits.column(deviation) : "–", Digits.column(maximum),
        share(maximum), Digits.column(rms), share(rms),
      ]
      return Table.Row((cells + (hasGrippers ? [flips(dimension)] : [])).map { Markup(text: $0) })
    }
    let columns: [Table.Column] = [
      .text("Dimension"), .number("std"), .number("Largest"), .number("in std"),
      .number("RMS"), .number("RMS in std"),
    ]
    let count = report.samples.count
    let grippers: Markup =
      hasGrippers
      ? "A gripper flips where it opens instead of closing, or the reverse."
      : "Flips of a gripper are not counted: the budget names no gripper."
    return Table(
      "Errors of each dimension", narrow: .folds,
      columns: columns + (hasGrippers ? [.number("Flips")] : []), rows: rows
    ).markup
      + Section.note(
        """
        Largest errors and RMS errors, in robot units and in std. \
        \(count == 1 ? "All columns are of the one sample." : "Each column has the worst of \(count) samples.") \
        RMS is the typical error over a chunk. \(grippers)
        """)
  }

  private var hasGrippers: Bool { !report.budget.grippers.isEmpty }

  /// Of a gripper in its worst sample; other dimensions have none.
  private func flips(_ dimension: Int) -> String {
    guard let index = report.budget.grippers.firstIndex(where: { $0.dimension == dimension }) else {
      return "–"
    }
    let counts = report.samples.map(\.drift.flips).filter { $0.indices.contains(index) }
    return String(counts.map { $0[index] }.max() ?? 0)
  }

  private var demonstrations: Markup {
    let l1 = report.samples.compactMap(\.demonstrationL1)
    let flow = report.samples.compactMap(\.flowLoss)
    guard !l1.isEmpty || !flow.isEmpty else { return "" }
    func row(_ name: String, _ values: [GateReport.ModelPair]) -> Table.Row? {
      guard !values.isEmpty else { return nil }
      let reference = values.map(\.reference).reduce(0, +) / Double(values.count)
      let candidate = values.map(\.candidate).reduce(0, +) / Double(values.count)
      return Table.Row([
        "\(name)", "\(Digits.column(reference))", "\(Digits.column(candidate))",
        reference > 0 ? "\(GatePage.percent(candidate / reference - 1))" : "–",
      ])
    }
    return Section.heading("Beside the demonstrated actions")
      + Table(
        "Beside the demonstrated actions", narrow: .folds,
        columns: [
          .text("Mean over samples"), .number("Reference"), .number("Candidate"), .number("Change"),
        ],
        rows: [
          row("Distance from the demonstration, in std", l1),
          row("Flow-matching loss (what training minimises)", flow),
        ].compactMap(\.self)
      ).markup
  }

  /// `1, 3–5`.
  private static func ranges(_ numbers: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for number in numbers {
      if let last = runs.last, last.upperBound + 1 == number {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
    return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
