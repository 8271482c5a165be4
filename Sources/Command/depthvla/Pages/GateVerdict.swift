import DVLADrift
import DVLAGates
import DVLAPages
import DepthVLAWeights

/// The head of a gate's page: the answer, why it is so, and what would change it.
struct GateVerdict {
  private let report: GateReport

  init(_ report: GateReport) { self.report = report }

  var markup: Markup {
    Verdict(
      report.passed ? .good : .bad, topic: "Release gate",
      answer: report.passed ? "Ship" : "Do not ship",
      sentence: report.passed ? praise : objection, detail: comparison, caution: caution,
      reasons: [("Why", report.passed ? held : whyBroken)] + explanations
    ).markup
  }

  // MARK: What was found

  private var broken: [Judgement] { report.judgements.filter { !$0.passed } }
  private var candidate: Markup { "<code>\(GatePage.fileName(report.candidate.path))</code>" }
  private var reference: Markup { "<code>\(GatePage.fileName(report.reference.path))</code>" }

  /// `actions and depth`: what limits are about, in the order of a policy's answer.
  private func things(of judgements: [Judgement], among subjects: [String]? = nil) -> String? {
    let names = [
      ("action", "actions"), ("depth", "depth"), ("stage", "stages"), ("weight", "weights"),
    ]
    let judged = Set(judgements.map(\.limit.measure.subject))
    let words = names.filter { judged.contains($0.0) && subjects?.contains($0.0) != false }
      .map(\.1)
    guard let last = words.last else { return nil }
    return words.count == 1 ? last : words.dropLast().joined(separator: ", ") + " and " + last
  }

  private var praise: Markup {
    let judgesActions = report.judgements.contains { $0.limit.measure.subject == "action" }
    guard !judgesActions, let things = things(of: report.judgements) else {
      return "\(candidate) acts like \(reference): it stays within every limit of the budget."
    }
    return """
      \(candidate) stays within every limit of the budget, which judges its \(things) beside \
      \(reference)’s, and not what it does.
      """
  }

  private var objection: Markup {
    let behaviour = ["action", "depth"]
    if let drifting = things(of: broken, among: behaviour) {
      return """
        In its \(drifting), \(candidate) drifts further from \(reference) than the budget allows.
        """
    }
    guard let others = things(of: broken) else {
      return "No limit was judged, so nothing is known of \(candidate)."
    }
    let blocked: Markup = """
      The \(others) of \(candidate) are not those of \(reference): they differ by more than the \
      budget allows.
      """
    guard let inside = things(of: report.judgements, among: behaviour) else { return blocked }
    return blocked + " Its \(inside) stay inside the budget in these samples."
  }

  private var held: Markup {
    let count = report.judgements.count
    var text = Section.paragraph(
      "\(count == 1 ? "The one limit holds" : "All \(count) limits hold").")
    if count > 1, let nearest = report.judgements.max(by: { $0.loading < $1.loading }) {
      text += Section.paragraph(
        """
        Nearest to its limit: <strong>\(nearest.limit.measure.title)</strong> \
        (\(nearest.limit.statisticWords)), \(nearest.foundWords), where \
        \(nearest.limit.allowance) is allowed. That uses \(Digits.three(nearest.loading * 100)) % \
        of what is allowed.
        """)
    }
    return text
  }

  private var whyBroken: Markup {
    let count = report.judgements.count
    guard let first = broken.first else { return Section.paragraph("The budget judged nothing.") }
    let share =
      count == 1
      ? "The one limit is broken"
      : "\(broken.count) of \(count) limits \(broken.count == 1 ? "is" : "are") broken"
    var text = Section.paragraph("\(share)\(broken.count > 1 ? ". The first:" : ":")")
    text += Section.paragraph(
      """
      <strong>\(first.limit.measure.title)</strong> (\(first.limit.statisticWords)): \
      \(first.foundWords), where \(first.limit.allowance) is allowed. That is \
      <strong>\(first.excess)</strong>. \(first.placeTitle): \(Markup(name: first.place)).
      """)
    text += Section.note(Markup(text: first.limit.measure.explanation))
    guard broken.count > 1 else { return text }
    let others = broken.dropFirst().map { "\($0.limit.measure.title) (\($0.limit.statisticWords))" }
    return text + Section.paragraph("Also broken: \(others.joined(separator: "; ")).")
  }

  // MARK: Causes

  private var explanations: [(heading: String, content: Markup)] {
    guard !report.causes.isEmpty else {
      return report.passed ? [] : [("Where to look", unexplained)]
    }
    let causes = Self.items(report.causes.map(\.headline))
    if report.passed { return [("Worth knowing", causes)] }
    var seen: Set<String> = []
    let remedies = report.causes.compactMap(\.remedy).filter { seen.insert($0).inserted }
    let heading = report.causes.count == 1 ? "Likely cause" : "Likely causes"
    guard !remedies.isEmpty else { return [(heading, causes)] }
    return [(heading, causes), ("What would fix it", Self.items(remedies))]
  }

  /// A paragraph of one, a list of several.
  private static func items(_ sentences: [String]) -> Markup {
    let items = sentences.map { Markup(prose: $0) }
    return items.count == 1 ? Section.paragraph(items[0]) : Section.list(items)
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

  // MARK: What it rests on

  private var comparison: Markup {
    let (candidate, reference) = (report.candidate, report.reference)
    let observations = report.observations.count
    var text: Markup = "\(observations == 1 ? "1 observation" : "\(observations) observations")"
    if report.seedCount > 1, observations > 0 {
      text += ", each from \(report.seedCount) noises: \(report.samples.count) samples"
    }
    text += """
      ; the same pictures, words and noise for both. The candidate is \(candidate.precision) of \
      \(Units.bytes(candidate.byteCount)), the reference \(reference.precision) of \
      \(Units.bytes(reference.byteCount)). Beside the reference, the candidate has \
      \(Self.percent(Double(candidate.byteCount), of: Double(reference.byteCount))) of its size
      """
    if let ours = candidate.seconds, let others = reference.seconds {
      text += """
        , opens and loads in \(Self.percent(ours.load, of: others.load)) of its time and first \
        acts in \(Self.percent(ours.firstAction, of: others.firstAction))
        """
    }
    text += "."
    if report.passed, candidate.signature == nil {
      text += " No signature of the candidate was checked."
    }
    return text
  }

  private static func percent(_ value: Double, of whole: Double) -> String {
    whole > 0 ? "\(Digits.three(100 * value / whole)) %" : "–"
  }

  /// Where the reference itself does not do what was shown, and so proves little.
  private var caution: Markup? {
    let distances = report.samples.compactMap { $0.demonstrationL1?.reference }
    let mean = distances.reduce(0, +) / Double(distances.count)
    guard mean > 1 else { return nil }
    return """
      The reference itself is \(Digits.three(mean)) standard deviations from the demonstrated \
      actions: these observations prove little.
      """
  }
}
