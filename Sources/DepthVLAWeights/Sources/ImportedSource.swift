public import Diagnostics
import FileAccess
public import Remapping
public import Safetensors
import TensorCore

/// A checkpoint that was opened and recognised.
public struct ImportedSource: Sendable {
  public let checkpoint: Checkpoint
  public let recognition: Recognition

  /// - Throws: what opening and recognising throw, with the path.
  public init(path: String, library: ManifestLibrary) throws(WeightsError) {
    checkpoint = try Checkpoint(path: path)
    do {
      recognition = try library.recognise(
        checkpoint.tensors, config: checkpoint.config?.value)
    } catch { throw error.inFile(path) }
  }

  public var path: String { checkpoint.path }
  public var family: String { recognition.family }

  /// - Throws: `file.changed` when a file was written to since it was opened.
  func checkUnchanged() throws(WeightsError) {
    for file in checkpoint.files { try file.file.checkUnchanged() }
  }
}
