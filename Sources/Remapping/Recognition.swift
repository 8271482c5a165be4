public import Accounting
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
  /// What config.json says; nil without one.
  public let config: ConfigReading?
  let instances: [RuleInstance]

  public var family: String { manifest.family }
  public var naming: String { manifest.naming }

  /// What config.json says, under the layout's keys; nil without one.
  public var stated: Configuration? { config?.stated }

  init(match: NamingMatch, tensors: [TensorInfo], config: ConfigReading?) {
    manifest = match.manifest
    prefix = match.prefix
    unexpected = match.unmatched
    instances = match.instances
    self.tensors = tensors
    self.config = config
  }
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
    let best = try bestFits(tensors, modelType: modelType)
    guard let fit = best.first, fit.match.matchedCount * 2 > tensors.count else {
      let sample = tensors.prefix(3).map { $0.name.string.quoted }.joined(separator: ", ")
      throw WeightsError(
        .remapUnrecognised,
        "no manifest knows these tensor names (\(sample), …); "
          + "\(best.first.map { "closest is \($0.match.manifest.label)" } ?? "see --manifest")")
    }
    guard best.count == 1 else {
      throw WeightsError(
        .remapAmbiguous,
        "tensor names fit \(best.map(\.match.manifest.label).joined(separator: " and ")) "
          + "equally well")
    }
    let manifest = fit.match.manifest
    return Recognition(
      match: fit.match, tensors: tensors,
      config: try config.map { (document) throws(WeightsError) in
        try read(config: document, beside: manifest)
      })
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
