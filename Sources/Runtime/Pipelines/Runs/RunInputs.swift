public import DVLADiagnostics
import DVLAFiles

/// The pictures of a run, and the stems of the files that are made of them.
struct RunInputs {
  let images: [(path: String, stem: String)]
  let isFolder: Bool

  /// - Throws: `run.no-image` for a folder without pictures, `run.same-name` for two pictures of
  ///   which the same output would be made; `file.*`.
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

  /// The pictures of cameras, in their order. Of one alone files are made; of several, folders in
  /// which they are called `camera0`, `camera1`, …
  init(cameras paths: [String]) {
    isFolder = paths.count > 1
    images = paths.enumerated().map { index, path in
      (path, paths.count > 1 ? "camera\(index)" : Self.stem(path))
    }
  }

  /// Hidden files are left alone: copies that other programs are still writing.
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
