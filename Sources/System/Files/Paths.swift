public import DVLADiagnostics
import Glibc

extension String {
  /// One component of a path that names an entry of a folder: not empty, `.` or `..`, and without
  /// slash or NUL.
  public var isPlainFileName: Bool {
    !isEmpty && self != "." && self != ".." && !utf8.contains(UInt8(ascii: "/"))
      && !utf8.contains(0)
  }

  var withoutTrailingSlashes: String {
    var bytes = Substring(self).utf8
    while bytes.count > 1, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
    return String(Substring(bytes))
  }

  /// The path split into the folder, `.` where none is given, and the last component.
  public var splitAtLastComponent: (folder: String, name: String) {
    let path = withoutTrailingSlashes
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    let folder = String(path[..<slash]).withoutTrailingSlashes
    return (folder.isEmpty ? "/" : folder, name)
  }
}

/// Whether two paths lead to one file or folder, links followed; false when either leads nowhere.
///
/// - Throws: `file.path`, `file.permission`.
public func isSameFile(_ first: String, _ second: String) throws(WeightsError) -> Bool {
  guard let a = try FileIdentity(path: first), let b = try FileIdentity(path: second) else {
    return false
  }
  return a == b
}

/// Whether two paths are one entry of one folder, whether or not anything has that name yet, or
/// lead to one file.
///
/// - Throws: as ``isSameFile(_:_:)``.
public func isSamePlace(_ first: String, _ second: String) throws(WeightsError) -> Bool {
  let (a, b) = (first.splitAtLastComponent, second.splitAtLastComponent)
  if a.name == b.name, try isSameFile(a.folder, b.folder) { return true }
  return try isSameFile(first, second)
}

/// What distinguishes a file or folder from every other, links followed.
public struct FileIdentity: Hashable, Sendable {
  private let device: UInt64
  private let number: UInt64

  /// Nil when the path leads nowhere.
  ///
  /// - Throws: `file.path`, `file.permission`.
  public init?(path: String) throws(WeightsError) {
    do throws(WeightsError) {
      let status = try stat(path, followingLinks: true, while: .opening, file: path)
      device = UInt64(status.st_dev)
      number = UInt64(status.st_ino)
    } catch {
      // No file has a name that is too long, and links in a circle lead to none.
      let isTooLong = error.code == .filePath && error.kind == .notFound
      if error.code == .fileNotFound || error.code == .fileLink || isTooLong { return nil }
      throw error
    }
  }
}

/// The files that an output at `path` would replace: the file of that name, or all files in the
/// folder of that name. For a path that does not exist it is the path itself.
///
/// - Throws: `file.permission`, `file.read` for a folder that cannot be listed.
public func filesStanding(at path: String) throws(WeightsError) -> [String] {
  guard (try? InputFolder.isFolder(path)) == true else { return [path] }
  let folder = try InputFolder(path: path)
  return try folder.names().map(folder.path(of:))
}
