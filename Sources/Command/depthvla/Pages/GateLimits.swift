import DVLAGates
import DVLAPages
import DepthVLAWeights

/// The table of every limit of a gate's budget.
struct GateLimits {
  private let report: GateReport

  init(_ report: GateReport) { self.report = report }

  var markup: Markup {
    let columns: [Table.Column] = [
      .text("Limit"), .word("Verdict"), .word("Found"), .word("Allowed"),
      .text("Beside the limit"), .text("Where"), .text("Why this limit"),
    ]
    let all = report.judgements.map(row) + report.inapplicable.map(row)
    // A budget need not give reasons.
    let isReasoned = (report.judgements.map(\.limit) + report.inapplicable).contains {
      $0.why != nil
    }
    let table = Table(
      "Limits of the budget", narrow: .folds,
      columns: isReasoned ? columns : columns.dropLast(),
      rows: isReasoned ? all : all.map { Table.Row($0.cells.dropLast(), isBad: $0.isBad) })
    return Section.part(
      "Every limit of the budget",
      lead: """
        The bar is what was found, the upright line is the limit, and its shaded side is \
        forbidden. The thin line with ends is the 95 % interval of a mean: its worse end is judged.
        """,
      table.markup + Section.folded("What is measured", Section.facts(meanings))
        + Section.note(
          "“std” is the standard deviation of a dimension of the actions, from \(report.deviationOrigin)."
        ))
  }

  private func row(_ judgement: Judgement) -> Table.Row {
    let limit = judgement.limit
    var found: Markup = "\(judgement.words(judgement.found))"
    if let interval = judgement.interval, interval.low != interval.high {
      found +=
        "<small>\(judgement.words(interval.low)) to \(judgement.words(interval.high))</small>"
    }
    return Table.Row(
      [
        name(limit), Verdict.sign(passed: judgement.passed, judgement.passed ? "holds" : "broken"),
        found, "\(limit.allowance)", bar(judgement),
        "<small>\(judgement.placeTitle):</small> \(Markup(name: judgement.place))", why(limit),
      ], isBad: !judgement.passed)
  }

  /// A limit on what the models do not compute.
  private func row(_ limit: BudgetLimit) -> Table.Row {
    Table.Row([
      name(limit), "not judged", "", "\(limit.allowance)", "", "the models compute no depth",
      why(limit),
    ])
  }

  private func name(_ limit: BudgetLimit) -> Markup {
    var name: Markup = "<strong>\(limit.measure.title)</strong><small>\(limit.statisticWords)"
    if let scope = limit.scope { name += ", \(Markup(name: scope))" }
    return name + "</small>"
  }

  private func why(_ limit: BudgetLimit) -> Markup {
    limit.why.map { "<small>\($0)</small>" } ?? ""
  }

  private func bar(_ judgement: Judgement) -> Markup {
    let interval = judgement.interval.flatMap { $0.low <= $0.high ? $0.low...$0.high : nil }
    return LimitBar(
      found: judgement.found, limit: judgement.limit.bound,
      isLeast: judgement.limit.measure.isLargerBetter, interval: interval,
      passed: judgement.passed,
      label: "\(judgement.limit.title): found \(judgement.words(judgement.found)), "
        + "allowed \(judgement.limit.allowance)"
    ).markup
  }

  /// Each measure once, in the order of the table.
  private var meanings: [(term: String, value: Markup)] {
    var seen: Set<Measure> = []
    return (report.judgements.map(\.limit) + report.inapplicable).map(\.measure)
      .filter { seen.insert($0).inserted }
      .map { ($0.title, "\($0.explanation)") }
  }
}
