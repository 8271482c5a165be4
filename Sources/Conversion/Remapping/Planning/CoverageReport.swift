public import DVLADiagnostics
import DVLATensors

/// Everything that does not fit between the sources and the layout, collected so that all of it is
/// reported at once.
struct CoverageReport {
  let family: String
  /// Source names that are absent, or layout names that no source could have.
  var missing: [Entry] = []
  /// Source names that no rule matches, or that become no layout tensor.
  var unexpected: [Entry] = []
  var misshapen: [Misfit] = []
  /// Rules that must match a tensor and do not.
  var idleRules: [(source: Int, rule: String)] = []

  struct Entry {
    /// The source that has it or should have it; nil where none could.
    let source: Int?
    let tensor: TensorName
  }

  struct Misfit {
    let source: Int
    let tensor: TensorName
    /// The expected and the found shape.
    let problem: String
  }

  var problemCount: Int {
    missing.count + unexpected.count + misshapen.count + idleRules.count
  }

  /// - Parameter initialisesMissing: whether the caller has tensors initialised that no source has.
  /// - Throws: `remap.coverage` with a line for every kind of problem, layer indices folded.
  func check(_ labels: [String], initialisesMissing: Bool) throws(WeightsError) {
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
      "unused rules", idleRules.map { place($0.source, labels) + "no tensor matches \($0.rule)" },
      idleRules.count)
    // Last, since they may be many and only the first details are shown.
    add("unexpected", lines(unexpected, "unexpected", labels), Set(unexpected.map(\.tensor)).count)
    let helps = !initialisesMissing && missing.count == problemCount
    throw WeightsError(
      .remapCoverage, file: labels.count == 1 ? labels[0] : nil,
      "the tensors do not match \(family): " + counts.joined(separator: ", ") + "; first "
        + (details.first ?? "") + (likelyCause.map { "; " + $0 } ?? ""),
      details: details, remedies: helps ? [.initialiseMissing] : [])
  }

  /// Lines such as `missing: NAMES`, with the source where there are several.
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

extension CoverageReport {
  /// The names alone explain fewer unexpected tensors than this.
  private static let leastCount = 8

  /// What the unexpected tensors have in common, which is more helpful than a list of them; nil
  /// where they are few or have nothing in common.
  var likelyCause: String? {
    guard unexpected.count >= Self.leastCount else { return nil }
    let names = unexpected.map { NameComponents($0.tensor).parts }
    let most = names.count * 3 / 4
    var leaves: [Substring: Int] = [:]
    for parts in names { leaves[parts.last ?? "", default: 0] += 1 }
    if let (leaf, count) = leaves.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      leaf != "weight", leaf != "bias", count >= most
    {
      return "\(count) of the unexpected names end in \(("." + leaf).quoted), which a quantizer, "
        + "an adapter or other code around layers may have added"
    }
    var starts: [Substring: Int] = [:]
    for parts in names { starts[parts[0], default: 0] += 1 }
    if let (start, count) = starts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }),
      count >= most
    {
      return "\(count) of the unexpected names start with \((start + ".").quoted), perhaps those "
        + "of another model or of a copy beside this one"
    }
    return nil
  }
}
