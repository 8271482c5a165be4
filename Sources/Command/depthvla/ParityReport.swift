import DVLADiagnostics
import DVLAParity
import DVLATensors
import DepthVLAWeights

/// What `parity` found, for a person.
struct ParityReport {
  let check: ParityCheck
  /// The file the tolerances are from; nil for the built-in ones.
  let tolerances: String?

  init(_ check: ParityCheck, tolerances: String?) {
    self.check = check
    self.tolerances = tolerances
  }

  /// - Parameter isQuiet: leaves out the tables and the lists.
  func words(isQuiet: Bool) -> String {
    var text = ""
    if !isQuiet {
      for comparison in check.comparisons { text += words(comparison) }
      for skipped in check.skipped {
        text += "skipped \(skipped.path.escapedForTerminal)\n  \(skipped.reason.escapedMessage)\n"
      }
      text += unseen
    }
    return text + verdict.joined(separator: "\n      ") + "\n"
  }

  private func words(_ comparison: GoldenComparison) -> String {
    let golden = comparison.golden
    var text = "\(golden.path.escapedForTerminal): \(comparison.subtitle)\n"
    for name in comparison.rounded {
      text += "  in.\(name.escapedForTerminal) was rounded to float32\n"
    }
    if !golden.unread.isEmpty {
      let names = golden.unread.prefix(5).map(\.string.escapedForTerminal)
      let more = golden.unread.count > 5 ? " and \(golden.unread.count - 5) more" : ""
      text += "  not read: \(names.joined(separator: ", "))\(more)\n"
    }
    text += StageTable(comparison.stages).words
    if let failure = comparison.firstFailure {
      text += "first out of tolerance: \(failure.name.escapedForTerminal)\n"
      for line in failure.explanation { text += "  \(line)\n" }
    }
    return text
  }

  /// `FAIL` and the first stage at fault, or `PASS` and how near the nearest was; then what to be
  /// careful about.
  var verdict: [String] {
    let stages = check.comparisons.flatMap(\.stages)
    if let failed = check.comparisons.first(where: { !$0.passed }),
      let stage = failed.firstFailure
    {
      let failures = stages.count { !$0.passed }
      return [
        "FAIL: \(failures) of \(stages.count) stages out of tolerance\(classWords)",
        "first: \(stage.name.escapedForTerminal) of \(failed.golden.path.escapedForTerminal)",
      ] + cautions
    }
    let nearest = stages.max { $0.loading < $1.loading }
    return [
      "PASS: \(stages.count) stages of \(goldenCount) within the tolerances\(classWords)",
      nearest.map {
        "nearest to its limit: \($0.name.escapedForTerminal), at "
          + "\(Units.fixed($0.loading * 100, 0))%"
      },
    ].compactMap(\.self) + cautions
  }

  /// What a verdict does not say by itself.
  private var cautions: [String] {
    var lines: [String] = []
    if check.isOfPreprocessingAlone {
      lines.append("preprocessing only: no weight was checked")
    } else {
      lines.append("products \(check.products)")
    }
    for comparison in check.comparisons where check.isOwnRecording(comparison) {
      lines.append(
        "\(comparison.golden.path.escapedForTerminal) was recorded from this bundle: the result only "
          + "shows that runs repeat")
    }
    if let stage = firstFailure, stage.reference == .float32, check.precision == .f32 {
      lines.append(
        "the golden has no float64 stages: upstream's own float32 run may err as much, and only "
          + "f64.STAGE can decide")
    }
    if !check.skipped.isEmpty {
      let count = check.skipped.count
      lines.append("skipped \(count == 1 ? "1 golden" : "\(count) goldens") of the folder")
    }
    return lines
  }

  private var firstFailure: StageComparison? {
    check.comparisons.lazy.compactMap(\.firstFailure).first
  }

  private var goldenCount: String {
    check.comparisons.count == 1 ? "1 golden" : "\(check.comparisons.count) goldens"
  }

  private var classWords: String {
    let source = tolerances.map { " in \($0.escapedForTerminal)" } ?? ""
    return check.comparisons.contains { $0.precision != nil }
      ? " of class \(check.precision.rawValue)\(source)" : source
  }

  /// The tensors that no output depends on, layers folded.
  private var unseen: String {
    let unused = check.subject.unusedTensors
    guard !unused.isEmpty, check.comparisons.contains(where: { $0.precision != nil }) else {
      return ""
    }
    var text =
      unused.count == 1
      ? "parity cannot check this tensor, because no output depends on it;\n"
        + "verify --against compares it byte for byte:\n"
      : "parity cannot check these \(unused.count) tensors, because no output depends on them;\n"
        + "verify --against compares them byte for byte:\n"
    for group in FoldedTensors(unused).groups {
      let count = group.count > 1 ? " (\(group.count))" : ""
      text += "  \(group.name.escapedForTerminal)\(count)\n    \(group.reason.escapedMessage)\n"
    }
    return text
  }
}

/// Tensors whose names differ in numbers alone, as one line.
struct FoldedTensors {
  private(set) var groups: [(name: String, reason: String, count: Int)] = []

  init(_ tensors: [ParitySubject.UnusedTensor]) {
    for tensor in tensors {
      let folded = tensor.name.string.split(separator: ".", omittingEmptySubsequences: false)
        .map { !$0.isEmpty && $0.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? "{i}" : String($0) }
        .joined(separator: ".")
      if let index = groups.firstIndex(where: { $0.name == folded && $0.reason == tensor.reason }) {
        groups[index].count += 1
      } else {
        groups.append((folded, tensor.reason, 1))
      }
    }
  }
}
