public import DVLADiagnostics
import DVLAFiles
public import DVLAImages

/// The pictures of a run, and the stems of the names of their outputs.
struct RunInputs {
  let images: [(path: String, stem: String)]
  let isFolder: Bool

  /// A picture, or the pictures of a folder.
  ///
  /// - Throws: `run.no-image` for a folder without pictures, `run.same-name` for two pictures whose
  ///   outputs would have the same name; `file.*`.
  init(_ path: String) throws(WeightsError) {
    isFolder = try InputFolder.isFolder(path)
    guard isFolder else {
      images = [(path, Self.stem(path))]
      return
    }
    let folder = try InputFolder(path: path)
    images = try folder.names().filter(Self.isPictureName)
      .map { (folder.path(of: $0), Self.stem($0)) }
    guard !images.isEmpty else {
      throw WeightsError(
        .runNoImage, .notFound, file: path,
        "expected files named .png, .jpg or .jpeg, found none")
    }
    let names = Dictionary(grouping: images) { Array($0.stem.utf8) }
    if let clash = names.values.filter({ $0.count > 1 }).min(by: { $0[0].path < $1[0].path }) {
      throw WeightsError(
        .runSameName, .cannotCreate, file: path,
        "\(clash.map { $0.path.splitAtLastComponent.name.quoted }.joined(separator: " and ")) would both become "
          + clash[0].stem.quoted)
    }
  }

  /// The pictures of cameras, in their order. The outputs of one are files; those of several are
  /// folders with files named `camera0`, `camera1`, …
  init(cameras paths: [String]) {
    isFolder = paths.count > 1
    images = paths.enumerated().map { index, path in
      (path, paths.count > 1 ? "camera\(index)" : Self.stem(path))
    }
  }

  /// Whether it is a picture, by its name. Hidden files may be copies that other programs are still
  /// writing.
  private static func isPictureName(_ name: String) -> Bool {
    let lower = name.lowercased()
    return !name.hasPrefix(".") && [".png", ".jpg", ".jpeg"].contains { lower.hasSuffix($0) }
  }

  private static func stem(_ path: String) -> String {
    let name = path.splitAtLastComponent.name
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }
}

extension WeightsError.Code {
  /// A folder holds no pictures.
  public static let runNoImage = Self("run.no-image")
  /// Two pictures would become one output.
  public static let runSameName = Self("run.same-name")
}

/// One form in which depth maps are written, and where.
public struct DepthOutput: Sendable {
  public enum Form: Sendable {
    /// PNG in colours.
    case picture(ColourMap)
    /// 16-bit grey PNG.
    case grey16
    /// float32 in NumPy's format.
    case raw
  }

  public let form: Form
  /// A file for one picture, a folder for a folder of them.
  public let path: String

  public init(_ form: Form, path: String) {
    self.form = form
    self.path = path
  }

  var isGrey16: Bool { if case .grey16 = form { true } else { false } }

  fileprivate var fileExtension: String { if case .raw = form { "npy" } else { "png" } }
}

extension DepthMap {
  /// The map as a file of that form.
  ///
  /// - Throws: `image.memory`, `image.encode`.
  public func file(_ form: DepthOutput.Form) throws(WeightsError) -> [UInt8] {
    switch form {
    case .picture(let colours): try picture(in: colours)
    case .grey16: try grey16PNG()
    case .raw: npy
    }
  }
}

/// The files and folders of a run, none of which appears before all are complete.
struct RunOutputs {
  private enum Target {
    case file(AtomicOutputFile)
    case folder(AtomicOutputDirectory)
  }

  private let targets: [(output: DepthOutput, target: Target)]
  private let document: AtomicOutputFile?

  /// - Parameters:
  ///   - document: the path of a JSON document; nil for none.
  ///   - files: the other files that the run reads, such as the bundle.
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
          .runSameOutput, .usage, file: output.path,
          "two outputs have this path; choose another for one of them")
      }
      for other in places where other.isFolder {
        guard try isSameFile(output.path.splitAtLastComponent.folder, other.path) else { continue }
        throw WeightsError(
          .runSameOutput, .usage, file: output.path,
          "lies in the output \(other.path.quoted), which would be replaced; choose "
            + "another path")
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

  /// - Precondition: the path of a document was given.
  func write(document text: String) throws(WeightsError) {
    guard let document else { preconditionFailure("a place for the document") }
    try document.write(unsafe text.utf8.span.bytes, at: 0)
  }

  /// - Returns: the paths the files will have.
  func write(_ depth: DepthMap, stem: String) throws(WeightsError) -> [String] {
    var paths: [String] = []
    for (output, target) in targets {
      let bytes = try depth.file(output.form)
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
