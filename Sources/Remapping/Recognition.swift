public import Diagnostics
public import StrictJSON
public import TensorCore

/// What a checkpoint turned out to be.
public struct Recognition: Sendable {
  public let manifest: NamingManifest
  /// Text that every tensor name carries in front of the manifest's names, often empty.
  public let prefix: String
  /// The checkpoint's tensors.
  public let tensors: [TensorInfo]
  /// Names that no rule of the manifest knows.
  public let unexpected: [TensorName]
  /// What config.json says, under the layout's keys; nil without one.
  public let stated: Configuration?
  let instances: [RuleInstance]

  public var family: String { manifest.family }
  public var naming: String { manifest.naming }
}

extension ManifestLibrary {
  /// Tells family and naming from tensor names and shapes; config.json only confirms.
  ///
  /// - Parameters:
  ///   - tensors: every tensor of the checkpoint.
  ///   - config: the checkpoint's config.json.
  /// - Throws: `remap.refused` for a look-alike, `remap.unrecognised`, `remap.ambiguous`,
  ///   `remap.contradiction` when config.json names another model.
  public func recognise(
    _ tensors: [TensorInfo], config: JSONValue?
  ) throws(WeightsError) -> Recognition {
    guard !tensors.isEmpty else {
      throw WeightsError(.remapUnrecognised, "holds no tensors, so there is nothing to import")
    }
    try refuseLookAlikes(tensors, config)
    let modelType = config?.object?["model_type"]?.string
    let best = try bestMatches(tensors, modelType: modelType)
    guard let match = best.first, match.matchedCount * 2 > tensors.count else {
      let sample = tensors.prefix(3).map { $0.name.string.quoted }.joined(separator: ", ")
      throw WeightsError(
        .remapUnrecognised,
        "no manifest knows these tensor names (\(sample), …); "
          + "\(best.first.map { "closest is \($0.manifest.label)" } ?? "see --manifest")")
    }
    guard best.count == 1 else {
      throw WeightsError(
        .remapAmbiguous,
        "tensor names fit \(best.map(\.manifest.label).joined(separator: " and ")) equally well")
    }
    let manifest = match.manifest
    if let modelType, !manifest.modelTypes.isEmpty, !manifest.modelTypes.contains(modelType) {
      throw WeightsError(
        .remapContradiction,
        "config.json says model_type \(modelType.quoted), the tensors say \(manifest.label)")
    }
    return Recognition(
      manifest: manifest, prefix: match.prefix, tensors: tensors, unexpected: match.unmatched,
      stated: try config.flatMap { (document) throws(WeightsError) in
        try manifest.statedConfiguration(in: document)
      }, instances: match.instances)
  }

  /// The matches that explain the most names; where several do, those whose shapes fit too.
  private func bestMatches(
    _ tensors: [TensorInfo], modelType: String?
  ) throws(WeightsError) -> [NamingMatch] {
    var best: [NamingMatch] = []
    for candidate in candidates {
      for prefix in candidate.manifest.prefixes {
        let match = try NamingMatch(
          candidate.manifest, index: candidate.index, prefix: prefix, tensors: tensors)
        guard match.matchedCount > 0 else { continue }
        if best.isEmpty || match.score > best[0].score {
          best = [match]
        } else if match.score == best[0].score {
          best.append(match)
        }
      }
    }
    guard best.count > 1 else { return best }
    if let modelType {
      let confirmed = best.filter { $0.manifest.modelTypes.contains(modelType) }
      if confirmed.count == 1 { return confirmed }
    }
    let fitting = best.filter { fits($0, tensors) }
    return fitting.isEmpty ? best : fitting
  }

  /// Whether the shapes bear out the match and what its conditions assume.
  private func fits(_ match: NamingMatch, _ tensors: [TensorInfo]) -> Bool {
    let recognition = Recognition(
      manifest: match.manifest, prefix: match.prefix, tensors: tensors,
      unexpected: match.unmatched, stated: nil, instances: match.instances)
    let planner = RemapPlanner(
      library: self, family: match.manifest.family,
      sources: [RemapPlanner.Source(label: "", recognition: recognition)], isProbe: true)
    guard let plan = try? planner.plan() else { return false }
    return match.manifest.assumptions.allSatisfy { key, isNonZero in
      ((plan.configuration.integer(key) ?? 0) != 0) == isNonZero
    }
  }

  private func refuseLookAlikes(
    _ tensors: [TensorInfo], _ config: JSONValue?
  ) throws(WeightsError) {
    let names = tensors.map { (NameComponents($0.name), $0.shape) }
    for lookAlike in lookAlikes where lookAlike.matches(names, config: config) {
      throw WeightsError(.remapRefused, "this is \(lookAlike.name): \(lookAlike.message)")
    }
  }
}

extension WeightsError.Code {
  /// No manifest explains the tensor names.
  public static let remapUnrecognised = Self("remap.unrecognised")
  /// Two manifests explain the tensor names equally well.
  public static let remapAmbiguous = Self("remap.ambiguous")
}
