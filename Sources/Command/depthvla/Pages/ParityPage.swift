import DVLADiagnostics
import DVLAHashing
import DVLAKernels
import DVLAPages
import DVLAParity
import DVLATensorMath
import DVLATensors
import DepthVLAWeights

/// What `parity` found as one page that needs nothing else: no scripts, no links, no other files.
struct ParityPage {
  private let report: ParityReport

  init(_ report: ParityReport) { self.report = report }

  var html: String {
    let check = report.check
    var body = verdict
    for (comparison, hash) in zip(check.comparisons, check.goldenHashes) {
      body += section(comparison, hash)
    }
    if !check.skipped.isEmpty {
      body += Section.part(
        "Skipped",
        Section.list(check.skipped.map { "<code>\($0.path)</code>: \($0.reason)" }))
    }
    body += unseen
    body += Section.part("What was run", Section.facts(facts))
    return Page(title: "Parity of \(check.subject.path)", body: body).html
  }

  private var verdict: Markup {
    let check = report.check
    // The first line says it; the others are what to be careful about.
    let lines = report.verdict
    let name = GatePage.fileName(check.subject.path)
    let sentence: Markup =
      check.passed
      ? "<code>\(name)</code> computes what was recorded, within the tolerances."
      : "<code>\(name)</code> does not compute what was recorded."
    return Verdict(
      check.passed ? .good : .bad, topic: "Parity with recorded activations",
      answer: check.passed ? "Pass" : "Fail", sentence: sentence,
      reasons: [
        ("Why", .joined(lines.map { Section.paragraph(Markup(text: $0)) }))
      ]
    ).markup
  }

  private var facts: [(term: String, value: Markup)] {
    let subject = report.check.subject
    return [
      ("Model", "<code>\(subject.path)</code>"),
      ("Family", "\(subject.family)"),
      ("Root", subject.root.map { "<code>\($0)</code>" } ?? "none (a checkpoint)"),
      ("Precision class", "\(report.check.precision.rawValue)"),
      ("Products", "\(report.check.products.description)"),
      ("Tolerances", "\(report.tolerances ?? "built in")"),
      ("Computed on", "\(Processors.description)"),
      ("Tool", "depthvla \(ToolVersion.current)"),
    ]
  }

  private func section(_ comparison: GoldenComparison, _ hash: Digest) -> Markup {
    var about: Markup = "<code>\(comparison.golden.path)</code>: \(comparison.subtitle)"
    for (key, value) in comparison.golden.metadata { about += "; \(key) \(value)" }
    about += "; SHA-256 <code>\(hash.hex)</code>"
    var content = Section.note(about)
    if let failure = comparison.firstFailure {
      let lines = ["First out of tolerance: \(failure.name)"] + failure.explanation
      content +=
        "<p class=\"callout\">\(Markup.joined(lines.map { Markup(text: $0) }, by: "<br>"))</p>\n"
    }
    let groups = LayerGroups(comparison.stages, name: \.name).groups
    if !groups.isEmpty {
      content +=
        NoiseCharts(
          groups: groups,
          lines: [("output of the layer", .solid, { Self.ratio($0) })],
          marked: comparison.firstFailure.map { ($0.name, "first out") }
        ).markup
      content += Section.note(NoiseCharts<Never>.explanation)
    }
    content += table(comparison)
    return Section.part(GatePage.fileName(comparison.golden.path), content)
  }

  /// Of the output of a layer; where only parts of it were recorded, the worst of them.
  private static func ratio(_ stages: [(name: String, item: StageComparison)]) -> Double? {
    let depth = { (name: String) in name.split(separator: ".").count }
    let least = stages.map { depth($0.name) }.min()
    return stages.filter { depth($0.name) == least }.compactMap { stage -> Double? in
      guard let errors = stage.item.errors else { return nil }
      return errors.signalToNoiseRatio ?? (errors.maximumAbsolute == 0 ? .infinity : nil)
    }.min()
  }

  private func table(_ comparison: GoldenComparison) -> Markup {
    let rows = comparison.stages.map { Table.Row(cells($0), isBad: !$0.passed) }
    return Table(
      "Stages of \(comparison.golden.path)", narrow: .scrolls,
      columns: [
        .text("Stage"), .text("Shape"), .number("Max abs"), .number("Of max"),
        .number("Rel. RMS"), .number("Cosine"), .number("SQNR, dB"), .number("× f32"),
        .number("Of limit"), .text(""),
      ], rows: rows
    ).markup
      + Section.note(
        """
        Of max: the largest difference as a share of the largest recorded value. Rel. RMS: the typical \
        difference as a share of the typical value. × f32: the difference as a multiple of upstream's own \
        float32 error. Of limit: how much of the tolerance is used.
        """)
  }

  private func cells(_ stage: StageComparison) -> [Markup] {
    var cells: [Markup] = ["\(stage.name)", "\("\(stage.shape)")"]
    if let errors = stage.errors {
      cells += [
        Units.scientific(errors.maximumAbsolute), Units.scientific(errors.ofMaximum),
        Units.scientific(errors.relativeRMS), errors.cosine.map { Units.fixed($0, 8) } ?? "",
        errors.signalToNoiseRatio.map { Units.fixed($0, 1) } ?? "",
        errors.upstream?.ratio.map { Units.fixed($0, 2) } ?? "",
        "\(Units.fixed(stage.loading * 100, 0))%",
      ].map { Markup(text: $0) }
    } else {
      cells += ["\(stage.explanation.joined(separator: "; "))", "", "", "", "", "", ""]
    }
    return cells + [Verdict.sign(passed: stage.passed, stage.passed ? "ok" : "FAIL")]
  }

  private var unseen: Markup {
    let unused = report.check.subject.unusedTensors
    guard !unused.isEmpty else { return "" }
    return Section.part(
      "Not checked",
      lead: """
        No output depends on these \(unused.count) tensors. <code>verify --against</code> compares \
        them byte for byte.
        """,
      Section.list(
        FoldedTensors(unused).groups.map { "<code>\($0.name)</code> (\($0.count)): \($0.reason)" }))
  }
}
