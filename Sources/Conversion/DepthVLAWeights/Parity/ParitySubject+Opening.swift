public import DVLABundles
public import DVLADiagnostics
import DVLAFiles
public import DVLAJSON
public import DVLARemapping
import DVLASafetensors

extension ParitySubject {
  /// Opens a bundle or a checkpoint.
  ///
  /// - Parameters:
  ///   - settings: what a checkpoint does not tell of its configuration.
  ///   - trust: which bundles are taken.
  ///   - signatureFile: where the signature of a bundle is; beside it by default.
  /// - Throws: `parity.settings` for settings of a bundle, which says all of them itself;
  ///   `parity.trust` for a checkpoint where a signature is asked for; what opening throws.
  public static func open(
    _ path: String, library: ManifestLibrary, settings: [(key: String, value: JSONValue)],
    trust: BundleTrust = .any, signatureFile: String? = nil
  ) throws(WeightsError) -> ParitySubject {
    guard try WeightBundle.isBundle(path: path) else {
      if case .signed = trust {
        throw WeightsError(
          .parityTrust, .checkFailed, file: path, "expected a signed bundle, found a checkpoint")
      }
      return ParitySubject(
        try RemappedCheckpoint(
          try ImportedSource(path: path, library: library), library: library,
          given: Configuration(settings: settings)))
    }
    guard settings.isEmpty else {
      throw WeightsError(
        .paritySettings, .usage, file: path,
        "is a bundle, which says its configuration itself; expected no --set")
    }
    return try ParitySubject(
      try WeightBundle(path: path, trust: trust, signatureFile: signatureFile), library: library)
  }

  /// Chunks of a bundle are hashed as they are read; of a checkpoint, which has no hashes, the
  /// files must be as they were when they were opened.
  ///
  /// - Throws: `file.changed`.
  func checkUnchanged() throws(WeightsError) {
    if let checkpoint = source as? RemappedCheckpoint { try checkpoint.source.checkUnchanged() }
  }

  /// No output replaces what it is made from, whatever the user forces.
  ///
  /// - Parameter inputs: goldens, files of tolerances and manifests, and folders of them.
  /// - Throws: `output.is-input`.
  public func protectInputs(from target: String, inputs: [String]) throws(WeightsError) {
    var inputs = inputs + [path]
    if let checkpoint = (source as? RemappedCheckpoint)?.source.checkpoint {
      inputs += checkpoint.files.map(\.file.path)
      if let config = checkpoint.config { inputs.append(config.path) }
    }
    for input in inputs {
      try InputProtection.check(target, against: try filesStanding(at: input))
    }
  }
}

extension WeightsError.Code {
  /// Configuration values were given for a bundle.
  public static let paritySettings = Self("parity.settings")
  /// A checkpoint where a signed bundle was asked for.
  public static let parityTrust = Self("parity.trust")
}
