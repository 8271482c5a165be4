import DVLADiagnostics
import DVLADrift
import DVLAGates
import DVLAPages
import DepthVLAWeights

/// What `gate` found as one page: the verdict and its reasons first, then what they rest on.
struct GatePage {
  let report: GateReport

  init(_ report: GateReport) { self.report = report }

  /// The same bytes for the same report.
  ///
  /// - Throws: `depth.not-finite`; `image.memory` and `image.encode` for a picture of depth.
  func html() throws(WeightsError) -> String {
    var body = verdict
    body += limits
    body += GateActions(report).markup
    body += try GateDepth(report).markup()
    body += stages
    body += weights
    body += GateOrigins(report).markup
    return Page(title: title, body: body).html
  }

  private var title: String {
    "\(report.passed ? "Ship" : "Do not ship"): \(Self.fileName(report.candidate.path))"
  }

  static func fileName(_ path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }

  // MARK: The verdict

  private var broken: [Judgement] { report.judgements.filter { !$0.passed } }

  private var verdict: Markup {
    let candidate: Markup = "<code>\(Self.fileName(report.candidate.path))</code>"
    let reference: Markup = "<code>\(Self.fileName(report.reference.path))</code>"
    let sentence: Markup =
      report.passed
      ? "\(candidate) acts like \(reference): it stays within every limit of the budget."
      : "\(candidate) drifts further from \(reference) than the budget allows."
    return Verdict(
      report.passed ? .good : .bad, topic: "Release gate",
      answer: report.passed ? "Ship" : "Do not ship", sentence: sentence,
      detail: comparison, reasons: [("Why", why)] + explanations
    ).markup
  }

  private var why: Markup {
    let count = report.judgements.count
    guard let first = broken.first else {
      var text = Section.paragraph(
        "\(count == 1 ? "The one limit holds" : "All \(count) limits hold").")
      if let nearest = report.judgements.max(by: { $0.loading < $1.loading }) {
        text += Section.paragraph(
          """
          Nearest to its limit: <strong>\(nearest.limit.measure.title)</strong> \
          (\(nearest.limit.statisticWords)), \(nearest.foundWords), where \
          \(nearest.limit.allowance) is allowed.
          """)
      }
      return text
    }
    var text = Section.paragraph(
      "\(broken.count) of \(count) limits \(broken.count == 1 ? "is" : "are") broken. The first:")
    text += Section.paragraph(
      """
      <strong>\(first.limit.measure.title)</strong> (\(first.limit.statisticWords)): \
      \(first.foundWords), where \(first.limit.allowance) is allowed. That is \
      <strong>\(first.excess)</strong>. Worst at \(first.place).
      """)
    text += Section.note(Markup(text: first.limit.measure.explanation))
    if broken.count > 1 {
      let others = broken.dropFirst()
      let more = others.count > 3 ? ", and \(others.count - 3) more" : ""
      text += Section.paragraph(
        "Also broken: \(others.prefix(3).map(\.limit.measure.title).joined(separator: "; "))\(more)."
      )
    }
    return text
  }

  private var explanations: [(heading: String, content: Markup)] {
    guard !report.causes.isEmpty else {
      return report.passed ? [] : [("Where to look", unexplained)]
    }
    let headlines = report.causes.map { Markup(prose: $0.headline) }
    var cause = Section.paragraph(headlines[0])
    if headlines.count > 1 { cause += Section.list(Array(headlines[1...])) }
    if report.passed { return [("Worth knowing", cause)] }
    var seen: Set<String> = []
    let remedies = report.causes.compactMap(\.remedy).filter { seen.insert($0).inserted }
    guard !remedies.isEmpty else { return [("Likely cause", cause)] }
    let fixes = remedies.map { Section.paragraph(Markup(prose: $0)) }
    return [("Likely cause", cause), ("What would fix it", .joined(fixes))]
  }

  /// Where numbers alone point to.
  private var unexplained: Markup {
    var text = Section.paragraph("Nothing beside the numbers explains it.")
    if let stage = report.firstDrift {
      text += Section.paragraph("The first stage that drifts is <code>\(stage)</code>.")
    }
    if let worst = report.weights.first {
      text += Section.paragraph(
        "The tensor with the largest error is <code>\(worst.name)</code>. More bits for it, or for its "
          + "layer, are the first thing to try.")
    }
    return text
  }

  private var comparison: Markup {
    let (candidate, reference) = (report.candidate, report.reference)
    let observations = report.observations.count
    var text: Markup = "\(observations == 1 ? "1 observation" : "\(observations) observations")"
    if report.seedCount > 1 {
      text += ", each from \(report.seedCount) noises: \(report.samples.count) samples"
    }
    text += """
      ; the same pictures, words and noise for both. The candidate is \(candidate.precision) of \
      \(Units.bytes(candidate.byteCount)), the reference \(reference.precision) of \
      \(Units.bytes(reference.byteCount)).
      """
    return text
  }

  // MARK: Limits

