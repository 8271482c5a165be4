import DepthVLAWeights
import Diagnostics
import FileAccess

/// The files besides weights that a command reads: keys, signatures, documents of the user's own.
struct InputsOfCommand {
  private let files: [String]

  init(_ files: [String?]) { self.files = files.compactMap(\.self) }

  /// - Throws: `output.is-input` where an output would replace one of them.
  func protect(from outputs: [String?]) throws(WeightsError) {
    for output in outputs.compactMap(\.self) {
      for file in files where try isSameFile(output, file) {
        throw WeightsError(
          .outputIsInput, .cannotCreate, file: output,
          "is read for this and would be replaced; expected another place")
      }
    }
  }
}
