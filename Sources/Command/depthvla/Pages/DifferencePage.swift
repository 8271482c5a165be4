import DVLADiagnostics
import DVLAPages
import DVLATensors
import DepthVLAWeights
import Glibc

/// What `diff` found as one page: which parts, layers and tensors differ, and by how much.
struct DifferencePage {
  private let report: DifferenceReport

  init(_ report: DifferenceReport) { self.report = report }

  private var rows: [Difference.Row] { report.difference.rows }
  private var differing: [Difference.Row] { report.difference.differing }

  var html: String {
    var body = verdict
    body += parts
    body += layers
    body += worst
    body += oneSided
    body += settings
    body += assets
    body += origins
    return Page(title: "Differences of \(report.first) and \(report.second)", body: body).html
  }

  // MARK: The verdict

  private var verdict: Markup {
    let (count, total) = (differing.count, rows.count)
    let isEqual = report.difference.isEmpty
    let answer =
      count == 0
      ? isEqual ? "No difference" : "The tensors are equal, but not what is around them"
      : count == total ? "All \(total) tensors differ" : "\(count) of \(total) tensors differ"
    return Verdict(
      isEqual ? .good : .plain, topic: "Difference of two models", answer: answer,
      sentence: "<code>\(report.first)</code> beside <code>\(report.second)</code>.",
      reasons: [("Where", whereabouts), ("How much", amount)]
    ).markup
  }

  private var whereabouts: Markup {
    guard !differing.isEmpty else {
      return Section.paragraph(
        "All tensors are equal\(retypedCount > 0 ? " in value" : " bit for bit").")
    }
    let (touched, untouched) = (
      parts(where: { $0.differing > 0 }), parts(where: { $0.differing == 0 })
    )
    var text = Section.list(
      touched.map { "<strong>\($0.title)</strong>: \($0.differing) of \($0.rows.count) tensors" })
    if !untouched.isEmpty {
      text += Section.paragraph("Equal: \(untouched.map(\.title).joined(separator: ", ")).")
    }
    return text
  }

  private var amount: Markup {
    var text: Markup = ""
    if let most = measured.first {
      text += Section.paragraph(
        """
        The most changed tensor is <code>\(most.name)</code>: its values differ by \
        <strong>\(Self.relative(most.ratio))</strong> of their size (SQNR \(Digits.decibels(most.ratio)) dB).
        """)
      let middle = measured[measured.count / 2].ratio
      text += Section.paragraph(
        "Half of those that differ do so by less than \(Self.relative(middle)).")
    }
    let others = differing.count - measured.count
    if others > 0 {
      text += Section.paragraph(
        "\(others == 1 ? "1 tensor" : "\(others) tensors") cannot be compared in numbers: see below."
      )
    }
    if retypedCount > 0 {
      text += Section.paragraph("\(retypedCount) more are equal in value but of another type.")
    }
    let settingCount = (report.difference.settings ?? []).count
    if settingCount > 0 {
      text += Section.paragraph(
        """
        \(settingCount == 1 ? "1 setting differs" : "\(settingCount) settings differ"): the models \
        compute other numbers from the same weights.
        """)
    }
    let assetCount = report.difference.differingAssets.count
    if assetCount > 0 {
      text += Section.paragraph(
        "\(assetCount == 1 ? "1 asset differs" : "\(assetCount) assets differ").")
    }
    return text.html.isEmpty ? Section.paragraph("Nothing differs.") : text
  }

  private var retypedCount: Int {
    rows.count {
      if case .sameValues = $0.outcome { true } else { false }
    }
  }

  /// Tensors with a ratio of signal to noise, the lowest first.
  private var measured: [(name: String, ratio: Double, error: Double)] {
    differing.compactMap { row -> (name: String, ratio: Double, error: Double)? in
      guard case .otherValues(let error?) = row.outcome, let ratio = error.signalToNoiseRatio else {
        return nil
      }
      return (row.name.string, ratio, error.maximumAbsoluteError)
    }.sorted { ($0.ratio, $0.name) < ($1.ratio, $1.name) }
  }

  /// The root mean square of the difference as a share of that of the first: 10^(-SQNR / 20).
  private static func relative(_ ratio: Double) -> String {
    let share = pow(10, -ratio / 20)
    return "\(Digits.three(100 * share)) %"
  }

  // MARK: Parts and layers

  private struct Part {
    let title: String
    let rows: [Difference.Row]
    let differing: Int
  }

  private var allParts: [Part] {
    var order: [String] = []
    var members: [String: [Difference.Row]] = [:]
    for row in rows {
      let name = row.name.string
      let title =
        PartNames.title(of: name) ?? name.split(separator: ".").first.map(String.init) ?? name
      if members[title] == nil { order.append(title) }
      members[title, default: []].append(row)
    }
    return order.map { title in
      let rows = members[title] ?? []
      return Part(title: title, rows: rows, differing: rows.count(where: \.differs))
    }
  }

  private func parts(where condition: (Part) -> Bool) -> [Part] { allParts.filter(condition) }

