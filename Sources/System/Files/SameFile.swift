public import DVLADiagnostics
import Glibc

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

/// What tells a file or folder from every other, links followed.
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
      // A name that is too long stands for nothing either, nor do links that lead in a circle.
      let isTooLong = error.code == .filePath && error.kind == .notFound
      if error.code == .fileNotFound || error.code == .fileLink || isTooLong { return nil }
      throw error
    }
  }
}
