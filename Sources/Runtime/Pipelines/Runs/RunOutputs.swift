public import DVLADiagnostics
import DVLAFiles

/// The files and folders of a run, none of which appears before all are complete.
struct RunOutputs {
  private enum Target {
    case file(AtomicOutputFile)
    case folder(AtomicOutputDirectory)
  }

  private let targets: [(output: DepthOutput, target: Target)]
  private let document: AtomicOutputFile?

  /// - Parameters:
  ///   - document: where a JSON document goes beside them; nil for none.
  ///   - files: what else the run is made from, the bundle among it.
  /// - Throws: `run.same-output` when two outputs have one place, `output.is-input`; what creating
  ///   them throws.
  init(
    _ outputs: [DepthOutput], document: String? = nil, for inputs: RunInputs, files: [String],
    overwrite: Bool
  ) throws(WeightsError) {
    var sources: [FileIdentity: String] = [:]
    for path in inputs.images.map(\.path) + files {
      if let identity = try FileIdentity(path: path) { sources[identity] = path }
    }
    let places =
      outputs.map { (path: $0.path, isFolder: inputs.isFolder) }
      + (document.map { [(path: $0, isFolder: false)] } ?? [])
    for (index, output) in places.enumerated() {
      for other in places[..<index] where try isSamePlace(output.path, other.path) {
        throw WeightsError(
          .runSameOutput, .usage, file: output.path, "two outputs have the same place")
      }
      for other in places where other.isFolder {
        guard try isSameFile(output.path.splitAtLastComponent.folder, other.path) else { continue }
        throw WeightsError(
          .runSameOutput, .usage, file: output.path,
          "lies in the output \(other.path.quoted), which would be replaced")
      }
      for path in output.isFolder ? try filesStanding(at: output.path) : [output.path] {
        guard let identity = try FileIdentity(path: path), let source = sources[identity] else {
          continue
        }
        throw InputProtection.refusal(
          output: output.path,
          is: output.isFolder
            ? "the folder of the input \(source.quoted)" : "the input \(source.quoted)")
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
    self.document = try document.map { (path) throws(WeightsError) in
      try AtomicOutputFile(path: path, overwrite: overwrite)
    }
  }

  /// - Precondition: a place for a document was given.
  func write(document text: String) throws(WeightsError) {
    guard let document else { preconditionFailure("a place for the document") }
    try document.write(unsafe text.utf8.span.bytes, at: 0)
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
        paths.append(output.path + (output.path.hasSuffix("/") ? "" : "/") + name)
      }
    }
    return paths
  }

  func commit() throws(WeightsError) {
    try document?.commit()
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
    document?.discard()
  }
}

extension WeightsError.Code {
  /// Two outputs of a run have the same place.
  public static let runSameOutput = Self("run.same-output")
}
