import DVLAPages
import DepthVLAWeights

/// The end of a gate's page: what both models cost, and where everything is from.
struct GateOrigins {
  private let report: GateReport

  private let verdictKey: String?

  /// - Parameter verdictKey: fingerprint of the key that signs the verdict.
  init(_ report: GateReport, verdictKey: String?) {
    self.report = report
    self.verdictKey = verdictKey
  }

  var markup: Markup { costs + origins }

  private var costs: Markup {
    let (candidate, reference) = (report.candidate, report.reference)
    var rows = [
      row(
        "Size", Units.bytes(candidate.byteCount), Units.bytes(reference.byteCount),
        Double(candidate.byteCount), Double(reference.byteCount))
    ]
    if let ours = candidate.seconds, let others = reference.seconds {
      rows.append(
        row("Opening and loading", time(ours.load), time(others.load), ours.load, others.load))
      rows.append(
        row(
          "First action", time(ours.firstAction), time(others.firstAction), ours.firstAction,
          others.firstAction))
    }
    rows.append(Table.Row(["Precision", "\(candidate.precision)", "\(reference.precision)", ""]))
    rows.append(Table.Row(["Products", "\(candidate.products)", "\(reference.products)", ""]))
    return Section.part(
      "What each costs",
      lead: candidate.seconds == nil
        ? nil : "Times are of this run on this machine; they differ from run to run.",
      Table(
        "What each costs", narrow: .folds,
        columns: [
          .text(""), .text("Candidate"), .text("Reference"), .text("Candidate / reference"),
        ], rows: rows
      ).markup)
  }

  private func row(
    _ name: String, _ candidate: String, _ reference: String, _ value: Double, _ other: Double
  ) -> Table.Row {
    Table.Row([
      "\(name)", "\(candidate)", "\(reference)",
      other > 0 ? "\(Digits.three(100 * value / other)) %" : "",
    ])
  }

  private func time(_ seconds: Double) -> String { "\(Digits.three(seconds)) s" }

  private var origins: Markup {
    let subjects = [report.candidate, report.reference]
    func row(_ name: String, _ value: (GateReport.Subject) -> Markup) -> Table.Row {
      Table.Row(["\(name)"] + subjects.map(value))
    }
    let table = Table(
      "Where both models are from", narrow: .folds,
      columns: [.text(""), .text("Candidate"), .text("Reference")],
      rows: [
        row("File") { "<code>\($0.path)</code>" },
        row("Family") { "\($0.family)" },
        row("Root") { code($0.root, or: "none: checkpoints have no root") },
        row("SHA-256") { code($0.sha256, or: "none: more than one file") },
        row("Signature") { subject in
          guard let signature = subject.signature else { return "not checked" }
          let release: Markup = signature.release.map { ", release \($0)" } ?? ""
          return "key <code>\(signature.key)</code>\(release)"
        },
        row("Made by") { "\($0.tool ?? "unknown")" },
        row("Made from", sources),
      ])
    return Section.part("Where everything is from", table.markup + facts + observations)
  }

  private func code(_ text: String?, or other: String) -> Markup {
    text.map { "<code>\($0)</code>" } ?? "\(other)"
  }

  private func sources(_ subject: GateReport.Subject) -> Markup {
    guard !subject.sources.isEmpty else { return "no files recorded" }
    return .joined(
      subject.sources.map { "<code>\($0.path)</code><small><code>\($0.sha256)</code></small>" })
  }

  private var facts: Markup {
    var facts: [(term: String, value: Markup)] = [
      ("Budget", "<code>\(report.budgetPath)</code>"),
      ("SHA-256 of the budget", "<code>\(report.budgetDigest)</code>"),
    ]
    if let digest = report.observationsDigest {
      facts += [
        ("Observations", "<code>\(report.observationsPath)</code>"),
        ("Digest of the observations", "<code>\(digest)</code>"),
        ("Standard deviations", "\(report.deviationOrigin)"),
      ]
    }
    for golden in report.goldens {
      facts.append(("Golden", "<code>\(golden.path)</code> <code>\(golden.sha256)</code>"))
    }
    facts.append(
      (
        "Key of the signed verdict", verdictKey.map { "<code>\($0)</code>" } ?? "none: not signed"
      ))
    facts.append(("Measured by", "depthvla \(ToolVersion.current)"))
    return Section.heading("The measurement") + Section.facts(facts)
  }

  private var observations: Markup {
    guard !report.observations.isEmpty else { return "" }
    let items = report.observations.map { observation -> Markup in
      "<code>\(observation.file)</code>: \(observation.instruction)"
    }
    return Section.folded(
      items.count == 1 ? "The one observation" : "All \(items.count) observations",
      Section.list(items))
  }
}