  private var parts: Markup {
    guard !differing.isEmpty else { return "" }
    let rows = allParts.map { part in
      let worst = part.rows.compactMap { row in row.ratio.map { (row.name.string, $0) } }
        .filter { $0.1.isFinite }.min { $0.1 < $1.1 }
      return Table.Row([
        "<strong>\(part.title)</strong>", "\(part.rows.count)", "\(part.differing)",
        worst.map { "\(Self.relative($0.1))" } ?? "",
        worst.map { "\(Digits.decibels($0.1))" } ?? "",
        worst.map { "<code>\($0.0)</code>" } ?? "",
      ])
    }
    return Section.part(
      "Parts of the model",
      Table(
        "Parts of the model", narrow: .folds,
        columns: [
          .text("Part"), .number("Tensors"), .number("That differ"), .number("Largest difference"),
          .number("SQNR, dB"), .text("In"),
        ], rows: rows
      ).markup)
  }

  private var layers: Markup {
    let groups = LayerGroups(rows, name: \.name.string).groups
      .filter { $0.layers.joined().contains { ($0.item.ratio ?? .infinity).isFinite } }
    guard !groups.isEmpty else { return "" }
    var lead = NoiseCharts<Never>.explanation
    lead += " A fine-tune shows here which layers it moved."
    return Section.part(
      "Along the layers", lead: lead,
      NoiseCharts(
        groups: groups,
        lines: [
          ("most changed tensor of the layer", .solid, { $0.compactMap(\.item.ratio).min() }),
          ("its middle tensor", .dashed, { Self.median($0.compactMap(\.item.ratio)) }),
        ]
      ).markup)
  }

  private static func median(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.sorted()[values.count / 2]
  }

  // MARK: Tensors

  private static let shownCount = 20

  private var worst: Markup {
    let all = measured
    guard !all.isEmpty else { return "" }
    let rows = all.prefix(Self.shownCount).map { tensor in
      Table.Row([
        "<code>\(tensor.name)</code>", "\(Self.relative(tensor.ratio))",
        "\(Digits.decibels(tensor.ratio))", "\(Digits.three(tensor.error))",
      ])
    }
    return Section.part(
      all.count > rows.count ? "The \(rows.count) most changed tensors" : "The tensors that differ",
      lead: """
        The difference is the typical one (root mean square) as a share of the typical size of the \
        tensor's values in \(GatePage.fileName(report.first)).
        """,
      Table(
        "The most changed tensors", narrow: .scrolls,
        columns: [
          .text("Tensor"), .number("Difference"), .number("SQNR, dB"),
          .number("Largest difference"),
        ], rows: rows
      ).markup)
  }

  /// Tensors without a number: on one side alone, of another shape, or not of floats.
  private var oneSided: Markup {
    let others = differing.filter { $0.ratio == nil }
    guard !others.isEmpty else { return "" }
    let shown = others.prefix(200).map { row in
      Table.Row(["<code>\(row.name.string)</code>", "\(report.words(row.outcome))"])
    }
    let table = Table(
      "Tensors without a number", narrow: .folds, columns: [.text("Tensor"), .text("Difference")],
      rows: shown)
    let hidden = others.count - shown.count
    return Section.part(
      "Only on one side, or of another kind",
      table.markup
        + (hidden > 0
          ? Section.note("\(hidden) more are not shown; <code>--json</code> lists all.") : ""))
  }

  private var settings: Markup {
    guard let settings = report.difference.settings else {
      return Section.part(
        "Settings",
        Section.paragraph("Not compared: the configuration of a side is not known."))
    }
    guard !settings.isEmpty else { return "" }
    return Section.part(
      "Settings", lead: "What the models' configurations say differently.",
      Table(
        "Settings", narrow: .folds,
        columns: [.text("Key"), .text("First"), .text("Second")],
        rows: settings.map {
          Table.Row(
            [
              "<code>\(Markup(name: $0.key))</code>", "\(report.words($0.first))",
              "\(report.words($0.second))",
            ], isBad: true)
        }
      ).markup)
  }

  private var assets: Markup {
    guard let all = report.difference.assets else {
      return Section.part(
        "Assets",
        Section.paragraph(
          "Not compared: a checkpoint is not recognised, so its assets are not known."))
    }
    guard !all.isEmpty else { return "" }
    let rows = all.map { asset in
      Table.Row(
        ["<code>\(asset.name)</code>", "\(report.words(asset.outcome))"],
        isBad: asset.outcome != .equal)
    }
    return Section.part(
      "Assets",
      lead: "Tokenizer, preprocessing, statistics and what else travels with the tensors.",
      Table(
        "Assets", narrow: .folds, columns: [.text("Asset"), .text("Outcome")], rows: rows
      ).markup)
  }

  private var origins: Markup {
    Section.part(
      "What was compared",
      Section.facts([
        ("First", "<code>\(report.first)</code>"), ("Second", "<code>\(report.second)</code>"),
        ("Compared by", "\(report.difference.naming)"),
        ("Tool", "depthvla \(ToolVersion.current)"),
      ]))
  }
}

extension Difference.Row {
  fileprivate var differs: Bool {
    switch outcome {
    case .equal, .sameValues: false
    default: true
    }
  }

  /// In dB; infinite where nothing differs, nil where there is no number.
  fileprivate var ratio: Double? {
    switch outcome {
    case .equal, .sameValues: .infinity
    case .otherValues(let error?): error.signalToNoiseRatio
    default: nil
    }
  }
}
