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

  /// - Parameter prefix: of several copies of a model in the checkpoint, the one whose names begin
  ///   so; empty for the one without a prefix.
  /// - Throws: `source.is-bundle`; what opening and recognising throw, with the path.
  public init(
    path: String, library: ManifestLibrary, prefix: String? = nil
  ) throws(WeightsError) {
    checkpoint = try Checkpoint(path: path)
    guard !checkpoint.isBundle else {
      throw WeightsError(
        .sourceIsBundle, file: path,
        "is a bundle already, expected a checkpoint; depthvla export turns it back into one")
    }
    do {
      recognition = try library.recognise(
        checkpoint.tensors, config: checkpoint.config?.value, prefix: prefix)
    } catch { throw error.inFile(path) }
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
