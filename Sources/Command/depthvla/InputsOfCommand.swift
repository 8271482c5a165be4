import DVLADiagnostics
import DVLAFiles
import DepthVLAWeights

/// The files besides weights that a command reads: keys, signatures, documents of the user's own.
struct InputsOfCommand {
  private let files: [String]

  /// - Parameter paths: files, and folders of them.
  init(_ paths: [String?]) {
    // What cannot be listed is not read either, and the command says so.
    files = paths.compactMap(\.self).flatMap { (try? filesStanding(at: $0)) ?? [$0] }
  }

  /// - Parameter replacingFolders: whether an output can be a folder that is replaced as a whole.
  /// - Throws: `output.is-input` where an output would replace one of the files.
  func protect(
    from outputs: [String?], replacingFolders: Bool = false
  ) throws(WeightsError) {
    for output in outputs.compactMap(\.self) {
      for replaced in replacingFolders ? try filesStanding(at: output) : [output] {
        for file in files where try isSameFile(replaced, file) {
          let what =
            replaced == output
            ? "a file that this command reads" : "the folder of the input \(file.quoted)"
          throw InputProtection.refusal(output: output, is: what)
        }
      }
    }
  }
}
