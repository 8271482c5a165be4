import DVLADiagnostics
import DVLATensors

/// A naming match, and how well the shapes of the tensors confirm it.
struct NamingFit {
  let match: NamingMatch
  /// The number of tensors and rules that do not fit; 0 when the checkpoint is covered completely.
  let problemCount: Int
  /// The number of tensors that the naming has, the checkpoint lacks, and no output depends on.
  let absentCount: Int
  /// The configuration that the shapes imply under this naming; empty where they do not fit it.
  let configuration: Configuration

  /// Namings that also explain the checkpoint, apart from absent tensors that no output depends on,
  /// and whose library computes different results.
  var alternatives: [NamingManifest] = []

  /// Whether the only problem is rules that must match a tensor and do not.
  let lacksRulesOnly: Bool

  /// Whether every name is known, every tensor is present and every shape fits.
  var isClean: Bool { problemCount == 0 && match.unmatched.isEmpty }

  init(_ match: NamingMatch, tensors: [TensorInfo], library: ManifestLibrary) {
    self.match = match
    guard tensors.count <= Self.maximumTensorCount,
      let draft = try? Self.draft(match, tensors, library)
    else {
      problemCount = Self.unsound + match.unmatched.count + match.idleRuleCount
      absentCount = 0
      lacksRulesOnly = false
      configuration = Configuration()
      return
    }
    configuration = draft.plan.configuration
    absentCount = draft.absentCount
    let wrongAssumptions = match.manifest.assumptions.count { key, isNonZero in
      ((draft.plan.configuration.integer(key) ?? 0) != 0) != isNonZero
    }
    let report = draft.report
    lacksRulesOnly =
      report.problemCount == report.idleRules.count && wrongAssumptions == 0
      && match.unmatched.isEmpty
    problemCount = report.problemCount + wrongAssumptions * Self.wrongAssumption
  }

  private static func draft(
    _ match: NamingMatch, _ tensors: [TensorInfo], _ library: ManifestLibrary
  ) throws(WeightsError) -> RemapPlanner.Draft {
    try RemapPlanner(
      library: library, family: match.manifest.family,
      sources: [
        RemapPlanner.Source(
          label: "", recognition: Recognition(match: match, tensors: tensors, config: nil))
      ]
    ).draft()
  }

  /// The layout tensors that each tensor becomes or is part of.
  func mapping(of tensors: [TensorInfo], library: ManifestLibrary) -> [TensorName: [String]] {
    guard let draft = try? Self.draft(match, tensors, library) else { return [:] }
    var mapping: [TensorName: [String]] = [:]
    for entry in draft.plan.ledger {
      let targets: [TensorName]
      switch entry.fate {
      case .used(let names): targets = names
      case .tied(let target, _, _): targets = [target]
      case .dropped, .notTaken: targets = []
      }
      mapping[entry.tensor.name] = targets.map { draft.plan.family + " " + $0.string }
    }
    return mapping
  }

  /// The number of problems that a wrong assumption counts as: rules under a condition that does
  /// not hold explain nothing, however many names fit.
  private static let wrongAssumption = 1_000
  private static let unsound = 1_000_000
  /// More tensors than the largest possible layout has. The shapes of more are not checked, which
  /// would take a second for each candidate.
  private static let maximumTensorCount = 50_000
}

extension ManifestLibrary {
  /// The namings that explain the checkpoint best: those with the fewest tensors and rules that do
  /// not fit (none at best), then the fewest absent tensors, then the most known names, then the
  /// `model_type` of config.json.
  func bestFits(
    _ tensors: [NamedTensor], modelType: String?
  ) throws(WeightsError) -> [NamingFit] {
    var matches: [NamingMatch] = []
    for (candidate, prefix) in try plausibleCandidates(tensors) {
      let match = try NamingMatch(
        candidate.manifest, index: candidate.index, prefix: prefix, tensors: tensors)
      if match.matchedCount > 0 { matches.append(match) }
    }
    // For a naming that knows less than half of the names, the shapes are not checked.
    let plausible = matches.filter { $0.matchedCount * 2 > tensors.count }
    let infos = tensors.map(\.info)
    let fits = (plausible.isEmpty ? matches : plausible).map {
      NamingFit($0, tensors: infos, library: self)
    }
    var best: [NamingFit] = []
    for fit in fits {
      guard let leader = best.first else {
        best = [fit]
        continue
      }
      let order = (fit.problemCount, fit.absentCount, -fit.match.matchedCount)
      let leading = (leader.problemCount, leader.absentCount, -leader.match.matchedCount)
      if order < leading {
        best = [fit]
      } else if order == leading, leader.match.manifest.label != fit.match.manifest.label {
        best.append(fit)
      }
    }
    for index in best.indices where best[index].isClean {
      let own = best[index].match.manifest
      best[index].alternatives = fits.filter {
        $0.isClean && $0.absentCount > best[index].absentCount
          && $0.match.manifest.family == own.family && $0.match.manifest.differs(from: own)
      }.map(\.match.manifest)
    }
    guard best.count > 1, let modelType else { return best }
    let confirmed = best.filter { $0.match.manifest.modelTypes.contains(modelType) }
    return confirmed.isEmpty ? best : confirmed
  }

  /// How many names of a large checkpoint are tried before all of them.
  private static let sampleCount = 512
  /// One in this many of the sampled names must be known.
  private static let leastShare = 8

  /// The candidates, each with one of its prefixes, that know enough names in a sample of a large
  /// checkpoint; all candidates for a checkpoint of ordinary size.
  private func plausibleCandidates(
    _ tensors: [NamedTensor]
  ) throws(WeightsError) -> [(candidate: (manifest: NamingManifest, index: RuleIndex), String)] {
    let all = candidates.flatMap { candidate in
      candidate.manifest.prefixes.map { (candidate, $0) }
    }
    guard tensors.count > Self.sampleCount * 4 else { return all }
    let sample = (0..<Self.sampleCount).map { tensors[$0 * tensors.count / Self.sampleCount] }
    var plausible: [(candidate: (manifest: NamingManifest, index: RuleIndex), String)] = []
    for (candidate, prefix) in all {
      var known = 0
      for tensor in sample
      where try NamingMatch.hit(tensor.bare, candidate.index, prefix) != nil { known += 1 }
      if known * Self.leastShare > sample.count { plausible.append((candidate, prefix)) }
    }
    return plausible
  }
}
