import BundleFormat
public import Diagnostics
import FileAccess
public import Remapping
public import Safetensors
import TensorCore

/// A checkpoint that was opened and recognised.
public struct ImportedSource: Sendable {
  public let checkpoint: Checkpoint
  public let recognition: Recognition
  /// Its INT8 tensors.
  public let quantization: SourceQuantization

  /// - Throws: `source.is-bundle`; what opening and recognising throw, with the path.
  public init(path: String, library: ManifestLibrary) throws(WeightsError) {
    checkpoint = try Checkpoint(path: path)
    guard !checkpoint.isBundle else {
      throw WeightsError(
        .sourceIsBundle, file: path,
        "is a bundle already, expected a checkpoint; depthvla export turns it back into one")
    }
    quantization = try SourceQuantization(checkpoint)
    do {
      recognition = try library.recognise(
        quantization.tensors, config: checkpoint.config?.value)
      try quantization.checkDocument(of: checkpoint)
    } catch { throw error.inFile(path) }
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

extension Checkpoint {
  fileprivate var isBundle: Bool {
    files.contains { file in
      file.header.metadata?.contains {
        $0.key == "format" && $0.value == BundleLayout.formatName
      } ?? false
    }
  }
}

extension WeightsError.Code {
  /// A source was converted already.
  public static let sourceIsBundle = Self("source.is-bundle")
}
