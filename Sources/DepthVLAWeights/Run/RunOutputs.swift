public import Diagnostics
import FileAccess
import Pipelines

/// The files and folders of a run, none of which appears before all are complete.
struct RunOutputs {
  private enum Target {
    case file(AtomicOutputFile)
    case folder(AtomicOutputDirectory)
  }

  private let targets: [(output: DepthOutput, target: Target)]

  /// - Throws: `run.same-output` when two outputs have one place, `output.is-input`; what creating
  ///   them throws.
  init(
    _ outputs: [DepthOutput], for inputs: RunInputs, bundle: String, overwrite: Bool
  ) throws(WeightsError) {
    let sources = inputs.images.map(\.path) + [bundle]
    for (index, output) in outputs.enumerated() {
      for other in outputs[..<index] where try isSamePlace(output.path, other.path) {
        throw WeightsError(
          .runSameOutput, .usage, file: output.path, "two outputs have the same place")
      }
      for source in sources {
        let place = inputs.isFolder ? output.path + "/" + source.lastComponent : output.path
        guard try isSameFile(place, source) else { continue }
        throw WeightsError(
          .outputIsInput, .cannotCreate, file: output.path,
          "is or holds the input \(source.quoted) and would be replaced; expected another place")
      }
    }
    var targets: [(output: DepthOutput, target: Target)] = []
    for output in outputs {
      targets.append(
        (
          output,
          inputs.isFolder
            ? .folder(try AtomicOutputDirectory(path: output.path, overwrite: overwrite))
            : .file(try AtomicOutputFile(path: output.path, overwrite: overwrite))
        ))
    }
    self.targets = targets
  }

  /// - Returns: the paths the files will have.
  func write(_ depth: DepthMap, stem: String) throws(WeightsError) -> [String] {
    var paths: [String] = []
    for (output, target) in targets {
      let bytes = try output.encode(depth)
      switch target {
      case .file(let file):
        try file.write(unsafe bytes.span.bytes, at: 0)
        paths.append(output.path)
      case .folder(let folder):
        let name = stem + "." + output.fileExtension
        let file = try folder.file(named: name)
        try file.write(unsafe bytes.span.bytes, at: 0)
        try file.finish()
        paths.append(output.path + "/" + name)
      }
    }
    return paths
  }

  func commit() throws(WeightsError) {
    for (_, target) in targets {
      switch target {
      case .file(let file): try file.commit()
      case .folder(let folder): try folder.commit()
      }
    }
  }

  func discard() {
    for (_, target) in targets {
      switch target {
      case .file(let file): file.discard()
      case .folder(let folder): folder.discard()
      }
    }
  }
}

extension String {
  fileprivate var lastComponent: String { String(split(separator: "/").last ?? "") }
}

extension WeightsError.Code {
  /// Two outputs of a run have the same place.
  public static let runSameOutput = Self("run.same-output")
}
