public import DVLADiagnostics
import DVLATensors

/// Everything that does not fit between the sources and the layout, collected before any of it
/// is reported.
struct CoverageReport {
  let family: String
  /// Source names that are not there, or layout names where no source could have them.
  var missing: [Entry] = []
  /// Source names that no rule knows or the layout has no place for.
  var unexpected: [Entry] = []
  var misshapen: [Misfit] = []
  /// Rules that must hit something and do not.
  var idleRules: [(source: Int, rule: String)] = []

  struct Entry {
    /// The source it should be in or is in; nil where none could have it.
    let source: Int?
    let tensor: TensorName
  }

  struct Misfit {
    let source: Int
    let tensor: TensorName
    /// Expected and found.
    let problem: String
  }

  var problemCount: Int {
    missing.count + unexpected.count + misshapen.count + idleRules.count
  }

  /// - Throws: `remap.coverage` with a line for every kind of problem, layer indices folded.
  func check(_ labels: [String]) throws(WeightsError) {
    guard problemCount > 0 else { return }
    var counts: [String] = []
    var details: [String] = []
    func add(_ kind: String, _ lines: [String], _ count: Int) {
      guard count > 0 else { return }
      counts.append("\(count) \(kind)")
      details += lines
    }
    add("missing", lines(missing, "missing", labels), Set(missing.map(\.tensor)).count)
    var byProblem: [(source: Int, problem: String, tensors: [TensorName])] = []
    for misfit in misshapen {
      let known = byProblem.firstIndex {
        $0.source == misfit.source && $0.problem == misfit.problem
      }
      if let known {
        byProblem[known].tensors.append(misfit.tensor)
      } else {
        byProblem.append((misfit.source, misfit.problem, [misfit.tensor]))
      }
    }
    let shapes = byProblem.flatMap { source, problem, tensors in
      lines(tensors.map { Entry(source: source, tensor: $0) }, "misshapen", labels)
        .map { "\($0): \(problem)" }
    }
    add("misshapen", shapes, Set(misshapen.map(\.tensor)).count)
    add(
      "unused rules", idleRules.map { place($0.source, labels) + "no tensor for \($0.rule)" },
      idleRules.count)
    // Last, since they may be many, and a reader is shown the first details.
    add("unexpected", lines(unexpected, "unexpected", labels), Set(unexpected.map(\.tensor)).count)
    let isMissingAlone = missing.count == problemCount
    throw WeightsError(
      .remapCoverage, file: labels.count == 1 ? labels[0] : nil,
      "tensors do not fit \(family): " + counts.joined(separator: ", ") + "; first "
        + (details.first ?? "") + (likelyCause.map { "; " + $0 } ?? ""),
      details: details, remedies: isMissingAlone ? [.initialiseMissing] : [])
  }

  /// `missing: NAMES`, and of which source where there are several.
  private func lines(_ entries: [Entry], _ kind: String, _ labels: [String]) -> [String] {
    var sources: [Int?] = []
    for entry in entries where !sources.contains(entry.source) { sources.append(entry.source) }
    return sources.flatMap { source in
      entries.filter { $0.source == source }.map(\.tensor).folded().map {
        place(source, labels) + "\(kind): \($0.escapedForTerminal)"
      }
    }
  }

  private func place(_ source: Int?, _ labels: [String]) -> String {
    guard labels.count > 1, let source else { return "" }
    return labels[source].escapedForTerminal + ": "
  }
}

extension WeightsError.Code {
  /// Tensors are missing, unexpected or misshapen.
  public static let remapCoverage = Self("remap.coverage")
}
