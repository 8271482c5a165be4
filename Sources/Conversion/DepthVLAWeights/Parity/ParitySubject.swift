public import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAHashing
public import DVLAJSON
public import DVLARemapping
import DVLASafetensors
import DVLATensorMath
public import DVLATensors

/// A model that parity runs: its weights and what is known of them.
public struct ParitySubject: Sendable {
  /// A tensor that changes nothing a forward pass computes.
  public struct UnusedTensor: Sendable, Hashable {
    public let name: TensorName
    /// Why no output depends on it.
    public let reason: String

    public init(name: TensorName, reason: String) {
      self.name = name
      self.reason = reason
    }
  }

  /// As the user gave it.
  public let path: String
  public let family: String
  public let configuration: JSONValue
  /// The tensors of the layout.
  public let source: any TensorSource
  /// What the weights lost since they were published.
  public let precision: PrecisionClass
  /// The identity of a bundle, in hexadecimal; nil for a checkpoint.
  public let root: String?
  /// The tensors that parity cannot see, in the order of the layout.
  public let unusedTensors: [UnusedTensor]

  /// - Parameters:
  ///   - path: as the user gave it.
  ///   - source: the tensors of the layout, under its names.
  ///   - precision: what the weights lost since they were published.
  ///   - root: the identity of a bundle, in hexadecimal; nil for a checkpoint.
  ///   - unusedTensors: those that parity cannot see, in the order of the layout.
  public init(
    path: String, family: String, configuration: JSONValue, source: any TensorSource,
    precision: PrecisionClass, root: String?, unusedTensors: [UnusedTensor]
  ) {
    self.path = path
    self.family = family
    self.configuration = configuration
    self.source = source
    self.precision = precision
    self.root = root
    self.unusedTensors = unusedTensors
  }
}

extension ParitySubject {
  /// How products with the weights are computed.
  func products(_ requested: ProductPrecision?) -> ProductChoice {
    ProductChoice(requested, for: precision, tensors: source.tensors)
  }

  /// A bundle.
  ///
  /// - Throws: `json.*` when what it records of its losses is not as `convert` writes it;
  ///   `manifest.unknown` and `remap.configuration` when it is of no known family.
  public init(_ bundle: WeightBundle, library: ManifestLibrary) throws(WeightsError) {
    do throws(WeightsError) {
      let configuration = try Configuration(
        json: bundle.documents.configuration, origin: "the bundle")
      let layout = try library.layout(of: bundle.documents.family).tensors(under: configuration)
      let present = Set(bundle.tensors.map(\.name))
      let unread = bundle.tensors.filter { $0.name.string.hasPrefix(unusedPrefix) }
      self.init(
        path: bundle.path, family: bundle.documents.family,
        configuration: bundle.documents.configuration, source: bundle,
        precision: try bundle.precisionClass(), root: bundle.root.hex,
        unusedTensors: layout.compactMap { tensor in
          guard let reason = tensor.unusedReason, present.contains(tensor.name) else { return nil }
          return UnusedTensor(name: tensor.name, reason: reason)
        }
          + unread.map {
            UnusedTensor(name: $0.name, reason: "kept for the way back to its checkpoint")
          })
    } catch {
      // What a user could answer elsewhere, only the bundle can say here.
      var error = error.inFile(bundle.path)
      if error.kind == .usage { error.kind = .malformed }
      throw error
    }
  }
}

extension ParitySubject {
  /// A checkpoint, whose weights are as they were published, possibly in 8 bits.
  public init(_ checkpoint: RemappedCheckpoint) {
    self.init(
      path: checkpoint.source.path, family: checkpoint.plan.family,
      configuration: checkpoint.plan.configuration.json, source: checkpoint,
      precision: checkpoint.source.quantization.scales.isEmpty ? .f32 : .int8,
      root: nil,
      unusedTensors: checkpoint.plan.tensors.compactMap { tensor in
        tensor.unusedReason.map { UnusedTensor(name: tensor.name, reason: $0) }
      })
  }
}

extension ParitySubject {
  /// Opens a bundle or a checkpoint.
  ///
  /// - Parameters:
  ///   - settings: what a checkpoint does not say of its configuration.
  ///   - trust: which bundles are accepted.
  ///   - signatureFile: where the signature of a bundle is; beside it by default.
  /// - Throws: `parity.settings` for settings of a bundle, which holds its own;
  ///   `parity.trust` for a checkpoint where a signature or a gate is asked for; what opening
  ///   throws.
  public static func open(
    _ path: String, library: ManifestLibrary, settings: [(key: String, value: JSONValue)],
    trust: BundleTrust = .any, signatureFile: String? = nil
  ) throws(WeightsError) -> ParitySubject {
    guard try WeightBundle.isBundle(path: path) else {
      if trust.isSelective {
        throw WeightsError(
          .parityTrust, .checkFailed, file: path,
          "expected a \(trust.signature == nil ? "gated" : "signed") bundle, found a checkpoint")
      }
      return ParitySubject(
        try RemappedCheckpoint(
          try ImportedSource(path: path, library: library), library: library,
          given: Configuration(settings: settings)))
    }
    guard settings.isEmpty else {
      throw WeightsError(
        .paritySettings, .usage, file: path,
        "is a bundle, which holds its own configuration; expected no settings")
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

  /// Refuses an output that would replace an input, even where outputs may be replaced.
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
  /// A checkpoint where a signed or gated bundle was asked for.
  public static let parityTrust = Self("parity.trust")
}
