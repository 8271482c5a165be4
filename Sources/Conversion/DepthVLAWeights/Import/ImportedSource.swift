import DVLABundles
public import DVLADiagnostics
import DVLAFiles
public import DVLAJSON
public import DVLARemapping
public import DVLASafetensors
import DVLATensors

/// A checkpoint that was opened and recognised.
public struct ImportedSource: Sendable {
  public let checkpoint: Checkpoint
  public let recognition: Recognition
  /// Its INT8 tensors.
  public let quantization: SourceQuantization
  /// The `config.json` that was read: the one beside the weights, or the one that was given.
  public let config: (path: String, value: JSONValue)?
  /// Whether the user gave it.
  public let isConfigGiven: Bool

  /// Of several copies of a model in the checkpoint, the one that was chosen.
  private let prefix: String?

  /// - Parameters:
  ///   - config: takes the place of the `config.json` beside the weights.
  ///   - prefix: of several copies of a model in the checkpoint, the one whose names begin so;
  ///     empty for the one without a prefix.
  /// - Throws: `source.is-bundle`; what opening and recognising throw, with the path.
  public init(
    path: String, library: ManifestLibrary, config: (path: String, value: JSONValue)? = nil,
    prefix: String? = nil
  ) throws(WeightsError) {
    try self.init(try Checkpoint(path: path), library: library, config: config, prefix: prefix)
  }

  /// The same checkpoint with another `config.json`.
  ///
  /// - Throws: what recognising throws, with the path.
  func read(
    with config: (path: String, value: JSONValue), library: ManifestLibrary
  ) throws(WeightsError) -> ImportedSource {
    try ImportedSource(checkpoint, library: library, config: config, prefix: prefix)
  }

  private init(
    _ checkpoint: Checkpoint, library: ManifestLibrary,
    config: (path: String, value: JSONValue)?, prefix: String?
  ) throws(WeightsError) {
    self.checkpoint = checkpoint
    self.prefix = prefix
    self.config = config ?? checkpoint.config
    isConfigGiven = config != nil
    let path = checkpoint.path
    guard !checkpoint.files.contains(where: \.saysItIsABundle) else {
      throw WeightsError(
        .sourceIsBundle, file: path,
        "is a bundle already, expected a checkpoint; depthvla export turns it back into one")
    }
    let quantization = try SourceQuantization(checkpoint, config: config ?? checkpoint.config)
    self.quantization = quantization
    recognition = try inFile(path) { () throws(WeightsError) in
      let found = try library.recognise(
        quantization.tensors, config: (config ?? checkpoint.config)?.value, prefix: prefix)
      try quantization.checkDocument()
      return found
    }
  }

  /// The checkpoint, what is INT8 in it as floats.
  ///
  /// - Throws: `quantization.scheme`.
  func dequantized(
    _ rounding: DequantizedCheckpoint.Rounding
  ) throws(WeightsError) -> any TensorSource {
    guard !quantization.scales.isEmpty else { return checkpoint }
    return try DequantizedCheckpoint(checkpoint, quantization, rounding: rounding)
  }

  public var path: String { checkpoint.path }
  public var family: String { recognition.family }

  /// - Throws: `file.changed` when a file was written to since it was opened.
  func checkUnchanged() throws(WeightsError) {
    for file in checkpoint.files { try file.file.checkUnchanged() }
  }
}

extension WeightBundle {
  /// Whether the path is a safetensors file that says it is a bundle. Folders are checkpoints.
  static func isBundle(path: String) throws(WeightsError) -> Bool {
    guard try !InputFolder.isFolder(path) else { return false }
    return try SafetensorsFile(path: path).saysItIsABundle
  }
}

extension SafetensorsFile {
  fileprivate var saysItIsABundle: Bool {
    header.metadata?.contains { $0.key == "format" && $0.value == BundleLayout.formatName } ?? false
  }
}

extension WeightsError.Code {
  /// A source was converted already.
  public static let sourceIsBundle = Self("source.is-bundle")
}
