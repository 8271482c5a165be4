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
    let modelType = config?.object?["model_type"]?.string
    try refuseLookAlikes(tensors, modelType: modelType)
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
      stated: config.map { manifest.statedConfiguration(in: $0) }, instances: match.instances)
  }

  private func bestMatches(
    _ tensors: [TensorInfo], modelType: String?
  ) throws(WeightsError) -> [NamingMatch] {
    var best: [NamingMatch] = []
    for (manifest, index) in zip(namings, indexes) {
      for prefix in manifest.prefixes {
        let match = try NamingMatch(manifest, index: index, prefix: prefix, tensors: tensors)
        guard match.matchedCount > 0 else { continue }
        if best.isEmpty || match.score > best[0].score {
          best = [match]
        } else if match.score == best[0].score {
          best.append(match)
        }
      }
    }
    if best.count > 1, let modelType {
      let confirmed = best.filter { $0.manifest.modelTypes.contains(modelType) }
      if confirmed.count == 1 { return confirmed }
    }
    return best
  }

  private func refuseLookAlikes(
    _ tensors: [TensorInfo], modelType: String?
  ) throws(WeightsError) {
    let names = tensors.map { (NameComponents($0.name), $0.shape) }
    for lookAlike in lookAlikes where lookAlike.matches(names, modelType: modelType) {
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
