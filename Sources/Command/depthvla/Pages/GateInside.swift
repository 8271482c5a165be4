import DVLADrift
import DVLAPages
import DepthVLAWeights

/// The middle of a gate's page: drift along the stages of the models, and of their tensors.
struct GateInside {
  private let report: GateReport

  init(_ report: GateReport) { self.report = report }

  var markup: Markup { stages + weights }

  private var stages: Markup {
    guard !report.stages.isEmpty else { return "" }
    let charts = NoiseCharts(
      groups: LayerGroups(report.stages, leastCount: 1, name: \.name).groups,
      lines: [
        ("mean of all samples", .solid, { Self.layer($0).map { $0.meanSQNR ?? .infinity } }),
        ("worst sample", .dashed, { Self.layer($0).map { $0.worstSQNR ?? .infinity } }),
      ], marked: report.firstDrift.map { ($0, "first drift") })
    let lead = NoiseCharts<Never>.explanation + " All charts share one scale. " + beginning
    let rows = report.stages.map { stage in
      Table.Row([
        "<code>\(stage.name)</code>", "\(stage.meanSQNR.map(Digits.decibels) ?? "equal")",
        "\(stage.worstSQNR.map(Digits.decibels) ?? "equal")",
        "\(Digits.three(stage.worstCosine, apartFrom: [1]))",
      ])
    }
    let table = Table(
      "Stages of the forward pass", narrow: .scrolls,
      columns: [
        .text("Stage"), .number("Mean SQNR, dB"), .number("Worst SQNR, dB"),
        .number("Worst cosine"),
      ], rows: rows)
    return Section.part(
      "Where the drift begins", lead: lead,
      charts.markup
        + Section.folded(
          report.stages.count == 1
            ? "The one stage"
            : "All \(report.stages.count) stages, in the order of the forward pass", table.markup))
  }

  /// Where drift begins, in a sentence.
  private var beginning: Markup {
    guard report.stages.contains(where: { $0.worstSQNR != nil }) else { return "No stage differs." }
    guard let first = report.firstDrift else {
      return "No stage drifts far more than the one before it: drift grows a little in each."
    }
    guard first != report.stages[0].name else {
      return """
        Drift is there from the very first stage on, <code>\(first)</code>: the inputs differ, or \
        the weights of that stage.
        """
    }
    return """
      The first stage that drifts far more than those before it is <code>\(first)</code>.
      """
  }

  /// The output of a layer, or of its parts the worst where that was not kept.
  private static func layer(_ stages: [(name: String, item: StageDrift)]) -> StageDrift? {
    stages.min { left, right in
      let depths = [left, right].map { $0.name.split(separator: ".").count }
      return depths[0] == depths[1]
        ? (left.item.meanSQNR ?? .infinity) < (right.item.meanSQNR ?? .infinity)
        : depths[0] < depths[1]
    }?.item
  }

  private static let shownTensorCount = 20

  private var weights: Markup {
    let total = report.weights.count + report.equalTensorCount
    guard total > 0 else { return "" }
    guard !report.weights.isEmpty else {
      return Section.part(
        "The worst tensors",
        Section.paragraph(
          total == 1
            ? "The one tensor is equal bit for bit."
            : "All \(total) tensors are equal bit for bit."))
    }
    let shown = report.weights.prefix(Self.shownTensorCount)
    let count =
      "\(report.weights.count) of \(total) tensors \(report.weights.count == 1 ? "differs" : "differ")"
    let rows = shown.map { weight in
      Table.Row([
        "<code>\(Markup(name: weight.name))</code>", "\(weight.stored)",
        "\(Digits.decibels(weight.sqnr))",
        "\(GatePage.percent(weight.gain - 1))", "\(Digits.column(weight.maximumAbsolute))",
      ])
    }
    let table = Table(
      "The worst tensors", narrow: .folds,
      columns: [
        .text("Tensor"), .text("Stored as"), .number("SQNR, dB"), .number("Too large by"),
        .number("Largest error"),
      ], rows: rows)
    return Section.part(
      report.weights.count > shown.count
        ? "The \(shown.count) worst tensors" : "The tensors that differ",
      lead: """
        \(count) from the reference’s. The lowest SQNR comes first. “Too large by” is \
        how much a tensor is scaled as a whole; rounding leaves it near 0, a wrong scale does not.
        """, table.markup)
  }
}