  private var limits: Markup {
    let rows = report.judgements.map { judgement in
      let limit = judgement.limit
      var name: Markup = "<strong>\(limit.measure.title)</strong>, \(limit.statisticWords)"
      if let scope = limit.scope { name += ", \(scope)" }
      name += "<small>\(limit.measure.explanation)</small>"
      var found: Markup = "\(limit.measure.words(judgement.found))"
      if let interval = judgement.interval {
        found += "<small>\(Digits.three(interval.low)) to \(Digits.three(interval.high))</small>"
      }
      return Table.Row(
        [
          name,
          Verdict.sign(passed: judgement.passed, judgement.passed ? "holds" : "broken"),
          found, "\(limit.allowance)", bar(judgement), "\(judgement.place)", "\(limit.why ?? "")",
        ], isBad: !judgement.passed)
    }
    let inapplicable = report.inapplicable.map { limit in
      Table.Row([
        "<strong>\(limit.measure.title)</strong>, \(limit.statisticWords)", "not judged", "",
        "\(limit.allowance)", "", "the models compute no depth", "\(limit.why ?? "")",
      ])
    }
    let columns: [Table.Column] = [
      .text("Limit"), .word("Verdict"), .word("Found"), .word("Allowed"),
      .text("Beside the limit"), .text("Worst at"), .text("Why"),
    ]
    // A budget need not give reasons.
    let isReasoned = (report.judgements.map(\.limit) + report.inapplicable).contains {
      $0.why != nil
    }
    let table = Table(
      "Limits of the budget", narrow: .folds,
      columns: isReasoned ? columns : columns.dropLast(),
      rows: isReasoned
        ? rows + inapplicable
        : (rows + inapplicable).map { Table.Row($0.cells.dropLast(), isBad: $0.isBad) })
    return Section.part(
      "Every limit of the budget",
      lead: """
        The bar is what was found, the upright line is the limit. \
        The thin line with ends is the 95 % interval of a mean: its worse end is judged.
        """,
      table.markup
        + Section.note(
          "“std” is the standard deviation of a dimension of the actions, from \(report.deviationOrigin)."
        ))
  }

  private func bar(_ judgement: Judgement) -> Markup {
    let interval = judgement.interval.flatMap { $0.low <= $0.high ? $0.low...$0.high : nil }
    return LimitBar(
      found: judgement.found, limit: judgement.limit.bound, interval: interval,
      passed: judgement.passed,
      label: "\(judgement.limit.title): found \(judgement.limit.measure.words(judgement.found)), "
        + "allowed \(judgement.limit.allowance)"
    ).markup
  }

  // MARK: Inside the model

  private var stages: Markup {
    guard !report.stages.isEmpty else { return "" }
    let charts = NoiseCharts(
      groups: LayerGroups(report.stages, name: \.name).groups,
      lines: [
        ("mean of all samples", .solid, { Self.layer($0).map { $0.meanSQNR ?? .infinity } }),
        ("worst sample", .dashed, { Self.layer($0).map { $0.worstSQNR ?? .infinity } }),
      ], marked: report.firstDrift.map { ($0, "first drift") })
    var lead = NoiseCharts<Never>.explanation
    lead +=
      report.firstDrift.map {
        " The first stage that drifts far more than the one before it is <code>\($0)</code>."
      } ?? " No stage drifts far more than the one before it."
    let rows = report.stages.map { stage in
      Table.Row([
        "<code>\(stage.name)</code>", "\(stage.meanSQNR.map(Units.decibels) ?? "equal")",
        "\(stage.worstSQNR.map(Units.decibels) ?? "equal")",
        "\(Digits.significant(stage.worstCosine, 6))",
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
          "All \(report.stages.count) stages, in the order of the forward pass", table.markup))
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
        "The worst tensors", Section.paragraph("All \(total) tensors are equal bit for bit."))
    }
    let shown = report.weights.prefix(Self.shownTensorCount)
    let rows = shown.map { weight in
      Table.Row([
        "<code>\(weight.name)</code>", "\(weight.stored)",
        "\(Units.decibels(weight.sqnr))",
        "\(Self.percent(weight.gain - 1))", "\(Digits.column(weight.maximumAbsolute))",
      ])
    }
    let table = Table(
      "The worst tensors", narrow: .scrolls,
      columns: [
        .text("Tensor"), .text("Stored as"), .number("SQNR, dB"), .number("Too large by"),
        .number("Largest error"),
      ], rows: rows)
    return Section.part(
      report.weights.count > shown.count
        ? "The \(shown.count) worst tensors" : "The tensors that differ",
      lead: """
        \(report.weights.count) of \(total) tensors differ from the reference's. “Too large by” is \
        how much a tensor is scaled as a whole; rounding leaves it near 0, a wrong scale does not.
        """, table.markup)
  }

  static func percent(_ share: Double) -> String {
    let text = Digits.three(abs(share) < 5e-7 ? 0 : share * 100)
    return (share > 0 && text != "0" ? "+" : "") + text + " %"
  }
}
