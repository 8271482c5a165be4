import Diagnostics
import TensorCore

/// A naming match together with how the shapes bear it out.
struct NamingFit {
  let match: NamingMatch
  /// Tensors and rules that do not fit; 0 when the checkpoint is covered whole.
  let problemCount: Int
  /// What the shapes tell under this naming; empty where they tell nothing sound.
  let configuration: Configuration

  init(_ match: NamingMatch, tensors: [TensorInfo], library: ManifestLibrary) {
    self.match = match
    let planner = RemapPlanner(
      library: library, family: match.manifest.family,
      sources: [
        RemapPlanner.Source(
          label: "", recognition: Recognition(match: match, tensors: tensors, config: nil))
      ])
    guard let draft = try? planner.draft() else {
      problemCount = Self.unsound + match.unmatched.count + match.idleRuleCount
      configuration = Configuration()
      return
    }
    configuration = draft.plan.configuration
    let wrongAssumptions = match.manifest.assumptions.count { key, isNonZero in
      ((draft.plan.configuration.integer(key) ?? 0) != 0) != isNonZero
    }
    problemCount = draft.report.problemCount + wrongAssumptions * Self.wrongAssumption
  }

  /// Rules that hold under a condition which does not are no explanation, however many names fit.
  private static let wrongAssumption = 1_000
  private static let unsound = 1_000_000
}

extension ManifestLibrary {
  /// The namings that explain the checkpoint best: whole coverage wins, then the fewest tensors
  /// and rules that do not fit, then the most names known, then what config.json says.
  func bestFits(
    _ tensors: [TensorInfo], modelType: String?
  ) throws(WeightsError) -> [NamingFit] {
    var matches: [NamingMatch] = []
    for candidate in candidates {
      for prefix in candidate.manifest.prefixes {
        let match = try NamingMatch(
          candidate.manifest, index: candidate.index, prefix: prefix, tensors: tensors)
        if match.matchedCount > 0 { matches.append(match) }
      }
    }
    // A naming that knows less than half of the names is not tried against the shapes.
    let plausible = matches.filter { $0.matchedCount * 2 > tensors.count }
    let fits = (plausible.isEmpty ? matches : plausible).map {
      NamingFit($0, tensors: tensors, library: self)
    }
    var best: [NamingFit] = []
    for fit in fits {
      guard let leader = best.first else {
        best = [fit]
        continue
      }
      let order = (fit.problemCount, -fit.match.matchedCount)
      let leading = (leader.problemCount, -leader.match.matchedCount)
      if order < leading {
        best = [fit]
      } else if order == leading, leader.match.manifest.label != fit.match.manifest.label {
        best.append(fit)
      }
    }
    guard best.count > 1, let modelType else { return best }
    let confirmed = best.filter { $0.match.manifest.modelTypes.contains(modelType) }
    return confirmed.isEmpty ? best : confirmed
  }
}
